"""What was received beside what stands in our registers: new, changed there, changed on both sides, likely a double.

Three sides are compared: theirs, ours, and the `base` that was last taken over. A field that differs from the base on
one side only is no conflict; one that differs on both is, and a person decides.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from anlan.apps.exchange.models import Received, Source, Standing
from anlan.apps.exchange.queries import depth
from anlan.apps.exchange.services.addresses import Refused
from anlan.kernel.audit import services as audit
from anlan.kernel.people.models import User
from anlan.kernel.people.rights import NotAllowed, holds, require
from anlan.kernel.people.services import system_user
from anlan.kernel.regions import queries as regions
from anlan.kernel.regions.pinyin import name_keys
from anlan.kernel.registers import doubles, values
from anlan.kernel.registers import services as registers
from anlan.kernel.registers.declarations import Register, declared, get
from anlan.kernel.registers.info import FieldInfo, Kind

#: Rows of one register that go in by themselves in one round of the job.
AT_ONCE = 200
#: What can still be taken.
OPEN = (Standing.NEW, Standing.UPDATE, Standing.CONFLICT, Standing.DOUBLE, Standing.GONE)


@dataclass(frozen=True, slots=True)
class Side:
    """One field of a received record beside ours, as a person reads it; personal values masked.

    differs   theirs is not ours
    news      and theirs changed since it was last taken over
    conflict  and ours did too
    """

    name: str
    label: str
    theirs: str
    ours: str
    differs: bool
    news: bool
    conflict: bool


# --- keeping ----------------------------------------------------------------------------------------------------------
def keep_rows(source: Source, register: str, rows: Sequence[Mapping[str, Any]], *, seq: int, now: datetime) -> None:
    """Put rows of a message into what we keep of a source, in the message's transaction."""
    known = Received.objects.filter(source=source, register=register, remote__in=[row["id"] for row in rows])
    kept = {one.remote: one for one in known}
    target = get(register)
    for row in rows:
        one = kept.get(row["id"])
        if one is None:
            if row.get("gone"):
                continue  # it left before it ever came
            one = kept[row["id"]] = Received(source=source, register=register, remote=row["id"])
        one.code, one.seq, one.at, one.begun_seq = row["code"], seq, now, source.begun_seq
        one.gone = row.get("gone") is True
        if not one.gone:
            one.values = json.dumps(row["record"], ensure_ascii=False, separators=(",", ":"))
            one.name = _open_name(source, register, target, row["record"])
    beside = Beside(target, list(kept.values())) if target is not None else None
    for one in kept.values():
        one.standing = standing_of(one, beside)
        one.done_at = now if one.standing == Standing.SAME else None
        if one.standing == Standing.SAME and one.record and not one.gone:
            one.base = one.values
    Received.objects.bulk_create(one for one in kept.values() if one.pk is None)
    Received.objects.bulk_update(
        [one for one in kept.values() if one.pk is not None],
        ["code", "name", "values", "base", "seq", "at", "begun_seq", "gone", "standing", "done_at", "record"],
    )


def _open_name(source: Source, register: str, target: Register | None, record: Mapping[str, Any]) -> str:
    """The name of a record as lists show it; none where it is the name of a person."""
    described = source.schema.get(register, {})
    fields = described.get("fields", {}) if isinstance(described, dict) else {}
    there = fields.get("name", {}) if isinstance(fields, dict) else {}
    personal = bool(isinstance(there, dict) and there.get("personal")) or (
        target is not None and bool(target.info("name").mask)
    )
    return "" if personal else values.plain(str(record.get("name") or ""))[:120]


def mark_gone(rows: QuerySet[Received], *, now: datetime) -> None:
    """These records are not there any more; what was taken over from them waits for a person."""
    rows.filter(base="").update(gone=True, at=now, standing=Standing.SAME, done_at=now)
    rows.update(gone=True, at=now, standing=Standing.GONE, done_at=None)


