"""A throw-away installation of the product: its own data directory, its real processes, a device and its points.

Only what `./anlan setup` installs is used. Everything listens on loopback, on free ports, and is removed at the end.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

TOP = Path(__file__).resolve().parents[1]
DEVICE, KEY = "bench", "a key that only this benchmark knows"
#: How long a process may take to answer, seconds.
START_S = 60.0


@dataclass
class Installation:
    """An installation in `folder`. `prepare` comes first; it also sets this process up to use its databases."""

    folder: Path
    port: int = 0
    web_port: int = 0
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    prefix: tuple[str, ...] = (sys.executable, "-m", "anlan.server")
    environ: dict[str, str] = field(default_factory=dict)

    def prepare(self, *, points: int, kind: str = "other", lane: str = "live", period_s: int = 60) -> list[str]:
        """Migrate, then register one device with `points` points "P-000001" …; returns their codes."""
        self.environ = {
            "ANLAN_DATA": str(self.folder),
            "ANLAN_SECRET_KEY": "benchmark " * 5,
            "DJANGO_SETTINGS_MODULE": "anlan.server.settings",
            "PYTHONPATH": f"{TOP / 'src'}{os.pathsep}{TOP}",
            "ANLAN_DEMO": "0",
        }
        # SQLite, the default, whatever the machine is set to; ANLAN_BENCH_DATABASE_URL asks for another database.
        os.environ.pop("ANLAN_DATABASE_URL", None)
        if url := os.environ.get("ANLAN_BENCH_DATABASE_URL"):
            self.environ["ANLAN_DATABASE_URL"] = url
        os.environ.update(self.environ)
        import django

        django.setup()
        from django.core.management import call_command

        call_command("migrate", verbosity=0)
        codes = [f"P-{i:06d}" for i in range(1, points + 1)]
        self._register(codes, kind, lane, period_s)
        return codes

    @staticmethod
    def _register(codes: Sequence[str], kind: str, lane: str, period_s: int) -> None:
        import hashlib

        from anlan.kernel.regions.models import Region
        from anlan.kernel.sensing.models import Device, Point

        county = Region.objects.create(
            code="990123", name="安澜县", level="county", path="/990123/", lon=104.6, lat=31.9
        )
        device = Device.records.create(
            code=DEVICE, name=DEVICE, region=county, lane=lane, key_hash=hashlib.sha256(KEY.encode()).hexdigest()
        )
        Point.records.bulk_create(
            (Point(code=code, name=code, kind=kind, region=county, device=device, period_s=period_s) for code in codes),
            batch_size=5_000,
        )

    @property
    def store(self) -> Any:
        """The reading store of the installation, opened in this process."""
        from anlan.kernel.sensing.store import open_store

        return open_store()

    def start(self, name: str, *arguments: str, more: dict[str, str] | None = None) -> None:
        """Start a management command as a process of its own; its words go to a file beside the data."""
        with (self.folder / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(
                [*self.prefix, name, *arguments],
                cwd=TOP,
                env={**os.environ, **self.environ, **(more or {})},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def start_ingest(self, **more: Any) -> None:
        """Start the ingest process and wait until it answers."""
        self.port = self.port or free_port()
        self.start("serve_ingest", "--port", str(self.port), **more)
        self.wait_for(self.port, "/healthz")

    def start_web(self) -> None:
        """Start the web process and wait until it answers."""
        self.web_port = self.web_port or free_port()
        self.start("serve_web", "--port", str(self.web_port))
        self.wait_for(self.web_port, "/healthz")

    def wait_for(self, port: int, path: str) -> None:
        """Wait until a port answers. Raises RuntimeError, with the logs' ends, when it does not in START_S."""
        until = time.monotonic() + START_S
        while time.monotonic() < until:
            with contextlib.suppress(OSError, http.client.HTTPException):
                connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
                connection.request("GET", path)
                if connection.getresponse().status < 500:
                    connection.close()
                    return
            time.sleep(0.05)
        raise RuntimeError(f"nothing answers at port {port}:\n{self.logs()}")

    def wait(self, done: Any, what: str, limit_s: float = 120.0, pause_s: float = 0.01) -> float:
        """Wait until `done()`; returns the seconds it took. Raises RuntimeError with the logs' ends after `limit_s`."""
        begun = time.perf_counter()
        while not done():
            if time.perf_counter() - begun > limit_s:
                raise RuntimeError(f"{what} did not happen in {limit_s:.0f} s:\n{self.logs()}")
            time.sleep(pause_s)
        return time.perf_counter() - begun

    def kill(self, *names: str, how: int = signal.SIGKILL) -> None:
        """Send a signal to these processes, or to all, and wait for their end."""
        for name in names or list(self.processes):
            process = self.processes.pop(name)
            process.send_signal(how)
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def logs(self) -> str:
        """The last lines of every process."""
        parts = []
        for path in sorted(self.folder.glob("*.log")):
            lines = path.read_text(errors="replace").splitlines()[-15:]
            parts.append(f"--- {path.name}\n" + "\n".join(lines))
        return "\n".join(parts)

    def cpu_seconds(self, name: str) -> float:
        """CPU time that a process has used, where the system tells it; else 0."""
        try:
            fields = Path(f"/proc/{self.processes[name].pid}/stat").read_text().rsplit(")", 1)[1].split()
        except OSError:
            return 0.0
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextlib.contextmanager
def installation() -> Iterator[Installation]:
    """An installation in a folder of its own; whatever happens, its processes end and the folder goes."""
    folder = Path(tempfile.mkdtemp(prefix="anlan-bench-"))
    found = Installation(folder)
    try:
        yield found
    finally:
        found.kill(how=signal.SIGTERM)
        shutil.rmtree(folder, ignore_errors=True)


def wait_for_rules(house: Installation) -> None:
    """Wait until the engine process has put the rulebook in force over the points."""
    from anlan.kernel.sensing.models import RuleVersion

    def ready() -> bool:
        return RuleVersion.objects.exists() and not RuleVersion.objects.filter(logged=False).exists()

    house.wait(ready, "rules in force")


class Gateway:
    """One sender with one connection that is kept open."""

    def __init__(self, port: int, device: str = DEVICE, key: str = KEY) -> None:
        self._port = port
        self._headers = {"authorization": f"Bearer {device}:{key}", "content-type": "application/json"}
        self._connection: http.client.HTTPConnection | None = None

    def post(self, body: bytes) -> tuple[int, dict[str, Any]]:
        """Post once; returns status and answer. Raises OSError or HTTPException when there is no answer."""
        if self._connection is None:
            self._connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=30)
            self._connection.connect()
            self._connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            self._connection.request("POST", "/api/v1/readings", body, self._headers)
            answer = self._connection.getresponse()
            return answer.status, json.loads(answer.read())
        except (OSError, http.client.HTTPException):
            self.close()
            raise

    def close(self) -> None:
        """Close the connection; the next post opens one."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def free_port() -> int:
    """A port of loopback that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
