"""Verbs on the place of one's own phone: shared for a chosen time, ended at any moment, sent while it is shared."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from anlan.apps.tracks.models import Carrier, CarrierKind, Sharing, System
from anlan.apps.tracks.rules import rules
from anlan.apps.tracks.services.carriers import add_carrier
from anlan.kernel.audit import services as audit
from anlan.kernel.people.models import User
from anlan.kernel.people.rights import require
from anlan.kernel.people.services import system_user
from anlan.kernel.regions.models import Region
from anlan.kernel.sensing.door.bodies import EARLIEST_MS, Sender
from anlan.kernel.sensing.door.positions import OLD_MS, Placed, Said, columns_of, readings_of
from anlan.kernel.sensing.door.taking import batch_of_readings
from anlan.kernel.sensing.models import Device
from anlan.kernel.sensing.services.devices import Refused, register_device
from anlan.kernel.sensing.store import BACKFILL, LIVE, Store

#: Positions of one post, seconds that a phone's clock may be ahead of ours, seconds before the start that still count.
MOST, AHEAD_S, EARLY_S = 500, 60, 60
#: Seconds between two positions of a phone.
PERIOD_S = 15


@transaction.atomic
def start(user: User, *, hours: int, now: datetime) -> Sharing:
    """Share the place of one's phone for so many hours; a running sharing is ended and begun anew.

    Raises NotAllowed without `track.share`, Refused for another span than the rulebook offers, or for a person
    without a department, since it decides who sees the place.
    """
    region = home_of(user)
    require(user, "track.share", region)
    offered = rules(now).share_hours
    if hours not in offered:
        raise Refused(_("Choose one of %(hours)s hours") % {"hours": ", ".join(map(str, offered))})
    carrier = _carrier(user, region, now)
    for one in running(user, now):
        one.ended_at = now
        one.save(update_fields=("ended_at",))
    made = Sharing.objects.create(carrier=carrier, started_at=now, until=now + timedelta(hours=hours))
    audit.record(
        actor=user, verb="track.share", obj=carrier, region=region, after={"until": made.until.isoformat()}, now=now
    )
    return made


@transaction.atomic
def stop(user: User, *, now: datetime) -> bool:
    """End it; returns whether it was shared. Needs no right: everybody may stop."""
    ended = running(user, now)
    for one in ended:
        one.ended_at = now
        one.save(update_fields=("ended_at",))
        audit.record(actor=user, verb="track.unshare", obj=one.carrier, region=one.carrier.region, now=now)
    return bool(ended)


def running(user: User, now: datetime) -> list[Sharing]:
    """The sharing that runs, as a list of none or one."""
    rows = Sharing.objects.filter(carrier__person=user, ended_at=None, until__gt=now)
    return list(rows.select_related("carrier__region"))


def home_of(user: User) -> Region:
    """The region in which a person's place is shared: that of their department. Raises Refused."""
    if user.department is None:
        raise Refused(_("You belong to no department, so nobody could see your place"))
    return user.department.region


