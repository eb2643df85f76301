"""The question as it is asked of the database: all regions and years at once, one grouped query a register."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from django.conf import settings
from django.db.models import Count, Min, Q, Sum
from django.db.models.functions import Coalesce

from anlan.kernel.indicators.asking import F8, I4, Part, Reason, Reasons, State
from anlan.kernel.indicators.declarations import LOOK_BACK, Indicator, Input, Source, input_of
from anlan.kernel.indicators.models import Figure
from anlan.kernel.indicators.places import Places
from anlan.kernel.regions.models import Region

#: Years that are measured: the running one and those before it.
YEARS = 5


def local_day(now: datetime) -> date:
    """The day of the bureau."""
    return now.astimezone(ZoneInfo(settings.TIME_ZONE)).date()


def year_bounds(year: int, *, day: bool = False) -> tuple[Any, Any]:
    """First moment (or day) of a year in the bureau's zone, and of the year after it."""
    first, after = date(year, 1, 1), date(year + 1, 1, 1)
    if day:
        return first, after
    zone = ZoneInfo(settings.TIME_ZONE)
    return datetime.combine(first, time(), tzinfo=zone), datetime.combine(after, time(), tzinfo=zone)


def share_passed(day: date, year: int) -> float:
    """How much of a year is over at the end of a day, 0 … 1."""
    first, after = date(year, 1, 1), date(year + 1, 1, 1)
    return min(1.0, max(0.0, ((day - first).days + 1) / (after - first).days))


@dataclass(frozen=True, slots=True)
class _Counted:
    """Numbers of a source by input: float[places, span], summed upwards; the year in which it begins, and the first
    that it covers from the beginning; whether it has any row; rows without the date by which they would count,
    float[places]."""

    numbers: dict[str, F8]
    begins: int
    whole: int
    empty: bool
    undated: dict[str, F8]


