"""The verbs of an import: take a file in, name its columns, decide on rows, put it in force, undo it, give it up.

Each verb moves the import one step on or is refused; what takes time is a job of the step (`steps`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from anlan.formats.coordinates import SYSTEMS
from anlan.formats.limited import NotInTime
from anlan.kernel.audit import services as audit
from anlan.kernel.jobs.models import Job, State
from anlan.kernel.jobs.services import enqueue
from anlan.kernel.people.models import User
from anlan.kernel.people.rights import NotAllowed, may
from anlan.kernel.regions import queries as regions
from anlan.kernel.registers.declarations import Fault, Register, get
from anlan.kernel.registers.importing import files, guessing
from anlan.kernel.registers.importing.models import BUSY, OPEN, Import, Line, Source, Step, Verdict
from anlan.kernel.registers.models import BatchState
from anlan.kernel.registers.services.batches import conflicts, require_somewhere
from anlan.kernel.registers.services.records import Refused

#: Jobs of the steps that take time.
READ, CHECK, WRITE = "registers.import_read", "registers.import_check", "registers.import_write"
UNDO = "registers.import_undo"
#: An import that was not put in force is given up after this; rows of one in force are forgotten then.
KEEP = timedelta(days=30)
#: Imports that one person may have under way in one register.
MOST_OPEN = 20


def take_in(
    register: Register, data: bytes, name: str, *, encoding: str = "", layer: str = "", actor: User, now: datetime
) -> Import:
    """Read a file and keep it for the next step; a large one is read by a job.

    Raises NotAllowed for someone who may change the register nowhere, `formats.faults.Refused` for a file that is not
    taken, Refused when too many imports are under way.
    """
    require_somewhere(register, actor)
    under_way = Import.objects.filter(register=register.code, by=actor, step__in=(Step.MAPPING, Step.CHECKED, *BUSY))
    if under_way.count() >= MOST_OPEN:
        words = _("%(n)d imports of yours are under way; finish or give up one of them first.")
        raise Refused([Fault("file", "many", words % {"n": MOST_OPEN})])
    received = files.receive(data)
    try:
        kind, sources = _read_at_once(received, name, encoding, layer)
        with transaction.atomic():
            row = Import.objects.create(
                register=register.code, name=_shown_name(name), kind=kind, sha256=received.sha256, size=received.size,
                sources=sources, options={"encoding": encoding, "layer": layer, "language": get_language()}, by=actor,
                at=now,
            )  # fmt: skip
            _audited(row, "import.read", actor, now, {"file": row.name, "sha256": row.sha256, "size": row.size})
            if not kind:
                _go(row, (Step.MAPPING,), Step.READING, READ, now)
            received.keep(row.pk)
    except BaseException:
        received.drop()
        raise
    return row


def _read_at_once(received: files.Received, name: str, encoding: str, layer: str) -> tuple[str, dict[str, Any]]:
    """Kind and sources of a small file; nothing for one that a job has to read."""
    if received.size <= files.SMALL_BYTES:
        try:
            return files.read(received.folder, name, encoding=encoding, layer=layer)
        except NotInTime:
            pass  # the machine is busy: a job has the patience
    return "", {}


def refuse(row: Import, why: str, *, now: datetime) -> None:
    """The file of an import is not taken and nothing of it is kept but why, in words of the one who sent it."""
    with transaction.atomic():
        _set(row, (Step.READING,), Step.REFUSED, now, ended_at=now, note=why, options={})
        _audited(row, "import.refuse", row.by, now, {"file": row.name, "why": why})
    files.forget(row.pk)


def _shown_name(name: str) -> str:
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    return "".join(sign for sign in last if sign.isprintable()).strip()[-200:] or "?"


def register_of(row: Import) -> Register:
    """The register of an import. Raises LookupError when it is no longer declared."""
    register = get(row.register)
    if register is None:
        raise LookupError(f"no register is called {row.register!r}")
    return register


def headings(row: Import, sheet: int = 0, header: int = 0) -> list[str]:
    """The headings of a sheet, or the properties of a map file."""
    if "sheets" not in row.sources:
        return list(row.sources["columns"])
    found = row.sources["sheets"][sheet]["headers"]
    return list(found[header]["names"]) if found else []


def suggested(row: Import, sheet: int, header: int) -> dict[str, Any]:
    """What the columns of a sheet may be: as they were named last time for the same headings, or guessed."""
    names = headings(row, sheet, header)
    print_of = guessing.fingerprint(names)
    register = register_of(row)
    last = Source.objects.filter(register=row.register, fingerprint=print_of).first()
    options: dict[str, Any] = {"sheet": sheet, "header": header, "system": row.sources.get("system", "")}
    if last is not None:
        known = set(guessing.fields(register))
        kept = {at: name for at, name in last.options.get("columns", {}).items() if name in known}
        return {**options, **last.options, "sheet": sheet, "header": header, "columns": kept, "remembered": True}
    return {**options, "columns": {str(at): name for at, name in guessing.guess(register, names).items()}}


def suggested_aliases(row: Import, sheet: int, header: int) -> dict[str, Any]:
    """What words meant last time under the same headings."""
    print_of = guessing.fingerprint(headings(row, sheet, header))
    last = Source.objects.filter(register=row.register, fingerprint=print_of).first()
    return dict(last.options.get("aliases", {})) if last is not None else {}


def name_columns(row: Import, options: Mapping[str, Any], *, actor: User, now: datetime) -> Import:
    """Say which column is which field and in which system coordinates are, then let the rows be checked.

    options  sheet, header (places), columns (place → field), fixed (field → text), system, swap

    Raises NotAllowed for anyone but the one who sent the file, Refused with every fault.
    """
    _mine(row, actor)
    register = register_of(row)
    faults = list(_naming_faults(register, row, options))
    if faults:
        raise Refused(faults)
    names = headings(row, options["sheet"], options["header"])
    kept = {
        "sheet": options["sheet"], "header": options["header"],
        "columns": {str(at): name for at, name in options["columns"].items()},
        "fixed": {name: text for name, text in options.get("fixed", {}).items() if text},
        "system": options.get("system", ""), "swap": bool(options.get("swap")),
        "aliases": options.get("aliases") or row.options.get("aliases") or {},
    }  # fmt: skip
    with transaction.atomic():
        Source.objects.update_or_create(
            register=row.register, fingerprint=guessing.fingerprint(names),
            defaults={
                "options": {name: kept[name] for name in ("columns", "fixed", "system", "swap", "aliases")},
                "by": actor, "at": now,
            },
        )  # fmt: skip
        if kept["columns"] != row.options.get("columns") or kept["sheet"] != row.options.get("sheet"):
            row.lines.all().delete()
        _go(row, (Step.MAPPING, Step.CHECKED), Step.CHECKING, CHECK, now, options={**kept, "language": get_language()})
    return row


def _naming_faults(register: Register, row: Import, options: Mapping[str, Any]) -> Iterable[Fault]:
    columns: Mapping[Any, str] = options["columns"]
    names = headings(row, options["sheet"], options["header"])
    allowed = guessing.fields(register)
    said = list(columns.values())
    if not names:
        yield Fault("header", "missing", _("This sheet has no row that could be its headings."))
        return
    for at, name in columns.items():
        if name not in allowed or not 0 <= int(at) < len(names):
            yield Fault(
                "columns", "unknown", _("The register has no field of this name any more: %(name)s") % {"name": name}
            )
    for name in dict.fromkeys(said):
        if name in allowed and name != "region" and said.count(name) > 1:
            words = _("%(field)s is taken from two columns; choose one of them.")
            yield Fault("columns", "twice", words % {"field": register.info(name).label})
    if not {"name", "code", *register.keys} & set(said):
        yield Fault("columns", "missing", _("Say which column holds the name or the code of each row."))
    asks = {"lon", "lat"} & set(said) or ("sheets" not in row.sources and register.located)
    if {"lon", "lat"} & set(said) and not {"lon", "lat"} <= set(said):
        yield Fault("columns", "missing", _("A place needs both longitude and latitude."))
    if asks and options.get("system") not in SYSTEMS:
        words = _("Say in which coordinate system the places are; ask whoever made the file. It is never guessed.")
        yield Fault("system", "missing", words)


def open_again(row: Import, *, actor: User, now: datetime) -> None:
    """Back to the columns. Raises NotAllowed, Refused while a step runs."""
    _mine(row, actor)
    _set(row, (Step.CHECKED,), Step.MAPPING, now)


def check_again(row: Import, *, actor: User, now: datetime) -> None:
    """Let all rows be judged once more. Raises NotAllowed, Refused in another step."""
    _mine(row, actor)
    with transaction.atomic():
        _go(row, (Step.CHECKED,), Step.CHECKING, CHECK, now)


def mean(row: Import, field: str, words: Mapping[str, str], *, actor: User, now: datetime) -> None:
    """Say what words of the file mean in a field, for every row that has them; then all rows are judged again.

    Raises NotAllowed, Refused in another step or for a field that the register does not have.
    """
    _mine(row, actor)
    register = register_of(row)
    if field not in guessing.fields(register):
        raise Refused([Fault(field, "unknown", _("The register has no such field."))])
    meant = {said: text.strip()[:200] for said, text in words.items() if text.strip()}
    if not meant:
        raise Refused([Fault(field, "missing", _("Say what the words mean first."))])
    aliases = dict(row.options.get("aliases", {}))
    aliases[field] = {**aliases.get(field, {}), **meant}
    options = {**row.options, "aliases": aliases}
    with transaction.atomic():
        names = headings(row, options["sheet"], options["header"])
        source = Source.objects.filter(register=row.register, fingerprint=guessing.fingerprint(names)).first()
        if source is not None:
            source.options = {**source.options, "aliases": aliases}
            source.save(update_fields=["options"])
        _go(row, (Step.CHECKED,), Step.CHECKING, CHECK, now, options=options)


@transaction.atomic
def decide(
    row: Import, number: int, *, decision: str, same: int = 0, edits: Mapping[str, str] | None = None, actor: User
) -> Line:
    """Decide on one row: "skip", "new", "same" with the number of a record, or "" with texts for its cells.

    Whoever calls judges the row again (`steps.judge_rows`). Raises NotAllowed, Refused in another step.
    """
    _mine(row, actor)
    if row.step != Step.CHECKED:
        raise Refused([Fault("", "step", _("The rows are being worked on; look again in a moment."))])
    if decision == "same" and not same:
        raise Refused([Fault("", "missing", _("Choose the record that the row is."))])
    allowed = guessing.fields(register_of(row))
    line, _new = Line.objects.get_or_create(of=row, row=number, defaults={"verdict": Verdict.FAULTY})
    kept = {name: text[:2000] for name, text in (edits or {}).items() if name in allowed}
    line.edits = {**line.edits, **kept}
    line.decision, line.same, line.touched = decision, same or None, True
    line.save()
    return line


def decide_many(row: Import, which: str, *, actor: User, now: datetime) -> int:
    """One decision for all open rows of a sort; then all rows are judged again. Returns how many.

    which  "skip_faulty", "skip_doubles", "new_doubles", "same_doubles" (the likeliest record, where there is one)

    Raises NotAllowed, Refused in another step or when there is no such row.
    """
    _mine(row, actor)
    decision, _sep, sort = which.partition("_")
    verdict = {"faulty": Verdict.FAULTY, "doubles": Verdict.DOUBLE}.get(sort)
    if verdict is None or decision not in ("skip", "new", "same") or (decision != "skip" and sort != "doubles"):
        raise Refused([Fault("", "unknown", _("There is no such decision."))])
    done = 0
    with transaction.atomic():
        _go(row, (Step.CHECKED,), Step.CHECKING, CHECK, now)
        changed = []
        for line in row.lines.filter(verdict=verdict):
            pk = next((one["pk"] for one in line.doubles if one.get("pk")), 0)
            if decision == "same" and not pk:
                continue
            line.decision, line.same, line.touched = decision, pk if decision == "same" else None, True
            changed.append(line)
        Line.objects.bulk_update(changed, ["decision", "same", "touched"], batch_size=200)
        done = len(changed)
        if not done:
            raise Refused([Fault("", "none", _("No row is open to this decision."))])
    return done


def commit(row: Import, *, actor: User, now: datetime) -> None:
    """Put the rows in force, all or none. Raises NotAllowed; Refused while rows are open, and for a second time."""
    _mine(row, actor)
    row.refresh_from_db()
    if row.step in (Step.DONE, Step.WRITING):
        raise Refused([Fault("", "again", _("This import was put in force already; a second time changes nothing."))])
    if row.open_rows:
        words = _("%(n)d rows are still open: mend them, or leave them out.")
        raise Refused([Fault("", "open", words % {"n": row.open_rows})])
    if not any(row.counts.get(str(int(verdict)), 0) for verdict in (Verdict.NEW, Verdict.CHANGED)):
        raise Refused([Fault("", "nothing", _("No row would enter or change anything."))])
    twin = twins(row).filter(options__columns=row.options["columns"]).first()
    if twin is not None and not row.lines.exclude(edits={}, decision="").exists() and _all_new(row):
        words = _("This very file was put in force by %(who)s as import %(n)d; undo that one first.")
        raise Refused([Fault("", "twin", words % {"who": twin.by, "n": twin.pk})])
    with transaction.atomic():
        _go(row, (Step.CHECKED,), Step.WRITING, WRITE, now, written=0, to_write=0)
        _audited(row, "import.write", actor, now, {"counts": row.counts})


def _all_new(row: Import) -> bool:
    """No row of the file was recognised, although the file is in force: it would all be entered twice."""
    return not any(row.counts.get(str(int(verdict)), 0) for verdict in (Verdict.CHANGED, Verdict.SAME))


def twins(row: Import) -> Any:
    """Imports of the same content into the same register that are in force."""
    return Import.objects.filter(register=row.register, sha256=row.sha256, step=Step.DONE).exclude(pk=row.pk)


def undo(row: Import, *, actor: User, now: datetime) -> None:
    """Take an import back as one act. Raises NotAllowed; Refused while a record was changed since, naming them."""
    if row.by_id != actor.pk and not may_all(row, actor):
        raise NotAllowed(register_of(row).edit)
    if row.step != Step.DONE or row.batch is None or row.batch.state != BatchState.PUBLISHED:
        raise Refused([Fault("", "step", _("Only an import that is in force can be undone."))])
    touched = conflicts(row.batch)
    if touched:
        names = register_of(row).model.records.filter(pk__in=touched[:5]).values_list("name", flat=True)
        words = _("%(n)d records were changed or got parts since: %(names)s. Put them right by hand.")
        raise Refused([Fault("", "changed", words % {"n": len(touched), "names": _(", ").join(names)})])
    with transaction.atomic():
        _go(row, (Step.DONE,), Step.UNDOING, UNDO, now, undone_by=actor)
        _audited(row, "import.undo", actor, now, {"batch": row.batch_id})


def give_up(row: Import, *, actor: User, now: datetime) -> None:
    """Forget a file that was not put in force. Raises NotAllowed, Refused while a step runs."""
    _mine(row, actor)
    with transaction.atomic():
        _set(row, (Step.MAPPING, Step.CHECKED), Step.DROPPED, now, ended_at=now)
        _audited(row, "import.drop", actor, now, {"file": row.name})
        row.lines.all().delete()
    files.forget(row.pk)


def release(row: Import, *, now: datetime) -> bool:
    """Bring an import back whose job was put aside; False while it is still to be done."""
    if not row.is_busy:
        return False
    job = Job.objects.filter(key=_key(row)).first()
    if job is None or job.state != State.FAILED:
        return False
    note = _("The last step failed: %(why)s. Nothing is in force; try again.") % {"why": job.error[:200]}
    if row.step == Step.READING:
        refuse(row, note, now=now)
        return True
    back = {Step.CHECKING: Step.MAPPING, Step.WRITING: Step.CHECKED, Step.UNDOING: Step.DONE}[Step(row.step)]
    if back == Step.CHECKED and row.batch_id is not None:
        return False  # rows stand in a batch: whoever runs the job again goes on where it was
    _set(row, BUSY, back, now, note=note)
    return True


def forget_old(now: datetime) -> int:
    """Give up imports that nobody went on with for `KEEP`, forget the rows of those in force. Returns how many."""
    old = Import.objects.filter(at__lt=now - KEEP)
    gone = 0
    ended = (Step.MAPPING, Step.CHECKED, Step.REFUSED)
    for row in old.filter(step__in=ended):
        with transaction.atomic():
            _set(row, ended, Step.DROPPED, now, ended_at=now)
            row.lines.all().delete()
        files.forget(row.pk)
        gone += 1
    for row in old.filter(step__in=(Step.DONE, Step.UNDONE)):
        row.lines.all().delete()
        files.forget(row.pk, source=False)
    return gone


# --- who, and from step to step ---------------------------------------------------------------------------------------
def may_all(row: Import, actor: User) -> bool:
    """May change the register everywhere, and so may undo the imports of others."""
    return may(actor, register_of(row).edit, regions.root())


def _mine(row: Import, actor: User) -> None:
    if row.by_id != actor.pk:
        raise NotAllowed(register_of(row).edit)


def _key(row: Import) -> str:
    return f"import:{row.pk}:{row.rounds}"


def _set(row: Import, frm: Iterable[str], to: str, now: datetime, **fields: Any) -> None:
    """One step on, unless somebody else was quicker. Raises Refused then."""
    fields = {"step": to, "note": "", **fields}
    if not Import.objects.filter(pk=row.pk, step__in=list(frm), rounds=row.rounds).update(**fields):
        raise Refused([Fault("", "step", _("Somebody went on with this import in the meantime; look at it again."))])
    for name, value in fields.items():
        setattr(row, name, value)


def _go(
    row: Import, frm: Iterable[str], to: str, job: str, now: datetime, undone_by: User | None = None, **fields: Any
) -> None:
    """One step on that takes time: its job is put in with it."""
    rounds = row.rounds + 1
    _set(row, frm, to, now, done=0, total=0, **fields)
    Import.objects.filter(pk=row.pk).update(rounds=rounds)
    row.rounds = rounds
    args: dict[str, Any] = {"pk": row.pk}
    if undone_by is not None:
        args["by"] = undone_by.pk
    enqueue(job, args, key=_key(row), now=now)


def _audited(row: Import, verb: str, actor: User, now: datetime, after: Mapping[str, Any]) -> None:
    said = {"register": row.register, **after}
    audit.record(
        actor=actor, verb=verb, obj=f"import:{row.pk}", region=regions.root(), after=said, note=row.name, now=now
    )


def open_lines(row: Import) -> Any:
    """Rows that wait for a decision."""
    return row.lines.filter(verdict__in=OPEN)
