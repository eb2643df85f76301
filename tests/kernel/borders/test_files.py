"""Boundaries and codes from files: repaired, matched, reported; nothing counts before it is put in force."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
import shapely
from django.core.files.uploadedfile import SimpleUploadedFile
from small_county import NOW, make_user, sign_in

from anlan.formats.coordinates import wgs84_to_gcj02
from anlan.kernel.audit.models import Entry
from anlan.kernel.borders import boundaries, intakes, tables
from anlan.kernel.borders.models import Intake, State
from anlan.kernel.borders.services import Refused
from anlan.kernel.regions.models import Region
from anlan.kernel.regions.services import plant

#: Recordings for tests, which stand beside the checkout.
SHARED = Path(os.environ.get("ANLAN_SHARED_DATA", Path(__file__).parents[4] / "shared" / "data"))


def shared_data(name):
    path = SHARED / name
    if not path.exists():
        pytest.skip(f"the recording {name} is not on this machine (ANLAN_SHARED_DATA)")
    return path


def collection(*features):
    made = [
        {"type": "Feature", "properties": properties, "geometry": {"type": "Polygon", "coordinates": [ring]}}
        for properties, ring in features
    ]
    return json.dumps({"type": "FeatureCollection", "features": made}).encode()


def ring(west, south, east, north):
    return [[west, south], [east, south], [east, north], [west, north], [west, south]]


def test_a_crossed_outline_is_repaired_and_the_report_says_so(county, keeper):
    eight = [[104.0, 31.5], [104.4, 31.9], [104.4, 31.5], [104.0, 31.9], [104.0, 31.5]]
    content = collection(({"adcode": 990123101}, eight), ({"name": "丹崖镇"}, ring(104.5, 31.5, 105, 32)),
                         ({"name": "无此镇"}, ring(104, 31, 104.1, 31.1)))  # fmt: skip
    found = boundaries.read(content, "t.geojson", "WGS-84", actor=keeper)
    rows = {row.number: row for row in found.rows}
    assert (rows[1].outcome, rows[1].region, len(rows[1].mended)) == ("replaced", "990123101", 1)
    assert rows[1].warnings, "half of its area is gone, which somebody should look at"
    assert rows[2].outcome == "same"
    assert rows[3].outcome == "unmatched"
    assert all(shape.is_valid for shape in found.shapes.values())


def test_a_file_in_gcj02_comes_to_lie_where_it_belongs(county, keeper):
    xs, ys = wgs84_to_gcj02([104.5, 105, 105, 104.5, 104.5], [31.5, 31.5, 32, 32, 31.5])
    content = collection(({"code": "990123102"}, [list(place) for place in zip(xs.tolist(), ys.tolist(), strict=True)]))
    plain = boundaries.read(content, "t.json", "WGS-84", actor=keeper)
    moved = boundaries.read(content, "t.json", "GCJ-02", actor=keeper)
    old = shapely.box(104.5, 31.5, 105, 32)
    off = [shapely.hausdorff_distance(next(iter(one.shapes.values())), old) for one in (plain, moved)]
    assert off[0] > 1e-3
    assert off[1] < 1e-6


def test_nothing_counts_before_it_is_put_in_force_and_then_once(county, keeper):
    content = collection(({"code": "990123102201"}, ring(104.5, 31.5, 104.8, 31.8)))
    intake = intakes.receive(
        kind="boundaries", name="t.geojson", content=content, system="WGS-84", actor=keeper, now=NOW
    )  # fmt: skip
    before = Region.objects.get(code="990123102201")
    assert before.max_lon == 104.75
    assert intakes.put_in_force(intake, on=None, actor=keeper, now=NOW) == 1
    after = Region.objects.get(code="990123102201")
    assert (after.max_lon, after.lon) == (104.8, before.lon), "its seat stays"
    entry = Entry.objects.get(verb="region.boundary")
    assert entry.after["file"] == intake.digest
    with pytest.raises(Refused):
        intakes.put_in_force(intake, on=None, actor=keeper, now=NOW)


def test_a_keeper_of_one_town_sets_no_boundary_of_another(county):
    keeper = make_user("town", "record_keeper", region=county.canglang)
    content = collection(({"code": "990123102"}, ring(104.5, 31.5, 104.8, 31.8)))
    found = boundaries.read(content, "t.geojson", "WGS-84", actor=keeper)
    assert [row.outcome for row in found.rows] == ["forbidden"]
    assert not found.shapes


def test_hostile_and_wrong_files_are_refused_in_words(county, keeper):
    for name, content in (("t.geojson", b"{"), ("t.geojson", b"PK\x03\x04zz"), ("t.exe", b"MZ"), ("t.kml", b"")):
        with pytest.raises(Refused):
            boundaries.read(content, name, "WGS-84", actor=keeper)


def test_real_boundaries_of_a_city_are_repaired(db, keeper_of_nanjing):
    path = shared_data("geo/city_320100.geojson")
    found = boundaries.read(path.read_bytes(), "city.geojson", "GCJ-02", actor=keeper_of_nanjing)
    assert len(found.shapes) == 11
    assert all(shape.is_valid for shape in found.shapes.values())
    mended = {row.name for row in found.rows if row.mended}
    assert {"高淳区", "雨花台区"} <= mended


@pytest.fixture
def keeper_of_nanjing(db):
    path = shared_data("geo/city_320100.geojson")
    rows = json.loads(path.read_text("utf-8"))["features"]
    (city, *_rest) = plant([("3201", "南京市", "city")])
    plant([(str(r["properties"]["adcode"]), r["properties"]["name"], "county", "3201") for r in rows])
    return make_user("nanjing", "record_keeper", region=city)


TABLE = """代码,名称,人口
990123101,沧浪镇,42000
990123102000,丹崖街道,23000
990123103,新镇,9000
990123103201,新村,
990123103,新镇,
99012,短,
110101001,东华门街道,
""".encode()


def test_a_table_says_what_is_new_renamed_doubled_bad_and_elsewhere(county, keeper):
    found = tables.read(TABLE, "t.csv")
    assert [(row.code, row.outcome) for row in found.rows] == [
        ("990123101", "same"), ("990123102", "renamed"), ("990123103", "new"), ("990123103201", "new"),
        ("990123103", "twice"), ("99012", "bad"),
    ]  # fmt: skip
    assert found.far == 1
    assert "990123101201 沙头村" in found.lacking


def test_a_table_in_force_plants_and_renames(county, keeper):
    intake = intakes.receive(kind="table", name="t.csv", content=TABLE, system="", actor=keeper, now=NOW)
    assert intakes.put_in_force(intake, on=None, actor=keeper, now=NOW) == 3
    village = Region.objects.get(code="990123103201")
    assert (village.path, village.level) == ("/990123/990123103/990123103201/", "village")
    danya = Region.objects.get(code="990123102")
    assert danya.name == "丹崖街道"
    assert [row.name for row in danya.former.all()] == ["丹崖镇"]


def test_the_streets_of_the_country_are_read_in_seconds(county, keeper):
    found = tables.read(shared_data("geo/gbt2260_streets.csv").read_bytes(), "streets.csv")
    assert found.far == 41_352
    with pytest.raises(Refused):
        tables.read(b"a,b\n1,2\n", "t.csv")


def test_the_pages_of_files(county, keeper, client):
    sign_in(client, keeper)
    assert client.get("/system/regions/files/").status_code == 200
    sent = SimpleUploadedFile("t.csv", TABLE)
    answer = client.post("/system/regions/files/", {"kind": "table", "file": sent})
    page = client.get(answer.headers["Location"]).content.decode()
    assert "新村" in page
    pk = Intake.objects.get().pk
    client.post(f"/system/regions/files/{pk}/drop/")
    assert Intake.objects.get().state == State.DROPPED
    assert client.post("/system/regions/files/", {"kind": "table"}).status_code == 422
