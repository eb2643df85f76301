"""Map files: features with valid geometry, everything that was mended or is to be asked told by its feature."""

from __future__ import annotations

import gzip
import json
import xml.etree.ElementTree as ET

import numpy as np
import pytest
import shapefile
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import shape

from anlan.formats.coordinates import GCJ02, from_wgs84, wgs84_to_gcj02
from anlan.formats.faults import Refused
from anlan.formats.geofiles.drafts import Draft
from anlan.formats.geofiles.limited import open_features
from anlan.formats.geofiles.limits import Limits
from anlan.formats.geofiles.mending import mended
from anlan.formats.geofiles.placing import moved, turned
from anlan.formats.geofiles.systems import system_of
from anlan.formats.geofiles.writing import geojson_pieces
from tests.formats.mapfiles import (
    BEIJING,
    BOX,
    SQUARE,
    WGS84,
    ZONE_40,
    archive,
    area,
    collection,
    feature,
    kml,
    layer,
    placemark,
    read,
    recording,
)

HOLE = [[118.25, 31.25], [118.25, 31.35], [118.35, 31.35], [118.35, 31.25], [118.25, 31.25]]
BOW_TIE = [[118.2, 31.2], [118.4, 31.4], [118.4, 31.2], [118.2, 31.4], [118.2, 31.2]]


def only(features):
    assert len(features.features) == 1
    return features.features[0]


def codes(thing) -> list[str]:
    return [fault.code for fault in thing.faults]


def notes(features) -> list[str]:
    return [note.code for note in features.notes]


# What is read


def test_geojson_gives_features_with_their_place_in_the_file(tmp_path):
    data = collection(feature("Point", [118.5, 31.5], 名称="甲", 人数=3), feature("LineString", SQUARE[:3]))
    found = read(data, tmp_path)
    first, second = found.features
    assert (first.number, first.properties, first.geometry) == (
        1,
        {"名称": "甲", "人数": 3},
        shapely.Point(118.5, 31.5),
    )
    assert second.geometry.geom_type == "LineString" and found.faults() == () and found.kind == "geojson"


@pytest.mark.parametrize(
    ("whole", "kind"),
    [
        (
            {"type": "Feature", "id": 7, "geometry": {"type": "Point", "coordinates": [1, 2]}, "properties": None},
            "Point",
        ),
        ({"type": "MultiPoint", "coordinates": [[1, 2], [3, 4]]}, "MultiPoint"),
        ({"type": "MultiLineString", "coordinates": [SQUARE[:2]]}, "MultiLineString"),
        ({"type": "MultiPolygon", "coordinates": [[SQUARE]]}, "MultiPolygon"),
        ({"type": "GeometryCollection", "geometries": [{"type": "Polygon", "coordinates": [SQUARE]}]}, "MultiPolygon"),
    ],
)
def test_a_bare_feature_or_geometry_is_a_file_of_one(tmp_path, whole, kind):
    assert only(read(json.dumps(whole).encode(), tmp_path)).geometry.geom_type == kind


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_geojson_may_begin_with_a_mark(tmp_path, encoding):
    data = collection(feature("Point", [118.5, 31.5], 名称="甲")).decode().encode(encoding)
    assert only(read(data, tmp_path, "a.json")).properties == {"名称": "甲"}


def test_kml_gives_placemarks_with_folders_and_data(tmp_path):
    said = (
        "<description><![CDATA[<b>大</b>]]></description>"
        '<ExtendedData><Data name="人数"><value>300</value></Data>'
        '<SchemaData><SimpleData name="级别">二</SimpleData></SchemaData></ExtendedData>'
    )
    inside = (
        "<name>台账</name><Folder><name>避难场所</name>"
        + placemark("<Point><coordinates>118.5,31.5,12</coordinates></Point>", "学校", said)
        + "</Folder><Folder><name>线</name><Folder><name>河</name>"
        + placemark("<LineString><coordinates>\n118.1, 31.1 118.2,31.2\t118.3 ,31.3,0\n</coordinates></LineString>")
        + "</Folder></Folder>"
    )  # fmt: skip
    found = read(kml(inside), tmp_path, "a.kml")
    school, river = found.features
    assert school.place == "台账/避难场所" and river.place == "台账/线/河" and found.kind == "kml"
    assert school.properties == {"name": "学校", "description": "<b>大</b>", "人数": "300", "级别": "二"}
    assert school.geometry == shapely.Point(118.5, 31.5) and len(river.geometry.coords) == 3
    assert notes(found) == ["heights_dropped"] and found.system == "WGS-84"


