"""The vehicles of the county's rescue teams as carriers, with their terminals, and a fence that holds one of them."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime

from django.conf import settings
from shapely import Polygon
from shapely.geometry import LineString

from anlan.apps.resources.models import Team
from anlan.apps.tracks.models import CarrierKind, FenceKind, System
from anlan.apps.tracks.services.carriers import add_carrier
from anlan.apps.tracks.services.fences import add_fence, hold
from anlan.demo.cars import EVERY_S, FILE
from anlan.demo.county.keep import keep_private
from anlan.demo.county.model import County, Place
from anlan.demo.entering import Dice, Ground
from anlan.kernel.people.models import User
from anlan.kernel.regions.models import Region
from anlan.kernel.sensing.door.links import JT808
from anlan.kernel.sensing.services import register_device
from anlan.kernel.sensing.services.links import link_device
from anlan.kernel.web.refs import ref_of

ORDER = 230

#: Cars, and the shortest road that one drives, degrees.
CARS, SHORTEST = 8, 0.05
#: What a terminal says that no point is for.
_PASSED_OVER = ("altitude", "alarm", "status")


def fill(county: County, *, actor: User, now: datetime) -> None:
    """Enter terminals and carriers, put up the fence, and leave the simulator a list of what drives where."""
    dice, ground = Dice(county, 8_160), Ground(county)
    teams = list(Team.present.select_related("region").order_by("code")[:CARS])
    # Trunk roads go on beyond the border; the county's cars do not.
    inner = county.boundary.buffer(-0.003)
    ways = [(road.rank, _longest(road.line, inner)) for road in county.roads]
    ways = sorted((one for one in ways if one[1].length >= SHORTEST), key=lambda one: one[0])
    driven = []
    made = []
    for row, (team, (_rank, road)) in enumerate(zip(teams, ways, strict=False)):
        way, town = road, _town_of(county, road)
        if row == 0 and town is not None:
            kept = _longest(road, town.boundary.buffer(-0.006))
            way = kept if kept.length > SHORTEST / 5 else road
        code, number = f"CAR-{row + 1:02d}", f"1390000{row + 1:04d}"
        secret = hashlib.sha256(f"{county.seed}:{number}".encode()).hexdigest()[:16]
        region = ground.region(town.code) if town is not None else team.region
        device, _key = register_device(code=code, name=f"{team.name}车载终端", region=region, actor=actor, now=now)
        gcj = row % 4 == 3
        carrier = add_carrier(
            code=code, name=f"{team.name}{'应急车' if row % 2 else '抢险车'}", kind=CarrierKind.VEHICLE, region=region,
            device=device, system=System.GCJ02 if gcj else System.WGS84, unit_ref=ref_of(team), period_s=EVERY_S,
            actor=actor, now=now,
        )  # fmt: skip
        link_device(
            device, protocol=JT808, number=number, secret=secret, sensors=dict.fromkeys(_PASSED_OVER, ""), actor=actor,
            now=now,
        )  # fmt: skip
        made.append((carrier, town))
        driven.append(
            {
                "number": number, "code": secret, "kmh": dice.number(28, 62), "gcj": gcj,
                "way": [[round(x, 6), round(y, 6)] for x, y in way.coords],
            }
        )  # fmt: skip
    _write(driven)
    if made and made[0][1] is not None:
        carrier, town = made[0]
        region = Region.objects.get(code=town.code)
        fence = add_fence(
            name=f"{town.name}备勤区", kind=FenceKind.STAY_IN, region=region, shape=town.boundary.simplify(0.0003),
            actor=actor, now=now,
        )  # fmt: skip
        hold(fence, [carrier], actor=actor, now=now)


def _town_of(county: County, way: LineString) -> Place | None:
    """The town in which the middle of a road lies."""
    middle = way.interpolate(0.5, normalized=True)
    return next((town for town in county.towns if town.boundary is not None and town.boundary.contains(middle)), None)


def _longest(way: LineString, area: Polygon) -> LineString:
    """The longest stretch of a road in an area; one of no length where there is none."""
    cut = way.intersection(area)
    parts = [one for one in getattr(cut, "geoms", [cut]) if isinstance(one, LineString)]
    return max(parts, key=lambda one: one.length, default=LineString())


def _write(driven: list[dict[str, object]]) -> None:
    # The codes of fictional terminals, for the simulator alone, as `demo-keys.json` has those of gateways.
    keep_private(settings.DATA / FILE, json.dumps(driven))
