"""The demo's outside sources: three files that the simulator itself publishes on this machine."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from anlan import environment
from anlan.apps.outside.models import Kind
from anlan.apps.outside.services import feeds, layouts
from anlan.apps.outside.services.feeds import Said
from anlan.demo.county import model
from anlan.demo.county.model import County
from anlan.demo.outside_files import FOLDER, STATIONS, address
from anlan.kernel.people.models import User
from anlan.kernel.regions.models import Region
from anlan.kernel.sensing.models import Device, PointKind
from anlan.kernel.sensing.services import add_points, register_device

ORDER = 230

ATTRIBUTION = "演示数据，全部虚构"
#: Heading, suffix of the point's code, its name, its unit, and the scale of the numbers in the file.
QUANTITIES = (("TEM", "T", "气温", "℃", "0.1"), ("PRE", "P", "十分钟雨量", "mm", "1"))


def fill(county: County, *, actor: User, now: datetime) -> None:
    """Enter the sources and switch them on; the stations get a device with points."""
    region = Region.objects.get(code=model.COUNTY)
    device = _stations(county, region, actor, now)
    points = [f"{station} | {head} | OW-{station}-{mark}" for station in STATIONS for head, mark, *_rest in QUANTITIES]
    layout = layouts.kept(
        station="Station_Id", only="", time="Datetime", form="%Y%m%d%H%M", zone="Asia/Shanghai", missing="",
        delimiter=",", columns="\n".join(f"{head} | {unit} | {scale}" for head, _m, _n, unit, scale in QUANTITIES),
        points="\n".join(points),
    )  # fmt: skip
    rows: tuple[tuple[str, str, str, dict[str, Any]], ...] = (
        ("演示地震目录", Kind.QUAKEML, "quakes.xml", {}),
        ("演示卫星热点", Kind.FIRMS, "hotspots.csv", {}),
        ("演示外部气象站", Kind.STATIONS, "weather.csv", {"device": device, "layout": layout}),
    )
    port = environment.port("ANLAN_DEMO_CAMERA_PORT")
    for name, kind, file, more in rows:
        said = Said(
            name=name, kind=kind, url=address(f"{FOLDER}/{file}", port), region=region, period_s=600,
            attribution=ATTRIBUTION, **more,
        )  # fmt: skip
        feeds.switch(feeds.add_feed(said, actor=actor, now=now), on=True, actor=actor, now=now)


def _stations(county: County, region: Region, actor: User, now: datetime) -> Device:
    device, _key = register_device(code="outside-weather", name="外部气象站", region=region, actor=actor, now=now)
    towns = {town.code: town for town in county.towns}
    regions = {row.code: row for row in Region.objects.filter(code__in=STATIONS.values()).defer("boundary")}
    add_points(
        [
            {
                "code": f"OW-{station}-{mark}", "name": f"{towns[code].name}{name}（外部）", "kind": PointKind.OTHER,
                "unit": unit, "digits": 1, "region": regions[code], "device": device, "lon": towns[code].lon,
                "lat": towns[code].lat, "period_s": 600,
            }
            for station, code in STATIONS.items()
            for _head, mark, name, unit, _scale in QUANTITIES
        ],
        actor=actor,
        now=now,
    )  # fmt: skip
    return device
