"""Real MQTT brokers of a test's own: Mosquitto, and the MQTT listener of nats-server; on free ports, killed at will."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

TOP = Path(__file__).parents[2]

#: `user`: started by root it would give up root, and with it the folder of the test.
MOSQUITTO = """
listener {port} 127.0.0.1
persistence true
persistence_location {folder}/
autosave_interval 10
max_inflight_messages 1000
max_queued_messages 0
user root
{access}
"""
NATS = """
server_name: test
listen: "127.0.0.1:{nats}"
jetstream {{ store_dir: "{folder}" }}
mqtt {{ listen: "127.0.0.1:{port}", ack_wait: "3s" }}
"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def program(name: str) -> str | None:
    """Where a broker is installed; Debian keeps servers outside the path of ordinary users."""
    return shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin")


@dataclass
class Broker:
    """A broker in a folder; `kill` and `start` again keep its port and its store."""

    kind: str
    folder: Path
    access: str = "allow_anonymous true"
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it answers."""
        config = self.folder / "broker.conf"
        if not config.exists():
            text = MOSQUITTO if self.kind == "mosquitto" else NATS
            config.write_text(
                text.format(port=self.port, nats=free_port(), folder=self.folder, access=self.access), "utf-8"
            )
        name = "mosquitto" if self.kind == "mosquitto" else "nats-server"
        command = program(name)
        assert command is not None
        with (self.folder / "broker.log").open("ab") as log:
            self.process = subprocess.Popen([command, "-c", str(config)], stdout=log, stderr=log)
        until = time.monotonic() + 20
        while time.monotonic() < until and self.process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return
            except OSError:
                time.sleep(0.02)
        raise RuntimeError(f"{name} does not answer:\n{(self.folder / 'broker.log').read_text(errors='replace')}")

    def kill(self, how: int = signal.SIGKILL) -> None:
        """End it at once."""
        if self.process is not None:
            self.process.send_signal(how)
            self.process.wait(20)
            self.process = None


def running(kind: str, folder: Path, access: str = "allow_anonymous true") -> Iterator[Broker]:
    """A broker for a test; skipped where it is not installed, killed at the end."""
    name = "mosquitto" if kind == "mosquitto" else "nats-server"
    if program(name) is None:
        # Imported here: benchmarks use brokers without a test's tools.
        import pytest

        pytest.skip(f"{name} is not installed")
    folder.mkdir(exist_ok=True)
    found = Broker(kind, folder, access)
    found.start()
    try:
        yield found
    finally:
        found.kill()


def connections(data: Path) -> int:
    """How often a gateway has connected: one that has not may know no signal yet."""
    return (data / "gateway.log").read_text(encoding="utf-8").count("connected to")


def gateway_process(broker: Broker, data: Path) -> subprocess.Popen[bytes]:
    """The gateway as the launcher starts it."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("ANLAN_", "DJANGO_"))}
    with (data / "gateway.log").open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "anlan.server", "serve_mqtt"],
            env={**clean, "PYTHONPATH": str(TOP / "src"), "ANLAN_DATA": str(data),
                 "ANLAN_MQTT_URL": f"mqtt://127.0.0.1:{broker.port}"},
            stdout=log,
            stderr=log,
        )  # fmt: skip
