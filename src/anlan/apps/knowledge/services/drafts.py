"""Take a document in and look at it before it is kept."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from anlan.apps.knowledge.models import Document, Draft
from anlan.apps.knowledge.services.refusals import Refused
from anlan.apps.knowledge.sheets import section_titles
from anlan.formats import faults
from anlan.formats.texts.cutting import cut
from anlan.formats.texts.limited import open_text
from anlan.formats.texts.pieces import Cut
from anlan.formats.texts.reading import Limits, Text, text_of
from anlan.kernel.evidence import vault
from anlan.kernel.evidence.content import plain_name
from anlan.kernel.evidence.texts import of_fault
from anlan.kernel.people.models import User
from anlan.kernel.people.rights import NotAllowed, holds

#: Drafts that nobody came back to are dropped after this time.
KEPT = timedelta(days=7)
_MIMES = {
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "html": "text/plain",
    "txt": "text/plain",
}


def take_in_file(
    data: bytes, name: str, *, replaces: Document | None = None, actor: User, now: datetime
) -> Draft:  # fmt: skip
    """Read a file apart from this process; nothing is in the library yet.

    Raises NotAllowed for whoever keeps no library, Refused in words for a file that is not taken.
    """
    _may_begin(actor)
    try:
        text = open_text(data)
    except faults.Refused as refused:
        raise Refused(of_fault(refused.fault, pdf=False), "file") from refused
    sha256 = hashlib.sha256(data).hexdigest()
    vault.put(sha256, data)
    return _keep(text, plain_name(name), replaces, actor, now, sha256=sha256, size=len(data), mime=_MIMES[text.kind])


def take_in_text(typed: str, *, replaces: Document | None = None, actor: User, now: datetime) -> Draft:
    """A text that was typed or pasted. Raises as `take_in_file`."""
    _may_begin(actor)
    try:
        text = text_of(typed.encode("utf-8", "replace").replace(b"\x00", b""), Limits())
    except faults.Refused as refused:
        raise Refused(of_fault(refused.fault, pdf=False), "text") from refused
    return _keep(text, "", replaces, actor, now)


def cut_of(draft: Draft, scheme: str, now: datetime) -> Cut:
    """The draft in clauses; scheme "" takes the one that fits best."""
    return cut(Text.of(draft.text), scheme, sheet=section_titles(now))


def discard(draft: Draft, *, actor: User) -> None:
    """Drop a draft of one's own. Raises NotAllowed for another's."""
    if draft.by_id != actor.pk:
        raise NotAllowed("knowledge.edit")
    draft.delete()


def _may_begin(actor: User) -> None:
    # Where the document will hold is not known yet; keeping it asks for that very region.
    if not holds(actor, "knowledge.edit"):
        raise NotAllowed("knowledge.edit")


@transaction.atomic
def _keep(
    text: Text, name: str, replaces: Document | None, actor: User, now: datetime, *,
    sha256: str = "", size: int = 0, mime: str = "",
) -> Draft:  # fmt: skip
    Draft.objects.filter(at__lt=now - KEPT).delete()
    return Draft.objects.create(
        name=name or str(_("Typed text")), text=text.plain(), sha256=sha256, size=size, mime=mime, replaces=replaces,
        by=actor, at=now,
    )  # fmt: skip
