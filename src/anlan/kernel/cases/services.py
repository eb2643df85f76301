"""The verbs of cases: open, act, extend, hand over. Each leaves trail, audit, event, notices in its transaction."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from anlan.kernel.audit import services as audit
from anlan.kernel.cases import effects, registry, telling
from anlan.kernel.cases.declarations import Step, Workflow
from anlan.kernel.cases.errors import CaseError, NotAllowed, NoteMissing, NotNow, ProofMissing, Stale, WrongUnit
from anlan.kernel.cases.models import Case, Trail
from anlan.kernel.cases.queries import missing_proof
from anlan.kernel.chains import services as chains
from anlan.kernel.chains.models import Chain
from anlan.kernel.clocks import services as clocks
from anlan.kernel.clocks.queries import clocks_of
from anlan.kernel.people.models import Department, User
from anlan.kernel.people.rights import may, require
from anlan.kernel.regions.models import Region
from anlan.kernel.web.events import publish
from anlan.kernel.web.formatting import bureau_time
from anlan.kernel.web.refs import ref_of

__all__ = [
    "CaseError",
    "NotAllowed",
    "NotNow",
    "NoteMissing",
    "ProofMissing",
    "Stale",
    "WrongUnit",
    "act",
    "available",
    "extend",
    "hand_over",
    "open_case",
]

#: Longest note kept in the trail, characters.
NOTE_MOST = 2000


@transaction.atomic
def open_case(
    workflow: Workflow,
    *,
    region: Region,
    title: str,
    level: int | None = None,
    chain: Chain,
    unit: Department | None = None,
    assignee: User | None = None,
    now: datetime,
    actor: User,
    cause: str = "",
    clock: str | None = None,
    due: datetime | None = None,
    note: str = "",
) -> Case:
    """Open a case in its first state, start its clock, tell the unit.

    level  1 red … 4 blue, of what caused it
    chain  the story it belongs to; an exercise makes the case one
    unit   who has the first move; `assignee` the one person of it who answers
    cause  ref of what led to it ("alarm:12"), linked in the chain
    clock  rulebook code of the clock, instead of the workflow's own; "" starts none
    due    the moment that the order names, instead of the time of the clock's rule

    Raises NotAllowed; WrongUnit when the unit does not work where the case is; NoRule when the clock has no rule.
    """
    require(actor, workflow.open_verb, region)
    _check_unit(unit, region)
    prefix = f"EX-{workflow.prefix}" if chain.exercise else workflow.prefix
    case: Case = Case.records.create(
        number=chains.next_number(prefix, now),
        kind=workflow.kind,
        state=workflow.start,
        title=title[:200],
        level=level,
        region=region,
        chain=chain,
        unit=unit,
        assignee=assignee,
        exercise=chain.exercise,
        opened_at=now,
        opened_by=actor,
    )
    ref = ref_of(case)
    chains.link(chain, cause, ref, now=now)
    if level is not None:
        chains.raise_level(chain, level, now=now, actor=actor)
    if code := workflow.clock if clock is None else clock:
        begun = clocks.start(ref, code, region=region, now=now, chain=chain, exercise=chain.exercise, due=due)
        case.due = begun.due
        case.save(update_fields=("due",))
    data = {"unit": unit.name} if unit else {}
    _leave(case, "open", "", actor=actor, now=now, note=note, data=data)
    for name in workflow.effects:
        effects.run(name, case, actor=actor, now=now, step=None, note=note, data={})
    telling.moved(case, lambda: _("New case"), actor=actor, now=now)
    return case


@transaction.atomic
def act(
    case: Case,
    do: str,
    *,
    actor: User,
    now: datetime,
    note: str = "",
    revision: int | None = None,
    unit: Department | None = None,
    data: Mapping[str, Any] | None = None,
) -> Case:
    """Take the step `do`; returns the case as it is then.

    revision  the one that the actor saw; None when nobody looked at a page
    unit      who has the next move, for a step that names one
    data      small JSON facts for the trail and the effects

    Raises Stale, NotNow, NotAllowed, ProofMissing, NoteMissing, WrongUnit; nothing has changed then.
    """
    row = _locked(case)
    workflow = registry.get(row.kind)
    note = note.strip()
    if revision is not None and revision != row.revision:
        raise Stale(_stale_words(row))
    step = _step_now(row, workflow, do)
    require(actor, step.verb, row.region)
    if missing := missing_proof(row, step):
        raise ProofMissing(missing)
    if step.needs_note and not note:
        raise NoteMissing(_("Write a few words: %(what)s") % {"what": step.note_label or step.label})
    facts = dict(data or {})
    if step.names_unit:
        if unit is None:
            raise WrongUnit(_("Choose the unit."))
        _check_unit(unit, row.region)
        row.unit, row.assignee = unit, None
        facts["unit"] = unit.name
    before = row.state
    row.state = step.to
    if step.takes:
        row.assignee = actor
    if step.to in workflow.done:
        row.closed_at = now
    _turn_clocks(row, step, now)
    _leave(row, do, before, actor=actor, now=now, note=note, data=facts)
    for name in step.effects:
        effects.run(name, row, actor=actor, now=now, step=step, note=note, data=facts)
    if row.closed_at is not None:
        chains.close_if_done(row.chain, now=now, actor=actor)
    telling.moved(row, lambda: str(step.label), actor=actor, now=now)
    return row


@transaction.atomic
def extend(case: Case, days: int, *, actor: User, now: datetime, reason: str) -> Case:
    """Give a case more time, in days of its clock's own calendar; the rulebook says how often and by how much.

    Raises NotAllowed, NoteMissing without a reason, NotNow when it is over or has no running clock, CaseError when the
    rule allows no more.
    """
    row = _locked(case)
    require(actor, "case.extend", row.region)
    if not reason.strip():
        raise NoteMissing(_("Write why it needs more time."))
    running = clocks_of(ref_of(row), running=True)
    if row.closed_at is not None or not running:
        raise NotNow(_("No clock is running."))
    if days < 1:
        raise CaseError(_("An extension has at least one day."))
    before = running[0].due
    try:
        clock = clocks.extend(running[0], days=days, now=now)
    except clocks.ClockError as refused:
        raise CaseError(str(refused)) from refused
    row.due = clock.due if row.due is not None else None
    facts = {"days": days, "from": before.isoformat(), "to": clock.due.isoformat()}
    _leave(row, "extend", row.state, actor=actor, now=now, note=reason, data=facts)
    until = bureau_time(clock.due)
    telling.moved(row, lambda: _("More time, until %(at)s") % {"at": until}, actor=actor, now=now)
    return row


@transaction.atomic
def hand_over(case: Case, to: User, *, actor: User, now: datetime, reason: str) -> Case:
    """Give an open case to another person (who did it has left, or changed posts); its clock runs on.

    The case goes to the unit of that person, when there is one. Whoever may open such a case may hand it over.

    Raises NotAllowed, NoteMissing without a reason, NotNow when it is over, WrongUnit, CaseError when that person may
    take none of its steps or has it already.
    """
    row = _locked(case)
    workflow = registry.get(row.kind)
    require(actor, workflow.open_verb, row.region)
    if not reason.strip():
        raise NoteMissing(_("Write why it is handed over."))
    if row.closed_at is not None:
        raise NotNow(_("The case is over."))
    if row.assignee_id == to.pk:
        raise CaseError(_("%(who)s has it already.") % {"who": to.name})
    if not to.is_active or not any(may(to, step.verb, row.region) for step in workflow.steps):
        words = _("%(who)s may do nothing on this case. Choose somebody whose posts include it.")
        raise CaseError(words % {"who": to.name})
    unit = to.department or row.unit
    _check_unit(unit, row.region)
    facts = {"from": row.assignee.name if row.assignee else "", "to": to.name, "unit": unit.name if unit else ""}
    row.assignee, row.unit = to, unit
    _leave(row, "hand_over", row.state, actor=actor, now=now, note=reason.strip(), data=facts)
    telling.moved(row, lambda: _("Handed over to you"), actor=actor, now=now)
    return row


def available(case: Case, actor: User) -> list[Step]:
    """Steps that `actor` may take now, in the order of the declaration; proof may still be missing."""
    if case.closed_at is not None:
        return []
    workflow = registry.get(case.kind)
    return [step for step in workflow.steps_from(case.state) if may(actor, step.verb, case.region)]


def _step_now(case: Case, workflow: Workflow, do: str) -> Step:
    if not workflow.has_step(do):
        raise NotNow(_("There is no such step: %(do)s") % {"do": do})
    step = workflow.step(do)
    if case.closed_at is not None or case.state not in step.frm:
        raise NotNow(
            _("“%(step)s” cannot be done now: the case is “%(state)s”.")
            % {"step": step.label, "state": workflow.state_label(case.state)}
        )
    return step


def _stale_words(case: Case) -> str:
    """Who moved it meanwhile, when and how, so that nobody has to guess."""
    last = case.trail.select_related("actor").order_by("-at", "-id").first()
    if last is None:
        return _("The case has changed meanwhile. Look at it again.")
    return _("%(who)s changed the case at %(when)s (%(what)s). Look at it again.") % {
        "who": last.actor.name,
        "when": bureau_time(last.at, seconds=True),
        "what": telling.act_label(registry.get(case.kind), last.do),
    }


def _check_unit(unit: Department | None, region: Region) -> None:
    """A unit works inside its region, and a unit of a smaller place may be given a part of a larger one's work."""
    if unit is None:
        return
    theirs, here = unit.region.path, region.path
    if not (here.startswith(theirs) or theirs.startswith(here)):
        raise WrongUnit(_("%(unit)s does not work in %(place)s.") % {"unit": unit.name, "place": region.name})


