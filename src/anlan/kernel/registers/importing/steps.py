"""The steps of an import that take time, each run by a job in a process of its own and safe to repeat after a crash."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from types import SimpleNamespace
from typing import Any, TypeVar

import numpy as np
from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _
from django.utils.translation import override

from anlan.formats.faults import Refused as NotTaken
from anlan.kernel.people.models import User
from anlan.kernel.people.rights import NotAllowed
from anlan.kernel.registers import services as registers
from anlan.kernel.registers.declarations import Fault
from anlan.kernel.registers.importing import files
from anlan.kernel.registers.importing.files import Table, open_table_of
from anlan.kernel.registers.importing.judging import Judge, Judged
from anlan.kernel.registers.importing.models import OPEN, Import, Line, Step, Verdict
from anlan.kernel.registers.importing.rows import Naming, raw_rows
from anlan.kernel.registers.importing.services import refuse, register_of
from anlan.kernel.registers.importing.wording import words_of
from anlan.kernel.registers.models import BatchState
from anlan.kernel.registers.services.inserting import Rows
from anlan.kernel.registers.services.records import Refused

_L = TypeVar("_L", Line, SimpleNamespace)
#: Rows written in one transaction; others get their turn in between, while the next ones are got ready.
IN_ONE_TRANSACTION = 200
#: Longest rest between two transactions, seconds.
_REST_S = 0.05
#: Lines of an import kept in one transaction, which then lasts well below 200 ms.
_LINES = 1_000


def read(pk: int, now: datetime) -> None:
    """Read the file of an import, so that its columns can be named; one that is not taken leaves only why."""
    row = Import.objects.select_related("by").get(pk=pk)
    if row.step != Step.READING:
        return
    said = row.options
    with override(said.get("language") or settings.LANGUAGE_CODE):
        try:
            kind, sources = files.read(
                files.folder_of(pk), row.name, encoding=said["encoding"], layer=said["layer"], job=True
            )
        except NotTaken as refused:
            refuse(row, words_of(refused.fault, place=True), now=now)
            return
    Import.objects.filter(pk=pk, step=Step.READING).update(step=Step.MAPPING, kind=kind, sources=sources)


def check(pk: int, now: datetime) -> None:
    """Judge every row and keep what is to be said of it."""
    row = Import.objects.select_related("by").get(pk=pk)
    if row.step != Step.CHECKING:
        return
    with override(row.options.get("language") or settings.LANGUAGE_CODE):
        _table, judged = _judged(row, lean=True)
        _keep(row, judged)
    Import.objects.filter(pk=row.pk, step=Step.CHECKING).update(
        step=Step.CHECKED, verdicts=row.verdicts, matches=row.matches, counts=row.counts
    )


def _judged(row: Import, batch: int | None = None, *, lean: bool = False) -> tuple[Table, list[Judged]]:
    register = register_of(row)
    table = open_table_of(row.pk, row.sources, row.options)
    decisions = decisions_of(row)
    total = len(table.numbers)
    Import.objects.filter(pk=row.pk).update(done=0, total=total)
    raws = raw_rows(register, table, Naming.of(row.options), edits=edits_of(decisions))
    judge = Judge(register, row.by, batch=batch)
    return table, judge.judge(raws, decisions, report=lambda done: _report(row, done), lean=lean)


def _report(row: Import, done: int) -> None:
    Import.objects.filter(pk=row.pk).update(done=done)


def decisions_of(row: Import, numbers: Iterable[int] | None = None) -> dict[int, Line]:
    """What a person said of rows, by number."""
    lines = row.lines.exclude(edits={}, decision="")
    if numbers is not None:
        lines = lines.filter(row__in=list(numbers))
    return {line.row: line for line in lines}


def edits_of(decisions: Mapping[int, Line]) -> dict[int, dict[str, str]]:
    """Texts that stand for cells, by number of the row."""
    return {number: line.edits for number, line in decisions.items() if line.edits}


def _keep(row: Import, judged: Sequence[Judged]) -> None:
    """Lay the judgement down: two arrays, and a line for each row that a person should look at."""
    _keep_verdicts(row, judged)
    said = {one.number: one for one in judged if one.verdict in OPEN or one.faults}
    row.counts = {**row.counts, "warned": sum(1 for one in said.values() if one.verdict not in OPEN)}
    kept = decisions_of(row)
    while former := list(row.lines.filter(edits={}, decision="").values_list("pk", flat=True)[:_LINES]):
        Line.objects.filter(pk__in=former).delete()
    by_number = {one.number: one for one in judged}
    decided = [line for line in kept.values() if line.row in by_number]
    for line in decided:
        _fill(line, by_number[line.row], touched=False)
    fields = ["verdict", "faults", "doubles", "touched"]
    Line.objects.bulk_update(decided, fields, batch_size=_LINES // 2)
    new = [one for number, one in said.items() if number not in kept]
    for at in range(0, len(new), _LINES):
        some = new[at : at + _LINES]
        some_lines = Rows([_fill(_new_line(row.pk, one.number), one, touched=False) for one in some], of=Line)
        with transaction.atomic():
            some_lines.insert(numbered=False)


def _new_line(of: int, number: int) -> SimpleNamespace:
    """The values of a line of which nobody has decided anything."""
    return SimpleNamespace(of_id=of, row=number, edits={}, decision="", same=None)


def _keep_verdicts(row: Import, judged: Sequence[Judged]) -> None:
    verdicts = np.array([one.verdict for one in judged], np.uint8)
    row.keep_judged(verdicts, np.array([one.pk for one in judged], np.int64))


def _fill(line: _L, one: Judged, *, touched: bool) -> _L:
    line.verdict, line.touched = int(one.verdict), touched
    line.faults = [[fault.field, fault.code, fault.words, fault.blocks] for fault in one.faults]
    line.doubles = [
        {"pk": other.pk, "row": other.row, "name": other.name, "why": other.why, "alike": other.alike}
        for other in one.doubles
    ]
    return line


def judge_rows(row: Import, numbers: Iterable[int]) -> list[Judged]:
    """Judge some rows again after a person changed them, keep that, and bring the counts up to it.

    Rows that double one of them are judged with them. What only the whole sheet shows is found at the next full check,
    and before anything is put in force.
    """
    wanted = set(numbers)
    for line in row.lines.filter(verdict__in=OPEN).exclude(doubles=[]):
        if wanted & {other["row"] for other in line.doubles}:
            wanted.add(line.row)
    for number in list(wanted):
        line = row.lines.filter(row=number).first()
        wanted |= {other["row"] for other in (line.doubles if line else ()) if other["row"]}
        wanted |= _twice(row, number)
    register = register_of(row)
    table = open_table_of(row.pk, row.sources, row.options)
    decisions = decisions_of(row, wanted)
    raws = raw_rows(register, table, Naming.of(row.options), numbers=wanted, edits=edits_of(decisions))
    judged = Judge(register, row.by).judge(raws, decisions, before=True)
    verdicts, matches = row.judged()
    place = {number: at for at, number in enumerate(table.numbers)}
    with transaction.atomic():
        for one in judged:
            at = place[one.number]
            verdicts[at], matches[at] = one.verdict, one.pk
            line, _new = Line.objects.get_or_create(of=row, row=one.number, defaults={"verdict": one.verdict})
            _fill(line, one, touched=line.touched).save()
        row.keep_judged(verdicts, matches)
        row.counts["warned"] = row.lines.exclude(verdict__in=OPEN).exclude(faults=[]).count()
        row.save(update_fields=["verdicts", "matches", "counts"])
    return judged


def _twice(row: Import, number: int) -> set[int]:
    """Rows that were faulty because this one holds the same key: their faults name no number, so all such are asked."""
    lines = row.lines.filter(verdict=Verdict.FAULTY).exclude(row=number)[:2_000]
    return {line.row for line in lines if any(code == "twice" for _field, code, _words, _blocks in line.faults)}


# --- putting in force -------------------------------------------------------------------------------------------------
def write(pk: int, now: datetime) -> None:
    """Write the rows into a batch, a few at a time, then put it in force by one flip; goes on where a crash left it."""
    row = Import.objects.select_related("by", "batch").get(pk=pk)
    if row.step != Step.WRITING:
        return
    with override(row.options.get("language") or settings.LANGUAGE_CODE):
        unwritten = row.batch is None or (row.batch.state == BatchState.STAGED and row.written < row.to_write)
        if unwritten and not _stage(row, now):
            return
        assert row.batch is not None
        try:
            registers.publish(row.batch, actor=row.by, now=now)
        except (Refused, NotAllowed) as refused:
            _give_back(row, _said(refused), now)
            return
    Import.objects.filter(pk=row.pk).update(step=Step.DONE, ended_at=now, note="")


def _stage(row: Import, now: datetime) -> bool:
    """Judge once more and write what is to be written; False when the import went back to be looked at."""
    seen, known = row.judged()
    table, judged = _judged(row, batch=row.batch_id)
    chosen = [one for one in judged if one.verdict in (Verdict.NEW, Verdict.CHANGED)]
    plan = _digest(judged)
    if row.batch is None:
        touched = set(row.lines.filter(touched=True).values_list("row", flat=True))
        moved = [
            number
            for at, (number, one) in enumerate(zip(table.numbers, judged, strict=True))
            if number not in touched and (one.verdict != seen[at] or one.pk != known[at])
        ]
        _keep_verdicts(row, judged)
        if why := _why_not(row, moved, chosen):
            _keep(row, judged)
            fields = {"verdicts": row.verdicts, "matches": row.matches, "counts": row.counts}
            Import.objects.filter(pk=row.pk).update(step=Step.CHECKED, note=why, **fields)
            return False
        with transaction.atomic():
            row.batch = registers.start_batch(register_of(row), title=row.name, actor=row.by, now=now)
            row.to_write, row.written = len(chosen), 0
            row.options = {**row.options, "plan": plan}
            row.save(update_fields=["batch", "to_write", "written", "options", "verdicts", "matches", "counts"])
    elif plan != row.options.get("plan"):
        _give_back(row, _("The register changed while this was being written; look at the rows again."), now)
        return False
    Import.objects.filter(pk=row.pk).update(done=row.written, total=row.to_write)
    try:
        for at in range(row.written, len(chosen), IN_ONE_TRANSACTION):
            began = time.monotonic()
            written_s = _write_some(row, chosen[at : at + IN_ONE_TRANSACTION], now)
            unlocked_s = time.monotonic() - began - written_s
            time.sleep(max(0.0, min(_REST_S, written_s / 2) - unlocked_s))
    except (NotAllowed, IntegrityError, Refused) as refused:
        _give_back(row, _said(refused), now)
        return False
    return True


def _write_some(row: Import, some: Sequence[Judged], now: datetime) -> float:
    """Some rows and how far we are, in one transaction: a crash leaves both or neither.

    Returns the seconds that the transaction took.
    """
    assert row.batch is not None
    new = [one.values for one in some if one.verdict == Verdict.NEW]
    made = registers.make(row.batch, new, actor=row.by, now=now)
    began = time.monotonic()
    with transaction.atomic():
        mine = Import.objects.filter(pk=row.pk, written=row.written, step=Step.WRITING)
        if not mine.update(written=row.written + len(some), done=row.written + len(some)):
            raise Refused([Fault("", "step", _("Another process went on with this import."))])
        registers.stage(
            row.batch,
            made=made,
            changes=[(one.pk, one.values) for one in some if one.verdict == Verdict.CHANGED],
            actor=row.by,
            now=now,
        )
    row.written += len(some)
    return time.monotonic() - began


def _digest(judged: Sequence[Judged]) -> str:
    lines = "".join(f"{one.number}:{int(one.verdict)}:{one.pk};" for one in judged)
    return hashlib.sha256(lines.encode()).hexdigest()


def _why_not(row: Import, moved: Sequence[int], chosen: Sequence[Judged]) -> str:
    if moved:
        words = _("Since you looked, the register changed for %(n)d rows, the first in row %(row)d. Look again.")
        return words % {"n": len(moved), "row": moved[0]}
    if row.open_rows:
        return _("%(n)d rows are still open: mend them, or leave them out.") % {"n": row.open_rows}
    return "" if chosen else _("No row would enter or change anything.")


def _said(refused: Exception) -> str:
    if isinstance(refused, Refused):
        return _("; ").join(fault.words for fault in refused.faults)
    if isinstance(refused, IntegrityError):
        return _("A code was given to another record in the meantime; look at the rows again.")
    return str(refused)


def _give_back(row: Import, why: str, now: datetime) -> None:
    """Nothing of a batch stays; the import goes back to be looked at."""
    if row.batch is not None:
        registers.undo(row.batch, actor=row.by, now=now)
    row.options.pop("plan", None)
    fields: dict[str, Any] = {"batch": None, "written": 0, "to_write": 0, "options": row.options}
    Import.objects.filter(pk=row.pk, step=Step.WRITING).update(step=Step.CHECKED, note=why, **fields)


def take_back(pk: int, by: int, now: datetime) -> None:
    """Undo an import; what stands against it becomes its note."""
    row = Import.objects.select_related("by", "batch").get(pk=pk)
    if row.step != Step.UNDOING or row.batch is None:
        return
    with override(row.options.get("language") or settings.LANGUAGE_CODE):
        actor = User.objects.get(pk=by)
        try:
            registers.undo(row.batch, actor=actor if actor.pk != row.by_id else row.by, now=now)
        except (Refused, NotAllowed) as refused:
            Import.objects.filter(pk=row.pk).update(step=Step.DONE, note=_said(refused))
            return
    Import.objects.filter(pk=row.pk).update(step=Step.UNDONE, ended_at=now, note="")
