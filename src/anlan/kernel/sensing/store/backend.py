"""The two databases behind the reading store, under one small interface.

SQLite: files of their own beside the records, WAL with `synchronous=FULL`, so that what a commit answered survives a
power cut. The log and history are two files, because a file has one writer at a time: a device's post must not wait
until history is written. PostgreSQL: schema `readings` of the records' database. Statements are written once, with `?`
places.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol

#: Which position a reader of the log or of the transitions has reached; each file has its own table of them.
_POSITIONS = """
CREATE TABLE IF NOT EXISTS position (name TEXT PRIMARY KEY, seq BIGINT NOT NULL);
"""

LOG = (
    """
CREATE TABLE IF NOT EXISTS log (
  seq {serial}, arrival BIGINT NOT NULL, lane TEXT NOT NULL, kind TEXT NOT NULL, n INTEGER NOT NULL,
  sender TEXT NOT NULL, batch_id TEXT NOT NULL, payload {blob} NOT NULL);
CREATE TABLE IF NOT EXISTS batch (
  sender TEXT NOT NULL, batch_id TEXT NOT NULL, seq BIGINT NOT NULL, arrival BIGINT NOT NULL, digest {blob} NOT NULL,
  answer {blob} NOT NULL, PRIMARY KEY (sender, batch_id));
CREATE INDEX IF NOT EXISTS batch_arrival ON batch (arrival);
CREATE TABLE IF NOT EXISTS set_aside (
  id {serial}, arrival BIGINT NOT NULL, sender TEXT NOT NULL, batch_id TEXT NOT NULL, lane TEXT NOT NULL,
  "row" INTEGER NOT NULL, field TEXT NOT NULL, point TEXT NOT NULL, t BIGINT, value {real}, reason TEXT NOT NULL,
  why TEXT NOT NULL, raw TEXT NOT NULL, state TEXT NOT NULL DEFAULT 'open', resolved_at BIGINT,
  resolved_by TEXT NOT NULL DEFAULT '', UNIQUE (sender, batch_id, "row", reason));
CREATE INDEX IF NOT EXISTS set_aside_state ON set_aside (state, id);
CREATE INDEX IF NOT EXISTS set_aside_sender ON set_aside (sender, state);
CREATE TABLE IF NOT EXISTS transition (
  tseq {serial}, id TEXT NOT NULL UNIQUE, seq BIGINT NOT NULL, stream TEXT NOT NULL, lane TEXT NOT NULL,
  t BIGINT NOT NULL, rule BIGINT NOT NULL, point BIGINT NOT NULL, step INTEGER NOT NULL, severity INTEGER NOT NULL,
  state INTEGER NOT NULL, value {real});
"""
    + _POSITIONS
)

HISTORY = (
    """
CREATE TABLE IF NOT EXISTS chunk (
  place {key}, n INTEGER NOT NULL, good INTEGER NOT NULL, low {real}, high {real}, total {real} NOT NULL,
  coding INTEGER NOT NULL, data {blob} NOT NULL);
CREATE TABLE IF NOT EXISTS loose (
  "key" {key}, n INTEGER NOT NULL, first_ms BIGINT NOT NULL, last_ms BIGINT NOT NULL, data {blob} NOT NULL);
CREATE TABLE IF NOT EXISTS latest (
  point {key}, t BIGINT NOT NULL, arrival BIGINT NOT NULL, value {real}, quality INTEGER NOT NULL);
"""
    + _POSITIONS
)

SCHEMA = LOG + HISTORY

SNAPSHOTS = """
CREATE TABLE IF NOT EXISTS snapshot (
  seq BIGINT NOT NULL, lane TEXT NOT NULL, data {blob} NOT NULL, PRIMARY KEY (seq, lane));
