"""Verbs on sources: enter one, change it, switch it on and off, have it fetched now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from anlan.apps.outside import addresses
from anlan.apps.outside.models import Feed, Fetch, Kind
from anlan.apps.outside.queries.feeds import MANAGE
from anlan.kernel.audit import services as audit
from anlan.kernel.jobs import services as jobs
from anlan.kernel.jobs.models import Job, State
from anlan.kernel.people.models import User
from anlan.kernel.people.rights import may, require
from anlan.kernel.regions.models import Region
from anlan.kernel.sensing.models import DERIVED_SENDER, Device
from anlan.kernel.sensing.store import LIVE

#: Seconds between two fetches, at least and at most.
LEAST_S, MOST_S = 60, 86_400
JOB = "outside.fetch"


class Refused(ValueError):
    """What was typed cannot be taken; says why in words for the person who typed."""


@dataclass(frozen=True, slots=True)
class Said:
    """What a person says of a source. `key` None leaves the one that is there; box: west, south, east, north."""

    name: str
    kind: str
    url: str
    region: Region
    period_s: int
    attribution: str
    key: str | None = None
    box: tuple[float, float, float, float] | None = None
    device: Device | None = None
    layout: Mapping[str, Any] = field(default_factory=dict)


@transaction.atomic
def add_feed(said: Said, *, actor: User, now: datetime) -> Feed:
    """Enter a source; it is off. Raises NotAllowed without outside.manage there, Refused with what is wrong."""
    require(actor, MANAGE, said.region)
    _check(said, actor, has_key=bool(said.key))
    feed = Feed(by=actor, at=now)
    _put(feed, said)
    feed.save()
    _told(feed, "outside.add", actor, now, after=_facts(feed))
    return feed


@transaction.atomic
def change_feed(feed: Feed, said: Said, *, actor: User, now: datetime) -> Feed:
    """Change a source; the next fetch takes the whole file again. Raises NotAllowed, Refused."""
    feed = _locked(feed)
    require(actor, MANAGE, feed.region)
    require(actor, MANAGE, said.region)
    if said.kind != feed.kind and (feed.quakes.exists() or feed.hotspots.exists()):
        raise Refused(_("This source has brought data of its kind; enter another source for another kind."))
    _check(said, actor, has_key=bool(feed.key if said.key is None else said.key))
    before = _facts(feed)
    _put(feed, said)
    feed.etag = feed.modified = feed.digest = ""
    feed.next_at, feed.failures = None, 0
    feed.save()
    _told(feed, "outside.change", actor, now, before=before, after=_facts(feed))
    return feed


@transaction.atomic
def switch(feed: Feed, *, on: bool, actor: User, now: datetime) -> Feed:
    """Switch a source on or off; once it is off nothing is asked any more. Raises NotAllowed."""
    feed = _locked(feed)
    require(actor, MANAGE, feed.region)
    if feed.enabled != on:
        feed.enabled, feed.next_at, feed.failures, feed.told_at = on, None, 0, None
        feed.save(update_fields=("enabled", "next_at", "failures", "told_at"))
        _told(feed, "outside.on" if on else "outside.off", actor, now, after={"enabled": on})
    return feed


@transaction.atomic
def fetch_now(feed: Feed, *, actor: User, now: datetime) -> bool:
    """Have a source that is on fetched at once; False when it waits to be fetched already. Raises NotAllowed."""
    feed = _locked(feed)
    require(actor, MANAGE, feed.region)
    if not feed.enabled:
        raise Refused(_("The source is off; switch it on first."))
    return enqueue(feed.pk, now=now)


def enqueue(pk: int, *, now: datetime) -> bool:
    """Put the fetch of a source into the queue, unless it waits there; says whether it was put in."""
    args = {"feed": pk}
    if Job.objects.filter(name=JOB, args=args, state=State.WAITING).exists():
        return False
    jobs.enqueue(JOB, args, now=now)
    return True


@transaction.atomic
def remove_feed(feed: Feed, *, actor: User, now: datetime) -> None:
    """Remove a source that never brought anything. Raises NotAllowed, Refused for one that did: switch it off."""
    feed = _locked(feed)
    require(actor, MANAGE, feed.region)
    if feed.quakes.exists() or feed.hotspots.exists():
        raise Refused(_("What it brought names its source, so it stays; switch it off."))
    _told(feed, "outside.remove", actor, now, before=_facts(feed))
    Fetch.objects.filter(feed=feed).delete()
    feed.delete()


def devices_for(actor: User, region: Region) -> list[Device]:
    """Devices of a region as which a source of stations may send."""
    rows = Device.records.filter(enabled=True, lane=LIVE, region__path__startswith=region.path)
    rows = rows.exclude(code=DERIVED_SENDER).select_related("region").defer("region__boundary")
    return [device for device in rows if may(actor, "device.manage", device.region)]


def _check(said: Said, actor: User, *, has_key: bool) -> None:
    if not said.name.strip() or not said.attribution.strip():
        raise Refused(_("Give the source a name, and say whose data it is and under which licence."))
    if said.kind not in Kind.values:
        raise Refused(_("Choose what the source gives."))
    if words := _URL_WORDS.get(addresses.fault_of(said.url.strip())):
        raise Refused(str(words))
    if (addresses.KEY in said.url) != has_key:
        raise Refused(_("Write {key} into the address where the key belongs, and enter the key; else neither."))
    if not LEAST_S <= said.period_s <= MOST_S:
        raise Refused(_("A source is fetched at most once a minute and at least once a day."))
    if said.box is not None:
        west, south, east, north = said.box
        if not (-180 <= west < east <= 180 and -90 <= south < north <= 90):
            raise Refused(_("The box goes from west to east and from south to north, in degrees."))
    if said.kind == Kind.STATIONS:
        if said.device is None or not said.layout:
            raise Refused(_("A source of stations needs a device as sender, and what stands where in the file."))
        if not said.device.enabled or said.device.lane != LIVE or said.device.code == DERIVED_SENDER:
            raise Refused(_("This device may not send readings of now."))
        require(actor, "device.manage", said.device.region)


_URL_WORDS = {
    "shape": gettext_lazy("An address is written https://host/path."),
    "login": gettext_lazy("A name or a password does not belong into an address; it would stand in lists and logs."),
    "secret": gettext_lazy("A key does not belong into the address: write {key} there and enter the key below."),
    "word": gettext_lazy(
        "In an address {key}, {today}, {yesterday} and {week_ago} are replaced, behind the host; nothing else is."
    ),
}


def _put(feed: Feed, said: Said) -> None:
    stations = said.kind == Kind.STATIONS
    feed.name, feed.kind, feed.url = said.name.strip()[:80], said.kind, said.url.strip()
    feed.region, feed.period_s, feed.attribution = said.region, said.period_s, said.attribution.strip()[:300]
    if said.key is not None:
        feed.key = said.key.strip()
    feed.west, feed.south, feed.east, feed.north = said.box or (None,) * 4
    feed.device = said.device if stations else None
    feed.layout = dict(said.layout) if stations else {}


def _facts(feed: Feed) -> dict[str, Any]:
    return {
        "name": feed.name, "kind": feed.kind, "url": feed.url, "region": feed.region.code, "period_s": feed.period_s,
        "box": feed.box, "device": feed.device.code if feed.device else "", "layout": feed.layout,
        "attribution": feed.attribution, "access": "set" if feed.key else "",
    }  # fmt: skip


def _locked(feed: Feed) -> Feed:
    found: Feed = Feed.records.select_for_update(of=("self",)).select_related("region", "device").get(pk=feed.pk)
    return found


def _told(feed: Feed, verb: str, actor: User, now: datetime, **change: Any) -> None:
    audit.record(actor=actor, verb=verb, obj=feed, region=feed.region, now=now, **change)