def test_kml_areas_have_holes_and_collections_many_parts(tmp_path):
    ring = "<LinearRing><coordinates>{}</coordinates></LinearRing>"
    said = [" ".join(f"{x},{y}" for x, y in places) for places in (SQUARE, HOLE)]
    polygon = (
        f"<Polygon><innerBoundaryIs>{ring.format(said[1])}</innerBoundaryIs>"
        f"<outerBoundaryIs>{ring.format(said[0])}</outerBoundaryIs></Polygon>"
    )
    found = only(read(kml(placemark(f"<MultiGeometry>{polygon}</MultiGeometry>")), tmp_path, "a.kml")).geometry
    assert found.geom_type == "MultiPolygon" and found.area == pytest.approx(0.04 - 0.01)


@pytest.mark.parametrize("encoding", ["GB2312", "gbk", "GB18030", "UTF-8", "utf-16"])
def test_kml_in_an_encoding_of_this_country_is_read(tmp_path, encoding):
    head = f'<?xml version="1.0" encoding="{encoding}"?>\n'
    data = kml(placemark("<Point><coordinates>118.2,31.2</coordinates></Point>", "滑坡点"), head=head)
    found = read(data.decode().encode(encoding), tmp_path, "a.kml")
    assert [one.properties["name"] for one in found.features] == ["滑坡点"]


def test_kmz_is_the_document_in_an_archive(tmp_path):
    point = placemark("<Point><coordinates>118.5,31.5</coordinates></Point>")
    data = archive({"files/other.kml": kml(""), "doc.kml": kml(point), "files/a.png": b"\x89PNG"}, stem="")
    assert only(read(data, tmp_path, "a.kmz")).properties == {"name": "甲"}


@pytest.mark.parametrize(
    ("encoding", "said"), [("utf-8", b"UTF-8"), ("gbk", b"GBK"), ("gbk", b""), ("utf-8", b""), ("gb18030", b"936")]
)
def test_a_shapefile_gives_features_whatever_its_encoding(tmp_path, encoding, said):
    parts = layer([(118.5, 31.5), None], rows=[("安澜化工", 12), ("鹤水油站", 3)], encoding=encoding)
    found = read(archive(parts | {"prj": WGS84.encode(), "cpg": said}), tmp_path, "a.zip")
    first, second = found.features
    assert first.properties == {"名称": "安澜化工", "人数": 12} and first.geometry == shapely.Point(118.5, 31.5)
    assert second.geometry is None and codes(second) == ["no_geometry"]
    assert found.system == "WGS-84" and notes(found) == ["stated_system"] and found.kind == "shp"


def test_rings_of_a_shapefile_are_sorted_into_outlines_and_holes(tmp_path):
    outline = [list(reversed(SQUARE))]
    island = [[118.28, 31.28], [118.28, 31.3], [118.3, 31.3], [118.3, 31.28], [118.28, 31.28]]
    parts = layer(
        [{"type": "MultiPolygon", "coordinates": [[*outline, list(reversed(HOLE))], [island]]}], shapefile.POLYGON
    )
    found = only(read(archive(parts), tmp_path, "a.zip"))
    assert found.geometry.area == pytest.approx(0.04 - 0.01 + 0.0004) and found.faults == ()
    assert len(found.geometry.geoms) == 2


def test_one_of_several_layers_is_asked_for(tmp_path):
    both = {f"{name}.{ending}": part for name in "甲乙" for ending, part in layer([(118.5, 31.5)]).items()}
    with pytest.raises(Refused) as refused:
        read(archive(both, stem=""), tmp_path, "a.zip")
    assert refused.value.fault.why == {"layers": ("乙", "甲")}
    assert only(read(archive(both, stem=""), tmp_path, "a.zip", layer="甲")).number == 1


def test_texts_that_were_cut_in_the_middle_of_a_sign_are_told(tmp_path):
    parts = layer([(118.5, 31.5)], fields=[("a", "C", 3)], rows=[("ab",)])
    parts["dbf"] = parts["dbf"].replace(b"ab ", b"\xe4\xb8\xad").replace(b"\xe4\xb8\xad", b"a\xe4\xb8")
    found = read(archive(parts | {"cpg": b"UTF-8"}), tmp_path, "a.zip")
    assert notes(found) == ["text_damaged"]


