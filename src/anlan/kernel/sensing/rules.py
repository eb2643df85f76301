"""From the rulebook to the engine: which rule holds for which point, and the log told of every change.

A row of `RuleVersion` is one rulebook entry put in force over some points in one lane of the log; its id is the rule
version that the engine knows. A changed rule is a new row. A point that joins gets a row of its own, so that the
timers of the others run on; a point that leaves ends the row and the rest start a new one.

An entry speaks about points by `kind` or `kinds`, by `points` (codes), by `site`, or by several of these together.
`limits` gives single points limits of their own, `instead_of` takes its points out of other rules, `ended` says that
the rule raises nothing more. A condition about several points hangs on an anchor (see `anchors`).

A rule that others hold down (`inhibits`) knows them by their versions, so a changed inhibitor makes new versions of
those that depend on it. An inhibitor counts where it stands over the same point; else, when it stands over few points
(an anchor, a station), wherever it is on.

Rules of one point in the live lane have a twin in the lane "backfill", where history is judged afterwards. Silence has
none: a hole in the past is seen in the history itself. Nor have conditions that look at another point, because a
delivery of old data brings one point without the other.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from django.db import connection, transaction
from django.db.models import Count, Max, Q

from anlan.engine import Rule
from anlan.kernel.regions.models import Region
from anlan.kernel.rulebook import queries as rulebook
from anlan.kernel.rulebook.models import Entry
from anlan.kernel.sensing import anchors
from anlan.kernel.sensing.conditions import (
    SEVERAL,
    SILENCE,
    BadCondition,
    canonical,
    codes_of,
    conditions_of,
    engine_rule,
    for_period,
    with_limits,
)
from anlan.kernel.sensing.models import Device, Point, PointKind, RuleVersion
from anlan.kernel.sensing.store import Store
from anlan.kernel.sensing.words import kinds_of

log = logging.getLogger(__name__)

KIND = "alarm"
LIVE = "live"
BACKFILL = "backfill"

#: Alarms that may hold one rule down: the engine takes no more.
MOST_INHIBITS = 8

#: entry id, condition as one text, lane
Held = tuple[int, str, str]
#: Rule versions with their points.
Standing = list[tuple[int, frozenset[int]]]
#: (rule version, point, severity) of each alarm that holds a rule down
Inhibits = tuple[tuple[int, int, int], ...]


# --- which rule speaks about which point ----------------------------------------------------------------------------


class Facts(NamedTuple):
    """What of a point decides under which rules it stands."""

    id: int
    code: str
    kind: str
    region_id: int
    site_ref: str
    period_s: int
    low: float | None
    high: float | None


def facts_of(rows: Any) -> Iterator[Facts]:
    """The facts of a queryset of points, in order of their numbers."""
    columns = rows.order_by("id").values_list(*Facts._fields)
    return (Facts(*row) for row in columns.iterator(chunk_size=2000))


def is_named(body: Mapping[str, Any], point: Facts) -> bool:
    """Does the body of a rule speak about this point? Every way in which it chooses must fit."""
    kinds = kinds_of(body)
    codes, site = body.get("points"), body.get("site")
    if not (kinds or codes or site):
        return False
    return (
        (not kinds or point.kind in kinds)
        and (not codes or point.code in codes)
        and (not site or point.site_ref == site)
    )


def settled(body: Mapping[str, Any], conditions: Sequence[Mapping[str, Any]], point: Facts) -> list[dict[str, Any]]:
    """The conditions of a body as they hold for a point; one that asks what its instrument has not is left out."""
    own = (body.get("limits") or {}).get(point.code)
    chosen = [with_limits(conditions[0], own)] if own else conditions
    found = [for_period(one, point.period_s, low=point.low, high=point.high) for one in chosen]
    return [one for one in found if one is not None]


def is_several(conditions: Sequence[Mapping[str, Any]]) -> bool:
    """Is this a rule about several points at once?"""
    return any(condition["type"] in SEVERAL for condition in conditions)


def judged_later(condition: Mapping[str, Any]) -> bool:
    """Is old data judged by this condition too?"""
    return condition["type"] not in (SILENCE, *SEVERAL) and "other" not in condition


@dataclass
class _Region:
    """The entries that decide in one region, by the quickest way to find those that may speak about a point."""

    by_kind: dict[str, list[Entry]] = field(default_factory=lambda: defaultdict(list))
    by_code: dict[str, list[Entry]] = field(default_factory=lambda: defaultdict(list))
    by_site: dict[str, list[Entry]] = field(default_factory=lambda: defaultdict(list))

    def add(self, entry: Entry) -> None:
        body = entry.body
        if body.get("points"):
            for code in body["points"]:
                self.by_code[code].append(entry)
        elif body.get("site"):
            self.by_site[body["site"]].append(entry)
        else:
            for kind in kinds_of(body):
                self.by_kind[kind].append(entry)

    def over(self, point: Facts) -> list[Entry]:
        """The entries that speak about a point, without those that another one replaces there."""
        here = [
            *self.by_kind.get(point.kind, ()),
            *self.by_code.get(point.code, ()),
            *self.by_site.get(point.site_ref, ()),
        ]
        named = [entry for entry in here if is_named(entry.body, point)]
        replaced = {code for entry in named for code in entry.body.get("instead_of") or ()}
        return [entry for entry in named if entry.code not in replaced] if replaced else named


class _Rulebook:
    """The alarm rules as they stand at one moment: read once, asked for each point."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self._regions: dict[int, _Region] = {}
        self._conditions: dict[int, list[dict[str, Any]]] = {}

    def conditions(self, entry: Entry) -> list[dict[str, Any]]:
        """The conditions of an entry; none where it cannot be meant, so that one rule does not keep the others out."""
        if entry.pk not in self._conditions:
            try:
                found = conditions_of(entry.body, code=entry.code)
                _known({code for condition in found for code in codes_of(condition)}, entry.code)
            except BadCondition as wrong:
                log.error("v%d is not put in force: %s", entry.version, wrong)
                found = []
            self._conditions[entry.pk] = found
        return self._conditions[entry.pk]

    def over(self, point: Facts) -> list[Entry]:
        if point.region_id not in self._regions:
            deciding = _Region()
            for entry in rulebook.entries(KIND, at=self.now, region=Region.objects.get(pk=point.region_id)):
                if not entry.body.get("ended") and not is_several(self.conditions(entry)):
                    deciding.add(entry)
            self._regions[point.region_id] = deciding
        return self._regions[point.region_id].over(point)

    def several(self) -> Iterator[tuple[Entry, Point]]:
        """Each rule about several points with its anchor, where all its members are known."""
        for entry in rulebook.entries(KIND, at=self.now):
            if entry.body.get("ended") or not is_several(self.conditions(entry)):
                continue
            codes = {code for condition in self.conditions(entry) for code in codes_of(condition)}
            members = list(Point.records.filter(code__in=codes).select_related("region"))
            region = anchors.common_region(members)
            if rulebook.lookup(KIND, entry.code, at=self.now, region=region).pk == entry.pk:
                yield entry, anchors.place(entry, members)


