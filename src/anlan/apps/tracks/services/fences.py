"""Verbs on fences: drawn, ended, and carriers held to them or let go."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, time
from typing import Any

import shapely
from django.db import transaction
from django.utils.translation import gettext as _

from anlan.apps.tracks.fencing import FENCE, KINDS, PERSON_FENCE, SYSTEMS
from anlan.apps.tracks.models import Carrier, Fence, FenceKind, Watch
from anlan.apps.tracks.queries.fences import kept
from anlan.kernel.audit import services as audit
from anlan.kernel.people.models import User
from anlan.kernel.people.rights import require
from anlan.kernel.people.services import system_user
from anlan.kernel.regions.models import Region
from anlan.kernel.sensing.derived.services import add_derived, end_derived
from anlan.kernel.sensing.models import Point
from anlan.kernel.sensing.services.devices import Refused
from anlan.kernel.web.events import publish
from anlan.science.areas import area_km2
from anlan.science.tracks import ground, round_ground

#: Largest and smallest fence, corners of its polygon, and carriers that one may hold.
MOST_KM2, LEAST_KM2, MOST_CORNERS, MOST_CARRIERS = 50_000.0, 0.0001, 5_000, 500


@transaction.atomic
def add_fence(
    *,
    name: str,
    kind: str,
    region: Region,
    actor: User,
    now: datetime,
    shape: Any = None,
    circle: tuple[float, float, float] | None = None,
    hours: tuple[time, time] | None = None,
) -> Fence:
    """Put up a fence; it holds nobody until carriers are chosen.

    shape   polygon or multipolygon in WGS-84; or else
    circle  longitude, latitude, radius in m
    hours   from and until, of the bureau's day; None: at all times

    Raises NotAllowed without `track.manage`, Refused in words.
    """
    require(actor, "track.manage", region)
    if not 0 < len(name.strip()) <= 80:
        raise Refused(_("Write a name of at most 80 characters"))
    if kind not in FenceKind.values:
        raise Refused(_("Choose whether carriers must stay inside or keep out"))
    if hours is not None and hours[0] == hours[1]:
        raise Refused(_("The hours of a fence begin and end at different times"))
    where = _where(shape, circle)
    begins, ends = hours or (None, None)
    made: Fence = Fence.records.create(
        name=name.strip(), kind=kind, region=region, begins=begins, ends=ends, made_by=actor, made_at=now, **where
    )
    after = {"name": made.name, "kind": kind, "hours": [str(begins), str(ends)] if hours else None}
    _told(made, "fence.add", actor, now, after=after)
    return made


def _where(shape: Any, circle: tuple[float, float, float] | None) -> dict[str, Any]:
    if (shape is None) == (circle is None):
        raise Refused(_("Draw an area, give a circle, a file or a region: exactly one of them"))
    try:
        if circle is not None:
            here = round_ground(*circle)
            if not 10 <= circle[2] <= 100_000:
                raise Refused(_("The radius of a circle is 10 m to 100 km"))
            return {"shape": None, "lon": here.lon, "lat": here.lat, "radius_m": circle[2]}
        here = ground(shape)
    except ValueError as wrong:
        if isinstance(wrong, Refused):
            raise
        raise Refused(_("This is no area: %(why)s") % {"why": wrong}) from wrong
    west, south, east, north = shape.bounds
    if not (west >= -180 and east <= 180 and south >= -90 and north <= 90):
        raise Refused(_("The area is not on the globe: longitude comes before latitude, in degrees"))
    if not LEAST_KM2 <= area_km2(shape) <= MOST_KM2 or shapely.get_num_coordinates(shape) > MOST_CORNERS:
        raise Refused(
            _("A fence has 100 m² to %(km2)s km² and at most %(n)s corners")
            % {"km2": f"{MOST_KM2:,.0f}", "n": MOST_CORNERS}
        )
    return {"shape": shapely.to_wkb(shape), "lon": here.lon, "lat": here.lat, "radius_m": None}


@transaction.atomic
def hold(fence: Fence, carriers: Sequence[Carrier], *, actor: User, now: datetime) -> None:
    """Hold exactly these carriers to the fence: those that are new get a point that watches them, others are let go.

    Raises NotAllowed without `track.manage` where fence and carriers are, and for persons without `track.person`;
    Refused for more than MOST_CARRIERS.
    """
    require(actor, "track.manage", fence.region)
    if len(carriers) > MOST_CARRIERS:
        raise Refused(_("One fence holds at most %(n)s carriers") % {"n": MOST_CARRIERS})
    held = {one.carrier_id: one for one in Watch.objects.filter(fence=fence, ended_at=None).select_related(
        "carrier__region", "derived__point__region"
    )}  # fmt: skip
    wanted = {one.pk: one for one in carriers}
    changed = [one for pk, one in wanted.items() if pk not in held] + [
        one.carrier for pk, one in held.items() if pk not in wanted
    ]
    for one in changed:
        require(actor, "track.person" if one.personal else "track.see", one.region)
    for pk, watch in held.items():
        if pk not in wanted:
            disarm(watch, now=now)
    for pk, one in wanted.items():
        if pk not in held:
            _arm(fence, one, now)
    if changed:
        after = {"carriers": [one.code for one in carriers][:100]}
        _told(fence, "fence.hold", actor, now, after=after)


@transaction.atomic
def end_fence(fence: Fence, *, actor: User, now: datetime) -> None:
    """Take it down: nobody is watched by it any more; its alarms end by hand, their history stays."""
    require(actor, "track.manage", fence.region)
    if fence.ended_at is not None:
        return
    for watch in Watch.objects.filter(fence=fence, ended_at=None).select_related("derived__point__region"):
        disarm(watch, now=now)
    fence.ended_at = now
    fence.save(update_fields=("ended_at",))
    _told(fence, "fence.end", actor, now, after={"ended": True})


def rearm(watch: Watch, *, actor: User, now: datetime) -> None:
    """Watch anew, because the receiver of the carrier turned out to speak another system of coordinates."""
    disarm(watch, now=now)
    _arm(watch.fence, watch.carrier, now)


def disarm(watch: Watch, *, now: datetime) -> None:
    """Compute its point no more."""
    end_derived(watch.derived, actor=system_user("tracks"), now=now)
    watch.ended_at = now
    watch.save(update_fields=("ended_at",))


def _arm(fence: Fence, carrier: Carrier, now: datetime) -> Watch:
    """The point that says how far the carrier lies beyond the fence; its alarm stands on the map at the fence."""
    before = Watch.objects.filter(fence=fence, carrier=carrier).count()
    code = f"F{fence.pk}-{carrier.code}" + (f"-{before + 1}" if before else "")
    function = PERSON_FENCE if carrier.personal else FENCE
    inputs = list(Point.records.filter(pk__in=(carrier.lat_id, carrier.lon_id)).select_related("region", "device"))
    inputs.sort(key=lambda point: point.pk != carrier.lat_id)
    derived = add_derived(
        code=code[:60],
        name=f"{carrier.code if carrier.personal else carrier.name} · {fence.name}"[:120],
        function=function.code,
        inputs=inputs,
        parameters={
            "fence": fence.pk,
            "system": SYSTEMS.index(carrier.system),
            "kind": KINDS.index(carrier.kind),
        },
        settle_s=1,
        actor=system_user("tracks"),
        now=now,
    )
    Point.records.filter(pk=derived.point_id).update(lon=fence.lon, lat=fence.lat, site_name=fence.name[:120])
    return Watch.objects.create(fence=fence, carrier=carrier, derived=derived)


def _told(fence: Fence, verb: str, actor: User, now: datetime, **change: Any) -> None:
    kept.forget()
    audit.record(actor=actor, verb=verb, obj=fence, region=fence.region, now=now, **change)
    publish("fence.changed", region=fence.region, verb="track.see", at=now)
