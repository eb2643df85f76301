"""What happened to a record, line by line: who changed what from which value to which."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from anlan.kernel.people.sealed import unseal
from anlan.kernel.registers import values
from anlan.kernel.registers.declarations import Register
from anlan.kernel.registers.info import FieldInfo, Kind
from anlan.kernel.registers.models import Act, BatchState, Revision
from anlan.kernel.registers.values import BadValue, Lookups

#: Lines shown at once.
MOST = 200


@dataclass(frozen=True, slots=True)
class Difference:
    """One field before and after, as a person reads it; personal values masked."""

    label: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Line:
    """One act on a record."""

    at: datetime
    who: str
    act: str
    note: str
    differences: tuple[Difference, ...]
    batch: Any = None


def of(register: Register, record: Any, *, most: int = MOST) -> list[Line]:
    """The history of a record, newest first. What a batch planned and never put in force is left out."""
    rows = Revision.objects.filter(register=register.code, record=record.pk).select_related("by", "batch")
    lookups = Lookups()
    return [_line(register, row, lookups) for row in rows.order_by("-id")[:most] if _happened(row)]


def count(register: Register, record: Any) -> int:
    """How many lines the history has."""
    return Revision.objects.filter(register=register.code, record=record.pk).count()


def _happened(row: Revision) -> bool:
    return row.batch is None or row.batch.state != BatchState.STAGED


def _line(register: Register, row: Revision, lookups: Lookups) -> Line:
    return Line(
        at=row.at,
        who=str(row.by),
        act=str(Act(row.act).label),
        note=row.note or (row.batch.title if row.batch else ""),
        differences=tuple(_differences(register, row, lookups)),
        batch=row.batch,
    )


def _differences(register: Register, row: Revision, lookups: Lookups) -> Iterator[Difference]:
    infos = register.infos()
    for name in row.after:
        info = infos.get(name)
        if info is None:  # the field went with a later release; its values stay in the database
            continue
        yield Difference(
            info.label, _words(info, row.before.get(name), lookups), _words(info, row.after.get(name), lookups)
        )


def _words(info: FieldInfo, kept: Any, lookups: Lookups) -> str:
    if kept in (None, "", []):
        return ""
    if info.mask:
        return values.words_of(info, unseal(str(kept)))
    if info.kind in (Kind.REGION, Kind.RECORD, Kind.PERSON, Kind.DATE, Kind.MOMENT, Kind.OUTLINE):
        try:
            return values.words_of(info, values.parse(info, kept, lookups))
        except BadValue:  # what it named is gone
            return str(kept)
    return values.words_of(info, kept)
