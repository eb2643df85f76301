"""The migrations lead to the tables that the models ask for, on an empty SQLite file.

The test database is made from the models, for replaying every migration takes half a minute; this test is what makes
one as good as the other.
"""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from django.db import connection

ROOT = Path(__file__).resolve().parents[2]


def pieces(definition: str) -> frozenset[str]:
    """The columns and constraints in a `CREATE TABLE`, whose order says nothing."""
    found, depth, quote, began = [], 0, "", definition.index("(") + 1
    end = definition.rindex(")")
    for place in range(began, end):
        letter = definition[place]
        if quote:
            quote = "" if letter == quote else quote
        elif letter in "'\"":
            quote = letter
        elif letter == "," and depth == 0:
            found.append(definition[began:place].strip())
            began = place + 1
        else:
            depth += (letter == "(") - (letter == ")")
    return frozenset([*found, definition[began:end].strip()])


def tables(rows: list[tuple[str, str, str, str]]) -> dict[tuple[str, str], object]:
    """Each table, index, trigger and view of `sqlite_master` with what defines it."""
    return {
        (kind, name): pieces(sql) if kind == "table" else (table, sql)
        for kind, name, table, sql in rows
        if not name.startswith("sqlite_") and name != "django_migrations"
    }


ASK = "SELECT type, name, tbl_name, sql FROM sqlite_master"


def test_columns_and_constraints_are_told_apart_by_the_commas_between_them():
    said = """CREATE TABLE "a" ("b" text DEFAULT ',(', "c" integer CHECK ("c" IN (1, 2)), UNIQUE ("b", "c"))"""
    assert pieces(said) == {""""b" text DEFAULT ',(\'""", '"c" integer CHECK ("c" IN (1, 2))', 'UNIQUE ("b", "c")'}


@pytest.mark.django_db
def test_the_migrations_make_the_tables_of_the_models(tmp_path):
    if connection.vendor != "sqlite":
        pytest.skip("reads the definitions that SQLite keeps; on PostgreSQL the tests themselves run on migrations")
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("ANLAN_", "DJANGO_"))}
    done = subprocess.run(
        [sys.executable, "-m", "anlan.server", "migrate", "-v", "0"],
        env={**clean, "PYTHONPATH": str(ROOT / "src"), "ANLAN_DATA": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    with sqlite3.connect(tmp_path / "records.sqlite3") as migrated:
        after_migrations = tables(migrated.execute(ASK).fetchall())
    migrated.close()
    with connection.cursor() as cursor:
        of_models = tables(cursor.execute(ASK).fetchall())
    assert after_migrations.keys() == of_models.keys()
    assert {name: made for name, made in after_migrations.items() if made != of_models[name]} == {}
    # The same holds of what is in them: a migration that brings rows would leave the test database without them.
    with sqlite3.connect(tmp_path / "records.sqlite3") as migrated:
        counted = {
            name: migrated.execute(f'SELECT COUNT(*) FROM "{name}"').fetchone()[0]
            for kind, name in after_migrations
            if kind == "table"
        }
    migrated.close()
    with connection.cursor() as cursor:
        in_tests = {name: cursor.execute(f'SELECT COUNT(*) FROM "{name}"').fetchone()[0] for name in counted}
    assert counted == in_tests
