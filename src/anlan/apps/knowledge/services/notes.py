"""Verbs on notes beside clauses."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from anlan.apps.knowledge.models import Clause, Note
from anlan.apps.knowledge.services.library import actor_region
from anlan.apps.knowledge.services.refusals import Refused
from anlan.kernel.audit import services as audit
from anlan.kernel.people.models import User
from anlan.kernel.people.rights import NotAllowed, require


@transaction.atomic
def add_note(clause: Clause, *, text: str, actor: User, now: datetime) -> Note:
    """Write a note beside a clause; it belongs to the region of the writer's department.

    Raises NotAllowed, Refused for an empty or endless one.
    """
    region = actor_region(actor)
    require(actor, "knowledge.edit", region)
    if region is None:
        raise NotAllowed("knowledge.edit")
    said = " ".join(text.split())
    if not said:
        raise Refused(_("Write the note first."), "text")
    if len(said) > 500:
        raise Refused(_("A note has at most 500 signs; this one has %(n)d.") % {"n": len(said)}, "text")
    note = Note.objects.create(clause=clause, text=said, region=region, by=actor, at=now)
    audit.record(
        actor=actor, verb="knowledge.note", obj=clause.document, region=region, now=now,
        after={"clause": clause.locator or clause.anchor, "note": said},
    )  # fmt: skip
    return note


@transaction.atomic
def remove_note(note: Note, *, actor: User, now: datetime) -> None:
    """Take a note away. Raises NotAllowed."""
    require(actor, "knowledge.edit", note.region)
    note.removed_at = now
    note.save(update_fields=["removed_at"])
    audit.record(
        actor=actor, verb="knowledge.unnote", obj=note.clause.document, region=note.region, now=now,
        before={"clause": note.clause.locator or note.clause.anchor, "note": note.text},
    )  # fmt: skip
