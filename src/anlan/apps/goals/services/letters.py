"""What is said to those who are late: supervision letters, interviews, notices of criticism, and the answers."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _

from anlan.apps.goals.declarations import LETTER_CLOCK
from anlan.apps.goals.models import Letter, LetterKind, Task
from anlan.apps.goals.queries.tasks import seen
from anlan.apps.goals.refusing import Refused
from anlan.apps.goals.services import papers
from anlan.apps.goals.services.numbers import number_of
from anlan.formats.official.frozen import freeze
from anlan.kernel.audit import services as audit
from anlan.kernel.clocks import services as clocks
from anlan.kernel.clocks.ladder import Rung
from anlan.kernel.clocks.models import Clock
from anlan.kernel.notices import services as notices
from anlan.kernel.people.models import Department, User
from anlan.kernel.people.rights import NotAllowed, may, require
from anlan.kernel.web.formatting import bureau_time
from anlan.kernel.web.refs import ref_of

#: Kinds that ask for an answer: a clock runs until it is there.
ANSWERED = (LetterKind.SUPERVISE,)


@transaction.atomic
def write(
    task: Task,
    kind: LetterKind,
    *,
    words: str,
    demand: str = "",
    to_unit: Department | None = None,
    interviewed: str = "",
    place: str = "",
    actor: User,
    now: datetime,
) -> Letter:
    """Raise a letter over a task; a supervision letter starts the clock of its answer.

    to_unit      whom it goes to; the unit that leads when not given
    interviewed  who was spoken to; an interview needs it

    Raises NotAllowed without `task.supervise` there; Refused when the task is over, without words, or for a unit that
    has no part in the task.
    """
    require(actor, "task.supervise", task.region)
    if task.case.closed_at is not None:
        raise Refused(_("The task is over."))
    unit = to_unit or task.case.unit
    concerned = {task.case.unit_id, *(part.unit_id for part in task.parts.all())}
    if unit is None or unit.pk not in concerned:
        raise Refused(_("Choose the unit that leads, or one that takes part."), "to_unit")
    if len(words.strip()) < 4:
        raise Refused(_("Say what is wrong."), "words")
    if kind is LetterKind.SUPERVISE and len(demand.strip()) < 2:
        raise Refused(_("Say what is asked for."), "demand")
    if kind is LetterKind.INTERVIEW and not interviewed.strip():
        raise Refused(_("Say who was spoken to."), "interviewed")
    letter: Letter = Letter.records.create(
        task=task, kind=kind, number=number_of(kind, now), region=task.region, to_unit=unit,
        title=task.case.title[:160],
        words=words.strip(), demand=demand.strip(), interviewed=interviewed.strip()[:120], place=place.strip()[:120],
        issued_at=now, issued_by=actor,
    )  # fmt: skip
    if kind in ANSWERED:
        clock = clocks.start(ref_of(letter), LETTER_CLOCK, region=task.region, now=now, chain=task.case.chain_id)
        letter.answer_by = clock.due
    letter.paper = freeze(papers.of_letter(letter))
    letter.save(update_fields=("answer_by", "paper"))
    after = {"number": letter.number, "to": unit.name, "words": letter.words, "demand": letter.demand}
    audit.record(actor=actor, verb=f"task.{kind}", obj=letter, region=task.region, after=after, now=now)
    _tell(letter, now)
    return letter


@transaction.atomic
def answer(letter: Letter, *, words: str, actor: User, now: datetime) -> Letter:
    """The unit answers; its clock stops. Raises NotAllowed for other people, Refused when it was answered already."""
    letter = (
        Letter.records.select_for_update(of=("self",))
        .select_related("region", "to_unit__region", "issued_by")
        .get(pk=letter.pk)
    )
    if not may_answer(actor, letter):
        raise NotAllowed("task.report", letter.region)
    if letter.kind not in ANSWERED or letter.answered_at is not None:
        raise Refused(_("No answer is awaited."))
    if len(words.strip()) < 4:
        raise Refused(_("Write what has been done since."), "words")
    letter.answer, letter.answered_at, letter.answered_by = words.strip(), now, actor
    letter.save(update_fields=("answer", "answered_at", "answered_by"))
    clocks.stop(ref_of(letter), now=now)
    audit.record(
        actor=actor, verb="task.answer", obj=letter, region=letter.region, after={"answer": letter.answer}, now=now
    )  # fmt: skip
    notices.tell(
        [letter.issued_by],
        title=lambda: _("Answered: %(number)s") % {"number": letter.number},
        body=letter.answer[:200],
        ref=ref_of(letter),
        url=address(letter),
        region=letter.region,
        now=now,
    )
    return letter


def may_answer(actor: User, letter: Letter) -> bool:
    """People of the unit it is addressed to who report on tasks there."""
    return actor.department_id == letter.to_unit_id and may(actor, "task.report", letter.to_unit.region)


def seen_letters(actor: User) -> QuerySet[Letter]:
    """Letters over tasks that the actor sees."""
    rows: QuerySet[Letter] = Letter.records.filter(task__in=seen(actor))
    return rows.select_related("task__case", "to_unit", "issued_by", "answered_by", "region").defer("region__boundary")


def address(letter: Letter) -> str:
    """The page of a letter."""
    return reverse("goals:letter", args=[letter.pk])


def _members(letter: Letter) -> list[User]:
    """The lead officer when the letter goes to the leading unit, and whoever of the unit reports on tasks."""
    members = list(User.objects.filter(department=letter.to_unit, is_active=True))
    return [one for one in members if may(one, "task.report", letter.to_unit.region)]


def _tell(letter: Letter, now: datetime) -> None:
    kind = LetterKind(letter.kind)
    notices.tell(
        _members(letter),
        title=lambda: f"{kind.label} {letter.number}: {letter.title}",
        body=lambda: _("Answer until %(at)s") % {"at": bureau_time(letter.answer_by)} if letter.answer_by else "",
        ref=ref_of(letter),
        url=address(letter),
        region=letter.region,
        sound=True,
        now=now,
    )


def of_rung(clock: Clock, rung: Rung, now: datetime) -> None:
    """Speak a rung of the clock of an answer: the unit before it is due, whoever wrote the letter when it is late."""
    letter = Letter.records.select_related("region", "to_unit__region", "issued_by").get(pk=clock.ref.partition(":")[2])
    told = [letter.issued_by] if rung.to == "leader" else _members(letter)
    notices.tell(
        told,
        title=lambda: f"{rung.said()}: {letter.number}",
        body=lambda: _("due %(at)s") % {"at": bureau_time(clock.due)},
        ref=clock.ref,
        url=address(letter),
        region=letter.region,
        sound=rung.offset_s >= 0,
        now=now,
    )
