"""The real processes, killed under load: what was answered is there, once, and its alarms too. On both databases.

The long form, with power cuts, is `./anlan bench crash`.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from databases import postgres_database

TOP = Path(__file__).parents[2]


def run(kills: int, cuts: int, **environ: str) -> str:
    """A short crash run in a process of its own (it sets Django up for its own databases); its words."""
    code = f"import benchmarks.crash as c; c.KILLS, c.CUTS = {kills}, {cuts}; raise SystemExit(c.main())"
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("ANLAN_", "DJANGO_"))}
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=TOP,
        env={**clean, "PYTHONPATH": f"{TOP / 'src'}{os.pathsep}{TOP}", **environ},
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_R1_R2_R3_W1_nothing_answered_is_lost_or_doubled_by_kills_and_power_cuts():
    assert run(kills=1, cuts=2).splitlines()[-1] == "crash 0 0 ok"


@pytest.mark.services
def test_R1_R2_R3_W1_nothing_answered_is_lost_or_doubled_by_kills_on_postgresql():
    with postgres_database() as url:
        assert run(kills=2, cuts=0, ANLAN_BENCH_DATABASE_URL=url).splitlines()[-1] == "crash 0 0 ok"
