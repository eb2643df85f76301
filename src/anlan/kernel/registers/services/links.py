"""Join two records that belong together, and part them again."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from anlan.kernel.audit import services as audit
from anlan.kernel.people.models import User
from anlan.kernel.people.rights import NotAllowed, require
from anlan.kernel.registers.declarations import Fault, Register
from anlan.kernel.registers.models import Link
from anlan.kernel.registers.services.records import Refused
from anlan.kernel.web.refs import may_see, ref_of


@transaction.atomic
def link(register: Register, record: Any, other: Any, *, words: str, actor: User, now: datetime) -> Link:
    """Join two records of any registers, with a word for what they are to each other ("上游", "共用码头").

    Joining the same two again changes the word. Raises NotAllowed without the right to change `record` and to see
    `other`, Refused for a record and itself.
    """
    require(actor, register.edit, record.region)
    one, two = sorted((ref_of(record), ref_of(other)))
    if one == two:
        raise Refused([Fault("other", "same", _("A record is not linked to itself."))])
    if not may_see(actor, ref_of(other)):
        raise NotAllowed(register.see, other.region)
    made, _new = Link.objects.update_or_create(
        one=one, other=two, defaults={"words": words.strip()[:80], "by": actor, "at": now}
    )
    after = {"with": ref_of(other), "words": made.words}
    audit.record(actor=actor, verb="record.link", obj=record, region=record.region, after=after, now=now)
    return made


@transaction.atomic
def unlink(register: Register, record: Any, joined: Link, *, actor: User, now: datetime) -> None:
    """Part two records. Raises NotAllowed; Refused for a link that is not of this record."""
    require(actor, register.edit, record.region)
    if ref_of(record) not in (joined.one, joined.other):
        raise Refused([Fault("link", "foreign", _("This link belongs to another record."))])
    before = {"with": joined.other if joined.one == ref_of(record) else joined.one, "words": joined.words}
    audit.record(actor=actor, verb="record.unlink", obj=record, region=record.region, before=before, now=now)
    joined.delete()
