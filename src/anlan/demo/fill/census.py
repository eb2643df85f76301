"""The demo's risk census: people on the grid, buildings in the quarters of the map, disasters of the past, capacities.

People of a village live where its buildings stand; by day some of them are where plants, schools and hospitals are.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

import h3
import numpy as np
import shapely
from django.utils import timezone
from numpy.typing import NDArray

from anlan.apps.census.declarations import BUILDINGS, CAPACITIES, EVENTS
from anlan.apps.census.models import Hazard, Structure, Use
from anlan.apps.census.queries.grid import RESOLUTION
from anlan.apps.census.services import editions
from anlan.apps.census.services.editions import CellRow
from anlan.apps.census.services.locating import regions_at
from anlan.demo.county.model import KM_PER_LAT, KM_PER_LON, County
from anlan.demo.county.noise import bell, even
from anlan.kernel.people.models import User
from anlan.kernel.regions.models import Region
from anlan.kernel.registers import services
from anlan.kernel.registers.declarations import Register

ORDER = 40

#: Share of people who are at home by day; the others are at the places of work below or on the way.
AT_HOME = 0.62
#: People who are at a site by day, by its kind.
WORKERS = {
    "chemical": 160,
    "mine": 140,
    "tailings": 20,
    "school": 640,
    "hospital": 420,
    "warehouse": 60,
    "dust": 90,
    "ammonia": 50,
    "fireworks": 40,
    "filling": 8,
    "other": 45,
}
#: People that a cell without any building has for each share of its village's area.
SCATTERED = 0.12
#: 10,000 yuan a year for each person at work in a cell.
OUTPUT = 11.0
#: Rows with a value left out, and rows with one that cannot be right: what a quality report is for.
GAPS, ERRORS = 0.06, 0.006

HAZARDS = (
    (Hazard.FLOOD, "洪涝灾害", "连续强降雨，河水漫堤"),
    (Hazard.FLASH, "山洪灾害", "短时强降雨引发沟道山洪"),
    (Hazard.SLIDE, "滑坡灾害", "坡体受雨水浸泡后失稳下滑"),
    (Hazard.QUAKE, "地震灾害", "邻县地震波及，土木结构房屋受损"),
    (Hazard.WIND, "风雹灾害", "强对流天气伴短时大风和冰雹"),
    (Hazard.DROUGHT, "干旱灾害", "入春以来降水偏少六成"),
    (Hazard.FROST, "低温冰冻灾害", "寒潮过境，道路结冰"),
    (Hazard.FIRE, "森林火灾", "农事用火失控"),
    (Hazard.ACCIDENT, "生产安全事故", "检修作业时违规动火"),
)


def fill(county: County, *, actor: User, now: datetime) -> None:
    """Enter all of it by the verbs that a bureau's people use."""
    regions = {region.pk: region for region in Region.objects.defer("boundary")}
    blocks = _blocks(county)
    _grids(county, blocks, regions, actor, now)
    _take(BUILDINGS, "房屋建筑普查成果", list(_buildings(county, blocks, regions)), actor, now)
    _take(EVENTS, "历史灾害调查成果", list(_events(county, regions, now)), actor, now)
    _take(CAPACITIES, "乡镇减灾能力调查成果", list(_capacities(county, regions, now)), actor, now)


def _take(register: Register, title: str, rows: list[dict[str, Any]], actor: User, now: datetime) -> None:
    batch = services.start_batch(register, title=title, actor=actor, now=now)
    services.stage(batch, new=rows, actor=actor, now=now)
    services.publish(batch, actor=actor, now=now)


