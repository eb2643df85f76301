"""Verbs that join clauses to what answers them: indicators, tasks, rules, screens, cases, proofs.

Other rooms name their kind with `anlan.apps.goals.queries.standing.register_kind`; these verbs then join to it.
"""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from anlan.apps.goals.models import Clause, EditionState, Link
from anlan.apps.goals.queries.kinds import PROOF
from anlan.apps.goals.queries.ledger import asked_of
from anlan.apps.goals.queries.standing import kind_of
from anlan.apps.goals.refusing import Refused
from anlan.kernel.audit import services as audit
from anlan.kernel.evidence.services import Prepared, keep
from anlan.kernel.people.models import User
from anlan.kernel.people.rights import require
from anlan.kernel.web.refs import ref_of


@transaction.atomic
def join(clause: Clause, *, kind: str, target: str, note: str = "", actor: User, now: datetime) -> Link:
    """Say that something answers a clause; the same twice is kept once.

    Raises NotAllowed; Refused for a kind or target that is not there.
    """
    clause = _taken(clause, actor)
    found = kind_of(kind)
    if found is None:
        raise Refused(_("Choose what kind of thing answers the clause."), "kind")
    target = target.strip()[:120]
    if not target:
        raise Refused(_("Choose what answers the clause."), "target")
    there = found.standings([target], asked_of(clause.edition, now=now))
    if target not in there or target not in found.sees(actor, [target]):
        raise Refused(
            _("There is no %(kind)s %(target)s here. Choose one of the list.")
            % {"kind": found.label, "target": target},
            "target",
        )
    link, made = Link.objects.get_or_create(
        clause=clause, kind=kind, target=target, removed_at=None,
        defaults={"note": note.strip()[:200], "by": actor, "at": now},
    )  # fmt: skip
    if made:
        audit.record(
            actor=actor, verb="goals.join", obj=ref_of(clause), region=clause.edition.document.region, now=now,
            after={"link": link.pk, "kind": kind, "target": target, "title": there[target].title}, note=link.note,
        )  # fmt: skip
    return link


@transaction.atomic
def part(link: Link, *, actor: User, now: datetime) -> None:
    """Take a link away; the row stays for the trail. Raises NotAllowed, Refused."""
    link = Link.objects.select_for_update(of=("self",)).get(pk=link.pk)
    clause = _taken(link.clause, actor)
    if link.removed_at is not None:
        return
    link.removed_at, link.removed_by = now, actor
    link.save(update_fields=["removed_at", "removed_by"])
    audit.record(
        actor=actor, verb="goals.part", obj=ref_of(clause), region=clause.edition.document.region, now=now,
        before={"link": link.pk, "kind": link.kind, "target": link.target},
    )  # fmt: skip


@transaction.atomic
def confirm(link: Link, *, actor: User, now: datetime) -> None:
    """A link that was carried to a changed clause still holds. Raises NotAllowed, Refused."""
    link = Link.objects.select_for_update(of=("self",)).get(pk=link.pk)
    clause = _taken(link.clause, actor)
    if not link.to_check or link.removed_at is not None:
        return
    link.to_check = False
    link.save(update_fields=["to_check"])
    audit.record(
        actor=actor, verb="goals.confirm_link", obj=ref_of(clause), region=clause.edition.document.region, now=now,
        after={"link": link.pk, "kind": link.kind, "target": link.target},
    )  # fmt: skip


@transaction.atomic
def prove(clause: Clause, *, file: Prepared, name: str, note: str = "", actor: User, now: datetime) -> Link:
    """Hand in a file that shows what was done for a clause. Raises NotAllowed, Refused, and as `evidence.keep`."""
    clause = _taken(clause, actor)
    kept = keep(
        file=file, name=name, ref=ref_of(clause), role=PROOF, region=clause.edition.document.region,
        actor=actor, now=now, note=note,
    )  # fmt: skip
    return join(clause, kind="proof", target=str(kept.pk), note=note, actor=actor, now=now)


@transaction.atomic
def check(link: Link, *, actor: User, now: datetime) -> None:
    """A proof is enough: the clause counts as fulfilled by it. Whoever handed it in does not check it.

    Raises NotAllowed, Refused.
    """
    link = Link.objects.select_for_update(of=("self",)).get(pk=link.pk)
    clause = Clause.objects.select_related("edition__document__region").get(pk=link.clause_id)
    require(actor, "goals.review", clause.edition.document.region)
    if link.kind != "proof" or link.removed_at is not None:
        raise Refused(_("Only a proof that was handed in is checked."))
    if link.by_id == actor.pk:
        raise Refused(_("Somebody else than who handed a proof in checks it."))
    if link.checked_at is not None:
        return
    link.checked_at, link.checked_by = now, actor
    link.save(update_fields=["checked_at", "checked_by"])
    audit.record(
        actor=actor, verb="goals.check_proof", obj=ref_of(clause), region=clause.edition.document.region, now=now,
        after={"link": link.pk, "target": link.target},
    )  # fmt: skip


def _taken(clause: Clause, actor: User) -> Clause:
    clause = Clause.objects.select_related("edition__document__region").get(pk=clause.pk)
    require(actor, "goals.join", clause.edition.document.region)
    if clause.edition.state == EditionState.REPLACED:
        raise Refused(_("A newer edition is in force; join its clause instead."))
    if clause.edition.document.removed_at is not None:
        raise Refused(_("The document was taken out of the ledger."))
    return clause