class Beside:
    """Our records that some received ones may belong to, fetched in few questions."""

    def __init__(self, register: Register, rows: Sequence[Received]) -> None:
        self.register = register
        present = register.model.present.select_related("region")
        related = [name for name, info in register.infos().items() if info.kind in (Kind.RECORD, Kind.PERSON)]
        present = present.select_related(*related).defer("region__boundary")
        self.by_pk = present.in_bulk([one.record for one in rows if one.record])
        self.by_code = {row.code: row for row in present.filter(code__in=[one.code for one in rows])}
        said = [said_of(one) for one in rows]
        self.by_key: dict[str, dict[Any, list[int]]] = {}
        for name in register.keys:
            wanted = {str(one[name]) for one in said if name != "code" and one.get(name)}
            for pk, value in present.filter(**{f"{name}__in": wanted}).values_list("pk", name) if wanted else ():
                self.by_key.setdefault(name, {}).setdefault(value, []).append(pk)
        # By the key of the order of names, which is indexed.
        sorts = {name_keys(one.name, 240).sort for one in rows if one.name}
        self.by_name: dict[tuple[str, str], list[int]] = {}
        for pk, name, region in present.filter(sort_key__in=sorts).values_list("pk", "name", "region__code"):
            self.by_name.setdefault((name, region), []).append(pk)

    def ours(self, one: Received) -> Any:
        """The record that it was taken into, else the one of its code; None when there is none."""
        return self.by_pk.get(one.record) if one.record and one.base else self.by_code.get(one.code)

    def likely(self, one: Received) -> list[int]:
        """Numbers of records that it may be all the same: of another equal key, or of its name in its region."""
        said = said_of(one)
        found = [pk for name, known in self.by_key.items() for pk in known.get(str(said.get(name) or ""), ())]
        found += self.by_name.get((one.name, str(said.get("region") or "")), [])
        return list(dict.fromkeys(found))


def standing_of(one: Received, beside: Beside | None) -> Standing:
    """What a received record is to ours; remembers which of ours it belongs to."""
    if beside is None:
        return Standing.FOREIGN
    record = beside.ours(one)
    one.record = record.pk if record is not None else None
    if one.gone:
        return Standing.GONE if record is not None and one.base else Standing.SAME
    if record is None:
        return Standing.DOUBLE if beside.likely(one) else Standing.NEW
    sides = compared(one, beside.register, record)
    if any(side.conflict for side in sides):
        return Standing.CONFLICT
    return Standing.UPDATE if any(side.news for side in sides) else Standing.SAME


def said_of(one: Received) -> dict[str, Any]:
    """The fields of a received record as JSON."""
    found: dict[str, Any] = json.loads(one.values or "{}")
    return found


def compared(one: Received, register: Register, record: Any) -> list[Side]:
    """Field by field, theirs beside ours; fields that we do not have, or that are not ours to change, are left out."""
    base: dict[str, Any] = json.loads(one.base or "{}")
    found = []
    for name, theirs in said_of(one).items():
        if name not in register.fields or not register.info(name).editable or name == "code":
            continue
        info = register.info(name)
        mine = values.as_json(info, getattr(record, name)) if record is not None else None
        differs = not _same(theirs, mine)
        news = differs and (name not in base or not _same(theirs, base[name]))
        # A field that nobody filled in here contradicts nothing.
        changed_here = mine not in (None, "", []) and (name not in base or not _same(mine, base[name]))
        conflict = record is not None and news and changed_here
        found.append(Side(name, info.label, _words(info, theirs), _words(info, mine), differs, news, conflict))
    return found


def _same(one: Any, other: Any) -> bool:
    return one == other or (one in (None, "", []) and other in (None, "", []))


def _words(info: FieldInfo, value: Any) -> str:
    if value in (None, "", []):
        return ""
    if info.mask:
        return values.MASKS[info.mask](str(value))
    if info.kind is Kind.OUTLINE:
        return _("an outline")
    try:
        return values.words_of(info, values.parse(info, value, values.Lookups()))
    except (values.BadValue, TypeError, ValueError):
        return str(value)[:200]


