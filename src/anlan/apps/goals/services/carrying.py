"""What a newer edition keeps of the one before: decisions on the same words, links of the clauses that go on."""

from __future__ import annotations

from collections import defaultdict

from anlan.apps.goals.models import Change, Clause, Draft, DraftState, Edition, Holder, Link
from anlan.apps.goals.services.holders import appoint

#: Ways of a clause in which its words stayed.
_SAME_WORDS = (Change.SAME, Change.MOVED)


def carry_decisions(edition: Edition) -> int:
    """Decide drafts as the same words in the same clause were decided before; a clause that changed is looked at anew.

    Drafts that a person wrote, split or merged come along where their words still stand. Returns how many were decided.
    """
    clauses = {one.before_id: one for one in edition.clauses.filter(change__in=_SAME_WORDS).exclude(before=None)}
    decided = (DraftState.ACCEPTED, DraftState.REJECTED, DraftState.DIVIDED)
    earlier: dict[int, list[Draft]] = defaultdict(list)
    for draft in Draft.objects.filter(clause__in=clauses, state__in=decided).order_by("id"):
        earlier[draft.clause_id].append(draft)
    fresh: dict[int, list[Draft]] = defaultdict(list)
    for draft in Draft.objects.filter(clause__in=[one.pk for one in clauses.values()]).order_by("id"):
        fresh[draft.clause_id].append(draft)
    changed: list[Draft] = []
    added: list[Draft] = []
    for before, olds in earlier.items():
        clause = clauses[before]
        waiting = fresh[clause.pk]
        for old in olds:
            twin = next((one for one in waiting if (one.kind, one.words) == (old.kind, old.words)), None)
            if twin is None and old.state == DraftState.ACCEPTED:
                twin = _again(old, clause, edition.text)
                if twin is None:
                    continue
                added.append(twin)
            elif twin is None:
                continue
            else:
                waiting.remove(twin)
                changed.append(twin)
            twin.state, twin.body, twin.changed = old.state, old.body, old.changed
            twin.carried, twin.by, twin.at = True, old.by, old.at
    Draft.objects.bulk_update(changed, ["state", "body", "changed", "carried", "by", "at"], batch_size=200)
    Draft.objects.bulk_create(added)
    leads = [one for one in (*changed, *added) if one.kind == "lead" and one.state == DraftState.ACCEPTED]
    Holder.objects.bulk_create([holder for one in leads for holder in appoint(one, edition.document)])
    return len(changed) + len(added)


def _again(old: Draft, clause: Clause, text: str) -> Draft | None:
    """A draft that no rule reads, at the place where its words stand now."""
    at = text.find(old.words, clause.start, clause.end)
    if at < 0:
        return None
    return Draft(
        clause=clause, kind=old.kind, words=old.words, start=at, end=at + len(old.words), confidence=old.confidence,
        reasons=old.reasons,
    )  # fmt: skip


def carry_links(edition: Edition) -> tuple[int, int]:
    """Copy the links of the edition before to the clauses that continue theirs.

    Those of a clause that reads otherwise are marked to be looked at, and their proofs are to be checked anew.
    Returns how many came along, and how many hang on clauses that are gone; these stay with the old edition.
    """
    before = edition.document.editions.filter(number__lt=edition.number).order_by("-number").first()
    heirs = {one.before_id: one for one in edition.clauses.exclude(before=None)}
    there = set(Link.objects.filter(clause__edition=edition, removed_at=None).values_list("clause", "kind", "target"))
    made: list[Link] = []
    lost = 0
    for link in Link.objects.filter(clause__edition=before, removed_at=None).order_by("id"):
        heir = heirs.get(link.clause_id)
        if heir is None:
            lost += 1
            continue
        if (heir.pk, link.kind, link.target) in there:
            continue
        changed = heir.change == Change.CHANGED
        made.append(
            Link(
                clause=heir, kind=link.kind, target=link.target, note=link.note, carried_from=link, to_check=changed,
                by=link.by, at=link.at, checked_at=None if changed else link.checked_at,
                checked_by=None if changed else link.checked_by,
            )
        )  # fmt: skip
    Link.objects.bulk_create(made, batch_size=500)
    return len(made), lost
