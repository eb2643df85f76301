"""Vector tiles of a register and the map of a list: what they show, to whom, and when they are made anew."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import shapely
from django.db import connection
from django.test.utils import CaptureQueriesContext
from small_county import NOW, make_user, sign_in

from anlan.apps.census.declarations import BUILDINGS, EVENTS
from anlan.apps.sites.declarations import ENTERPRISES
from anlan.formats import mvt
from anlan.kernel.people.services import system_user
from anlan.kernel.registers import selecting, services, tiles
from anlan.kernel.registers.declarations import Marks

sys.path.insert(0, str(Path(__file__).parents[2] / "formats"))
from reading_tiles import read

pytestmark = pytest.mark.django_db

MARKS = Marks(group="Subjects", icons={"": "enterprise", "chemical": "factory"}, field="kind")


def tile_at(lon: float, lat: float, z: int) -> mvt.Tile:
    (x,), (y,) = mvt.tiles_of([lon], [lat], z)
    return mvt.Tile(z, int(x), int(y))


def drawn(keeper, at, params=None, marks=MARKS, hidden=frozenset()):
    asked = selecting.question(ENTERPRISES, keeper, params or {}, NOW)
    made = tiles.tile(ENTERPRISES, asked, at, marks, hidden=hidden)
    return made, read(made.body)


def features(layer):
    return [feature.attributes for feature in layer.features]


def test_a_tile_shows_the_records_with_title_level_and_icon(keeper, sites):
    at = tile_at(104.1, 31.6, 13)
    made, layers = drawn(keeper, at)
    (one,) = features(layers["marks"])
    pk = sites["S-1"].pk
    assert one == {"title": "澜润化工仓储有限公司", "level": 2, "icon": "factory", "id": pk}
    assert features(layers["about"]) == [{"total": 1, "shown": 1, "left_out": 0}]
    assert (made.total, made.shown) == (1, 1)


def test_the_filter_of_the_list_and_the_legend_decide_what_is_drawn(keeper, sites):
    at = tile_at(104.1, 31.6, 13)
    assert drawn(keeper, at, {"kind": "filling"})[0].body == b""
    assert drawn(keeper, at, hidden=frozenset({"2"}))[0].body == b""
    assert drawn(keeper, at, hidden=frozenset({"3"}))[0].total == 1


def test_S1_a_tile_holds_only_what_the_viewer_may_see(county, sites):
    there = tile_at(104.1, 31.6, 13)
    town = make_user("danya", "town_officer", region=county.danya)
    assert drawn(town, there)[0].body == b""


def test_many_records_on_one_spot_become_a_heap_until_the_map_is_close(keeper, county):
    tests = system_user("tests")
    for number in range(7):
        row = {"name": f"Store {number}", "kind": "warehouse", "region": "990123101201", "risk": 4 - number % 3,
               "lon": 104.2 + number * 1e-5, "lat": 31.7}  # fmt: skip
        services.create(ENTERPRISES, row, actor=tests, now=NOW)
    _made, layers = drawn(keeper, tile_at(104.2, 31.7, 9))
    assert features(layers["heaps"]) == [{"count": 7, "level": 2}]
    assert "marks" not in layers
    _made, layers = drawn(keeper, tile_at(104.2, 31.7, 13))
    assert "heaps" not in layers
    assert len(layers["marks"].features) == 7


def test_a_tile_with_too_many_shows_the_gravest_and_says_how_many_it_left_out(keeper, sites, monkeypatch):
    monkeypatch.setattr(tiles, "MOST", 1)
    monkeypatch.setattr(tiles, "HEAP_FROM", 99)
    made, layers = drawn(keeper, tile_at(104.1, 31.6, 4))
    assert [one["title"] for one in features(layers["marks"])] == ["澜润化工仓储有限公司"]
    assert features(layers["about"])[0] == {"total": 2, "shown": 1, "left_out": 1}
    assert (made.total, made.shown) == (2, 1)


def test_outlines_are_drawn_where_the_declaration_asks_for_them(keeper, county):
    tests = system_user("tests")
    outline = shapely.to_wkb(shapely.box(104.2, 31.6, 104.21, 31.61))
    row = {"name": "Hall", "region": county.shatou, "lon": 104.205, "lat": 31.605, "outline": outline, "weakness": 1}
    batch = services.start_batch(BUILDINGS, title="B", actor=tests, now=NOW)
    services.stage(batch, new=[row], actor=tests, now=NOW)
    services.publish(batch, actor=tests, now=NOW)
    asked = selecting.question(BUILDINGS, keeper, {}, NOW)
    layers = read(tiles.tile(BUILDINGS, asked, tile_at(104.205, 31.605, 13), BUILDINGS.marks).body)
    (area,) = features(layers["areas"])
    assert (area["title"], area["level"]) == ("Hall", 1)


def test_a_tile_is_kept_until_the_register_changes(client, keeper, sites):
    sign_in(client, keeper)
    at = tile_at(104.1, 31.6, 13)
    path = f"/map/tiles/enterprise/{at.z}/{at.x}/{at.y}.mvt"
    first = client.get(path)
    assert first.status_code == 200
    assert first["X-Anlan-Features"] == "1/1"
    assert client.get(path, headers={"If-None-Match": first["ETag"]}).status_code == 304
    with CaptureQueriesContext(connection) as asked:
        client.get(path)
    assert not [one for one in asked.captured_queries if "sites_enterprise" in one["sql"]], "from memory"
    services.change(ENTERPRISES, sites["S-1"], {"risk": 1}, actor=system_user("tests"), now=NOW)
    again = client.get(path, headers={"If-None-Match": first["ETag"]})
    assert again.status_code == 200
    assert again["ETag"] != first["ETag"]


@pytest.mark.parametrize(
    "path", ["/map/tiles/nowhere/8/1/1.mvt", "/map/tiles/enterprise/2/9/0.mvt", "/map/tiles/enterprise/17/1/1.mvt"]
)
def test_a_tile_that_there_is_not_is_not_found(client, keeper, sites, path):
    sign_in(client, keeper)
    assert client.get(path).status_code == 404


class TestTheMapOfAList:
    @pytest.fixture
    def events(self, county):
        rows = (
            {"name": "Flood A", "hazard": "flood", "began_on": "2020-07-01", "lon": 104.1, "lat": 31.6, "grade": 2},
            {"name": "Slide B", "hazard": "slide", "began_on": "2021-07-01", "lon": 104.3, "lat": 31.7},
            {"name": "Slide C", "hazard": "slide", "began_on": "2021-07-01"},
        )
        tests = system_user("tests")
        return [services.create(EVENTS, {"region": "990123101201", **row}, actor=tests, now=NOW) for row in rows]

    def test_the_filter_goes_along_from_list_to_map_and_back(self, client, keeper, events):
        sign_in(client, keeper)
        html = client.get("/registers/disaster-event/", {"hazard": "slide"}).content.decode()
        assert "/registers/disaster-event/-/map/?hazard=slide" in html
        html = client.get("/registers/disaster-event/-/map/", {"hazard": "slide"}).content.decode()
        assert 'data-query="hazard=slide"' in html
        assert 'data-extent="104.3,31.7,104.3,31.7"' in html
        assert 'href="/registers/disaster-event/?hazard=slide"' in html
        assert "place=none" in html, "one of them has no place"

    def test_its_tiles_hold_what_the_filter_finds(self, client, keeper, events):
        sign_in(client, keeper)
        at = tile_at(104.3, 31.7, 10)
        path = f"/registers/disaster-event/-/tiles/{at.z}/{at.x}/{at.y}.mvt"
        assert [one["title"] for one in features(read(client.get(path, {"hazard": "slide"}).content)["marks"])] == [
            "Slide B"
        ]
        assert client.get(path, {"hazard": "quake"}).content == b""

    def test_a_click_shows_the_record_in_short(self, client, keeper, events):
        sign_in(client, keeper)
        html = client.get(f"/registers/disaster-event/-/spot/{events[0].pk}/").content.decode()
        assert "Flood A" in html
        assert "2020-07-01" in html
        assert client.get("/registers/disaster-event/-/spot/999999/").status_code == 404

    def test_a_register_that_is_not_drawn_has_no_map(self, client, keeper, county):
        sign_in(client, keeper)
        assert client.get("/registers/town-capacity/-/map/").status_code == 404
