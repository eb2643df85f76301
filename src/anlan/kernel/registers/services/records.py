"""Enter, change, remove and restore single records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _

from anlan.kernel.audit import services as audit
from anlan.kernel.people.models import User
from anlan.kernel.people.rights import require
from anlan.kernel.people.sealed import seal
from anlan.kernel.regions.pinyin import name_keys
from anlan.kernel.registers import values as reading
from anlan.kernel.registers.declarations import Fault, Register, effect_named, parts_of
from anlan.kernel.registers.info import FieldInfo, Kind
from anlan.kernel.registers.models import Act, Head, Record, Revision
from anlan.kernel.registers.services.cleaning import clean
from anlan.kernel.registers.values import Lookups
from anlan.kernel.web.events import publish

#: Records that one act may change.
MOST_AT_ONCE = 5_000
#: Records changed in one transaction, so that none lasts longer than 200 ms.
IN_ONE_TRANSACTION = 100


class Refused(ValueError):
    """The values cannot be taken; `faults` names every one of them, with its field."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__("; ".join(f"{fault.field}: {fault.words}" for fault in faults))
        self.faults = tuple(faults)


class Stale(ValueError):
    """Somebody changed the record since it was looked at."""


@transaction.atomic
def create(
    register: Register, raw: Mapping[str, Any], *, actor: User, now: datetime, note: str = "",
    lookups: Lookups | None = None,
) -> Any:  # fmt: skip
    """Enter a new record; a blank code is given. Warnings do not stop it.

    Raises Refused with every fault, NotAllowed without the register's `edit` in the region.
    """
    cleaned = clean(register, raw, lookups=lookups)
    if cleaned.blocking:
        raise Refused(cleaned.blocking)
    values = dict(cleaned.values)
    require(actor, register.edit, values["region"])
    number = next_change(register)
    values["code"] = values.get("code") or next_code(register)
    _refuse_taken_code(register, values["code"])
    record = register.model(**values, created_at=now)
    stamp(register, record, actor, now)
    _check_model(record)
    record.save(force_insert=True)
    remember(register, record, Act.CREATE, number=number, before={}, after={}, actor=actor, now=now, note=note)
    after = {name: _audited(register.info(name), value) for name, value in values.items()}
    _told(register, record, actor=actor, now=now, verb="create", before={}, after=after, note=note)
    return record


@transaction.atomic
def change(
    register: Register,
    record: Any,
    raw: Mapping[str, Any],
    *,
    actor: User,
    now: datetime,
    seen: int | None = None,
    note: str = "",
    lookups: Lookups | None = None,
) -> Any:
    """Change what differs; returns the record as it is then. Nothing that differs, nothing is written.

    seen  the revision that the actor looked at; None when nobody looked at a page

    Raises Stale, Refused with every fault, NotAllowed in the region that it leaves or enters.
    """
    number = next_change(register)
    row = register.model.records.select_for_update(of=("self",)).select_related("region").get(pk=record.pk)
    if row.removed_at is not None:
        raise Refused([Fault("", "removed", _("This record was removed; restore it first."))])
    if seen is not None and seen != row.revision:
        raise Stale(_("Somebody changed this record in the meantime. Look at the new values, then change it again."))
    require(actor, register.edit, row.region)
    cleaned = clean(register, raw, record=row, lookups=lookups)
    if cleaned.blocking:
        raise Refused(cleaned.blocking)
    values = dict(cleaned.values)
    if "code" in values and not values["code"]:
        del values["code"]
    differing = {name: value for name, value in values.items() if not _same(getattr(row, name), value)}
    if not differing:
        return row
    if "region" in differing:
        require(actor, register.edit, differing["region"])
    if "code" in differing:
        _refuse_taken_code(register, differing["code"])
    before = {name: reading.as_json(register.info(name), getattr(row, name)) for name in differing}
    shown_before = {name: _audited(register.info(name), getattr(row, name)) for name in differing}
    for name, value in differing.items():
        setattr(row, name, value)
    stamp(register, row, actor, now)
    _check_model(row)
    row.save()
    after = {name: reading.as_json(register.info(name), value) for name, value in differing.items()}
    remember(register, row, Act.CHANGE, number=number, before=before, after=after, actor=actor, now=now, note=note)
    if "region" in differing:
        _move_parts(register, row, actor=actor, now=now)
    shown_after = {name: _audited(register.info(name), value) for name, value in differing.items()}
    _told(register, row, actor=actor, now=now, verb="change", before=shown_before, after=shown_after, note=note)
    return row


