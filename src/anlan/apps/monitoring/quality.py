"""The quality of alarms (报警质量) after EEMUA 191 and ISA-18.2: how many come, how, and whether they are answered.

One reading of the alarms of a period gives every figure of the page, of its towns and sites, and the alarms behind each
figure, so that a number and its rows cannot differ. Exercises and late discoveries do not count: nobody heard them.
The targets stand in the rulebook (kind "alarm_life", codes Q-…), each with its source.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from django.conf import settings
from django.db.models import Q, QuerySet
from numpy.typing import NDArray

from anlan.kernel.regions import queries as regions
from anlan.kernel.regions.models import Level
from anlan.kernel.regions.scope import reach, within
from anlan.kernel.rulebook import queries as rulebook
from anlan.kernel.rulebook.models import Entry
from anlan.kernel.sensing.alarm_life import FLOOD, KIND, STALE, LifeRules
from anlan.kernel.sensing.models import Alarm, Point, Shelving
from anlan.kernel.sensing.rules import LIVE

PERIODS = ("day", "week", "month")

#: How many of the most frequent alarms are named.
TOP = 10

#: Measures whose figure is a share, shown in per cent.
SHARES = ("flood", "top", "low", "medium", "high", "answered")

F8 = NDArray[np.float64]
B1 = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Period:
    """A day, a week from Monday or a month of the bureau's zone; `until` is its end, or now while it runs."""

    kind: str
    first: date
    start: datetime
    end: datetime
    until: datetime

    @property
    def before(self) -> date:
        """A day of the period before this one."""
        return self.first - timedelta(days=1)

    @property
    def after(self) -> date:
        """The first day of the next period."""
        return _next(self.kind, self.first)

    @property
    def last(self) -> date:
        return self.after - timedelta(days=1)


def period_of(kind: str, day: date, now: datetime) -> Period:
    """The period of this kind in which `day` lies.

    now  aware; a period that runs ends here, one that has not begun is empty
    """
    zone = ZoneInfo(settings.TIME_ZONE)
    if kind == "week":
        day -= timedelta(days=day.weekday())
    elif kind == "month":
        day = day.replace(day=1)
    start, end = (datetime.combine(one, time(), tzinfo=zone) for one in (day, _next(kind, day)))
    return Period(kind, day, start, end, max(start, min(end, now)))


def _next(kind: str, first: date) -> date:
    if kind == "month":
        return (first.replace(day=28) + timedelta(days=4)).replace(day=1)
    return first + timedelta(days=7 if kind == "week" else 1)


@dataclass(frozen=True, slots=True)
class Alarms:
    """The alarms of a period in columns, in the order of their raising; times in seconds of the epoch, NaN for none."""

    pk: NDArray[np.int64]
    point: NDArray[np.int64]
    entry: NDArray[np.int64]
    region: NDArray[np.int64]
    raised: F8
    seen: F8
    level: NDArray[np.int64]
    answered: F8
    due: F8
    shelved_s: F8
    chattering: B1

    def where(self, mask: B1) -> Alarms:
        return Alarms(*(getattr(self, name)[mask] for name in self.__dataclass_fields__))

    def __len__(self) -> int:
        return int(self.pk.size)


@dataclass(frozen=True, slots=True)
class Floods:
    """When a flood begins and ends: above `begin` alarms in a pane, below `end` in a later one."""

    begin: float
    end: float
    pane_s: float


@dataclass(frozen=True, slots=True)
class Figures:
    """What the page says of some alarms; shares 0 .. 1, None where there is nothing to say it of.

    panes  alarms in each pane of the period
    flood  share of the panes in flood
    late   those that nobody answered in time; `answerable` those whose time is over or that were answered
    """

    n: int
    average: float | None
    peak: int
    flood: float | None
    chattering: int
    stale: int
    top: float | None
    low: float | None
    medium: float | None
    high: float | None
    answered: float | None
    answerable: int
    late: int
    median_s: float | None
    panes: NDArray[np.int64]
    flooded: B1