# --- where buildings stand --------------------------------------------------------------------------------------------
def _blocks(county: County) -> NDArray[Any]:
    """Each block of the map cut into two buildings across its longer side, with a gap between them."""
    found = []
    for block in county.buildings:
        ring = np.array(shapely.minimum_rotated_rectangle(block).exterior.coords)[:4]
        sides = [
            np.hypot(*((ring[1] - ring[0]) * (KM_PER_LON, KM_PER_LAT))),
            np.hypot(*((ring[2] - ring[1]) * (KM_PER_LON, KM_PER_LAT))),
        ]
        a, b, c, d = ring if sides[0] >= sides[1] else np.roll(ring, -1, axis=0)
        for low, high in ((0.02, 0.46), (0.54, 0.98)):
            corners = [a + (b - a) * low, a + (b - a) * high, d + (c - d) * high, d + (c - d) * low]
            found.append(shapely.Polygon(corners))
    return np.array(found, object)


def _ground_m2(shapes: NDArray[Any]) -> NDArray[np.float64]:
    return np.asarray(shapely.area(shapes) * KM_PER_LON * KM_PER_LAT * 1e6)


# --- the grid ---------------------------------------------------------------------------------------------------------
def _grids(county: County, blocks: NDArray[Any], regions: dict[int, Region], actor: User, now: datetime) -> None:
    """An edition of the last survey in force, and one of five years before that it replaced."""
    shape = h3.geo_to_h3shape(shapely.geometry.mapping(county.boundary))
    cells = sorted(h3.str_to_int(cell) for cell in h3.h3shape_to_cells(shape, RESOLUTION))
    middles = np.array([h3.cell_to_latlng(h3.int_to_str(cell)) for cell in cells])
    at_village = regions_at(middles[:, 1], middles[:, 0])
    place = {cell: at for at, cell in enumerate(cells)}
    centre = shapely.centroid(blocks)
    built = np.zeros(len(cells))
    number = np.zeros(len(cells), np.int64)
    for x, y, size in zip(shapely.get_x(centre), shapely.get_y(centre), _ground_m2(blocks), strict=True):
        row = place.get(h3.str_to_int(h3.latlng_to_cell(y, x, RESOLUTION)))
        if row is not None:
            built[row] += size
            number[row] += 1
    night = _people(county, regions, at_village, built)
    work = _work(county, place, len(cells))
    today = timezone.localdate(now)
    for years, share in ((5, 1.04), (0, 1.0)):
        lived = np.floor(night * share + even(county.seed, 81, np.arange(len(cells))))
        worked = np.floor(lived * AT_HOME + work * share * 0.9)
        rows = [
            CellRow(cell, int(region), int(by_day), int(by_night), int(n), round(float(OUTPUT * by_day * 0.4), 1))
            for cell, region, by_day, by_night, n in zip(cells, at_village, worked, lived, number, strict=True)
            if region
        ]
        surveyed = date(today.year - years - 1, 12, 31)
        edition = editions.stage(
            rows,
            title=f"{surveyed.year} 年普查人口网格",
            surveyed_on=surveyed,
            actor=actor,
            now=now - timedelta(days=90 + 1826 * (years // 5)),
        )
        editions.put_in_force(edition, actor=actor, now=now - timedelta(days=80 + 1826 * (years // 5)))


def _people(
    county: County, regions: dict[int, Region], at_village: NDArray[np.int64], built: NDArray[np.float64]
) -> NDArray[np.float64]:
    """People of each village over its cells: most by what is built there, some scattered over the rest."""
    night = np.zeros(at_village.size)
    people = {place.code: place.population for place in county.villages}
    for pk in np.unique(at_village).tolist():
        population = people.get(regions[pk].code, 0) if pk else 0
        rows = np.flatnonzero(at_village == pk)
        scattered = 0.2 + even(county.seed, 82, rows)
        scattered /= scattered.sum()
        total = built[rows].sum()
        dense = built[rows] / total if total else scattered
        night[rows] = population * (SCATTERED * scattered + (1 - SCATTERED) * dense)
    return night


def _work(county: County, place: dict[int, int], size: int) -> NDArray[np.float64]:
    """People at work, at school and in hospital by day."""
    work = np.zeros(size)
    for at, site in enumerate(county.sites):
        row = place.get(h3.str_to_int(h3.latlng_to_cell(site.lat, site.lon, RESOLUTION)))
        if row is not None:
            work[row] += WORKERS.get(site.kind, 0) * (0.6 + 0.8 * float(even(county.seed, 83, at)))
    return work


# --- registers --------------------------------------------------------------------------------------------------------
def _buildings(county: County, blocks: NDArray[Any], regions: dict[int, Region]) -> Iterator[dict[str, Any]]:
    centre = shapely.centroid(blocks)
    lon, lat = shapely.get_x(centre), shapely.get_y(centre)
    villages = regions_at(lon, lat)
    ground = _ground_m2(blocks)
    chance = [even(county.seed, key, np.arange(len(blocks))) for key in range(90, 99)]
    outlines = shapely.to_wkb(shapely.set_precision(blocks, 1e-7))
    counted: dict[int, int] = {}
    for at in np.flatnonzero(villages).tolist():
        region = regions[int(villages[at])]
        number = counted[region.pk] = counted.get(region.pk, 0) + 1
        town = "社区" in region.name
        use = _use(float(chance[0][at]), town)
        built = int(1962 + 62 * float(chance[1][at]) ** 0.6)
        storeys = 1 + int(float(chance[2][at]) ** 2 * (17 if town and built > 2000 else 4))
        structure = _structure(float(chance[3][at]), built, storeys, use)
        # A block of the map is a group of houses; the footprint of one is a part of it.
        floor = round(float(ground[at]) * 0.06 * storeys * (0.7 + 0.6 * float(chance[4][at])), 1)
        lived = floor / 46 if use in (Use.HOME, Use.FARM) else floor / 220 if use == Use.HEALTH else 0
        worked = floor / 30 if use in (Use.SHOP, Use.FACTORY) else floor / 9 if use == Use.SCHOOL else lived * AT_HOME
        row = {
            "name": f"{region.name}{number}号{'楼' if storeys > 2 else '房'}",
            "region": region,
            "use": use,
            "structure": structure,
            "storeys": storeys,
            "built": built,
            "floor_area": floor,
            "people_day": round(worked),
            "people_night": round(lived),
            "quake_proof": built >= 2008 or structure == Structure.FRAME,
            "weakness": _weakness(structure, built, storeys),
            "address": f"{region.name}{number}号",
            "lon": round(float(lon[at]), 6),
            "lat": round(float(lat[at]), 6),
            "outline": outlines[at],
        }
        yield _flawed(row, float(chance[5][at]), float(chance[6][at]))


def _use(chance: float, town: bool) -> str:
    shares = (
        (0.62, Use.HOME),
        (0.78, Use.SHOP),
        (0.88, Use.FACTORY),
        (0.93, Use.SCHOOL),
        (0.96, Use.HEALTH),
        (1.0, Use.PUBLIC),
    )
    if not town:
        shares = (
            (0.2, Use.HOME),
            (0.84, Use.FARM),
            (0.9, Use.FACTORY),
            (0.94, Use.SCHOOL),
            (0.96, Use.HEALTH),
            (1.0, Use.PUBLIC),
        )
    return next(use for most, use in shares if chance <= most)


def _structure(chance: float, built: int, storeys: int, use: str) -> str:
    if storeys > 6:
        return Structure.FRAME
    if use == Use.FACTORY:
        return Structure.STEEL if chance < 0.6 else Structure.FRAME
    if built < 1980:
        return Structure.EARTH if chance < 0.3 else Structure.TIMBER if chance < 0.55 else Structure.BARE
    if built < 2000:
        return Structure.BARE if chance < 0.5 else Structure.BRICK
    return Structure.FRAME if chance < 0.45 else Structure.BRICK


def _weakness(structure: str, built: int, storeys: int) -> int:
    if structure in (Structure.EARTH, Structure.TIMBER):
        return 1 if built < 1975 else 2
    if structure == Structure.BARE:
        return 2 if storeys > 2 or built < 1985 else 3
    return 3 if structure == Structure.BRICK and built < 2005 else 4


def _flawed(row: dict[str, Any], gap: float, error: float) -> dict[str, Any]:
    """A row as a survey really has it: now and then a value is missing, seldom one cannot be right."""
    names = ("structure", "built", "floor_area", "quake_proof", "people_night", "weakness")
    if gap < GAPS:
        name = names[int(gap / GAPS * len(names))]
        row[name] = "" if name == "structure" else None
    if error < ERRORS:
        name, value = (("storeys", 99), ("built", 1199), ("floor_area", 3.0))[int(error / ERRORS * 3)]
        row[name] = value
    return row


def _events(county: County, regions: dict[int, Region], now: datetime) -> Iterator[dict[str, Any]]:
    by_code = {region.code: region for region in regions.values()}
    today = timezone.localdate(now)
    for at in range(34):
        hazard, words, cause = HAZARDS[int(even(county.seed, 101, at) * len(HAZARDS))]
        village = county.villages[int(even(county.seed, 102, at) * len(county.villages))]
        town = by_code[village.parent]
        year = today.year - 1 - int(even(county.seed, 103, at) ** 2 * 48)
        began = date(year, 5 + int(even(county.seed, 104, at) * 5), 1 + int(even(county.seed, 105, at) * 28))
        size = float(np.exp(1.1 * bell(county.seed, 106, at)))
        dead = int(size / 2.2) if hazard in (Hazard.FLASH, Hazard.SLIDE, Hazard.ACCIDENT) else int(size / 5)
        affected = int(420 * size)
        row = {
            "name": f"{year}年{began.month}月{town.name}{words}",
            "hazard": hazard,
            "began_on": began,
            "ended_on": began
            + timedelta(days=int(even(county.seed, 107, at) * (40 if hazard == Hazard.DROUGHT else 5))),
            "grade": 1 if dead >= 10 else 2 if dead >= 3 else 3 if dead or affected > 800 else 4,
            "dead": dead,
            "missing": int(even(county.seed, 108, at) * (dead > 0) * 2),
            "injured": int(dead * 2.4 + even(county.seed, 109, at) * 3),
            "affected": affected,
            "relocated": int(affected * 0.4 * even(county.seed, 110, at)),
            "collapsed": int(9 * size * even(county.seed, 111, at)),
            "damaged": int(60 * size),
            "crops": round(38 * size, 1),
            "loss": round(310 * size * (0.5 + float(even(county.seed, 112, at))), 1),
            "cause": f"{cause}，{town.name}{village.name}受灾最重。",
            "reported_by": "县应急管理局灾情年报" if year > 2018 else "县志、民政灾情档案",
            "region": by_code[village.code],
            "lon": round(village.lon, 5),
            "lat": round(village.lat, 5),
            "address": village.name,
        }
        if at % 7 == 3:
            row["loss"] = None
        if at % 11 == 5:
            row["ended_on"] = None
        yield row


def _capacities(county: County, regions: dict[int, Region], now: datetime) -> Iterator[dict[str, Any]]:
    by_code = {region.code: region for region in regions.values()}
    year = timezone.localdate(now).year - 1
    for at, town in enumerate(county.towns):
        share = town.population / 20_000
        chance = [float(even(county.seed, 120 + key, at)) for key in range(12)]
        yield {
            "name": f"{town.name}{year}年减灾能力",
            "region": by_code[town.code],
            "year": year,
            "staff": 2 + int(chance[0] * 5),
            "rescuers": 18 + int(chance[1] * 34),
            "volunteers": int(40 * share * (0.6 + chance[2])),
            "budget": round(26 + 60 * chance[3], 1),
            "stock_value": round(14 + 55 * chance[4], 1),
            "shelter_places": int(town.population * (0.1 + 0.3 * chance[5])),
            "beds": int(24 * share * (0.5 + chance[6])),
            "loudspeakers": int(18 + 40 * chance[7]),
            "warned": round(min(100.0, 72 + 27 * chance[8]), 1),
            "plans": 3 + int(chance[9] * 6),
            "drills": int(chance[10] * 5),
            "watchers": None if at == 7 else 6 + int(chance[11] * 30),
            "lon": round(town.lon, 5),
            "lat": round(town.lat, 5),
            "address": f"{town.name}人民政府",
        }
