"""A hundred issues of one batch at once, on real databases: nothing is oversold, every balance adds up."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from databases import postgres_database

TOP = Path(__file__).parents[2]


def run(**environ: str) -> str:
    """The figure in a process of its own; its last line."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("ANLAN_", "DJANGO_"))}
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.ledger"],
        cwd=TOP,
        env={**clean, "PYTHONPATH": f"{TOP / 'src'}{os.pathsep}{TOP}", **environ},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.splitlines()[-1]


def test_a_hundred_issues_at_once_leave_no_balance_wrong():
    assert run() == "ledger 0 0 ok"


@pytest.mark.services
def test_a_hundred_issues_at_once_leave_no_balance_wrong_on_postgresql():
    with postgres_database() as url:
        assert run(ANLAN_BENCH_DATABASE_URL=url) == "ledger 0 0 ok"
