"""Teams with vehicles and equipment, experts, fire stations, volunteers, landing places."""

from __future__ import annotations

from typing import Any

from anlan.apps.resources import declarations as registers_of
from anlan.apps.resources.queries.supplies import supplies
from anlan.demo.county.model import Place
from anlan.demo.fill.resources.clerk import Clerk

#: Teams of the county: name, kind, members, full-time, skills, unit.
COUNTY_TEAMS = (
    ("安澜县综合应急救援大队", "general", 60, 48, "search rope collapse first_aid evacuation", "县应急管理局"),
    ("安澜县消防救援大队突击队", "fire", 42, 42, "fire search collapse hazmat first_aid", "县消防救援大队"),
    ("安澜县森林消防中队", "forest_fire", 50, 30, "wildfire drone logistics", "县林业局"),
    ("丹崖铜矿矿山救护队", "mine", 33, 33, "mine confined first_aid", "丹崖铜矿有限公司"),
    ("沧浦化工园区危化品处置队", "chemical", 28, 20, "hazmat confined fire", "沧浦化工园区管委会"),
    ("安澜县防汛抢险队", "flood", 55, 12, "dyke water diving machinery", "县水利局"),
    ("安澜县地质灾害应急队", "geology", 24, 6, "search drone evacuation", "县自然资源局"),
    ("安澜县紧急医学救援队", "medical", 36, 36, "first_aid logistics", "县人民医院"),
    ("安澜县公路抢通队", "road", 40, 25, "machinery logistics", "县公路养护中心"),
    ("安澜县电力抢修队", "power", 30, 30, "machinery radio", "县供电公司"),
    ("安澜县应急通信保障队", "communication", 16, 10, "radio drone", "县通信发展办"),
    ("澜润化工仓储专职消防队", "enterprise", 18, 18, "fire hazmat", "澜润化工仓储有限公司"),
)
VEHICLES = (
    ("水罐消防车", "engine", 6, 8.0), ("抢险救援车", "rescue", 6, 3.5), ("指挥车", "command", 5, 1.0),
    ("物资运输车", "transport", 3, 5.0), ("冲锋舟", "boat", 8, 0.6), ("移动泵车", "pump", 3, 6.0),
    ("救护车", "ambulance", 5, 1.2), ("通信保障车", "radio", 5, 1.5), ("供水车", "tanker", 3, 10.0),
)  # fmt: skip
EQUIPMENT = (
    ("正压式空气呼吸器", "breathing-set", "RHZK6.8/30", 12), ("化学防护服", "chemical-suit", "内置式重型", 8),
    ("生命探测仪", "life-detector", "音视频型", 2), ("破拆工具组", "cutting-set", "液压 63 MPa", 2),
    ("救援绳索", "rescue-rope", "12 mm 静力绳", 400), ("风力灭火机", "blower", "6MF-26", 20),
    ("灭火拍", "fire-beater", "三号工具", 60), ("救生衣", "life-jacket", "工作型", 40),
    ("四合一气体检测仪", "gas-detector", "泵吸式", 6), ("堵漏器材", "leak-kit", "注入式", 2),
    ("数字对讲机", "two-way-radio", "PDT", 24), ("卫星电话", "satellite-phone", "天通", 2),
    ("发电机", "generator", "8 kW", 3), ("移动照明灯塔", "light-tower", "4×1000 W", 2),
    ("多旋翼无人机", "drone", "热成像", 2), ("担架", "stretcher", "折叠式", 6),
)  # fmt: skip
EXPERTS = (
    ("chemical fire", "正高级工程师", "澄江市化工设计院"), ("mine", "高级工程师", "岚省矿山安全中心"),
    ("geology", "正高级工程师", "岚省地质环境监测总站"), ("flood", "高级工程师", "澄江市水利勘测院"),
    ("fireworks", "工程师", "澄江市烟花爆竹协会"), ("building earthquake", "教授", "岚省理工学院"),
    ("device", "高级工程师", "岚省特种设备检验所"), ("medical", "主任医师", "安澜县人民医院"),
    ("weather", "高级工程师", "安澜县气象局"), ("traffic", "高级工程师", "安澜县交通运输局"),
    ("law", "律师", "澄江守正律师所"),
    ("media", "主任记者", "安澜县融媒体中心"),
)  # fmt: skip
STATIONS = (
    ("澜城消防救援站", "101", "first", 38, 7, 6.8), ("沧浦特勤消防站", "102", "special", 45, 9, None),
    ("丹崖消防救援站", "103", "suburb", 22, 4, 17.5), ("沧浦园区小型消防站", "102", "small", 15, 2, 2.0),
)  # fmt: skip
GROUPS = (
    ("安澜蓝帆救援队", "rescue", "water rope search"), ("澜江水上义务救援队", "rescue", "water diving"),
    ("岚峰户外救援队", "rescue", "rope search drone"), ("安澜无线电应急协会", "service", "radio"),
    ("县红十字志愿服务队", "volunteers", "first_aid logistics"), ("县义工联合会", "volunteers", "evacuation logistics"),
    ("青禾心理援助中心", "service", "evacuation"), ("辰川工程机械协会", "company", "machinery"),
    ("云栈越野救援队", "rescue", "search logistics"), ("望潮商会应急车队", "company", "logistics"),
)  # fmt: skip


