"""Questions about what was measured: the account of a place in a year, one indicator over years and places."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from django.db.models import QuerySet

from anlan.kernel.indicators import rules
from anlan.kernel.indicators.asking import Kept, State
from anlan.kernel.indicators.declarations import Indicator, Kind, indicators, input_of
from anlan.kernel.indicators.judging import Forecast, Light, Rule, light
from anlan.kernel.indicators.live import YEARS, local_day, share_passed, year_bounds
from anlan.kernel.indicators.models import Measurement, Run, Target
from anlan.kernel.indicators.wording import amount, reason_words, where
from anlan.kernel.people.rights import EVERYWHERE, reach
from anlan.kernel.regions import queries as regions
from anlan.kernel.regions.models import Level, Region
from anlan.kernel.regions.queries import Node
from anlan.kernel.rulebook.models import Entry

VIEW = "indicator.view"


@dataclass(frozen=True, slots=True)
class Line:
    """One indicator in one place and year, with everything that a reader wants beside it.

    measured  None before the first measuring
    entry     the plan that the indicator comes from, if the rulebook knows one
    """

    indicator: Indicator
    place: Node
    year: int
    measured: Measurement | None
    target: Target | None
    forecast: Forecast
    light: Light
    entry: Entry | None

    @property
    def value(self) -> float | None:
        return self.measured.value if self.measured is not None else None

    @property
    def state(self) -> str:
        return self.measured.state if self.measured is not None else ""

    @property
    def amount(self) -> str:
        return amount(self.indicator, self.value)

    @property
    def foreseen(self) -> str:
        return amount(self.indicator, self.forecast.value)

    @property
    def aimed(self) -> str:
        if self.target is None:
            return ""
        return f"{self.target.get_comparator_display()} {amount(self.indicator, self.target.value)}"

    @property
    def why(self) -> str:
        """Why there is no number; empty where there is one."""
        return reason_words(self.measured.state, self.measured.reason) if self.measured is not None else ""

    @property
    def why_url(self) -> str:
        """Where the missing can be supplied, or is to be seen."""
        code = self.measured.reason.get("input", "") if self.measured is not None else ""
        return where(code, self.place.code, self.year) if code else ""


@dataclass(frozen=True, slots=True)
class Moment:
    """The day of the bureau, and from which share of a year on its end is foreseen."""

    now: datetime
    least: float | None
    entry: Entry | None
    run: Run | None

    @classmethod
    def of(cls, now: datetime) -> Moment:
        found = rules.least_share(now, regions.root())
        run = Run.objects.filter(codes=[]).order_by("-id").first()
        return cls(now, found[0] if found else None, found[1] if found else None, run)

    @property
    def year(self) -> int:
        return local_day(self.now).year


def places_seen(
    viewer: Any, levels: Iterable[str] = (Level.CITY, Level.COUNTY, Level.TOWN, Level.VILLAGE)
) -> list[Node]:
    """The measured places that a viewer may look at, widest first."""
    paths = reach(viewer, VIEW)
    tree = regions.tree()
    root = tree.root()
    wanted = set(levels)
    found = [
        node
        for node in tree.by_id.values()
        if root is not None
        and node.path.startswith(root.path)
        and node.level in wanted
        and any(path == EVERYWHERE or node.path.startswith(path) for path in paths)
    ]
    return sorted(found, key=lambda node: (node.path.count("/"), node.code))


def measurements(
    nodes: Sequence[Node], years: Iterable[int], codes: Iterable[str] | None = None
) -> QuerySet[Measurement]:
    """The newest measurement of each of these places, years and indicators."""
    rows = Measurement.records.filter(latest=True, region__in=[node.id for node in nodes], year__in=list(years))
    return rows if codes is None else rows.filter(indicator__in=list(codes))


def targets(
    nodes: Sequence[Node], years: Iterable[int], codes: Iterable[str] | None = None
) -> dict[tuple[str, int, int], Target]:
    """(indicator, place, year) → the target that holds there: its own, else that of the nearest place around it that
    speaks for the places inside too."""
    around = {prefix for node in nodes for prefix in regions.prefixes(node.path)}
    rows = Target.records.filter(ended_at=None, region__path__in=around, year__in=list(years)).select_related(
        "region", "by"
    )
    if codes is not None:
        rows = rows.filter(indicator__in=list(codes))
    found: dict[tuple[str, int, int], Target] = {}
    by_path = {node.path: node for node in nodes}
    for row in sorted(rows, key=lambda one: len(one.region.path)):
        own = by_path.get(row.region.path)
        inside = [node for node in nodes if node.path.startswith(row.region.path)] if row.below else []
        for node in [*inside, *([own] if own is not None else [])]:
            found[row.indicator, node.id, row.year] = row
    return found


def forecasts(one: Indicator, rows: Sequence[Measurement], moment: Moment) -> list[Forecast]:
    """What the year's end is likely to bring, for measurements of one indicator: its formula, asked again with what it
    was measured from carried on to the end of the year."""
    found: list[Forecast] = [Forecast(None, Rule.NONE)] * len(rows)
    flows = any(input_of(code).flow for code in one.needs)
    running: list[int] = []
    for at, row in enumerate(rows):
        if row.value is None or row.year > moment.year:
            continue
        if row.year < moment.year:
            found[at] = Forecast(row.value, Rule.OVER)
        elif not flows or one.kind is Kind.LEVEL:
            found[at] = Forecast(row.value, Rule.LATEST)
        elif moment.least is None or share_passed(local_day(moment.now), row.year) < moment.least:
            found[at] = Forecast(None, Rule.EARLY)
        else:
            running.append(at)
    if not running:
        return found
    # A number that did not change is not written again: it holds as of the last run over everything.
    last = moment.run.at if moment.run is not None else None
    shares = [
        share_passed(local_day(max(rows[at].at, last) if last is not None else rows[at].at), rows[at].year)
        for at in running
    ]
    asked = Kept(
        [rows[at].inputs for at in running], at_end={code: shares for code in one.needs if input_of(code).flow}
    )
    values = one.measure(asked).values[:, 0].tolist()
    for at, value in zip(running, values, strict=True):
        found[at] = Forecast(None if np.isnan(value) else value, Rule.LINEAR)
    return found


def lines(wanted: Sequence[Indicator], nodes: Sequence[Node], years: Sequence[int], moment: Moment) -> list[Line]:
    """Each indicator in each place and year, in that order; four queries however many there are."""
    codes = [one.code for one in wanted]
    held = {(row.indicator, row.region_id, row.year): row for row in measurements(nodes, years, codes)}
    aimed = targets(nodes, years, codes)
    plans = rules.aims(moment.now, regions.root())
    found: list[Line] = []
    for one in wanted:
        asked = [(node, year, held.get((one.code, node.id, year))) for node in nodes for year in years]
        measured = [row for _node, _year, row in asked if row is not None]
        ahead = dict(zip((row.pk for row in measured), forecasts(one, measured, moment), strict=True))
        for node, year, row in asked:
            forecast = ahead[row.pk] if row is not None else Forecast(None, Rule.NONE)
            target = aimed.get((one.code, node.id, year))
            found.append(
                Line(one, node, year, row, target, forecast, _light(one, row, forecast, target, year, moment),
                     plans.get(one.code))
            )  # fmt: skip
    return found


def _light(
    one: Indicator, row: Measurement | None, forecast: Forecast, target: Target | None, year: int, moment: Moment
) -> Light:
    if row is not None and row.state == State.NOT_HERE:
        return Light.NO_TARGET
    return light(
        kind=one.kind, value=row.value if row is not None else None, forecast=forecast,
        comparator=target.comparator if target is not None else None,
        target=target.value if target is not None else None, over=year < moment.year,
    )  # fmt: skip


def account(node: Node, year: int, moment: Moment) -> list[Line]:
    """Every indicator of a place in a year."""
    return lines(indicators(), [node], [year], moment)


def counted(found: Iterable[Line]) -> Counter[str]:
    """How many lines have each light."""
    return Counter(str(line.light) for line in found)


def years_measured(moment: Moment) -> list[int]:
    """The years that a page offers, the newest first."""
    return list(range(moment.year, moment.year - YEARS, -1))


def inside(node: Node) -> list[Node]:
    """The measured places right inside one."""
    return [one for one in regions.tree().children.get(node.id, []) if one.level != Level.GRID]


def history(code: str, node: Node, year: int) -> QuerySet[Measurement]:
    """Every measurement that differed from the one before, the newest first."""
    return Measurement.records.filter(indicator=code, region=node.id, year=year).order_by("-id")


def rows_behind(code: str, region: Region, year: int, now: datetime) -> QuerySet[Any]:
    """The very rows that an input counts in a place and year; whether a viewer may see them is asked before."""
    one = input_of(code)
    source = one.source
    assert source is not None
    path = source.region.removesuffix("_id") + "__path"
    rows = source.rows().filter(**{f"{path}__startswith": region.path})
    if source.moment:
        first, after = year_bounds(year, day=source.day)
        rows = rows.filter(**{f"{source.moment}__gte": first, f"{source.moment}__lt": after})
    if one.counted is not None:
        rows = rows.filter(one.counted(now))
    return rows
