"""Many records as one act: written in small transactions while nobody sees them, put in force by one flip.

New records are there from the beginning, invisible until the flip. Changes of records that exist are written down first
and applied just before the flip, a few hundred at a time; a crash in between is made good by publishing again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F, Max
from django.utils.translation import gettext as _

from anlan.kernel.audit import services as audit
from anlan.kernel.people.models import User
from anlan.kernel.people.rights import NotAllowed, holds, require
from anlan.kernel.people.sealed import unseal
from anlan.kernel.regions import queries as regions
from anlan.kernel.registers import values as reading
from anlan.kernel.registers.declarations import Fault, Register, concerned_by, effect_named, get, parts_of
from anlan.kernel.registers.models import Act, Batch, BatchState, Head, Revision
from anlan.kernel.registers.services.inserting import Rows
from anlan.kernel.registers.services.records import Refused, next_change, next_code, sealed, stamp
from anlan.kernel.registers.values import Lookups
from anlan.kernel.web.events import publish as tell

#: Rows written in one transaction, which then lasts well below 200 ms.
IN_ONE_TRANSACTION = 500


def start_batch(register: Register, *, title: str, actor: User, now: datetime) -> Batch:
    """Begin a batch that nobody sees yet. Raises NotAllowed for someone who may change the register nowhere."""
    require_somewhere(register, actor)
    return Batch.objects.create(register=register.code, title=title[:200], by=actor, at=now)


def require_somewhere(register: Register, actor: User) -> None:
    """Raise NotAllowed unless `actor` may change the register in some region; each row is asked for its own later."""
    if not holds(actor, register.edit):
        raise NotAllowed(register.edit)


def stage(
    batch: Batch,
    *,
    new: Sequence[Mapping[str, Any]] = (),
    changes: Sequence[tuple[int, Mapping[str, Any]]] = (),
    made: Made | None = None,
    actor: User,
    now: datetime,
) -> list[int]:
    """Write rows into a batch: cleaned values of new records, and of records that exist by their number.

    made  new records that `make` got ready before the transaction

    Returns the numbers of the new records. Each call is one or more short transactions; rows without a code are given
    one. Raises NotAllowed when one of the rows lies where the actor may not change it, IntegrityError for a code that
    is taken.
    """
    register = _register(batch)
    numbers: list[int] = []
    if made is not None:
        numbers += _stage_new(register, batch, made)
    for some in _parts(new):
        numbers += _stage_new(register, batch, make(batch, some, actor=actor, now=now))
    for some in _parts(changes):
        _stage_changes(register, batch, some, actor, now)
    return numbers


@dataclass(frozen=True, slots=True)
class Made:
    """New records of a batch that only have to be written, and the line of history of each."""

    records: Rows
    lines: Rows


def make(batch: Batch, new: Sequence[Mapping[str, Any]], *, actor: User, now: datetime) -> Made:
    """Get new records ready, which takes longer than writing them and keeps nobody waiting.

    Raises NotAllowed when one of them lies where the actor may not change it.
    """
    register = _register(batch)
    for region in {values["region"] for values in new if "region" in values}:
        require(actor, register.edit, region)
    records = []
    for row in new:
        record = register.model(**row, batch_id=batch.pk, created_at=now)
        stamp(register, record, actor, now)
        records.append(record)
    said = {"register": register.code, "act": Act.CREATE.value, "at": now, "by_id": actor.pk, "batch_id": batch.pk}
    lines = [Revision(**said) for _record in records]
    return Made(Rows(records), Rows(lines))


@transaction.atomic
def _stage_new(register: Register, batch: Batch, made: Made) -> list[int]:
    records: Sequence[Any] = made.records.rows
    if not records:
        return []
    Head.objects.get_or_create(register=register.code)
    nameless = [record for record in records if not record.code]
    if nameless:
        for record, code in zip(nameless, _codes(register, len(nameless)), strict=True):
            record.code = code
        made.records.renew("code")
    made.records.insert()
    lines: Sequence[Any] = made.lines.rows
    for line, record in zip(lines, records, strict=True):
        line.record = record.pk
    made.lines.renew("record")
    made.lines.insert()
    Batch.objects.filter(pk=batch.pk).update(created=F("created") + len(records))
    return [record.pk for record in records]


def _codes(register: Register, count: int) -> list[str]:
    first = next_code(register, count)
    serial = int(first.rpartition("-")[2])
    return [f"{register.prefix}-{serial + k:06d}" for k in range(count)]


@transaction.atomic
def _stage_changes(
    register: Register, batch: Batch, rows: Sequence[tuple[int, Mapping[str, Any]]], actor: User, now: datetime
) -> None:
    records = register.model.records.select_related("region").in_bulk([pk for pk, _values in rows])
    for region in {record.region for record in records.values()} | {v["region"] for _pk, v in rows if "region" in v}:
        require(actor, register.edit, region)
    lines = []
    for pk, values in rows:
        record = records[pk]
        before = {name: reading.as_json(register.info(name), getattr(record, name)) for name in values}
        after = {name: reading.as_json(register.info(name), value) for name, value in values.items()}
        differing = [name for name in values if before[name] != after[name]]
        if differing:
            lines.append(
                Revision(
                    register=register.code, record=pk, act=Act.CHANGE, at=now, by=actor, batch=batch,
                    before=sealed(register, {name: before[name] for name in differing}),
                    after=sealed(register, {name: after[name] for name in differing}),
                )
            )  # fmt: skip
    Rows(lines).insert()
    Batch.objects.filter(pk=batch.pk).update(changed=F("changed") + len(lines))


def publish(batch: Batch, *, actor: User, now: datetime) -> Batch:
    """Put a batch in force; once, however often it is asked. Safe to repeat after a crash at any moment.

    Raises NotAllowed for anyone but the one who wrote it (or the product's own hands), Refused for one that was undone.
    """
    register = _register(batch)
    if batch.by_id != actor.pk and not actor.is_system:
        require(actor, register.edit, None)
    batch.refresh_from_db()
    if batch.state == BatchState.UNDONE:
        raise Refused([Fault("", "undone", _("This import was undone; read the file in again."))])
    if batch.state == BatchState.STAGED:
        for some in _lines(batch, Act.CHANGE):
            _apply(register, some, "after", actor, now)
        _flip(register, batch, Act.PUBLISH, BatchState.PUBLISHED, actor, now)
    _effects(register, batch, actor, now)
    return batch


def conflicts(batch: Batch) -> list[int]:
    """Records of a batch that were changed after it, or have parts by now: undoing it would lose that."""
    register = _register(batch)
    own = Revision.objects.filter(batch=batch, record__isnull=False)
    last = own.aggregate(last=Max("id"))["last"] or 0
    later = Revision.objects.filter(register=register.code, record__in=own.values("record"), id__gt=last)
    found = set(later.exclude(batch=batch).values_list("record", flat=True))
    made = own.filter(act=Act.CREATE).values("record")
    for part in parts_of(register):
        found |= set(part.model.present.filter(**{f"{part.parent}__in": made}).values_list(part.parent, flat=True))
    return sorted(pk for pk in found if pk is not None)


def undo(batch: Batch, *, actor: User, now: datetime) -> Batch:
    """Take a batch back: its new records are gone, its changes reversed. Safe to repeat after a crash.

    Raises NotAllowed as `publish`; Refused while somebody changed one of its records since, naming them.
    """
    register = _register(batch)
    if batch.by_id != actor.pk and not actor.is_system:
        require(actor, register.edit, None)
    batch.refresh_from_db()
    if batch.state == BatchState.PUBLISHED:
        touched = conflicts(batch)
        if touched:
            names = register.model.records.filter(pk__in=touched[:5]).values_list("name", flat=True)
            words = _("%(n)d records were changed or got parts since: %(names)s. Put them right by hand.")
            raise Refused([Fault("", "changed", words % {"n": len(touched), "names": _(", ").join(names)})])
    if batch.state != BatchState.UNDONE:
        # Before the flip, as in `publish`: whoever reads by the number of the flip finds the former values.
        for some in _lines(batch, Act.CHANGE):
            _apply(register, some, "before", actor, now)
        _flip(register, batch, Act.UNDO, BatchState.UNDONE, actor, now)
    why = str(batch)[:160]
    for some in _lines(batch, Act.CREATE):
        _leave(register, [line.record for line in some], why, now)
    return batch


@transaction.atomic
def _leave(register: Register, pks: Sequence[Any], why: str, now: datetime) -> None:
    """Mark the new records of an undone batch as removed, which leaves their codes free."""
    rows = register.model.records.filter(pk__in=pks, removed_at=None)
    rows.update(removed_at=now, removed_why=_("Import undone: %(title)s") % {"title": why})


def _flip(register: Register, batch: Batch, act: Act, state: BatchState, actor: User, now: datetime) -> None:
    if state == BatchState.PUBLISHED:
        batch.digest = _digest(batch)  # before the transaction: reading 50,000 rows takes a second
    _put_in_force(register, batch, act, state, actor, now)


@transaction.atomic
def _put_in_force(register: Register, batch: Batch, act: Act, state: BatchState, actor: User, now: datetime) -> None:
    number = next_change(register)
    batch.state = state
    if state == BatchState.PUBLISHED:
        batch.published_at = now
    else:
        batch.undone_at = now
    batch.save()
    Revision.objects.create(register=register.code, n=number, act=act, at=now, by=actor, batch=batch, note=batch.title)
    after = {"batch": batch.pk, "created": batch.created, "changed": batch.changed, "digest": batch.digest}
    region = regions.root()
    audit.record(
        actor=actor,
        verb=f"record.{act}",
        obj=f"batch:{batch.pk}",
        region=region,
        after=after,
        note=batch.title,
        now=now,
    )
    tell("record.changed", region=region, verb=register.see, at=now, data={"register": register.code})


def _digest(batch: Batch) -> str:
    """SHA-256 over what a batch wrote: the audit trail seals the batch by this one line."""
    total = hashlib.sha256()
    for row in Revision.objects.filter(batch=batch).order_by("id").values_list("record", "act", "after").iterator():
        total.update(json.dumps(row, sort_keys=True).encode())
    return total.hexdigest()


@transaction.atomic
def _apply(register: Register, lines: Sequence[Revision], side: str, actor: User, now: datetime) -> None:
    """Give records the values of one side of their lines."""
    lookups = Lookups()
    records = register.model.records.select_related("region").in_bulk([line.record for line in lines])
    for line in lines:
        record = records[line.record]
        for name, kept in getattr(line, side).items():
            info = register.info(name)
            raw = unseal(kept) if info.mask and kept else kept
            setattr(record, name, reading.parse(info, raw, lookups) if raw not in (None, "") else _empty(info))
        stamp(register, record, actor, now)
    names = {name for line in lines for name in getattr(line, side)}
    stamped = {"pinyin", "sort_key", "changed_at", "changed_by", "revision"}
    register.model.records.bulk_update(records.values(), sorted(names | stamped))


def _empty(info: Any) -> Any:
    return [] if info.kind == "choices" else None if info.field.null else ""


def _effects(register: Register, batch: Batch, actor: User, now: datetime) -> None:
    """What each new or changed record entails, a few at a time; repeating it changes nothing."""
    for name in register.effects:
        effect = effect_named(name)
        pks = Revision.objects.filter(batch=batch, record__isnull=False).values_list("record", flat=True)
        for part in _parts(list(pks)):
            some = concerned_by(name, part)
            if not some:
                continue
            with transaction.atomic():
                for record in register.model.present.filter(pk__in=some).select_related("region"):
                    effect(register, record, actor=actor, now=now)


def _lines(batch: Batch, act: Act) -> Iterator[list[Revision]]:
    rows = Revision.objects.filter(batch=batch, act=act, record__isnull=False).order_by("id")
    last = 0
    while some := list(rows.filter(id__gt=last)[:IN_ONE_TRANSACTION]):
        yield some
        last = some[-1].pk


def _parts(rows: Sequence[Any]) -> Iterable[Sequence[Any]]:
    return (rows[at : at + IN_ONE_TRANSACTION] for at in range(0, len(rows), IN_ONE_TRANSACTION))


def _register(batch: Batch) -> Register:
    register = get(batch.register)
    if register is None:
        raise LookupError(f"no register is called {batch.register!r}")
    return register