def _carrier(user: User, region: Region, now: datetime) -> Carrier:
    found: Carrier | None = Carrier.records.filter(person=user).select_related("region").first()
    hand = system_user("tracks")
    if found is not None:
        if found.region_id != region.pk or not found.enabled:
            found.region, found.enabled = region, True
            found.save(update_fields=("region", "enabled"))
            for point in (found.lat, found.lon, found.speed, found.course, found.accuracy):
                if point is not None:
                    point.region = region
                    point.save(update_fields=("region",))
        return found
    code = f"phone-{user.pk}"
    device, _key = register_device(
        code=code,
        name=_("Phone %(n)s") % {"n": user.pk},  # the list of devices is read by more than may know whose it is
        region=region,
        actor=hand,
        now=now,
    )
    # Its key is known to nobody: positions come by the page of the signed-in person alone.
    Device.records.filter(pk=device.pk).update(enabled=False)
    return add_carrier(
        code=code, name=user.name or user.username, kind=CarrierKind.PERSON, region=region, device=device,
        system=System.WGS84, period_s=PERIOD_S, person=user, actor=hand, now=now,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a post: positions that are stored now, and those refused by why."""

    accepted: int
    refused: Mapping[str, int]


def take(user: User, rows: Sequence[Any], *, store: Store, now: datetime) -> Taken:
    """Positions of the signed-in person's phone; when this returns they are on disk.

    rows  {"t": ms, "lat", "lon", "accuracy", "speed" in m/s, "heading"}, as the browser gives them; from the queue of
          a phone without network they come late, with the time of measurement

    Only what was measured while it was shared is taken, and not later than the rulebook allows. What is older than
    OLD_MS is history. A position that comes twice is stored once. Raises Refused for a person who never shared, or
    for no list; Busy and Full with nothing stored.
    """
    carrier = Carrier.records.filter(person=user, enabled=True).select_related("device").first()
    if carrier is None:
        raise Refused(_("Begin to share first"))
    if not isinstance(rows, list) or len(rows) > MOST:
        raise Refused(_("A post has at most %(n)s positions") % {"n": MOST})
    spans = _spans(carrier, now)
    now_ms = round(now.timestamp() * 1000)
    parts: dict[str, dict[int, Placed]] = {LIVE: {}, BACKFILL: {}}
    refused: dict[str, int] = {}
    for row in rows:
        said = _said(row)
        why = "broken" if said is None else _why_not(said.t_ms or 0, spans, now_ms)
        if said is None or why:
            refused[why] = refused.get(why, 0) + 1
            continue
        more = [(getattr(carrier, f"{field}_id"), value) for field, value in said.more]
        placed = (said.t_ms or 0, readings_of(said, carrier.lat_id, carrier.lon_id, more))
        parts[BACKFILL if placed[0] < now_ms - OLD_MS else LIVE].setdefault(placed[0], placed)
    sender = Sender(carrier.device.code, LIVE, {})
    batches = []
    for lane, some in parts.items():
        if some:
            columns = columns_of([some[t] for t in sorted(some)])
            raw = b"".join(column.tobytes() for column in (columns.t, columns.value, columns.quality))
            key = f"phone:{lane}:{hashlib.sha256(raw).hexdigest()[:40]}"
            batches.append(batch_of_readings(raw, key, sender, lane, columns, (), now_ms))
    if batches:
        store.append_batches(batches)
    return Taken(sum(len(some) for some in parts.values()), refused)


def _spans(carrier: Carrier, now: datetime) -> list[tuple[int, int]]:
    """The times in which it was shared, epoch ms, as far back as a phone may deliver."""
    since = now - timedelta(days=rules(now).late_days)
    rows = Sharing.objects.filter(carrier=carrier, until__gt=since).values_list("started_at", "until", "ended_at")
    early = timedelta(seconds=EARLY_S)
    floor = round(since.timestamp() * 1000)
    return [
        (max(floor, round((begin - early).timestamp() * 1000)), round(min(end, ended or end).timestamp() * 1000))
        for begin, end, ended in rows
    ]


def _why_not(t: int, spans: Sequence[tuple[int, int]], now_ms: int) -> str:
    if t > now_ms + AHEAD_S * 1000:
        return "future"
    return "" if any(begin <= t <= end for begin, end in spans) else "not_shared"


def _said(row: Any) -> Said | None:
    """A position as a browser says it; None for what is none."""
    if not isinstance(row, dict):
        return None
    t, lat, lon = row.get("t"), _number(row.get("lat")), _number(row.get("lon"))
    if isinstance(t, bool) or not isinstance(t, int) or t < EARLIEST_MS or lat is None or lon is None:
        return None
    speed, heading, accuracy = (_number(row.get(name)) for name in ("speed", "heading", "accuracy"))
    more = (
        ("speed", None if speed is None else speed * 3.6),
        ("course", heading),
        ("accuracy", accuracy),
    )
    known = tuple((name, value) for name, value in more if value is not None and 0 <= value < 1e6)
    return Said(0, t, lat, lon, known)


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return float(value)
