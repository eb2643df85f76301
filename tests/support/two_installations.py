"""Two installations in two data directories, each with processes of its own, for tests of the exchange."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from brokers import free_port
from gateway_world import eventually

TOP = Path(__file__).parents[2]


@dataclass
class Installation:
    """One of them; `more` are environment variables of its own, `side` the program that does what a test asks."""

    folder: Path
    more: dict[str, str] = field(default_factory=dict)
    port: int = field(default_factory=free_port)
    side: str = "exchange_side.py"
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        clean = {name: value for name, value in os.environ.items() if not name.startswith(("ANLAN_", "DJANGO_"))}
        paths = os.pathsep.join(str(TOP / part) for part in ("src", "tests/support"))
        return {**clean, "PYTHONPATH": paths, "ANLAN_DATA": str(self.folder), **self.more}

    def open(self) -> None:
        """Start the process that does what a test asks."""
        command = [sys.executable, str(TOP / "tests/support" / self.side), str(self.folder)]
        with (self.folder / "side.log").open("ab") as log:
            self.running["side"] = subprocess.Popen(
                command, env=self.environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log
            )

    def do(self, name: str, **given: Any) -> Any:
        """One act of `exchange_side.Side`."""
        side = self.running["side"]
        assert side.stdin is not None
        assert side.stdout is not None
        side.stdin.write(json.dumps([name, given]).encode() + b"\n")
        side.stdin.flush()
        answer = side.stdout.readline()
        assert answer, (self.folder / "side.log").read_text(errors="replace")
        return json.loads(answer)

    def start(self, name: str, *arguments: str) -> None:
        """A process of the product: "serve_web", "serve_nats"."""
        with (self.folder / f"{name}.log").open("ab") as log:
            self.running[name] = subprocess.Popen(
                [sys.executable, "-m", "anlan.server", name, *arguments], env=self.environment, stdout=log, stderr=log
            )

    def start_web(self) -> None:
        self.start("serve_web", "--port", str(self.port))

    def wait_for_web(self) -> None:
        eventually(lambda: self.get("/healthz"), f"{self.folder.name} answers")

    def get(self, path: str) -> bytes:
        try:
            opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
            with opener.open(f"http://127.0.0.1:{self.port}{path}", timeout=5) as answer:
                return answer.read() or b"-"
        except OSError:
            return b""

    def kill(self, name: str) -> None:
        """End a process at once."""
        process = self.running.pop(name)
        process.kill()
        process.wait(20)
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()

    def end(self) -> None:
        for name in list(self.running):
            self.kill(name)


def two(folder: Path, *, side: str = "exchange_side.py", **more: str) -> tuple[Installation, Installation]:
    """Two installations with empty databases; the second is a copy of the first, which takes no time to migrate."""
    one = Installation(folder / "one", dict(more), side=side)
    other = Installation(folder / "other", dict(more), side=side)
    one.folder.mkdir()
    command = [sys.executable, "-m", "anlan.server", "migrate", "--verbosity", "0"]
    subprocess.run(command, env=one.environment, check=True, capture_output=True)
    shutil.copytree(one.folder, other.folder)
    # A key and a secret of its own: only the tables are the same.
    for name in ("exchange.key", "secret.key", "personal.key", "warning.key", "warning.crt"):
        (other.folder / name).unlink(missing_ok=True)
    one.open()
    other.open()
    return one, other
