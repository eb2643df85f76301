"""Undo a merger as one act: the tree as it stood before, and what came along goes back."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import shapely
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from anlan.kernel.audit import services as audit
from anlan.kernel.borders.models import Merger, MergerState
from anlan.kernel.borders.moving import move_back
from anlan.kernel.borders.refusing import Refused, locked
from anlan.kernel.people.models import User
from anlan.kernel.people.rights import require
from anlan.kernel.regions import queries
from anlan.kernel.regions.models import Former, Region, Turn
from anlan.kernel.regions.services import outline

#: What is kept of each place that a merger touches.
FIELDS = ("id", "code", "name", "pinyin", "path", "parent_id", "valid_from", "population")


def standing(region: Region, into: Region, only: Sequence[int] | None = None) -> list[dict[str, Any]]:
    """The places of a merger as they stand: what is in `region` with itself, and `into`; or `only` these rows."""
    rows = (
        Region.records.filter(pk__in=only) if only is not None else Region.records.filter(path__startswith=region.path)
    )
    found = {row.pk: row for row in rows}
    found[into.pk] = Region.records.get(pk=into.pk)
    return [_kept(row, whole=row.pk == into.pk) for row in sorted(found.values(), key=lambda one: one.path)]


def _kept(row: Region, *, whole: bool) -> dict[str, Any]:
    values = {name: getattr(row, name) for name in FIELDS}
    values["valid_from"] = row.valid_from.isoformat() if row.valid_from else None
    blob = bytes(row.boundary or b"")
    return {**values, "boundary": blob.hex() if whole else "", "digest": hashlib.sha256(blob).hexdigest()}


@transaction.atomic
def undo(merger: Merger, *, actor: User, now: datetime) -> tuple[dict[str, int], int]:
    """Let both places stand again as before; returns how many rows of each model went back, and how many stayed.

    What was entered in the joined place since stays there; what was taken away since stays away. Codes of the time
    between keep leading to the places that had them.

    Raises NotAllowed in either; Refused when it is not in force, or when its places were changed since, naming them.
    """
    merger = Merger.objects.select_for_update().get(pk=merger.pk)
    if merger.state != MergerState.DONE or not merger.kept:
        raise Refused(_("Only a merger that is in force can be undone."))
    into = locked(merger.into)
    region = Region.records.select_for_update().get(pk=merger.region_id)
    require(actor, "region.manage", into)
    require(actor, "region.manage", region)
    before, after = ({row["id"]: row for row in merger.kept[name]} for name in ("tree", "after"))
    _refuse_changes(region, into, before, after)
    _refuse_later(merger, before)
    today = timezone.localdate(now)
    Former.objects.filter(pk__in=merger.kept["followed"]).update(region=region)
    Former.objects.filter(pk__in=merger.kept["formers"]).delete()
    region.valid_until, region.successor = None, None
    region.save(update_fields=["valid_until", "successor"])
    # Both sides are free of each other's codes only after every row has let go of its own.
    changed = [pk for pk in before if pk not in (region.pk, into.pk)]
    for pk in changed:
        Region.records.filter(pk=pk).update(code=f"~{pk}", path=f"~{pk}/")
    for pk in changed:
        was, between = before[pk], after[pk]
        fields = {name: was[name] for name in ("code", "name", "pinyin", "path", "parent_id", "valid_from")}
        Region.records.filter(pk=pk).update(**fields)
        Former.objects.create(
            region_id=pk, code=between["code"], name=between["name"], path=between["path"], since=merger.on,
            until=max(today, merger.on), turn=Turn.RECODED if between["code"] != was["code"] else Turn.MOVED,
        )  # fmt: skip
    _old_shape(into, before[into.pk], after[into.pk])
    queries.touch()
    title = _("%(one)s stands apart from %(other)s again") % {"one": region.name, "other": into.name}
    back, stays = move_back(region, into, merger.kept["moved"], actor=actor, now=now, title=title)
    merger.state, merger.kept, merger.ended_at = MergerState.UNDONE, {}, now
    merger.save(update_fields=["state", "kept", "ended_at"])
    audit.record(
        actor=actor, verb="region.undo_merge", obj=region, region=into, note=merger.note, now=now,
        before={"into": into.code, "on": merger.on}, after={"code": region.code, "stays": stays, **back},
    )  # fmt: skip
    return back, stays


def _refuse_changes(region: Region, into: Region, before: dict[int, Any], after: dict[int, Any]) -> None:
    names = []
    for row in Region.records.filter(pk__in=list(after)):
        have, had = _kept(row, whole=False), after[row.pk]
        same = ("code", "name", "path", "parent_id") if row.pk != into.pk else ("code", "path", "parent_id", "digest")
        if (row.valid_until is not None and row.pk != region.pk) or any(have[name] != had[name] for name in same):
            names.append(row.name)
    if names:
        words = _("Changed since the merger: %(names)s. Put these back first, or correct the places by hand.")
        raise Refused(words % {"names": _(", ").join(names[:8])})
    paths = [row["path"] for pk, row in after.items() if pk not in (region.pk, into.pk)]
    inside = [
        row.name
        for path in paths
        for row in Region.objects.filter(path__startswith=path).exclude(pk__in=list(after)).defer("boundary")[:8]
    ]
    if inside:
        words = _("New places lie in what would go back: %(names)s. Move them out first.")
        raise Refused(words % {"names": _(", ").join(dict.fromkeys(inside))})
    codes = [row["code"] for row in before.values()]
    taken = Region.records.filter(code__in=codes).exclude(pk__in=list(before)).values_list("name", flat=True)
    if names := sorted(taken):
        words = _("A former code is the code of another place by now: %(names)s.")
        raise Refused(words % {"names": _(", ").join(names)})


def _refuse_later(merger: Merger, before: dict[int, Any]) -> None:
    later = Merger.objects.filter(pk__gt=merger.pk, state=MergerState.DONE, into_id__in=list(before)).first()
    if later is not None:
        words = _("A later merger stands on this one: %(later)s. Undo that one first.")
        raise Refused(words % {"later": str(later)})


def _old_shape(into: Region, was: dict[str, Any], joined: dict[str, Any]) -> None:
    if was["boundary"]:
        outline(into, shapely.from_wkb(bytes.fromhex(was["boundary"])))
    if into.population == joined["population"]:
        into.population = was["population"]
    into.save()