def test_a_table_with_another_number_of_rows_is_told(tmp_path):
    parts = layer([(118.5, 31.5), (118.6, 31.6)])
    parts["dbf"] = layer([(118.5, 31.5)])["dbf"]
    found = read(archive(parts), tmp_path, "a.zip")
    assert notes(found) == ["wrong_count"] and found.features[1].properties == {}


# What is mended


@pytest.mark.parametrize(
    ("rings", "expected", "share"),
    [
        ([SQUARE], [], 1),
        ([SQUARE[:-1]], ["ring_closed"], 1),
        ([SQUARE[::-1]], ["ring_turned"], 1),
        ([SQUARE, HOLE[::-1]], ["ring_turned"], 0.75),
        ([SQUARE[:2] + SQUARE[1:]], ["duplicate_points"], 1),
        ([BOW_TIE], ["crossed"], 0.5),
        ([SQUARE, HOLE], [], 0.75),
        ([SQUARE, [[118.7, 31.7], [118.7, 31.8], [118.8, 31.8], [118.7, 31.7]]], ["hole_outside"], 1),
        ([SQUARE, HOLE, [[x / 2 + 59.15, y / 2 + 15.65] for x, y in HOLE]], ["overlapping_parts"], 0.75),
        ([SQUARE, SQUARE[:1] * 4], ["duplicate_points", "ring_dropped"], 1),
        ([[*SQUARE[:3], [118.4, 31.2], [118.4, 31.4], *SQUARE[3:]]], ["crossed"], 1),
        ([[*SQUARE[:2], [118.3, 31.3], *SQUARE[2:4], [118.3, 31.3], SQUARE[0]]], ["touching"], 0.5),
        ([SQUARE, [[118.3, 31.3], [118.5, 31.3], [118.5, 31.35], [118.3, 31.35], [118.3, 31.3]]], ["crossed"], 0.875),
    ],
)
def test_an_outline_is_mended_and_says_how(tmp_path, rings, expected, share):
    found = only(read(area(*rings), tmp_path))
    assert codes(found) == expected
    assert found.geometry.is_valid and found.geometry.area == pytest.approx(0.04 * share)
    assert all(fault.where == "1" for fault in found.faults)
    assert all(part.exterior.is_ccw for part in shapely.get_parts(found.geometry))


@pytest.mark.parametrize(
    ("kind", "coordinates", "expected"),
    [
        ("Polygon", [SQUARE[:1] * 5], ["duplicate_points", "ring_dropped", "zero_area"]),
        ("Polygon", [[[118, 31], [118.5, 31.5], [119, 32], [118, 31]]], ["zero_area"]),
        ("Polygon", [], ["zero_area"]),
        ("Polygon", [[]], ["ring_dropped", "zero_area"]),
        ("MultiPolygon", [], ["empty_geometry"]),
        ("LineString", [], ["zero_length"]),
        ("LineString", [[118, 31], [118, 31]], ["duplicate_points", "zero_length"]),
        ("Point", [], ["empty_geometry"]),
        ("Point", [None, None], ["bad_geometry"]),
        ("Point", [118], ["bad_geometry"]),
        ("Point", ["118", "31"], ["bad_geometry"]),
        ("Point", [True, False], ["bad_geometry"]),
        ("Point", [1e400, 31], ["not_finite"]),
        ("Point", [1e30, 31], ["not_finite"]),
        ("Point", [10**400, 31], ["bad_geometry"]),
        ("Point", {"x": 118}, ["bad_geometry"]),
        ("LineString", [118, 31], ["bad_geometry"]),
        ("LineString", [[118, 31], [119]], ["bad_geometry"]),
        ("Polygon", SQUARE, ["bad_geometry"]),
        ("Polygon", [[SQUARE]], ["bad_geometry"]),
        ("Circle", [118, 31], ["unknown_geometry"]),
        (None, [118, 31], ["unknown_geometry"]),
    ],
)
def test_what_cannot_be_mended_has_no_geometry_and_says_why(tmp_path, kind, coordinates, expected):
    good = feature("Point", [118.5, 31.5])
    data = json.dumps({"type": "FeatureCollection", "features": [feature(kind, coordinates), good]}).encode()
    first, second = read(data, tmp_path).features
    assert first.geometry is None and codes(first) == expected
    assert second.geometry is not None and second.faults == ()


