"""Which region a place lies in, against brute force; the tree kept by a number; boundaries thinned for a zoom."""

from __future__ import annotations

import random
from datetime import date

import pytest
import shapely
from small_county import plant_county

from anlan.kernel.regions import queries
from anlan.kernel.regions.models import Former, Region, TreeState, Turn
from anlan.kernel.regions.services import Planting, plant

pytestmark = pytest.mark.django_db


def ragged(count: int, seed: int) -> list[shapely.Polygon]:
    """A coverage of `count` cells with crooked borders over the box 104..105 by 31..32."""
    chance = random.Random(seed)
    seeds = shapely.MultiPoint([(104 + chance.random(), 31 + chance.random()) for _ in range(count)])
    box = shapely.box(104, 31, 105, 32)
    cells = shapely.voronoi_polygons(seeds, extend_to=box)
    return [part for cell in cells.geoms if (part := cell.intersection(box)).area > 0]


def stepped(count: int, seed: int, side: int = 80) -> list[shapely.Polygon]:
    """The same with borders of small steps, as surveyed ones have more turns than a map shows."""
    cells: dict[int, list[shapely.Polygon]] = {}
    towns = ragged(count, seed)
    for x in range(side):
        for y in range(side):
            west, south = 104 + x / side, 31 + y / side
            middle = shapely.Point(west + 0.5 / side, south + 0.5 / side)
            town = next(n for n, shape in enumerate(towns) if shape.intersects(middle))
            cells.setdefault(town, []).append(shapely.box(west, south, 104 + (x + 1) / side, 31 + (y + 1) / side))
    return [shapely.union_all(some) for some in cells.values()]


def test_a_place_is_found_as_brute_force_finds_it():
    towns = ragged(40, 1)
    plant([Planting("990123", "县", "county", None, shapely.box(104, 31, 105, 32))])
    plant([Planting(f"990123{n:03d}", f"镇{n}", "town", "990123", shape) for n, shape in enumerate(towns)])
    chance = random.Random(2)
    places = [(103.9 + 1.2 * chance.random(), 30.9 + 1.2 * chance.random()) for _ in range(500)]
    places += [tuple(town.exterior.coords[0]) for town in towns[:10]]  # corners that several share
    for lon, lat in places:
        place = shapely.Point(lon, lat)
        hits = [f"990123{n:03d}" for n, shape in enumerate(towns) if shape.intersects(place)]
        inside = "990123" if shapely.box(104, 31, 105, 32).intersects(place) else None
        expected = min(hits) if hits else inside
        found = queries.node_at(lon, lat)
        assert (found.code if found else None) == expected


def test_the_tree_stays_while_its_number_stands(django_assert_num_queries, monkeypatch):
    plant_county()
    queries.node_at(104.05, 31.55)
    kept = queries.tree()
    monkeypatch.setattr(queries, "FRESH_S", 0.0)
    with django_assert_num_queries(1):
        assert queries.tree() is kept, "only the number is compared"
    with django_assert_num_queries(1):
        queries.node_at(104.05, 31.55)
    TreeState.objects.filter(pk=1).update(number=4711)  # as another process does
    assert queries.tree() is not kept


def test_an_old_code_leads_to_the_place_that_stands_for_it_and_means_what_it_meant_then():
    county = plant_county()
    Former.objects.create(
        region=county.canglang, code="990123150", name="旧沧镇", path="/990123/990123150/", turn=Turn.MERGED,
        since=date(2001, 1, 1), until=date(2020, 5, 1),
    )  # fmt: skip
    assert queries.resolve("990123150").code == "990123101"
    assert queries.resolve("990123150", date(2010, 1, 1)).code == "990123101"
    assert queries.resolve("990123150", date(2020, 5, 1)) is None, "given up on that day"
    assert queries.resolve("990123150", date(2000, 12, 31)) is None, "not yet given"
    assert queries.former_paths([county.canglang.path]) == ["/990123/990123150/"]
    assert queries.former_paths([county.danya.path]) == []


def test_thinned_boundaries_keep_their_borders_in_common():
    wavy = stepped(12, 3)
    plant([Planting("990123", "县", "county")])
    plant([Planting(f"990123{n:03d}", f"镇{n}", "town", "990123", shape) for n, shape in enumerate(wavy)])
    rough, fine = queries.thinned("town", 5), queries.thinned("town", 18)
    count = lambda shapes: sum(shapely.get_num_coordinates(list(shapes.values())))  # noqa: E731
    assert count(rough) < count(fine) / 3
    assert shapely.coverage_is_valid(list(rough.values()))
    for pk, shape in rough.items():
        whole = shapely.from_wkb(bytes(Region.objects.get(pk=pk).boundary))
        assert shapely.hausdorff_distance(shape, whole) < 0.03
    assert queries.thinned("town", 5) is rough, "kept while the tree stands"
