"""Mappings on real databases: of several hands that save one topic at once one succeeds; the plain SQL holds."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

TOP = Path(__file__).parents[2]
POSTGRES = os.environ.get("ANLAN_TEST_POSTGRES", "postgresql://postgres@127.0.0.1:5432/postgres")


def run(*arguments: str) -> dict[str, Any]:
    """What happened in a process of its own."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("ANLAN_", "DJANGO_"))}
    done = subprocess.run(
        [sys.executable, str(TOP / "tests/support/mappings_at_once.py"), *arguments],
        env={**clean, "PYTHONPATH": str(TOP / "src")},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return dict(json.loads(done.stdout.splitlines()[-1]))


def is_right(told: dict[str, Any]) -> bool:
    """One hand saves, one puts in force, and the gateway reads and counts what there is."""
    return told == {
        "made": 1, "raised": ["Refused"] * 5, "forced": 1, "refused": ["Refused"] * 5,
        "readings": 2, "messages": 2, "callers": [["B9", 2]], "faults": [["A1", "not_json", 2]],
    }  # fmt: skip


def test_one_hand_of_six_saves_a_topic_and_the_gateway_reads_it(tmp_path: Path):
    told = run(str(tmp_path))
    assert is_right(told), told


@pytest.mark.services
def test_one_hand_of_six_saves_a_topic_and_the_gateway_reads_it_on_postgresql(tmp_path: Path):
    psycopg = pytest.importorskip("psycopg")
    name = f"anlan_mappings_{os.getpid()}"
    try:
        admin = psycopg.connect(POSTGRES, autocommit=True, connect_timeout=2)
    except psycopg.OperationalError as error:
        pytest.skip(f"no PostgreSQL at ANLAN_TEST_POSTGRES: {error}")
    with admin:
        admin.execute(f'CREATE DATABASE "{name}"')
    try:
        told = run(str(tmp_path), POSTGRES.rsplit("/", 1)[0] + f"/{name}")
        assert is_right(told), told
    finally:
        with psycopg.connect(POSTGRES, autocommit=True) as admin:
            admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
