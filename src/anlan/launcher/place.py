"""The data directory: who works in it, where its processes listen, and the password of the demo."""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from anlan.environment import data_directory, kept_secret
from anlan.launcher.house import House, Trouble, write_whole

#: Less free space than this stops the start: a database that cannot write loses what it is told. Bytes.
LEAST_FREE = 200 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Running:
    """What a started installation wrote down of itself."""

    pid: int
    host: str
    port: int
    ingest_port: int
    demo: bool
    mqtt_broker: bool = False  # readings are taken from the bureau's broker
    mqtt_port: int = 0  # of the installation's own broker, 0: it has none
    nats: bool = False  # data is exchanged through the bureau's NATS server
    camera_port: int = 0  # of the demo's own cameras, 0: it has none
    hj212_port: int = 0  # where devices of each protocol connect over TCP, 0: none do
    sl651_port: int = 0
    jt808_port: int = 0
    modbus: bool = False  # hosts that speak Modbus TCP are asked
    modbus_port: int = 0  # of the demo's own controller, 0: it has none
    sensorthings: bool = False  # what is new is told to the bureau's broker

    @property
    def address(self) -> str:
        """Where a browser on this machine finds it."""
        return f"http://{reachable(self.host)}:{self.port}"

    @property
    def ingest_address(self) -> str:
        """Where a device on this machine sends readings."""
        return f"http://{reachable(self.host)}:{self.ingest_port}"

    @property
    def mqtt_address(self) -> str:
        """Where a device on this machine publishes to the installation's own broker."""
        return f"mqtt://{reachable(self.host)}:{self.mqtt_port}"


@dataclass(frozen=True, slots=True)
class Place:
    """One data directory."""

    path: Path

    @property
    def logs(self) -> Path:
        """Where the processes' output is kept."""
        return self.path / "log"

    def prepare(self) -> None:
        """Make the directory, readable by its owner only. Raises Trouble when it cannot be written or has no space."""
        try:
            self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
            self.logs.mkdir(exist_ok=True, mode=0o700)
            write_whole(self.path / ".writable", b"")
            (self.path / ".writable").unlink()
            free = shutil.disk_usage(self.path).free
        except OSError as error:
            raise Trouble(
                f"The data directory {self.path} cannot be written: {error.strerror}.",
                "make it yours (chown), or set ANLAN_DATA to a directory that is.",
            ) from error
        if free < LEAST_FREE:
            raise Trouble(
                f"Only {free // 1024**2} MB are free where {self.path} lies.",
                "free at least 1 GB, or set ANLAN_DATA to a directory on another disk.",
            )

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold the directory, so that two launchers never work in one. Raises Trouble while another holds it."""
        with (self.path / "launcher.lock").open("a+") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                running = self.running()
                where = f" at {running.address} (process {running.pid})" if running else ""
                raise Trouble(
                    f"Anlan already runs in {self.path}{where}.",
                    "use that one, stop it with Ctrl-C in its terminal, or set ANLAN_DATA to another directory.",
                ) from error
            try:
                yield
            finally:
                (self.path / "running.json").unlink(missing_ok=True)

    def note_running(self, running: Running) -> None:
        """Write down where the processes listen, for `replay` and `doctor`."""
        write_whole(self.path / "running.json", json.dumps(asdict(running)).encode(), 0o600)

    def running(self) -> Running | None:
        """What runs here now, or None; a note left by a launcher that was killed does not count."""
        try:
            with (self.path / "launcher.lock").open() as lock:
                fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
            return None
        except BlockingIOError:
            pass
        except OSError:
            return None
        try:
            return Running(**json.loads((self.path / "running.json").read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return None

    def demo_password(self) -> str:
        """The password of the demo's people: made once, kept in `demo.password`, readable by its owner only."""
        # Letters and digits that cannot be mistaken for each other when typed from a screen: 16 of 31, 79 bits.
        letters = "abcdefghjkmnpqrstuvwxyz23456789"
        groups = ("".join(secrets.choice(letters) for _ in range(4)) for _ in range(4))
        return kept_secret(self.path / "demo.password", "-".join(groups))


def reachable(host: str) -> str:
    """A host as it is written in an address that this machine can open."""
    if host in ("", "0.0.0.0", "::"):  # noqa: S104 - compared, not listened on
        return "127.0.0.1"
    return f"[{host}]" if ":" in host else host


def place_for(house: House, environ: Mapping[str, str] = os.environ, *, demo: bool | None = None) -> Place:
    """The data directory that a command means: ANLAN_DATA when set, else the demo's or the bureau's.

    demo  True var/demo, False var/data; None whichever runs, else the one that exists, the bureau's first.
    """
    if environ.get("ANLAN_DATA", "").strip():
        return Place(data_directory(house.top, environ))
    bureau, show = Place(house.top / "var" / "data"), Place(house.top / "var" / "demo")
    if demo is not None:
        return show if demo else bureau
    both = (bureau, show)
    return next(
        (place for place in both if place.running()), next((place for place in both if place.path.is_dir()), bureau)
    )
