"""Verbs of the review: a person decides what was read.

Nothing counts unless accepted, and every decision is audited.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from anlan.apps.goals.fields import FIELDS, cleaned, summary
from anlan.apps.goals.models import Clause, Draft, DraftKind, DraftState, EditionState, Holder
from anlan.apps.goals.refusing import Refused
from anlan.apps.goals.services.holders import appoint
from anlan.kernel.audit import services as audit
from anlan.kernel.people.models import User
from anlan.kernel.people.rights import require
from anlan.kernel.web.refs import ref_of

#: States in which a draft may still be looked at.
_LIVE = (DraftState.PROPOSED, DraftState.ACCEPTED, DraftState.REJECTED)


@transaction.atomic
def accept(draft: Draft, *, actor: User, now: datetime) -> Draft:
    """It is so. Raises NotAllowed, Refused for a draft that lacks what its kind needs."""
    draft = _taken(draft, actor)
    cleaned(draft.kind, draft.body)
    return _decide(draft, DraftState.ACCEPTED, "goals.accept", actor, now)


@transaction.atomic
def reject(draft: Draft, *, actor: User, now: datetime) -> Draft:
    """It is not so. Raises NotAllowed, Refused."""
    return _decide(_taken(draft, actor), DraftState.REJECTED, "goals.reject", actor, now)


@transaction.atomic
def reopen(draft: Draft, *, actor: User, now: datetime) -> Draft:
    """Take a decision back. Raises NotAllowed, Refused."""
    return _decide(_taken(draft, actor), DraftState.PROPOSED, "goals.reopen", actor, now)


@transaction.atomic
def change(draft: Draft, typed: Mapping[str, Any], *, actor: User, now: datetime) -> Draft:
    """It is so, with what a person corrected. Raises NotAllowed; Refused, naming the field."""
    draft = _taken(draft, actor)
    before = dict(draft.body)
    body = cleaned(draft.kind, typed)
    draft.changed = draft.changed or body != before
    draft.body = body
    draft.save(update_fields=["body", "changed"])
    return _decide(draft, DraftState.ACCEPTED, "goals.change", actor, now, before=before)


@transaction.atomic
def split(draft: Draft, parts: Sequence[str], *, actor: User, now: datetime) -> list[Draft]:
    """One draft is several; each part is a stretch of its words, in their order, and waits for a decision of its own.

    Raises NotAllowed; Refused for fewer than two parts and for words that do not stand there.
    """
    draft = _taken(draft, actor)
    parts = [part.strip() for part in parts if part.strip()]
    if len(parts) < 2:
        raise Refused(_("Write at least two parts, each on a line of its own."), "parts")
    text = draft.clause.edition.text
    made: list[Draft] = []
    at = draft.start
    for part in parts:
        begin = text.find(part, at, draft.end)
        if begin < 0:
            raise Refused(
                _("“%(part)s” does not stand there, or not in this order. Copy each part from the words.")
                % {"part": part[:40]},
                "parts",
            )
        at = begin + len(part)
        made.append(
            Draft(
                clause=draft.clause, kind=draft.kind, body=_part_of(draft, part), words=part, start=begin, end=at,
                confidence=draft.confidence, reasons=draft.reasons, changed=True,
            )
        )  # fmt: skip
    _divide([draft], made, "goals.split", actor, now)
    return made


@transaction.atomic
def merge(drafts: Sequence[Draft], *, actor: User, now: datetime) -> Draft:
    """Several drafts are one; what the first lacks it takes from the others.

    Raises NotAllowed; Refused for drafts of different kinds or clauses, and for fewer than two.
    """
    taken = [_taken(draft, actor) for draft in {one.pk: one for one in drafts}.values()]
    if len(taken) < 2:
        raise Refused(_("Choose two drafts to merge."))
    if len({(one.kind, one.clause_id) for one in taken}) > 1:
        raise Refused(_("Only drafts of one kind in one clause are merged."))
    taken.sort(key=lambda one: (one.start, one.pk))
    begin, end = min(one.start for one in taken), max(one.end for one in taken)
    body: dict[str, Any] = {}
    for field in FIELDS[taken[0].kind]:
        values = [one.body.get(field.name) for one in taken]
        if field.sort == "names":
            body[field.name] = list(dict.fromkeys(name for value in values for name in value or ()))
        else:
            body[field.name] = next((value for value in values if value not in ("", None)), "")
    confidences = [one.confidence for one in taken if one.confidence is not None]
    made = Draft(
        clause=taken[0].clause, kind=taken[0].kind, body=body, words=taken[0].clause.edition.text[begin:end],
        start=begin, end=end, confidence=min(confidences, default=None),
        reasons=list(dict.fromkeys(reason for one in taken for reason in one.reasons)), changed=True,
    )  # fmt: skip
    _divide(taken, [made], "goals.merge", actor, now)
    return made


@transaction.atomic
def add(clause: Clause, kind: str, words: str, typed: Mapping[str, Any], *, actor: User, now: datetime) -> Draft:
    """Something that no rule read. It is accepted at once, for a person wrote it.

    words  a stretch of the clause

    Raises NotAllowed; Refused.
    """
    clause = Clause.objects.select_related("edition__document__region").get(pk=clause.pk)
    edition = clause.edition
    require(actor, "goals.review", edition.document.region)
    _changeable(edition.state)
    if kind not in DraftKind.values:
        raise Refused(_("Choose what it is."), "kind")
    words = words.strip()
    at = edition.text.find(words, clause.start, clause.end) if words else -1
    if at < 0:
        raise Refused(_("These words do not stand in the clause. Copy them from it."), "words")
    draft = Draft.objects.create(
        clause=clause, kind=kind, body=cleaned(kind, typed), words=words, start=at, end=at + len(words), changed=True,
    )  # fmt: skip
    return _decide(draft, DraftState.ACCEPTED, "goals.add", actor, now)


def _taken(draft: Draft, actor: User) -> Draft:
    """The draft for a change, checked: whoever decides holds the right where the document's duty lies."""
    draft = (
        Draft.objects.select_for_update(of=("self",)).select_related("clause__edition__document__region")
        .get(pk=draft.pk)
    )  # fmt: skip
    require(actor, "goals.review", draft.clause.edition.document.region)
    _changeable(draft.clause.edition.state)
    if draft.state not in _LIVE:
        raise Refused(_("This draft was split or merged; decide on its parts."))
    return draft


