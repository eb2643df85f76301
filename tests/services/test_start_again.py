"""K5: after a SIGKILL the product is back, with its rules and its open alarms."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

TOP = Path(__file__).parents[2]


def run(rows: int, rounds: int) -> str:
    """The figure `restart`, in a process of its own (it sets Django up for its own database); its last line."""
    code = f"import benchmarks.restart as r; r.ROWS, r.ROUNDS = {rows}, {rounds}; raise SystemExit(r.main())"
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("ANLAN_", "DJANGO_"))}
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=TOP,
        env={**clean, "PYTHONPATH": f"{TOP / 'src'}{os.pathsep}{TOP}"},
        capture_output=True,
        text=True,
        timeout=580,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.splitlines()[-1]


def test_K5_rules_and_open_alarms_are_there_after_a_kill():
    assert run(rows=200_000, rounds=1).endswith(" 10 ok")


@pytest.mark.nightly
def test_K5_with_five_million_readings_every_start_takes_ten_seconds_at_most():
    assert run(rows=5_000_000, rounds=20).endswith(" 10 ok")
