"""What a person does with a warning that came: take note of it, and open a chain."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from anlan.apps.warning.models import Message, Reached, Standing
from anlan.apps.warning.services.errors import Refused
from anlan.kernel.audit import services as audit
from anlan.kernel.chains import services as chains
from anlan.kernel.chains.models import Chain
from anlan.kernel.people.models import User
from anlan.kernel.people.rights import NotAllowed, may
from anlan.kernel.regions import queries as regions
from anlan.kernel.regions.models import Region
from anlan.kernel.web.events import publish
from anlan.kernel.web.refs import ref_of


def place_for(message: Message, actor: User, verb: str) -> Region | None:
    """A place of the message in which the actor holds a verb, the widest first; None when there is none."""
    places = [place.region for place in message.places.select_related("region")]
    return next((region for region in sorted(places, key=lambda one: len(one.path)) if may(actor, verb, region)), None)


@transaction.atomic
def note(message: Message, *, actor: User, now: datetime) -> Message:
    """Say that the duty desk has read a warning; the first time counts. Raises NotAllowed without warning.note."""
    region = place_for(message, actor, "warning.note")
    if region is None:
        raise NotAllowed("warning.note", regions.root())
    row: Message = Message.objects.select_for_update(of=("self",)).get(pk=message.pk)
    if row.standing != Standing.TAKEN:
        raise Refused(_("This message was not taken; there is nothing to take note of."))
    if row.noted_at is None:
        row.noted_by, row.noted_at = actor, now
        row.save(update_fields=("noted_by", "noted_at"))
        audit.record(actor=actor, verb="warning.note", obj=row, region=region, now=now)
        publish("warning.noted", ref=ref_of(row), region=region, verb="warning.see", at=now)
    return row


@transaction.atomic
def open_chain(message: Message, *, actor: User, now: datetime) -> Chain:
    """Begin a chain with a warning; when its thread has one already, that one is given back.

    Raises NotAllowed without case.open in one of its places; Refused for a message that is no warning of ours.
    """
    region = place_for(message, actor, "case.open")
    if region is None:
        raise NotAllowed("case.open", regions.root())
    row: Message = Message.objects.select_for_update(of=("self",)).get(pk=message.pk)
    if row.standing != Standing.TAKEN or row.reached == Reached.ELSEWHERE or row.status not in ("Actual", "Exercise"):
        raise Refused(_("Only a warning or an exercise about our regions begins a chain."))
    thread = Message.objects.filter(thread=row.thread, chain__isnull=False).select_related("chain").first()
    if thread is not None and thread.chain is not None:
        return thread.chain
    chain = chains.open_chain(
        "warning", title=str(row), region=region, level=row.level, exercise=row.exercise, lon=row.lon, lat=row.lat,
        prefix="EX" if row.exercise else "AL", actor=actor, now=now,
    )  # fmt: skip
    chains.link(chain, "", ref_of(row), now=now)
    row.chain = chain
    row.save(update_fields=("chain",))
    audit.record(actor=actor, verb="warning.chain", obj=row, region=region, after={"chain": chain.number}, now=now)
    return chain