def _changeable(state: str) -> None:
    if state == EditionState.REPLACED:
        raise Refused(_("A newer edition is in force; this one no longer changes."))


def _decide(
    draft: Draft, state: DraftState, verb: str, actor: User, now: datetime, *, before: Mapping[str, Any] | None = None
) -> Draft:
    was = draft.state
    draft.state, draft.by, draft.at, draft.carried = state, actor, now, False
    if state == DraftState.PROPOSED:
        draft.by, draft.at = None, None
    draft.save(update_fields=["state", "by", "at", "carried"])
    if draft.kind == DraftKind.LEAD:
        draft.holders.all().delete()
        if state == DraftState.ACCEPTED:
            Holder.objects.bulk_create(appoint(draft, draft.clause.edition.document))
    audit.record(
        actor=actor, verb=verb, obj=ref_of(draft.clause), region=draft.clause.edition.document.region, now=now,
        before={"state": was, **({"body": dict(before)} if before is not None else {})},
        after={"draft": draft.pk, "state": state, "kind": draft.kind, "what": summary(draft.kind, draft.body),
               **({"body": draft.body} if before is not None else {})},
    )  # fmt: skip
    return draft


def _divide(old: Sequence[Draft], made: Sequence[Draft], verb: str, actor: User, now: datetime) -> None:
    """Some drafts make room for others that know where they come from."""
    for draft in made:
        draft.save()
        draft.parents.set(old)
    for draft in old:
        draft.state, draft.by, draft.at = DraftState.DIVIDED, actor, now
        draft.save(update_fields=["state", "by", "at"])
        draft.holders.all().delete()
    clause = old[0].clause
    audit.record(
        actor=actor, verb=verb, obj=ref_of(clause), region=clause.edition.document.region, now=now,
        before={"drafts": [one.pk for one in old], "what": [summary(one.kind, one.body) for one in old]},
        after={"drafts": [one.pk for one in made], "what": [summary(one.kind, one.body) for one in made]},
    )  # fmt: skip


def _part_of(draft: Draft, part: str) -> dict[str, Any]:
    """The body of a part: called by its own words; of values those that stand in them."""
    body = dict(draft.body)
    if draft.kind == DraftKind.LEAD:
        return body | {name: [one for one in body.get(name) or () if one in part] for name in ("people", "units")}
    first = FIELDS[draft.kind][0].name
    for field in FIELDS[draft.kind]:
        value = body.get(field.name)
        if field.sort in ("number", "year") and value not in ("", None) and str(value) not in part:
            body[field.name] = ""
    body[first] = part[:400]
    if draft.kind == DraftKind.TASK:
        body["verb"] = body["verb"] if body.get("verb") and part.startswith(str(body["verb"])) else ""
    return body