def _known(codes: set[str], rule: str) -> None:
    """Raises BadCondition when a rule names a point that there is not."""
    missing = codes - set(Point.records.filter(code__in=codes, exercise=False).values_list("code", flat=True))
    if missing:
        raise BadCondition(f"{rule}: there is no point {', '.join(sorted(missing))}")


# --- what holds now -----------------------------------------------------------------------------------------------


def sync(now: datetime) -> int:
    """Make the rows of `RuleVersion` say what the rulebook says at `now` about the enabled points.

    Returns the number of rows opened and ended. Doing it again changes nothing.
    """
    with transaction.atomic():
        _one_at_a_time()
        wanted = _wanted(now)
        held = _Rows()
        changes = 0
        for part in _in_order(wanted):
            changes += _settle(part, held, now)
        return changes + held.end_rest(now)


class _Rows:
    """The rows in force as they are found before a sync and become during it."""

    def __init__(self) -> None:
        self.rows: dict[Held, list[RuleVersion]] = defaultdict(list)
        found = RuleVersion.objects.filter(to_at=None, lane__in=(LIVE, BACKFILL)).select_for_update(of=("self",))
        for row in found.select_related("entry").order_by("id"):
            self.rows[row.entry_id, canonical(row.condition), row.lane].append(row)
        self._kept: list[RuleVersion] = []

    def take(self, held: Held) -> list[RuleVersion]:
        return self.rows.pop(held, [])

    def keep(self, row: RuleVersion) -> None:
        self._kept.append(row)

    def standing(self, code: str, lane: str) -> Standing:
        """The rows of a rule that stay or were opened."""
        return standing_of(row for row in self._kept if row.lane == lane and row.entry.code == code)

    def end_rest(self, now: datetime) -> int:
        """End the rows that nobody asked for."""
        rest = [row for rows in self.rows.values() for row in rows]
        for row in rest:
            _end(row, now)
        return len(rest)


