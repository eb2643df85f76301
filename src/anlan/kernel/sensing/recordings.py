"""Recordings of elsewhere: a table of numbers and a map that says what its columns mean.

A map is a YAML file; nothing in the code knows any recording. Its fields:

    name      letters, digits, dash; names the lane and the device of the replay
    title     for people
    region    code of the region that plays the place; without it the whole county
    table     delimiter ("," unless told; "blank" for any white space), or widths of columns in characters;
              header (true), transposed (false), encoding; units (words cut off at the end of a cell)
    time      column (or several, joined by a blank) and format ("iso", "epoch_s", "epoch_ms" or one of strptime) and
              zone, or start and step_s
    points    code, name, column (its heading, or its place from 1), kind, unit, digits, period_s, low, high;
              scale and offset (value · scale + offset); rate_rows and rate_per_s (see `PointOf`)
    rules     code, title, title_zh, points (all when absent), condition or conditions, standard, clause, verified, note
    events    what is known to have happened: title, begin, end

Pure: reads the files that it is given, no clock, no database.
"""

from __future__ import annotations

import csv
import gzip
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
import numpy as np
import yaml
from numpy.typing import NDArray

#: Cells that say "no reading".
EMPTY = frozenset({"", "na", "nan", "null", "none", "-", "--"})
#: A recording larger than this is not loaded whole: cells.
MOST_CELLS = 50_000_000
#: Faults that are spelt out before the rest is only counted.
SPELT = 20


class BadRecording(ValueError):
    """A map or a table that cannot be meant; says every fault found, with its line and column."""


class TableOf(msgspec.Struct, forbid_unknown_fields=True):
    delimiter: str = ","
    widths: list[int] = []
    header: bool = True
    transposed: bool = False
    encoding: str = "utf-8-sig"
    units: list[str] = []


class TimeOf(msgspec.Struct, forbid_unknown_fields=True):
    column: str | int | list[str | int] | None = None
    format: str = "iso"
    zone: str = "UTC"
    start: str | None = None
    step_s: float | None = None


class PointOf(msgspec.Struct, forbid_unknown_fields=True):
    """One point. With `rate_rows` n the value is its mean change over the last n rows in units per `rate_per_s`:
    what an instrument that reports a rate would have sent. The first n rows then give no reading."""

    code: str
    name: str
    column: str | int
    kind: str = "other"
    unit: str = ""
    digits: int = 2
    period_s: int = 60
    low: float | None = None
    high: float | None = None
    scale: float = 1.0
    offset: float = 0.0
    rate_rows: int = 0
    rate_per_s: float = 86_400.0


class RuleOf(msgspec.Struct, forbid_unknown_fields=True):
    code: str
    title: str
    title_zh: str = ""
    points: list[str] = []
    condition: dict[str, Any] | None = None
    conditions: list[dict[str, Any]] = []
    standard: str = ""
    clause: str = ""
    verified: bool = False
    note: str = ""


class EventOf(msgspec.Struct, forbid_unknown_fields=True):
    title: str
    begin: str
    end: str | None = None


class RecordingMap(msgspec.Struct, forbid_unknown_fields=True):
    name: str
    title: str
    time: TimeOf
    points: list[PointOf]
    rules: list[RuleOf] = []
    events: list[EventOf] = []
    region: str = ""
    source: str = ""
    table: TableOf = msgspec.field(default_factory=TableOf)


@dataclass(frozen=True, slots=True)
class Event:
    """Something that is known to have happened; times in epoch ms UTC, `end` None when it is a moment or unknown."""

    title: str
    begin: int
    end: int | None


@dataclass(frozen=True, slots=True)
class Recording:
    """Readings in the order of the table's rows, columns of one length.

    point   place in the map's list of points
    t       ms UTC; value in the point's unit
    step_ms the usual distance of two rows
    """

    point: NDArray[np.int32]
    t: NDArray[np.int64]
    value: NDArray[np.float64]
    step_ms: int
    events: tuple[Event, ...]


class PlainLoader(yaml.SafeLoader):
    """YAML without its own reading of dates: a date stays the text that was written."""


