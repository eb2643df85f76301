"""The pump station whose controller is asked by Modbus TCP, with its points and its map."""

from __future__ import annotations

from datetime import datetime

from anlan import environment
from anlan.apps.sites.models import Station
from anlan.demo.controller import DEVICE, HOST, UNIT
from anlan.demo.county.model import County
from anlan.kernel.people.models import User
from anlan.kernel.sensing.modbus.maps import Entry
from anlan.kernel.sensing.modbus.services import save_connection, write_map
from anlan.kernel.sensing.services import add_points, register_device
from anlan.kernel.web.refs import ref_of

ORDER = 210

#: Code behind the device, name, kind, unit, decimals, range, and the line of the map.
POINTS = (
    ("L1", "前池液位", "other", "m", 2, (0, 6), Entry(4, 0, "u16", scale=0.01)),
    ("F1", "出水流量", "flow", "m³/s", 2, (0, 10), Entry(4, 1, "f32", "CDAB")),
    ("T1", "电机温度", "other", "℃", 1, (-20, 150), Entry(4, 3, "i16", scale=0.1)),
    ("A1", "电机电流", "other", "A", 1, (0, 400), Entry(4, 4, "u16", scale=0.1)),
    ("P1", "1号泵运行", "other", "", 0, (0, 1), Entry(2, 0, "bit")),
    ("P2", "2号泵运行", "other", "", 0, (0, 1), Entry(2, 1, "bit")),
)


def fill(county: County, *, actor: User, now: datetime) -> None:
    """Register the device at the first gauging station, and say which of its registers mean what."""
    site = next(one for one in county.sites if one.kind == "hydro")
    station = Station.present.select_related("region").get(code=site.code)
    device, _key = register_device(
        code=DEVICE, name=f"{station.name}排涝泵站", region=station.region, actor=actor, now=now
    )
    add_points(
        [
            {
                "code": f"{DEVICE}/{code}", "name": f"排涝泵站{name}", "kind": kind, "unit": unit, "digits": digits,
                "region": station.region, "device": device, "site_ref": ref_of(station), "site_name": station.name,
                "lon": site.lon, "lat": site.lat, "period_s": 2, "low": low, "high": high,
            }
            for code, name, kind, unit, digits, (low, high), _line in POINTS
        ],
        actor=actor,
        now=now,
    )  # fmt: skip
    connection = save_connection(
        device, host=HOST, port=environment.port("ANLAN_DEMO_MODBUS_PORT"), unit=UNIT, period_s=2, timeout_ms=1_000,
        actor=actor, now=now,
    )  # fmt: skip
    entries = [
        Entry(line.function, line.address, line.type, line.order, line.scale, 0.0, unit, f"{DEVICE}/{code}", name)
        for code, name, _kind, unit, _digits, _range, line in POINTS
    ]
    write_map(connection, entries, actor=actor, now=now)