def teams(clerk: Clerk) -> None:
    towns, villages = clerk.county.towns, clerk.county.villages
    classes = supplies(clerk.now)
    rows: list[dict[str, Any]] = []
    for n, (name, kind, members, full_time, skills, unit) in enumerate(COUNTY_TEAMS):
        rank = "enterprise" if kind == "enterprise" else "county"
        rows.append(_team(clerk, n, towns[n % 3], name, kind, rank, members, full_time, skills, unit))
    for n, town in enumerate(towns):
        members = (18, 26, 30, 34, 38, 45)[clerk.number(6, 10, n)]
        name, unit = f"{town.name}综合应急救援队", f"{town.name}人民政府"
        rows.append(_team(clerk, 100 + n, town, name, "general", "town", members, 6, "search dyke evacuation", unit))
    for n in range(18):
        village = villages[(n * 7) % len(villages)]
        members, name = (6, 8, 10, 12, 14)[clerk.number(5, 11, n)], f"{village.name}应急分队"
        rows.append(
            _team(clerk, 200 + n, village, name, "general", "village", members, 0, "evacuation first_aid",
                  f"{village.name}村民委员会")
        )  # fmt: skip
    made = clerk.enter(registers_of.TEAMS, rows, "应急救援队伍")
    vehicles, equipment = [], []
    for n, team in enumerate(made[: len(COUNTY_TEAMS) + len(towns)]):
        for k in range(1 + clerk.number(3, 12, n)):
            name, kind, seats, load = VEHICLES[(n + 2 * k) % len(VEHICLES)]
            driver, number = clerk.person()
            vehicles.append({
                "name": name, "team": team, "kind": kind, "plate": f"岚A·{chr(65 + n % 24)}{100 + n * 7 + k:04d}",
                "seats": seats, "load_t": load, "condition": "repair" if clerk.number(11, 13, n, k) == 0 else "fit",
                "inspected_until": clerk.ahead(420, n, k), "driver": driver, "driver_phone": number,
            })  # fmt: skip
        for k in range(2 + clerk.number(3, 14, n)):
            name, supply, kind, most = EQUIPMENT[(n * 3 + k * 5) % len(EQUIPMENT)]
            equipment.append({
                "name": name, "team": team, "supply": classes[supply].name_zh, "model": kind,
                "quantity": max(1, most - clerk.number(most // 2 + 1, 15, n, k)), "condition": "fit",
                "bought_on": clerk.day(2400, n, k, least=200), "checked_on": clerk.day(260, n, k, 1),
            })  # fmt: skip
    clerk.enter(registers_of.TEAM_VEHICLES, vehicles, "队伍车辆")
    clerk.enter(registers_of.TEAM_EQUIPMENT, equipment, "队伍装备")


def _team(
    clerk: Clerk, n: int, place: Place, name: str, kind: str, rank: str, members: int, full_time: int, skills: str,
    unit: str,
) -> dict[str, Any]:  # fmt: skip
    leader, deputy = clerk.person(), clerk.person()
    state = ("ready", "ready", "ready", "ready", "training", "resting", "not_ready")[clerk.number(7, 16, n)]
    return {
        **clerk.near(place, 0.6), "name": name, "kind": kind, "rank": rank, "members": members,
        "full_time": min(full_time, members), "skills": skills.split(), "readiness": state,
        "minutes": (5, 10, 15, 20, 30)[clerk.number(5, 17, n)], "unit": unit,
        "founded_on": clerk.day(3200, n, least=500),
        "drilled_on": clerk.day(300, n, 2), "leader": leader[0], "leader_phone": leader[1], "deputy": deputy[0],
        "deputy_phone": deputy[1],
    }  # fmt: skip


def people(clerk: Clerk) -> None:
    """Experts, fire stations, volunteers, and places where a helicopter lands."""
    towns = clerk.county.towns
    rows = []
    for n in range(2 * len(EXPERTS)):
        fields, title, employer = EXPERTS[n % len(EXPERTS)]
        name, number = clerk.person()
        busy = clerk.number(5, 20, n) == 0
        rows.append({
            **clerk.near(towns[n % 4], 0.8), "name": name, "fields": fields.split(), "title": title,
            "employer": employer, "phone": number, "appointed_until": clerk.ahead(900, 21, n), "busy": busy,
            "busy_until": clerk.ahead(20, 22, n) if busy else None,
        })  # fmt: skip
    clerk.enter(registers_of.EXPERTS, rows, "应急专家")
    by_code = {town.code[6:9]: town for town in towns}
    rows = []
    for n, (name, town, kind, people, engines, area) in enumerate(STATIONS):
        leader, number = clerk.person()
        rows.append({
            **clerk.near(by_code[town], 0.7), "name": name, "kind": kind, "firefighters": people, "engines": engines,
            "area_km2": area, "built_on": clerk.day(6000, 23, n, least=900), "duty_phone": number, "leader": leader,
        })  # fmt: skip
    for n, place in enumerate(towns[3:9]):
        leader, number = clerk.person()
        rows.append({
            **clerk.near(place, 0.4), "name": f"{place.name}专职消防队", "kind": "town", "firefighters": 8 + n,
            "engines": 1 + n % 2, "built_on": clerk.day(3000, 24, n, least=300), "duty_phone": number, "leader": leader,
        })  # fmt: skip
    clerk.enter(registers_of.FIRE_STATIONS, rows, "消防站")
    rows = []
    for n, (name, kind, skills) in enumerate(GROUPS):
        contact, number = clerk.person()
        members = 24 + clerk.number(90, 25, n)
        rows.append({
            **clerk.near(towns[n % len(towns)], 0.8), "name": name, "kind": kind, "members": members,
            "trained": members * (40 + clerk.number(50, 26, n)) // 100, "skills": skills.split(),
            "registered_at": "安澜县民政局", "agreement_until": clerk.ahead(500, 27, n), "insured": n % 3 != 0,
            "contact": contact, "contact_phone": number,
        })  # fmt: skip
    clerk.enter(registers_of.VOLUNTEER_GROUPS, rows, "社会救援力量")
    rows = []
    for n in range(8):
        keeper, number = clerk.person()
        place = towns[(n * 2) % len(towns)]
        rows.append({
            **clerk.near(place, 1.0), "name": f"{place.name}{('中学操场', '河滩', '文化广场', '停车场')[n % 4]}起降点",
            "surface": ("grass", "gravel", "concrete", "asphalt")[n % 4], "length_m": 40 + 5 * n, "width_m": 30 + 4 * n,
            "altitude_m": 380 + clerk.number(500, 28, n), "aircraft": ["light", "medium", "heavy"][: 1 + n % 3],
            "lights": n % 4 == 2, "water": n % 4 == 1, "obstacles": "南侧 80 m 有 10 kV 线路" if n % 3 == 0 else "",
            "surveyed_on": clerk.day(500, 29, n), "keeper": keeper, "keeper_phone": number,
        })  # fmt: skip
    clerk.enter(registers_of.LANDING_PLACES, rows, "直升机起降点")
