"""Map files that mean harm or are broken: each is refused with its code, quickly, and nothing else ever happens."""

from __future__ import annotations

import json
import struct
import time

import pytest
import shapefile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from anlan.formats.faults import Refused
from anlan.formats.geofiles.limits import Limits
from tests.formats.mapfiles import BOX, SQUARE, ZONE_40, archive, area, collection, feature, kml, layer, placemark, read

QUICK = 2.0
POINT = "<Point><coordinates>118.5,31.5</coordinates></Point>"
TRIANGLE = "<LinearRing><coordinates>1,2 3,4 5,7</coordinates></LinearRing>"
SMALL = Limits(vertices=50, all_vertices=120, features=20)
DOCTYPE = '<!DOCTYPE kml [<!ENTITY a "b"><!ENTITY c SYSTEM "file:///etc/passwd">]>\n'


def nested(depth: int) -> bytes:
    """Collections in collections."""
    inner = '{"type":"Point","coordinates":[1,2]}'
    for _level in range(depth):
        inner = f'{{"type":"GeometryCollection","geometries":[{inner}]}}'
    return inner.encode()


def line(count: int) -> list[list[float]]:
    return [[118 + at / 1e6, 31] for at in range(count)]


GEOJSON = {
    "nothing": (b"", "empty_file"),
    "half a file": (collection(feature("Point", [1, 2]))[:-5], "not_json"),
    "two files": (collection() * 2, "not_json"),
    "a list": (b"[1, 2]", "not_geojson"),
    "an object of something else": (b'{"type": "Topology"}', "not_geojson"),
    "an object without a type": (b'{"features": []}', "not_geojson"),
    "a type that is a number": (b'{"type": 7}', "not_geojson"),
    "features that are no list": (b'{"type": "FeatureCollection", "features": {}}', "not_geojson"),
    "no features": (collection(), "no_features"),
    "a single quote": (b"{'type': 'Point'}", "not_json"),
    "a comma too many": (b'{"type": "Point", "coordinates": [1, 2,]}', "not_json"),
    "a number of a million digits": (b'{"type": "Point", "coordinates": [1, ' + b"9" * 1_000_000 + b"]}", "not_json"),
    "bytes that are no text": (b'{"type": "Point", "a": "\xff\xfe"}', "unknown_encoding"),
    "GBK": ('{"type": "Point", "名": "值"}'.encode("gbk"), "unknown_encoding"),
    "half a sign of UTF-16": ('{"type": "Point"}'.encode("utf-16")[:-1], "unknown_encoding"),
    "lists in lists": (b'{"type": "Point", "coordinates": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "too_deep"),
    "objects in objects": (b'{"a":' * 50_000 + b"1" + b"}" * 50_000, "too_deep"),
    "collections in collections": (nested(40), "too_deep"),
    "properties in properties": (
        collection(feature("Point", [1, 2], a=json.loads("[" * 60 + "]" * 60))), "too_deep"),
    "a text without end": (collection(feature("Point", [1, 2], a="x" * 100_001)), "text_too_long"),
    "a line of too many points": (collection(feature("LineString", line(51))), "too_many_vertices"),
    "rings of too many points": (area(*[SQUARE] * 11), "too_many_vertices"),
    "too many points in all": (collection(*[feature("LineString", line(45))] * 3), "too_many_vertices"),
    "too many features": (collection(*[feature("Point", [1, 2])] * 21), "too_many_features"),
    "features of nothing, too many": (
        b'{"type":"FeatureCollection","features":[' + b"0," * 30 + b"0]}", "too_many_features"),
}  # fmt: skip

KML = {
    "nothing": (b"", "empty_file"),
    "half a file": (kml(placemark(POINT))[:-12], "broken_xml"),
    "tags that cross": (kml("<Folder><Placemark></Folder></Placemark>"), "broken_xml"),
    "another language": (b"<gpx><wpt/></gpx>", "not_kml"),
    "a page": (b"<html><body>", "broken_xml"),
    "a document type": (kml(placemark(POINT), head=DOCTYPE), "doctype"),
    "an entity of the system": (kml(placemark("&c;"), head=DOCTYPE), "doctype"),
    "a document type from elsewhere": (
        kml("", head='<!DOCTYPE kml PUBLIC "-//x" "http://example.org/x.dtd">'), "doctype"),
    "a billion laughs": (kml("&b;", head='<!DOCTYPE kml [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]>'), "doctype"),
    "an entity of nobody": (kml("&xxe;"), "broken_xml"),
    "places from elsewhere": (
        kml("<NetworkLink><Link><href>http://example.org/a.kml</href></Link></NetworkLink>"), "network_link"),
    "places from elsewhere in a folder": (
        kml(f"{placemark(POINT)}<Folder><NetworkLink><Link><href>a.kml</href></Link></NetworkLink></Folder>"),
        "network_link"),
    "places from elsewhere under a prefix": (
        b'<k:kml xmlns:k="http://www.opengis.net/kml/2.2"><k:NetworkLink/></k:kml>', "network_link"),
    "folders in folders": (kml("<Folder>" * 40 + "</Folder>" * 40), "too_deep"),
    "elements a hundred thousand deep": (kml("<a>" * 100_000 + "</a>" * 100_000), "too_deep"),
    "no placemark": (kml("<name>甲</name>"), "no_features"),
    "a text without end": (kml(placemark(POINT, more=f"<description>{'x' * 300_000}</description>")), "text_too_long"),
    "a long name": (kml(placemark(POINT, "x" * 100_001)), "text_too_long"),
    "too many points": (
        kml(placemark(f"<LineString><coordinates>{'118,31 ' * 51}</coordinates></LineString>")), "too_many_vertices"),
    "too many points in all": (
        kml(placemark(f"<LineString><coordinates>{'118,31 ' * 45}</coordinates></LineString>") * 3),
        "too_many_vertices"),
    "too many placemarks": (kml(placemark(POINT) * 21), "too_many_features"),
    "an encoding of nobody": (
        kml(placemark(POINT), head='<?xml version="1.0" encoding="klingon"?>'), "broken_xml"),
    "an encoding that is a compression": (
        kml(placemark(POINT), head='<?xml version="1.0" encoding="bz2_codec"?>'), "broken_xml"),
    "bytes that are no text": (kml(placemark(POINT)).replace("甲".encode(), b"\xff\xfe"), "broken_xml"),
    "NUL": (kml(placemark(POINT, "\0")), "wrong_type"),
    "JSON": (collection(feature("Point", [1, 2])), "wrong_type"),
    "an archive": (archive({"doc.kml": kml(placemark(POINT))}, stem=""), "wrong_type"),
}  # fmt: skip

KMZ = {
    "no document": (archive({"a.txt": b"x"}, stem=""), "missing_part"),
    "a document from elsewhere": (archive({"doc.kml": kml("<NetworkLink/>")}, stem=""), "network_link"),
    "a document type": (archive({"doc.kml": kml("", head=DOCTYPE)}, stem=""), "doctype"),
    "an archive inside": (
        archive({"doc.kml": kml(placemark(POINT)), "a.png": archive({"a": b"b"}, stem="")}, stem=""),
        "nested_archive",
    ),
    "a bomb": (archive({"doc.kml": kml(" " * (40 << 20))}, stem=""), "zip_bomb"),
    "a bomb of many parts": (
        archive({f"{at}.kml": bytes(900 << 10) for at in range(120)}, stem=""),
        "too_large_unpacked",
    ),
    "thousands of parts": (archive({str(at): b"" for at in range(1_100)}, stem=""), "too_many_parts"),
    "cut": (archive({"doc.kml": kml(placemark(POINT))}, stem="")[:-20], "broken_zip"),
    "XML": (kml(placemark(POINT)), "wrong_type"),
}

PARTS = layer([(118.5, 31.5), (118.6, 31.6)])
LINES = layer([line(3)], shapefile.POLYLINE)


def patched(ending: str, place: int, pattern: str, *values: float, parts=PARTS) -> bytes:
    """A layer with numbers of one of its parts changed."""
    data = bytearray(parts[ending])
    struct.pack_into(pattern, data, place, *values)
    return archive(parts | {ending: bytes(data)})


SHAPEFILES = {
    "no shapes": (archive({"dbf": PARTS["dbf"]}), "missing_part"),
    "no table": (archive({"shp": PARTS["shp"]}), "missing_part"),
    "only papers": (archive({"readme.txt": b"x"}, stem=""), "missing_part"),
    "two layers": (
        archive({f"{name}.{end}": one for name in "ab" for end, one in PARTS.items()}, stem=""), "several_layers"),
    "an archive inside": (archive(PARTS | {"zip": archive({"a": b"b"}, stem="")}), "nested_archive"),
    "a bomb": (archive(PARTS | {"sbn": bytes(40 << 20)}), "zip_bomb"),
    "cut": (archive(PARTS)[:-30], "broken_zip"),
    "shapes that are text": (archive(PARTS | {"shp": b"hello" * 100}), "broken_shapefile"),
    "shapes without a body": (archive(layer([])), "no_features"),
    "shapes without a head": (archive(PARTS | {"shp": PARTS["shp"][:40]}), "broken_shapefile"),
    "no bytes of shapes": (archive(PARTS | {"shp": b""}), "broken_shapefile"),
    "shapes cut in the middle": (archive(PARTS | {"shp": PARTS["shp"][:-9]}), "broken_shapefile"),
    "a table that is text": (archive(PARTS | {"dbf": b"hello" * 100}), "broken_shapefile"),
    "a table without a head": (archive(PARTS | {"dbf": PARTS["dbf"][:20]}), "broken_shapefile"),
    "a table cut in its fields": (archive(PARTS | {"dbf": PARTS["dbf"][:50]}), "broken_shapefile"),
    "a table of rows without length": (patched("dbf", 10, "<H", 0), "broken_shapefile"),
    "a table whose rows are longer than it says": (patched("dbf", 48, "<B", 255), "broken_shapefile"),
    "a field of an unknown kind": (patched("dbf", 43, "<c", b"?"), "broken_shapefile"),
    "a shape of an unknown kind": (patched("shp", 108, "<i", 99), "broken_shapefile"),
    "a record of a negative length": (patched("shp", 104, ">i", -9), "broken_shapefile"),
    "a record longer than the file": (patched("shp", 104, ">i", 0x7FFFFFF), "broken_shapefile"),
    "a billion points": (patched("shp", 148, "<i", 0x3FFFFFFF, parts=LINES), "broken_shapefile"),
    "a negative number of points": (patched("shp", 148, "<i", -5, parts=LINES), "broken_shapefile"),
    "a billion parts": (patched("shp", 144, "<i", 0x3FFFFFFF, parts=LINES), "broken_shapefile"),
    "a part that begins nowhere": (patched("shp", 152, "<i", 99, parts=LINES), "broken_shapefile"),
    "a part that begins before the first": (patched("shp", 152, "<i", -1, parts=LINES), "broken_shapefile"),
    "too many points": (archive(layer([line(51)], shapefile.POLYLINE)), "too_many_vertices"),
    "too many shapes": (archive(layer([(1, 2)] * 21)), "too_many_features"),
    "XML": (kml(placemark(POINT)), "wrong_type"),
}  # fmt: skip


def refused_quickly(data: bytes, code: str, folder, name: str) -> None:
    began = time.perf_counter()
    with pytest.raises(Refused) as refused:
        read(data, folder, name, SMALL)
    assert refused.value.code == code
    assert time.perf_counter() - began < QUICK


@pytest.mark.parametrize(("data", "code"), GEOJSON.values(), ids=GEOJSON)
def test_a_hostile_geojson_is_refused(tmp_path, data, code):
    refused_quickly(data, code, tmp_path, "a.geojson")


@pytest.mark.parametrize(("data", "code"), KML.values(), ids=KML)
def test_a_hostile_kml_is_refused(tmp_path, data, code):
    refused_quickly(data, code, tmp_path, "a.kml")


@pytest.mark.parametrize(("data", "code"), KMZ.values(), ids=KMZ)
def test_a_hostile_kmz_is_refused(tmp_path, data, code):
    refused_quickly(data, code, tmp_path, "a.kmz")


@pytest.mark.parametrize(("data", "code"), SHAPEFILES.values(), ids=SHAPEFILES)
def test_a_hostile_shapefile_is_refused(tmp_path, data, code):
    refused_quickly(data, code, tmp_path, "a.zip")


@pytest.mark.parametrize(
    ("name", "code"),
    [("a.shp", "unsupported"), ("a.gpx", "unsupported"), ("a", "unsupported"), ("../a.exe", "unsupported")],
)
def test_other_names_are_refused(tmp_path, name, code):
    refused_quickly(collection(), code, tmp_path, name)


@pytest.mark.parametrize(
    ("inside", "code"),
    [
        ("", "no_geometry"),
        ("<Point><coordinates></coordinates></Point>", "no_geometry"),
        ("<LineString><coordinates>1,2</coordinates></LineString>", "zero_length"),
        ("<Point><coordinates>118</coordinates></Point>", "bad_geometry"),
        ("<Point><coordinates>a,b</coordinates></Point>", "bad_geometry"),
        ("<LineString><coordinates>1,2, 3,4</coordinates></LineString>", "bad_geometry"),
        ("<Polygon><outerBoundaryIs/></Polygon>", "bad_geometry"),
        (f"<Polygon><innerBoundaryIs>{TRIANGLE}</innerBoundaryIs></Polygon>", "bad_geometry"),
        ("<Model><Location/></Model>", "unknown_geometry"),
        ("<Track/>", "unknown_geometry"),
        ("<Point><coordinates>1e99,2</coordinates></Point>", "not_finite"),
    ],
)  # fmt: skip
def test_a_placemark_without_a_place_is_told_and_the_others_are_read(tmp_path, inside, code):
    first, second = read(kml(placemark(inside) + placemark(POINT)), tmp_path, "a.kml").features
    assert first.geometry is None and [fault.code for fault in first.faults] == [code]
    assert second.geometry is not None and not second.faults


def test_pictures_on_the_ground_are_left_out_and_told(tmp_path):
    overlay = "<GroundOverlay><Icon><href>http://example.org/a.png</href></Icon></GroundOverlay>"
    found = read(kml(overlay + placemark(POINT)), tmp_path, "a.kml")
    assert [(note.code, note.why) for note in found.notes] == [("ignored_elements", {"elements": 1})]


HONEST = {
    "a.geojson": collection(
        feature("Polygon", [SQUARE], 名称="甲", 表={"a": [1, 2.5, None, True]}),
        feature("MultiLineString", [line(3), line(2)]),
        crs={"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::4490"}},
    ),
    "a.kml": kml(placemark(f"<MultiGeometry>{POINT}</MultiGeometry>", more="<address>东门镇</address>"), head=""),
    "a.kmz": archive({"doc.kml": kml(placemark(POINT))}, stem=""),
    "a.zip": archive(layer([[SQUARE[::-1]]], shapefile.POLYGON) | {"prj": ZONE_40.encode(), "cpg": b"UTF-8"}),
}
INSIDE = layer([[SQUARE[::-1]]], shapefile.POLYGON) | {"prj": ZONE_40.encode()}
EDITS = st.lists(
    st.tuples(st.sampled_from(["set", "set", "cut", "double"]), st.integers(0, 1 << 12), st.integers(0, 255)),
    min_size=1, max_size=5,
)  # fmt: skip
MUTATED = settings(max_examples=200, deadline=2_000, suppress_health_check=[HealthCheck.function_scoped_fixture])


def bent(data: bytes, edits) -> bytes:
    out = bytearray(data)
    for what, place, value in edits:
        at = place % max(len(out), 1)
        if what == "set":
            out[at : at + 1] = bytes([value])
        elif what == "cut":
            del out[at : at + value]
        else:
            out[at:at] = out[at : at + value]
    return bytes(out)


def read_or_refused(data: bytes, folder, name: str) -> None:
    try:
        found = read(data, folder, name, box=BOX)
    except Refused:
        return
    assert all(one.geometry is None or one.geometry.is_valid for one in found.features)
    assert all(one.geometry is not None or one.faults for one in found.features)


@given(EDITS, st.sampled_from(sorted(HONEST)))
@MUTATED
def test_a_map_file_with_bytes_changed_is_read_or_refused(tmp_path, edits, name):
    read_or_refused(bent(HONEST[name], edits), tmp_path, name)


@given(EDITS, st.sampled_from(["shp", "dbf", "prj"]))
@MUTATED
def test_a_shapefile_with_a_part_changed_is_read_or_refused(tmp_path, edits, ending):
    read_or_refused(archive(INSIDE | {ending: bent(INSIDE[ending], edits)}), tmp_path, "a.zip")
