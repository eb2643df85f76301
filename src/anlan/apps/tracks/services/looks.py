"""Who looked at a person: written down for each look, so that a person can be told."""

from __future__ import annotations

from datetime import datetime, timedelta

from anlan.apps.tracks.models import Carrier
from anlan.kernel.audit import services as audit
from anlan.kernel.audit.models import Entry
from anlan.kernel.people.models import User
from anlan.kernel.regions.models import Region
from anlan.kernel.web.refs import ref_of

#: A card or a map that stays open asks again and again: its look is written down once in this time.
ONCE = timedelta(minutes=15)


def looked(
    carrier: Carrier, *, actor: User, now: datetime, what: str, verb: str = "track.look", again: bool = True
) -> None:
    """Write down that `actor` looked at a person; nothing for carriers that are none, or for oneself.

    again  False: once in ONCE is enough
    """
    if not carrier.personal or carrier.person_id == actor.pk:
        return
    if not again:
        same = Entry.objects.filter(ref=ref_of(carrier), verb=verb, actor_id=actor.pk, at__gt=now - ONCE)
        if same.exists():
            return
    audit.record(actor=actor, verb=verb, obj=carrier, region=carrier.region, note=what, now=now)


def watched(actor: User, region: Region | None, n: int, *, now: datetime) -> None:
    """Write down that `actor` had so many persons on the map, once in ONCE."""
    if n:
        audit.record(
            actor=actor, verb="track.watch", obj=actor, region=region, after={"persons": n}, now=now, once_in=ONCE
        )
