"""Reading in a process of its own, which may be killed, hang or run out of memory without harm to its caller.

The child is a fresh interpreter that runs one module of this room as a program; it is given the file, a few options
and bounds, knows nothing of the caller's environment, and hands back one packed file.
"""

from __future__ import annotations

import contextlib
import gc
import json
import logging
import math
import os
import resource
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from anlan.formats.faults import Fault, Refused
from anlan.formats.packed import Array, open_packed, write_packed

log = logging.getLogger(__name__)

#: Bytes of a result: the largest table has fewer.
_RESULT_BYTES = 1 << 30
#: What the child says by its exit code beside 0.
_REFUSED, _NO_MEMORY = 3, 4
#: Variables of the caller that the child needs to start; none of them is a secret.
_PASSED = ("PATH", "PYTHONPATH", "LANG", "LC_ALL", "TMPDIR", "SYSTEMROOT")


class NotInTime(Refused):
    """Nobody waits any longer, although the child used up little: the machine is busy, or the child sleeps."""


Work = Callable[[Path, Mapping[str, Any]], tuple[Mapping[str, Any], Mapping[str, Array]]]


def read_apart(
    module: str,
    source: Path | bytes,
    options: Mapping[str, Any],
    *,
    seconds: float,
    mebibytes: int,
    wait_s: float | None = None,
) -> tuple[dict[str, Any], dict[str, Array]]:
    """Header and arrays that `module`, run as a program, made of a file.

    module     its `__main__` part calls `serve`
    source     a file, or its bytes
    options    JSON values for the module
    seconds    of work of all of it, the start of the process included
    mebibytes  memory above what the process has when it starts to read
    wait_s     how long the caller waits at most; `seconds` when None

    Raises Refused: what the module refuses; `too_slow`, `too_much_memory`, `unreadable` for a child that does not
    come back with an answer. NotInTime when the caller has waited for too long.
    """
    wait_s = seconds if wait_s is None else wait_s
    with tempfile.TemporaryDirectory(prefix="anlan-read-") as name:
        room = Path(name)
        path = source if isinstance(source, Path) else room / "source"
        if isinstance(source, bytes):
            path.write_bytes(source)
        task = {"path": str(path.absolute()), "options": options, "bounds": (seconds, wait_s, mebibytes)}
        (room / "task").write_text(json.dumps(task), encoding="utf-8")
        code = _run(module, room, wait_s)
        if code == 0:
            return open_packed(room / "result")
        if code == _REFUSED:
            fault = Fault.of(json.loads((room / "refused").read_text(encoding="utf-8")))
            raise Refused(fault.code, fault.where, **fault.why)
        complaint = (room / "complaint").read_text(encoding="utf-8", errors="replace")
    if code in (None, -signal.SIGALRM):
        raise NotInTime("too_slow", seconds=wait_s)
    if code == -signal.SIGXCPU:
        raise Refused("too_slow", seconds=seconds)
    # Rust and libc abort when they are refused memory; the kernel's last resort is SIGKILL.
    if code in (_NO_MEMORY, -signal.SIGABRT, -signal.SIGKILL) or "MemoryError" in complaint:
        raise Refused("too_much_memory", mebibytes=mebibytes)
    log.warning("%s ended with %s: %s", module, code, complaint[-2000:])
    raise Refused("unreadable")


def _run(module: str, room: Path, wait_s: float) -> int | None:
    """The exit code of the child, None when it took too long."""
    environ = {name: os.environ[name] for name in _PASSED if name in os.environ}
    # One thread: the arithmetic libraries otherwise reserve memory for as many as there are cores.
    environ |= {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    with (room / "complaint").open("wb") as complaint:
        child = subprocess.Popen(
            [sys.executable, "-m", module, str(room)],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=complaint, env=environ, start_new_session=True,
        )  # fmt: skip
        try:
            return child.wait(wait_s)
        except subprocess.TimeoutExpired:
            return None
        finally:
            if child.poll() is None:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(child.pid, signal.SIGKILL)
                child.wait()


def serve(work: Work) -> None:
    """The child's part: read as `work` says, within bounds, and leave the result in the room."""
    room = Path(sys.argv[1])
    task = json.loads((room / "task").read_text(encoding="utf-8"))
    _bound(*task["bounds"])
    try:
        header, arrays = work(Path(task["path"]), task["options"])
        write_packed(room / "result", header, arrays)
    except Refused as refused:
        (room / "refused").write_text(json.dumps(refused.fault.plain()), encoding="utf-8")
        sys.exit(_REFUSED)
    except MemoryError:
        sys.exit(_NO_MEMORY)


def _bound(seconds: float, wait_s: float, mebibytes: int) -> None:
    """Limits that the system holds, whatever this process comes to do."""
    # What is loaded by now is not the file's fault.
    used = _address_space()
    if used:
        resource.setrlimit(resource.RLIMIT_AS, (used + (mebibytes << 20),) * 2)
    most = math.ceil(seconds)
    resource.setrlimit(resource.RLIMIT_CPU, (most, most + 1))
    resource.setrlimit(resource.RLIMIT_FSIZE, (_RESULT_BYTES,) * 2)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # A caller that is killed cannot kill its child; the clock does.
    signal.setitimer(signal.ITIMER_REAL, wait_s + 1)
    # The process ends after one file: looking for cycles would only cost time.
    gc.disable()


def _address_space() -> int:
    """Bytes of address space in use; 0 where the system does not tell (not Linux)."""
    try:
        return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0]) * resource.getpagesize()
    except OSError:
        return 0
