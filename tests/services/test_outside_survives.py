"""R2: a fetch whose process is killed (SIGKILL) is fetched again and counts once; nobody is told twice."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.db import connection

TOP = Path(__file__).parents[2]


@pytest.mark.django_db
def test_R2_a_killed_fetch_counts_once(tmp_path):
    if connection.vendor != "sqlite":
        pytest.skip("copies the database of the tests, which is done with SQLite")
    connection.ensure_connection()
    (tmp_path / "records.sqlite3").write_bytes(connection.connection.serialize())
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("ANLAN_", "DJANGO_"))}
    done = subprocess.run(
        [sys.executable, "-c", "import django; django.setup(); import killed_fetch; killed_fetch.main()"],
        cwd=TOP,
        env={
            **clean,
            "ANLAN_DATA": str(tmp_path),
            "ANLAN_SECRET_KEY": "a test " * 8,
            "ANLAN_DEMO": "0",
            "DJANGO_SETTINGS_MODULE": "anlan.server.settings",
            "PYTHONPATH": os.pathsep.join(str(TOP / part) for part in ("src", "", "tests/support")),
        },
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    told = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    portion, mark, end = told
    assert (portion["quakes"], portion["marked"], portion["notices"]) == (100, False, 1), "a portion is whole"
    assert (mark["quakes"], mark["marked"], mark["fetches"]) == (300, False, 0)
    assert (end["quakes"], end["ids"], end["revisions"], end["notices"]) == (300, 300, 300, 1)
    assert (end["marked"], end["fetches"]) == (True, 1)