PlainLoader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def load_map(text: str) -> RecordingMap:
    """A map from its YAML. Raises BadRecording, naming the field, for anything that cannot be meant."""
    try:
        # A subclass of SafeLoader: it makes plain values only.
        found = msgspec.convert(yaml.load(text, PlainLoader), RecordingMap)  # noqa: S506
    except yaml.YAMLError as error:
        raise BadRecording(f"The map is not YAML: {error}") from error
    except msgspec.ValidationError as error:
        raise BadRecording(f"The map: {error}") from error
    codes = [point.code for point in found.points]
    faults = [f"point {code!r} stands twice" for code in sorted({c for c in codes if codes.count(c) > 1})]
    faults += [
        f"rule {rule.code!r} names the point {code!r}, which the map does not have"
        for rule in found.rules
        for code in rule.points
        if code not in codes
    ]
    faults += [
        f"rule {rule.code!r} has no condition" for rule in found.rules if not (rule.condition or rule.conditions)
    ]
    if not found.points:
        faults.append("there is no point")
    if (found.time.column is None) == (found.time.start is None or found.time.step_s is None):
        faults.append("time needs either a column, or start and step_s")
    try:
        ZoneInfo(found.time.zone)
    except (ZoneInfoNotFoundError, ValueError):
        faults.append(f"time.zone {found.time.zone!r} is not a zone")
    if faults:
        raise BadRecording("The map: " + "; ".join(faults))
    return found


def load_events(text: str) -> list[EventOf]:
    """Known events from YAML of their own: a list of title, begin, end. Raises BadRecording."""
    try:
        return msgspec.convert(yaml.load(text, PlainLoader), list[EventOf])  # noqa: S506
    except (yaml.YAMLError, msgspec.ValidationError) as error:
        raise BadRecording(f"The known events: {error}") from error


@dataclass(frozen=True, slots=True)
class Table:
    """The cells of a file: `heading` (empty without one), `rows`, and the line number of each row."""

    heading: Sequence[str]
    rows: list[list[str]]
    lines: list[int]

    def column(self, column: str | int) -> list[str]:
        """The cells of one column, without blanks around them. Raises BadRecording when it is not there."""
        faults: list[str] = []
        place = _place(column, self.heading, len(self.rows[0]) if self.rows else 0, faults)
        if faults:
            raise BadRecording(_list(faults))
        return [row[place].strip() if place < len(row) else "" for row in self.rows]

    def where(self, column: str | int, value: str) -> Table:
        """Only the rows with this text in a column."""
        keep = [i for i, cell in enumerate(self.column(column)) if cell == value]
        return Table(self.heading, [self.rows[i] for i in keep], [self.lines[i] for i in keep])


def table_of(path: Path, table_map: RecordingMap) -> Table:
    """The cells of a file as its map says. Raises BadRecording."""
    rows = _table(path, table_map.table)
    first = 1 if table_map.table.header else 0
    heading: Sequence[str] = rows[0] if first else ()
    return Table(heading, rows[first:], list(range(first + 1, len(rows) + 1)))


def read(path: Path, table_map: RecordingMap) -> Recording:
    """The readings of a file as its map says. Raises BadRecording with every fault found."""
    return recording_of(table_of(path, table_map), table_map)


def times_of(table: Table, table_map: RecordingMap) -> list[int]:
    """Epoch ms of each row. Raises BadRecording with every fault found."""
    faults: list[str] = []
    times = _times(table, table_map.time, faults)
    if faults:
        raise BadRecording(_list(faults))
    return times


def recording_of(table: Table, table_map: RecordingMap) -> Recording:
    """The readings in a table. Raises BadRecording with every fault found."""
    heading, body = table.heading, table.rows
    faults: list[str] = []
    wanted = [point.column for point in table_map.points]
    places = [_place(column, heading, len(body[0]) if body else 0, faults) for column in wanted]
    times = _times(table, table_map.time, faults)
    if faults:
        raise BadRecording(_list(faults))
    units = table_map.table.units
    values = np.array(
        [
            [_number(row, place, line, units, faults) for place in places]
            for row, line in zip(body, table.lines, strict=True)
        ],
        np.float64,
    ).reshape(len(body), len(places))
    if faults:
        raise BadRecording(_list(faults))
    t = np.array(times, np.int64)
    steps = np.diff(t)
    step_ms = int(np.median(steps)) if steps.size else 0
    for number, point in enumerate(table_map.points):
        values[:, number] = _derived(values[:, number] * point.scale + point.offset, t, point)
    present = ~np.isnan(values)
    row, column = np.nonzero(present)
    events = tuple(_event(event, table_map.time.zone) for event in table_map.events)
    return Recording(column.astype(np.int32), t[row], values[row, column], step_ms, events)


