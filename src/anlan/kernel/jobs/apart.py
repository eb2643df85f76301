"""A job in a process of its own: what needs minutes or much memory holds up no other job and may die alone.

While one process works, the next is started and waits: what a person ordered in two steps (read a file, judge its
rows) does not wait for the start of the product twice. One that nobody needed ends after `WARM_S`.
"""

from __future__ import annotations

import ctypes
import gc
import os
import resource
import select
import signal
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import IO

from django.utils import timezone

from anlan.kernel.jobs.models import Job
from anlan.kernel.jobs.registry import Declared

#: A worker that watches a process renews its lease this long; when both are killed, another worker takes the job then.
LEASE_S = 30
_LOOK_S = 5.0
#: What Linux calls "send me this signal when my parent dies".
_PR_SET_PDEATHSIG = 1

#: So long a process that was started ahead waits for work, seconds; longer than a person needs to name the columns.
WARM_S = 300.0


@dataclass(slots=True)
class _Child:
    """A process that does the job whose number it is given, and ends."""

    process: subprocess.Popen[bytes]
    #: What it says on its standard error.
    complaint: IO[bytes]
    #: The surroundings in which it was started: another database is no place for this job.
    surroundings: dict[str, str] = field(default_factory=lambda: dict(os.environ))

    def give(self, job: Job) -> bool:
        """Hand over the job; False when the process has ended meanwhile and took nothing."""
        assert self.process.stdin is not None
        try:
            self.process.stdin.write(f"{job.pk}\n".encode())
            self.process.stdin.close()
        except OSError:
            return False
        return True

    def end(self) -> None:
        """Kill it unless it has ended."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        if self.process.stdin is not None:
            self.process.stdin.close()
        self.complaint.close()


_running: set[subprocess.Popen[bytes]] = set()
_ahead: _Child | None = None
_lock = threading.Lock()


class Ended(RuntimeError):
    """The process ended without having done its work; says how."""


def run(job: Job, declared: Declared) -> None:
    """Run a job in a child and wait for it, renewing the lease. Raises Ended, also after `declared.lease_s` seconds."""
    began = time.monotonic()
    child = started(job)
    with _lock:
        _running.add(child.process)
    try:
        _start_ahead()
        while (code := _waited(child.process)) is None:
            if time.monotonic() - began > declared.lease_s:
                raise Ended(f"it took longer than {declared.lease_s} s")
            until = timezone.now() + timedelta(seconds=LEASE_S)
            Job.objects.filter(pk=job.pk, lease_by=job.lease_by, attempts=job.attempts).update(lease_until=until)
        if code:
            child.complaint.seek(max(0, child.complaint.seek(0, 2) - 2000))
            said = child.complaint.read().decode("utf-8", "replace").strip().splitlines()
            raise Ended(said[-1] if said else f"it ended with {code}")
    finally:
        with _lock:
            _running.discard(child.process)
        child.end()


def command() -> list[str]:
    """What the child runs: it waits for the number of its job."""
    return [sys.executable, "-m", "anlan.server", "run_job", str(os.getpid())]


def _waiting() -> _Child:
    complaint = tempfile.TemporaryFile()  # noqa: SIM115 - closed by `_Child.end`
    return _Child(
        subprocess.Popen(command(), stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=complaint), complaint
    )


def started(job: Job) -> _Child:
    """The process that waits, or a new one, with the job in its hands."""
    child = _take_ahead()
    if child is not None:
        if child.surroundings == dict(os.environ) and child.give(job):
            return child
        child.end()
    child = _waiting()
    child.give(job)  # one that ended at once says why by its code
    return child


def _start_ahead() -> None:
    """Start the process of the next job."""
    global _ahead
    child = _waiting()
    with _lock:
        before, _ahead = _ahead, child
    if before is not None:
        before.end()


def _take_ahead() -> _Child | None:
    global _ahead
    with _lock:
        child, _ahead = _ahead, None
    return child


def _waited(child: subprocess.Popen[bytes]) -> int | None:
    try:
        return child.wait(_LOOK_S)
    except subprocess.TimeoutExpired:
        return None


def stop() -> None:
    """End what runs and what waits: the job is taken up again where it was, after its lease."""
    if (waiting := _take_ahead()) is not None:
        waiting.end()
    with _lock:
        for child in _running:
            child.terminate()


def end_with(parent: int) -> None:
    """The child's part, first: die when the parent does."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it died before we asked
            os.kill(os.getpid(), signal.SIGKILL)


def given() -> int:
    """The child's part, then: wait for the number of a job.

    Raises SystemExit when none has come after `WARM_S`; a number that came at that very moment is a failed try.
    """
    asked, _writable, _failed = select.select([sys.stdin], [], [], WARM_S)
    line = sys.stdin.readline().strip() if asked else ""
    if not line:
        raise SystemExit("no job was given to it")
    return int(line)


def bound(mebibytes: int) -> None:
    """The child's part, last: take no more memory than allowed."""
    # Looking for cycles among hundreds of thousands of values that all stay costs more than what it finds.
    gc.freeze()
    gc.set_threshold(200_000, 50, 100)
    statm = Path("/proc/self/statm")
    if mebibytes and statm.exists():
        used = int(statm.read_text(encoding="ascii").split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (used + (mebibytes << 20),) * 2)
