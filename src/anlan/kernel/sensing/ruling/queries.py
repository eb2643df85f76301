"""Questions about alarm rules: the list, one rule with its versions, what changed between them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from anlan.kernel.regions import queries as regions
from anlan.kernel.regions.scope import reach, within
from anlan.kernel.rulebook import queries as rulebook
from anlan.kernel.rulebook.models import Entry, Origin
from anlan.kernel.rulebook.wording import Field
from anlan.kernel.sensing.conditions import BadCondition, codes_of, conditions_of, severities_of, step_words
from anlan.kernel.sensing.models import Alarm, ChangeState, Point, PointKind, RuleChange, RuleVersion
from anlan.kernel.sensing.queries import points_under
from anlan.kernel.sensing.rules import KIND, LIVE
from anlan.kernel.sensing.words import alarm_lines, kinds_of, unit_of_body

IN_FORCE, WAITING, ENDED = "in_force", "waiting", "ended"


@dataclass(slots=True)
class Row:
    """A rule in the list: the version that holds (or held last), its points and its open alarms."""

    entry: Entry
    standing: str
    words: str
    severities: list[int]
    kinds: list[str]
    versions: list[int] = field(default_factory=list)
    points: int = 0
    open_alarms: int = 0
    changes: list[RuleChange] = field(default_factory=list)


def standing(entry: Entry, now: datetime) -> str:
    """Does a version hold now, wait for its day, or raise nothing (any more)?"""
    if entry.valid_from > now:
        return WAITING
    over = entry.valid_to is not None and entry.valid_to <= now
    return ENDED if over or entry.body.get("ended") else IN_FORCE


def rows(
    actor: Any,
    now: datetime,
    *,
    typed: str = "",
    kind: str = "",
    state: str = IN_FORCE,
    site: str = "",
    point: str = "",
) -> list[Row]:
    """The rules that fit, by code; of a rule with versions for several regions one row each.

    site   reference of a site; point a point's code: only rules that stand over it, or over one of its points
    """
    entries = Entry.objects.filter(kind=KIND).select_related("region")
    newest: dict[tuple[str, int | None, str], Entry] = {}
    for entry in entries.order_by("version"):
        held = newest.get((entry.code, entry.region_id, entry.origin))
        if held is None or standing(entry, now) != ENDED or standing(held, now) == ENDED:
            newest[entry.code, entry.region_id, entry.origin] = entry
    waiting = _changes_by_code(actor)
    covered = _covered(now)
    found = [_row(entry, now, waiting) for entry in newest.values() if entry.pk not in covered]
    if state:
        found = [row for row in found if row.standing == state]
    if kind:
        found = [row for row in found if kind in row.kinds]
    if needle := typed.strip().lower():
        found = [row for row in found if needle in f"{row.entry.code} {row.entry.title} {row.entry.title_zh}".lower()]
    _count(actor, found)
    if site or point:
        mine = Point.records.filter(exercise=False)
        mine = mine.filter(code=point) if point else mine.filter(site_ref=site)
        ids = set(mine.values_list("id", flat=True))
        named = set(mine.values_list("code", flat=True))
        found = [row for row in found if _touches(row, ids, named)]
    return sorted(found, key=lambda row: (row.entry.code, row.entry.version))


def _row(entry: Entry, now: datetime, waiting: dict[str, list[RuleChange]]) -> Row:
    try:
        conditions = conditions_of(entry.body, code=entry.code)
        unit = unit_of_body(entry.body)
        words = " · ".join(" / ".join(step_words(one, unit)) for one in conditions)
        severities = sorted({s for one in conditions for s in severities_of(one)}, reverse=True)
    except BadCondition as wrong:
        words, severities = str(wrong), []
    return Row(
        entry, standing(entry, now), words, severities, kinds_of(entry.body), changes=waiting.get(entry.code, [])
    )


def _changes_by_code(actor: Any) -> dict[str, list[RuleChange]]:
    found: dict[str, list[RuleChange]] = {}
    for change in changes_for(actor).filter(state=ChangeState.PROPOSED):
        found.setdefault(change.code, []).append(change)
    return found


def _count(actor: Any, found: Sequence[Row]) -> None:
    """Fill in the points and the open alarms of the rows."""
    by_entry = {row.entry.pk: row for row in found}
    versions = RuleVersion.objects.filter(entry_id__in=by_entry, lane=LIVE, to_at=None).values_list("pk", "entry_id")
    for pk, entry_id in versions:
        by_entry[entry_id].versions.append(pk)
        by_entry[entry_id].points += int(points_under(pk).size)
    open_ = Alarm.records.filter(within(reach(actor, "alarm.see"))).filter(
        closed_at=None, exercise=False, retrospective=False
    )
    by_code: dict[str, int] = {}
    for code in open_.filter(entry__kind=KIND).values_list("entry__code", flat=True):
        by_code[code] = by_code.get(code, 0) + 1
    for row in found:
        row.open_alarms = by_code.get(row.entry.code, 0)


def _touches(row: Row, ids: set[int], codes: set[str]) -> bool:
    wanted = np.array(sorted(ids), np.int64)
    if any(np.isin(wanted, points_under(pk)).any() for pk in row.versions):
        return True
    try:
        return any(codes & set(codes_of(one)) for one in conditions_of(row.entry.body, code=row.entry.code))
    except BadCondition:
        return False


def changes_for(actor: Any) -> QuerySet[RuleChange]:
    """Proposals about regions of which the actor may read the rules, newest first."""
    found = RuleChange.objects.filter(within(reach(actor, "rulebook.see")))
    return found.select_related("region", "base", "entry", "author", "decided_by").order_by("-id")


def current_of(code: str, now: datetime) -> list[Entry]:
    """The versions of a rule that decide somewhere now, the bureau's own first; the newest one where none does."""
    covered = _covered(now)
    deciding = [entry for entry in rulebook.in_force(KIND, now).filter(code=code) if entry.pk not in covered]
    deciding.sort(key=lambda entry: (entry.origin != Origin.BUREAU, -entry.version))
    newest = Entry.objects.filter(kind=KIND, code=code).select_related("region").order_by("-version")
    return deciding or list(newest[:1])