def _settle(part: Mapping[Held, set[int]], rows: _Rows, now: datetime) -> int:
    """Open and end rows of some conditions; returns how many."""
    changes = 0
    for held, points in part.items():
        entry_id, text, lane = held
        condition = json.loads(text)
        missing: dict[Inhibits, set[int]] = defaultdict(set)
        for point, inhibits in _inhibited(condition, lane, points, rows).items():
            missing[inhibits].add(point)
        for row in rows.take(held):
            of = missing.get(_as_inhibits(row.inhibits), set())
            if set(row.points) <= of:
                of -= set(row.points)
                rows.keep(row)
            else:
                _end(row, now)
                changes += 1
        for inhibits, ids in missing.items():
            if ids:
                made = RuleVersion.objects.create(
                    entry_id=entry_id, condition=condition, lane=lane, from_at=now, points=sorted(ids),
                    inhibits=[list(one) for one in inhibits],
                )  # fmt: skip
                rows.keep(made)
                changes += 1
    return changes


def _end(row: RuleVersion, now: datetime) -> None:
    row.to_at = now
    row.save(update_fields=("to_at",))


def _as_inhibits(rows: Iterable[Sequence[int]]) -> Inhibits:
    return tuple((version, point, severity) for version, point, severity in rows)


def _inhibited(condition: Mapping[str, Any], lane: str, points: set[int], rows: _Rows) -> dict[int, Inhibits]:
    """For each point the alarms that hold a condition down there."""
    if not condition.get("inhibits"):
        return dict.fromkeys(points, ())
    standing = {inhibit["rule"]: rows.standing(inhibit["rule"], lane) for inhibit in condition["inhibits"]}
    return {point: inhibits_at(point, condition, standing) for point in points}


def standing_of(rows: Iterable[RuleVersion]) -> Standing:
    """Rule versions with their points, for `inhibits_at`."""
    return [(row.pk, frozenset(row.points)) for row in rows]


def inhibits_at(point: int, condition: Mapping[str, Any], standing: Mapping[str, Standing]) -> Inhibits:
    """The alarms that hold a condition down at a point.

    standing  rule code → its versions in force in the lane; one that is not there holds nothing down
    """
    found: set[tuple[int, int, int]] = set()
    for inhibit in condition.get("inhibits", ()):
        versions = standing.get(inhibit["rule"], [])
        where = [(version, frozenset((point,))) for version, points in versions if point in points] or versions
        if sum(len(points) for _version, points in where) > MOST_INHIBITS:
            log.warning("rule %s stands over too many points to hold down another", inhibit["rule"])
            continue
        found |= {(version, one, inhibit["severity"]) for version, points in where for one in points}
    return tuple(sorted(found)[:MOST_INHIBITS])


def _in_order(wanted: Mapping[Held, set[int]]) -> Iterator[dict[Held, set[int]]]:
    """The wanted conditions in parts, each after the rules that hold it down."""
    rest = dict(wanted)
    codes = dict(Entry.objects.filter(pk__in={held[0] for held in rest}).values_list("pk", "code"))
    needs = {held: {inhibit["rule"] for inhibit in json.loads(held[1]).get("inhibits", ())} for held in rest}
    while rest:
        waiting = {codes[held[0]] for held in rest}
        ready = {held: points for held, points in rest.items() if not needs[held] & waiting}
        # Rules that hold each other down are refused when they are proposed; files may still bring them.
        ready = ready or rest
        yield ready
        rest = {held: points for held, points in rest.items() if held not in ready}


def put_in_force(
    entry: Entry,
    condition: dict[str, Any],
    points: Iterable[Point],
    *,
    lane: str,
    now: datetime,
    standing: Mapping[str, Standing] | None = None,
) -> list[RuleVersion]:
    """One condition over chosen points in one lane; a row for each form that it takes at them.

    points    those it is judged at; of a condition about several points its anchor
    standing  the versions in force of the rules that hold it down, by their code
    """
    by_condition: dict[tuple[str, Inhibits], tuple[dict[str, Any], list[int]]] = {}
    for point in points:
        form = for_period(condition, point.period_s, low=point.low, high=point.high)
        if form is not None:
            inhibits = inhibits_at(point.pk, form, standing or {})
            by_condition.setdefault((canonical(form), inhibits), (form, []))[1].append(point.pk)
    return [
        RuleVersion.objects.create(
            entry=entry,
            condition=form,
            lane=lane,
            from_at=now,
            points=sorted(ids),
            inhibits=[list(i) for i in inhibits],
        )
        for (_text, inhibits), (form, ids) in by_condition.items()
    ]


