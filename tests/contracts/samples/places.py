"""Samples of schools, hospitals, crowded places, lifelines, cameras, hazard points and stations."""

import json
from typing import Any

#: Where each of them lies.
PLACE = {"region": "990123101201", "lon": 104.1, "lat": 31.6, "address": "沙头村临江路18号"}
LINE = json.dumps({"type": "LineString", "coordinates": [[104.05, 31.55], [104.1, 31.6], [104.2, 31.62]]})
_RING = [[104.1, 31.6], [104.12, 31.6], [104.12, 31.62], [104.1, 31.6]]
PATCH = json.dumps({"type": "Polygon", "coordinates": [_RING]})
WATCHED = {
    "level": 2,
    "people": 126,
    "households": 31,
    "property_wan": 480,
    "watcher": "闻人溪",
    "watcher_phone": "19000004101",
    "responsible": "拓跋衡",
    "responsible_phone": "19000004102",
    "signal": "铜锣连敲，广播喊话",
    "refuge": "沙头村小学操场",
    "way_out": "沿村道向东至小学，不走河堤",
}

SAMPLES: dict[str, Any] = {
    "school": lambda world: {
        **PLACE, "name": "沙头村临江小学", "kind": "primary", "students": 612, "boarders": 140, "staff": 41,
        "buildings": 4, "floors": 4, "built_year": 1998, "canteen": True, "buses": 2, "drill_on": "2026-09-18",
        "head": "公羊朔", "head_phone": "19000004201", "contact": "第五澜", "contact_phone": "19000004202",
    },
    "hospital": lambda world: {
        **PLACE, "name": "沙头中心卫生院", "kind": "township", "level": "1", "beds": 96, "icu_beds": 4, "burn_beds": 6,
        "isolation_beds": 8, "theatres": 2, "ambulances": 3, "doctors": 28, "nurses": 44, "blood_units": 20,
        "decontamination": True, "helicopter": False, "power_hours": 8, "director": "东郭泓",
        "director_phone": "19000004301", "emergency_phone": "0900-6120120",
    },
    "crowded-place": lambda world: {
        **PLACE, "name": "沙头养老服务中心", "kind": "elderly", "capacity": 180, "sleepers": 120, "helpless": 46,
        "area_m2": 4200, "floors": 5, "basements": 1, "exits": 4, "opening": "全天", "fire_grade": "2",
        "sprinklers": True, "fire_key_unit": True, "keeper": "澹台静", "keeper_phone": "19000004401",
    },
    "lifeline": lambda world: {
        **PLACE, "name": "沙头自来水厂", "kind": "water-works", "operator": "安澜县供水有限公司", "served": 42000,
        "key_users": "县人民医院", "built_year": 2009, "capacity": 30000, "capacity_unit": "m³/d", "voltage_kv": 10,
        "double_supply": True, "backup_hours": 12, "repair_crew": 14, "keeper": "宰父明",
        "keeper_phone": "19000004501", "duty_phone": "0900-6122110",
    },
    "lifeline-line": lambda world: {
        **PLACE, "name": "沙头至县城次高压燃气管道", "kind": "gas", "operator": "安澜燃气有限公司", "served": 18000,
        "built_year": 2015, "length_km": 14.2, "pressure_mpa": 1.6, "diameter_mm": 250, "underground": True,
        "medium": "天然气", "valves": 6, "patrolled_on": "2026-10-20", "keeper": "夹谷安",
        "keeper_phone": "19000004502", "duty_phone": "0900-6122112", "outline": LINE,
    },
    "bridge": lambda world: {
        **PLACE, "name": "沙头河大桥", "grade": "2", "load": "highway-2", "limit_t": 30, "limit_height_m": 4.5,
        "width_m": 9, "length_m": 128, "span_m": 30, "road": "X012", "crosses": "沙头河", "only_way": True,
        "built_year": 2003, "inspected_on": "2026-04-12", "keeper": "县公路养护中心", "keeper_phone": "19000004601",
    },
    "road": lambda world: {
        **PLACE, "name": "X012 沙头至云台段", "rank": "county", "number": "X012", "length_km": 12.6, "width_m": 7.5,
        "lanes": 2, "dead_end": False, "hazards": "K7 滑坡", "detour": "经 Y031 绕行", "keeper": "县公路养护中心",
        "keeper_phone": "19000004602", "outline": LINE,
    },
    "camera": lambda world: {
        **PLACE, "name": "沙头闸口全景", "watches": "water", "subject": "沙头闸口水尺", "protocol": "mjpeg",
        "stream": "http://10.20.1.7:8080/video", "still": "http://10.20.1.7:8080/still.jpg", "lookers": "all",
        "heading": 135, "movable": True, "night": True, "owner": "县水务局", "keeper": "亓官远",
        "keeper_phone": "19000004701",
    },
    "geo-hazard": lambda world: {
        **PLACE, **WATCHED, "name": "沙头后山滑坡", "kind": "landslide", "volume_m3": 180000, "height_m": 60,
        "angle": 33, "stability": "less-stable", "trigger": "rain", "found_on": "2019-07-03", "card_given": True,
    },
    "flood-hazard": lambda world: {
        **PLACE, **WATCHED, "name": "沙头小水库", "kind": "small-reservoir", "water": "沙头溪", "flood_level_m": 412.5,
        "rain_mm_1h": 50, "storage_wan_m3": 86, "dam_height_m": 18, "pumps": "溢洪道 2 孔",
    },
    "fire-hazard": lambda world: {
        **PLACE, **WATCHED, "name": "沙头松林", "kind": "forest", "area_ha": 240, "fuel": "马尾松", "houses": 12,
        "break_km": 3.2, "water_source": "沙头塘", "lane_m": 3.5, "checkpoints": 2, "outline": PATCH,
    },
    "station": lambda world: {
        **PLACE, "name": "沙头水文站", "kind": "hydro", "number": "60990101", "elements": ["stage", "flow", "rain"],
        "river": "沙头河", "basin_km2": 318, "altitude_m": 396, "datum": "1985 国家高程基准", "warning_m": 401.5,
        "guarantee_m": 403, "report_min": 5, "since": "2001-06-01", "owner": "县水务局", "keeper": "钟离岫",
        "keeper_phone": "19000004801",
    },
}  # fmt: skip
