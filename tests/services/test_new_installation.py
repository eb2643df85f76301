"""On PostgreSQL a new installation gets its tables from the models; they are those that the migrations make."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from databases import postgres_database

psycopg = pytest.importorskip("psycopg")
pytestmark = pytest.mark.services
TOP = Path(__file__).parents[2]
#: Columns, indexes, constraints and sequences as the server tells them.
ASK = (
    """SELECT table_name, column_name, data_type, character_maximum_length, numeric_precision, numeric_scale,
       is_nullable, column_default, is_identity FROM information_schema.columns WHERE table_schema = 'public'""",
    "SELECT tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'",
    """SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint
       WHERE connamespace = 'public'::regnamespace""",
    "SELECT sequencename FROM pg_sequences WHERE schemaname = 'public'",
    "SELECT app, name FROM django_migrations",
)
#: Django's own migration made the numbers of this joining table wider than its model asks for; no row is ever in it.
ELSE = {("auth_group_permissions", "id")}


def made(url: str, folder: Path, *more: str) -> list[set[tuple[object, ...]]]:
    """What there is after the command."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("ANLAN_", "DJANGO_"))}
    done = subprocess.run(
        [sys.executable, "-m", "anlan.server", "migrate", "-v", "0", *more],
        env={**clean, "PYTHONPATH": str(TOP / "src"), "ANLAN_DATA": str(folder), "ANLAN_DATABASE_URL": url},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    with psycopg.connect(url) as session:
        return [{row for row in session.execute(question) if row[:2] not in ELSE} for question in ASK]


def test_a_new_installation_is_as_if_every_migration_had_run(tmp_path):
    with postgres_database() as one, postgres_database() as other:
        at_once, by_steps = made(one, tmp_path), made(other, tmp_path, "--step-by-step")
        for mine, theirs in zip(at_once, by_steps, strict=True):
            assert mine ^ theirs == set()
            assert mine
