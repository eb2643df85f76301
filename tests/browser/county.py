"""A small county for the browser tests, planted by the product's own verbs into the data directory of ANLAN_DATA.

Run as a program after `migrate`; writes `county.json` there: the key of the device and the password of everybody.
"""

from __future__ import annotations

import json
import os
import secrets
from pathlib import Path

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "anlan.server.settings")
django.setup()

import shapely  # noqa: E402
from django.utils import timezone  # noqa: E402

from anlan.apps.resources.declarations import FIRE_STATIONS  # noqa: E402
from anlan.apps.sites.declarations import CAMERAS, ENTERPRISES  # noqa: E402
from anlan.kernel.people import services as people  # noqa: E402
from anlan.kernel.regions.services import Planting, plant  # noqa: E402
from anlan.kernel.registers import services as registers  # noqa: E402
from anlan.kernel.sensing.services import add_points, register_device  # noqa: E402

TOWNS = (("990123101", "澜城镇", 104.5), ("990123102", "沧浦镇", 104.7))
PEOPLE = (
    ("officer", "顾怀远", "990123", ("duty_officer", "monitoring_engineer")),
    ("second", "阮清和", "990123", ("duty_officer",)),
    ("town", "祝长庚", "990123102", ("town_officer",)),
    ("admin", "系统甲", "990123", ("system_admin",)),
    ("keeper", "甘若谷", "990123", ("record_keeper",)),
)


def regions() -> dict[str, object]:
    """Province, city, county, two towns side by side, and a village in each."""
    rows = [Planting("99", "岚省", "province"), Planting("9901", "澄江市", "city", "99")]
    rows.append(Planting("990123", "安澜县", "county", "9901", shapely.box(104.4, 31.8, 104.8, 32.0), 104.6, 31.9))
    for code, name, lon in TOWNS:
        outline = shapely.box(lon - 0.1, 31.8, lon + 0.1, 32.0)
        rows.append(Planting(code, name, "town", "990123", outline, lon, 31.92, 20_000))
        rows.append(Planting(f"{code}201", f"{name[0]}水村", "village", code, None, lon, 31.9, 1_300))
    return {region.code: region for region in plant(rows)}


def main() -> None:
    """Plant everything once."""
    now = timezone.now()
    hands = people.system_user("tests")
    where = regions()
    people.load_roles()
    password = secrets.token_urlsafe(12)
    office = {}
    for code, name in (("990123", "指挥中心"), ("990123102", "沧浦镇应急办")):
        office[code] = people.add_department(code=f"d{code}", name=name, region=where[code], actor=hands, now=now)
    for username, name, code, roles in PEOPLE:
        person = people.add_person(
            username=username, name=name, password=password, department=office[code], actor=hands, now=now
        )
        for role in roles:
            people.give_role(user=person, role=role, region=where[code], actor=hands, now=now)
    site = {"code": "CF-001", "name": "澜润化工仓储", "kind": "chemical", "region": where["990123102"], "risk": 2,
            "credit_code": "", "address": "经二路 6 号", "keeper": "陆景行", "keeper_phone": "19000005017",
            "lon": 104.7, "lat": 31.9}  # fmt: skip
    firm = registers.create(ENTERPRISES, site, actor=hands, now=now)
    source = os.environ["TEST_CAMERA"]
    for code, protocol, path in (("CAM-1", "hls", "/clip/index.m3u8"), ("CAM-2", "mjpeg", "/video")):
        eye = {"code": code, "name": f"沙头闸口{code[-1]}", "watches": "water", "region": where["990123102"],
               "lookers": "all", "subject": "水尺", "protocol": protocol, "stream": source + path}  # fmt: skip
        registers.create(CAMERAS, eye, actor=hands, now=now)
    station = {"name": "澜城站", "kind": "second", "region": where["990123101"], "lon": 104.5, "lat": 31.9}
    registers.create(FIRE_STATIONS, station, actor=hands, now=now)
    device, key = register_device(code="gw-1", name="一号网关", region=where["990123102"], actor=hands, now=now)
    rows = [
        {"code": f"GT-{2031 + i}", "name": f"V-{203 + i} 罐区可燃气体", "kind": "combustible_gas", "unit": "%LEL",
         "digits": 1, "region": where["990123102"], "device": device, "site_ref": f"enterprise:{firm.pk}",
         "site_name": firm.name, "lon": 104.7 + i * 0.004, "lat": 31.9, "period_s": 15, "low": 0, "high": 100}
        for i in range(3)
    ]  # fmt: skip
    add_points(rows, actor=hands, now=now)
    path = Path(os.environ["ANLAN_DATA"]) / "county.json"
    path.write_text(json.dumps({"key": key, "password": password}), encoding="utf-8")


if __name__ == "__main__":
    main()