class Live:
    """All places and some years, as of now. What was read once is kept for the other formulas of the same run."""

    def __init__(self, places: Places, years: Iterable[int], wanted: Iterable[Indicator], *, now: datetime) -> None:
        self.places = places
        self.years = sorted(years)
        self.now = now
        self.today = local_day(now)
        self.reasons = Reasons()
        #: Years for which inputs are read: the asked ones and those that formulas look back to.
        self.span = list(range(self.years[0] - LOOK_BACK, self.years[-1] + 1))
        self._codes = list(dict.fromkeys(code for one in wanted for code in one.needs))
        self._whole: dict[str, Part] = {}
        self._sources: dict[str, _Counted] = {}
        self._figures: dict[str, tuple[F8, F8]] | None = None

    def part(self, code: str, back: int = 0) -> Part:
        """An input in each asked year, or `back` years before it."""
        if not 0 <= back <= LOOK_BACK:
            raise ValueError(f"{code}: formulas look back {LOOK_BACK} years at most, not {back}")
        if code not in self._whole:
            self._whole[code] = self._read(input_of(code))
        whole = self._whole[code]
        columns = [self.span.index(year - back) for year in self.years]
        ahead = None if whole.ahead is None else whole.ahead[:, columns]
        return Part(whole.values[:, columns], whole.why[:, columns], ahead, None if back else whole.undated)

    def _read(self, one: Input) -> Part:
        if one.level:
            return self._places_of(one)
        if one.source is None:
            return self._entered(one)
        counted = self._count(one.source)
        return self._flowing(one, counted) if one.source.moment else self._standing(one, counted)

    def _entered(self, one: Input) -> Part:
        entered, ahead = self._figures_of(one.code)
        any_figure = not bool(np.isnan(entered).all())
        lacking = self._lacking(one, any_figure)
        if not one.rolls:
            why = np.where(np.isnan(entered), lacking, 0).astype(np.int32)
            return Part(entered, self._not_yet(why), ahead if one.flow else None)
        values, known, of = self.places.gathered(entered)
        why = np.where(np.isnan(values), lacking, 0)
        for row, column in np.argwhere(known > 0).tolist():
            reason = Reason(
                State.PARTIAL, one.code, self.span[column], known=int(known[row, column]), of=int(of[row, column])
            )
            why[row, column] = self.reasons.number(reason)
        carried = self.places.gathered(ahead)[0] if one.flow else None
        return Part(values, self._not_yet(why.astype(np.int32)), carried)

    def _flowing(self, one: Input, counted: _Counted) -> Part:
        values = counted.numbers[one.code].copy()
        why = np.zeros(values.shape, np.int32)
        years = np.array(self.span)
        before = np.broadcast_to(years < counted.begins, values.shape)
        if counted.empty:
            why[:] = self._number(State.EMPTY, one)
        elif not counted.begins:
            why[:] = self._number(State.UNDATED, one)
        else:
            begins = self.reasons.number(Reason(State.BEGINS, one.code, year=counted.begins))
            why = np.where(before, begins, why).astype(np.int32)
        # What a year was like before the register began may be known from elsewhere; so may the year of which it saw
        # only the end, and then what a person entered is the better number.
        partly = np.broadcast_to((years >= counted.begins) & (years < counted.whole), values.shape)
        entered, ahead = self._figures_of(one.code)
        gathered = self.places.gathered(entered)[0]
        filled = ((why != 0) | partly) & ~np.isnan(gathered)
        values = np.where(filled, gathered, values)
        why = np.where(filled, 0, why).astype(np.int32)
        values = np.where(why == 0, values, np.nan)
        carried = np.where(filled, self.places.gathered(ahead)[0], np.nan)
        return Part(values, self._not_yet(why), carried, counted.undated[one.code])

    def _standing(self, one: Input, counted: _Counted) -> Part:
        values = np.full((len(self.places), len(self.span)), np.nan)
        why = np.full(values.shape, self._number(State.EMPTY if counted.empty else State.PAST, one), np.int32)
        if not counted.empty and self.today.year in self.span:
            column = self.span.index(self.today.year)
            values[:, column] = counted.numbers[one.code][:, 0]
            why[:, column] = 0
        return Part(values, self._not_yet(why))

    def _places_of(self, one: Input) -> Part:
        """How many places of a level there are today; the tree keeps no past."""
        own = self.places.of_level((one.level,)).astype(np.float64)[:, None]
        values = np.broadcast_to(self.places.summed(own), (len(self.places), len(self.span))).copy()
        empty = not own.any()
        why = np.full(values.shape, self._number(State.EMPTY, one) if empty else 0, np.int32)
        return Part(np.where(why == 0, values, np.nan), self._not_yet(why))

    def _lacking(self, one: Input, any_figure: bool) -> I4:
        """The reason for a figure that is not there, by year of the span."""
        if not any_figure:
            return np.full((1, len(self.span)), self._number(State.EMPTY, one), np.int32)
        numbers = [self.reasons.number(Reason(State.MISSING, one.code, year)) for year in self.span]
        return np.array([numbers], np.int32)

    def _not_yet(self, why: I4) -> I4:
        """A year that has not begun has no number, whatever was entered."""
        coming = np.array(self.span) > self.today.year
        ahead = self.reasons.number(Reason(State.AHEAD))
        return np.where(coming[None, :], ahead, why).astype(np.int32)

    def _number(self, state: State, one: Input) -> int:
        return self.reasons.number(Reason(state, one.code))

    def _figures_of(self, code: str) -> tuple[F8, F8]:
        """What was entered of an input, as it stands and carried on to the year's end; one query for all inputs."""
        if self._figures is None:
            self._figures = {}
            entered: dict[tuple[str, int, int], datetime] = {}
            former: list[tuple[str, int, int, float, float, datetime]] = []
            merged = self._merged()
            rows = Figure.records.filter(year__in=self.span, input__in=self._codes)
            for name, region, year, value, upto, at in rows.values_list(
                "input", "region_id", "year", "value", "upto", "at"
            ):
                share = share_passed(upto, year) if upto is not None else 1.0
                carried = value / share if share > 0 else np.nan
                column = self.span.index(year)
                if region in merged:
                    row, ended = merged[region]
                    former.append((name, row, column, value, carried, ended))
                elif region in self.places.row:
                    row = self.places.row[region]
                    self._put(name, row, column, value, carried)
                    entered[name, row, column] = at
            for name, row, column, value, carried, ended in former:
                at = entered.get((name, row, column))
                # Entered after the merger, a number is one of both; before it, the place that ended comes on top. Where
                # the place that took it in has none, one part is no number of the whole.
                if input_of(name).rolls and at is not None and at < ended:
                    plain, ahead = self._figures[name]
                    plain[row, column] += value
                    ahead[row, column] += carried
        return self._figures.get(code) or (self._nothing(), self._nothing())

    def _put(self, name: str, row: int, column: int, value: float, carried: float) -> None:
        assert self._figures is not None
        plain, ahead = self._figures.setdefault(name, (self._nothing(), self._nothing()))
        plain[row, column], ahead[row, column] = value, carried

    def _merged(self) -> dict[int, tuple[int, datetime]]:
        """Places that were merged: the row of the one that they lie in now, and the moment from which they do."""
        ended = Region.records.filter(valid_until__isnull=False).values_list("pk", "successor_id", "valid_until")
        into = {pk: (successor, until) for pk, successor, until in ended}
        zone = ZoneInfo(settings.TIME_ZONE)
        found = {}
        for pk, (successor, until) in into.items():
            while successor in into:
                successor = into[successor][0]
            row = self.places.nearest(successor)
            if row >= 0:
                found[pk] = (row, datetime.combine(until, time(), tzinfo=zone))
        return found

    def _nothing(self) -> F8:
        return np.full((len(self.places), len(self.span)), np.nan)

    def _count(self, source: Source) -> _Counted:
        """Every input of a source that this run needs, in one grouped query."""
        if source.code not in self._sources:
            inputs = [one for code in self._codes if (one := input_of(code)).source is source]
            self._sources[source.code] = self._by_year(source, inputs) if source.moment else self._today(source, inputs)
        return self._sources[source.code]

    def _today(self, source: Source, inputs: list[Input]) -> _Counted:
        if source.numbers is not None:
            return self._itself(source.numbers(self.now), inputs)
        asked = {one.code: _aggregate(one, self.now, Q()) for one in inputs}
        rows = list(source.rows().order_by().values(source.region).annotate(**asked))
        numbers = {one.code: self._summed(one, source, rows, {one.code: 0}, 1) for one in inputs}
        return _Counted(numbers, 0, 0, not rows, {})

    def _itself(self, found: list[tuple[str, int, float]] | None, inputs: list[Input]) -> _Counted:
        numbers = {}
        for one in inputs:
            own = ((region, {0: number}) for code, region, number in found or () if code == one.code)
            numbers[one.code] = self.places.summed(self.places.own(own, 1))
        return _Counted(numbers, 0, 0, found is None, {})

    def _by_year(self, source: Source, inputs: list[Input]) -> _Counted:
        # A register is asked for no year more than formulas need: one before the first.
        years = [year for year in self.span if year >= self.years[0] - 1]
        asked: dict[str, Any] = {"first_": Min(source.moment)}
        for year in years:
            first, after = year_bounds(year, day=source.day)
            within = Q(**{f"{source.moment}__gte": first, f"{source.moment}__lt": after})
            asked |= {f"{one.code}_{year}": _aggregate(one, self.now, within) for one in inputs}
        none = Q(**{f"{source.moment}__isnull": True})
        asked |= {f"{one.code}_undated": _aggregate(one, self.now, none) for one in inputs}
        rows = list(source.rows().order_by().values(source.region).annotate(**asked))
        firsts = [row["first_"] for row in rows if row["first_"] is not None]
        first = min((local_day(one) if isinstance(one, datetime) else one for one in firsts), default=None)
        begins = first.year if first is not None else 0
        whole = begins if first is None or first.month == 1 else begins + 1
        numbers = {
            one.code: self._summed(
                one, source, rows, {f"{one.code}_{year}": self.span.index(year) for year in years}, len(self.span)
            )
            for one in inputs
        }
        undated = {one.code: self._summed(one, source, rows, {f"{one.code}_undated": 0}, 1)[:, 0] for one in inputs}
        return _Counted(numbers, begins, whole, not rows, undated)

    def _summed(
        self, one: Input, source: Source, rows: list[dict[str, Any]], columns: dict[str, int], width: int
    ) -> F8:
        found = (
            (row[source.region], {column: float(row[name] or 0) for name, column in columns.items()}) for row in rows
        )
        total = self.places.summed(self.places.own(found, width))
        if not one.places:
            return total
        there = (total > 0) & self.places.of_level((one.places,))[:, None]
        return self.places.summed(there.astype(np.float64))


def _aggregate(one: Input, now: datetime, within: Q) -> Any:
    only = within & one.counted(now) if one.counted is not None else within
    if one.of is not None:
        return Coalesce(Sum(one.of, filter=only), 0.0) if only else Coalesce(Sum(one.of), 0.0)
    return Count("pk", filter=only) if only else Count("pk")


def years_until(now: datetime, count: int) -> list[int]:
    """The running year and those before it, `count` in all."""
    last = local_day(now).year
    return list(range(last - count + 1, last + 1))
