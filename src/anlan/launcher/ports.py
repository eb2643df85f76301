"""Which TCP ports the processes listen on."""

from __future__ import annotations

import errno
import socket

from anlan.launcher.house import Trouble

#: How many ports after the wanted one are tried.
REACH = 50


def is_free(host: str, port: int) -> bool:
    """Whether a process may listen on this address now.

    Raises Trouble when the address does not belong to this machine or the port needs rights that we lack.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        # As a server does: a port that a finished connection still holds in TIME_WAIT is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except PermissionError as error:
            raise Trouble(f"Port {port} needs root.", "choose one above 1023 in ANLAN_PORT.") from error
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                return False
            raise Trouble(
                f"This machine cannot listen on {host}: {error.strerror}.",
                "set ANLAN_HOST to an address of this machine, or leave it out for 127.0.0.1.",
            ) from error
    return True


def next_free(host: str, wanted: int, taken: tuple[int, ...] = ()) -> int:
    """`wanted`, or the next free port after it that is not in `taken`. Raises Trouble when none of 50 is free."""
    last = min(wanted + REACH - 1, 65535)
    for port in range(wanted, last + 1):
        if port not in taken and is_free(host, port):
            return port
    raise Trouble(f"No port from {wanted} to {last} is free.", "set ANLAN_PORT and ANLAN_INGEST_PORT to free ones.")


def exactly(host: str, port: int, name: str) -> int:
    """`port`, which the bureau chose in the variable `name`. Raises Trouble when it is taken."""
    if is_free(host, port):
        return port
    raise Trouble(f"Port {port} is taken by another program.", f"stop that program or set {name} to another port.")
