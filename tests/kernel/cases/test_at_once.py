"""Many hands at the same moment on a real database file: one wins, nothing is lost, nothing is done twice."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

SUPPORT = Path(__file__).parents[2] / "support"


@pytest.fixture(scope="module")
def happened(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    places = [str(SUPPORT), str(SUPPORT.parents[1] / "src")]
    told = subprocess.run(
        [sys.executable, str(SUPPORT / "at_once.py"), str(tmp_path_factory.mktemp("data"))],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(places)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert told.returncode == 0, told.stderr
    return json.loads(told.stdout.splitlines()[-1])  # type: ignore[no-any-return]


def test_R2_numbers_have_no_gap_and_no_double(happened: dict[str, Any]) -> None:
    numbers = happened["numbers"]
    assert numbers["raised"] == []
    assert numbers["given"] == [f"AL-20261122-{n:04d}" for n in range(1, 61)]


def test_R2_of_six_who_close_a_case_at_once_one_does(happened: dict[str, Any]) -> None:
    case = happened["case"]
    assert case["done"] == ["withdrawn"]
    assert case["raised"] == ["Stale"] * 5


def test_R3_the_case_that_was_closed_once_has_one_trail_row_and_one_audit_line(happened: dict[str, Any]) -> None:
    assert (happened["case"]["trail"], happened["case"]["audit"]) == (1, 1)


def test_R2_each_job_is_done_once_by_one_of_six_workers(happened: dict[str, Any]) -> None:
    jobs = happened["jobs"]
    assert jobs["raised"] == []
    assert jobs["calls"] == [*range(20), 99]
    assert jobs["states"] == ["done"]


def test_R2_each_notice_is_sent_once(happened: dict[str, Any]) -> None:
    notices = happened["notices"]
    assert notices["raised"] == []
    assert notices["sent"] == 30
    assert len(notices["titles"]) == len(set(notices["titles"])) == 30
