"""Is the trail as it was written? Reads the whole chain and compares it with the marks inside and outside."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
from django.db import connection

from anlan.kernel.audit import chain
from anlan.kernel.audit.models import Anchor, Entry

#: Rows read at a time, so that no read transaction on SQLite lasts.
PAGE = 20_000


@dataclass(frozen=True, slots=True)
class Report:
    """What a check found. `first_bad` is the number of the first entry that is not as it was sealed."""

    ok: bool
    checked: int
    head: str
    first_bad: int | None = None
    why: str = ""
    unsealed: int = 0


#: (sql, parameters) -> rows; parameters are written "?".
Ask = Callable[[str, tuple[Any, ...]], list[tuple[Any, ...]]]


def verify(database: Path | None = None, marks: Path | None = None) -> Report:
    """Check every sealed entry of our own database, or of an SQLite file that is only read.

    database  an SQLite file, for instance a copy
    marks     folder of the marks outside; the data directory when not given

    Entries are checked in order: a missing number, then a wrong hash, names the first bad one. After that the end of
    the chain is compared with the head's mark, the anchor log and the anchors in the database.
    """
    with _asking(database) as ask:
        return _verify(ask, marks)


@contextlib.contextmanager
def _asking(database: Path | None) -> Iterator[Ask]:
    if database is None:

        def ask(sql: str, values: tuple[Any, ...]) -> list[tuple[Any, ...]]:
            with connection.cursor() as cursor:
                cursor.execute(sql.replace("?", "%s"), values)
                return list(cursor.fetchall())

        yield ask
        return
    with contextlib.closing(sqlite3.connect(f"{database.resolve().as_uri()}?mode=ro", uri=True)) as file:
        yield lambda sql, values: file.execute(sql, values).fetchall()


def _verify(ask: Ask, folder: Path | None) -> Report:
    table = Entry._meta.db_table
    columns = ", ".join(f'"{name}"' for name in chain.COLUMNS)
    page = f'SELECT {columns}, "hash" FROM "{table}" WHERE seq > ? ORDER BY seq LIMIT {PAGE}'  # noqa: S608
    marks = _marks(ask, folder)
    last = chain.EMPTY

    def bad(seq: int, why: str) -> Report:
        return Report(False, last.seq, last.hash, seq, why)

    # Whatever stands below 1 was moved out of the chain.
    for (seq,) in ask(f'SELECT seq FROM "{table}" WHERE seq < 1 ORDER BY seq LIMIT 1', ()):  # noqa: S608
        return bad(1, f"an entry carries the number {seq}")
    while rows := ask(page, (last.seq,)):
        for *row, sealed in rows:
            expected = last.seq + 1
            if row[0] != expected:
                return bad(expected, f"entry {expected} is missing")
            try:
                found = chain.hash_of(last.hash, row)
            except (msgspec.DecodeError, ValueError, TypeError):
                return bad(expected, f"entry {expected} is not readable")
            if found != sealed:
                return bad(expected, f"entry {expected} is not as it was sealed")
            if marks.pop(expected, {found}) != {found}:
                return bad(expected, f"entry {expected} differs from its anchor: the chain was written anew")
            last = chain.Head(expected, found)
    if marks:
        missing = last.seq + 1
        return bad(missing, f"entry {missing} and what followed up to {max(marks)} is missing: the tail was cut")
    ((unsealed,),) = ask(f'SELECT count(*) FROM "{table}" WHERE seq IS NULL', ())  # noqa: S608
    return Report(True, last.seq, last.hash, unsealed=unsealed)


def _marks(ask: Ask, folder: Path | None) -> dict[int, set[str]]:
    """Number → every hash that a mark, inside or outside, gives it. Two hashes for one number never match."""
    marks: dict[int, set[str]] = {}
    for seq, sealed in ask(f'SELECT seq, hash FROM "{Anchor._meta.db_table}"', ()):  # noqa: S608
        marks.setdefault(seq, set()).add(sealed)
    outside = [*chain.read_anchors(folder)]
    if (head := chain.read_head(folder)) is not None:
        outside.append(head)
    for mark in outside:
        marks.setdefault(mark.seq, set()).add(mark.hash)
    return marks
