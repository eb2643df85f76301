"""SensorThings bodies: what the conformance suite sends, what the standard forbids, and back again exactly."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anlan.formats.faults import Refused
from anlan.formats.findings import BadMessage
from anlan.formats.sensorthings import (
    ENTITIES,
    Entity,
    Mode,
    Ref,
    Time,
    arrays_as_json,
    as_json,
    fits_result,
    linked,
    read,
    read_arrays,
)  # fmt: skip
from anlan.formats.sensorthings.entities import is_geojson
from anlan.formats.sensorthings.times import time_of
from tests.formats.neighbours import recorded

KINDS = {
    "datastreams": "Datastream", "foi": "FeatureOfInterest", "locations": "Location", "observations": "Observation",
    "observedproperties": "ObservedProperty", "sensors": "Sensor", "thing": "Thing",
}  # fmt: skip
OM = "http://www.opengis.net/def/observationType/OGC-OM/2.0/OM_"


def codes(kind: str, body: Any, **how: Any) -> list[str]:
    try:
        read(kind, body if isinstance(body, bytes) else json.dumps(body).encode(), **how)
    except BadMessage as refused:
        return sorted(f"{one.code} {one.where} {one.args.get('name', '')}".strip() for one in refused.findings)
    except Refused as refused:
        return [refused.code]
    return []


def test_the_bodies_of_frost_are_taken_with_all_that_is_in_them():
    body = json.loads(recorded("sensorthings/frost_entitiesDefault.json"))
    thing = read("Thing", json.dumps(body).encode())
    assert read("Thing", json.dumps(as_json(thing)).encode()) == thing
    streams = thing.links["Datastreams"]
    assert isinstance(streams, tuple) and all(isinstance(one, Entity) for one in streams)
    assert as_json(thing)["Datastreams"][0]["ObservedProperty"]["name"] == "Luminous Flux"


def test_bodies_of_the_suite_of_1_0_lack_the_names_of_1_1_and_little_else():
    """The suite has no names except for observed properties; whoever takes a body in must see to that."""
    seen = 0
    for path, body in json.loads(recorded("sensorthings/ets_sta10_entities.json")).items():
        folder = path.partition("/")[0]
        if folder not in KINDS or isinstance(body, str):
            continue
        found = codes(KINDS[folder], body, given=[one.name for one in ENTITIES[KINDS[folder]].relations])
        # locations/2.json has its things under the name of one.
        assert [one for one in found if one != "unknown_property Location Thing" and "missing" not in one] == [], path
        seen += 1
    assert seen == 28


def test_what_is_no_json_is_refused():
    bodies = json.loads(recorded("sensorthings/ets_sta10_entities.json"))
    texts = [body for body in bodies.values() if isinstance(body, str)]
    assert len(texts) == 20
    for body in texts:
        assert codes("Observation", body.encode()) == ["not_json"]
    for body in (b"", b"{", b"\xff", b'{"a": NaN}', b"[" * 100_000):
        assert codes("Thing", body) in (["not_json"], ["too_deep"])


@pytest.mark.parametrize("name", ["noDefinition", "noSymbol"])
def test_a_unit_that_lacks_a_part_is_refused(name: str):
    unit = json.loads(recorded("sensorthings/ets_sta10_entities.json"))[f"unitsOfMeasurement/{name}.json"]
    assert codes("Datastream", {"unitOfMeasurement": unit}, mode=Mode.CHANGE) == [
        f"missing_property Datastream/unitOfMeasurement {name[2:].lower()}"
    ]


THING = {"name": "龙安水文站", "description": "涪江", "properties": {"anlanCode": "PW-RV-01"}}
STREAM = {
    "name": "水位", "description": "水位", "observationType": OM + "Measurement",
    "unitOfMeasurement": {"name": "metre", "symbol": "m", "definition": "http://qudt.org/vocab/unit/M"},
    "Sensor": {"@iot.id": 3}, "ObservedProperty": {"@iot.id": "level"}, "Thing": {"@iot.id": 1},
}  # fmt: skip
OBSERVED = {"result": 1, "Datastream": {"@iot.id": 1}}
PLACE = {"name": "a", "description": "b", "encodingType": "application/geo+json"}


@pytest.mark.parametrize(
    ("kind", "body", "expected"),
    [
        ("Thing", THING, []),
        ("Thing", [], ["not_an_object Thing"]),
        ("Thing", {}, ["missing_property Thing description", "missing_property Thing name"]),
        ("Thing", THING | {"name": 7}, ["wrong_kind Thing/name name"]),
        ("Thing", THING | {"properties": "x"}, ["wrong_kind Thing/properties properties"]),
        ("Thing", THING | {"nmae": "x"}, ["unknown_property Thing nmae"]),
        ("Thing", THING | {"Locations": {}}, ["wrong_kind Thing/Locations Locations"]),
        ("Thing", THING | {"Locations": [{"@iot.id": 1, "name": "x"}]},
         ["reference_with_more Thing/Locations[1] Locations"]),
        ("Thing", THING | {"Locations": [{"@iot.id": True}]}, ["wrong_kind Thing/Locations[1] @iot.id"]),
        ("Thing", THING | {"Datastreams": [STREAM]}, []),
        ("Datastream", STREAM, []),
        ("Datastream", {**STREAM, "Sensor": None},
         ["missing_property Datastream Sensor", "not_an_object Datastream/Sensor"]),
        ("Datastream", STREAM | {"unitOfMeasurement": []}, ["not_an_object Datastream/unitOfMeasurement"]),
        ("Datastream", STREAM | {"observedArea": {"type": "Point"}},
         ["bad_place Datastream/observedArea observedArea"]),
        ("Location", PLACE | {"location": {"type": "Point", "coordinates": [104.5, 32.4]}}, []),
        ("Location", PLACE | {"location": {"type": "Point", "coordinates": [32.4, 104.5]}},
         ["bad_place Location/location location"]),
        ("Location", PLACE | {"encodingType": "text/plain", "location": "桥头"}, []),
        ("Observation", {"result": 1, "Datastream": {"@iot.id": 1}}, []),
        ("Observation", {"result": None, "Datastream": {"@iot.id": 1}}, []),
        ("Observation", {"Datastream": {"@iot.id": 1}}, ["missing_property Observation result"]),
        ("Observation", {"result": 1}, ["missing_property Observation Datastream"]),
        ("Observation", {"result": 1, "Datastream": {"@iot.id": 1}, "phenomenonTime": "2026-07-15T08:00:00"},
         ["bad_time Observation/phenomenonTime"]),
        ("Observation", OBSERVED | {"phenomenonTime": "2026-07-15T09:00Z/2026-07-15T08:00Z"},
         ["bad_interval Observation/phenomenonTime"]),
        ("Observation", OBSERVED | {"resultTime": "2026-07-15T08:00Z/2026-07-15T09:00Z"},
         ["wrong_kind Observation/resultTime resultTime"]),
        ("Observation", {"result": 1, "Datastream": {"@iot.id": 1}, "validTime": "2026-07-15T08:00:00Z"},
         ["wrong_kind Observation/validTime validTime"]),
        ("HistoricalLocation", {"time": "2026-07-15T08:00:00Z"},
         ["missing_property HistoricalLocation Locations", "missing_property HistoricalLocation Thing"]),
    ],
)  # fmt: skip
def test_a_new_entity_is_judged_as_a_whole(kind: str, body: Any, expected: list[str]):
    assert codes(kind, body) == expected


def test_a_change_needs_only_what_changes_and_an_address_says_the_rest():
    assert codes("Thing", {"name": "b"}, mode=Mode.CHANGE) == []
    assert codes("Thing", {"name": None}, mode=Mode.CHANGE) == ["wrong_kind Thing/name name"]
    assert codes("Observation", {"result": 1}, given=["Datastream"]) == []


def test_results_of_a_datastream_that_comes_along_are_of_its_type():
    stream = STREAM | {"Observations": [{"result": 1.5}, {"result": "high"}, {"result": True}]}
    assert [one.split()[1] for one in codes("Datastream", stream)] == [
        "Datastream/Observations[2]/result", "Datastream/Observations[3]/result",
    ]  # fmt: skip
    for kind, right, wrong in (
        ("Measurement", 1, True), ("CountObservation", 2, 2.5), ("TruthObservation", False, 0),
        ("CategoryObservation", "a", 1),
    ):  # fmt: skip
        assert fits_result(OM + kind, right) and not fits_result(OM + kind, wrong)
    assert fits_result("urn:else", {"a": 1})
    assert not fits_result(OM + "Measurement", float("nan"))


def test_an_answer_of_another_server_is_read_with_its_links():
    body = {
        "@iot.id": 7, "@iot.selfLink": "http://a/Observations(7)", "phenomenonTime": "2026-07-15T08:00:00.000Z",
        "result": 2.5, "resultTime": None, "Datastream@iot.navigationLink": "http://a/Observations(7)/Datastream",
        "FeatureOfInterest": {"@iot.id": 9, "name": "河"},
    }  # fmt: skip
    one = read("Observation", json.dumps(body).encode(), mode=Mode.ANSWER)
    assert one.id == 7
    assert one.values == {"phenomenonTime": Time(datetime(2026, 7, 15, 8, tzinfo=UTC)), "result": 2.5}
    assert isinstance(one.links["FeatureOfInterest"], Entity)


def test_an_answer_of_ours_carries_its_addresses():
    root = "https://county.example/v1.1"
    stream = read("Datastream", json.dumps(STREAM | {"Observations": [{"result": 1}]}).encode())
    with pytest.raises(ValueError, match="has an id"):
        linked(stream, root)
    thing = Entity("Thing", {"name": "a"}, id="it's")
    answer = linked(thing, root)
    assert answer["@iot.selfLink"] == root + "/Things('it''s')"
    assert answer["Datastreams@iot.navigationLink"] == root + "/Things('it''s')/Datastreams"
    assert "description" not in answer
    assert set(linked(thing, root, select=lambda name: name == "name")) == {"@iot.id", "@iot.selfLink", "name"}


def test_too_many_and_too_deep_are_refused():
    many = THING | {"Locations": [{"@iot.id": 1}] * 3, "Datastreams": [STREAM] * 10_001}
    assert codes("Thing", many) == ["too_many Thing/Datastreams[10000] entities"]
    deep: dict[str, Any] = dict(THING)
    for _level in range(6):
        deep = dict(THING) | {"Locations": [{**PLACE, "location": 1, "Things": [deep]}]}
    assert codes("Thing", deep) == ["too_deep"]


@pytest.mark.parametrize(
    ("value", "right"),
    [
        ({"type": "Point", "coordinates": [104.5, 32.4, 900]}, True),
        ({"type": "Point", "coordinates": [104.5]}, False),
        ({"type": "Point", "coordinates": [True, 1]}, False),
        ({"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [1, 1], [0, 0]]]}, True),
        ({"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [1, 1]]]}, False),
        ({"type": "MultiPoint", "coordinates": []}, False),
        ({"type": ["Point"], "coordinates": [1, 2]}, False),
        ({"type": "Feature", "geometry": {"type": "LineString", "coordinates": [[0, 0], [1, 1]]}}, True),
        ({"type": "GeometryCollection", "geometries": [{"type": "Point", "coordinates": [1, 2]}]}, True),
        ({"type": "Sphere"}, False),
        (None, False),
    ],
)
def test_a_place_is_geojson_on_the_globe(value: Any, right: bool):
    assert is_geojson(value) is right


# Data arrays

ARRAY = {
    "Datastream": {"@iot.id": 1}, "components": ["phenomenonTime", "result", "resultTime", "FeatureOfInterest/id"],
    "dataArray@iot.count": 3,
    "dataArray": [["2017-01-13T10:20:00.000Z", 90, "2017-01-13T10:20:00.000Z", 1],
                  ["2017-01-13T10:21:00.000Z", 91, "2017-01-13T10:21:00.000Z", 1]],
}  # fmt: skip


def arrays(body: Any) -> Any:
    return read_arrays(json.dumps(body).encode())


def test_a_data_array_is_read_and_its_count_is_not_relied_on():
    (array,) = arrays([ARRAY])
    assert array.datastream == 1
    assert [one.code for one in array.findings] == ["other_count"]
    first = array.rows[0].observation
    assert first is not None
    assert first.values["result"] == 90
    assert first.values["phenomenonTime"] == Time(datetime(2017, 1, 13, 10, 20, tzinfo=UTC))
    assert first.links == {"FeatureOfInterest": Ref(1), "Datastream": Ref(1)}
    assert arrays(arrays_as_json([array]))[0].rows == array.rows


def test_a_single_array_and_one_without_a_datastream_are_read():
    body = {"components": ["phenomenonTime", "result"], "dataArray@iot.count": 2,
            "dataArray": [["2026-07-23T13:41:00.000Z", 23.71], ["2026-07-23T13:46:00.000Z", 23.68]]}  # fmt: skip
    for one in (body, [body], {"value": [body]}):
        (array,) = arrays(one)
        assert (array.datastream, array.findings, len(array.rows)) == (None, (), 2)
        assert arrays_as_json([array])[0]["dataArray"][0] == ["2026-07-23T13:41:00Z", 23.71]


def test_a_wrong_row_does_not_spoil_the_others():
    body = ARRAY | {"dataArray": [["yesterday", 90, None, None], [1], "x", *ARRAY["dataArray"]]}  # type: ignore[misc]
    (array,) = arrays([body])
    assert [[one.code for one in row.findings] for row in array.rows] == [
        ["bad_time"],
        ["wrong_row"],
        ["wrong_row"],
        [],
        [],
    ]
    assert array.rows[0].findings[0].where == "[1]/dataArray[1]/phenomenonTime"
    assert len(arrays_as_json([array])[0]["dataArray"]) == 2


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"components": None}, "wrong_kind"),
        ({"dataArray": {}}, "wrong_kind"),
        ({"components": ["result", "result"]}, "repeated_component"),
        ({"components": ["result", "colour"]}, "unknown_component"),
        ({"components": ["phenomenonTime"]}, "missing_property"),
        ({"Datastream": 1}, "not_an_object"),
        ({"Datastream": {}}, "wrong_kind"),
    ],
)
def test_an_array_that_cannot_be_used_is_refused_as_a_whole(changed: dict[str, Any], code: str):
    with pytest.raises(BadMessage) as refused:
        arrays([ARRAY | changed])
    assert refused.value.codes == (code,)


def test_more_rows_than_are_taken_are_refused():
    with pytest.raises(BadMessage, match="too_many"):
        arrays([{"components": ["result"], "dataArray": [[1]] * 200_001}])


# Times


@pytest.mark.parametrize(
    "said", ["2026-07-15T08:00:00Z", "2026-07-15T08:00:00.123456Z", "2026-07-15T08:00:00Z/2026-07-15T09:00:00Z"]
)
def test_a_time_says_itself_as_it_was(said: str):
    assert str(time_of(said)) == said


@pytest.mark.parametrize(
    "said",
    [
        "",
        "2026-07-15",
        "2026-07-15T08:00:00",
        "2026-W29-3T08:00Z",
        "20260715T080000Z",
        "9999-12-31T23:59:59-14:00",
        "a/b",
    ],
)
def test_what_is_no_time_with_a_zone_is_refused(said: str):
    with pytest.raises(ValueError):
        time_of(said)


KEYS = ["name", "description", "result", "Datastream", "@iot.id", "Things", "Locations", "type", "x"]
NUMBERS = st.integers(-9, 9) | st.floats(allow_nan=False, allow_infinity=False)
JSON = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(sorted(ENTITIES)), JSON)
def test_no_json_makes_the_reader_stumble(kind: str, body: Any):
    try:
        entity = read(kind, json.dumps(body).encode())
    except (BadMessage, Refused):
        return
    assert read(kind, json.dumps(as_json(entity)).encode()) == entity


@settings(max_examples=100, deadline=None)
@given(JSON)
def test_no_json_makes_the_reader_of_arrays_stumble(body: Any):
    try:
        arrays([ARRAY | {"dataArray": body, "x": 1}])
        arrays(body)
    except (BadMessage, Refused):
        return
