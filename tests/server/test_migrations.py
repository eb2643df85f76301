"""The migrations lead to the tables that the models ask for, on an empty SQLite file.

A new database and that of the tests are made from the models, for replaying every migration takes most of a minute;
this test is what makes one as good as the other.
"""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.db.migrations.loader import MigrationLoader

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


#: A process whose tables are made and which dies before one migration is noted.
KILLED = """
import os, runpy, signal, sys
from django.core.management.commands.migrate import Command
Command.handle = lambda *_args, **_options: os.kill(os.getpid(), signal.SIGKILL)
sys.argv = ["anlan.server", "migrate"]
runpy.run_module("anlan.server", run_name="__main__")
"""


def command(folder: Path, *more: str, first: str = "") -> subprocess.Popen[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("ANLAN_", "DJANGO_"))}
    return subprocess.Popen(
        [sys.executable, *(("-c", first) if first else ("-m", "anlan.server", "migrate", "-v", "0", *more))],
        env={**clean, "PYTHONPATH": str(ROOT / "src"), "ANLAN_DATA": str(folder)},
        stderr=subprocess.PIPE,
        text=True,
    )


def migrate(folder: Path, *more: str) -> Path:
    """The file of records after the command."""
    process = command(folder, *more)
    said = process.communicate(timeout=300)[1]
    assert process.returncode == 0, said
    return folder / "records.sqlite3"


def counted(execute: Callable[[str], Any], names: Iterable[tuple[str, str]]) -> dict[str, int]:
    return {name: execute(f'SELECT COUNT(*) FROM "{name}"').fetchone()[0] for kind, name in names if kind == "table"}


@pytest.mark.django_db
def test_the_migrations_make_the_tables_of_the_models(tmp_path):
    if connection.vendor != "sqlite":
        pytest.skip("reads the definitions that SQLite keeps; on PostgreSQL the tests themselves run on migrations")
    with closing(sqlite3.connect(migrate(tmp_path, "--step-by-step"))) as migrated:
        after_migrations = tables(migrated.execute(ASK).fetchall())
        rows = counted(migrated.execute, after_migrations)
    with connection.cursor() as cursor:
        of_models = tables(cursor.execute(ASK).fetchall())
    assert after_migrations.keys() == of_models.keys()
    assert {name: made for name, made in after_migrations.items() if made != of_models[name]} == {}
    # The same holds of what is in them: a migration that brings rows would leave the test database without them.
    with connection.cursor() as cursor:
        assert counted(cursor.execute, after_migrations) == rows


def test_a_new_installation_is_as_if_every_migration_had_run(tmp_path):
    """Killed in the middle it is empty, and made by the next try; nothing is left for migrations then."""
    process = command(tmp_path, first=KILLED)
    process.communicate(timeout=300)
    assert process.returncode == -signal.SIGKILL
    with closing(sqlite3.connect(tmp_path / "records.sqlite3")) as killed:
        assert killed.execute(ASK).fetchall() == []
    with closing(sqlite3.connect(migrate(tmp_path))) as made:
        noted = made.execute("SELECT app, name FROM django_migrations ORDER BY app, name").fetchall()
        rules = made.execute("SELECT COUNT(*) FROM rulebook_entry").fetchone()[0]
        assert made.execute("PRAGMA foreign_key_check").fetchall() == []
    wanted = MigrationLoader(None).graph.nodes
    assert noted == sorted(wanted)
    assert rules > 100
    migrate(tmp_path, "--check")