def _turn_clocks(case: Case, step: Step, now: datetime) -> None:
    """Pause, resume or stop the clocks of the case as the step says; its own due moment follows."""
    ref = ref_of(case)
    if case.closed_at is not None or step.clock == "stop":
        stopped = clocks.stop(ref, now=now)
        # The moment by which it should have been done stays readable in lists of what is over.
        case.due = min((clock.due for clock in stopped), default=case.due)
        return
    if not step.clock:
        return
    for clock in clocks_of(ref, running=True):
        if step.clock == "pause" and clock.paused_at is None:
            clocks.pause(clock, now=now)
        elif step.clock == "resume" and clock.paused_at is not None:
            clocks.resume(clock, now=now)
    running = [clock.due for clock in clocks_of(ref, running=True) if clock.paused_at is None]
    case.due = min(running, default=None)


def _locked(case: Case) -> Case:
    """The row as it is now, held until the transaction ends."""
    rows = Case.records.select_for_update(of=("self",))
    row: Case = rows.select_related("region", "chain", "unit", "unit__region", "assignee").get(pk=case.pk)
    return row


def _leave(case: Case, do: str, before: str, *, actor: User, now: datetime, note: str, data: Mapping[str, Any]) -> None:
    """Save the case with its next revision; trail, audit line and event of one act."""
    if do != "open":
        case.revision += 1
        case.save(update_fields=("state", "unit", "assignee", "due", "closed_at", "revision"))
    Trail.objects.create(
        case=case, at=now, actor=actor, do=do, frm=before, to=case.state, note=note[:NOTE_MOST], data=dict(data)
    )
    audit.record(
        actor=actor,
        verb=f"case.{do}",
        obj=case,
        region=case.region,
        before={"state": before} if before else None,
        after={"state": case.state, "number": case.number, **data},
        note=note[:NOTE_MOST],
        now=now,
    )
    publish(
        "case.opened" if do == "open" else "case.moved",
        ref=ref_of(case),
        region=case.region,
        verb="case.see",
        at=now,
        data={"number": case.number, "state": case.state, "level": case.level, "exercise": case.exercise},
    )
