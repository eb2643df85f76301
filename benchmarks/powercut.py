"""Run a management command such that only what it fsynced survives: `python -m benchmarks.powercut SHADOW NAME ARGS…`.

The entry points of fsync and fdatasync in libc are replaced inside this process (Linux, x86-64 and arm64): after each
successful sync the file's content is copied to SHADOW. Putting those copies back after a SIGKILL gives the hardest
state that a power cut may leave: every byte that was not synced is gone. Directory entries are taken as durable.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import platform
import shutil
import struct
import sys
from pathlib import Path

_CALLS = {"x86_64": {"fsync": 74, "fdatasync": 75}, "aarch64": {"fsync": 82, "fdatasync": 83}}
_SYNC = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int, use_errno=True)
_kept: list[object] = []


def possible() -> bool:
    """Whether a power cut can be simulated on this machine."""
    return sys.platform == "linux" and platform.machine() in _CALLS


def shadow_name(path: Path, data: Path) -> str:
    """Name of a file's copy in the shadow folder."""
    return str(path.relative_to(data)).replace("/", "%")


def install(shadow: Path, data: Path) -> None:
    """Replace fsync and fdatasync of this process's libc."""
    libc = ctypes.CDLL(None, use_errno=True)
    for name, number in _CALLS[platform.machine()].items():
        target = ctypes.cast(getattr(libc, name), ctypes.c_void_p).value
        assert target is not None

        def sync(handle: int, number: int = number) -> int:
            result = int(libc.syscall(number, handle))
            if result == 0:
                _copy(handle, shadow, data)
            return result

        callback = _SYNC(sync)
        _kept.append(callback)
        address = ctypes.cast(callback, ctypes.c_void_p).value
        assert address is not None
        _patch(libc, target, address)


def _patch(libc: ctypes.CDLL, target: int, address: int) -> None:
    """Write a jump to `address` over the beginning of the function at `target`."""
    if platform.machine() == "x86_64":
        code = b"\x48\xb8" + struct.pack("<Q", address) + b"\xff\xe0"  # mov rax, address; jmp rax
    else:
        code = struct.pack("<IIQ", 0x58000050, 0xD61F0200, address)  # ldr x16, #8; br x16
    page = os.sysconf("SC_PAGE_SIZE")
    begin = target & ~(page - 1)
    length = target + len(code) - begin
    if libc.mprotect(ctypes.c_void_p(begin), ctypes.c_size_t(length), 7):
        raise OSError(ctypes.get_errno(), "libc cannot be patched here, so a power cut cannot be simulated")
    ctypes.memmove(target, code, len(code))
    libc.mprotect(ctypes.c_void_p(begin), ctypes.c_size_t(length), 5)


def _copy(handle: int, shadow: Path, data: Path) -> None:
    try:
        path = Path(os.readlink(f"/proc/self/fd/{handle}"))
        name = shadow_name(path, data)
    except (OSError, ValueError):
        return
    if not path.is_file():
        return
    # One at a time over all processes: an older copy must not replace a newer one.
    with (shadow / ".lock").open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        draft = shadow / f".{os.getpid()}"
        with draft.open("wb") as copy:
            # Through the caller's own handle: to open and close the file once more would drop the locks that SQLite
            # holds on it in this process (POSIX), and another process would throw away the write-ahead log.
            place = 0
            while chunk := os.pread(handle, 1 << 20, place):
                copy.write(chunk)
                place += len(chunk)
        draft.rename(shadow / name)


def cut(shadow: Path, data: Path) -> None:
    """Put back what had been synced; the processes that wrote must be dead."""
    for path in data.rglob("*"):
        if not path.is_file() or path.suffix == ".log":
            continue
        copy = shadow / shadow_name(path, data)
        if path.name.endswith("-shm"):
            path.unlink()
        elif copy.exists():
            shutil.copyfile(copy, path)
        else:
            path.write_bytes(b"")


def keep_all(shadow: Path, data: Path) -> None:
    """Take everything in `data` as synced: the state that the rounds begin with."""
    shadow.mkdir(exist_ok=True)
    for path in data.rglob("*"):
        if path.is_file():
            shutil.copyfile(path, shadow / shadow_name(path, data))


if __name__ == "__main__":
    install(Path(sys.argv[1]).resolve(), Path(os.environ["ANLAN_DATA"]).resolve())
    from django.core.management import execute_from_command_line

    execute_from_command_line(["anlan", *sys.argv[2:]])
