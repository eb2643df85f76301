"""Stores, machines, reserves of companies, shelters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from anlan.apps.resources import declarations as registers_of
from anlan.apps.resources.queries.supplies import supplies
from anlan.demo.county import model
from anlan.demo.fill.resources.clerk import Clerk

MACHINES = (
    ("履带式挖掘机", "excavator", "1.0 m³", 1800), ("轮式装载机", "loader", "3.0 m³", 1300),
    ("推土机", "bulldozer", "160 kW", 1600), ("汽车起重机", "crane", "25 t", 2600),
    ("自卸卡车", "dump_truck", "20 t", 1200),
    ("大流量排水泵车", "pump_truck", "3000 m³/h", 3200), ("柴油发电机组", "generator", "200 kW", 900),
    ("移动照明灯塔", "light_tower", "4×1000 W", 300), ("锚固钻机", "drill", "60 m", 2200),
    ("中型客车", "bus", "33 座", 800), ("冲锋舟", "boat", "12 座", 500),
)  # fmt: skip
RESERVES = (
    ("瓶装水协议储备", "bottled-water", 30000, "L", 1.2, 2, "饮品有限公司"),
    ("方便食品协议储备", "ready-food", 20000, "份", 4.5, 3, "商贸有限公司"),
    ("大米协议储备", "grain-oil", 60000, "kg", 5.2, 4, "粮油购销有限公司"),
    ("编织袋协议储备", "woven-bag", 50000, "条", 1.1, 6, "塑编有限公司"),
    ("块石协议储备", "riprap", 8000, "m³", 65, 8, "建材有限公司"),
    ("砂石料协议储备", "sand", 6000, "m³", 58, 8, "建材有限公司"),
    ("棉被协议储备", "quilt", 1500, "床", 120, 12, "家纺有限公司"),
    ("泡沫灭火剂协议储备", "foam", 40, "t", 9800, 6, "消防器材有限公司"),
    ("吸附材料协议储备", "absorbent", 5000, "kg", 18, 6, "环保科技有限公司"),
    ("急救包协议储备", "first-aid-kit", 800, "个", 85, 4, "医药有限公司"),
)  # fmt: skip


def stores(clerk: Clerk) -> list[Any]:
    """Two warehouses and a forward point of the county, a point in each of twelve towns."""
    towns = clerk.county.towns
    plan = [
        ("安澜县应急物资中心库", "warehouse", "county", towns[0], 2600.0),
        ("沧浦危化应急物资库", "warehouse", "county", towns[1], 900.0),
        ("丹崖防汛前置点", "front", "county", towns[2], 320.0),
    ]  # fmt: skip
    plan += [
        (f"{town.name}应急物资储备点", "town_point", "town", town, 120.0 + 10 * n) for n, town in enumerate(towns[:12])
    ]
    rows = []
    for n, (name, kind, rank, place, area) in enumerate(plan):
        keeper, number = clerk.person()
        rows.append({
            **clerk.near(place, 0.6), "name": name, "kind": kind, "rank": rank, "area_m2": area,
            "volume_m3": area * 3.2, "unit": "县应急管理局" if rank == "county" else f"{place.name}人民政府",
            "open_all_hours": rank == "county", "truck_access": n % 5 != 4, "checked_on": clerk.day(260, 30, n),
            "keeper": keeper, "keeper_phone": number,
        })  # fmt: skip
    return clerk.enter(registers_of.STORES, rows, "应急物资仓库")


def machines(clerk: Clerk) -> list[Any]:
    rows, firms = [], [f"{next(clerk.words)}工程有限公司" for _n in range(9)]
    for n in range(3 * len(MACHINES)):
        name, kind, capacity, rate = MACHINES[n % len(MACHINES)]
        owner, driver = clerk.person(), clerk.person()
        rows.append({
            **clerk.near(clerk.county.towns[n % len(clerk.county.towns)], 1.0), "name": f"{name} {n + 1:02d} 号",
            "kind": kind, "capacity": capacity, "plate": f"工-{n + 1:03d}",
            "condition": "repair" if clerk.number(12, 31, n) == 0 else "fit", "owner": firms[n % len(firms)],
            "owner_phone": owner[1], "driver": driver[0], "driver_phone": driver[1], "day_rate": str(rate),
            "agreement_until": clerk.ahead(600, 32, n),
        })  # fmt: skip
    return clerk.enter(registers_of.MACHINES, rows, "大型装备")


def reserves(clerk: Clerk) -> list[Any]:
    classes = supplies(clerk.now)
    rows = []
    for n, (name, supply, quantity, unit, price, hours, firm) in enumerate(RESERVES):
        contact, number = clerk.person()
        rows.append({
            **clerk.near(clerk.county.towns[n % 6], 1.0), "name": name, "company": f"安澜{next(clerk.words)}{firm}",
            "supply": classes[supply].name_zh, "quantity": quantity, "unit": unit, "ready_hours": hours,
            "unit_price": str(price),
            "agreement": f"XY-2026-{n + 1:02d}", "agreement_until": clerk.ahead(400, 33, n), "contact": contact,
            "contact_phone": number,
        })  # fmt: skip
    return clerk.enter(registers_of.RESERVES, rows, "企业代储物资")


#: Types of shelters in turn, with the area that the demo gives each place, m².
_SHELTERS = (("emergency", 0.6), ("short", 2.1), ("medium", 3.2), ("short", 2.0), ("long", 4.6), ("central", 4.7))


def shelters(clerk: Clerk) -> list[Any]:
    """Every shelter of the county's sites, with area, facilities and keeper."""
    rows: list[dict[str, Any]] = []
    sites: Sequence[model.Site] = [site for site in clerk.county.sites if site.kind == "shelter"]
    for n, site in enumerate(sites):
        kind, space = _SHELTERS[n % len(_SHELTERS)]
        stated = int(dict(site.facts)["capacity"].split()[0])
        facilities = ["water", "power", "toilets", "kitchen", "medical", "beds", "broadcast", "signs", "access"]
        rows.append({
            "name": site.name, "region": site.village or site.town, "lon": site.lon, "lat": site.lat,
            "address": site.address, "kind": kind, "setting": ("outdoor", "mixed", "indoor")[n % 3],
            "usable_m2": round(stated * space * (0.94 + 0.03 * (n % 5)), 0), "stated_places": stated,
            "facilities": facilities[: 3 + n % 7], "hazards": ["earthquake", "flood", "geology"][: 1 + n % 3],
            "toilets": 6 + 2 * n, "taps": 4 + n, "owner": ("学校", "体育中心", "文化站", "村委会")[n % 4],
            "built_on": clerk.day(4000, 34, n, least=400), "checked_on": clerk.day(500, 35, n), "keeper": site.keeper,
            "keeper_phone": site.keeper_phone,
        })  # fmt: skip
    return clerk.enter(registers_of.SHELTERS, rows, "应急避难场所")
