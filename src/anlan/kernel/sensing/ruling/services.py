"""Propose a change of an alarm rule, put it in force, reject it, withdraw it: two persons, a reason, on record (W5).

A proposal changes nothing. Approved by another person it becomes the next version of the rulebook entry, the bureau's
own, and the engine process does the rest within a second (`sensing.rules`). An alarm that is open under the version
before stays open: its own clearing or a person closes it, never the edit.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _

from anlan.kernel.audit import services as audit
from anlan.kernel.notices import services as notices
from anlan.kernel.people.models import User
from anlan.kernel.people.queries import people_with
from anlan.kernel.people.rights import require
from anlan.kernel.regions.models import Region
from anlan.kernel.rulebook import queries as rulebook
from anlan.kernel.rulebook.models import Entry, Origin
from anlan.kernel.sensing.conditions import codes_of, conditions_of, faults_of, severities_of
from anlan.kernel.sensing.models import ChangeState, Point, PointKind, RuleChange
from anlan.kernel.sensing.rules import KIND
from anlan.kernel.sensing.services.devices import Refused
from anlan.kernel.sensing.words import kinds_of
from anlan.kernel.web.events import publish
from anlan.kernel.web.formatting import bureau_time

PROPOSE = "rule.propose"
APPROVE = "rule.approve"

#: The anchor of a rule is called "rule:" and its code, and a point's code has 60 letters.
CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,49}")


#: What the body of an alarm rule may hold.
FIELDS = frozenset(
    {"kind", "kinds", "points", "site", "site_name", "unit", "condition", "conditions", "limits", "instead_of", "ended"}
)


@dataclass(frozen=True, slots=True)
class Draft:
    """A rule as somebody wants it: what a rulebook entry holds, without version and days."""

    code: str
    title: str
    region: Region
    body: Mapping[str, Any]
    title_zh: str = ""
    standard: str = ""
    clause: str = ""
    verified: bool = False
    note: str = ""
    ends: bool = False


@transaction.atomic
def propose(draft: Draft, *, base: Entry | None, reason: str, actor: User, now: datetime) -> RuleChange:
    """Ask for a new rule (`base` None) or for a change of the version `base` that the author saw.

    Raises NotAllowed; Refused, in the actor's words, without a reason, for a body that cannot be meant, for points that
    are not there or lie outside the region, when nothing would change, and when `base` is not what holds now.
    """
    require(actor, PROPOSE, draft.region)
    faults = faults_in(draft, base=base, now=now)
    if not reason.strip():
        faults.append(_("Say why the rule is to change"))
    if faults:
        raise Refused("\n".join(faults))
    change = RuleChange.objects.create(
        code=draft.code,
        base=base,
        region=draft.region,
        ends=draft.ends,
        title=draft.title[:160],
        title_zh=draft.title_zh[:160],
        body=_body(draft),
        standard=draft.standard[:120],
        clause=draft.clause[:80],
        verified=draft.verified,
        note=draft.note,
        reason=reason.strip()[:500],
        author=actor,
        proposed_at=now,
    )
    _record(change, PROPOSE, actor=actor, now=now, note=change.reason)
    _tell_approvers(change, now)
    return change


@transaction.atomic
def propose_all(
    drafts: Sequence[tuple[Draft, Entry | None]], *, reason: str, actor: User, now: datetime
) -> list[RuleChange]:
    """Propose several rules, all or none. Raises Refused with every fault, each behind the code of its rule."""
    faults: list[str] = []
    made: list[RuleChange] = []
    for draft, base in drafts:
        try:
            made.append(propose(draft, base=base, reason=reason, actor=actor, now=now))
        except Refused as refused:
            faults += [f"{draft.code}: {line}" for line in str(refused).splitlines()]
    if faults:
        raise Refused("\n".join(faults))
    return made


@transaction.atomic
def approve(change: RuleChange, *, actor: User, now: datetime, reason: str = "") -> Entry:
    """Put a proposal in force, as another person than its author.

    Raises NotAllowed; Refused when the author approves, when the proposal is decided already, and when another version
    was put in force since its author looked.
    """
    row = _locked(change)
    require(actor, APPROVE, row.region)
    _waiting(row)
    if is_same_person(row.author, actor):
        raise Refused(_("A rule is put in force by another person than the one who proposed it"))
    # Two who approve different proposals for one rule come one after the other.
    list(Entry.objects.select_for_update().filter(kind=KIND, code=row.code).values_list("pk"))
    current = deciding(row.code, row.region, now)
    if (current.pk if current else None) != row.base_id:
        raise Refused(
            _("Since this was proposed, %(rule)s was put in force: look at it and propose again")
            % {"rule": f"{row.code} v{current.version}" if current else row.code}
        )
    faults = faults_in(draft_of(row), base=row.base, now=now)
    if faults:
        raise Refused("\n".join(faults))
    entry = _next_version(row, now)
    row.state, row.entry = ChangeState.APPROVED, entry
    _decide(row, APPROVE, actor=actor, now=now, reason=reason, after={"version": entry.version})
    return entry


@transaction.atomic
def reject(change: RuleChange, *, actor: User, now: datetime, reason: str) -> RuleChange:
    """Say no, with a reason. Raises NotAllowed; Refused without a reason or when it is decided already."""
    row = _locked(change)
    require(actor, APPROVE, row.region)
    _waiting(row)
    if not reason.strip():
        raise Refused(_("Say why the change is rejected"))
    row.state = ChangeState.REJECTED
    return _decide(row, "rule.reject", actor=actor, now=now, reason=reason)


@transaction.atomic
def withdraw(change: RuleChange, *, actor: User, now: datetime, reason: str = "") -> RuleChange:
    """Take one's own proposal back. Raises Refused for another's, or when it is decided already."""
    row = _locked(change)
    require(actor, PROPOSE, row.region)
    _waiting(row)
    if row.author_id != actor.pk:
        raise Refused(_("A proposal is withdrawn by the one who made it"))
    row.state = ChangeState.WITHDRAWN
    return _decide(row, "rule.withdraw", actor=actor, now=now, reason=reason)


# --- what is asked --------------------------------------------------------------------------------------------------


def deciding(code: str, region: Region, now: datetime) -> Entry | None:
    """The version of a rule that decides in a region now; None where there is none."""
    try:
        return rulebook.lookup(KIND, code, at=now, region=region)
    except rulebook.NoRule:
        return None


def draft_of(change: RuleChange) -> Draft:
    """What a proposal asks for."""
    return Draft(
        code=change.code,
        title=change.title,
        title_zh=change.title_zh,
        region=change.region,
        body=change.body,
        standard=change.standard,
        clause=change.clause,
        verified=change.verified,
        note=change.note,
        ends=change.ends,
    )


def is_same_person(one: User, other: User) -> bool:
    """Two accounts are taken for one person when they share a telephone number, or a name inside one department."""
    if one.pk == other.pk:
        return True
    phone = one.phone.strip()
    if phone and phone == other.phone.strip():
        return True
    return one.department_id is not None and (one.department_id, one.name) == (other.department_id, other.name)


def faults_in(draft: Draft, *, base: Entry | None, now: datetime) -> list[str]:
    """Everything that keeps a draft from being a rule, in words."""
    if not CODE.fullmatch(draft.code):
        return [_("A rule code has letters, digits, dot, dash, at most 50: “%(code)s”") % {"code": draft.code}]
    faults = [] if draft.title.strip() else [_("Give the rule a title")]
    current = deciding(draft.code, draft.region, now)
    if base is None and Entry.objects.filter(kind=KIND, code=draft.code).exists():
        faults.append(_("There is a rule %(code)s already: change it, or choose another code") % {"code": draft.code})
    elif base is not None and (current is None or current.pk != base.pk):
        faults.append(_("Another version was put in force meanwhile: open the rule again"))
    faults += faults_of_body(draft, now)
    if (
        base is not None
        and not draft.ends
        and not faults
        and is_same(draft, base)
        and base.region_id in (None, draft.region.pk)
    ):
        faults.append(_("Nothing is changed"))
    return faults


def faults_of_body(draft: Draft, now: datetime) -> list[str]:
    """What is wrong with the condition of a draft, with the points and with the rules that it names."""
    if draft.ends:
        return []
    if unknown := set(draft.body) - FIELDS:
        return [_("A rule has no field %(names)s") % {"names": ", ".join(sorted(unknown))}]
    return faults_of(draft.body) or _faults_of_points(draft) + _faults_of_inhibits(draft, now)


def is_same(draft: Draft, base: Entry) -> bool:
    """Does a draft say what a version says already?"""
    told = (draft.title, draft.title_zh, draft.standard, draft.clause, draft.verified, draft.note)
    was = (base.title, base.title_zh, base.standard, base.clause, base.verified, base.note)
    return told == was and _normal(_body(draft)) == _normal(base.body)


def _normal(body: Mapping[str, Any]) -> dict[str, Any]:
    """A body in one form, however it was written."""
    rest = {name: value for name, value in body.items() if name not in ("condition", "conditions", "kind", "kinds")}
    return rest | {"kinds": kinds_of(body), "conditions": conditions_of(body, code="")}


def named_points(body: Mapping[str, Any]) -> set[str]:
    """The codes of every point that a body names."""
    named = set(body.get("points") or ()) | set(body.get("limits") or ())
    for condition in conditions_of(body, code=""):
        named |= set(codes_of(condition))
    return named


def _faults_of_points(draft: Draft) -> list[str]:
    codes = named_points(draft.body)
    rows = Point.records.filter(code__in=codes, exercise=False).exclude(kind=PointKind.GROUP)
    found = dict(rows.values_list("code", "region__path"))
    faults = [_("There is no point %(code)s") % {"code": code} for code in sorted(codes - set(found))]
    outside = sorted(code for code, path in found.items() if not path.startswith(draft.region.path))
    faults += [_("%(code)s lies outside %(region)s") % {"code": code, "region": draft.region.name} for code in outside]
    return faults


def _faults_of_inhibits(draft: Draft, now: datetime) -> list[str]:
    named = {
        inhibit["rule"]
        for condition in conditions_of(draft.body, code=draft.code)
        for inhibit in condition.get("inhibits", ())
    }
    faults = []
    for code in sorted(named):
        entry = deciding(code, draft.region, now)
        if code == draft.code or (entry is not None and _leads_to(entry, draft.code, draft.region, now)):
            faults.append(_("%(code)s would hold itself down") % {"code": draft.code})
        elif entry is None:
            faults.append(_("There is no rule %(code)s to hold it down") % {"code": code})
    return faults


def _leads_to(entry: Entry, code: str, region: Region, now: datetime) -> bool:
    """Is a rule held down, over others or at once, by the rule `code`?"""
    seen, open_ = {entry.code}, [entry]
    while open_:
        for inhibitor in _inhibitors(open_.pop().body):
            if inhibitor == code:
                return True
            if inhibitor not in seen and (next_ := deciding(inhibitor, region, now)) is not None:
                seen.add(inhibitor)
                open_.append(next_)
    return False


def _inhibitors(body: Mapping[str, Any]) -> Iterable[str]:
    if body.get("ended"):
        return ()
    conditions = conditions_of(body, code="")
    return [inhibit["rule"] for condition in conditions for inhibit in condition.get("inhibits", ())]


def severest(body: Mapping[str, Any]) -> int | None:
    """The most severe level that a rule may raise."""
    if faults_of(body):
        return None
    return min(severity for condition in conditions_of(body, code="") for severity in severities_of(condition))


# --- what follows ---------------------------------------------------------------------------------------------------


def _body(draft: Draft) -> dict[str, Any]:
    kept = {name: value for name, value in draft.body.items() if name != "ended"}
    return kept | {"ended": True} if draft.ends else kept


def _next_version(row: RuleChange, now: datetime) -> Entry:
    """The new entry; the bureau's own version before it in the same region ends."""
    newest = Entry.objects.filter(kind=KIND, code=row.code).order_by("-version").first()
    base = row.base
    if base is not None and base.origin == Origin.BUREAU and base.region_id == row.region_id:
        base.valid_to = now
        base.save(update_fields=("valid_to",))
    return Entry.objects.create(
        kind=KIND,
        code=row.code,
        version=newest.version + 1 if newest else 1,
        region=row.region,
        origin=Origin.BUREAU,
        title=row.title,
        title_zh=row.title_zh,
        body=row.body,
        standard=row.standard,
        clause=row.clause,
        verified=row.verified,
        note=row.note,
        valid_from=now,
        digest="",
    )