def _covered(now: datetime) -> set[int]:
    """Versions in days that decide nowhere, because the bureau has its own for the whole of its place."""
    root = regions.root()
    here = list(rulebook.in_force(KIND, now))
    own = {
        entry.code
        for entry in here
        if entry.origin == Origin.BUREAU
        and (entry.region is None or (root is not None and root.path.startswith(entry.region.path)))
    }
    return {entry.pk for entry in here if entry.origin == Origin.SHIPPED and entry.code in own}


def points_of(entry: Entry) -> QuerySet[Point]:
    """The points that stand under a version now; of a rule about several points its members."""
    versions = RuleVersion.objects.filter(entry=entry, lane=LIVE, to_at=None).values_list("pk", flat=True)
    ids = {int(pk) for version in versions for pk in points_under(version)}
    try:
        members = {code for one in conditions_of(entry.body, code=entry.code) for code in codes_of(one)}
    except BadCondition:
        members = set()
    found = Point.records.filter(Q(pk__in=ids) | Q(code__in=members, exercise=False)).exclude(kind=PointKind.GROUP)
    return found.select_related("region").order_by("code")


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a rule beside the one before it, and the proposal that it came from."""

    entry: Entry
    standing: str
    gone: list[Field]
    came: list[Field]
    change: RuleChange | None


def versions_of(code: str, now: datetime) -> list[Version]:
    """Every version of a rule, newest first, each with what it changed."""
    entries = list(Entry.objects.filter(kind=KIND, code=code).select_related("region").order_by("version"))
    made = {
        change.entry_id: change
        for change in RuleChange.objects.filter(entry__in=entries).select_related("author", "decided_by")
    }
    found = []
    for before, entry in zip([None, *entries], entries, strict=False):
        gone, came = difference(before, entry)
        found.append(Version(entry, standing(entry, now), gone, came, made.get(entry.pk)))
    return found[::-1]


def difference(before: Entry | RuleChange | None, after: Entry | RuleChange) -> tuple[list[Field], list[Field]]:
    """The lines that a version takes away and those that it brings, as people read them."""
    old, new = lines(before) if before is not None else [], lines(after)
    return [line for line in old if line not in new], [line for line in new if line not in old]


def lines(rule: Entry | RuleChange) -> list[Field]:
    """A rule line by line, with its source and its region."""
    found = alarm_lines(rule.body)
    own = rule.body.get("limits") or {}
    found += [Field(code, " / ".join(f"{value:g}" for value in values)) for code, values in sorted(own.items())]
    found.append(_field_of_source(rule))
    if rule.region is not None:
        found.append(Field(_("Place"), rule.region.name))
    return found


def _field_of_source(rule: Entry | RuleChange) -> Field:
    return Field(_("Standard and clause"), f"{rule.standard} {rule.clause}".strip() or "—")


def newer_than(entry: Entry, region: Any, now: datetime) -> Entry | None:
    """The version that decides in a region now, where it is another than the one an alarm was raised under."""
    if entry.kind != KIND:
        return None
    try:
        current = rulebook.lookup(KIND, entry.code, at=now, region=region)
    except rulebook.NoRule:
        return None
    return current if current.pk != entry.pk else None


def sites_for(actor: Any) -> list[tuple[str, str]]:
    """Sites that have points the actor may see, by name."""
    found = Point.objects.for_actor(actor, "point.see").exclude(site_ref="").order_by("site_name")
    return list(dict.fromkeys(found.values_list("site_ref", "site_name")))
