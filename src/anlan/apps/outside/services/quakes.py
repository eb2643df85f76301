"""Keep what catalogues say of earthquakes: every revision, the newest of them shown, in portions of one transaction."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from anlan.apps.outside.models import Feed, Kind, Quake, Revision
from anlan.apps.outside.services import telling
from anlan.apps.outside.services.counts import Counts
from anlan.apps.outside.services.distances import away
from anlan.formats import quakeml
from anlan.formats.feeds import fdsn
from anlan.formats.quakeml import Quake as Said
from anlan.kernel.web.events import publish

#: Events of one transaction, so that a large file does not hold the writer for long.
AT_ONCE = 100
_DEPTHS_M, _MAGNITUDES = (-10_000.0, 800_000.0), (-3.0, 10.0)
#: Fields of `Quake` that a revision says.
SAID = (
    "type", "at", "lon", "lat", "depth_m", "depth_doubt", "magnitude", "magnitude_type", "place", "agency", "mode",
    "status",
)  # fmt: skip
_WORKED_OUT = ("updated", "revision", "changed_at", "county_km", "town", "town_km")


@dataclass(frozen=True, slots=True)
class Event:
    """One event as it came: its identifier, what it says as fields of `Quake`, when the catalogue changed it."""

    line: int
    public_id: str
    body: dict[str, Any]
    updated: datetime | None

    def plain(self) -> dict[str, Any]:
        """The body as JSON values."""
        return self.body | {"at": self.body["at"].isoformat()}


def keep(feed: Feed, data: bytes, *, complete: bool, now: datetime) -> Counts:
    """Keep the events of a file; told ones are told in the transaction that keeps them.

    Raises Refused, WrongHeading and BadMessage for a file that is no catalogue; nothing is kept then.
    """
    counts = Counts()
    events = _in_order(list(_events(feed, data, complete, counts)))
    for start in range(0, len(events), AT_ONCE):
        counts.add(_keep_some(feed, events[start : start + AT_ONCE], now))
    return counts


# --- what came --------------------------------------------------------------------------------------------------------
def _events(feed: Feed, data: bytes, complete: bool, counts: Counts) -> Iterator[Event]:
    box = feed.box
    for event in _of_text(data, complete, counts) if feed.kind == Kind.FDSN else _of_xml(data, counts):
        lon, lat = event.body["lon"], event.body["lat"]
        if box is not None and not (box[0] <= lon <= box[2] and box[1] <= lat <= box[3]):
            counts.elsewhere += 1
        else:
            yield event


def _of_text(data: bytes, complete: bool, counts: Counts) -> Iterator[Event]:
    quakes, refusals = fdsn.read(data, complete=complete)
    counts.refuse(refusals)
    for number, quake in enumerate(quakes, 1):
        if (event := _event(number, quake, False, counts)) is not None:
            yield event


def _of_xml(data: bytes, counts: Counts) -> Iterator[Event]:
    for number, (quake, findings) in enumerate(quakeml.read_each(data), 1):
        if any(one.blocks for one in findings):
            counts.refuse_row(number, "event", "; ".join(map(str, findings)))
            continue
        doubt = any(one.code == "shallow_depth" for one in findings)
        if (event := _event(number, quake, doubt, counts)) is not None:
            yield event


def _event(line: int, quake: Said, depth_doubt: bool, counts: Counts) -> Event | None:
    """What can be kept of an event; None, and a refused row, when the least that is needed is missing."""
    fault = _fault(quake)
    if fault:
        counts.refuse_row(line, fault, quake.id or "—")
        return None
    body = {
        "type": _cut(quake.type, 60),
        "at": quake.at,
        "lon": quake.longitude,
        "lat": quake.latitude,
        "depth_m": quake.depth_m,
        "depth_doubt": depth_doubt,
        "magnitude": quake.magnitude,
        "magnitude_type": _cut(quake.magnitude_type, 20),
        "place": _cut(quake.description, 200),
        "agency": _cut(quake.agency, 60),
        "mode": _cut(quake.status, 20).lower(),
        "status": _cut(quake.evaluation, 20).lower(),
    }
    return Event(line, quake.id, body, quake.updated)


def _fault(quake: Said) -> str:
    """Code of what is missing or impossible, "" for nothing."""
    if not quake.id or len(quake.id) > fdsn.MOST_ID:
        return "id"
    if quake.at is None or not 1000 <= quake.at.year <= 2200:
        return "time"
    if quake.longitude is None or quake.latitude is None:
        return "place"
    if quake.magnitude is not None and not _MAGNITUDES[0] <= quake.magnitude <= _MAGNITUDES[1]:
        return "magnitude"
    if quake.depth_m is not None and not _DEPTHS_M[0] <= quake.depth_m <= _DEPTHS_M[1]:
        return "depth"
    return ""


def _cut(text: str | None, most: int) -> str:
    return (text or "").replace("\0", "").strip()[:most]


def _in_order(events: list[Event]) -> list[Event]:
    """Events in the order in which the catalogue made them; those that do not say come first, as they stood."""
    oldest = -math.inf
    return sorted(events, key=lambda one: oldest if one.updated is None else one.updated.timestamp())


# --- keeping ----------------------------------------------------------------------------------------------------------
@transaction.atomic
def _keep_some(feed: Feed, events: list[Event], now: datetime) -> Counts:
    counts = Counts()
    rows = Quake.objects.select_for_update().filter(feed=feed, public_id__in={one.public_id for one in events})
    known = {row.public_id: row for row in rows}
    fresh: dict[str, Quake] = {}
    changed: dict[str, Quake] = {}
    revisions: list[Revision] = []
    for event in events:
        quake = known.get(event.public_id)
        if quake is None:
            quake = Quake(
                feed=feed, public_id=event.public_id, **event.body, updated=event.updated, seen_at=now, changed_at=now
            )
            known[event.public_id] = fresh[event.public_id] = quake
            revisions.append(_revision(quake, event, now))
            counts.new += 1
        elif _says_the_same(quake, event):
            counts.same += 1
            # A catalogue that stamps anew without changing anything makes no revision.
            if event.updated is not None and (quake.updated is None or event.updated > quake.updated):
                quake.updated = event.updated
                if event.public_id not in fresh:
                    changed[event.public_id] = quake
        elif quake.updated is not None and event.updated is not None and event.updated < quake.updated:
            counts.same += _keep_late(quake, event, now, revisions)
        else:
            for name, value in event.body.items():
                setattr(quake, name, value)
            quake.updated, quake.changed_at = event.updated or quake.updated, now
            quake.revision += 1
            if event.public_id not in fresh:
                changed[event.public_id] = quake
            revisions.append(_revision(quake, event, now))
            counts.changed += 1
    _place(feed, [*fresh.values(), *changed.values()])
    for quake in Quake.objects.bulk_create(fresh.values()):
        fresh[quake.public_id] = quake
    Quake.objects.bulk_update(changed.values(), [*SAID, *_WORKED_OUT])
    Revision.objects.bulk_create(_numbered(revisions))
    touched = [*fresh.values(), *changed.values()]
    if touched:
        telling.tell(feed, touched, now=now)
        publish("outside.quakes", region=feed.region, verb="outside.see", at=now, data={"n": len(touched)})
    return counts


def _says_the_same(quake: Quake, event: Event) -> bool:
    return all(getattr(quake, name) == value for name, value in event.body.items())


def _revision(quake: Quake, event: Event, now: datetime, *, late: bool = False) -> Revision:
    return Revision(
        quake=quake, number=quake.revision, body=event.plain(), updated=event.updated, seen_at=now, late=late
    )


def _keep_late(quake: Quake, event: Event, now: datetime, pending: list[Revision]) -> int:
    """Keep a revision that the catalogue made before the one that is shown; 1 when it was known already."""
    body = event.plain()
    mine = [one for one in pending if one.quake is quake]
    stored = quake.revisions.all() if quake.pk else ()
    if any(one.body == body and one.updated == event.updated for one in itertools.chain(mine, stored)):
        return 1
    pending.append(_revision(quake, event, now, late=True))
    return 0


def _numbered(revisions: Iterable[Revision]) -> list[Revision]:
    """Revisions with the next free numbers of their quakes, in the order in which they came."""
    listed = list(revisions)
    old = {one.quake.pk for one in listed if one.quake.pk}
    last: dict[int, int] = {}
    for quake, number in Revision.objects.filter(quake__in=old).values_list("quake", "number"):
        last[quake] = max(last.get(quake, 0), number)
    for one in listed:
        one.quake_id = one.quake.pk
        one.number = last[one.quake_id] = last.get(one.quake_id, 0) + 1
    return listed


def _place(feed: Feed, quakes: list[Quake]) -> None:
    found = away(feed.region, [one.lon for one in quakes], [one.lat for one in quakes])
    for quake, place in zip(quakes, found, strict=True):
        quake.county_km, quake.town, quake.town_km = place.county_km, place.town[:60], place.town_km