def change_many(
    register: Register, pks: Sequence[int], raw: Mapping[str, Any], *, actor: User, now: datetime, note: str = ""
) -> int:
    """Give many records the same values; returns how many differed. Rights and values are checked before the first.

    Written in transactions of `IN_ONE_TRANSACTION` records, so that nobody waits: after a crash in the middle the same
    act again changes the rest.

    Raises Refused for values that fit no record, and for more than `MOST_AT_ONCE`; NotAllowed if one of them lies
    where the actor may not change it.
    """
    if len(pks) > MOST_AT_ONCE:
        words = _("At most %(most)d records are changed at once; these are %(have)d. Narrow the list.")
        raise Refused([Fault("", "many", words % {"most": MOST_AT_ONCE, "have": len(pks)})])
    lookups = Lookups()
    rows = list(register.model.present.filter(pk__in=list(pks)).select_related("region"))
    for region in {row.region_id: row.region for row in rows}.values():
        require(actor, register.edit, region)
    faults = {(f.field, f.code): f for row in rows for f in clean(register, raw, record=row, lookups=lookups).blocking}
    if faults:
        raise Refused(list(faults.values()))
    done = 0
    for at in range(0, len(rows), IN_ONE_TRANSACTION):
        with transaction.atomic():
            for row in rows[at : at + IN_ONE_TRANSACTION]:
                revision = row.revision
                after = change(register, row, raw, actor=actor, now=now, note=note, lookups=lookups)
                done += after.revision != revision
    return done


@transaction.atomic
def remove(register: Register, record: Any, *, reason: str, actor: User, now: datetime) -> Any:
    """Take a record out of use; it stays in the history and can be restored.

    Raises NotAllowed; Refused without a reason, or while parts hang on it.
    """
    number = next_change(register)
    row = register.model.records.select_for_update(of=("self",)).select_related("region").get(pk=record.pk)
    require(actor, register.edit, row.region)
    if len(reason.strip()) < 2:
        raise Refused([Fault("reason", "missing", _("Say why it is removed."))])
    if row.removed_at is not None:
        return row
    hanging = [
        f"{part.title} {n}"
        for part in parts_of(register)
        if (n := part.model.present.filter(**{part.parent: row.pk}).count())
    ]
    if hanging:
        words = _("Parts hang on this record: %(what)s. Remove or move them first.")
        raise Refused([Fault("", "parts", words % {"what": _(", ").join(hanging)})])
    row.removed_at, row.removed_why = now, reason.strip()[:200]
    stamp(register, row, actor, now)
    row.save()
    remember(register, row, Act.REMOVE, number=number, before={}, after={}, actor=actor, now=now, note=reason)
    _told(register, row, actor=actor, now=now, verb="remove", before={}, after={}, note=reason)
    return row


@transaction.atomic
def restore(register: Register, record: Any, *, actor: User, now: datetime, note: str = "") -> Any:
    """Bring a removed record back. Raises NotAllowed; Refused when its code was given to another one since."""
    number = next_change(register)
    row = register.model.records.select_for_update(of=("self",)).select_related("region").get(pk=record.pk)
    require(actor, register.edit, row.region)
    if row.removed_at is None:
        return row
    if row.merged_into is not None:
        raise Refused(
            [Fault("", "merged", _("This record was merged into another one and cannot come back by itself."))]
        )
    _refuse_taken_code(register, row.code)
    row.removed_at, row.removed_why = None, ""
    stamp(register, row, actor, now)
    row.save()
    remember(register, row, Act.RESTORE, number=number, before={}, after={}, actor=actor, now=now, note=note)
    _told(register, row, actor=actor, now=now, verb="restore", before={}, after={}, note=note)
    return row


