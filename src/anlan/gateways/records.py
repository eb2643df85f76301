"""The records as a gateway sees them: four small statements, on SQLite or PostgreSQL, without Django.

Names of tables and columns are those of `kernel.sensing.models`; a test holds the two together.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any

from anlan.kernel.sensing.door.directory import Away

DEVICES = "SELECT id, code, key_hash, lane FROM sensing_device WHERE enabled"
POINTS = "SELECT id, code, device_id FROM sensing_point WHERE enabled"
STAMP = "SELECT count(*), max(id), sum(device_id * id), sum(CASE WHEN enabled THEN id ELSE 0 END) FROM sensing_point"


class PlainRecords:
    """The records at `url`, `sqlite:////path/records.sqlite3` or `postgresql://…`; a connection for each thread."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._local = threading.local()
        self._path = Path(url.removeprefix("sqlite://")) if url.startswith("sqlite://") else None
        # By name: only an installation with the `postgres` extra has the driver.
        self._driver: Any = sqlite3 if self._path else import_module("psycopg")

    def devices(self) -> list[tuple[int, str, str, str]]:
        return self._rows(DEVICES)

    def stamp(self) -> Any:
        return self._rows(STAMP)[0]

    def points(self) -> list[tuple[int, str, int]]:
        return self._rows(POINTS)

    def note_seen(self, codes: Collection[str], now: datetime) -> None:
        places = ", ".join("?" * len(codes))
        self._write(f"UPDATE sensing_device SET last_seen = ? WHERE code IN ({places})", (self._at(now), *codes))  # noqa: S608

    def note_battery(self, charge: Mapping[str, float], now: datetime) -> None:
        for code, percent in charge.items():
            at = self._at(now)
            self._write("UPDATE sensing_device SET battery = ?, battery_at = ? WHERE code = ?", (percent, at, code))

    @property
    def url(self) -> str:
        return self._url

    def close(self) -> None:
        connection = getattr(self._local, "connection", None)
        if connection is not None:
            connection.close()
            self._local.connection = None

    def _at(self, now: datetime) -> Any:
        """A moment as Django keeps it: on SQLite a text in UTC."""
        return now.astimezone(UTC).replace(tzinfo=None).isoformat(" ") if self._path else now

    def _rows(self, sql: str, args: Sequence[Any] = ()) -> list[Any]:
        with self._connected() as connection:
            return list(connection.execute(sql if self._path else sql.replace("?", "%s"), args).fetchall())

    def _write(self, sql: str, args: Sequence[Any]) -> int:
        """Run one statement; how many rows it changed."""
        with self._connected() as connection:
            return int(connection.execute(sql if self._path else sql.replace("?", "%s"), args).rowcount)

    def _write_all(self, sql: str, rows: Sequence[Sequence[Any]]) -> None:
        """Run one statement for each of the rows in one transaction."""
        with self._connected() as connection:
            if self._path is None:
                with connection.transaction(), connection.cursor() as cursor:
                    cursor.executemany(sql.replace("?", "%s"), rows)
                return
            connection.execute("SAVEPOINT rows")
            connection.executemany(sql, rows)
            connection.execute("RELEASE rows")

    @contextmanager
    def _together(self) -> Iterator[None]:
        """One transaction of all that is written inside, or none of it. Raises Away."""
        with self._connected() as connection:
            # IMMEDIATE: SQLite gives no second chance to a reader that wants to write.
            connection.execute("BEGIN IMMEDIATE" if self._path else "BEGIN")
            try:
                yield
                connection.execute("COMMIT")
            except BaseException:
                with suppress(self._driver.Error):
                    connection.execute("ROLLBACK")
                raise

    @contextmanager
    def _connected(self) -> Iterator[Any]:
        """This thread's connection. Raises Away when the database cannot be asked; the next call opens a new one."""
        try:
            connection = getattr(self._local, "connection", None)
            if connection is None:
                connection = self._local.connection = self._connect()
            yield connection
        except self._driver.Error as error:
            self.close()
            raise Away(str(error)) from error

    def _connect(self) -> Any:
        if self._path is None:
            return self._driver.connect(self._url, autocommit=True, connect_timeout=5)
        # mode=rw: a gateway that starts before the records are there must not make an empty file of their name.
        return sqlite3.connect(f"{self._path.as_uri()}?mode=rw", uri=True, timeout=5, isolation_level=None)
