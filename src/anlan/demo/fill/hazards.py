"""The demo's hazard points for ground, flood and fire, with the patrols of the last weeks."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import shapely

from anlan.apps.sites import declarations as registers
from anlan.apps.sites.models import Finding, FireKind, FloodKind
from anlan.apps.sites.services.patrols import record_patrol
from anlan.demo.county.model import County
from anlan.demo.entering import Dice, Ground, enter, word
from anlan.kernel.people.models import User
from anlan.kernel.registers.declarations import Register

ORDER = 121

Row = dict[str, Any]
_SIGNALS = ("铜锣连敲", "手摇警报器长鸣", "村广播喊话", "口哨与逐户敲门")
_KINDS = {"滑坡": "landslide", "崩塌": "collapse", "不稳定斜坡": "unstable-slope"}
#: What a patrol writes when something is new, by register.
_CHANGED = {
    "geo-hazard": ("后缘裂缝较上次增宽约 2 mm，已设标尺", "坡脚渗水变浑，已告知住户", "挡墙鼓胀，已拍照上报"),
    "flood-hazard": ("堤脚发现散浸，已做标记", "溢洪道有漂浮物，已联系清理", "警示牌被冲倒，已通知补设"),
    "fire-hazard": ("林缘有焚烧秸秆痕迹，已劝阻", "防火隔离带杂草过膝，待清理", "消防通道堆放木料，已责令移走"),
}
_DANGER = {
    "geo-hazard": "坡体新增贯通裂缝，住户已转移，请求专家到场",
    "flood-hazard": "堤段出现管涌，已组织抢护，请求增援",
    "fire-hazard": "坟区有明火余烬，已扑灭并留人看守",
}


def fill(county: County, *, actor: User, now: datetime) -> None:
    """Enter the points, a batch a register, then the visits by the people of the towns."""
    ground = Ground(county)
    for register, title, rows in (
        (registers.GEO_HAZARDS, "地质灾害隐患点底册", _geo(county, ground)),
        (registers.FLOOD_HAZARDS, "防汛隐患点底册", _flood(county, ground)),
        (registers.FIRE_HAZARDS, "火灾隐患点底册", _fire(county, ground)),
    ):
        begun = now - timedelta(days=120)
        made = enter(register, list(rows), title=title, actor=actor, now=begun)
        _patrols(register, made, Dice(county, 8120 + register.order), now)


def _watched(dice: Dice, level: int, people: int, refuge: str) -> Row:
    return {
        "level": level, "people": people, "households": max(1, people // 4),
        "property_wan": float(people * dice.whole(2, 6)), "watcher": dice.person(), "watcher_phone": dice.phone(),
        "responsible": dice.person(), "responsible_phone": dice.phone(), "signal": dice.one(_SIGNALS),
        "refuge": refuge, "way_out": dice.one(("沿村道向高处撤离", "不走沟谷，沿山脊小路撤离", "向村委会方向撤离")),
    }  # fmt: skip


def _geo(county: County, ground: Ground) -> Iterator[Row]:
    dice = Dice(county, 8111)
    for site in (one for one in county.sites if one.kind == "slope"):
        facts = dict(site.facts)
        kind = _KINDS[facts["sort"]]
        people = int(facts["threatened"].removesuffix(" 人"))
        village = ground.village(site.lon, site.lat)
        refuge = f"{word(village)}村委会广场" if village else "村委会广场"
        yield {
            **ground.at(site.lon, site.lat), **_watched(dice, site.risk, people, refuge),
            "address": site.address, "code": site.code, "name": site.name.removesuffix("隐患点"), "kind": kind,
            "watcher": site.keeper, "watcher_phone": site.keeper_phone, "volume_m3": float(dice.whole(4, 320) * 1000),
            "height_m": float(dice.whole(18, 140)), "angle": float(dice.whole(26, 52)),
            "stability": dice.one(("unstable", "less-stable", "less-stable", "basic")),
            "trigger": dice.one(("rain", "rain", "cut", "river")),
            "found_on": dice.past(datetime(2024, 6, 1), 30, 4000), "card_given": dice.chance(0.85),
        }  # fmt: skip
    for kind, name, trigger in (
        ("debris-flow", "泥石流沟", "rain"), ("ground-collapse", "采空塌陷区", "mining"),
        ("ground-fissure", "地裂缝", "mining"),
    ):  # fmt: skip
        for village in county.villages[7 :: 31 if kind != "debris-flow" else 19]:
            yield {
                **ground.near(village, dice, 0.02), **_watched(dice, dice.whole(2, 4), dice.whole(6, 620), "村小学"),
                "name": f"{word(village)}{name}", "kind": kind, "trigger": trigger, "stability": "basic",
                "volume_m3": float(dice.whole(6, 400) * 1000) if kind == "debris-flow" else None,
                "found_on": dice.past(datetime(2024, 6, 1), 30, 4000), "card_given": dice.chance(0.7),
            }  # fmt: skip


def _flood(county: County, ground: Ground) -> Iterator[Row]:
    dice = Dice(county, 8112)
    named = [river for river in county.rivers if river.name]
    for at, river in enumerate(named):
        for share, kind, words in (
            (0.35, FloodKind.DANGEROUS_REACH, "险工险段"),
            (0.7, FloodKind.LOW_HOUSES, "低洼住房"),
        ):
            point = river.line.interpolate(share, normalized=True)
            village = ground.village(point.x, point.y)
            if village is None:
                continue
            yield {
                **ground.at(point.x, point.y), **_watched(dice, dice.whole(2, 4), dice.whole(20, 460), "村小学"),
                "name": f"{river.name}{word(village)}{words}{at + 1}", "kind": kind, "water": river.name,
                "flood_level_m": dice.number(330, 520), "rain_mm_1h": float(dice.whole(4, 9) * 10),
            }  # fmt: skip
    for at, village in enumerate(county.villages[::6]):
        kind, words = (
            (FloodKind.SMALL_RESERVOIR, "水库"), (FloodKind.POND, "山坪塘"), (FloodKind.FLASH_FLOOD, "山洪沟"),
            (FloodKind.FORD, "漫水桥"),
        )[at % 4]  # fmt: skip
        dam = kind in (FloodKind.SMALL_RESERVOIR, FloodKind.POND)
        yield {
            **ground.near(village, dice, 0.02), **_watched(dice, dice.whole(2, 4), dice.whole(8, 380), "村委会"),
            "name": f"{word(village)}{words}", "kind": kind, "water": f"{word(village)}溪",
            "storage_wan_m3": dice.number(11, 96) if dam else None, "dam_height_m": dice.number(6, 24) if dam else None,
            "rain_mm_1h": float(dice.whole(4, 8) * 10), "pumps": "溢洪道畅通" if dam else "",
        }  # fmt: skip
    for town in county.towns[:4]:
        first = town.name.removesuffix("镇")
        for kind, words in ((FloodKind.UNDERPASS, "下穿通道"), (FloodKind.WATERLOGGED, "老街易涝点")):
            yield {
                **ground.near(town, dice), **_watched(dice, 3, dice.whole(30, 200), "镇文化站"),
                "name": f"{first}{words}", "kind": kind, "rain_mm_1h": 40.0, "pumps": "移动泵车 1 台、挡水板 20 m",
            }  # fmt: skip
    ferry = ground.near(county.towns[5], dice, 0.02) | _watched(dice, 3, 40, "码头候船室")
    yield {**ferry, "name": "鹤屿渡口", "kind": FloodKind.FERRY, "water": "鹤屿湖", "flood_level_m": 388.0}


def _fire(county: County, ground: Ground) -> Iterator[Row]:
    dice = Dice(county, 8113)
    for at, village in enumerate(county.villages[4::7]):
        kind, words, fuel = (
            (FireKind.FOREST, "林片", "马尾松、杉木"), (FireKind.WUI, "林缘住户区", "杂灌、柴草垛"),
            (FireKind.VILLAGE, "木房连片寨", "木结构房屋"), (FireKind.GRAVES, "林区坟地", "松针、杂草"),
        )[at % 4]  # fmt: skip
        place = ground.near(village, dice, 0.02)
        area = dice.number(12, 480) if kind in (FireKind.FOREST, FireKind.WUI) else dice.number(1, 20)
        patch = shapely.buffer(shapely.Point(place["lon"], place["lat"]), (area * 1e4 / 3.14) ** 0.5 / 1e5, quad_segs=4)
        yield {
            **place, **_watched(dice, dice.whole(2, 4), dice.whole(5, 260), "村委会广场"),
            "name": f"{word(village)}{words}", "kind": kind, "area_ha": area, "fuel": fuel,
            "houses": dice.whole(6, 90), "break_km": dice.number(0, 6), "water_source": f"{word(village)}塘",
            "lane_m": dice.one((2.5, 3.0, 3.5, 4.0)), "checkpoints": dice.whole(0, 3),
            "outline": shapely.to_wkb(shapely.set_precision(patch, 1e-6)),
        }  # fmt: skip
    for town, words in ((county.towns[0], "澜城老街木板房区"), (county.towns[2], "丹崖矿工宿舍群租房")):
        yield {
            **ground.near(town, dice), **_watched(dice, 2, dice.whole(260, 900), "体育场"), "name": words,
            "kind": FireKind.OLD_QUARTER if "老街" in words else FireKind.RENTED, "area_ha": 4.2,
            "fuel": "木结构房屋、电动车", "houses": dice.whole(80, 210), "lane_m": 2.5,
        }  # fmt: skip


def _patrols(register: Register, made: list[int], dice: Dice, now: datetime) -> None:
    """One to three visits a point, the last a few hours to some weeks ago; a few points nobody visited."""
    officers = _officers()
    points = register.model.present.select_related("region").in_bulk(made)
    dangers = 0
    for pk in made:
        point = points[pk]
        if dice.chance(0.08) or not (own := officers.get(point.region.code[:9])):
            continue
        back = dice.number(0.2, {1: 4, 2: 12, 3: 24, 4: 60}[point.level or 4])
        for visit in range(dice.whole(1, 3), 0, -1):
            at = now - timedelta(days=min(28.0, back * visit))
            finding = Finding.CHANGED if dice.chance(0.1) else Finding.NORMAL
            note = dice.one(_CHANGED[register.code]) if finding == Finding.CHANGED else ""
            if visit == 1 and not dangers and point.level == 2:
                finding, note, dangers = Finding.DANGER, _DANGER[register.code], 1
            record_patrol(register, point, finding=finding, note=note, at=at, actor=dice.one(own), now=at)


def _officers() -> dict[str, list[User]]:
    """The people of each town who may record patrols there, by the town's code."""
    found: dict[str, list[User]] = {}
    for user in User.objects.filter(grants__role__code="town_officer", is_active=True).distinct():
        for code in user.grants.values_list("region__code", flat=True):
            found.setdefault(code, []).append(user)
    return found
