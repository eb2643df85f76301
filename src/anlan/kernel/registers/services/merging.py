"""Make one record of two that are the same thing."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

from django.db import transaction
from django.utils.translation import gettext as _

from anlan.kernel.audit import services as audit
from anlan.kernel.people.models import User
from anlan.kernel.people.rights import require
from anlan.kernel.registers.declarations import Fault, Register, moves, parts_of
from anlan.kernel.registers.models import Act, Link
from anlan.kernel.registers.services.records import Refused, change, next_change, remember, stamp
from anlan.kernel.web.refs import ref_of

Side = Literal["keep", "drop"]


@transaction.atomic
def merge(
    register: Register, keep: Any, drop: Any, *, taken: Mapping[str, Side], actor: User, now: datetime, note: str = ""
) -> Any:
    """Merge `drop` into `keep`; returns `keep` as it is then.

    taken  field → whose value is taken; fields that are not named keep the one of `keep`

    Parts, links, documents, points, open cases and chains of `drop` move to `keep`; `drop` is out of use and its
    address leads to `keep`. Nothing of its history is lost.

    Raises NotAllowed in either region; Refused for a record and itself, a removed one, or a value that does not fit.
    """
    if keep.pk == drop.pk:
        raise Refused([Fault("", "same", _("A record is not merged with itself."))])
    require(actor, register.edit, drop.region)
    number = next_change(register)
    rows = register.model.records.select_for_update(of=("self",)).select_related("region").in_bulk([keep.pk, drop.pk])
    keep, drop = rows[keep.pk], rows[drop.pk]
    if keep.removed_at is not None or drop.removed_at is not None:
        raise Refused([Fault("", "removed", _("One of the two was removed in the meantime."))])
    # The one that goes leaves its code and other unique values free before the one that stays takes them.
    drop.removed_at, drop.merged_into = now, keep.pk
    drop.removed_why = (_("Merged into %(code)s") % {"code": keep.code})[:200]
    stamp(register, drop, actor, now)
    drop.save()
    remember(register, drop, Act.MERGE, number=number, before={}, after={}, actor=actor, now=now, note=note)
    fields = register.infos()
    values = {
        name: getattr(drop, name)
        for name, side in taken.items()
        if side == "drop" and name in fields and fields[name].editable and name != "code"
    }
    keep = change(register, keep, values, actor=actor, now=now, note=_("Merged with %(code)s") % {"code": drop.code})
    moved = _move(register, keep, drop, actor=actor, now=now)
    audit.record(
        actor=actor, verb="record.merge", obj=keep, region=keep.region, now=now, note=note,
        before={"merged": drop.code}, after={"moved": moved, "taken": sorted(values)},
    )  # fmt: skip
    return keep


def _move(register: Register, keep: Any, drop: Any, *, actor: User, now: datetime) -> dict[str, int]:
    """Bring what hangs on `drop` to `keep`; how many of what."""
    moved: dict[str, int] = {}
    for part in parts_of(register):
        rows = list(part.model.present.filter(**{part.parent: drop.pk}))
        for row in rows:
            change(part, row, {part.parent: keep}, actor=actor, now=now, note=str(drop.code))
        if rows:
            moved[part.code] = len(rows)
    gone = ref_of(drop)
    if n := _move_links(gone, ref_of(keep)):
        moved["links"] = n
    for name, move in moves().items():
        if n := move(gone, keep):
            moved[name] = n
    return moved


def _move_links(gone: str, stays: str) -> int:
    moved = 0
    for side in ("one", "other"):
        for row in Link.objects.filter(**{side: gone}):
            partner = row.other if side == "one" else row.one
            one, other = sorted((stays, partner))
            if partner != stays and not Link.objects.filter(one=one, other=other).exists():
                Link.objects.create(one=one, other=other, words=row.words, by=row.by, at=row.at)
                moved += 1
            row.delete()
    return moved
