"""The demo's major hazard installations of every grade, with their units and what is held in them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np

from anlan.apps.sites import declarations as registers
from anlan.apps.sites.models import Enterprise, MajorHazard, Unit
from anlan.demo.county.model import KM_PER_LAT, KM_PER_LON, County
from anlan.demo.entering import Dice, enter
from anlan.demo.fill.sites import AMMONIA_T, Row
from anlan.kernel.people.models import User

ORDER = 105


@dataclass(frozen=True, slots=True)
class Plan:
    """What a chemical firm holds, and what its filing says.

    stocks  name, CAS, design maximum in t (None: nobody entered it), hazard classes or "outside" of the standard
    people  surveyed within 500 m; None: left to the census
    filed   grade in the filing, None for none
    """

    kind: str
    stocks: tuple[tuple[str, str, float | None, tuple[str, ...]], ...]
    people: int | None
    filed: int | None


_PLANS = (
    Plan("storage", (("液氯", "7782-50-5", 80, ()), ("盐酸", "", 120, ("outside",))), 140, 1),
    Plan(
        "storage",
        (("甲醇", "67-56-1", 1580, ("W5.3",)), ("苯", "71-43-2", 420, ()), ("甲苯", "108-88-3", 400, ())),
        None,
        3,
    ),
    Plan("production", (("环氧乙烷", "75-21-8", 120, ()), ("乙二醇", "107-21-1", 300, ("outside",))), 64, 3),
    Plan("production", (("硫化氢", "7783-06-4", 20, ()),), 118, 3),
    Plan("production", (("光气", "75-44-5", 1, ()), ("甲苯二异氰酸酯", "26471-62-5", 60, ())), 22, 2),
    Plan("storage", (("甲醇", "67-56-1", 1200, ("W5.3",)),), 0, 4),
    Plan("storage", (("液化石油气", "68476-85-7", 300, ()),), 58, 4),
    Plan("storage", (("汽油", "86290-81-5", 2000, ()),), 12, 3),
    Plan("storage", (("丙酮", "67-64-1", 300, ()), ("甲苯", "108-88-3", 200, ())), None, 4),
    Plan("storage", (("乙醇", "64-17-5", 150, ()),), 36, None),
    Plan("production", (("过氧化甲乙酮", "1338-23-4", 12, ()), ("催化剂浆料", "", 6, ())), 27, None),
    Plan("storage", (("丙烯腈", "107-13-1", None, ()), ("苯乙烯", "100-42-5", 200, ())), 9, 4),
)
#: What the first tanks of these firms hold beside, so that no tank stands without a medium.
_OTHER = ("氢氧化钠溶液", "导热油", "工艺水", "碳酸钠溶液")


def fill(county: County, *, actor: User, now: datetime) -> None:
    """Enter installations, then units, then chemicals: the last batch grades them."""
    firms = {firm.code: firm for firm in Enterprise.present.filter(kind__in=("chemical", "ammonia", "warehouse"))
             .select_related("region")}  # fmt: skip
    chemical = [firms[site.code] for site in county.sites if site.kind == "chemical"]
    ammonia = [firms[site.code] for site in county.sites if site.kind == "ammonia"]
    dice = Dice(county, 8221)
    rows = [*_installations(chemical, dice, now), *_ammonia_rooms(ammonia, dice, now)]
    made = enter(registers.MAJOR_HAZARDS, rows, title="重大危险源底册", actor=actor, now=now)
    hazards = {one.enterprise_id: one for one in MajorHazard.present.filter(pk__in=made)}
    units = [*_units(chemical, hazards, dice, now), *_receivers(ammonia, hazards, dice)]
    kept = enter(registers.UNITS, units, title="装置与储罐底册", actor=actor, now=now)
    by_firm: dict[int, list[Any]] = {}
    for unit in Unit.present.filter(pk__in=kept).order_by("pk"):
        by_firm.setdefault(unit.enterprise_id, []).append(unit)
    held = [*_held(chemical, by_firm, dice, now), *_ammonia_held(ammonia, by_firm, dice, now)]
    enter(registers.CHEMICALS, held, title="危险化学品底册", actor=actor, now=now)


def _installations(firms: list[Any], dice: Dice, now: datetime) -> Iterator[Row]:
    for firm, plan in zip(firms, _PLANS, strict=True):
        counted = plan.people is not None
        yield {
            "enterprise": firm, "region": firm.region, "lon": firm.lon, "lat": firm.lat, "address": firm.address,
            "name": f"{plan.stocks[0][0]}{'罐区' if plan.kind == 'storage' else '生产装置'}", "kind": plan.kind,
            "surveyed_people": plan.people, "surveyed_on": dice.past(now, 40, 500) if counted else None,
            "filed_level": plan.filed, **_filing(plan.filed, dice, now), **_people(dice), "online": dice.chance(0.9),
        }  # fmt: skip


def _filing(level: int | None, dice: Dice, now: datetime) -> Row:
    if level is None:
        return {}
    day = dice.past(now, 60, 1000)
    return {
        "filing_number": f"BA岚990123〔{day.year}〕{dice.whole(100, 999)}", "filed_on": day,
        "filed_until": day + timedelta(days=1095), "evaluated_on": day - timedelta(days=dice.whole(10, 60)),
    }  # fmt: skip


def _people(dice: Dice) -> Row:
    return {
        "principal": dice.person(), "principal_phone": dice.phone(), "technical": dice.person(),
        "technical_phone": dice.phone(), "operator": dice.person(), "operator_phone": dice.phone(),
    }  # fmt: skip


def _ammonia_rooms(firms: list[Any], dice: Dice, now: datetime) -> Iterator[Row]:
    for k, firm in enumerate(firms):
        if AMMONIA_T[k] >= 10:
            yield {
                "enterprise": firm, "region": firm.region, "lon": firm.lon, "lat": firm.lat, "address": firm.address,
                "name": "液氨制冷机房", "kind": "production", "surveyed_people": (None, 126, 41, None, None, 33)[k],
                "surveyed_on": dice.past(now, 40, 400) if (None, 126, 41, None, None, 33)[k] is not None else None,
                "filed_level": (None, 3, 4, 4, None, 4)[k], **_filing(4, dice, now), **_people(dice), "online": True,
            }  # fmt: skip


def _units(firms: list[Any], hazards: dict[int, Any], dice: Dice, now: datetime) -> Iterator[Row]:
    """Four tanks and a sphere a firm, named like the points that stand at them, and its plant and store."""
    for k, (firm, plan) in enumerate(zip(firms, _PLANS, strict=True), 1):
        hazard = hazards[firm.pk]
        for j in range(1, 6):
            sphere = j == 5
            stock = plan.stocks[(j - 1) % len(plan.stocks)] if j <= 3 else None
            yield _at(firm, 60 + 25 * j, 70 * j + 20 * k) | {
                "name": f"V-{k}{j:02d} {'球罐' if sphere else '储罐'}", "kind": "sphere" if sphere else "tank",
                "installation": hazard if plan.kind == "storage" and j <= 3 else None,
                "medium": stock[0] if stock is not None else "液氮" if sphere else _OTHER[k % len(_OTHER)],
                "built_on": date(dice.whole(2001, 2021), dice.whole(1, 12), 1), "design_years": 20,
                "inspected_on": dice.past(now, 30, 1100), "material": dice.one(("Q345R", "S30408", "Q235B")),
                "inspect_by": (now + timedelta(days=dice.whole(-60, 900))).date(),
                "volume": float(dice.one((100, 200, 500, 1000))), "bund_volume": float(dice.one((300, 600, 1200))),
                "height": dice.number(6, 14), "design_pressure": 1.6 if sphere else 0.1,
                "working_pressure": dice.number(0.6, 1.0, 2) if sphere else 0.02, "design_temperature": 50.0,
                "has_emergency_stop": dice.chance(0.9), "has_sis": dice.chance(0.6), "has_gas_alarm": True,
            }  # fmt: skip
        yield _at(firm, 40, 30 * k) | {
            "name": "一号生产装置", "kind": "process", "installation": hazard if plan.kind == "production" else None,
            "medium": plan.stocks[0][0], "built_on": date(dice.whole(1999, 2020), 6, 1), "design_years": 25,
            "area": dice.number(300, 1600, 0), "has_emergency_stop": True, "has_sis": dice.chance(0.7),
            "has_gas_alarm": True,
        }  # fmt: skip
        yield _at(firm, 90, 40 * k + 180) | {
            "name": "甲类仓库", "kind": "warehouse", "medium": "桶装原料", "area": dice.number(200, 750, 0),
            "built_on": date(dice.whole(2005, 2020), 6, 1), "height": 6.0, "has_gas_alarm": dice.chance(0.8),
        }  # fmt: skip


def _at(firm: Any, metres: float, bearing: float) -> Row:
    """A unit so far from the middle of its firm, as the points of the county are placed."""
    turn = np.radians(bearing)
    return {
        "enterprise": firm, "region": firm.region,
        "lon": round(float(firm.lon + metres / 1000 * np.sin(turn) / KM_PER_LON), 6),
        "lat": round(float(firm.lat + metres / 1000 * np.cos(turn) / KM_PER_LAT), 6),
    }  # fmt: skip


def _receivers(firms: list[Any], hazards: dict[int, Any], dice: Dice) -> Iterator[Row]:
    for k, firm in enumerate(firms):
        for j, name in enumerate(("贮氨器", "低压循环桶"), 1):
            yield _at(firm, 20, 90 * j) | {
                "name": name, "kind": "sphere", "installation": hazards.get(firm.pk), "medium": "液氨",
                "built_on": date(2003 + 3 * k, 4, 1), "volume": dice.number(3, 12), "design_pressure": 2.0,
                "working_pressure": 1.1 if j == 1 else 0.4, "has_gas_alarm": True, "has_emergency_stop": True,
            }  # fmt: skip


def _held(firms: list[Any], by_firm: dict[int, list[Any]], dice: Dice, now: datetime) -> Iterator[Row]:
    for firm, plan in zip(firms, _PLANS, strict=True):
        inside = [unit for unit in by_firm[firm.pk] if unit.installation_id is not None]
        for at, (name, cas, most, classes) in enumerate(plan.stocks):
            yield _stock(firm, inside[at % len(inside)], name, cas, most, classes, dice, now)
        store = by_firm[firm.pk][-1]
        yield _stock(firm, store, "氢氧化钠", "1310-73-2", float(dice.whole(5, 40)), ("outside",), dice, now)


def _ammonia_held(firms: list[Any], by_firm: dict[int, list[Any]], dice: Dice, now: datetime) -> Iterator[Row]:
    for k, firm in enumerate(firms):
        unit = by_firm[firm.pk][0]
        yield _stock(firm, unit, "液氨", "7664-41-7", AMMONIA_T[k], (), dice, now)


def _stock(
    firm: Any, unit: Any, name: str, cas: str, most: float | None, classes: tuple[str, ...], dice: Dice, now: datetime
) -> Row:
    outside = classes == ("outside",)
    return {
        "enterprise": firm, "region": firm.region, "unit": unit, "name": name, "cas": cas,
        "classes": [] if outside else list(classes), "counting": "outside" if outside else "pure",
        "design_max": most, "inventory": round((most or 20) * dice.number(0.2, 0.9, 2), 1),
        "inventory_at": now - timedelta(hours=dice.whole(2, 900)), "highly_toxic": name in ("光气", "液氯"),
        "key_supervised": name in ("液氯", "甲醇", "环氧乙烷", "硫化氢", "光气", "液氨", "苯", "汽油"),
    }  # fmt: skip
