"""Changes of the tree of places by dated codes: new, renamed, recoded, moved under another place, merged.

A place keeps its row through all of it; only a merged one ends. What it was called before stays as `Former`, so that an
old code in a file still finds it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import shapely
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from anlan.kernel.audit import services as audit
from anlan.kernel.borders import undoing
from anlan.kernel.borders.models import Merger, MergerState
from anlan.kernel.borders.moving import move_everything
from anlan.kernel.borders.refusing import Refused, locked
from anlan.kernel.people.models import User
from anlan.kernel.people.rights import require
from anlan.kernel.regions import queries
from anlan.kernel.regions.models import Former, Region, Turn
from anlan.kernel.regions.pinyin import pinyin_key
from anlan.kernel.regions.services import BadRegions, Planting, outline, plant
from anlan.kernel.rulebook.models import Entry, Origin


@dataclass(frozen=True, slots=True)
class Place:
    """What a place shall be: code after GB/T 2260 or longer, name, and what it lies in (None at the top)."""

    code: str
    name: str
    parent: Region | None


@transaction.atomic
def add(*, place: Place, level: str, actor: User, now: datetime) -> Region:
    """A new place inside another one. Raises NotAllowed, Refused for a code that is taken or too wide a level."""
    require(actor, "region.manage", place.parent)
    if queries.tree().by_code.get(place.code) is not None:
        raise Refused(_("The code %(code)s is or was the code of another place.") % {"code": place.code})
    parent = place.parent.code if place.parent else None
    try:
        (region,) = plant([Planting(place.code.strip(), _named(place.name), level, parent)])
    except BadRegions as bad:
        raise Refused(" ".join(bad.faults)) from bad
    region.valid_from = timezone.localdate(now)
    region.save(update_fields=["valid_from"])
    after = {"code": region.code, "name": region.name, "level": level, "parent": parent}
    audit.record(actor=actor, verb="region.add", obj=region, region=region, after=after, now=now)
    return region


@transaction.atomic
def redescribe(
    *, region: Region, place: Place, on: date, actor: User, now: datetime, note: str = "", recode: bool = False
) -> Region:
    """Give a place another name, code or parent from a day on; all in it goes along, the old code still leads here.

    recode  codes of what lies inside that begin with the old code begin with the new one

    Raises NotAllowed here and where it goes, Refused.
    """
    region = locked(region)
    require(actor, "region.manage", region)
    name, code, parent = _named(place.name), place.code.strip(), place.parent
    was = {"code": region.code, "name": region.name, "parent": region.parent.code if region.parent else None}
    new = {"code": code, "name": name, "parent": parent.code if parent else None}
    if was == new:
        return region
    if parent is not None and (parent.pk != region.parent_id):
        require(actor, "region.manage", parent)
    _refuse_day(on, now)
    _refuse_code(region, code)
    _refuse_parent(region, parent)
    moved = parent.pk != region.parent_id if parent else region.parent_id is not None
    turn = Turn.MOVED if moved else Turn.RECODED if code != region.code else Turn.RENAMED
    _reform(region, code=code, parent=parent, name=name, on=on, turn=turn, recode=recode)
    audit.record(
        actor=actor, verb="region.redescribe", obj=region, region=region, before=was, after={**new, "on": on},
        note=note, now=now,
    )  # fmt: skip
    return region


@transaction.atomic
def merge(
    *, region: Region, into: Region, on: date, actor: User, now: datetime, note: str = "", recode: bool = True
) -> dict[str, int]:
    """Let a place become part of its neighbour from a day on; returns how many rows of each model moved.

    What lies below it comes under the neighbour, records, points, cases, people, posts and rights go there, both
    boundaries become one. Its code leads to the neighbour from then on.

    recode  codes of what lies inside are made anew below the neighbour's code

    Raises NotAllowed in either, Refused: another level, a bureau's rule that holds for the place alone.
    """
    merger = Merger(region=region, into=into, on=on, recode=recode, note=note[:200], by=actor, at=now)
    moved: dict[str, int] = carry_out(merger, actor=actor, now=now).moved
    return moved


@transaction.atomic
def carry_out(merger: Merger, *, actor: User, now: datetime) -> Merger:
    """Let a merger come into force, planned ahead or not. Raises as `merge` does."""
    region, into, on, recode = locked(merger.region), locked(merger.into), merger.on, merger.recode
    require(actor, "region.manage", region)
    require(actor, "region.manage", into)
    _refuse_day(on, now)
    refuse_merge(region, into, now)
    kept: dict[str, Any] = {"tree": undoing.standing(region, into), "formers": []}
    known = set(Former.objects.values_list("pk", flat=True))
    title = _("%(one)s merged into %(other)s") % {"one": region.name, "other": into.name}
    for child in list(region.children.order_by("code")):
        code = _code_below(child.code, region.code, into.code) if recode else child.code
        _reform(child, code=code, parent=into, name=child.name, on=on, turn=Turn.MOVED, recode=recode)
    kept["followed"] = list(Former.objects.filter(region=region).values_list("pk", flat=True))
    Former.objects.filter(region=region).update(region=into)
    _remember(region, Turn.MERGED, on, stands=into)
    region.valid_until, region.successor = on, into
    region.save(update_fields=["valid_until", "successor"])
    moved, kept["moved"] = move_everything(region, into, actor=actor, now=now, title=title)
    if region.boundary is not None and into.boundary is not None:
        both = [shapely.from_wkb(bytes(one.boundary or b"")) for one in (region, into)]
        outline(into, shapely.union_all(both))
    if region.population is not None or into.population is not None:
        into.population = (region.population or 0) + (into.population or 0)
    into.save()
    queries.touch()
    kept["formers"] = sorted(set(Former.objects.values_list("pk", flat=True)) - known)
    kept["after"] = undoing.standing(into, into, [row["id"] for row in kept["tree"]])
    merger.state, merger.kept, merger.moved, merger.ended_at, merger.why = MergerState.DONE, kept, moved, now, ""
    merger.save()
    audit.record(
        actor=actor, verb="region.merge", obj=region, region=into, note=merger.note, now=now,
        before={"code": region.code, "name": region.name},
        after={"into": into.code, "on": on, **moved},
    )  # fmt: skip
    return merger


def _named(name: str) -> str:
    name = " ".join(name.split())
    if not name or len(name) > 80:
        raise Refused(_("A place has a name of 1 to 80 characters."))
    return name


def _refuse_day(on: date, now: datetime) -> None:
    if on > timezone.localdate(now):
        raise Refused(_("The day lies ahead. Enter the change when it has come into force."))


def _refuse_code(region: Region, code: str) -> None:
    if not code or len(code) > 20 or not code.isascii() or not code.isalnum():
        raise Refused(_("A code has 1 to 20 digits or letters and nothing else."))
    other = Region.records.filter(code=code).exclude(pk=region.pk).first()
    if other is not None:
        raise Refused(_("The code %(code)s belongs to %(name)s.") % {"code": code, "name": other.name})


def _refuse_parent(region: Region, parent: Region | None) -> None:
    if parent is None:
        return
    if parent.path.startswith(region.path):
        raise Refused(_("%(name)s cannot lie inside itself.") % {"name": region.name})
    if queries.DEPTH.index(parent.level) >= queries.DEPTH.index(region.level):
        words = _("A %(level)s cannot lie in a %(above)s.")
        raise Refused(words % {"level": region.get_level_display(), "above": parent.get_level_display()})


def refuse_merge(region: Region, into: Region, now: datetime) -> None:
    if region.pk == into.pk or region.level != into.level:
        raise Refused(_("A place is merged into another one of the same level."))
    rules = Entry.objects.filter(region=region, origin=Origin.BUREAU).exclude(valid_to__lte=now)
    codes = sorted(set(rules.values_list("code", flat=True)))
    if codes:
        words = _("Rules of the bureau hold for %(name)s alone: %(codes)s. End them or set them for %(into)s first.")
        raise Refused(words % {"name": region.name, "codes": _(", ").join(codes), "into": into.name})


def _code_below(code: str, old: str, new: str) -> str:
    """The code of a part under another place: its own number there, or the next one after it that is free."""
    if not code.startswith(old) or len(code) == len(old):
        return code
    number = code[len(old) :]
    if not Region.records.filter(code=new + number).exists():
        return new + number
    if not number.isdigit():
        words = _("The code %(code)s is taken. Give %(old)s another code first.")
        raise Refused(words % {"code": new + number, "old": code})
    taken = set(Region.records.filter(code__startswith=new).values_list("code", flat=True))
    width, own = len(number), int(number)
    for n in (*range(own + 1, 10**width), *range(1, own)):
        if (free := f"{new}{n:0{width}d}") not in taken:
            return free
    raise Refused(_("No number is free below %(code)s.") % {"code": new})


def _reform(region: Region, *, code: str, parent: Region | None, name: str, on: date, turn: str, recode: bool) -> None:
    """Write a place and all below it anew, each with what it was before."""
    inside = list(Region.objects.filter(path__startswith=region.path).exclude(pk=region.pk).defer("boundary"))
    inside.sort(key=lambda one: len(one.path))
    path = (parent.path if parent else "/") + code + "/"
    stands = {region.pk: (region.code, code, path)}  # code before, code and path now
    changes: list[tuple[Region, Mapping[str, Any]]] = [
        (region, {"code": code, "parent": parent, "path": path, "name": name})
    ]
    for row in inside:
        old_above, new_above, path_above = stands[row.parent_id or 0]
        own = row.code
        if recode and old_above != new_above:
            own = _code_below(row.code, old_above, new_above)
        stands[row.pk] = (row.code, own, path_above + own + "/")
        changes.append((row, {"code": own, "path": path_above + own + "/"}))
    for row, values in changes:
        if row.code == values["code"] and row.path == values["path"] and row.name == values.get("name", row.name):
            continue
        was_recoded = row.code != values["code"]
        _remember(row, turn if row is region else Turn.RECODED if was_recoded else Turn.MOVED, on)
        for field, value in values.items():
            setattr(row, field, value)
        if row is region or was_recoded:
            row.valid_from = on
        row.pinyin = pinyin_key(row.name, 200)
        row.save(update_fields=[*values, "valid_from", "pinyin"])


def _remember(region: Region, turn: str, on: date, stands: Region | None = None) -> None:
    Former.objects.create(
        region=stands or region, code=region.code, name=region.name, path=region.path, turn=turn,
        since=region.valid_from, until=on,
    )  # fmt: skip
