"""The demo's yearly figures, targets and measurements: five years and the running one, with gaps as in any bureau.

Figures of accidents, people and output come from the towns, the rest from the county. One town still owes its deaths of
last year; several registers and figures are empty, so that the account shows what cannot be measured yet.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from anlan.demo.county.model import COUNTY, County
from anlan.demo.county.noise import bell, even
from anlan.kernel.indicators import rules
from anlan.kernel.indicators.live import local_day, share_passed
from anlan.kernel.indicators.services import aiming, entering, measuring
from anlan.kernel.indicators.services.entering import Cell
from anlan.kernel.people.models import User
from anlan.kernel.regions.models import Level, Region

ORDER = 905

#: Whole years before the running one.
PAST = 5

#: Figures that towns give: input, number a year for each 10,000 people, how it changes a year.
OF_TOWNS = (
    ("accidents", 0.32, -0.07),
    ("deaths", 0.14, -0.09),
    ("deaths_road", 0.30, -0.05),
    ("deaths_fire", 0.03, -0.02),
    ("disaster_loss", 0.02, 0.0),
    ("disaster_affected", 240.0, 0.0),
    ("gdp", 5.6, 0.06),
    ("campaigns", 0.8, 0.05),
)
#: Figures that stand and do not grow over a year, for each 10,000 people.
STANDING = (("grid_workers", 10.5, 0.0), ("vehicles", 2_900.0, 0.05), ("officers_certified", 0.9, 0.1))
#: Figures of the county: input, number in a whole year, how it changes a year.
OF_COUNTY = (
    ("accidents_larger", 0.4, 0.0), ("accidents_major", 0.0, 0.0), ("accidents_all", 190.0, -0.06),
    ("deaths_all", 31.0, -0.08), ("deaths_trades", 4.0, -0.1), ("employees_trades", 61_000.0, 0.01),
    ("deaths_construction", 1.4, 0.0), ("workers_construction", 9_800.0, 0.02), ("disaster_deaths", 0.5, 0.0),
    ("audits", 11.0, 0.02), ("rechecks", 58.0, 0.03), ("cases_enforced", 128.0, 0.08),
    ("fines", 410.0, 0.05),
    ("investigations_closed", 9.0, 0.0), ("inspections", 470.0, 0.04),
    ("drills", 360.0, 0.05), ("safety_meetings", 700.0, 0.04), ("to_evacuate", 2_600.0, 0.0),
    ("teams_social_new", 1.2, 0.0), ("stores_new", 0.7, 0.0),
)  # fmt: skip
#: Parts of another figure of the same place, and their usual share.
PARTS = {
    "audits_passed": ("audits", 0.93), "cases_on_platform": ("cases_enforced", 0.95),
    "fines_no_accident": ("fines", 0.78), "investigations_reviewed": ("investigations_closed", 0.56),
    "evacuated": ("to_evacuate", 1.0), "grid_trained": ("grid_workers", 0.93),
}  # fmt: skip
#: Figures that are there at once and not in the course of the year.
AT_ONCE = ("employees_trades", "workers_construction")
#: Indicators with a target of the county's own: what their plans aim at, taken over.
AIMED = (
    "WS01", "WS02", "WS07", "WS08", "WS09", "WS10", "WS12", "WS13", "WS15", "WS16", "WS19", "WS22", "WS23", "WS24",
    "WS25", "WS26", "WS27", "WS32", "WS33", "WS34", "WS36", "WS37", "WS41", "WS45", "WS46", "WS59", "WS61", "WS62",
    "WS63", "WS67",
)  # fmt: skip
#: Targets that hold for each town too.
FOR_TOWNS = ("WS01", "WS16", "WS34", "WS41")
#: Those that the county sets to its own measure, since the plan is a larger place's.
OWN = {"WS28": ("ge", 480.0), "WS40": ("ge", 3.0), "AL01": ("ge", 95.0), "AL02": ("ge", 95.0), "RS01": ("ge", 90.0)}


def fill(county: County, *, actor: User, now: datetime) -> None:
    """Enter figures year by year, set targets, measure once."""
    regions = {region.code: region for region in Region.objects.defer("boundary")}
    bureau = regions[COUNTY]
    towns = [region for region in regions.values() if region.level == Level.TOWN]
    today = local_day(now)
    for year in range(today.year - PAST, today.year + 1):
        runs = year == today.year
        cells = [*_of_towns(towns, year, today.year, share_passed(today, year)), *_of_county(bureau, year, today.year,
                 share_passed(today, year))]  # fmt: skip
        entering.enter_figures(
            cells, year=year, upto=today if runs else None, source=f"安澜县 {year} 年{'月报' if runs else '统计年报'}",
            actor=actor, now=now,
        )  # fmt: skip
    _targets(bureau, today.year, actor, now)
    measuring.measure(actor=actor, now=now)


def _of_towns(towns: list[Region], year: int, last: int, share: float) -> Iterator[Cell]:
    for town in sorted(towns, key=lambda one: one.code):
        people = town.population or 20_000
        yield Cell("population", town, float(round(people * (1 + 0.004 * (year - last)))))
        for at, (code, rate, trend) in enumerate((*OF_TOWNS, *STANDING)):
            if code == "deaths" and year == last - 1 and town == towns[-1]:
                continue
            whole = people / 10_000 * rate * (1 + trend) ** (year - last + PAST)
            luck = 1 + 0.35 * float(bell(int(town.code), year, at))
            number = max(0.0, whole * luck * (share if at < len(OF_TOWNS) else 1.0))
            yield Cell(
                code, town, round(number, 2) if code in ("gdp", "disaster_loss") else float(_whole(number, town, at))
            )


def _whole(number: float, town: Region, at: int) -> int:
    """Rounded by chance, so that a third of a death a year is a death in one of three towns."""
    return int(number) + int(float(even(int(town.code), at, int(number * 1000))) < number - int(number))


def _of_county(bureau: Region, year: int, last: int, share: float) -> Iterator[Cell]:
    for at, (code, rate, trend) in enumerate(OF_COUNTY):
        luck = 1 + 0.08 * float(bell(year, at, 7))
        number = rate * (1 + trend) ** (year - last + PAST) * luck * (1.0 if code in AT_ONCE else share)
        yield from _with_parts(Cell(code, bureau, float(round(max(0.0, number)))), year)


def _with_parts(cell: Cell, year: int) -> Iterator[Cell]:
    """A figure, and what is a part of it: never more than the whole."""
    yield cell
    for part, (whole, share) in PARTS.items():
        if whole == cell.input and cell.value is not None:
            luck = 0.06 * (float(even(int(cell.region.code), year, len(part))) - 0.5) if share < 1 else 0.0
            yield Cell(part, cell.region, float(int(cell.value * min(1.0, share + luck) + 0.5)))


def _targets(bureau: Region, last: int, actor: User, now: datetime) -> None:
    plans = rules.aims(now, bureau)
    for year in (last - 1, last):
        for code in AIMED:
            aimed = rules.aimed(plans[code].body, year)
            if aimed is None:
                continue
            aiming.set_target(
                code=code, region=bureau, year=year, comparator=aimed[0], value=aimed[1], below=code in FOR_TOWNS,
                standard=f"安澜县应急管理局{year}年工作要点", clause="主要目标", actor=actor, now=now,
            )  # fmt: skip
        for code, (comparator, value) in OWN.items():
            aiming.set_target(
                code=code, region=bureau, year=year, comparator=comparator, value=value,
                standard=f"安澜县应急管理局{year}年工作要点", clause="主要目标", actor=actor, now=now,
            )  # fmt: skip