# --- taking over ------------------------------------------------------------------------------------------------------
@transaction.atomic
def take(one: Received, *, chosen: Sequence[str] | None = None, into: Any = None, actor: User, now: datetime) -> Any:
    """Take a received record into our register; returns our record, None when it is gone there and here.

    chosen  fields whose value there is taken; None takes each that was changed there only. A new record takes them all
    into    our record that it is, where its code does not say so

    Raises NotAllowed; registers.Refused with what does not fit; Refused for what cannot be taken.
    """
    require(actor, "exchange.receive", regions.root())
    one = Received.objects.select_for_update(of=("self",)).select_related("source").get(pk=one.pk)
    register = get(one.register)
    if register is None:
        raise Refused(_("There is no such register here."))
    record = into if into is not None else Beside(register, [one]).ours(one)
    said = said_of(one)
    note = _("From %(who)s, message %(seq)d") % {"who": one.source.name, "seq": one.seq}
    if one.gone:
        if record is not None:
            registers.remove(register, record, reason=note, actor=actor, now=now)
        one.record = None
    elif record is None:
        fields = {name: value for name, value in said.items() if name in register.fields}
        record = registers.create(register, fields, actor=actor, now=now, note=note)
        one.record = record.pk
    else:
        sides = compared(one, register, record)
        names = {side.name for side in sides if side.news and not side.conflict} if chosen is None else set(chosen)
        wanted = {name: value for name, value in said.items() if name in names and name in register.fields}
        record = registers.change(register, record, wanted, actor=actor, now=now, note=note)
        one.record = record.pk
    one.base = one.values if not one.gone else ""
    one.standing, one.done_by, one.done_at = Standing.SAME, actor, now
    one.save(update_fields=("base", "standing", "done_by", "done_at", "record"))
    audit.record(
        actor=actor, verb="exchange.take_in", obj=one, region=regions.root(), now=now, note=note,
        after={"register": one.register, "code": one.code, "fields": sorted(chosen) if chosen is not None else "all"},
    )  # fmt: skip
    return record


@transaction.atomic
def leave(one: Received, *, reason: str, actor: User, now: datetime) -> Received:
    """Leave a received record aside until it changes there. Raises NotAllowed, Refused without a reason."""
    require(actor, "exchange.receive", regions.root())
    if not reason.strip():
        raise Refused(_("Say why."))
    one = Received.objects.select_for_update().get(pk=one.pk)
    one.standing, one.done_by, one.done_at = Standing.REFUSED, actor, now
    one.save(update_fields=("standing", "done_by", "done_at"))
    audit.record(
        actor=actor, verb="exchange.leave", obj=one, region=regions.root(), now=now, note=reason.strip(),
        after={"register": one.register, "code": one.code},
    )  # fmt: skip
    return one


def take_by_itself(source: Source, *, now: datetime) -> int:
    """Take what contradicts nothing here, for a source for which this was agreed; returns how many.

    Registers of parts come after those of their owners. What a register refuses stays for a person.
    """
    if not source.automatic:
        return 0
    hand = system_user("exchange")
    plain = source.received.filter(standing__in=(Standing.NEW, Standing.UPDATE))
    taken = 0
    for register in sorted(declared(), key=depth):
        for one in list(plain.filter(register=register.code).order_by("id")[:AT_ONCE]):
            try:
                take(one, actor=hand, now=now)
                taken += 1
            except (registers.Refused, NotAllowed):
                Received.objects.filter(pk=one.pk).update(standing=Standing.CONFLICT)
    return taken


def may_take(one: Received, actor: User) -> bool:
    """Whether the actor may change the register somewhere; each act asks for its own region."""
    register = get(one.register)
    return register is not None and holds(actor, register.edit)


def candidates(one: Received, register: Register) -> list[Any]:
    """Our records that it may be, the likeliest first; not inside a transaction, since it asks the columns too."""
    said = said_of(one)
    lon, lat = said.get("lon"), said.get("lat")
    node = regions.tree().by_code.get(str(said.get("region") or ""))
    near = doubles.of_values(
        register, name=one.name, region=node.id if node else None,
        lon=float(lon) if isinstance(lon, int | float) else None,
        lat=float(lat) if isinstance(lat, int | float) else None,
    )  # fmt: skip
    pks = list(dict.fromkeys([*Beside(register, [one]).likely(one), *(double.pk for double in near)]))
    rows = register.model.present.select_related("region").in_bulk(pks)
    return [rows[pk] for pk in pks if pk in rows]
