"""Verbs on documents and their editions: take in, clean otherwise, put in force, take out."""

from __future__ import annotations

import hashlib
import re
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from anlan.apps.goals.models import (
    Change,
    Clause,
    Document,
    Draft,
    DraftState,
    Edition,
    EditionState,
    Kind,
    Link,
)
from anlan.apps.goals.refusing import Refused
from anlan.apps.goals.services import reading
from anlan.apps.goals.services.carrying import carry_decisions, carry_links
from anlan.apps.goals.services.reading import Taken
from anlan.formats.policy import Source
from anlan.kernel.audit import services as audit
from anlan.kernel.evidence import vault
from anlan.kernel.evidence.content import plain_name
from anlan.kernel.evidence.services import Prepared, keep
from anlan.kernel.people.models import User
from anlan.kernel.people.rights import require
from anlan.kernel.regions.models import Region
from anlan.kernel.web.refs import ref_of

#: Years in a title: 2021—2025, （2021-2023年）, 2026年.
_SPAN = re.compile(r"(20\d\d)\s*年?\s*[-—–－~～至到]*\s*(20\d\d)(?!\d)")
_YEAR = re.compile(r"(20\d\d)\s*年")
#: The plans of five years by their names; the tenth ended with 2005, each is five years on.
_FIVE = re.compile(r"[“\"]?十([一二三四五六七八九])五[”\"]?")
_DIGITS = "一二三四五六七八九"


