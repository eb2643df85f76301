"""A job in a process of its own: what needs minutes or much memory holds up no other job and may die alone."""

from __future__ import annotations

import ctypes
import gc
import os
import resource
import signal
import subprocess
import sys
import tempfile
import threading
import time
from datetime import timedelta
from pathlib import Path

from django.utils import timezone

from anlan.kernel.jobs.models import Job
from anlan.kernel.jobs.registry import Declared

#: A worker that watches a process renews its lease this long; when both are killed, another worker takes the job then.
LEASE_S = 30
_LOOK_S = 5.0
#: What Linux calls "send me this signal when my parent dies".
_PR_SET_PDEATHSIG = 1

_running: set[subprocess.Popen[bytes]] = set()
_lock = threading.Lock()


class Ended(RuntimeError):
    """The process ended without having done its work; says how."""


def run(job: Job, declared: Declared) -> None:
    """Run a job in a child and wait for it, renewing the lease. Raises Ended, also after `declared.lease_s` seconds."""
    began = time.monotonic()
    with tempfile.TemporaryFile() as complaint:
        child = subprocess.Popen(command(job), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=complaint)
        with _lock:
            _running.add(child)
        try:
            while (code := _waited(child)) is None:
                if time.monotonic() - began > declared.lease_s:
                    raise Ended(f"it took longer than {declared.lease_s} s")
                until = timezone.now() + timedelta(seconds=LEASE_S)
                Job.objects.filter(pk=job.pk, lease_by=job.lease_by, attempts=job.attempts).update(lease_until=until)
        finally:
            with _lock:
                _running.discard(child)
            if child.poll() is None:
                child.kill()
                child.wait()
        if code:
            complaint.seek(max(0, complaint.seek(0, 2) - 2000))
            said = complaint.read().decode("utf-8", "replace").strip().splitlines()
            raise Ended(said[-1] if said else f"it ended with {code}")


def command(job: Job) -> list[str]:
    """What the child runs."""
    return [sys.executable, "-m", "anlan.server", "run_job", str(job.pk), str(os.getpid())]


def _waited(child: subprocess.Popen[bytes]) -> int | None:
    try:
        return child.wait(_LOOK_S)
    except subprocess.TimeoutExpired:
        return None


def stop() -> None:
    """End what runs: the job is taken up again where it was, after its lease."""
    with _lock:
        for child in _running:
            child.terminate()


def bound(parent: int, mebibytes: int) -> None:
    """The child's part: end with the parent, and take no more memory than allowed."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it died before we asked
            os.kill(os.getpid(), signal.SIGKILL)
    # Looking for cycles among hundreds of thousands of values that all stay costs more than what it finds.
    gc.freeze()
    gc.set_threshold(200_000, 50, 100)
    statm = Path("/proc/self/statm")
    if mebibytes and statm.exists():
        used = int(statm.read_text(encoding="ascii").split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (used + (mebibytes << 20),) * 2)