def _wanted(now: datetime) -> dict[Held, set[int]]:
    """Which points stand under which condition of which entry, in the live lane and in its twin for old data."""
    wanted: dict[Held, set[int]] = defaultdict(set)
    book = _Rulebook(now)
    texts: dict[tuple[Any, ...], list[tuple[str, bool]]] = {}
    for point in facts_of(Point.records.filter(enabled=True, exercise=False).exclude(kind=PointKind.GROUP)):
        for entry in book.over(point):
            own = (entry.body.get("limits") or {}).get(point.code)
            same = (entry.pk, point.period_s, point.low, point.high, tuple(own or ()))
            if same not in texts:
                forms = settled(entry.body, book.conditions(entry), point)
                texts[same] = [(canonical(form), judged_later(form)) for form in forms]
            for text, later in texts[same]:
                wanted[entry.pk, text, LIVE].add(point.id)
                if later:
                    wanted[entry.pk, text, BACKFILL].add(point.id)
    for entry, anchor in book.several():
        for condition in book.conditions(entry):
            wanted[entry.pk, canonical(condition), LIVE].add(anchor.pk)
    return wanted


def _one_at_a_time() -> None:
    """Two processes that sync at once would open a version twice; on SQLite the write transaction itself forbids it."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", (0x72756C65,))


def fingerprint(now: datetime) -> str:
    """A short text that changes whenever points or alarm rules were added, ended or switched on or off."""
    points = Point.records.filter(exercise=False).aggregate(
        n=Count("id"), last=Max("id"), on=Count("id", Q(enabled=True))
    )
    entries = Entry.objects.filter(kind=KIND).aggregate(
        last=Max("id"),
        begun=Count("id", Q(valid_from__lte=now)),
        ended=Count("id", Q(valid_to__lte=now)),
    )
    return json.dumps([points, entries], sort_keys=True)


# --- what the log knows -------------------------------------------------------------------------------------------


def push(store: Store, now: datetime) -> int:
    """Write into the log what it does not know yet: rules put in force and ended, sources that deliver out of order.

    Called once a second by the engine process. Rules that the rulebook or new points ask for are opened first. After
    a crash between the log and the mark in the row the same record is written again and changes nothing.

    Returns the number of records written.
    """
    seen = fingerprint(now)
    if _seen.get("points and rules") != seen:
        sync(now)
    written = _push_versions(store)
    if _seen.get("points and rules") != seen:
        written += _push_declarations(store)
        _seen["points and rules"] = seen
    return written


#: What this process last found, so that a quiet second costs three counts.
_seen: dict[str, str] = {}


def forget() -> None:
    """Look at everything again at the next push, as a process does that has just started."""
    _seen.clear()


def _push_versions(store: Store) -> int:
    written = 0
    for version in RuleVersion.objects.filter(logged=False).order_by("id"):
        store.append_rule(engine_rule_of(version), lane=version.lane)
        RuleVersion.objects.filter(pk=version.pk).update(logged=True)
        written += 1
    for version in RuleVersion.objects.filter(logged=True, ended_logged=False).exclude(to_at=None).order_by("id"):
        store.append_retire(version.pk, lane=version.lane)
        RuleVersion.objects.filter(pk=version.pk).update(ended_logged=True)
        written += 1
    return written


def engine_rule_of(version: RuleVersion) -> Rule:
    """A row of `RuleVersion` as the engine takes it."""
    codes = codes_of(version.condition)
    numbers = dict(Point.records.filter(code__in=codes).values_list("code", "id")) if codes else {}
    return engine_rule(
        version.condition,
        version=version.pk,
        points=version.points,
        numbers=numbers,
        inhibits=_as_inhibits(version.inhibits),
    )


def _push_declarations(store: Store) -> int:
    written = 0
    for device in Device.records.filter(Q(hold_ms__gt=0) | ~Q(declared="")).order_by("id"):
        points = list(device.points.order_by("id").values_list("id", flat=True))
        text = f"{device.hold_ms}:{hashlib.sha256(repr(points).encode()).hexdigest()[:32]}"
        if not points or text == device.declared:
            continue
        for lane in (LIVE, BACKFILL) if device.lane == LIVE else (device.lane,):
            store.append_declare(points, device.hold_ms, lane=lane)
            written += 1
        Device.records.filter(pk=device.pk).update(declared=text)
    return written
