"""Verbs on documents: keep, change, take out, put back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from anlan.apps.knowledge.models import Clause, Document, Draft, Kind
from anlan.apps.knowledge.queries import visible
from anlan.apps.knowledge.services.drafts import cut_of
from anlan.apps.knowledge.services.indexing import index
from anlan.apps.knowledge.services.refusals import Refused
from anlan.formats.codes import cas_faults
from anlan.formats.texts.pieces import Cut, Piece
from anlan.kernel.audit import services as audit
from anlan.kernel.evidence.services import Prepared, keep
from anlan.kernel.people.models import User
from anlan.kernel.people.rights import require
from anlan.kernel.regions.models import Region
from anlan.kernel.regions.queries import root
from anlan.kernel.web.refs import ref_of

#: Letters of a document's code by its kind.
PREFIXES = {Kind.LAW: "LAW", Kind.STANDARD: "STD", Kind.CASE: "ACC", Kind.SHEET: "SDS", Kind.OWN: "OWN"}
#: Levels that are found by the piece above them.
_INNER = frozenset({"paragraph", "item", "subitem"})


@dataclass(frozen=True, slots=True)
class Facts:
    """What is kept of a document beside its text, as `Document` has it."""

    kind: str
    title: str
    number: str = ""
    issuer: str = ""
    issued_on: date | None = None
    in_force_on: date | None = None
    repealed_on: date | None = None
    verified: bool = False
    keywords: str = ""
    region: Region | None = None
    accident: str = ""
    cas: str = ""

    def plain(self) -> dict[str, Any]:
        """Field by field, for rows and trails."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__}


@transaction.atomic
def keep_draft(draft: Draft, facts: Facts, *, scheme: str = "", actor: User, now: datetime) -> Document:
    """Put a draft into the library, cut as `scheme` says; the file it came in hangs on it as proof.

    Where it replaces an edition, that one is kept and ends on the day from which the new one holds.

    Raises NotAllowed, Refused.
    """
    document = keep_text(
        cut_of(draft, scheme, now), facts, replaces=draft.replaces, actor=actor, now=now
    )  # fmt: skip
    if draft.sha256:
        file = Prepared(draft.sha256, draft.size, draft.mime, None)
        region = document.region or actor_region(actor)
        if region is not None:
            keep(
                file=file, name=draft.name, ref=ref_of(document), role="source", region=region, actor=actor, now=now
            )  # fmt: skip
    draft.delete()
    return document


@transaction.atomic
def keep_text(cut: Cut, facts: Facts, *, replaces: Document | None = None, actor: User, now: datetime) -> Document:
    """Put a text that was cut into the library. Raises as `keep_draft`."""
    require(actor, "knowledge.edit", facts.region)
    _check(facts, actor, replaces=replaces)
    if not cut.pieces:
        raise Refused(_("The text has no content beside its title."))
    document = Document.objects.create(
        **facts.plain(), scheme=cut.scheme, replaces=replaces, by=actor, at=now, changed_at=now
    )
    document.code = f"{PREFIXES[Kind(facts.kind)]}-{document.pk:05d}"
    document.save(update_fields=["code"])
    _write(document, cut.pieces)
    index(document)
    audit.record(
        actor=actor, verb="knowledge.add", obj=document, region=facts.region, now=now,
        after={**_said(facts), "clauses": len(cut.pieces), "replaces": replaces.code if replaces else ""},
    )  # fmt: skip
    if replaces is not None:
        _end(replaces, document, actor, now)
    return document


def _end(old: Document, new: Document, actor: User, now: datetime) -> None:
    """The edition before ends when the new one begins, unless it ended earlier."""
    ends = new.in_force_on or timezone.localdate(now)
    if old.repealed_on is not None and old.repealed_on <= ends:
        return
    require(actor, "knowledge.edit", old.region)
    before = old.repealed_on
    old.repealed_on, old.changed_at = ends, now
    old.save(update_fields=["repealed_on", "changed_at"])
    audit.record(
        actor=actor, verb="knowledge.replace", obj=old, region=old.region, now=now,
        before={"repealed_on": before}, after={"repealed_on": ends, "replaced_by": new.code},
    )  # fmt: skip


@transaction.atomic
def change(document: Document, facts: Facts, *, actor: User, now: datetime) -> Document:
    """Change what is kept beside the text; the text changes by a new edition only. Raises NotAllowed, Refused."""
    document = Document.objects.select_for_update().get(pk=document.pk)
    require(actor, "knowledge.edit", document.region)
    require(actor, "knowledge.edit", facts.region)
    _check(facts, actor, document=document)
    after = facts.plain()
    before = {name: getattr(document, name) for name in after}
    changed = [name for name in after if before[name] != after[name]]
    if not changed:
        return document
    for name in changed:
        setattr(document, name, after[name])
    document.changed_at = now
    document.save(update_fields=[*changed, "changed_at"])
    if {"title", "number", "issuer", "keywords", "cas"} & set(changed):
        index(document)
    audit.record(
        actor=actor, verb="knowledge.change", obj=document, region=document.region, now=now,
        before=_plain({name: before[name] for name in changed}), after=_plain({name: after[name] for name in changed}),
    )  # fmt: skip
    return document