# --- reading ----------------------------------------------------------------------------------------------------------


def heard(viewer: Any, *, town: str = "", site: str = "") -> QuerySet[Alarm]:
    """Alarms that somebody heard, in the viewer's reach; of one town (its path) or one site (its ref)."""
    rows: QuerySet[Alarm] = Alarm.objects.for_actor(viewer, "alarm.see").filter(retrospective=False, lane=LIVE)
    return rows.filter(_at(town, site))


def _at(town: str, site: str, alarm: str = "") -> Q:
    """Rows of one town, of one site, or all. A region above the towns stands for itself alone: its towns have theirs.

    alarm  how the row reaches its alarm: "alarm__"
    """
    place = Q()
    if town:
        node = regions.tree().by_path.get(town)
        is_town = node is not None and node.level == Level.TOWN
        place &= Q(**{f"{alarm}region__path__startswith" if is_town else f"{alarm}region__path": town})
    if site:
        place &= Q(**{f"{alarm}point__site_ref": site})
    return place


_COLUMNS = (
    "pk", "point_id", "entry_id", "region_id", "raised_at", "seen_at", "level_max", "acknowledged_at", "answer_due",
    "shelved_s", "chattering_since",
)  # fmt: skip


def read(rows: QuerySet[Alarm], period: Period) -> Alarms:
    """The alarms raised in the period, in one question."""
    found = list(
        rows.filter(raised_at__gte=period.start, raised_at__lt=period.until)
        .order_by("raised_at", "pk")
        .values_list(*_COLUMNS)
    )
    pk, point, entry, region, raised, seen, level, answered, due, shelved, chattering = (
        zip(*found, strict=True) if found else ((),) * len(_COLUMNS)
    )
    numbers = [np.array(column, np.int64) for column in (pk, point, entry, region)]
    return Alarms(
        numbers[0],
        numbers[1],
        numbers[2],
        numbers[3],
        _seconds(raised),
        _seconds(seen),
        np.array(level, np.int64),
        _seconds(answered),
        _seconds(due),
        np.array(shelved, np.float64),
        np.array([moment is not None for moment in chattering], np.bool_),
    )


def _seconds(moments: Sequence[datetime | None]) -> F8:
    return np.array([moment.timestamp() if moment is not None else np.nan for moment in moments], np.float64)


def stale(rows: QuerySet[Alarm], period: Period, after_s: float) -> QuerySet[Alarm]:
    """Alarms that were on for longer than `after_s` seconds when the period ended."""
    until = period.until
    still_on = Q(cleared_at=None) | Q(cleared_at__gt=until)
    return rows.filter(
        still_on, Q(closed_at=None) | Q(closed_at__gt=until), raised_at__lt=until - timedelta(seconds=after_s)
    )


def shelvings(viewer: Any, period: Period, *, town: str = "", site: str = "") -> list[Shelving]:
    """What was shelved or asked for in the period, or was still shelved in it: W5 puts it on the daily figures."""
    rows = Shelving.objects.filter(
        within(reach(viewer, "alarm.see"), "alarm__region__path"),
        Q(ended_at=None) | Q(ended_at__gte=period.start),
        _at(town, site, "alarm__"),
        alarm__exercise=False,
        asked_at__lt=period.until,
    )
    people = ("asked_by", "confirmed_by", "ended_by")
    return list(rows.select_related("alarm__point", "alarm__region", *people).order_by("-asked_at")[:200])


def targets(at: datetime) -> dict[str, Entry]:
    """Measure → the rulebook entry that says what is good."""
    found = rulebook.entries(KIND, at, regions.root())
    return {entry.body["measure"]: entry for entry in found if "measure" in entry.body}


def flood_rule(at: datetime) -> Floods | None:
    """None where the rulebook does not say what a flood is."""
    body = LifeRules(at).body(FLOOD, None)
    return Floods(float(body["begin"]), float(body["end"]), float(body["window_s"])) if body is not None else None