def test_nan_written_by_a_program_is_told(tmp_path):
    data = collection(feature("Point", [118.5, 31.5], 高程=1)).replace(b"118.5", b"NaN").replace(b": 1}", b": NaN}")
    found = only(read(data, tmp_path))
    assert codes(found) == ["not_finite"] and found.properties == {"高程": None}
    line = only(read(kml(placemark("<Point><coordinates>nan,31</coordinates></Point>")), tmp_path, "a.kml"))
    assert codes(line) == ["not_finite"]


def test_parts_that_lie_over_each_other_are_joined(tmp_path):
    other = [[[x + 0.1, y] for x, y in SQUARE]]
    found = only(read(collection(feature("MultiPolygon", [[SQUARE], other])), tmp_path))
    assert codes(found) == ["overlapping_parts"] and found.geometry.area == pytest.approx(0.06)


def test_a_part_that_is_nothing_is_left_out(tmp_path):
    found = only(read(collection(feature("MultiPolygon", [[SQUARE], [SQUARE[:1] * 4]])), tmp_path))
    assert codes(found) == ["duplicate_points", "ring_dropped", "part_dropped"] and found.geometry.area > 0


def test_mixed_and_deep_collections_are_told(tmp_path):
    point, square = {"type": "Point", "coordinates": [118.5, 31.5]}, {"type": "Polygon", "coordinates": [SQUARE]}
    inner = {
        "type": "GeometryCollection",
        "geometries": [point, {"type": "GeometryCollection", "geometries": [square]}],
    }
    found = only(read(json.dumps({"type": "GeometryCollection", "geometries": [inner]}).encode(), tmp_path))
    assert codes(found) == ["deep_collection", "mixed_collection"]
    assert [part.geom_type for part in found.geometry.geoms] == ["Point", "Polygon"]


def test_heights_are_left_and_told_once(tmp_path):
    data = collection(feature("Point", [118.5, 31.5, 12]), feature("LineString", [[118, 31, 1], [118.5, 31.5]]))
    found = read(data, tmp_path)
    assert [(note.code, note.why) for note in found.notes] == [("heights_dropped", {"features": 2})]
    assert not any(shape.has_z for shape in found.geometries())


RING = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=0, max_size=9)


@given(st.lists(RING, min_size=1, max_size=3))
@settings(max_examples=300, deadline=1_000)
def test_whatever_rings_are_drawn_the_area_is_valid_or_none(rings):
    draft = Draft(1, areas=[[np.array(ring, np.float64).reshape(-1, 2) for ring in rings]])
    found = mended(draft)
    if found is None:
        assert {"zero_area", "empty_geometry"} & {fault.code for fault in draft.faults}
    else:
        assert found.is_valid and found.area > 0 and found.geom_type in ("Polygon", "MultiPolygon")


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=3, max_size=7, unique=True))
@settings(max_examples=100, deadline=1_000)
def test_a_valid_outline_is_not_changed(places):
    ring = shapely.Polygon(places)
    if ring.is_valid and ring.area:
        draft = Draft(1, areas=[[np.array(shapely.orient_polygons(ring).exterior.coords)]])
        assert mended(draft).equals(ring) and not draft.faults


# Where it lies


def test_swapped_longitude_and_latitude_are_asked_about_and_turned(tmp_path):
    data = collection(
        *[feature("Polygon", [[[y, x] for x, y in SQUARE]]) for _at in range(3)], feature("Point", [118.5, 31.5])
    )
    found = read(data, tmp_path, box=BOX)
    assert [(note.code, note.where, note.why) for note in found.notes] == [("swapped", "1", {"features": 3, "all": 4})]
    back = turned(found).features[0].geometry
    assert back.equals(shapely.Polygon(SQUARE)) and back.exterior.is_ccw


def test_swapped_coordinates_are_seen_without_a_county_when_they_are_no_latitudes(tmp_path):
    assert notes(read(collection(feature("Point", [31.5, 118.5])), tmp_path)) == ["swapped"]
    assert notes(read(collection(feature("Point", [118.5, 31.5])), tmp_path)) == []


def test_metres_are_seen_and_the_systems_that_fit_are_named(tmp_path):
    x, y = from_wgs84("EPSG:4549", [118.5, 118.6], [31.5, 31.6])
    data = collection(*[feature("Point", [a, b]) for a, b in zip(x.tolist(), y.tolist(), strict=True)])
    found = read(data, tmp_path, box=BOX)
    assert [note.code for note in found.notes] == ["projected"] and "EPSG:4549" in found.notes[0].why["systems"]
    places = shapely.get_coordinates(moved(found, "EPSG:4549").geometries())
    assert places == pytest.approx(np.array([[118.5, 31.5], [118.6, 31.6]]), abs=1e-9)


