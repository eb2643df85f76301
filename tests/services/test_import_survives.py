"""R2: an import whose process is killed is completed or taken back as one act; nothing of it stays half."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.db import connection

TOP = Path(__file__).parents[2]
NEW, KNOWN = 1_600, 60


@pytest.fixture
def installation(db, tmp_path):
    """A data directory whose database is migrated: a copy of the one that tests have."""
    if connection.vendor != "sqlite":
        pytest.skip("copies the database of the tests, which is done with SQLite")
    if sys.platform != "linux":
        pytest.skip("only Linux ends a child with its parent")
    connection.ensure_connection()
    (tmp_path / "records.sqlite3").write_bytes(connection.connection.serialize())
    return tmp_path


def moments(folder: Path) -> dict[str, dict[str, object]]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("ANLAN_", "DJANGO_"))}
    done = subprocess.run(
        [sys.executable, "-c", "import django; django.setup(); import killed_import; killed_import.main()"],
        cwd=TOP,
        env={
            **clean,
            "ANLAN_DATA": str(folder),
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
    return {one.pop("moment"): one for one in told}


def test_R2_an_import_killed_in_the_middle_is_completed_or_taken_back_as_one_act(installation):
    seen = moments(installation)
    none_of_it = {"new": 0, "old": KNOWN, "all": KNOWN, "codes": KNOWN}
    all_of_it = {"new": NEW, "old": 0, "all": NEW, "codes": NEW}

    def said(moment: str, **wanted: object) -> None:
        assert {name: seen[moment][name] for name in wanted} == wanted, seen

    said("before", **none_of_it, published=1)
    said("killed", **none_of_it, step="writing", published=1)
    assert 0 < seen["killed"]["written"] < NEW
    said("completed", **all_of_it, step="done", written=NEW, kept=NEW, lines=NEW, published=2)
    said("undo killed", **none_of_it)
    said("undone", **none_of_it, step="undone", kept=NEW - KNOWN)
    said("given back", new=0, old=KNOWN, all=KNOWN + 1, codes=KNOWN + 1, step="checked", note=True, published=2)
