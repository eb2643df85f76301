"""How often a hazard point is visited: arithmetic over the body of a rulebook entry of kind "patrol". No database."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from typing import Any


@dataclass(frozen=True, slots=True)
class Season:
    """A stretch of the year, both ends in it; `first` after `last` runs over the new year. Days as (month, day)."""

    name: str
    name_zh: str
    first: tuple[int, int]
    last: tuple[int, int]
    days: Mapping[str, int]

    def holds(self, day: date) -> bool:
        at = (day.month, day.day)
        if self.first <= self.last:
            return self.first <= at <= self.last
        return at >= self.first or at <= self.last


@dataclass(frozen=True, slots=True)
class Rhythm:
    """Days between two visits by level ("0" without one), by season, and after a finding."""

    register: str
    days: Mapping[str, int]
    seasons: tuple[Season, ...]
    after: Mapping[str, int]

    @classmethod
    def of(cls, body: Mapping[str, Any]) -> Rhythm:
        """From a rulebook body that `faults_of` has nothing against."""
        return cls(
            register=body["register"],
            days=dict(body["every"]),
            seasons=tuple(
                Season(one["name"], one["name_zh"], month_day(one["first"]), month_day(one["last"]), dict(one["every"]))
                for one in body.get("seasons", ())
            ),
            after=dict(body.get("after", {})),
        )

    def season(self, day: date) -> Season | None:
        """The season of a day, None outside of all."""
        return next((one for one in self.seasons if one.holds(day)), None)

    def every(self, level: int | None, finding: str, day: date) -> int:
        """Days from one visit to the next, as it holds on a day."""
        season = self.season(day)
        table = season.days if season is not None else self.days
        return min(table[str(level or 0)], self.after.get(finding, 1_000_000))

    def due(self, last: datetime, level: int | None, finding: str, *, now: datetime, zone: tzinfo) -> datetime:
        """By when the next visit is due: the end of the day so many days after the last, in the bureau's zone.

        The rhythm is the one of today, so that the beginning of a season brings visits forward.
        """
        every = self.every(level, finding, now.astimezone(zone).date())
        day = last.astimezone(zone).date() + timedelta(days=every + 1)
        return datetime.combine(day, time(), tzinfo=zone)


def month_day(text: str) -> tuple[int, int]:
    """("05-01") → (5, 1). Raises ValueError for a day that no year has."""
    month, day = (int(part) for part in text.split("-"))
    date(2024, month, day)  # a leap year, so that 29 February is one
    return month, day


LEVELS = ("0", "1", "2", "3", "4")
FINDINGS = ("normal", "changed", "danger")


def faults_of(body: Mapping[str, Any]) -> list[str]:
    """What is wrong with a body."""
    faults = []
    if not body.get("register"):
        faults.append("name the register whose points it is for")
    faults += _days_faults("every", body.get("every"))
    for one in body.get("seasons", ()):
        faults += _days_faults(f"season {one.get('name')}", one.get("every"))
        if not one.get("name") or not one.get("name_zh"):
            faults.append("a season has a name and a name_zh")
        for end in ("first", "last"):
            try:
                month_day(str(one.get(end)))
            except ValueError:
                faults.append(f'a season\'s {end} is written "05-01"')
    for finding, days in body.get("after", {}).items():
        if finding not in FINDINGS or not _is_days(days):
            faults.append(f"after gives whole days to one of {', '.join(FINDINGS)}: {finding}")
    return faults


def _days_faults(what: str, days: Any) -> list[str]:
    fine = isinstance(days, Mapping) and set(days) == set(LEVELS) and all(_is_days(one) for one in days.values())
    return [] if fine else [f"{what}: whole days above 0 for each of {', '.join(LEVELS)}, in quotes"]


def _is_days(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0