# --- what every act has in common -------------------------------------------------------------------------------------
def next_change(register: Register) -> int:
    """The number of the change that is being made; whoever asks next waits until this transaction ends."""
    Head.objects.get_or_create(register=register.code)
    Head.objects.filter(register=register.code).update(n=F("n") + 1)
    return int(Head.objects.values_list("n", flat=True).get(register=register.code))


def next_code(register: Register, count: int = 1) -> str:
    """A code that no record has, "ENT-000613"; with a `count` the first of so many in a row."""
    while True:
        Head.objects.filter(register=register.code).update(serial=F("serial") + count)
        last = int(Head.objects.values_list("serial", flat=True).get(register=register.code))
        first = f"{register.prefix}-{last - count + 1:06d}"
        if not register.model.records.filter(code=first).exists():
            return first


def remember(
    register: Register, record: Any, act: Act, *, number: int | None, before: Mapping[str, Any],
    after: Mapping[str, Any], actor: User, now: datetime, note: str = "",
) -> Revision:  # fmt: skip
    """Write one line of a record's history."""
    return Revision.objects.create(
        register=register.code, record=record.pk, n=number, act=act, at=now, by=actor, note=note.strip()[:200],
        before=sealed(register, before), after=sealed(register, after),
    )  # fmt: skip


def sealed(register: Register, values: Mapping[str, Any]) -> dict[str, Any]:
    """Values as history keeps them: personal ones are not readable without the installation's key."""
    return {name: seal(str(value)) if value and register.info(name).mask else value for name, value in values.items()}


def stamp(register: Register, record: Record, actor: User, now: datetime) -> None:
    """Bring what is derived from a record up to its values: keys, who and when, its revision."""
    keys = name_keys(record.name, 240)
    record.pinyin, record.sort_key = keys.pinyin, keys.sort
    record.changed_at, record.changed_by = now, actor
    record.revision += 1


def _check_model(record: Any) -> None:
    """What the model itself asks for over several fields (`clean`)."""
    try:
        record.clean()
    except ValidationError as error:
        rows = error.message_dict if hasattr(error, "error_dict") else {"": error.messages}
        raise Refused([Fault(name, "invalid", " ".join(words)) for name, words in rows.items()]) from error


def _same(old: Any, new: Any) -> bool:
    if isinstance(old, memoryview | bytes) or isinstance(new, memoryview | bytes):
        return bytes(old or b"") == bytes(new or b"")
    return bool(old == new)


def _refuse_taken_code(register: Register, code: str) -> None:
    if code in ("-", ".", "..") or "/" in code or any(not sign.isprintable() for sign in code):
        raise Refused([Fault("code", "invalid", _("A code has no slash and no unprintable characters."))])
    other = register.model.records.filter(code=code, removed_at=None).first()
    if other is not None:
        words = _("The code %(code)s belongs to %(name)s.")
        raise Refused([Fault("code", "taken", words % {"code": code, "name": other.name})])


def _move_parts(register: Register, record: Any, *, actor: User, now: datetime) -> None:
    """Parts without a place of their own go where their owner goes."""
    for part in parts_of(register):
        if not part.located:
            for row in part.model.present.filter(**{part.parent: record.pk}):
                change(part, row, {"region": record.region}, actor=actor, now=now)


def _audited(info: FieldInfo, value: Any) -> Any:
    """A value for the audit trail: personal data only as it is masked, outlines only in words."""
    if info.mask or info.kind is Kind.OUTLINE:
        return reading.words_of(info, value)
    return reading.as_json(info, value)


def _told(
    register: Register, record: Any, *, actor: User, now: datetime, verb: str, before: Mapping[str, Any],
    after: Mapping[str, Any], note: str,
) -> None:  # fmt: skip
    audit.record(
        actor=actor, verb=f"record.{verb}", obj=record, region=record.region, before=before, after=after, note=note,
        now=now,
    )  # fmt: skip
    for name in register.effects:
        effect_named(name)(register, record, actor=actor, now=now)
    publish("record.changed", region=record.region, verb=register.see, at=now, data={"register": register.code})
