"""The demo's enterprises: those that carry sensors, and five hundred more; mines, ponds, shops, places of work."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
import shapely

from anlan.apps.sites import declarations as registers
from anlan.apps.sites.models import Enterprise
from anlan.demo.county.ids import credit_code
from anlan.demo.county.model import COUNTY, KM_PER_LAT, KM_PER_LON, County, Site
from anlan.demo.county.names import firm_words
from anlan.demo.entering import Dice, Ground, enter, word
from anlan.kernel.people.models import User

ORDER = 100

Row = dict[str, Any]
#: Firms beside those of `county.sites`, so that there are some six hundred.
MORE = 500
#: Of so many credit codes one was copied wrongly.
WRONG_CODE = 40
_FIRMS = frozenset({"chemical", "mine", "filling", "fireworks", "dust", "ammonia", "warehouse", "other"})
_INDUSTRY = {
    "chemical": ("2614", "2651", "2631", "2641", "5941", "2651"), "mine": ("0911", "1011", "1012", "1019"),
    "filling": ("5265",), "fireworks": ("5247",), "dust": ("2110", "1310", "3252", "2110", "1320"),
    "ammonia": ("5930", "1352"), "warehouse": ("5949", "5920"), "other": ("4620",), "metal": ("3251", "3391"),
}  # fmt: skip

#: Kind, words of the name, industry, main products, most people, share among the further firms.
_TRADES = (
    ("light", "机械制造有限公司", "3484", "机械零部件", 180, 12),
    ("light", "纺织有限公司", "1711", "棉纱、坯布", 260, 8),
    ("light", "服饰有限公司", "1810", "服装", 220, 9), ("light", "塑料制品有限公司", "2929", "塑料制品", 90, 8),
    ("light", "建材有限公司", "3021", "水泥制品", 70, 9), ("light", "食品有限公司", "1411", "糕点、饼干", 120, 9),
    ("light", "包装有限公司", "2231", "纸箱", 60, 8), ("light", "电子有限公司", "3971", "电子元件", 300, 7),
    ("light", "印刷有限公司", "2319", "印刷品", 45, 5), ("light", "陶瓷有限公司", "3071", "建筑陶瓷", 150, 4),
    ("dust", "木业有限公司", "2110", "板材、家具", 80, 6), ("dust", "铝制品有限公司", "3252", "铝型材", 110, 4),
    ("dust", "饲料有限公司", "1329", "饲料", 60, 3), ("metal", "铸造有限公司", "3391", "铸件", 90, 5),
    ("metal", "铝业有限公司", "3216", "再生铝锭", 120, 2), ("warehouse", "物流有限公司", "5920", "仓储", 40, 6),
    ("chemical", "气体有限公司", "2619", "氧气、氮气充装", 30, 2),
    ("chemical", "化工经营部", "5169", "化工产品批发", 8, 4),
    ("fireworks", "烟花爆竹零售店", "5247", "烟花爆竹零售", 3, 7), ("filling", "加油站", "5265", "成品油零售", 9, 3),
    ("other", "污水处理有限公司", "4620", "污水处理", 25, 3), ("light", "酒业有限公司", "1512", "白酒", 60, 3),
)  # fmt: skip


def fill(county: County, *, actor: User, now: datetime) -> None:
    """Enter enterprises, then what lies in them, a batch a register."""
    ground = Ground(county)
    own = [site for site in county.sites if site.kind in _FIRMS]
    rows = [*_sited(own, ground, county, now), *_further(county, ground, now)]
    pks = enter(registers.ENTERPRISES, rows, title="企业底册", actor=actor, now=now)
    found = Enterprise.present.select_related("region").in_bulk(pks)
    firms = [found[pk] for pk in pks]
    for register, title, made in (
        (registers.LICENCES, "企业证照", _licences(firms, county, now)),
        (registers.CONTACTS, "企业联系人", _contacts(firms, county)),
        (registers.MINES, "矿山底册", _mines(firms, county)),
        (registers.TAILINGS_PONDS, "尾矿库底册", _ponds(firms, county, ground)),
        (registers.FIREWORKS_SHOPS, "烟花爆竹经营点底册", _shops(firms, county, now)),
        (registers.FILLING_STATIONS, "加油站底册", _stations(firms, county, now)),
        (registers.DUST_SITES, "粉尘涉爆场所", _dust(firms, county)),
        (registers.CONFINED_SPACES, "有限空间", _spaces(firms, county)),
        (registers.AMMONIA_SYSTEMS, "涉氨制冷", _ammonia(firms, county, now)),
        (registers.METAL_FURNACES, "熔融金属炉窑", _furnaces(firms, county, now)),
    ):
        enter(register, list(made), title=title, actor=actor, now=now)


# --- enterprises ------------------------------------------------------------------------------------------------------
def _sited(sites: list[Site], ground: Ground, county: County, now: datetime) -> Iterator[Row]:
    """Firms of the county's own list, under their codes."""
    dice = Dice(county, 8201)
    for at, site in enumerate(sites):
        industries = _INDUSTRY[site.kind]
        large = site.kind in ("chemical", "mine", "warehouse")
        row = {
            **ground.at(site.lon, site.lat), "code": site.code, "name": site.name, "kind": site.kind,
            "credit_code": site.credit_code, "address": site.address, "risk": site.risk,
            "industry": industries[at % len(industries)], "keeper": site.keeper, "keeper_phone": site.keeper_phone,
            "park": dict(site.facts).get("park", ""),
        }  # fmt: skip
        if site.kind in ("chemical", "ammonia"):  # around a drawn boundary people are counted
            row["outline"] = box_around(site.lon, site.lat, dice.number(180, 340), dice.number(140, 260))
        yield row | _facts(site.kind, dice.whole(40, 320) if large else dice.whole(3, 60), dice, now)


