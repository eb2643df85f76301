"""Take in a grid from a file: handed in, read by a job, then an edition or every fault; given up, forgotten."""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import get_language, override
from django.utils.translation import gettext as _

from anlan.apps.census.models import Edition, Taking, TakingState
from anlan.apps.census.queries.report import rules_of
from anlan.apps.census.services import editions, tables
from anlan.formats.faults import Refused as FileRefused
from anlan.formats.tables.limited import open_table
from anlan.formats.tables.limits import Limits
from anlan.formats.tables.sheets import Sheet
from anlan.kernel.audit import services as audit
from anlan.kernel.jobs.models import Job, State
from anlan.kernel.jobs.services import enqueue
from anlan.kernel.people.models import User
from anlan.kernel.people.rights import require
from anlan.kernel.regions import queries as regions
from anlan.kernel.registers.importing.wording import words_of as file_words

#: A grid has more rows than any other table of an office.
LIMITS = Limits(bytes=40 << 20, rows=400_000, cells=4_000_000, seconds=120.0)
#: The job that reads a file.
READ = "census.grid_read"
#: How the name of a file begins that has no row yet.
_ARRIVED = ".arrived-"
#: Files with faults that nobody went on with are given up after this.
KEEP = timedelta(days=30)


class Refused(ValueError):
    """What was asked cannot be done; says why in words for the person who asked."""


def folder() -> Path:
    """Where files lie that are on their way."""
    return Path(settings.DATA) / "census"


def file_of(taking: Taking) -> Path:
    """The file as it came."""
    return folder() / str(taking.pk)


def faults_of(taking: Taking) -> Path:
    """The sheet of its faults, written by the job that found them."""
    return folder() / f"{taking.pk}.faults.xlsx"


def hand_in(data: bytes, name: str, *, title: str, surveyed_on: date, actor: User, now: datetime) -> Taking:
    """Keep a file and let it be read. Raises NotAllowed; Refused for an empty or too large one, or a day to come."""
    require(actor, "census.edit", regions.root())
    if not data:
        raise Refused(_("The file holds nothing."))
    if len(data) > LIMITS.bytes:
        raise Refused(_("The file is larger than %(most)d MB.") % {"most": LIMITS.bytes >> 20})
    if surveyed_on > timezone.localdate(now):
        raise Refused(_("The day of the survey lies in the future."))
    digest, arrived = hashlib.sha256(data).hexdigest(), _laid_down(data)
    try:
        with transaction.atomic():
            taking = Taking.objects.create(
                name=name.replace("\\", "/").rpartition("/")[2][-200:] or "?", sha256=digest, size=len(data),
                title=title[:120], surveyed_on=surveyed_on, language=get_language() or "zh-hans", by=actor, at=now,
            )  # fmt: skip
            arrived.rename(file_of(taking))
            _audited(taking, "census.hand_in", actor, now, {"size": taking.size, "sha256": taking.sha256})
            enqueue(READ, {"pk": taking.pk}, key=_key(taking), now=now)
    finally:
        arrived.unlink(missing_ok=True)
    return taking


def _laid_down(data: bytes) -> Path:
    """The bytes on disk under a name of their own, before anybody's writing waits for them."""
    folder().mkdir(parents=True, exist_ok=True, mode=0o700)
    path = folder() / f"{_ARRIVED}{secrets.token_hex(8)}"
    with path.open("wb") as kept:
        kept.write(data)
        kept.flush()
        os.fsync(kept.fileno())
    return path


def read(pk: int, now: datetime) -> None:
    """Read a file, say every fault, or make an edition of it: all or nothing. May be called again after a crash."""
    taking = Taking.objects.select_related("by").get(pk=pk)
    if taking.state != TakingState.READING:
        return
    with override(taking.language):
        try:
            sheet = sheet_of(taking)
        except FileRefused as refused:
            _end(taking, TakingState.FAILED, now, note=file_words(refused.fault, place=True))
            return
        if sheet is None:
            _end(taking, TakingState.FAILED, now, note=_("The file holds no table."))
            return
        checked = tables.check_grid(sheet, called(now))
    if not checked.good:
        faults = [[one.row, one.column, one.words] for one in checked.faults]
        with override(taking.language):
            faults_of(taking).write_bytes(tables.fault_book(sheet, called(now), faults))
        _end(taking, TakingState.FAULTY, now, faults=faults, more=checked.more, unread=list(checked.unread))
        return
    edition = _left_by_a_crash(taking) or tables.take_grid(
        checked, title=taking.title, surveyed_on=taking.surveyed_on, actor=taking.by, now=taking.at
    )
    if not _end(taking, TakingState.TAKEN, now, edition=edition, unread=list(checked.unread)):
        editions.discard(edition, actor=taking.by, now=now)  # given up while it was read: nothing of it is kept


def called(at: datetime) -> Mapping[str, Sequence[str]]:
    """What the columns of a grid may be called besides, by the rulebook."""
    found: Mapping[str, Sequence[str]] = rules_of("grid", at).get("headings", {})
    return found


