"""The whole demo, all processes, resident: the most megabytes in its first minute. Goal at most 600.

`./anlan demo` in a data directory of its own, as a person starts it: the county is built, its 30 days of history go
through the door, simulated readings flow, and pages are asked for. The figure is the greatest sum, over all processes,
of the resident size (pages that processes share are counted in each).
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from pathlib import Path

from benchmarks.figure import how_busy, verdict
from benchmarks.installation import TOP

START_S, WATCH_S, GOAL_MB = 600.0, 60.0, 600.0
_ADDRESS = re.compile(r"http://127\.0\.0\.1:\d+")


def main() -> int:
    """Start the demo, watch it, print the figure."""
    if not Path("/proc/self/smaps_rollup").exists():
        raise SystemExit("the resident size of other processes is read from /proc, which this system does not have")
    folder = tempfile.mkdtemp(prefix="anlan-bench-")
    demo = subprocess.Popen(
        [sys.executable, str(TOP / "anlan"), "demo"],
        cwd=TOP,
        env={**os.environ, "ANLAN_DATA": folder, "PYTHONUNBUFFERED": "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        address = _started(demo)
        most: dict[str, tuple[float, float]] = {}
        greatest = 0.0
        until = time.monotonic() + WATCH_S
        while time.monotonic() < until:
            with contextlib.suppress(OSError):
                urllib.request.urlopen(f"{address}/sign-in/", timeout=10).read()
            sizes = {pid: _size(pid) for pid in _family(demo.pid)}
            total = sum(resident for resident, _share, _name in sizes.values())
            if total > greatest:
                greatest = total
                most = {f"{name} ({pid})": (resident, share) for pid, (resident, share, name) in sizes.items()}
            time.sleep(2)
    finally:
        demo.send_signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            demo.wait(30)
        demo.kill()
        shutil.rmtree(folder, ignore_errors=True)
    for name, (resident, share) in sorted(most.items(), key=lambda one: -one[1][0]):
        print(f"  {resident:6.0f} MB resident, {share:6.0f} MB its own share: {name}")
    print(f"together {greatest:.0f} MB, own shares {sum(share for _r, share in most.values()):.0f} MB; {how_busy()}")
    return verdict("memory", greatest, GOAL_MB, at_most=True)


def _started(demo: subprocess.Popen[str]) -> str:
    """The address that the demo prints once it answers; what it prints later is thrown away."""
    assert demo.stdout is not None
    lines: list[str] = []
    found: list[str] = []

    def read() -> None:
        assert demo.stdout is not None
        for line in demo.stdout:
            lines.append(line.rstrip())
            if match := _ADDRESS.search(line):
                found.append(match[0])

    threading.Thread(target=read, daemon=True).start()
    until = time.monotonic() + START_S
    while time.monotonic() < until and demo.poll() is None:
        if found:
            with contextlib.suppress(OSError):
                urllib.request.urlopen(f"{found[-1]}/healthz", timeout=5).read()
                return found[-1]
        time.sleep(0.5)
    raise SystemExit("the demo did not start:\n" + "\n".join(lines[-20:]))


def _family(root: int) -> list[int]:
    """A process and all its descendants."""
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                fields = (entry / "stat").read_text().rsplit(")", 1)[1].split()
                parents.setdefault(int(fields[1]), []).append(int(entry.name))
    found, at = [root], 0
    while at < len(found):
        found += parents.get(found[at], [])
        at += 1
    return found


def _size(pid: int) -> tuple[float, float, str]:
    """Resident and proportional size in MB, and what the process is."""
    with contextlib.suppress(OSError):
        words = Path(f"/proc/{pid}/cmdline").read_text().split("\0")
        name = next(
            (word for word in words if word.startswith(("serve_", "simulate"))), words[-2] if words[1:] else "?"
        )
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        kb = {line.split(":")[0]: int(line.split()[1]) for line in lines if line.endswith("kB")}
        return kb["Rss"] / 1024, kb["Pss"] / 1024, name
    return 0.0, 0.0, "ended"


if __name__ == "__main__":
    raise SystemExit(main())