def _further(county: County, ground: Ground, now: datetime) -> Iterator[Row]:
    """Small and middling firms of every trade, most of them in the larger towns."""
    dice = Dice(county, 8202)
    names = list(firm_words(county.seed))
    weights = np.cumsum([trade[5] for trade in _TRADES])
    villages = sorted(county.villages, key=lambda one: -one.population)
    for k in range(MORE):
        kind, trade, industry, products, most, _weight = _TRADES[
            int(np.searchsorted(weights, dice.even() * weights[-1], side="right"))
        ]
        village = villages[int(dice.even() ** 2 * len(villages))]
        first = names[(k * 7 + 31) % len(names)]
        name = f"{word(village)}{first}{trade}" if k >= len(names) or len(trade) < 7 else f"安澜{first}{trade}"
        code = credit_code("92" if most < 10 else "91", COUNTY, 30_000_000 + k)
        if k % WRONG_CODE == 7:
            code = code[:-1] + ("1" if code[-1] != "1" else "2")
        row = {
            **ground.near(village, dice, 0.006), "name": name, "kind": kind, "credit_code": code, "industry": industry,
            "products": products,
            "risk": dice.one((4, 4, 4, 3, 3, 3, 2)) if kind != "light" else dice.one((4, 4, 4, 3)),
            "keeper": dice.person(), "keeper_phone": dice.phone(),
        }  # fmt: skip
        yield row | _facts(kind, dice.whole(max(2, most // 4), most), dice, now)


def _facts(kind: str, staff: int, dice: Dice, now: datetime) -> Row:
    """Size, work safety and insurance; some of it missing, out of date or too little, as in any register."""
    high = kind in ("chemical", "mine", "fireworks", "metal")
    scale = "micro" if staff < 20 else "small" if staff < 300 else "medium"
    insured = high or dice.chance(0.4)
    today = now.date()
    level = ("level-3" if staff >= 30 else "level-small") if dice.chance(0.7) else ""
    return {
        "state": dice.one(("running",) * 14 + ("paused", "trial", "building")),
        "founded_on": date(dice.whole(1992, 2024), dice.whole(1, 12), dice.whole(1, 28)),
        "scale": scale, "staff": staff, "revenue": round(staff * dice.number(28, 95), 0),
        "assets": round(staff * dice.number(40, 160), 0),
        "standardisation": "level-2" if level and high and staff > 150 else level,
        "standardised_until": today + timedelta(days=dice.whole(-120, 1000)) if level else None,
        "safety_staff": max(1, staff // 60) if high or staff > 100 else dice.whole(0, 1),
        "safety_engineers": 1 if high and dice.chance(0.6) else 0,
        "insurer": dice.one(("岚江财产保险安澜支公司", "澄江产险安澜营业部", "云砚保险安澜支公司")) if insured else "",
        "insurance_number": f"AZX{dice.whole(10**9, 10**10 - 1)}" if insured else "",
        "insured_until": today + timedelta(days=dice.whole(-25, 360)) if insured else None,
        "insured_staff": staff if dice.chance(0.85) else int(staff * 0.7),
        "insured_person": dice.one((40.0, 60.0, 80.0, 100.0)) if insured else None,
        "legal_person": dice.person(), "legal_phone": dice.phone(),
    }  # fmt: skip


def box_around(lon: float, lat: float, wide_m: float, high_m: float) -> bytes:
    """A rectangle as WKB, its middle at a place."""
    dx, dy = wide_m / 2000 / KM_PER_LON, high_m / 2000 / KM_PER_LAT
    return bytes(shapely.to_wkb(shapely.box(lon - dx, lat - dy, lon + dx, lat + dy)))


# --- parts ------------------------------------------------------------------------------------------------------------
_LICENCES = {
    "chemical": (("LIC-PRODUCTION", "安全生产许可证"), ("LIC-CHEMICAL-REGISTRATION", "危险化学品登记证"),
                 ("LIC-EVALUATION", "安全现状评价报告")),
    "mine": (("LIC-PRODUCTION", "安全生产许可证"), ("OTHER", "采矿许可证")),
    "fireworks": (("LIC-FIREWORKS-RETAIL", "烟花爆竹经营（零售）许可证"),),
    "filling": (("LIC-CHEMICAL-TRADE", "危险化学品经营许可证"),),
    "warehouse": (("OTHER", "道路运输经营许可证"),),
}  # fmt: skip


def _licences(firms: list[Any], county: County, now: datetime) -> Iterator[Row]:
    dice = Dice(county, 8203)
    for firm in firms:
        kinds = list(_LICENCES.get(firm.kind, ()))
        if firm.kind == "warehouse" and "危险品" in firm.name:
            kinds = [("LIC-CHEMICAL-TRADE", "危险化学品经营许可证")]
        if firm.standardisation:
            kinds.append(("LIC-STANDARDISATION", "安全生产标准化证书"))
        for kind, name in kinds:
            years = 2 if kind == "LIC-FIREWORKS-RETAIL" else 3
            until = firm.standardised_until if kind == "LIC-STANDARDISATION" else None
            until = until or (now + timedelta(days=dice.whole(-40, years * 365 - 30))).date()
            since = date(until.year - years, until.month, min(until.day, 28))
            yield _of(firm) | {
                "name": name, "kind": kind, "since": since, "until": until,
                "number": f"（岚）{kind.removeprefix('LIC-')[:2]}安字〔{since.year}〕{dice.whole(1000, 9999)}号",
                "issuer": "澄江市应急管理局" if kind != "OTHER" else "安澜县人民政府主管部门",
                "scope": firm.products[:200],
            }  # fmt: skip


def _of(firm: Any) -> Row:
    return {"enterprise": firm, "region": firm.region}


def _on(firm: Any, dice: Dice, risk: int | None = None) -> Row:
    """A part with a place of its own, some metres from the middle of its firm."""
    lon = firm.lon + dice.number(-60, 60) / 1000 / KM_PER_LON
    lat = firm.lat + dice.number(-60, 60) / 1000 / KM_PER_LAT
    row = {**_of(firm), "lon": round(lon, 6), "lat": round(lat, 6), "address": firm.address}
    return row | ({"risk": risk or firm.risk} if risk is not None or firm.risk else {})


def _contacts(firms: list[Any], county: County) -> Iterator[Row]:
    dice = Dice(county, 8204)
    for firm in firms:
        yield _of(firm) | {
            "name": firm.keeper, "role": "safety", "post": "安全负责人", "phone": firm.keeper_phone,
            "at_night": dice.chance(0.5),
        }  # fmt: skip
        if firm.kind in ("chemical", "mine", "ammonia", "warehouse"):
            yield _of(firm) | {"name": "24小时值班室", "role": "duty", "phone": dice.line(), "at_night": True}
            yield _of(firm) | {
                "name": dice.person(), "role": "emergency", "post": "应急队队长", "phone": dice.phone(),
                "second_phone": dice.phone(), "at_night": True,
            }  # fmt: skip


def _head(firm: Any) -> Row:
    return {"name": firm.name, "head": firm.keeper, "head_phone": firm.keeper_phone}


def _mines(firms: list[Any], county: County) -> Iterator[Row]:
    dice = Dice(county, 8205)
    for firm in (one for one in firms if one.kind == "mine"):
        copper = "铜矿" in firm.name
        yield _on(firm, dice) | _head(firm) | {
            "kind": "metal" if copper else "quarry", "mining": "underground" if copper else "open",
            "mineral": "铜" if copper else firm.name[-4:-1].lstrip("湾坪坝岭"), "capacity": dice.number(20, 120),
            "reserve": dice.number(200, 1800), "depth": dice.number(180, 420) if copper else dice.number(20, 60),
            "slope_height": None if copper else dice.number(25, 90), "underground": 46 if copper else None,
            "gas": "none", "water": dice.one(("simple", "medium", "complex")), "exits": 2 if copper else None,
            "locates_people": copper, "state": dice.one(("producing", "producing", "producing", "stopped")),
        }  # fmt: skip


def _ponds(firms: list[Any], county: County, ground: Ground) -> Iterator[Row]:
    dice = Dice(county, 8206)
    owner = next(firm for firm in firms if "丹崖铜矿" in firm.name)
    for k, site in enumerate(one for one in county.sites if one.kind == "tailings"):
        yield {
            **ground.at(site.lon, site.lat), "enterprise": owner, "code": site.code, "name": site.name,
            "address": site.address, "risk": site.risk, "head": site.keeper, "head_phone": site.keeper_phone,
            "official": dice.person(), "official_phone": dice.phone(), "method": "upstream", "mineral": "铜",
            "built_on": date(2004 + 7 * k, 6, 1), "volume": (420.0, 180.0)[k], "stored": (296.0, 61.0)[k],
            "height": (48.0, 34.0)[k], "designed_height": (62.0, 50.0)[k], "slope_ratio": (4.0, 3.5)[k],
            "freeboard": (1.8, 2.4)[k], "beach": (110.0, 140.0)[k], "flood_years": (500, 200)[k],
            "nearest_m": (640.0, 1850.0)[k], "downstream_people": (138, 46)[k], "downstream_households": (41, 14)[k],
            "downstream_what": ("村组、乡道和河道", "林场管护站")[k], "filed_grade": ("grade-4", "grade-4")[k],
            "state": "in_use",
        }  # fmt: skip
    village = county.villages[40]
    yield ground.near(village, dice) | {
        "enterprise": owner, "name": "丹崖铜矿老尾矿库（停用）", "risk": 3, "method": "upstream", "mineral": "铜",
        "built_on": date(1988, 5, 1), "volume": 86.0, "stored": 84.0, "height": 27.0, "designed_height": 28.0,
        "slope_ratio": 3.0, "nearest_m": 900.0, "downstream_people": 22, "downstream_households": 7,
        "downstream_what": "散居农户", "filed_grade": "grade-5", "state": "stopped", "head": dice.person(),
        "head_phone": dice.phone(),
    }  # fmt: skip


def _shops(firms: list[Any], county: County, now: datetime) -> Iterator[Row]:
    dice = Dice(county, 8207)
    for k, firm in enumerate(one for one in firms if one.kind == "fireworks"):
        yield _on(firm, dice) | _head(firm) | {
            "kind": "wholesale" if k == 3 else "seasonal" if k % 9 == 8 else "retail", "area": dice.number(12, 60),
            "stock_boxes": 1200 if k == 3 else dice.whole(20, 120), "charge_kg": dice.number(30, 300),
            "apart_m": dice.number(40, 420), "only_shop": dice.chance(0.85), "extinguishers": dice.whole(2, 6),
            "licence_until": (now + timedelta(days=dice.whole(-30, 700))).date(),
        }  # fmt: skip


def _stations(firms: list[Any], county: County, now: datetime) -> Iterator[Row]:
    dice = Dice(county, 8208)
    for k, firm in enumerate(one for one in firms if one.kind == "filling"):
        tanks = dice.whole(3, 6)
        yield _on(firm, dice) | _head(firm) | {
            "fuels": ["petrol", "diesel", "lng"] if k % 8 == 5 else ["petrol", "diesel"],
            "grade": dice.one(("2", "3", "3")), "brand": dice.one(("岚石油", "澄能", "民营")), "tanks": tanks,
            "tank_volume": float(tanks * 30), "double_walled": dice.chance(0.85), "dispensers": dice.whole(2, 8),
            "vapour_recovery": dice.chance(0.9), "charging": dice.one((0, 0, 2, 4)),
            "licence_until": (now + timedelta(days=dice.whole(-15, 1000))).date(),
        }  # fmt: skip


def _dust(firms: list[Any], county: County) -> Iterator[Row]:
    dice = Dice(county, 8209)
    names = {"wood": "砂光车间", "grain": "制粉车间", "metal": "抛光车间", "feed": "粉碎间"}
    sorts = {"木": "wood", "家具": "wood", "面粉": "grain", "铝": "metal", "饲料": "feed"}
    for firm in (one for one in firms if one.kind == "dust"):
        dust = next((code for part, code in sorts.items() if part in firm.name), "other")
        yield _on(firm, dice) | {
            "name": names.get(dust, "生产车间"),
            "dust": dust, "process": dice.one(("打磨抛光", "粉碎输送", "切削砂光")), "workers": dice.whole(2, 32),
            "area": dice.number(120, 1600, 0), "storeys": dice.whole(1, 3),
            "collection": "wet" if dust == "metal" else "dry", "collectors": dice.whole(1, 6),
            "relief": dice.chance(0.8), "spark_detection": dice.chance(0.5), "cleaned_every": "每班",
        }  # fmt: skip


def _spaces(firms: list[Any], county: County) -> Iterator[Row]:
    dice = Dice(county, 8210)
    sorts = (
        ("污水池", "underground", ["h2s", "oxygen"], "清淤"), ("化粪池", "underground", ["h2s", "methane"], "清掏"),
        ("反应釜内部", "equipment", ["other_toxic", "oxygen"], "检修"),
        ("料仓", "above", ["oxygen", "drowning"], "清仓"),
        ("窑炉", "above", ["co"], "检修"), ("腌制池", "underground", ["h2s", "oxygen"], "翻料"),
    )  # fmt: skip
    for k, firm in enumerate(firms):
        if firm.kind in ("fireworks", "filling") or k % 3:
            continue
        name, kind, dangers, work = sorts[5 if "食品" in firm.name else dice.whole(0, 4)]
        yield _on(firm, dice) | {
            "name": name, "kind": kind, "number": dice.whole(1, 4), "dangers": dangers, "work": work,
            "entries_a_year": dice.whole(0, 12), "contracted": dice.chance(0.4), "signed": dice.chance(0.9),
            "locked": dice.chance(0.7), "has_detector": dice.chance(0.75), "has_breathing": dice.chance(0.5),
            "has_winch": dice.chance(0.4),
        }  # fmt: skip


def _ammonia(firms: list[Any], county: County, now: datetime) -> Iterator[Row]:
    dice = Dice(county, 8211)
    for k, firm in enumerate(one for one in firms if one.kind == "ammonia"):
        cold = "冷链" in firm.name
        yield _on(firm, dice) | {
            "name": "液氨制冷系统", "use": "cold_store" if cold else "food", "charge": AMMONIA_T[k % len(AMMONIA_T)],
            "built_on": date(2003 + 3 * k, 4, 1), "receivers": 2, "receiver_volume": dice.number(4, 18),
            "workers": dice.whole(4, 38), "direct_in_workrooms": k == 4, "quick_freezer": k != 4,
            "detectors": dice.whole(6, 24), "has_spray": dice.chance(0.8),
            "pipes_inspected_on": dice.past(now, 60, 900),
        }  # fmt: skip


#: Ammonia of the refrigeration systems, t.
AMMONIA_T = (8.0, 46.0, 14.0, 22.0, 6.5, 12.0)


def _furnaces(firms: list[Any], county: County, now: datetime) -> Iterator[Row]:
    dice = Dice(county, 8212)
    for firm in (one for one in firms if one.kind == "metal"):
        aluminium = "铝" in firm.name
        yield _on(firm, dice) | {
            "name": "熔铝炉" if aluminium else "中频感应炉", "kind": "aluminium" if aluminium else "induction",
            "metal": "铝" if aluminium else "铸铁", "capacity": dice.number(3, 25), "number": dice.whole(1, 4),
            "built_on": dice.past(now, 400, 8000), "workers": dice.whole(3, 14), "gas_fired": aluminium,
            "water_alarm": dice.chance(0.8), "cut_off": dice.chance(0.7), "emergency_pit": dice.chance(0.75),
            "crane": not aluminium,
        }  # fmt: skip