def stale_after_s(at: datetime) -> float | None:
    body = LifeRules(at).body(STALE, None)
    return float(body["after_s"]) if body is not None else None


# --- reckoning --------------------------------------------------------------------------------------------------------


def in_panes(raised: F8, start: float, until: float, pane_s: float) -> NDArray[np.int64]:
    """Alarms in each pane from `start`; the last pane is cut off at `until`.

    raised  seconds of the epoch, start <= raised < until
    returns int64, at least one pane
    """
    n = max(1, int(np.ceil((until - start) / pane_s)))
    return np.bincount(((raised - start) // pane_s).astype(np.int64), minlength=n)


def in_flood(panes: NDArray[np.int64], begin: float, end: float) -> B1:
    """Which panes lie in a flood: from one above `begin` until one below `end`, which is out of it again."""
    mark = np.where(panes > begin, 1, np.where(panes < end, 0, -1))
    last = np.maximum.accumulate(np.where(mark >= 0, np.arange(panes.size), -1))
    return np.where(last >= 0, mark[last] == 1, False)


def answered_in_time(alarms: Alarms, now: float) -> tuple[B1, B1]:
    """Which alarms were answered in time, and which were not; what is still within its time is neither.

    An alarm whose level has no answer clock in the rulebook has no time and is neither.
    """
    timed = ~np.isnan(alarms.due)
    with np.errstate(invalid="ignore"):
        good = timed & (alarms.answered <= alarms.due)
        late = timed & ~good & (~np.isnan(alarms.answered) | (alarms.due < now))
    return good, late


def most_frequent(alarms: Alarms, n: int = TOP) -> list[tuple[int, int, int]]:
    """The (point, entry) pairs with the most alarms and how many, the most first; of equals the lower point first."""
    if not len(alarms):
        return []
    pairs, counts = np.unique(np.stack((alarms.point, alarms.entry), axis=1), axis=0, return_counts=True)
    best = np.argsort(-counts, kind="stable")[:n]
    return [(int(pairs[i, 0]), int(pairs[i, 1]), int(counts[i])) for i in best]


def figures(alarms: Alarms, period: Period, flood: Floods | None, stale_n: int, levels: Mapping[str, Any]) -> Figures:
    """Every figure of some alarms of a period.

    stale_n  how many were stale at its end
    levels   measure "low", "medium", "high" → the levels it counts
    """
    start, until = period.start.timestamp(), period.until.timestamp()
    pane_s = flood.pane_s if flood is not None else 600.0
    panes = in_panes(alarms.raised, start, until, pane_s)
    flooded = in_flood(panes, flood.begin, flood.end) if flood is not None else np.zeros(panes.size, np.bool_)
    n = len(alarms)
    good, late = answered_in_time(alarms, until)
    waits = (alarms.answered - alarms.seen - alarms.shelved_s)[~np.isnan(alarms.answered)]
    answerable = int(good.sum() + late.sum())
    return Figures(
        n=n,
        average=n / ((until - start) / pane_s) if until > start else None,
        peak=int(panes.max()),
        flood=float(flooded.mean()) if flood is not None and until > start else None,
        chattering=int(np.unique(alarms.point[alarms.chattering]).size),
        stale=stale_n,
        top=sum(count for _p, _e, count in most_frequent(alarms)) / n if n else None,
        **{name: _share(alarms, levels.get(name)) for name in ("low", "medium", "high")},
        answered=float(good.sum()) / answerable if answerable else None,
        answerable=answerable,
        late=int(late.sum()),
        median_s=float(np.median(np.maximum(waits, 0.0))) if waits.size else None,
        panes=panes,
        flooded=flooded,
    )


def _share(alarms: Alarms, levels: Any) -> float | None:
    if not len(alarms) or not levels:
        return None
    return float(np.isin(alarms.level, list(levels)).mean())


def behind(measure: str, alarms: Alarms, period: Period, flood: Floods | None, levels: Mapping[str, Any]) -> B1:
    """Which alarms stand behind a figure: those that make it poor, or all that it counts.

    Raises KeyError for a measure that has no alarms of its own ("stale" is a question of its own).
    """
    start, until = period.start.timestamp(), period.until.timestamp()
    everything = np.ones(len(alarms), np.bool_)
    pane_s = flood.pane_s if flood is not None else 600.0
    panes = in_panes(alarms.raised, start, until, pane_s)
    pane_of = ((alarms.raised - start) // pane_s).astype(np.int64)
    if measure in ("all", "average"):
        return everything
    if measure == "peak":
        return pane_of == int(panes.argmax())
    if measure == "flood":
        return in_flood(panes, flood.begin, flood.end)[pane_of] if flood is not None else ~everything
    if measure == "chattering":
        return alarms.chattering
    if measure == "top":
        named = {(point, entry) for point, entry, _n in most_frequent(alarms)}
        pairs = zip(alarms.point.tolist(), alarms.entry.tolist(), strict=True)
        return np.array([pair in named for pair in pairs], np.bool_)
    if measure in ("low", "medium", "high"):
        return np.isin(alarms.level, list(levels.get(measure) or ()))
    if measure in ("answered", "late"):
        return answered_in_time(alarms, until)[0 if measure == "answered" else 1]
    if measure == "median":
        return ~np.isnan(alarms.answered)
    raise KeyError(measure)


def is_good(value: float | None, entry: Entry | None) -> bool | None:
    """Whether a figure meets its target; None where there is nothing to judge."""
    if value is None or entry is None:
        return None
    target = float(entry.body["target"])
    if entry.body["relation"] == "at_least":
        return value >= target
    return value < target if entry.body["relation"] == "below" else value <= target


# --- by place ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Place:
    """A town (code by its path) or a site (code by its ref) with its figures."""

    code: str
    name: str
    figures: Figures


def by_place(
    alarms: Alarms,
    stale_ones: Sequence[tuple[int, int]],
    period: Period,
    flood: Floods | None,
    levels: Mapping[str, Any],
) -> tuple[list[Place], list[Place]]:
    """Figures for each town and each site that has an alarm in the period or a stale one, the most alarms first.

    stale_ones  (point, region) of each stale alarm
    """
    points = set(alarms.point.tolist()) | {point for point, _region in stale_ones}
    named = Point.records.filter(pk__in=points).values_list("pk", "site_ref", "site_name")
    sites = {pk: (ref, name or ref) for pk, ref, name in named if ref}
    towns = {region: _town(region) for region in {*alarms.region.tolist(), *(region for _point, region in stale_ones)}}
    town_of = [towns[region][0] for region in alarms.region.tolist()]
    site_of = [sites.get(point, ("", ""))[0] for point in alarms.point.tolist()]
    stale_towns = [towns[region][0] for _point, region in stale_ones]
    stale_sites = [sites.get(point, ("", ""))[0] for point, _region in stale_ones]

    def places(names: Mapping[str, str], of: Sequence[str], stale_of: Sequence[str]) -> list[Place]:
        number = {code: i for i, code in enumerate(names)}
        numbers = np.array([number.get(code, -1) for code in of], np.int64)
        found = [
            Place(code, name, figures(alarms.where(numbers == i), period, flood, stale_of.count(code), levels))
            for i, (code, name) in enumerate(names.items())
        ]
        return sorted(found, key=lambda place: (-place.figures.n, place.name))

    return (
        places(dict(towns.values()), town_of, stale_towns),
        places(dict(sites.values()), site_of, stale_sites),
    )


def _town(region_id: int) -> tuple[str, str]:
    """Path and name of the town in which a region lies; of a region above the towns its own."""
    tree = regions.tree()
    node = tree.by_id[region_id]
    for one in (node, *reversed(tree.ancestors(node.path))):
        if one.level == Level.TOWN:
            return one.path, one.name
    return node.path, node.name
