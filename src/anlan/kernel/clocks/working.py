"""Time that counts only on working days, and its inverse; pure functions of their arguments.

A deadline in working time runs on working days from midnight to midnight of the bureau's zone and stands still on the
others: three working days given on Friday 15:00 end on Wednesday 15:00. Saturdays and Sundays are free unless moved;
the yearly notice of the State Council says which days are off and which weekends are worked.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

DAY_S = 86400

#: How far a deadline may reach; beyond it the calendar is wrong (every day off), not the deadline long.
MOST_DAYS = 366 * 20


@dataclass(frozen=True, slots=True)
class Holidays:
    """Days that differ from the plain week: `off` are days inside holidays, `on` are worked weekends."""

    off: frozenset[date] = frozenset()
    on: frozenset[date] = frozenset()

    @classmethod
    def of(cls, bodies: Iterable[Mapping[str, Any]]) -> Holidays:
        """The calendar that several rulebook bodies make together: `holidays` [{first, last}] and `worked` [day]."""
        off: set[date] = set()
        on: set[date] = set()
        for body in bodies:
            for span in body.get("holidays") or ():
                first, last = date.fromisoformat(span["first"]), date.fromisoformat(span["last"])
                off.update(first + timedelta(days=n) for n in range((last - first).days + 1))
            on.update(date.fromisoformat(day) for day in body.get("worked") or ())
        return cls(off=frozenset(off), on=frozenset(on))

    def is_working(self, day: date) -> bool:
        return day in self.on or (day.weekday() < 5 and day not in self.off)


WEEKENDS_ONLY = Holidays()


def add_working_time(start: datetime, seconds: float, zone: ZoneInfo, holidays: Holidays = WEEKENDS_ONLY) -> datetime:
    """The moment at which `seconds` of working time have passed since `start`.

    start     aware, any zone
    seconds   >= 0; a working day has as many seconds as it has in the zone (86,400 where no clock is changed)
    zone      the bureau's zone, which says where a day begins
    returns   aware UTC; with 0 seconds `start` itself, also on a free day

    Raises ValueError for a naive start, a negative span, or a calendar in which the span never ends.
    """
    if seconds < 0:
        raise ValueError(f"working time runs forward only, not {seconds} s")
    left = timedelta(seconds=seconds)
    if not left:
        return _aware(start).astimezone(UTC)
    for since, until in _working_stretches(start, zone, holidays):
        if until - since >= left:
            return since + left
        left -= until - since
    raise ValueError(
        f"{seconds} s of working time do not end within {MOST_DAYS} days: look at the calendar of holidays"
    )


def working_seconds(start: datetime, end: datetime, zone: ZoneInfo, holidays: Holidays = WEEKENDS_ONLY) -> float:
    """Seconds of working time from `start` to `end`; 0 when `end` is not after `start`. Inverse of `add_working_time`.

    Raises ValueError for naive times.
    """
    end = _aware(end).astimezone(UTC)
    total = timedelta()
    for since, until in _working_stretches(start, zone, holidays):
        if since >= end:
            break
        total += min(until, end) - since
    return total.total_seconds()


def _aware(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError(f"{moment} has no zone")
    return moment


def _working_stretches(start: datetime, zone: ZoneInfo, holidays: Holidays) -> Iterator[tuple[datetime, datetime]]:
    """Working days after `start` as half-open spans in UTC, the first cut at `start`."""
    start = _aware(start).astimezone(UTC)
    day = start.astimezone(zone).date()
    for _n in range(MOST_DAYS):
        after = day + timedelta(days=1)
        if holidays.is_working(day):
            yield max(start, _midnight(day, zone)), _midnight(after, zone)
        day = after


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time.min, zone).astimezone(UTC)