def sheet_of(taking: Taking) -> Sheet | None:
    """The first table of the file. Raises `formats.faults.Refused` for a file that is not taken."""
    book = open_table(file_of(taking), taking.name, limits=LIMITS)
    return next((one for one in book.sheets if not one.hidden and not one.empty), None)


def _left_by_a_crash(taking: Taking) -> Edition | None:
    """An edition that an earlier try finished without saying so; one that it left half is deleted."""
    mine = Edition.objects.filter(by=taking.by, at=taking.at, origin=None)
    mine.filter(digest="").delete()
    return mine.exclude(digest="").first()


def _end(taking: Taking, state: str, now: datetime, **fields: Any) -> bool:
    """Say how the reading ended; False when somebody gave the file up in the meantime."""
    fields = {"state": state, "ended_at": now, **fields}
    with transaction.atomic():
        if not Taking.objects.filter(pk=taking.pk, state=TakingState.READING).update(**fields):
            return False
        after = {"state": state, "faults": len(fields.get("faults", ())) + fields.get("more", 0)}
        _audited(taking, "census.read", taking.by, now, after)
    return True


def fault_book(taking: Taking) -> bytes:
    """The rows with faults as they came, with what is wrong in the last column and at the cells. Raises Refused."""
    if taking.state != TakingState.FAULTY:
        raise Refused(_("Only a file with faults has a sheet of them."))
    try:
        return faults_of(taking).read_bytes()
    except OSError as gone:
        raise Refused(_("The sheet of faults is not there; let the file be read again.")) from gone


def give_up(taking: Taking, *, actor: User, now: datetime) -> None:
    """Forget a file that made no edition. Raises NotAllowed; Refused for one that did."""
    require(actor, "census.edit", regions.root())
    wanted = (TakingState.READING, TakingState.FAULTY, TakingState.FAILED)
    with transaction.atomic():
        fields = {"state": TakingState.DROPPED, "ended_at": now, "faults": [], "more": 0}
        if not Taking.objects.filter(pk=taking.pk, state__in=wanted).update(**fields):
            raise Refused(_("Only a file that made no edition can be given up; an edition is discarded or taken back."))
        _audited(taking, "census.give_up", actor, now, {})
    _forget_files(taking)


def release(taking: Taking, *, now: datetime) -> bool:
    """Say of a file whose job was put aside that it could not be read; False while it is still to be done."""
    if taking.state != TakingState.READING:
        return False
    job = Job.objects.filter(key=_key(taking)).first()
    if job is None or job.state != State.FAILED:
        return False
    words = _("Reading failed: %(why)s. Nothing was taken in; try again.") % {"why": job.error[:200]}
    _end(taking, TakingState.FAILED, now, note=words)
    taking.refresh_from_db()
    return True


@transaction.atomic
def read_again(taking: Taking, *, actor: User, now: datetime) -> None:
    """Read a file once more, after the rules of its headings or the borders changed. Raises NotAllowed, Refused."""
    require(actor, "census.edit", regions.root())
    if not file_of(taking).is_file():
        raise Refused(_("The file is no longer there; hand it in anew."))
    rounds = taking.rounds + 1
    fields = {"state": TakingState.READING, "rounds": rounds, "faults": [], "more": 0, "note": "", "ended_at": None}
    open_ = Taking.objects.filter(pk=taking.pk, rounds=taking.rounds)
    if not open_.filter(state__in=(TakingState.FAULTY, TakingState.FAILED)).update(**fields):
        raise Refused(_("Somebody went on with this file in the meantime; look at it again."))
    taking.rounds = rounds
    _audited(taking, "census.read_again", actor, now, {})
    enqueue(READ, {"pk": taking.pk}, key=_key(taking), now=now)


def forget_old(now: datetime) -> int:
    """Give up files with faults after `KEEP`, and delete the files of editions by then. Returns how many."""
    gone = 0
    for taking in Taking.objects.filter(at__lt=now - KEEP):
        if taking.state in (TakingState.FAULTY, TakingState.FAILED):
            gone += Taking.objects.filter(pk=taking.pk).update(state=TakingState.DROPPED, faults=[], more=0)
        if taking.state != TakingState.READING:
            _forget_files(taking)
    for path in folder().glob(f"{_ARRIVED}*"):  # of a process that was killed before the row was made
        if path.stat().st_mtime < (now - KEEP).timestamp():
            path.unlink(missing_ok=True)
    return gone


def _forget_files(taking: Taking) -> None:
    for path in (file_of(taking), faults_of(taking)):
        path.unlink(missing_ok=True)


def _key(taking: Taking) -> str:
    return f"census-taking:{taking.pk}:{taking.rounds}"


def _audited(taking: Taking, verb: str, actor: User, now: datetime, after: Mapping[str, Any]) -> None:
    audit.record(
        actor=actor, verb=verb, obj=f"census-taking:{taking.pk}", region=regions.root(), after=dict(after),
        note=taking.name, now=now,
    )  # fmt: skip
