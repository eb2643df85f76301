"""Measurements of weather stations as CSV, a row a station and a moment, a column a quantity.

What stands where differs from publisher to publisher, so a person says it once (`Layout`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from anlan.formats.feeds.rows import Bad, Refusals, WrongHeading, number, table_of, text_of

#: Ways to write a time beside a pattern of strptime.
ISO, EPOCH_S, EPOCH_MS = "iso", "epoch_s", "epoch_ms"
#: What stands for a missing value with many publishers; a person adds others.
MISSING = ("", "NA", "NaN", "null", "-", "--", "/", "999999", "999998", "999990", "999017", "-9999", "-999.9")
#: Epoch ms that can be meant, as at the door for readings: 1990-01-01 to 2089-01-01.
EARLIEST_MS, LATEST_MS = 631_152_000_000, 3_755_289_600_000
HOUR_MS = 3_600_000
_FRACTION = re.compile(r"(\d{2}:\d{2}:\d{2})[.,](\d+)")


@dataclass(frozen=True, slots=True)
class Quantity:
    """What a column holds: its number times `scale` plus `offset` is a value in `unit`."""

    unit: str
    scale: float = 1.0
    offset: float = 0.0


@dataclass(frozen=True, slots=True)
class Layout:
    """What stands where.

    station     heading of the column with the station; "" when the whole file is of the station `only`
    time        headings of the columns that together are the time, joined by blanks
    form        `ISO`, `EPOCH_S`, `EPOCH_MS` or a pattern of strptime
    zone        name of the time zone of times that do not say theirs ("Asia/Shanghai", "UTC")
    quantities  by heading
    missing     what stands for no value, as text; compared as numbers too ("999999.0" is 999999)
    delimiter   , ; tab or |
    """

    station: str
    time: Sequence[str]
    quantities: Mapping[str, Quantity]
    only: str = ""
    form: str = ISO
    zone: str = "Asia/Shanghai"
    missing: Sequence[str] = MISSING
    delimiter: str = ","
    encoding: str = ""


@dataclass(frozen=True, slots=True)
class Measured:
    """One value: `at_ms` epoch ms UTC, `value` in the unit of the quantity."""

    line: int
    station: str
    column: str
    at_ms: int
    value: float


@dataclass(frozen=True, slots=True)
class Table:
    """What a file holds. `missing` counts cells that say that there is no value."""

    values: tuple[Measured, ...]
    missing: int
    refusals: Refusals = field(default_factory=Refusals)


def read(data: bytes, layout: Layout, *, complete: bool = True) -> Table:
    """The values of a file in its order. Raises Refused, and WrongHeading for columns
    that are not there.

    complete  False: nobody said how long the file is, so a last line without an end is refused
    """
    refusals = Refusals()
    rows = table_of(text_of(data, layout.encoding), refusals, delimiter=layout.delimiter, complete=complete)
    _line, heading = next(rows, (0, []))
    places = {name: place for place, name in reversed(list(enumerate(heading)))}
    wanted = [*([layout.station] if layout.station else []), *layout.time, *layout.quantities]
    if lacking := [name for name in wanted if name not in places]:
        raise WrongHeading(lacking[:8])
    clock = _Clock(layout.form, ZoneInfo(layout.zone))
    words, numbers = _missing(layout.missing)
    columns = [(name, places[name], quantity) for name, quantity in layout.quantities.items()]
    times = [places[name] for name in layout.time]
    values: list[Measured] = []
    missing = 0
    for line, cells in rows:
        if len(cells) != len(heading):
            refusals.add(line, "width", ",".join(cells))
            continue
        try:
            station = cells[places[layout.station]] if layout.station else layout.only
            if not station or len(station) > 60:
                raise Bad("station", station)
            at_ms = clock.read(" ".join(cells[place] for place in times))
        except Bad as bad:
            refusals.add(line, bad.code, bad.said)
            continue
        for name, place, quantity in columns:
            said = cells[place]
            if said.casefold() in words:
                missing += 1
                continue
            try:
                value = number(said, "number", -1e15, 1e15)
            except Bad:
                refusals.add(line, "number", f"{name}: {said}")
                continue
            if value in numbers:
                missing += 1
                continue
            values.append(Measured(line, station, name, at_ms, _scaled(value, quantity)))
    return Table(tuple(values), missing, refusals)


def _scaled(value: float, quantity: Quantity) -> float:
    if quantity.scale == 1.0 and quantity.offset == 0.0:
        return value
    # 23 tenths are 2.3, not 2.3000000000000003.
    return round(value * quantity.scale + quantity.offset, 9)


def _missing(said: Sequence[str]) -> tuple[frozenset[str], frozenset[float]]:
    numbers = set()
    for one in said:
        try:
            numbers.add(number(one))
        except Bad:
            continue
    return frozenset(one.casefold() for one in said), frozenset(numbers)


@dataclass(slots=True)
class _Clock:
    """Times of a file; the same text is read once."""

    form: str
    zone: ZoneInfo
    _known: dict[str, int] = field(default_factory=dict)

    def read(self, said: str) -> int:
        """Epoch ms. Raises Bad."""
        found = self._known.get(said)
        if found is None:
            if len(self._known) > 100_000:
                self._known.clear()
            found = self._known[said] = self._read(said)
        return found

    def _read(self, said: str) -> int:
        if self.form in (EPOCH_S, EPOCH_MS):
            at_ms = round(number(said, "time", 0, 1e14) * (1000 if self.form == EPOCH_S else 1))
        else:
            at_ms = round(self._moment(said).timestamp() * 1000)
        if not EARLIEST_MS <= at_ms < LATEST_MS:
            raise Bad("time", said)
        return at_ms

    def _moment(self, said: str) -> datetime:
        try:
            if self.form == ISO:
                tidy = _FRACTION.sub(lambda one: f"{one[1]}.{one[2][:6].ljust(6, '0')}", said.replace("/", "-"))
                at = datetime.fromisoformat(tidy)
            else:
                at = datetime.strptime(said, self.form)
        except ValueError:
            raise Bad("time", said) from None
        if at.tzinfo is not None:
            return at.astimezone(UTC)
        local = at.replace(tzinfo=self.zone)
        # An hour that a clock change skips or repeats would be a guess.
        if local.utcoffset() != local.replace(fold=1).utcoffset():
            raise Bad("time_zone_gap", said)
        return local.astimezone(UTC)


def hours_of(values: Sequence[Measured]) -> dict[int, list[Measured]]:
    """The values by the hour (epoch hours UTC) of their time, hours and values in order of time."""
    found: dict[int, list[Measured]] = {}
    for one in sorted(values, key=lambda one: one.at_ms):
        found.setdefault(one.at_ms // HOUR_MS, []).append(one)
    return found