"""


class Busy(Exception):
    """The store cannot be written at this moment (locked, restarting, unreachable); nothing was stored; try again."""


class Full(Exception):
    """The disk refuses (full, or failing); nothing was stored."""


class Session(Protocol):
    """Statements inside one write transaction."""

    def run(self, sql: str, args: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Execute and give all rows."""

    def many(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        """Execute once for each row of places."""

    def insert(self, sql: str, args: Sequence[Any], returning: str) -> int:
        """Insert one row and give its number, the column `returning`."""

    def changed(self, sql: str, args: Sequence[Any] = ()) -> int:
        """Execute and give the number of rows that it touched."""


class Backend(Protocol):
    """One database: reads at any time, writes in short transactions that end on disk."""

    def read(self, sql: str, args: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """All rows of a query, outside any transaction."""

    def write(self) -> Any:
        """Context manager of a write transaction (a Session); committed and fsynced at its end, else rolled back.

        Transactions follow one another: numbers given inside are visible to readers in ascending order.
        Raises Busy or Full.
        """

    def close(self) -> None:
        """Close this thread's connection."""


class _SqliteSession:
    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def run(self, sql: str, args: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        return self._connection.execute(sql, args).fetchall()

    def many(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        self._connection.executemany(sql, rows)

    def insert(self, sql: str, args: Sequence[Any], returning: str) -> int:
        return int(self._connection.execute(sql, args).lastrowid or 0)

    def changed(self, sql: str, args: Sequence[Any] = ()) -> int:
        return int(self._connection.execute(sql, args).rowcount)


class Sqlite:
    """A SQLite file; each thread has its own connection.

    busy_s  how long a writer waits for another
    adopts  the log's file, of which the first release made one with history: its history is moved over here
    """

    def __init__(self, path: Path, schema: str = SCHEMA, busy_s: float = 5.0, adopts: Path | None = None) -> None:
        self.path = path
        self._schema = schema
        self._busy_s = busy_s
        self._adopts = adopts
        self._local = threading.local()

    def _connection(self) -> sqlite3.Connection:
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            connection = sqlite3.connect(self.path, timeout=self._busy_s, isolation_level=None, cached_statements=64)
            for pragma in (
                # Batches and blocks are large: few overflow pages make them 1.7 times as fast to write.
                "page_size=16384",
                "journal_mode=WAL",
                "synchronous=FULL",
                "cache_size=-8000",
                "wal_autocheckpoint=1000",
                "journal_size_limit=67108864",
                "temp_store=MEMORY",
            ):
                connection.execute(f"PRAGMA {pragma}")
            connection.executescript(
                self._schema.format(
                    serial="INTEGER PRIMARY KEY AUTOINCREMENT", key="INTEGER PRIMARY KEY", blob="BLOB", real="REAL"
                )
            )
            if self._adopts is not None and self._adopts.exists():
                _adopt(connection, self._adopts)
            self._adopts = None
            self._local.connection = connection
        return connection

    def read(self, sql: str, args: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        with _sqlite_errors():
            return self._connection().execute(sql, args).fetchall()

    @contextmanager
    def write(self) -> Iterator[_SqliteSession]:
        with _sqlite_errors():
            connection = self._connection()
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield _SqliteSession(connection)
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise

    def close(self) -> None:
        connection = getattr(self._local, "connection", None)
        if connection is not None:
            connection.close()
            self._local.connection = None


def _adopt(history: sqlite3.Connection, log: Path) -> None:
    """Move history out of the log's file. It is on disk at its new place before it goes from the old one, and whoever
    comes in between does the same again, so that it may stop anywhere."""
    history.execute("ATTACH ? AS log", (str(log),))
    try:
        if not history.execute("SELECT 1 FROM log.sqlite_master WHERE name = 'chunk'").fetchall():
            return
        tables, names = ("chunk", "loose", "latest"), "name IN ('history', 'flush')"
        history.execute("BEGIN IMMEDIATE")
        if history.execute("SELECT 1 FROM log.sqlite_master WHERE name = 'chunk'").fetchall():
            for table in tables:
                history.execute(f"INSERT OR IGNORE INTO main.{table} SELECT * FROM log.{table}")  # noqa: S608
            history.execute(f"INSERT OR IGNORE INTO main.position SELECT * FROM log.position WHERE {names}")  # noqa: S608
        history.execute("COMMIT")
        history.execute("BEGIN IMMEDIATE")
        for table in tables:
            history.execute(f"DROP TABLE IF EXISTS log.{table}")
        history.execute(f"DELETE FROM log.position WHERE {names}")  # noqa: S608
        history.execute("COMMIT")
    finally:
        if history.in_transaction:
            history.execute("ROLLBACK")
        history.execute("DETACH log")


@contextmanager
def _sqlite_errors() -> Iterator[None]:
    """Say Busy and Full where SQLite says codes; any other error passes."""
    try:
        yield
    except sqlite3.OperationalError as error:
        name = getattr(error, "sqlite_errorname", "") or ""
        if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
            raise Busy(str(error)) from error
        if name.startswith(("SQLITE_FULL", "SQLITE_IOERR", "SQLITE_CANTOPEN", "SQLITE_READONLY")):
            raise Full(str(error)) from error
        raise


@lru_cache(maxsize=256)
def _percent(sql: str) -> str:
    """`?` places as psycopg writes them; our statements hold neither character in any other sense."""
    return sql.replace("?", "%s")


class _PostgresSession:
    def __init__(self, connection: Any) -> None:
        self._connection = connection

    def run(self, sql: str, args: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        cursor = self._connection.execute(_percent(sql), tuple(args))
        return cursor.fetchall() if cursor.description else []

    def many(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        with self._connection.cursor() as cursor:
            cursor.executemany(_percent(sql), rows)

    def insert(self, sql: str, args: Sequence[Any], returning: str) -> int:
        return int(self._connection.execute(_percent(f"{sql} RETURNING {returning}"), tuple(args)).fetchone()[0])

    def changed(self, sql: str, args: Sequence[Any] = ()) -> int:
        return int(self._connection.execute(_percent(sql), tuple(args)).rowcount)


class Postgres:
    """Schema `readings` of a PostgreSQL database; each thread has its own connection.

    Writers of one kind take one advisory lock, so that log numbers become visible in ascending order: a reader that
    has seen number n will never be shown a smaller one later. Those who write history take another one than the log's.
    """

    #: Any constants that nothing else in the database locks.
    ORDER_LOCK, HISTORY_LOCK = 0x616E6C616E, 0x616E6C616F

    def __init__(self, url: str, schema: str = "readings", lock: int = ORDER_LOCK) -> None:
        # By name: only an installation with the `postgres` extra has the driver.
        self._driver = import_module("psycopg")
        self._url = url
        self._schema = schema
        self._lock = lock
        self._local = threading.local()

    def _connection(self) -> Any:
        connection = getattr(self._local, "connection", None)
        if connection is None or connection.closed:
            connection = self._driver.connect(self._url, autocommit=True, connect_timeout=5)
            connection.execute("SET statement_timeout = '30s'")
            with connection.transaction():
                connection.execute(f"SELECT pg_advisory_xact_lock({self.ORDER_LOCK})")
                connection.execute(f'CREATE SCHEMA IF NOT EXISTS "{self._schema}"')
                connection.execute(f'SET search_path TO "{self._schema}"')
                for statement in (SCHEMA + SNAPSHOTS).split(";"):
                    if statement.strip():
                        connection.execute(
                            statement.format(
                                serial="BIGSERIAL PRIMARY KEY",
                                key="BIGINT PRIMARY KEY",
                                blob="BYTEA",
                                real="DOUBLE PRECISION",
                            )
                        )
            self._local.connection = connection
        return connection

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except (self._driver.errors.DiskFull, self._driver.errors.IoError) as error:
            raise Full(str(error)) from error
        except (self._driver.OperationalError, self._driver.InterfaceError) as error:
            self.close()
            raise Busy(str(error)) from error

    def read(self, sql: str, args: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        with self._errors():
            return list(self._connection().execute(_percent(sql), tuple(args)).fetchall())

    @contextmanager
    def write(self) -> Iterator[_PostgresSession]:
        with self._errors():
            connection = self._connection()
            with connection.transaction():
                connection.execute(f"SELECT pg_advisory_xact_lock({self._lock})")
                yield _PostgresSession(connection)

    def close(self) -> None:
        connection = getattr(self._local, "connection", None)
        if connection is not None:
            connection.close()
            self._local.connection = None