def _locked(change: RuleChange) -> RuleChange:
    rows = RuleChange.objects.select_for_update(of=("self",)).select_related("author", "base", "region")
    return rows.get(pk=change.pk)


def _waiting(row: RuleChange) -> None:
    if row.state != ChangeState.PROPOSED:
        raise Refused(
            _("%(who)s was first, at %(when)s")
            % {"who": row.decided_by.name if row.decided_by else "—", "when": bureau_time(row.decided_at, seconds=True)}
        )


def _decide(
    row: RuleChange, verb: str, *, actor: User, now: datetime, reason: str, after: Mapping[str, Any] | None = None
) -> RuleChange:
    row.decided_by, row.decided_at, row.decision = actor, now, reason.strip()[:500]
    row.save(update_fields=("state", "entry", "decided_by", "decided_at", "decision"))
    _record(row, verb, actor=actor, now=now, note=row.decision, after=after)
    if row.author_id != actor.pk:
        notices.tell(
            [row.author],
            title=lambda: f"{row.code}: {row.get_state_display()}",
            body=row.decision,
            url=reverse("sensing:rule_change", args=[row.pk]),
            region=row.region,
            now=now,
        )
    return row


def _record(
    row: RuleChange, verb: str, *, actor: User, now: datetime, note: str, after: Mapping[str, Any] | None = None
) -> None:
    audit.record(
        actor=actor,
        verb=verb,
        obj=row,
        region=row.region,
        before={"version": row.base.version} if row.base else {},
        after={"rule": row.code, "state": row.state, "ends": row.ends, **(after or {})},
        note=note,
        now=now,
    )
    publish("rule.changed", ref=f"rulechange:{row.pk}", region=row.region, verb="rulebook.see", at=now)


def _tell_approvers(row: RuleChange, now: datetime) -> None:
    others = [one for one in people_with(APPROVE, row.region) if not is_same_person(one, row.author)]
    notices.tell(
        others,
        title=lambda: (
            _("A rule is to be ended: %(code)s") % {"code": row.code}
            if row.ends
            else _("A rule is to be changed: %(code)s") % {"code": row.code}
        ),
        body=f"{row.author.name}: {row.reason}",
        url=reverse("sensing:rule_change", args=[row.pk]),
        region=row.region,
        now=now,
    )
