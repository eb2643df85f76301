"""Towns, villages and grids: whose land is whose, as far as one walks most easily."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry import Polygon

from anlan.demo.county.model import COUNTY, Place, to_lonlat
from anlan.demo.county.mosaic import tidy, tile
from anlan.demo.county.names import grid_worker, village_names
from anlan.demo.county.noise import even, hills
from anlan.demo.county.paths import CLOSED, owners, spread
from anlan.demo.county.relief import HALF_X, HALF_Y, Land
from anlan.demo.county.waters import place_of


@dataclass(frozen=True, slots=True)
class Seat:
    """A town as it was laid out: about where its seat lies (km), people, villages, head start of its land."""

    code: str
    name: str
    x: float
    y: float
    population: int
    villages: int
    start: float = 0.0


#: The twelve towns. Names are those of the pictures in which the screens were designed.
SEATS = (
    Seat("101", "澜城镇", 0.8, 4.2, 84_300, 17, 0.0),
    Seat("102", "沧浦镇", 11.5, -1.4, 46_800, 14, 4.0),
    Seat("103", "丹崖镇", -10.6, -2.2, 27_900, 12, 3.0),
    Seat("104", "汀溪镇", -8.6, 14.2, 19_600, 12, 2.0),
    Seat("105", "磐石镇", -25.6, -2.8, 21_400, 12, 0.0),
    Seat("106", "鹤屿镇", 22.8, 3.4, 24_700, 13, 1.0),
    Seat("107", "望潮镇", 27.4, -10.2, 18_200, 11, 0.0),
    Seat("108", "麦坪镇", 2.2, -12.4, 26_500, 14, 0.0),
    Seat("109", "白汀镇", 16.6, -16.2, 20_900, 13, 0.0),
    Seat("201", "云栈乡", -22.8, 11.4, 9_800, 10, 0.0),
    Seat("202", "青峡乡", 14.2, 13.6, 11_300, 12, 0.0),
    Seat("203", "松岑乡", -15.8, -15.2, 12_100, 10, 0.0),
)

GRIDS = 3  # grids in a village


@dataclass(frozen=True, slots=True)
class Mosaic:
    """Places with the grid of labels they were cut from: town number 1 … 12 in a cell, 0 outside."""

    towns: list[Place]
    villages: list[Place]
    grids: list[Place]
    boundary: Polygon
    town_of_cell: NDArray[np.int32]


def settle(land: Land, wet: NDArray[np.bool_], seed: int) -> Mosaic:
    """Divide the land. Borders run where walking is hard, so they like ridges and great rivers."""
    slope = land.slope()
    x, y = np.meshgrid(land.x, land.y)
    effort = 1 + 16 * slope + 2.5 * (land.area_km2 > 500)
    effort *= 1 + 0.75 * np.clip(hills(x / 1.7, y / 1.7, seed + 401, 3, 0.7), -0.9, 1.3)
    seats = [_flat_cell(land, slope, wet, seat.x, seat.y) for seat in SEATS]
    town = _towns(land, effort, seats, seed)
    village = np.zeros_like(town)
    cells: list[tuple[int, int]] = []
    town_of: list[int] = []
    for number, seat in enumerate(SEATS, 1):
        chosen = _village_cells(land, slope, wet, town == number, seats[number - 1], seat, seed + 41 * number)
        inside = np.where(town == number, effort, CLOSED)
        cost, before = spread(inside, dict.fromkeys(chosen, 0.0))
        first = len(cells) + 1
        village += owners(before, cost, {cell: first + i for i, cell in enumerate(chosen)})
        cells += chosen
        town_of += [number] * len(chosen)
    shapes = tile(tidy(village), place_of(land), smooth=4)
    return _name(land, seats, cells, town_of, shapes, town, seed)


def _flat_cell(land: Land, slope: NDArray[np.float64], wet: NDArray[np.bool_], x: float, y: float) -> tuple[int, int]:
    """The flattest dry cell within two kilometres, low rather than high, not in the river itself."""
    row, column = land.cell(x, y)
    reach = round(2.0 / land.cell_km)
    rows, columns = slice(row - reach, row + reach + 1), slice(column - reach, column + reach + 1)
    low = (land.height[rows, columns] - land.height[rows, columns].min()) / 400
    badness = slope[rows, columns] * 4 + low + 9 * wet[rows, columns] + 3 * (land.area_km2[rows, columns] > 60)
    r, c = np.unravel_index(int(np.argmin(badness)), badness.shape)
    return rows.start + int(r), columns.start + int(c)


def _towns(land: Land, effort: NDArray[np.float64], seats: list[tuple[int, int]], seed: int) -> NDArray[np.int32]:
    """Land of each town; the neighbours of the county start from a ring around it and take the rest."""
    starts = {cell: seat.start for cell, seat in zip(seats, SEATS, strict=True)}
    label = {cell: number for number, cell in enumerate(seats, 1)}
    neighbour = len(SEATS) + 1
    for k in range(30):
        turn = 2 * np.pi * k / 30
        reach = 1.0 + 0.07 * float(even(seed, 402, k) - 0.5)
        cell = land.cell(1.0 + 40.5 * reach * np.cos(turn), -0.8 + 34.0 * reach * np.sin(turn))
        starts.setdefault(cell, 0.0)
        label.setdefault(cell, neighbour)
    cost, before = spread(effort, starts)
    town = owners(before, cost, label)
    town[town == neighbour] = 0
    town[[0, -1], :] = 0
    town[:, [0, -1]] = 0
    return tidy(town)


def _village_cells(
    land: Land,
    slope: NDArray[np.float64],
    wet: NDArray[np.bool_],
    own: NDArray[np.bool_],
    seat: tuple[int, int],
    plan: Seat,
    seed: int,
) -> list[tuple[int, int]]:
    """Where the villages of a town lie: the seat, then gentle dry places spread over its land."""
    inner = own & ~wet
    for _ in range(round(0.8 / land.cell_km)):  # not within 0.8 km of the border
        framed = np.pad(inner, 1)
        inner = inner & framed[:-2, 1:-1] & framed[2:, 1:-1] & framed[1:-1, :-2] & framed[1:-1, 2:]
    rows, columns = np.nonzero(inner)
    liking = even(seed, rows, columns) - 2.6 * slope[rows, columns] - (land.height[rows, columns] / 3000)
    order = np.argsort(-liking, kind="stable")
    apart = 0.86 * np.sqrt(own.sum() / plan.villages)
    chosen = [seat]
    while len(chosen) < plan.villages:
        for index in order.tolist():
            if len(chosen) == plan.villages:
                break
            cell = int(rows[index]), int(columns[index])
            if all((cell[0] - r) ** 2 + (cell[1] - c) ** 2 >= apart**2 for r, c in chosen):
                chosen.append(cell)
        apart *= 0.88
    return chosen


def _name(
    land: Land,
    seats: list[tuple[int, int]],
    cells: list[tuple[int, int]],
    town_of: list[int],
    shapes: dict[int, Polygon],
    town: NDArray[np.int32],
    seed: int,
) -> Mosaic:
    villages: list[Place] = []
    grids: list[Place] = []
    towns: list[Place] = []
    free = iter(village_names(seed))
    for number, plan in enumerate(SEATS, 1):
        code = COUNTY + plan.code
        members = [i for i, t in enumerate(town_of) if t == number]
        # The county town has six communities, other towns one; the rest are villages.
        streets = 6 if plan.code == "101" else 1
        share = 0.35 + even(seed, number, np.arange(len(members)))
        share[:streets] *= 5.0 if streets == 1 else 3.2
        people = np.floor(plan.population * share / share.sum()).astype(int)
        people[0] += plan.population - people.sum()
        own = []
        for place, i in enumerate(members):
            lon, lat = _lonlat(land, cells[i])
            shape = shapes[i + 1]
            if not shape.contains(shapely.Point(lon, lat)):
                inside = shape.representative_point()
                lon, lat = inside.x, inside.y
            word = next(free)
            serial = f"{place + 1:03d}" if place < streets else f"{200 + place - streets + 1}"
            name = f"{word}社区" if place < streets else f"{word}村"
            own.append(Place(code + serial, name, "village", code, shape, lon, lat, int(people[place])))
        villages += own
        for village in own:
            grids += _grids(village, seed)
        lon, lat = _lonlat(land, seats[number - 1])
        shape = shapely.union_all([v.boundary for v in own])
        towns.append(Place(code, plan.name, "town", COUNTY, shape, lon, lat, plan.population))
    boundary = shapely.union_all([t.boundary for t in towns])
    return Mosaic(towns, villages, grids, boundary, town)


def _lonlat(land: Land, cell: tuple[int, int]) -> tuple[float, float]:
    lon, lat = to_lonlat(cell[1] * land.cell_km - HALF_X, cell[0] * land.cell_km - HALF_Y)
    return round(float(lon), 6), round(float(lat), 6)


def _grids(village: Place, seed: int) -> list[Place]:
    """Three grids: the land nearest to each of three places inside the village."""
    west, south, east, north = village.boundary.bounds
    serial = int(village.code[-6:]) + int(village.code[6:9]) * 1000
    points: list[shapely.Point] = []
    for k in range(400):
        u, v = (float(even(seed, serial, k, j)) for j in (0, 1))
        point = shapely.Point(west + u * (east - west), south + v * (north - south))
        apart = 0.32 * np.sqrt(village.boundary.area)
        if village.boundary.contains(point) and all(point.distance(p) > apart * 0.99 ** (k / 8) for p in points):
            points.append(point)
        if len(points) == GRIDS:
            break
    cells = shapely.get_parts(shapely.voronoi_polygons(shapely.MultiPoint(points), extend_to=village.boundary.envelope))
    names = ("一", "二", "三")
    found = []
    for k, point in enumerate(points):
        cell = next(c for c in cells if c.contains(point))
        shape = shapely.intersection(cell, village.boundary)
        inside = point if shape.contains(point) else shape.representative_point()
        code = f"{village.code}{k + 1:03d}"
        found.append(
            Place(
                code=code,
                name=f"{village.name}第{names[k]}网格",
                level="grid",
                parent=village.code,
                boundary=shape,
                lon=round(inside.x, 6),
                lat=round(inside.y, 6),
                population=village.population // GRIDS + (k < village.population % GRIDS),
                worker=grid_worker(seed, int(code[6:])),
            )
        )
    return found