@dataclass(frozen=True, slots=True)
class Facts:
    """What is said of a document beside its text; a blank title and years of 0 are taken from the text."""

    kind: str
    region: Region
    title: str = ""
    number: str = ""
    issuer: str = ""
    first_year: int = 0
    last_year: int = 0

    def plain(self) -> dict[str, Any]:
        """Field by field, for rows."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__}


def years_of(title: str) -> tuple[int, int] | None:
    """The years that a title names; None where it names none."""
    if span := _SPAN.search(title):
        return int(span[1]), int(span[2])
    if plan := _FIVE.search(title):
        last = 2005 + 5 * (_DIGITS.index(plan[1]) + 1)
        return last - 4, last
    if year := _YEAR.search(title):
        return int(year[1]), int(year[1])
    return None


def take_in(
    data: bytes, name: str, facts: Facts, *, document: Document | None = None, actor: User, now: datetime
) -> Edition:
    """Read a file apart from this process, clean and cut it, and lay what was read in it before a person.

    document  the one of which this is a newer edition; its own facts stay

    Raises NotAllowed, Refused in words for a file that is not taken.
    """
    require(actor, "goals.import", document.region if document is not None else facts.region)
    return lay_out(reading.read(name, data), data, name, facts, document=document, actor=actor, now=now)


def lay_out(
    source: Source, data: bytes, name: str, facts: Facts, *,
    document: Document | None = None, actor: User, now: datetime,
) -> Edition:  # fmt: skip
    """Lay what a file says before a person; `source` is the file as it was read. Raises as `take_in`."""
    region = document.region if document is not None else facts.region
    require(actor, "goals.import", region)
    taken = reading.take(source)
    sha256 = hashlib.sha256(data).hexdigest()
    if document is None:
        facts = _filled(facts, taken, plain_name(name))
    _check(facts, document, sha256)
    vault.put(sha256, data)
    with transaction.atomic():
        if document is None:
            document = Document.objects.create(**facts.plain(), by=actor, at=now)
            document.code = f"DOC-{document.pk:05d}"
            document.save(update_fields=["code"])
        else:
            # Two newer editions at the same time wait for each other here.
            document = Document.objects.select_for_update(of=("self",)).select_related("region").get(pk=document.pk)
            if document.editions.filter(state=EditionState.REVIEW).exists():
                # What the next edition takes over is what is in force: links of one between them would be lost.
                raise Refused(
                    _("An edition of this document is still under review. Put it in force, or drop it first.")
                )
        before = document.editions.order_by("-number").first()
        edition = Edition.objects.create(
            document=document, number=before.number + 1 if before else 1, name=plain_name(name), sha256=sha256,
            size=len(data), mime=reading.mime_of(source), source=reading.plain_source(source), original=source.text,
            text=taken.cleaned.text, edits=taken.edits, findings=taken.findings, by=actor, at=now,
        )  # fmt: skip
        _write(edition, taken, before)
        if before is not None:
            carry_decisions(edition)
        keep(
            file=Prepared(sha256, len(data), edition.mime, None), name=edition.name, ref=ref_of(document),
            role="source", region=region, actor=actor, now=now,
        )  # fmt: skip
        audit.record(
            actor=actor, verb="goals.import", obj=document, region=region, now=now,
            after={"edition": edition.number, "file": edition.name, "sha256": sha256, "clauses": len(taken.clauses),
                   "drafts": len(taken.drafts), "edits": len(taken.edits)},
        )  # fmt: skip
    return edition


def clean_again(edition: Edition, *, kept: list[str], drop: bool = False, actor: User, now: datetime) -> Edition:
    """Undo some edits of the cleaning, or do them again: the text is cut anew.

    kept  ids of the edits that are not done
    drop  decisions and links of this edition may be dropped; without it they refuse the act

    Raises NotAllowed, Refused.
    """
    require(actor, "goals.import", edition.document.region)
    known = {one["id"] for one in edition.edits}
    kept = sorted(set(kept) & known)
    source = reading.source_of(edition)
    taken = reading.take(source, kept=kept)
    with transaction.atomic():
        edition = Edition.objects.select_for_update().select_related("document__region").get(pk=edition.pk)
        if edition.state != EditionState.REVIEW:
            raise Refused(_("This edition is in force or was replaced; its text no longer changes."))
        decided = (
            Draft.objects.filter(clause__edition=edition, carried=False).exclude(state=DraftState.PROPOSED).count()
        )
        links = Link.objects.filter(clause__edition=edition, removed_at=None).count()
        if (decided or links) and not drop:
            raise Refused(
                _("%(decided)d decisions and %(links)d links stand on this text. Say that they may be dropped.")
                % {"decided": decided, "links": links}
            )
        before = list(edition.kept)
        edition.clauses.all().delete()
        edition.kept, edition.text, edition.findings = kept, taken.cleaned.text, taken.findings
        edition.save(update_fields=["kept", "text", "findings"])
        earlier = edition.document.editions.filter(number__lt=edition.number).order_by("-number").first()
        _write(edition, taken, earlier)
        if earlier is not None:
            carry_decisions(edition)
        audit.record(
            actor=actor, verb="goals.clean", obj=edition.document, region=edition.document.region, now=now,
            before={"undone": before}, after={"edition": edition.number, "undone": kept, "dropped": decided + links},
        )  # fmt: skip
    return edition


@transaction.atomic
def put_in_force(edition: Edition, *, actor: User, now: datetime) -> Edition:
    """From now on this edition counts; the one before is kept, and its links move to the clauses that continue theirs.

    Raises NotAllowed; Refused while something in it waits for a decision.
    """
    edition = Edition.objects.select_for_update().select_related("document__region").get(pk=edition.pk)
    region = edition.document.region
    require(actor, "goals.review", region)
    if edition.state != EditionState.REVIEW:
        raise Refused(_("This edition is in force or was replaced already."))
    if edition.document.removed_at is not None:
        raise Refused(_("The document was taken out of the ledger."))
    waiting = Draft.objects.filter(clause__edition=edition, state=DraftState.PROPOSED).count()
    if waiting:
        raise Refused(_("%(n)d drafts still wait for a decision.") % {"n": waiting})
    old = edition.document.editions.filter(state=EditionState.IN_FORCE).first()
    if old is not None and old.number > edition.number:
        raise Refused(_("A newer edition is in force."))
    carried, lost = carry_links(edition) if edition.number > 1 else (0, 0)
    if old is not None:
        old.state = EditionState.REPLACED
        old.save(update_fields=["state"])
    edition.state, edition.in_force_at = EditionState.IN_FORCE, now
    edition.save(update_fields=["state", "in_force_at"])
    audit.record(
        actor=actor, verb="goals.put_in_force", obj=edition.document, region=region, now=now,
        before={"edition": old.number if old else None},
        after={"edition": edition.number, "links": carried, "links_of_gone_clauses": lost},
    )  # fmt: skip
    return edition


@transaction.atomic
def discard(edition: Edition, *, actor: User, now: datetime) -> None:
    """Drop an edition that never came into force; with its first edition the document goes.

    Raises NotAllowed; Refused for one that is or was in force.
    """
    edition = Edition.objects.select_for_update().select_related("document__region").get(pk=edition.pk)
    document = edition.document
    require(actor, "goals.import", document.region)
    if edition.state != EditionState.REVIEW:
        raise Refused(_("This edition is or was in force: it is kept."))
    audit.record(
        actor=actor, verb="goals.discard", obj=document, region=document.region, now=now,
        before={"edition": edition.number, "file": edition.name, "title": document.title},
    )  # fmt: skip
    edition.delete()
    if not document.editions.exists():
        document.removed_at, document.removed_why = now, _("Its only edition was dropped before it came into force.")
        document.save(update_fields=["removed_at", "removed_why"])


@transaction.atomic
def change(document: Document, facts: Facts, *, actor: User, now: datetime) -> Document:
    """Change what is said of a document beside its text. Raises NotAllowed, Refused."""
    document = Document.objects.select_for_update().select_related("region").get(pk=document.pk)
    require(actor, "goals.import", document.region)
    require(actor, "goals.import", facts.region)
    if not facts.title.strip():
        raise Refused(_("Give it a title."), "title")
    _check_years(facts)
    after = facts.plain()
    before = {name: getattr(document, name) for name in after}
    changed = [name for name in after if before[name] != after[name]]
    for name in changed:
        setattr(document, name, after[name])
    if changed:
        document.save(update_fields=changed)
        audit.record(
            actor=actor, verb="goals.change_document", obj=document, region=document.region, now=now,
            before={name: str(before[name]) for name in changed}, after={name: str(after[name]) for name in changed},
        )  # fmt: skip
    return document


@transaction.atomic
def remove(document: Document, *, reason: str, actor: User, now: datetime) -> None:
    """Take a document out of the ledger; its text, decisions and links stay. Raises NotAllowed, Refused."""
    require(actor, "goals.review", document.region)
    if len(reason.strip()) < 2:
        raise Refused(_("Say why it is taken out."), "reason")
    document.removed_at, document.removed_why = now, reason.strip()[:200]
    document.save(update_fields=["removed_at", "removed_why"])
    audit.record(
        actor=actor, verb="goals.remove", obj=document, region=document.region, now=now, note=reason.strip()
    )  # fmt: skip


@transaction.atomic
def restore(document: Document, *, actor: User, now: datetime) -> None:
    """Put a document back into the ledger. Raises NotAllowed; Refused for one of which no edition is left."""
    document = Document.objects.select_for_update(of=("self",)).select_related("region").get(pk=document.pk)
    require(actor, "goals.review", document.region)
    if document.removed_at is None:
        return
    if not document.editions.exists():
        raise Refused(_("No edition of it is left; take the file in again."))
    before = document.removed_why
    document.removed_at, document.removed_why = None, ""
    document.save(update_fields=["removed_at", "removed_why"])
    audit.record(
        actor=actor, verb="goals.restore", obj=document, region=document.region, now=now, before={"why": before}
    )  # fmt: skip


def _filled(facts: Facts, taken: Taken, name: str) -> Facts:
    """What the person left blank, as the text says it."""
    title = facts.title.strip() or taken.title or name.rsplit(".", 1)[0]
    years = (facts.first_year, facts.last_year or facts.first_year)
    if not facts.first_year:
        years = years_of(title) or years_of(taken.cleaned.text[:400]) or (0, 0)
    return replace(facts, title=title[:200], first_year=years[0], last_year=years[1])


def _check(facts: Facts, document: Document | None, sha256: str) -> None:
    same = Edition.objects.filter(sha256=sha256, document__removed_at=None)
    same = same.filter(document=document) if document is not None else same.filter(document__region=facts.region)
    if (twin := same.select_related("document").first()) is not None:
        words = _("This very file is in the ledger already: %(title)s, edition %(n)d.")
        raise Refused(words % {"title": twin.document.title, "n": twin.number}, "file")
    if document is None:
        if facts.kind not in Kind.values:
            raise Refused(_("Choose what kind of document it is."), "kind")
        _check_years(facts)


def _check_years(facts: Facts) -> None:
    if not facts.first_year or not facts.last_year:
        raise Refused(_("The text does not say for which years it is. Type the first and the last."), "first_year")
    if not 1990 <= facts.first_year <= facts.last_year <= 2100:
        raise Refused(_("The last year comes before the first, or they lie too far off: compare both."), "last_year")
    if facts.last_year - facts.first_year > 20:
        raise Refused(_("A document of more than twenty years is most likely a slip: compare both years."), "last_year")


def _write(edition: Edition, taken: Taken, before: Edition | None) -> None:
    """Clauses from above down, then the drafts in them."""
    made = [Clause(edition=edition, position=position, **asdict(one.row)) for position, one in enumerate(taken.clauses)]
    former: dict[int, Clause] = {}
    if before is not None:
        old = list(before.clauses.order_by("position"))
        for new, partner, kind in reading.matched(old, before, taken):
            made[new].change = kind
            if partner is not None:
                former[new] = old[partner]
                made[new].before = old[partner]
        for at, clause in enumerate(made):
            clause.change = clause.change or (Change.NEW if at not in former else Change.SAME)
    Clause.objects.bulk_create(made, batch_size=500)
    below = [at for at, one in enumerate(taken.clauses) if one.parent is not None]
    for at in below:
        parent = taken.clauses[at].parent
        assert parent is not None
        made[at].parent = made[parent]
    Clause.objects.bulk_update([made[at] for at in below], ["parent"], batch_size=200)
    Draft.objects.bulk_create(
        [
            Draft(
                clause=made[one.clause], kind=one.kind, body=one.body, words=one.words, start=one.start, end=one.end,
                confidence=one.confidence, reasons=one.reasons,
            )
            for one in taken.drafts
        ],
        batch_size=500,
    )  # fmt: skip
