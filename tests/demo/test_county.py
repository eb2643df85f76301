"""The county: its land, places, sites and points."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
import shapely
from shapely.geometry import Point as Spot

from anlan.demo.county.build import build
from anlan.demo.county.keep import read_points, write_points
from anlan.demo.county.model import SEED
from anlan.demo.county.mosaic import tile
from anlan.demo.county.paths import owners, spread, trace
from anlan.demo.county.points import KINDS, LEAK_DETECTORS, SLIDE_GAUGE, SLIDE_STATIONS
from anlan.demo.county.relief import drain
from anlan.demo.county.sites import COUNTS, LEAK_FIRM, SLIDE_SLOPE
from anlan.formats.codes import credit_faults

KM2_PER_DEGREE2 = 94.58 * 110.88


def test_the_county_has_what_the_brief_counts(county):
    assert (len(county.towns), len(county.villages), len(county.grids)) == (12, 150, 450)
    assert (len(county.sites), len(county.points)) == (200, 312)
    assert Counter(site.kind for site in county.sites) == COUNTS
    assert Counter(point.kind for point in county.points) == {kind: what.count for kind, what in KINDS.items()}
    assert len(KINDS) == 10


def test_the_same_seed_builds_the_same_county_again(county):
    again = build.__wrapped__(SEED)
    assert np.array_equal(again.land.height, county.land.height)
    for part in ("boundary", "towns", "villages", "grids", "rivers", "lakes", "roads", "buildings"):
        assert getattr(again, part) == getattr(county, part), part
    for part in ("sites", "points", "gateways", "people", "posts", "departments"):
        assert getattr(again, part) == getattr(county, part), part


@pytest.mark.nightly
def test_another_seed_builds_another_county_that_holds_together(county):
    other = build.__wrapped__(7)
    assert not np.array_equal(other.land.height, county.land.height)
    assert other.boundary != county.boundary
    assert (len(other.sites), len(other.points), len(other.villages)) == (200, 312, 150)
    _tiles(other.boundary, [town.boundary for town in other.towns])


def _tiles(whole, parts):
    """Parts cover the whole with neither gap nor overlap, to a square metre."""
    square_metre = 1e-6 / KM2_PER_DEGREE2
    assert all(part.is_valid for part in parts)
    assert sum(part.area for part in parts) == pytest.approx(whole.area, abs=square_metre)
    assert shapely.union_all(parts).symmetric_difference(whole).area < square_metre


def test_towns_tile_the_county(county):
    assert county.boundary.geom_type == "Polygon"
    assert all(place.boundary.geom_type == "Polygon" for place in (*county.towns, *county.villages))
    assert 1800 < county.boundary.area * KM2_PER_DEGREE2 < 3400
    _tiles(county.boundary, [town.boundary for town in county.towns])


def test_villages_tile_their_town_and_grids_their_village(county):
    for town in county.towns:
        _tiles(town.boundary, [v.boundary for v in county.villages if v.parent == town.code])
    for village in county.villages[::7]:
        _tiles(village.boundary, [g.boundary for g in county.grids if g.parent == village.code])


def test_neighbouring_villages_share_every_vertex_of_their_border(county):
    shapes = np.array([village.boundary for village in county.villages])
    assert shapely.coverage_is_valid(shapes)


def test_every_place_lies_in_its_parent_and_codes_say_so(county):
    towns = {town.code: town for town in county.towns}
    villages = {village.code: village for village in county.villages}
    for village in county.villages:
        assert towns[village.parent].boundary.contains(Spot(village.lon, village.lat))
        assert village.boundary.contains(Spot(village.lon, village.lat))
        assert village.code.startswith(village.parent) and len(village.code) == 12
    for grid in county.grids:
        assert villages[grid.parent].boundary.contains(Spot(grid.lon, grid.lat))
        assert grid.code.startswith(grid.parent) and len(grid.code) == 15
        assert all(grid.worker)
    assert all(town.code.startswith("990123") and len(town.code) == 9 for town in county.towns)


def test_people_are_counted_once(county):
    for town in county.towns:
        own = [village for village in county.villages if village.parent == town.code]
        assert sum(village.population for village in own) == town.population
    assert sum(grid.population for grid in county.grids) == sum(town.population for town in county.towns)


def test_codes_and_names_are_given_once(county):
    for rows in (county.towns, county.villages, county.grids, county.sites, county.points, county.gateways):
        assert len({row.code for row in rows}) == len(rows)
    for rows in (county.villages, county.sites):
        assert len({row.name for row in rows}) == len(rows)
    assert len({person.username for person in county.people}) == len(county.people)
    assert [point.number for point in county.points] == list(range(1, 313))


def test_every_site_and_point_stands_in_its_town(county):
    towns = {town.code: town.boundary for town in county.towns}
    villages = {village.code: village.boundary for village in county.villages}
    for site in county.sites:
        assert towns[site.town].contains(Spot(site.lon, site.lat)), site
        assert villages[site.village].intersects(Spot(site.lon, site.lat)), site
    for point in county.points:
        assert towns[point.town].contains(Spot(point.lon, point.lat)), point
        site = county.site_by_code[point.site]
        assert site.town == point.town
        assert Spot(point.lon, point.lat).distance(Spot(site.lon, site.lat)) * 110 < 0.45


def test_nothing_stands_in_a_lake(county):
    water = shapely.union_all([lake.shape for lake in county.lakes])
    assert not any(water.contains(Spot(site.lon, site.lat)) for site in county.sites)
    assert not shapely.intersects(water, list(county.buildings)).any()


def test_credit_codes_have_the_check_digit_of_gb_32100(county):
    coded = [site for site in county.sites if site.credit_code]
    assert len(coded) > 100
    assert len({site.credit_code for site in coded}) == len(coded)
    for site in coded:
        code = site.credit_code
        assert code[2:8] == "990123" and credit_faults(code) == ()
    assert all(site.credit_code for site in county.sites if site.kind == "chemical")
    assert not any(site.credit_code for site in county.sites if site.kind in {"slope", "rain", "hydro"})


def test_phones_are_of_a_range_that_nobody_has(county):
    phones = (
        [p.phone for p in county.people] + [s.keeper_phone for s in county.sites] + [g.worker[1] for g in county.grids]
    )
    assert all(len(phone) == 11 and phone.startswith("1900000") and phone.isdigit() for phone in phones)


def test_rivers_run_downhill_and_meet(county):
    named = {river.name for river in county.rivers if river.name}
    assert {"安澜河", "汀溪", "青峡水", "松岑溪", "鹤水"} <= named
    for river in county.rivers:
        assert len(river.bed_m) == len(river.line.coords)
        assert np.all(np.diff(river.bed_m) <= 0), river.name
    main = [river for river in county.rivers if river.name == "安澜河"]
    assert all(river.width == 4 for river in main)
    assert main[0].bed_m[0] - main[-1].bed_m[-1] > 80


def test_all_water_leaves_the_land(county):
    land = county.land
    _, receiver, area = drain(land.filled, land.cell_km)
    index = np.arange(receiver.size)
    inside = np.zeros(land.height.shape, bool)
    inside[1:-1, 1:-1] = True
    assert np.all(receiver[inside.ravel()] != index[inside.ravel()])
    assert area.max() > 2600


def test_a_lake_lies_level_behind_its_dam(county):
    land = county.land
    for lake in county.lakes:
        west, south, east, north = lake.shape.buffer(-0.002).bounds
        middle = lake.shape.buffer(-0.003).representative_point()
        x, y = (middle.x - 104.6) * 94.58, (middle.y - 31.9) * 110.88
        assert land.height_at(x, y) == pytest.approx(lake.level_m, abs=0.1), lake.name
        assert 0.8 < lake.shape.area * KM2_PER_DEGREE2 < 10
        assert west < east and south < north


def test_roads_join_all_towns_without_a_break(county):
    ends = Counter()
    joined: dict = {}

    def root(a):
        while joined.setdefault(a, a) != a:
            a = joined[a]
        return a

    for road in county.roads:
        a, b = road.line.coords[0], road.line.coords[-1]
        ends.update((a, b))
        joined[root(a)] = root(b)
    assert len({root(end) for end in list(joined)}) == 1
    assert {"S97", "S317", "X101"} <= {road.number for road in county.roads}
    for town in county.towns:
        assert any(road.rank <= 3 and road.line.intersects(town.boundary) for road in county.roads), town.name


def test_the_places_of_the_scenarios_are_there(county):
    firm = county.site_by_code[LEAK_FIRM]
    assert firm.name == "澜润化工仓储有限公司" and firm.town == "990123102"
    assert "经二路6号" in firm.address
    assert county.site_by_code[SLIDE_SLOPE].town == "990123201"
    codes = county.point_by_code
    assert all(codes[code].site == LEAK_FIRM for code in (*LEAK_DETECTORS, "LT-2031", "TT-2031"))
    assert all(codes[code].site == SLIDE_SLOPE for code in (*SLIDE_STATIONS, SLIDE_GAUGE))
    assert sum(site.kind == "tailings" and site.town == "990123103" for site in county.sites) == 2


def test_derived_points_stand_on_points_of_the_county_or_on_each_other_in_order(county):
    known = set(county.point_by_code)
    for one in county.derived:
        assert one.code not in known
        assert one.inputs and known.issuperset(one.inputs), one
        known.add(one.code)
    assert {one.function for one in county.derived} == {
        "velocity", "tangent_angle", "failure_time", "effective_rain", "discharge", "sum",
    }  # fmt: skip


def test_posts_are_held_by_people_of_the_county(county):
    people = {person.username: person for person in county.people}
    departments = {department.code for department in county.departments}
    assert all(person.department in departments for person in county.people)
    assert all(d.parent in departments for d in county.departments if d.parent)
    for post in county.posts:
        assert post.holder in people and post.department in departments
    for town in county.towns:
        slots = {p.slot for p in county.posts if p.region == town.code and p.duty == "information_officer"}
        assert slots == {"A", "B"}
    regions = {"990123"} | {place.code for place in (*county.towns, *county.villages)}
    assert {post.region for post in county.posts} <= regions
    assert {person.region for person in county.people} <= regions


def test_points_come_back_from_their_file(county, tmp_path):
    path = tmp_path / "points.json"
    write_points(county.points, path)
    assert read_points(path) == county.points
    path.write_text('[{"number": 1}]')
    with pytest.raises(ValueError, match="build the county again"):
        read_points(path)


def test_a_point_is_frozen(county):
    moved = replace(county.points[0], lon=0.0)
    assert moved != county.points[0]
    with pytest.raises(AttributeError):
        county.points[0].lon = 0.0


# --- the tools ----------------------------------------------------------------------------------------------------


def test_the_cheapest_way_goes_round_a_wall():
    cost = np.ones((5, 7))
    cost[:4, 3] = np.inf
    price, before = spread(cost, {(0, 0): 0.0})
    way = trace(before, (0, 6))
    assert way[0] == (0, 0) and way[-1] == (0, 6)
    assert (4, 3) in way
    # Three diagonals and a step down to the gap, the same up again, and never through the wall.
    assert price[0, 6] == pytest.approx(2 * (3 * 2**0.5 + 1))
    assert trace(spread(np.full((2, 2), 1.0), {(0, 0): 0.0}, [(0, 0)])[1], (1, 1)) == []


def test_land_belongs_to_the_nearer_start():
    cost = np.ones((1, 9))
    price, before = spread(cost, {(0, 0): 0.0, (0, 8): 2.0})
    assert owners(before, price, {(0, 0): 1, (0, 8): 2})[0, [0, 3, 6, 8]].tolist() == [1, 1, 2, 2]
    assert price[0].tolist() == [0, 1, 2, 3, 4, 5, 4, 3, 2]


def test_tiles_of_a_checked_grid_share_their_borders():
    label = np.kron(np.array([[1, 2], [3, 1]], np.int32), np.ones((6, 6), np.int32))
    label[:6, 6:] = 2
    label[6:, 6:] = 4
    shapes = tile(label, lambda corners: corners[:, ::-1] * 0.01)
    assert sorted(shapes) == [1, 2, 3, 4]
    assert shapely.coverage_is_valid(np.array(list(shapes.values())))
    assert sum(shape.area for shape in shapes.values()) == pytest.approx(shapely.union_all(list(shapes.values())).area)
