"""What would become of each row: new, a change of a record, nothing, a likely double, faulty.

Nothing is written here. The same judgement stands behind the preview, a mended row and the commit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import numpy as np
from django.db import connection
from django.db.models.expressions import RawSQL
from django.utils.translation import gettext as _

from anlan.kernel.people.models import User
from anlan.kernel.people.rights import reach
from anlan.kernel.regions.models import Region
from anlan.kernel.registers import values as reading
from anlan.kernel.registers.declarations import Fault, Register
from anlan.kernel.registers.importing.likeness import Likely, Sample, likely
from anlan.kernel.registers.importing.models import Line, Verdict
from anlan.kernel.registers.importing.rows import CHUNK, Raw
from anlan.kernel.registers.info import Kind
from anlan.kernel.registers.models import BatchState
from anlan.kernel.registers.services.cleaning import Cleaned, clean_many
from anlan.kernel.registers.values import BadValue, Lookups

#: What tells doubles.
_LIKENED = ("name", "lon", "lat", "region")
#: Keys asked for in one question.
_AT_ONCE = 2_000
_NO_DECISIONS: Mapping[int, Line] = {}


@dataclass(slots=True)
class Judged:
    """One row and what would become of it.

    pk      number of the record that it changes or equals, 0 for none
    values  cleaned: all of a new record, of a known one those that differ
    before  values of a known record that differ
    """

    number: int
    verdict: Verdict
    pk: int = 0
    values: Mapping[str, Any] = field(default_factory=dict)
    before: Mapping[str, Any] = field(default_factory=dict)
    faults: Sequence[Fault] = ()
    doubles: Sequence[Likely] = ()


class Judge:
    """Judges rows of one register for one actor.

    batch  number of the batch that these rows are being written to: what it wrote is not yet there
    """

    def __init__(self, register: Register, actor: User, *, batch: int | None = None) -> None:
        self.register = register
        self.lookups = Lookups()
        self._batch = batch
        self._reach = reach(actor, register.edit)
        self._allowed: dict[int, bool] = {}

    def judge(
        self,
        rows: Iterable[Raw],
        decisions: Mapping[int, Line] = _NO_DECISIONS,
        *,
        report: Callable[[int], None] = lambda done: None,
        before: bool = False,
        lean: bool = False,
    ) -> list[Judged]:
        """One judgement a row, in order; the rows are taken `CHUNK` at a time and not held.

        decisions  by number of the row
        report     called with the number of rows done
        before     also give the values that would be replaced
        lean       without most of the values, for a sheet of which nothing is written yet
        """
        keys = _Keys(self.register, self.lookups, self._batch)
        judged: list[Judged] = []
        waiting = iter(rows)
        while some := list(islice(waiting, CHUNK)):
            if len(some) == CHUNK and not judged:  # all places at once rather than each when it is first named
                self.lookups.regions = {region.code: region for region in Region.objects.defer("boundary")}
            judged += self._some(some, keys, decisions, before)
            if lean:
                for one in judged[-len(some) :]:
                    one.values = {name: one.values[name] for name in _LIKENED if name in one.values}
            report(len(judged))
        self._doubles(judged, decisions)
        return judged

    def _some(self, rows: Sequence[Raw], keys: _Keys, decisions: Mapping[int, Line], before: bool) -> list[Judged]:
        self._expect(rows)
        matches = keys.match(rows, decisions)
        records = self._records({pk for pk, _faults in matches if pk})
        found: dict[int, Judged] = {}
        open_to_doubt: list[tuple[Raw, int, list[Fault], Mapping[str, Any]]] = []
        for raw, (pk, faults) in zip(rows, matches, strict=True):
            if _decision(decisions, raw.number) == "skip":
                found[raw.number] = Judged(raw.number, Verdict.SKIPPED)
                continue
            faults = [*raw.faults, *faults]
            record = records.get(pk) if pk else None
            if pk and record is None:
                faults.append(Fault("", "gone", _("The record that this row belongs to is out of use.")))
            if record is not None and not self._may(record.region):
                words = _("The record with this key lies in %(place)s, where you may not change it.")
                stopped = Fault("", "rights", words % {"place": record.region})
                found[raw.number] = Judged(raw.number, Verdict.FAULTY, faults=[stopped])
                continue
            # What the sheet leaves open stays as it is in a record that exists.
            values: Mapping[str, Any] = raw.values
            if record is not None:
                values = {name: value for name, value in values.items() if value not in (None, "", [])}
            open_to_doubt.append((raw, pk, faults, values))
        cleaned = clean_many(
            self.register, [values for _raw, _pk, _faults, values in open_to_doubt],
            records=[records.get(pk) if pk else None for _raw, pk, _faults, _values in open_to_doubt],
            lookups=self.lookups,
        )  # fmt: skip
        for (raw, pk, faults, _values), one in zip(open_to_doubt, cleaned, strict=True):
            found[raw.number] = self._one(raw.number, pk, faults, one, records.get(pk) if pk else None, before)
        return [found[raw.number] for raw in rows]

    def _expect(self, rows: Sequence[Raw]) -> None:
        """Fetch the records of other registers that the rows name, in few questions."""
        for name in self.register.fields:
            info = self.register.info(name)
            if info.kind is Kind.RECORD and info.related is not None:
                self.lookups.expect(info.related, {str(raw.values.get(name) or "").strip() for raw in rows})

    def _records(self, pks: Iterable[int]) -> dict[int, Any]:
        related = [name for name, info in self.register.infos().items() if info.kind in (Kind.RECORD, Kind.PERSON)]
        found: dict[int, Any] = {}
        wanted = sorted(pks)
        for at in range(0, len(wanted), _AT_ONCE):
            rows = self.register.model.present.select_related("region", *related).defer("region__boundary")
            found |= rows.in_bulk(wanted[at : at + _AT_ONCE])
        return found

    def _may(self, region: Region) -> bool:
        if region.pk not in self._allowed:
            self._allowed[region.pk] = any(region.path.startswith(path) for path in self._reach)
        return self._allowed[region.pk]

    def _one(
        self, number: int, pk: int, faults: list[Fault], cleaned: Cleaned, record: Any, before: bool
    ) -> Judged:  # fmt: skip
        if faults:
            named = {fault.field for fault in faults if fault.blocks}
            faults += [fault for fault in cleaned.faults if fault.field not in named or not fault.field]
        else:
            faults = list(cleaned.faults)
        region = cleaned.values.get("region") or getattr(record, "region", None)
        if isinstance(region, Region) and not self._may(region):
            words = _("Your posts do not let you enter records in %(place)s.")
            faults.append(Fault("region", "rights", words % {"place": region.name}))
        if any(fault.blocks for fault in faults):
            return Judged(number, Verdict.FAULTY, pk, faults=faults)
        if record is None:
            return Judged(number, Verdict.NEW, values=cleaned.values, faults=faults)
        kept = {name: value for name, value in cleaned.values.items() if not _same(getattr(record, name), value)}
        if not kept.get("code", True):
            del kept["code"]
        old = {name: getattr(record, name) for name in kept} if before else {}
        return Judged(number, Verdict.CHANGED if kept else Verdict.SAME, pk, kept, old, faults)

    def _doubles(self, judged: list[Judged], decisions: Mapping[int, Line]) -> None:
        """Mark new rows that are likely a record or another row. Parts of one owner may well be alike."""
        if self.register.parent:
            return
        new = [one for one in judged if one.verdict == Verdict.NEW]
        undecided = [one for one in new if _decision(decisions, one.number) != "new"]
        if not undecided:
            return

        def column(name: str) -> Any:
            values = (one.values.get(name) for one in new)
            return np.array([np.nan if value is None else value for value in values], np.float64)

        regions = np.array([one.values["region"].pk for one in new], np.int64)
        sample = Sample([one.values["name"] for one in new], column("lon"), column("lat"), regions)
        open_to_doubt = {one.number for one in undecided}
        for at, found in likely(self.register, sample, but=self._batch).items():
            one = new[at]
            if one.number in open_to_doubt:
                one.verdict = Verdict.DOUBLE
                one.doubles = [
                    Likely(other.pk, new[other.row].number if other.row >= 0 else 0, other.name, other.why, other.alike)
                    for other in found
                ]


def _decision(decisions: Mapping[int, Line], number: int) -> str:
    line = decisions.get(number)
    return line.decision if line is not None else ""


def _same(old: Any, new: Any) -> bool:
    if isinstance(old, memoryview | bytes) or isinstance(new, memoryview | bytes):
        return bytes(old or b"") == bytes(new or b"")
    return bool(old == new)


def _among(keys: list[str]) -> Any:
    """Keys to look for: on PostgreSQL as one array, because it takes thousands of parameters apart again and again."""
    return RawSQL("select unnest(%s::text[])", [keys]) if connection.vendor == "postgresql" else keys


class _Keys:
    """Which record a row belongs to, by code, by the register's other keys, and for parts by owner and name."""

    def __init__(self, register: Register, lookups: Lookups, batch: int | None) -> None:
        self._register, self._lookups, self._batch = register, lookups, batch
        self._names = ("code", *(name for name in register.keys if name != "code" and name in register.fields))
        self._first: dict[tuple[str, Any], int] = {}  # of all rows so far
        self._known: dict[tuple[str, str], list[tuple[int, bool]]] = {}
        self._parts: dict[tuple[int, str], list[int]] = {}

    def match(self, rows: Sequence[Raw], decisions: Mapping[int, Line]) -> list[tuple[int, list[Fault]]]:
        """For each row the number of the record that it belongs to, 0 for a new one; what stands against that."""
        lines = [decisions.get(raw.number) for raw in rows]
        live = [raw for raw, line in zip(rows, lines, strict=True) if line is None or line.decision != "skip"]
        said = {raw.number: tuple([self._said(raw, name) for name in self._names]) for raw in live}
        self._look_up(live, list(said.values()))
        return [
            self._match(raw, line, said[raw.number]) if raw.number in said else (0, [])
            for raw, line in zip(rows, lines, strict=True)
        ]

    def _look_up(self, live: Sequence[Raw], said: Sequence[tuple[str, ...]]) -> None:
        """Ask for the records that these rows name."""
        self._known.clear()
        rows_of = self._register.model.records.filter(removed_at=None)
        if self._batch is not None:
            rows_of = rows_of.exclude(batch_id=self._batch)
        for place, name in enumerate(self._names):
            wanted = sorted({key for keys in said if (key := keys[place])})
            for at in range(0, len(wanted), _AT_ONCE):
                some = rows_of.filter(**{f"{name}__in": _among(wanted[at : at + _AT_ONCE])})
                for pk, key, state in some.values_list("pk", name, "batch__state"):
                    seen = state in (None, BatchState.PUBLISHED)
                    if seen or state == BatchState.STAGED:
                        self._known.setdefault((name, str(key)), []).append((pk, seen))
        parent = self._register.parent
        if parent:
            self._parts.clear()
            owners = sorted({owner.pk for raw in live if (owner := self._owner(raw)) is not None})
            for at in range(0, len(owners), _AT_ONCE):
                parts = self._register.model.present.filter(**{f"{parent}__in": owners[at : at + _AT_ONCE]})
                for pk, owner, name in parts.values_list("pk", parent, "name"):
                    self._parts.setdefault((owner, name), []).append(pk)

    def _said(self, raw: Raw, name: str) -> str:
        value = raw.values.get(name)
        if value is None or isinstance(value, list):
            return ""
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        return reading.plain(str(value))

    def _owner(self, raw: Raw) -> Any:
        info = self._register.info(self._register.parent)
        value = raw.values.get(info.name)
        if value in (None, ""):
            return None
        try:
            return reading.parse(info, value, self._lookups)
        except BadValue:
            return None  # told when the row is cleaned

    def _match(self, raw: Raw, line: Line | None, said: tuple[str, ...]) -> tuple[int, list[Fault]]:
        faults: list[Fault] = []
        found = 0
        for name, key in zip(self._names, said, strict=True):
            if not key:
                continue
            first = self._first.setdefault((name, key), raw.number)
            known = self._known.get((name, key), [])
            if first == raw.number and not known:
                continue
            words = {"field": self._register.info(name).label, "key": key}
            if first != raw.number:
                why = _("%(field)s “%(key)s” stands in row %(row)d already.") % {**words, "row": first}
                faults.append(Fault(name, "twice", why))
            if any(not seen for _pk, seen in known):
                why = _("%(field)s “%(key)s” is being entered by another import right now.") % words
                faults.append(Fault(name, "taken", why))
            elif len(known) > 1:
                why = _("%(field)s “%(key)s” belongs to several records; give the code.") % words
                faults.append(Fault(name, "several", why))
            elif known and not found:
                found = known[0][0]
            elif known and known[0][0] != found:
                why = _("%(field)s “%(key)s” belongs to another record than the code.") % words
                faults.append(Fault(name, "taken", why))
        if line is not None and line.decision == "same" and line.same:
            found = line.same
        elif not found and self._register.parent and not said[0]:
            found = self._part(raw, faults)
        if found:
            first = self._first.setdefault(("", found), raw.number)
            if first != raw.number and not faults:
                faults.append(Fault("", "twice", _("Row %(row)d belongs to the same record.") % {"row": first}))
        return found, faults

    def _part(self, raw: Raw, faults: list[Fault]) -> int:
        owner, name = self._owner(raw), self._said(raw, "name")
        if owner is None or not name:
            return 0
        known = self._parts.get((owner.pk, name), [])
        if len(known) > 1:
            faults.append(Fault("name", "several", _("The owner has several parts of this name; give the code.")))
        return known[0] if len(known) == 1 else 0
