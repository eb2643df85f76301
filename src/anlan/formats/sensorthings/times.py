"""Times of SensorThings: an instant, or an interval of two, always with a zone."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime

_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d([.,]\d{1,12})?)?(Z|[+-]\d\d(:?\d\d)?)", re.ASCII)


@dataclass(frozen=True, slots=True, order=True)
class Time:
    """An instant, or with `end` an interval; UTC, to the microsecond."""

    start: datetime
    end: datetime | None = None

    @property
    def backwards(self) -> bool:
        """Whether an interval ends before it begins."""
        return self.end is not None and self.end < self.start

    def __str__(self) -> str:
        """As ISO 8601."""
        start = _said(self.start)
        return start if self.end is None else f"{start}/{_said(self.end)}"


def instant_of(said: str) -> datetime:
    """The instant of a text. Raises ValueError for one without a zone and for no time at all."""
    if not _INSTANT.fullmatch(said):
        raise ValueError("no ISO 8601 time with a zone")
    return datetime.fromisoformat(said.replace(",", ".")).astimezone(UTC)


def time_of(said: str) -> Time:
    """The instant or interval of a text. Raises ValueError."""
    first, slash, second = said.partition("/")
    try:
        return Time(instant_of(first), instant_of(second) if slash else None)
    except OverflowError as error:
        raise ValueError("a time beyond the calendar") from error


def _said(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds" if at.microsecond else "seconds").replace("+00:00", "Z")