@transaction.atomic
def remove(document: Document, *, reason: str, actor: User, now: datetime) -> None:
    """Take a document out of the library; its text and history stay. Raises NotAllowed, Refused without a reason."""
    require(actor, "knowledge.edit", document.region)
    if len(reason.strip()) < 2:
        raise Refused(_("Say why it is taken out."), "reason")
    document.removed_at, document.removed_why = now, reason.strip()[:200]
    document.save(update_fields=["removed_at", "removed_why"])
    audit.record(
        actor=actor, verb="knowledge.remove", obj=document, region=document.region, now=now, note=reason.strip()
    )


@transaction.atomic
def restore(document: Document, *, actor: User, now: datetime) -> None:
    """Put a document back. Raises NotAllowed."""
    require(actor, "knowledge.edit", document.region)
    document.removed_at, document.removed_why = None, ""
    document.save(update_fields=["removed_at", "removed_why"])
    audit.record(actor=actor, verb="knowledge.restore", obj=document, region=document.region, now=now)


def actor_region(actor: User) -> Region | None:
    """The region of a person's department, else the one that this installation is about."""
    return actor.department.region if actor.department is not None else root()


def _check(facts: Facts, actor: User, *, document: Document | None = None, replaces: Document | None = None) -> None:
    if not facts.title.strip():
        raise Refused(_("Give it a title."), "title")
    if facts.kind not in Kind.values:
        raise Refused(_("Choose what kind of document it is."), "kind")
    if facts.in_force_on and facts.repealed_on and facts.repealed_on < facts.in_force_on:
        raise Refused(_("It would end before it begins: compare both days."), "repealed_on")
    if facts.issued_on and facts.in_force_on and facts.in_force_on < facts.issued_on and facts.kind == Kind.OWN:
        raise Refused(_("It would be in force before it was issued: compare both days."), "in_force_on")
    if facts.cas and cas_faults(facts.cas):
        words = _("%(cas)s is no CAS number: write it like 7664-41-7, and compare the last digit.")
        raise Refused(words % {"cas": facts.cas}, "cas")
    if facts.kind == Kind.SHEET and not facts.cas:
        raise Refused(_("A safety data sheet needs the CAS number of its substance."), "cas")
    if replaces is not None:
        if not visible(actor).filter(pk=replaces.pk).exists():
            raise Refused(_("The edition that it replaces is not in the library."))
        if Document.objects.filter(replaces=replaces).exists():
            raise Refused(
                _("%(title)s was replaced already; take the newest edition instead.") % {"title": replaces.title}
            )
        if facts.kind != replaces.kind:
            raise Refused(_("A new edition is of the same kind as the one before."), "kind")
    same = visible(actor).filter(kind=facts.kind, title=facts.title, number=facts.number, issued_on=facts.issued_on)
    if document is not None:
        same = same.exclude(pk=document.pk)
    if (twin := same.first()) is not None:
        raise Refused(
            _("%(title)s of this number and day is in the library already: %(code)s.")
            % {"title": facts.title, "code": twin.code},
            "title",
        )


def _write(document: Document, pieces: Sequence[Piece]) -> None:
    """All clauses, those above before those below; numbers that are too long for their place are shortened."""
    units: list[int] = []
    made: list[Clause] = []
    for position, piece in enumerate(pieces):
        inner = piece.level in _INNER and piece.parent >= 0
        units.append(units[piece.parent] if inner else position)
        made.append(
            Clause(
                document=document, position=position, unit=units[-1], level=piece.level, number=piece.number[:40],
                heading=piece.heading[:200], text=piece.text, anchor=piece.anchor[:60], locator=piece.locator[:120],
            )
        )  # fmt: skip
    Clause.objects.bulk_create(made, batch_size=1_000)
    below = [clause for clause, piece in zip(made, pieces, strict=True) if piece.parent >= 0]
    for clause, piece in zip(made, pieces, strict=True):
        if piece.parent >= 0:
            clause.parent = made[piece.parent]
    Clause.objects.bulk_update(below, ["parent"], batch_size=500)


def _said(facts: Facts) -> dict[str, Any]:
    return _plain({name: value for name, value in facts.plain().items() if value not in ("", None)})


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value.code if isinstance(value, Region) else value for name, value in values.items()}