def test_what_lies_elsewhere_is_told(tmp_path):
    found = read(collection(feature("Point", [118.5, 31.5]), feature("Point", [121.5, 31.5])), tmp_path, box=BOX)
    assert [(note.code, note.where) for note in found.notes] == [("outside", "2")]


def test_what_goes_round_the_other_side_of_the_earth_is_told(tmp_path):
    ring = [[179, 31], [-179, 31], [-179, 32], [179, 32], [179, 31]]
    first, second = read(collection(feature("Polygon", [ring]), feature("Point", [190, 31])), tmp_path).features
    assert codes(first)[-1] == "antimeridian" and codes(second) == ["antimeridian"]


def test_a_shapefile_says_its_projection_and_is_moved_by_it(tmp_path):
    x, y = from_wgs84("EPSG:4528", 118.5, 31.5)
    found = read(archive(layer([(float(x), float(y))]) | {"prj": ZONE_40.encode()}), tmp_path, "a.zip", box=BOX)
    assert found.system == "EPSG:4528" and notes(found) == ["stated_system", "projected"]
    assert only(moved(found, found.system)).geometry.equals_exact(shapely.Point(118.5, 31.5), 1e-9)


@pytest.mark.parametrize(
    ("said", "system", "code"),
    [
        ("", "", None), ("urn:ogc:def:crs:OGC:1.3:CRS84", "WGS-84", None), (WGS84, "WGS-84", "stated_system"),
        ("urn:ogc:def:crs:EPSG::4490", "CGCS2000", "stated_system"), ("EPSG:3857", "EPSG:3857", "stated_system"),
        (ZONE_40, "EPSG:4528", "stated_system"), (BEIJING, "", "other_datum"), ("nonsense", "", "unknown_system"),
        ("EPSG:2360", "", "other_datum"), ("EPSG:32650", "", "unknown_system"), ("\0" * 50, "", "unknown_system"),
        (ZONE_40.replace("6378137.0", "6371000.0"), "", "unknown_system"), ("(" * 5_000, "", "unknown_system"),
    ],
)  # fmt: skip
def test_a_stated_system_is_one_that_can_be_moved_or_a_fault(said, system, code):
    found, faults = system_of(said)
    assert found == system and [fault.code for fault in faults] == ([code] if code else [])


def test_a_geojson_of_the_forerunner_states_its_system(tmp_path):
    crs = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::4490"}}
    assert read(collection(feature("Point", [118.5, 31.5]), crs=crs), tmp_path).system == "CGCS2000"


def test_a_feature_that_is_no_place_of_a_system_is_named(tmp_path):
    found = read(collection(feature("Point", [118.5, 31.5]), feature("LineString", [[1, 2], [118, 31]])), tmp_path)
    with pytest.raises(Refused) as refused:
        moved(found, "EPSG:4549")
    assert refused.value.code == "impossible_coordinates" and refused.value.fault.where == "1"
    with pytest.raises(Refused, match="unknown_system"):
        moved(found, "EPSG:1")


def test_features_in_gcj_02_are_moved_when_a_person_says_so(tmp_path):
    lon, lat = wgs84_to_gcj02(118.5, 31.5)
    found = read(collection(feature("Point", [float(lon), float(lat)])), tmp_path, box=BOX)
    assert only(moved(found, GCJ02)).geometry.equals_exact(shapely.Point(118.5, 31.5), 1e-8)


# What comes back, and what is written


def test_a_file_read_apart_is_the_same(tmp_path):
    data = collection(
        feature("Polygon", [BOW_TIE], 名称="甲", 表={"a": [1, None]}),
        feature("Point", [None, 1]),
        {"type": "Feature", "id": "x"},
    )
    here = read(data, tmp_path, box=BOX)
    there = open_features(data, "a.geojson", box=BOX, limits=Limits(seconds=30))
    assert here == there
    with pytest.raises(Refused, match="not_json"):
        open_features(b"{", "a.geojson", limits=Limits(seconds=30))
    with pytest.raises(Refused, match="too_large"):
        open_features(b"{" * 11, "a.geojson", limits=Limits(bytes=10))


