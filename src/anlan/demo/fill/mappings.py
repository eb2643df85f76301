"""The mapping of the demo's vendor, its gateway and the first of its gauges; the second waits for a person."""

from __future__ import annotations

from datetime import datetime

from anlan.apps.mappings import services
from anlan.demo import vendor
from anlan.demo.county import model
from anlan.demo.county.model import County
from anlan.formats.vendor_json import read_mapping
from anlan.kernel.people.models import User
from anlan.kernel.regions.models import Region
from anlan.kernel.sensing.models import PointKind
from anlan.kernel.sensing.services import add_points, register_device

ORDER = 210

#: Sensor, name of its point, unit, decimals, range.
_POINTS = (
    ("seepage", "渗压", "kPa", 2, 0.0, 500.0),
    ("water_temp", "水温", "℃", 1, -5.0, 60.0),
    ("battery_v", "电池电压", "V", 2, 0.0, 5.0),
)
#: Moments of the two examples, epoch ms: fixed, so that two demos show the same.
_EXAMPLES = (1_795_320_000_000, 1_795_341_600_000)


def fill(county: County, *, actor: User, now: datetime) -> None:
    """Register the gateway with the points of its first gauge, and put the mapping in force by its examples."""
    dam = next(site for site in county.sites if site.kind == "tailings")
    town = Region.objects.get(code=dam.town)
    device, _key = register_device(
        code=vendor.GATEWAY, name=f"{dam.name}渗压采集网关", region=town, actor=actor, now=now
    )
    rows = [
        {
            "code": f"{vendor.GATEWAY}/{sensor}",
            "name": f"{dam.name}坝体{name}",
            "kind": PointKind.OTHER,
            "unit": unit,
            "digits": digits,
            "region": town,
            "device": device,
            "site_name": dam.name,
            "lon": dam.lon,
            "lat": dam.lat,
            "period_s": vendor.EVERY_S,
            "low": low,
            "high": high,
        }
        for sensor, name, unit, digits, low, high in _POINTS
    ]
    add_points(rows, actor=actor, now=now)
    mapping = services.draft_mapping(
        code="shanchuan",
        name="山川仪器渗压计",
        region=Region.objects.get(code=model.COUNTY),
        rules=read_mapping(vendor.BODY),
        actor=actor,
        now=now,
    )
    for at_ms in _EXAMPLES:
        services.keep_example(
            mapping, topic=vendor.TOPIC, payload=vendor.message(at_ms).decode(), at_ms=at_ms, actor=actor, now=now
        )
    services.put_in_force(mapping, actor=actor, now=now)
    number = f"{vendor.AT_VENDOR}/{vendor.GAUGES[0]}"
    services.link_device(mapping, device, number=number, sensors={}, actor=actor, now=now)
