"""Keeps the processes of one installation alive: starts them, restarts a crashed one, stops all of them together."""

from __future__ import annotations

import ctypes
import os
import re
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from anlan.launcher.house import House, Voice

#: Seconds between a crash and the next start: the first, and the longest.
FIRST_WAIT, LONGEST_WAIT = 1.0, 30.0
#: A process that lived this long had a good start: its next crash waits the shortest time again. Seconds.
GOOD_LIFE = 60.0
#: Seconds that processes have to end in order before they are killed.
GRACE = 10.0
#: A log file is turned over at this size; one older file is kept. Bytes.
LOG_LIMIT = 10 * 1024 * 1024

_NOTABLE = re.compile(r"\b(ERROR|CRITICAL)\b")


@dataclass(slots=True)
class Backoff:
    """How long to wait before the next start; all times are seconds of one monotonic clock."""

    wait: float = FIRST_WAIT
    crashes: int = 0

    def crashed(self, started: float, now: float) -> float:
        """Note a crash at `now` of a process started at `started`; returns when it may start again."""
        if now - started >= GOOD_LIFE:
            self.wait, self.crashes = FIRST_WAIT, 0
        self.crashes += 1
        due = now + self.wait
        self.wait = min(self.wait * 2, LONGEST_WAIT)
        return due


@dataclass(slots=True)
class LogFile:
    """What one process printed, turned over when it grows long."""

    path: Path
    limit: int = LOG_LIMIT

    def add(self, content: bytes) -> None:
        """Append; at the limit the file becomes `name.log.1` and a new one begins."""
        try:
            if self.path.exists() and self.path.stat().st_size + len(content) > self.limit:
                os.replace(self.path, self.path.with_name(self.path.name + ".1"))
            with os.fdopen(os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab") as file:
                file.write(content)
        except OSError:
            # A full disk must not stop the supervisor; the processes report it on their own pages.
            return

    def tail(self, count: int) -> list[str]:
        """The last `count` lines."""
        try:
            with self.path.open("rb") as file:
                file.seek(max(0, self.path.stat().st_size - 65536))
                return file.read().decode("utf-8", "replace").splitlines()[-count:]
        except OSError:
            return []


@dataclass(slots=True)
class Child:
    """One process: its command, and what became of it."""

    name: str
    command: Sequence[str]
    log: LogFile
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    due: float | None = 0.0
    backoff: Backoff = field(default_factory=Backoff)
    rest: bytes = b""


def dying_with(launcher: int) -> Callable[[], None] | None:
    """What a child does before its program on Linux, so that it ends with the launcher however that ends; else None."""
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(None).prctl

    def ask() -> None:
        prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG = 1, linux/prctl.h
        if os.getppid() != launcher:
            os._exit(1)  # the launcher died before the kernel was asked

    return ask


def orphan_guard(house: House) -> list[str]:
    """What to put before a module's name so that it ends with the launcher where the kernel has no such signal."""
    if sys.platform == "linux":
        return [str(house.python), "-m"]
    return [str(house.python), "-m", "anlan.launcher.orphan", str(os.getpid())]


class Supervisor:
    """The processes of one installation, in the order of their start."""

    def __init__(
        self, voice: Voice, env: Mapping[str, str], cwd: Path, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.voice = voice
        self.env = dict(env)
        self.cwd = cwd
        self.clock = clock
        self.children: list[Child] = []
        self.stopping: str | None = None
        self._selector = selectors.DefaultSelector()
        self._wake_read, self._wake_write = os.pipe()
        os.set_blocking(self._wake_write, False)
        self._selector.register(self._wake_read, selectors.EVENT_READ, None)

    def add(self, name: str, command: Sequence[str], logs: Path) -> None:
        """A process to keep alive."""
        self.children.append(Child(name, command, LogFile(logs / f"{name}.log")))

    def stop_on(self, *signals: signal.Signals) -> None:
        """Let these signals end the loop in order; one that is ignored (nohup) stays ignored."""
        for one in signals:
            if signal.getsignal(one) is not signal.SIG_IGN:
                signal.signal(one, lambda number, frame: self.stop(signal.Signals(number).name))

    def stop(self, why: str) -> None:
        """Ask the loop to end; safe in a signal handler."""
        self.stopping = self.stopping or why
        try:
            os.write(self._wake_write, b".")
        except BlockingIOError:
            return

    def turn(self, timeout: float = 0.5) -> None:
        """One round: start what is due, read what was printed, notice who ended."""
        now = self.clock()
        for child in self.children:
            if child.process is None and child.due is not None and child.due <= now and not self.stopping:
                self._start(child, now)
        for key, _events in self._selector.select(timeout):
            if key.data is None:
                os.read(self._wake_read, 4096)
            else:
                self._read(key.data)
        for child in self.children:
            if child.process is not None and child.process.poll() is not None:
                self._ended(child, child.process.returncode)

    def run(self) -> None:
        """Keep everything alive until `stop` is called, then end all processes."""
        try:
            while not self.stopping:
                self.turn()
        finally:
            self.end_all()

    def end_all(self) -> None:
        """Ask every process to end, the last started first; kill what is still there after the grace."""
        self.stopping = self.stopping or "end"
        for child in reversed(self.children):
            if child.process is not None:
                child.process.terminate()
        until = self.clock() + GRACE
        while any(child.process for child in self.children) and self.clock() < until:
            self.turn(0.1)
        for child in self.children:
            if child.process is not None:
                self.voice.line(f"  {child.name} did not end within {GRACE:.0f} s and was killed")
                child.process.kill()
                child.process.wait()
                self._ended(child, child.process.returncode)

    def _start(self, child: Child, now: float) -> None:
        child.process = subprocess.Popen(
            list(child.command),
            cwd=self.cwd,
            env=self.env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            # Ctrl-C reaches the launcher alone, which then ends them in order.
            start_new_session=True,
            preexec_fn=dying_with(os.getpid()),
        )
        child.started, child.due = now, None
        assert child.process.stdout is not None
        os.set_blocking(child.process.stdout.fileno(), False)
        self._selector.register(child.process.stdout, selectors.EVENT_READ, child)

    def _read(self, child: Child) -> bool:
        """Take what a child printed into its log; True while there may be more."""
        assert child.process is not None and child.process.stdout is not None
        content = child.process.stdout.read(65536)
        if content is None:
            return False
        if not content:
            self._selector.unregister(child.process.stdout)
            child.process.stdout.close()
            return False
        child.log.add(content)
        *lines, child.rest = (child.rest + content).split(b"\n")
        for line in lines:
            words = line.decode("utf-8", "replace")
            if _NOTABLE.search(words):
                self.voice.line(f"  {child.name:<8}{words[:160]}")
        return True

    def _ended(self, child: Child, code: int) -> None:
        assert child.process is not None and child.process.stdout is not None
        while not child.process.stdout.closed and self._read(child):
            pass
        if not child.process.stdout.closed:
            self._selector.unregister(child.process.stdout)
            child.process.stdout.close()
        child.process, child.rest = None, b""
        if self.stopping:
            return
        now = self.clock()
        child.due = child.backoff.crashed(child.started, now)
        again = f"starting it again in {child.due - now:.0f} s"
        self.voice.line(f"  {child.name} ended ({_ending(code)}); {again}, log {child.log.path}")


def _ending(code: int) -> str:
    return f"signal {signal.Signals(-code).name}" if code < 0 else f"code {code}"
