"""What an address of a camera may look like, and which hosts the product may ask for pictures.

The product connects to no address that is not in the register, by http and https only, and to no host outside
`ANLAN_CAMERA_HOSTS`. A name is resolved once and the connection goes to that very address, so that a name that changes
its meaning in between leads nowhere.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import parse_qsl, urlsplit, urlunsplit

from anlan.environment import may_connect

SCHEMES = {"hls": ("http", "https"), "mjpeg": ("http", "https"), "rtsp": ("rtsp", "rtsps"),
           "webrtc": ("http", "https", "wss", "ws")}  # fmt: skip
#: Names of parts of an address that hold a secret.
SECRETS = ("token", "password", "passwd", "pwd", "secret", "auth", "sign", "signature", "key", "accesskey", "ticket")
_DEFAULT_PORTS = {"http": 80, "https": 443}


class Problem(StrEnum):
    SHAPE = "shape"
    SCHEME = "scheme"
    SECRET = "secret"  # noqa: S105  the name of a problem


class NotAllowed(Exception):
    """The product does not connect there; `code` is stable: scheme, host, unknown."""

    def __init__(self, code: str, words: str) -> None:
        super().__init__(words)
        self.code = code


@dataclass(frozen=True, slots=True)
class Target:
    """Where a request goes: the address with the host's number in place of its name, and the name it was."""

    url: str
    host: str
    name: str


def problem_of(url: str, protocol: str) -> Problem | None:
    """What is wrong with an address, None when nothing is."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return Problem.SHAPE
    if not parts.scheme or not parts.hostname or port == 0 or parts.fragment:
        return Problem.SHAPE
    if any(sign.isspace() or not sign.isprintable() for sign in url):
        return Problem.SHAPE
    if protocol in SCHEMES and parts.scheme not in SCHEMES[protocol]:
        return Problem.SCHEME
    named = {name.lower() for name, _value in parse_qsl(parts.query, keep_blank_values=True)}
    if parts.username is not None or parts.password is not None or named & set(SECRETS):
        return Problem.SECRET
    return None


def target_of(url: str, allowed: Sequence[str], *, query: str = "") -> Target:
    """The target of a request to a camera. Raises NotAllowed.

    allowed  as `environment.may_connect` takes it
    query    a key that goes behind the address
    """
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise NotAllowed("scheme", "only http and https are asked for pictures")
    host, port = parts.hostname, parts.port or _DEFAULT_PORTS[parts.scheme]
    number = _resolved(host, port)
    if not may_connect(allowed, host, number, port):
        raise NotAllowed("host", f"{host} is not among the hosts of ANLAN_CAMERA_HOSTS")
    literal = f"[{number}]" if number.version == 6 else str(number)
    asked = "&".join(part for part in (parts.query, query.lstrip("?&")) if part)
    name = parts.netloc.rpartition("@")[2]
    return Target(urlunsplit((parts.scheme, f"{literal}:{port}", parts.path or "/", asked, "")), host, name)


def _resolved(host: str, port: int) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    try:
        rows = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise NotAllowed("unknown", f"the name {host} is not known") from error
    number = ipaddress.ip_address(rows[0][4][0])
    if isinstance(number, ipaddress.IPv6Address) and number.ipv4_mapped is not None:
        return number.ipv4_mapped
    return number
