"""Cold history: months that are long over, as Parquet files below the data folder, one for each month and group.

A file is written beside its place, brought to disk, read back and compared before it takes its place; only then are the
readings dropped from the chunks, whose figures stay. Within a file each point has row groups of its own, in order of
time. Writing and reading need the extra `analytics` (pyarrow); without it nothing is moved.
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from anlan.kernel.sensing.store.history import GROUP_BITS, joined, picked
from anlan.kernel.sensing.store.rows import Columns

#: Rows of one row group, so that a week of a fast point is not read for one of its hours.
ROW_GROUP = 50_000


class ColdMissing(Exception):
    """Readings that were moved to Parquet cannot be read: says which, and what is missing."""


def arrow() -> Any:
    """pyarrow with its Parquet room, or None where the extra `analytics` is not installed."""
    try:
        import_module("pyarrow.parquet")
        return import_module("pyarrow")
    except ImportError:
        return None


def month_of(ms: int) -> int:
    """The month (UTC) of a moment, counted from January of the year 0."""
    moment = datetime.fromtimestamp(ms / 1000, UTC)
    return moment.year * 12 + moment.month - 1


def begin_of(month: int) -> int:
    """The first moment of a month, epoch ms."""
    return round(datetime(month // 12, month % 12 + 1, 1, tzinfo=UTC).timestamp() * 1000)


def name_of(month: int) -> str:
    """ "2026-11"."""
    return f"{month // 12:04d}-{month % 12 + 1:02d}"


class Cold:
    """The files below `folder`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, month: int, group: int) -> Path:
        """Where the readings of a group's month lie: `2026-11/points-00000256-00000511.parquet`."""
        first = group << GROUP_BITS
        return self.folder / name_of(month) / f"points-{first:08d}-{first + (1 << GROUP_BITS) - 1:08d}.parquet"

    def files(self) -> Iterator[tuple[int, int, Path]]:
        """Month, group and path of every file."""
        for path in sorted(self.folder.glob("????-??/points-*.parquet")):
            year, month = path.parent.name.split("-")
            yield int(year) * 12 + int(month) - 1, int(path.name.split("-")[1]) >> GROUP_BITS, path

    def write(self, month: int, group: int, points: Iterator[Columns]) -> int:
        """Write a file anew, one point at a time (each in order of time, points rising); returns its rows.

        Raises ColdMissing without the extra, OSError when the disk refuses or gives back something else; the file that
        was there before stays then.
        """
        pa = arrow()
        if pa is None:
            raise ColdMissing('moving history to Parquet needs the extra "analytics" (./anlan setup --full)')
        path = self.path(month, group)
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = path.with_suffix(".new")
        sums: list[int] = []
        schema = pa.schema(
            [("point", pa.int32()), ("t", pa.timestamp("ms", "UTC")), ("value", pa.float64()), ("quality", pa.uint8())]
        )
        try:
            options = {"compression": "zstd", "use_dictionary": ["point", "quality"]}
            with pa.parquet.ParquetWriter(beside, schema, **options) as writer:
                for columns in points:
                    for start in range(0, len(columns), ROW_GROUP):
                        some = picked(columns, slice(start, start + ROW_GROUP))
                        stamps = pa.array(some.t, pa.int64()).cast(schema.field("t").type)
                        writer.write_table(pa.table([some.point, stamps, some.value, some.quality], schema=schema))
                        sums.append(_sum(some))
            _to_disk(beside)
            rows = self._verify(pa, beside, sums)
            beside.replace(path)
            _to_disk(path.parent)
            _to_disk(self.folder)
        finally:
            beside.unlink(missing_ok=True)
        return rows

    @staticmethod
    def _verify(pa: Any, path: Path, sums: list[int]) -> int:
        """Read the file back and compare. Raises OSError when anything differs."""
        with pa.parquet.ParquetFile(path) as file:
            if file.num_row_groups != len(sums):
                raise OSError(f"{path} holds {file.num_row_groups} row groups after writing {len(sums)}")
            rows = 0
            for number, expected in enumerate(sums):
                columns = _columns(file.read_row_group(number))
                if _sum(columns) != expected:
                    raise OSError(f"row group {number} of {path} reads back differently")
                rows += len(columns)
        return rows

    def read(self, month: int, point: int) -> Columns:
        """All readings of a point that its month's file holds, in order of time.

        Raises ColdMissing when the extra or the file is not there.
        """
        group = point >> GROUP_BITS
        if why := self.missing(month, group):
            raise ColdMissing(why)
        path = self.path(month, group)
        try:
            with arrow().parquet.ParquetFile(path) as file:
                held = [number for number in range(file.num_row_groups) if _point_of(file, number) == point]
                return joined([_columns(file.read_row_group(number)) for number in held])
        except FileNotFoundError:
            raise ColdMissing(f"readings of {name_of(month)} were moved to {path}, which is not there") from None
        except (OSError, ValueError) as error:
            raise ColdMissing(
                f"readings of {name_of(month)} were moved to {path}, which is damaged: {error}"
            ) from error

    def drop(self, month: int, group: int) -> None:
        """Remove a file of which nothing is needed any more."""
        path = self.path(month, group)
        path.unlink(missing_ok=True)
        with suppress(OSError):  # other groups still have theirs in the month's folder
            path.parent.rmdir()

    def missing(self, month: int, group: int) -> str:
        """What is missing to read a month of a group that was moved; "" when nothing is."""
        if arrow() is None:
            first = group << GROUP_BITS
            return (
                f"readings of {name_of(month)}, points {first} to {first + (1 << GROUP_BITS) - 1}, lie in Parquet "
                'files: install the extra "analytics" (./anlan setup --full) to read them'
            )
        path = self.path(month, group)
        return "" if path.is_file() else f"readings of {name_of(month)} were moved to {path.name}, which is not there"


def _point_of(file: Any, row_group: int) -> int:
    """The one point of a row group, from its statistics."""
    return int(file.metadata.row_group(row_group).column(0).statistics.min)


def _columns(table: Any) -> Columns:
    point, t, value, quality = (table.column(name).to_numpy() for name in ("point", "t", "value", "quality"))
    return Columns(point, t.astype("datetime64[ms]").view(np.int64), value, quality)


def _sum(columns: Columns) -> int:
    """A checksum over the exact bytes of all columns."""
    total = 0
    for column in (columns.point, columns.t, columns.value, columns.quality):
        total = zlib.crc32(np.ascontiguousarray(column).tobytes(), total)
    return total


def _to_disk(path: Path) -> None:
    """fsync of a file or a folder."""
    number = os.open(path, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