def _table(path: Path, table: TableOf) -> list[list[str]]:
    opener = gzip.open if path.suffix == ".gz" else open
    try:
        with opener(path, "rt", encoding=table.encoding, newline="") as file:
            lines: Iterator[list[str]]
            if table.widths:
                ends = np.cumsum(table.widths).tolist()
                lines = (
                    [line[end - width : end].strip() for width, end in zip(table.widths, ends, strict=True)]
                    for line in file
                    if line.strip()
                )
            elif table.delimiter == "blank":
                lines = (line.split() for line in file)
            else:
                lines = csv.reader(file, delimiter=table.delimiter)
            rows, cells = [], 0
            for line in lines:
                if line:
                    rows.append(line)
                    cells += len(line)
                    if cells > MOST_CELLS:
                        raise BadRecording(f"The recording has more than {MOST_CELLS} cells: cut it into files.")
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise BadRecording(f"The recording cannot be read: {error}") from error
    if not rows:
        raise BadRecording("The recording is empty.")
    if table.transposed:
        if len({len(row) for row in rows}) > 1:
            raise BadRecording("A transposed table needs rows of one length.")
        rows = [list(row) for row in zip(*rows, strict=True)]
    return rows


def _place(column: str | int, heading: Sequence[str], width: int, faults: list[str]) -> int:
    """Place of a column from 0."""
    if isinstance(column, int):
        if not 1 <= column <= width:
            faults.append(f"there is no column {column}: the table has {width}")
        return column - 1
    names = [name.strip() for name in heading]
    if names.count(column) != 1:
        faults.append(f"the heading has {column!r} {names.count(column)} times: {', '.join(names[:20])}")
        return 0
    return names.index(column)


def _times(table: Table, time: TimeOf, faults: list[str]) -> list[int]:
    if time.column is None:
        start, step = moment(str(time.start), time.zone), float(time.step_s or 0) * 1000
        return [round(start + i * step) for i in range(len(table.rows))]
    columns = time.column if isinstance(time.column, list) else [time.column]
    width = len(table.rows[0]) if table.rows else 0
    places = [_place(column, table.heading, width, faults) for column in columns]
    times = []
    for row, line in zip(table.rows, table.lines, strict=True):
        text = " ".join(row[place].strip() for place in places if place < len(row))
        try:
            times.append(moment(text, time.zone, time.format))
        except ValueError:
            faults.append(f"line {line}: {text!r} is not a time")
    return times


def moment(text: str, zone: str, how: str = "iso") -> int:
    """Epoch ms of a written time; a time without a zone is one of `zone`. Raises ValueError."""
    if how in ("epoch_s", "epoch_ms"):
        return round(float(text) * (1000 if how == "epoch_s" else 1))
    found = datetime.fromisoformat(text) if how == "iso" else datetime.strptime(text, how)
    if found.tzinfo is None:
        found = found.replace(tzinfo=ZoneInfo(zone))
    return round(found.timestamp() * 1000)


def _number(row: Sequence[str], place: int, line: int, units: Sequence[str], faults: list[str]) -> float:
    cell = row[place].strip() if place < len(row) else ""
    for unit in units:
        cell = cell.removesuffix(unit).rstrip()
    if cell.lower() in EMPTY:
        return float("nan")
    try:
        value = float(cell)
    except ValueError:
        faults.append(f"line {line}, column {place + 1}: {cell[:40]!r} is not a number")
        return float("nan")
    if value in (float("inf"), float("-inf")):
        faults.append(f"line {line}, column {place + 1}: {cell[:40]!r} is not a number")
    return value


def _derived(value: NDArray[np.float64], t: NDArray[np.int64], point: PointOf) -> NDArray[np.float64]:
    n = point.rate_rows
    if not n:
        return value
    rate = np.full(value.size, np.nan)
    seconds = (t[n:] - t[:-n]) / 1000
    with np.errstate(divide="ignore", invalid="ignore"):
        rate[n:] = np.where(seconds > 0, (value[n:] - value[:-n]) / seconds * point.rate_per_s, np.nan)
    return rate


def _event(event: EventOf, zone: str) -> Event:
    try:
        begin = moment(event.begin, zone)
        end = None
        if event.end is not None:
            end = moment(event.end, zone)
            if len(event.end) == 10:  # a day ends with its last moment
                end += round(timedelta(days=1).total_seconds() * 1000) - 1
    except ValueError as error:
        raise BadRecording(f"The map: event {event.title!r}: {error}") from error
    return Event(event.title, begin, end)


def _list(faults: Sequence[str]) -> str:
    more = len(faults) - SPELT
    return "The recording: " + "; ".join(faults[:SPELT]) + (f"; and {more} more" if more > 0 else "")
