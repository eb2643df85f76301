"""The demo's schools, hospitals, crowded places, lifelines, bridges, roads and stations."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

import numpy as np
import shapely
from shapely.geometry import LineString
from shapely.ops import linemerge

from anlan.apps.sites import declarations as registers
from anlan.apps.sites.models import CrowdedKind, LineKind, UtilityKind
from anlan.demo.county.model import County, to_km
from anlan.demo.entering import Dice, Ground, enter, word
from anlan.kernel.people.models import User

ORDER = 120

Row = dict[str, Any]
#: The seat of the county, the town of industry, and the towns with most people.
SEAT, PARK = "990123101", "990123102"
BIG = (SEAT, PARK, "990123106", "990123108")


def fill(county: County, *, actor: User, now: datetime) -> None:
    """Enter them, a batch a register."""
    ground = Ground(county)
    for register, title, rows in (
        (registers.SCHOOLS, "学校底册", _schools(county, ground, now)),
        (registers.HOSPITALS, "医疗机构底册", _hospitals(county, ground)),
        (registers.CROWDED_PLACES, "人员密集场所底册", _crowded(county, ground)),
        (registers.UTILITIES, "生命线设施底册", _utilities(county, ground)),
        (registers.LINES, "管线底册", _lines(county, ground, now)),
        (registers.BRIDGES, "桥梁底册", _bridges(county, ground, now)),
        (registers.ROADS, "道路底册", _roads(county, ground)),
        (registers.STATIONS, "监测站底册", _stations(county, ground)),
    ):
        enter(register, list(rows), title=title, actor=actor, now=now)


def _site_place(ground: Ground, site: Any) -> Row:
    return {**ground.at(site.lon, site.lat), "address": site.address}


def _schools(county: County, ground: Ground, now: datetime) -> Iterator[Row]:
    dice = Dice(county, 8101)
    for site in (one for one in county.sites if one.kind == "school"):
        kind = "nine-year" if "中心" in site.name else "senior" if "县第" in site.name else "junior"
        kind = "primary" if "小学" in site.name else kind
        students = dice.whole(1400, 2600) if kind == "senior" else dice.whole(420, 1300)
        boarders = int(students * dice.number(0.4, 0.8)) if kind in ("senior", "nine-year") else 0
        yield _school(site.name, kind, students, boarders, dice, now) | {
            **_site_place(ground, site), "code": site.code, "head": site.keeper, "head_phone": site.keeper_phone,
        }  # fmt: skip
    for town in county.towns:
        for k in range(3 if town.code in BIG else 1):
            name = f"{town.name}{'中心' if k == 0 else ('实验', '第二')[k - 1]}幼儿园"
            yield _school(name, "kindergarten", dice.whole(120, 380), 0, dice, now) | ground.near(town, dice)
    for village in county.villages[3::9]:
        school = _school(f"{word(village)}村小学", "primary", dice.whole(40, 180), 0, dice, now)
        yield school | ground.near(village, dice)
    town = ground.towns[SEAT]
    yield _school("安澜县职业教育中心", "vocational", 1860, 1520, dice, now) | ground.near(town, dice)
    yield _school("安澜县特殊教育学校", "special", 96, 70, dice, now) | ground.near(town, dice)


def _school(name: str, kind: str, students: int, boarders: int, dice: Dice, now: datetime) -> Row:
    return {
        "name": name, "kind": kind, "students": students, "boarders": boarders, "staff": max(6, students // 14),
        "buildings": dice.whole(1, 7), "floors": dice.whole(2, 6), "built_year": dice.whole(1984, 2021),
        "canteen": students > 150, "buses": dice.whole(0, 4),
        "drill_on": dice.past(now, 20, 260) if dice.chance(0.85) else None,
        "head": dice.person(), "head_phone": dice.phone(), "contact": dice.person(), "contact_phone": dice.phone(),
    }  # fmt: skip


def _hospitals(county: County, ground: Ground) -> Iterator[Row]:
    dice = Dice(county, 8102)
    for site in (one for one in county.sites if one.kind == "hospital"):
        main = "人民医院" in site.name
        row = _hospital(site.name, "general" if main else "township", "2a" if main else "1", dice, 620 if main else 0)
        director = {"director": site.keeper, "director_phone": site.keeper_phone}
        yield row | director | {**_site_place(ground, site), "code": site.code}
    town = ground.towns[SEAT]
    more = (
        ("安澜县中医院", "chinese", "2a", 320), ("安澜县妇幼保健院", "mother-child", "2b", 180),
        ("安澜县急救中心", "ambulance", "none", 0), ("安澜县中心血站", "blood", "none", 0),
        ("安澜骨科医院", "special", "2b", 140), ("澜城社区卫生服务中心", "community", "none", 30),
    )  # fmt: skip
    for name, kind, level, beds in more:
        yield _hospital(name, kind, level, dice, beds) | ground.near(town, dice)


def _hospital(name: str, kind: str, level: str, dice: Dice, beds: int) -> Row:
    beds = beds or (0 if kind in ("ambulance", "blood") else dice.whole(40, 110))
    large = beds > 250
    return {
        "name": name, "kind": kind, "level": level, "beds": beds, "icu_beds": beds // 22 if large else 0,
        "burn_beds": 12 if large and kind == "general" else 0, "isolation_beds": beds // 20,
        "theatres": beds // 45, "ambulances": 9 if kind == "ambulance" else dice.whole(1, 4),
        "doctors": beds // 3 + dice.whole(4, 14), "nurses": beds // 2 + dice.whole(4, 20),
        "blood_units": 640 if kind == "blood" else 60 if large else 0, "decontamination": large and kind == "general",
        "helicopter": large and kind == "general", "power_hours": dice.one((4.0, 8.0, 12.0, 24.0)),
        "director": dice.person(), "director_phone": dice.phone(), "emergency_phone": dice.line(),
    }  # fmt: skip


#: Kind, words of the name, people at most, share that sleeps, share that cannot leave alone, hours.
_CROWDS = (
    (CrowdedKind.MARKET, "农贸市场", (300, 1500), 0.0, 0.0, "06:00—19:00"),
    (CrowdedKind.HOTEL, "宾馆", (80, 320), 0.9, 0.0, "全天"),
    (CrowdedKind.ELDERLY, "养老服务中心", (60, 220), 0.8, 0.4, "全天"),
    (CrowdedKind.MALL, "购物中心", (1200, 4800), 0.0, 0.0, "09:30—22:00"),
    (CrowdedKind.RESTAURANT, "酒楼", (150, 600), 0.0, 0.0, "10:00—22:00"),
    (CrowdedKind.ENTERTAINMENT, "歌舞娱乐城", (120, 480), 0.0, 0.0, "14:00—次日02:00"),
    (CrowdedKind.STATION, "客运站", (200, 900), 0.0, 0.0, "05:30—20:00"),
    (CrowdedKind.CINEMA, "影城", (300, 900), 0.0, 0.0, "10:00—24:00"),
    (CrowdedKind.LIBRARY, "文化活动中心", (150, 700), 0.0, 0.0, "08:30—21:00"),
    (CrowdedKind.RELIGIOUS, "寺", (80, 400), 0.1, 0.0, "06:00—18:00"),
    (CrowdedKind.STADIUM, "体育馆", (800, 3000), 0.0, 0.0, "08:00—21:30"),
    (CrowdedKind.SCENIC, "景区游客中心", (600, 5000), 0.0, 0.0, "08:00—18:00"),
)


def _crowded(county: County, ground: Ground) -> Iterator[Row]:
    dice = Dice(county, 8103)
    for at, town in enumerate(county.towns):
        first = town.name.removesuffix("镇").removesuffix("乡")
        for kind, words, (low, high), sleeping, helpless, hours in _CROWDS[: 12 if town.code in BIG else 3 + at % 3]:
            most = dice.whole(low, high)
            yield {
                "name": f"{first}{words}", "kind": kind, "capacity": most, "sleepers": int(most * sleeping),
                "helpless": int(most * helpless), "area_m2": float(most * dice.whole(3, 9)),
                "floors": dice.whole(1, 8), "basements": dice.whole(0, 2), "exits": dice.whole(2, 8), "opening": hours,
                "fire_grade": dice.one(("1", "2", "2", "2", "3")), "sprinklers": dice.chance(0.7),
                "fire_key_unit": most > 500, "keeper": dice.person(), "keeper_phone": dice.phone(),
                **ground.near(town, dice, 0.012),
            }  # fmt: skip


#: Kind, words of the name, operator, capacity, its unit, kV, in every town or in the big ones.
_WORKS = (
    (UtilityKind.WATER_WORKS, "自来水厂", "安澜县供水有限公司", (3000, 40000), "m³/d", 10.0, True),
    (UtilityKind.SUBSTATION, "变电站", "安澜供电公司", (20, 150), "MVA", 110.0, True),
    (UtilityKind.TELECOM, "通信汇聚机房", "安澜通信发展公司", (20, 120), "kVA", 10.0, True),
    (UtilityKind.WATER_SOURCE, "饮用水水源地", "安澜县供水有限公司", (5000, 60000), "m³/d", None, False),
    (UtilityKind.GAS_STATION, "燃气调压站", "安澜燃气有限公司", (2000, 20000), "Nm³/h", None, False),
    (UtilityKind.SEWAGE, "污水泵站", "安澜县供水有限公司", (2000, 20000), "m³/d", 10.0, False),
    (UtilityKind.WATER_PUMP, "排涝泵站", "县水务局", (2, 16), "m³/s", 10.0, False),
)


def _utilities(county: County, ground: Ground) -> Iterator[Row]:
    dice = Dice(county, 8104)
    for town in county.towns:
        first = town.name.removesuffix("镇").removesuffix("乡")
        for kind, words, operator, (low, high), unit, voltage, everywhere in _WORKS:
            if everywhere or town.code in BIG:
                served = int(town.population * dice.number(0.4, 0.95, 2))
                yield _works(f"{first}{words}", kind, operator, dice) | {
                    "capacity": float(dice.whole(low, high)), "capacity_unit": unit, "voltage_kv": voltage,
                    "served": served, "key_users": "县人民医院、县政府" if town.code == SEAT else f"{first}中心卫生院",
                    **ground.near(town, dice, 0.016),
                }  # fmt: skip
        for village in [one for one in county.villages if one.parent == town.code][2:5]:
            mast = _works(f"{word(village)}通信基站", UtilityKind.MAST, "安澜通信发展公司", dice)
            yield mast | {"served": village.population, **ground.near(village, dice, 0.01)}
    seat, park = ground.towns[SEAT], ground.towns[PARK]
    store = _works("沧浦 LNG 气化站", UtilityKind.GAS_STORE, "安澜燃气有限公司", dice)
    yield store | {"capacity": 300.0, "capacity_unit": "m³", "served": 52000, **ground.near(park, dice)}
    radio = _works("安澜县广播电视发射台", UtilityKind.BROADCAST, "县融媒体中心", dice)
    yield radio | {"capacity": 3.0, "capacity_unit": "kW", "served": 400000, **ground.near(seat, dice)}
    heat = _works("澜城供热站", UtilityKind.HEATING, "安澜热力公司", dice)
    yield heat | {"capacity": 58.0, "capacity_unit": "MW", "served": 21000, **ground.near(seat, dice)}
    power = _works("汀溪水库电站", UtilityKind.POWER_PLANT, "安澜供电公司", dice)
    yield power | {
        "capacity": 12.6,
        "capacity_unit": "MW",
        "voltage_kv": 35.0,
        **ground.near(ground.towns["990123104"], dice),
    }


def _works(name: str, kind: str, operator: str, dice: Dice) -> Row:
    return {
        "name": name, "kind": kind, "operator": operator, "built_year": dice.whole(1992, 2022),
        "double_supply": dice.chance(0.45), "backup_hours": dice.one((2.0, 4.0, 8.0, 12.0, 24.0)),
        "repair_crew": dice.whole(3, 18), "keeper": dice.person(), "keeper_phone": dice.phone(),
        "duty_phone": dice.line(),
    }  # fmt: skip


def _lines(county: County, ground: Ground, now: datetime) -> Iterator[Row]:
    """From the seat and the park to the other towns; pipes follow their roads as a straight line does not."""
    dice = Dice(county, 8105)
    seat, park = ground.towns[SEAT], ground.towns[PARK]
    for town in county.towns:
        if town.code == SEAT:
            continue
        start = park if dice.chance(0.3) and town.code != PARK else seat
        name = f"{start.name[:2]}至{town.name[:2]}"
        voltage = dice.one((35.0, 35.0, 110.0))
        shape = _bent(start, town, dice)
        yield _line(f"{name} {voltage:g} kV 线路", LineKind.POWER, "安澜供电公司", shape, ground, dice, now) | {
            "voltage_kv": voltage, "underground": False, "medium": "交流电", "served": town.population,
        }  # fmt: skip
        if town.code in BIG:
            shape = _bent(seat, town, dice)
            yield _line(f"{name}次高压燃气管道", LineKind.GAS, "安澜燃气有限公司", shape, ground, dice, now) | {
                "pressure_mpa": dice.one((0.8, 1.6)), "diameter_mm": dice.one((200.0, 250.0, 300.0)),
                "medium": "天然气", "underground": True, "valves": dice.whole(3, 9), "served": town.population // 2,
            }  # fmt: skip
        if town.code[6:9] in ("102", "103", "106", "108", "109"):
            shape = _bent(seat, town, dice)
            yield _line(f"{name}供水主管", LineKind.WATER, "安澜县供水有限公司", shape, ground, dice, now) | {
                "pressure_mpa": 0.6, "diameter_mm": dice.one((400.0, 600.0, 800.0)), "medium": "生活用水",
                "underground": True, "valves": dice.whole(4, 12), "served": town.population,
            }  # fmt: skip
        shape = _bent(seat, town, dice)
        yield _line(f"{name}通信光缆", LineKind.CABLE, "安澜通信发展公司", shape, ground, dice, now) | {
            "underground": dice.chance(0.4), "medium": "光信号", "served": town.population,
        }  # fmt: skip


def _bent(start: Any, end: Any, dice: Dice) -> LineString:
    """A line between two towns with three bends."""
    points = []
    for k in range(5):
        share = k / 4
        sway = 0.012 if 0 < k < 4 else 0.0
        lon = start.lon + (end.lon - start.lon) * share + (dice.even() - 0.5) * sway
        lat = start.lat + (end.lat - start.lat) * share + (dice.even() - 0.5) * sway
        points.append((round(lon, 6), round(lat, 6)))
    return LineString(points)


def _line(
    name: str, kind: str, operator: str, shape: LineString, ground: Ground, dice: Dice, now: datetime
) -> Row:  # fmt: skip
    return {
        "name": name, "kind": kind, "operator": operator, "length_km": _km(shape), "built_year": dice.whole(1998, 2023),
        "patrolled_on": dice.past(now, 2, 130), "keeper": dice.person(), "keeper_phone": dice.phone(),
        "duty_phone": dice.line(), **_along(shape, ground),
    }  # fmt: skip


def _along(shape: LineString, ground: Ground) -> Row:
    """The outline of a line, and its middle as its place."""
    for share in (0.5, 0.4, 0.6, 0.2, 0.8, 0.0):
        middle = shape.interpolate(share, normalized=True)
        if place := ground.at(middle.x, middle.y):
            return {**place, "outline": shapely.to_wkb(shapely.set_precision(shape, 1e-6))}
    raise ValueError("a line outside of the county")


def _km(shape: Any) -> float:
    """Length on the ground."""
    flat = shapely.transform(shape, lambda xy: np.column_stack(to_km(xy[:, 0], xy[:, 1])))
    return round(float(flat.length), 1)


def _bridges(county: County, ground: Ground, now: datetime) -> Iterator[Row]:
    """Where a road of the county crosses a river that has a width."""
    dice = Dice(county, 8106)
    seen: set[tuple[float, float]] = set()
    names: defaultdict[str, int] = defaultdict(int)
    for road in county.roads:
        for river in county.rivers:
            if river.width < 2 or not road.line.intersects(river.line):
                continue
            for point in shapely.get_parts(road.line.intersection(river.line)):
                point = point.centroid
                near = (round(point.x, 3), round(point.y, 3))
                place = ground.at(point.x, point.y)
                if near in seen or not place:
                    continue
                seen.add(near)
                village = ground.village(point.x, point.y)
                first = f"{word(village)}{'大' if river.width == 4 else ''}桥" if village else "桥"
                names[first] += 1
                name = first if names[first] == 1 else f"{first.removesuffix('桥')}{names[first]}号桥"
                yield _bridge(name, road, river, dice, now) | place


def _bridge(name: str, road: Any, river: Any, dice: Dice, now: datetime) -> Row:
    poor = dice.chance(0.12)
    length = {2: 36, 3: 84, 4: 260}[river.width] * dice.number(0.7, 1.4)
    return {
        "name": name, "road": road.number, "crosses": river.name or "溪沟", "grade": "4" if poor else dice.one("1223"),
        "load": "highway-1" if road.rank <= 2 else dice.one(("highway-2", "truck-20", "truck-10")),
        "limit_t": 10.0 if poor else {1: 55.0, 2: 49.0, 3: 30.0, 4: 15.0}[road.rank],
        "limit_height_m": dice.one((None, 4.5, 5.0)), "width_m": {1: 12.0, 2: 9.0, 3: 7.5, 4: 4.5}[road.rank],
        "length_m": round(length, 1), "span_m": round(min(length, dice.one((13.0, 20.0, 30.0))), 1),
        "only_way": road.rank == 4, "built_year": dice.whole(1978, 2021), "inspected_on": dice.past(now, 30, 700),
        "keeper": "县公路养护中心" if road.rank <= 3 else "乡镇农村公路管理站", "keeper_phone": dice.phone(),
    }  # fmt: skip


def _roads(county: County, ground: Ground) -> Iterator[Row]:
    """The numbered roads, a section a town."""
    dice = Dice(county, 8107)
    by_number: defaultdict[tuple[str, int], list[LineString]] = defaultdict(list)
    for road in county.roads:
        if road.rank <= 3:
            by_number[road.number, road.rank].append(road.line)
    for (number, rank), lines in by_number.items():
        whole = shapely.union_all(lines)
        for town in county.towns:
            inside = shapely.intersection(whole, town.boundary)
            parts = [part for part in shapely.get_parts(inside) if part.geom_type == "LineString"]
            if sum(part.length for part in parts) < 0.02:
                continue
            merged = linemerge(parts) if len(parts) > 1 else parts[0]
            shape = max(shapely.get_parts(merged), key=lambda part: part.length)
            if _km(shape) < 1.5:
                continue
            yield {
                "name": f"{number} {town.name}段", "number": number, "rank": "county" if rank == 3 else "provincial",
                "length_km": _km(shape), "width_m": {1: 12.0, 2: 9.0, 3: 7.5}[rank], "lanes": 4 if rank == 1 else 2,
                "dead_end": False, "hazards": dice.one(("", "临崖路段落石", "汛期漫水", "滑坡隐患点", "团雾、结冰")),
                "detour": dice.one(("", "经相邻村道绕行", "经县道绕行约 20 km")), "keeper": "县公路养护中心",
                "keeper_phone": dice.phone(), **_along(shape, ground),
            }  # fmt: skip


def _stations(county: County, ground: Ground) -> Iterator[Row]:
    dice = Dice(county, 8108)
    for at, site in enumerate(one for one in county.sites if one.kind in ("hydro", "rain")):
        hydro = site.kind == "hydro"
        bed = dice.number(320, 520)
        yield {
            **_site_place(ground, site), "code": site.code, "name": site.name, "kind": site.kind,
            "number": f"6099{at + 1:04d}", "elements": ["stage", "flow", "rain"] if hydro else ["rain"],
            "river": dict(site.facts).get("river", ""), "basin_km2": dice.number(40, 1900) if hydro else None,
            "altitude_m": bed, "datum": "1985 国家高程基准" if hydro else "",
            "warning_m": round(bed + 4.2, 1) if hydro else None, "guarantee_m": round(bed + 6.0, 1) if hydro else None,
            "report_min": 5 if hydro else 10, "since": date(dice.whole(1996, 2021), dice.whole(1, 12), 1),
            "owner": "县水务局" if hydro else "县气象局", "keeper": site.keeper, "keeper_phone": site.keeper_phone,
        }  # fmt: skip
    for kind, words, elements, owner in (
        ("weather", "国家一般气象站", ["rain", "wind", "temperature", "humidity"], "县气象局"),
        ("seismic", "地震监测台", ["shaking"], "县应急管理局"),
        ("forest", "林火瞭望塔", ["image", "wind"], "县林业局"),
    ):
        for town in county.towns[:: 12 if kind != "forest" else 4]:
            first = town.name.removesuffix("镇").removesuffix("乡")
            yield {
                "name": f"{first}{words}", "kind": kind, "elements": elements, "owner": owner, "report_min": 1,
                "altitude_m": dice.number(380, 1200), "since": date(dice.whole(1990, 2022), 6, 1),
                "keeper": dice.person(), "keeper_phone": dice.phone(), **ground.near(town, dice, 0.03),
            }  # fmt: skip
