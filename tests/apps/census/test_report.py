"""Completeness and quality of the census by town and table; its pages, its layer, the circle with people."""

from __future__ import annotations

import json

import h3
import pytest
from census_world import FIRST
from small_county import NOW, make_user, sign_in

from anlan.apps.census.declarations import BUILDINGS, CAPACITIES, EVENTS
from anlan.apps.census.queries.report import TABLES, report
from anlan.apps.census.shape import faults
from anlan.kernel.people.services import system_user
from anlan.kernel.registers import services
from anlan.kernel.rulebook.models import Entry

pytestmark = pytest.mark.django_db

FULL = {
    "use": "home", "structure": "brick", "storeys": 3, "built": 1990, "floor_area": 300.0, "people_night": 20,
    "quake_proof": True,
}  # fmt: skip


def building(**more):
    row = {"name": "House", "region": "990123101201", **FULL, **more}
    return services.create(BUILDINGS, row, actor=system_user("tests"), now=NOW)


def score(actor, table, town="990123101"):
    line = next(line for line in report(actor, NOW) if line.code == town)
    return line.scores[TABLES.index(table)]


def test_a_table_without_rows_has_no_score(keeper):
    found = score(keeper, "building")
    assert (found.records, found.complete, found.quality) == (0, None, None)
    assert score(keeper, "grid").note


def test_completeness_is_the_share_of_expected_values(keeper):
    building()
    building(structure="", built=None)
    found = score(keeper, "building")
    assert found.records == 2
    assert found.complete == pytest.approx(12 / 14)
    assert dict(found.missing) and sum(n for _label, n in found.missing) == 2
    assert found.quality == pytest.approx(85.7)


@pytest.mark.parametrize(
    ("values", "doubtful"),
    [
        ({"storeys": 61}, 1), ({"storeys": 60}, 0), ({"built": 1849}, 1),
        ({"floor_area": 300.0, "people_night": 76}, 1), ({"built": None}, 0),
        ({"floor_area": 300.0, "people_night": 75}, 0), ({"floor_area": 300.0, "people_night": 0}, 0),
    ],
)  # fmt: skip
def test_values_that_cannot_be_right_are_doubtful_at_their_bound(keeper, values, doubtful):
    building(**values)
    assert score(keeper, "building").doubtful == doubtful


def test_an_old_capacity_counts_as_missing(keeper):
    for year in (2020, 2025):
        row = {"name": f"Canglang {year}", "region": "990123101", "year": year, "drills": 2}
        services.create(CAPACITIES, row, actor=system_user("tests"), now=NOW)
    assert score(keeper, "town-capacity").records == 1


def test_the_grid_is_held_against_residents_and_area(keeper, grid):
    found = score(keeper, "grid")
    assert found.records == 2
    assert len(found.doubts) == 2, "140 people of 42,000 residents, two cells of a whole town"


def test_S1_a_town_sees_its_own_line(grid, county):
    town = make_user("danya", "town_officer", region=county.danya)
    assert [line.code for line in report(town, NOW)] == ["990123102"]


def test_the_pages_show_it(client, keeper, grid):
    building(storeys=99)
    services.create(EVENTS, {"name": "Flood", "hazard": "flood", "began_on": "2020-07-01", "region": "990123101"},
                    actor=system_user("tests"), now=NOW)  # fmt: skip
    sign_in(client, keeper)
    html = client.get("/census/").content.decode()
    assert "沧浪镇" in html
    assert "Survey" in html
    html = client.get("/census/report/990123101/").content.decode()
    assert "region=990123101" in html
    assert client.get("/census/report/990999999/").status_code == 404
    assert "Survey" in client.get("/census/editions/").content.decode()
    assert client.get("/census/report.xlsx").content.startswith(b"PK")
    csv = b"".join(client.get("/census/report.csv").streaming_content).decode("utf-8-sig")
    assert csv.count("\r\n") == 1 + 2 * len(TABLES)
    assert client.get("/census/report.pdf").status_code == 404


def test_S2_without_the_verb_the_census_is_not_there(client, county):
    sign_in(client, make_user("firm", "enterprise", region=county.county))
    for path in ("/census/", "/census/editions/", "/census/report.csv", "/census/take/grid/"):
        assert client.get(path).status_code == 404


def test_the_circle_counts_people_by_day_and_night_from_the_grid(client, keeper, grid):
    sign_in(client, keeper)
    lat, lon = h3.cell_to_latlng(FIRST)
    body = json.loads(client.get("/layers/around/", {"lon": lon, "lat": lat, "r": 1000}).content)
    assert (body["people"]["night"], body["people"]["day"]) == (140, 70)
    assert body["people"]["as_of"] == "2025-12-31"


def test_what_the_circle_found_is_exported_and_printed(client, keeper, grid):
    services.create(EVENTS, {"name": "=Flood", "hazard": "flood", "began_on": "2020-07-01", "region": "990123101",
                             "lon": 104.1, "lat": 31.6, "grade": 2}, actor=system_user("tests"), now=NOW)  # fmt: skip
    sign_in(client, keeper)
    where = {"lon": 104.1, "lat": 31.6, "r": 1000}
    assert client.get("/layers/around/export.xlsx", where).content.startswith(b"PK")
    csv = b"".join(client.get("/layers/around/export.csv", where).streaming_content).decode("utf-8-sig")
    assert "'=Flood" in csv, "nothing that a spreadsheet runs"
    html = client.get("/layers/around/print/", where).content.decode()
    assert "=Flood" in html
    assert client.get("/layers/around/export.csv").status_code == 400
    from anlan.kernel.audit.models import Entry as Trail

    assert Trail.objects.filter(verb="map.around.export").count() == 2


def test_the_grid_is_drawn_as_areas_of_the_viewers_regions(client, keeper, grid, county):
    from anlan.formats import mvt

    sign_in(client, keeper)
    (x,), (y,) = mvt.tiles_of([104.1], [31.6], 12)
    path = f"/map/tiles/census-grid/12/{x}/{y}.mvt"
    assert client.get(path)["X-Anlan-Features"] == "2/2"
    card = client.get(f"/layers/census-grid/{FIRST}/card/").content.decode()
    assert "100" in card
    sign_in(client, make_user("danya", "town_officer", region=county.danya))
    assert client.get(path).content == b""
    assert client.get(f"/layers/census-grid/{FIRST}/card/").status_code == 404


def test_the_shipped_rules_have_the_right_shape():
    entries = list(Entry.objects.filter(kind="census"))
    assert {entry.code for entry in entries} == set(TABLES)
    assert [fault for entry in entries for fault in faults(entry.body)] == []
    assert faults({"expected": [3], "checks": [{"field": "a", "title": "", "title_zh": "x"}]})