def test_geojson_of_ours_reads_back_to_a_centimetre(tmp_path):
    shapes = [shapely.Point(118.123456789, 31.5), shapely.Polygon(SQUARE[::-1], [HOLE]), None, shapely.Polygon()]
    properties = [{"名称": '<b>"甲"\n', "空": None}, {"人数": 1}, {}, {}]
    data = b"".join(geojson_pieces(zip(shapes, properties, ("a0", "a1", "a2", "a3"), strict=True)))
    found = read(data, tmp_path).features
    assert b"118.1234568" in data and [one.id for one in found] == ["a0", "a1", "a2", "a3"]
    assert found[1].geometry.equals(shapes[1]) and found[1].faults == () and found[2].geometry is None
    assert found[0].properties == properties[0] and codes(found[3]) == ["no_geometry"]
    with pytest.raises(ValueError):
        list(geojson_pieces([(shapely.Point(float("inf"), 1), {}, "")]))
    with pytest.raises(ValueError):
        list(geojson_pieces([(None, {"a": float("nan")}, "")]))
    with pytest.raises(TypeError):
        list(geojson_pieces([(None, {"a": object()}, "")]))


def test_a_large_file_is_written_in_pieces():
    points = ((shapely.Point(118 + at / 1e5, 31), {"n": at}, "") for at in range(5_000))
    pieces = list(geojson_pieces(points))
    assert len(pieces) > 5 and len(json.loads(b"".join(pieces))["features"]) == 5_000
    assert json.loads(b"".join(geojson_pieces([])))["features"] == []


# Recordings of others


@pytest.mark.parametrize(
    ("name", "mended_ones"),
    [
        ("city_320100.geojson", {"雨花台区", "高淳区"}), ("city_510700.geojson", {"游仙区"}),
        ("city_320400.geojson", set()), ("city_330100.geojson", set()), ("city_440300.geojson", set()),
        ("county_320118.geojson", {"高淳区"}), ("county_320412.geojson", set()), ("county_510727.geojson", set()),
    ],
)  # fmt: skip
def test_boundaries_in_use_are_mended_where_they_are_broken_and_nowhere_else(tmp_path, name, mended_ones):
    data = recording("geo", name).read_bytes()
    raw = {one["properties"]["name"]: shape(one["geometry"]) for one in json.loads(data)["features"]}
    changed = set()
    for one in read(data, tmp_path).features:
        assert one.geometry.is_valid
        if set(codes(one)) & {"crossed", "touching", "overlapping_parts", "hole_outside"}:
            changed.add(one.properties["name"])
            assert one.geometry.area == pytest.approx(raw[one.properties["name"]].area, rel=1e-3)
        else:
            assert one.geometry.equals(raw[one.properties["name"]])
    assert changed == mended_ones


@pytest.mark.parametrize("town", ["172049", "431001", "434329"])
@pytest.mark.parametrize("kind", ["evacuation", "emergency"])
def test_shelters_in_use_are_read_without_a_fault(tmp_path, kind, town):
    data = recording("shelters", f"jp_{kind}_{town}.geojson").read_bytes()
    found = read(data, tmp_path)
    assert len(found.features) == len(json.loads(data)["features"]) and found.faults() == ()
    assert all(one.properties["施設・場所名"] for one in found.features)


@pytest.mark.parametrize("name", ["bautzen.osm", "krems.osm.gz", "monaco.osm.gz"])
def test_streets_and_houses_in_use_go_out_and_come_back(tmp_path, name):
    path = recording("osm", name)
    tree = ET.fromstring(gzip.decompress(path.read_bytes()) if name.endswith(".gz") else path.read_bytes())
    places = {one.get("id"): (float(one.get("lon")), float(one.get("lat"))) for one in tree.iter("node")}
    ways = []
    for way in tree.iter("way"):
        line = [places[ref.get("ref")] for ref in way.iter("nd") if ref.get("ref") in places]
        if len(line) > 1:
            tags = {tag.get("k"): tag.get("v") for tag in way.iter("tag")}
            closed = len(line) > 3 and line[0] == line[-1]
            ways.append((shapely.Polygon(line) if closed else shapely.LineString(line), tags, way.get("id")))
    found = read(b"".join(geojson_pieces(ways)), tmp_path).features
    assert len(found) == len(ways) > 50
    for (drawn, tags, name_of_it), one in zip(ways, found, strict=True):
        assert one.id == name_of_it and one.properties == tags
        if drawn.is_valid and drawn.length > 1e-6 and set(codes(one)) <= {"duplicate_points"}:
            assert one.geometry.hausdorff_distance(drawn) < 2e-7
        else:
            assert one.faults or not drawn.is_simple
