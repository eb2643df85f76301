"""The read side: sets, entities, relations and every option of a question."""

from __future__ import annotations

import pytest
from django.test import Client
from sensorthings_world import BEGIN, ROOT, client_of

pytestmark = pytest.mark.django_db


def test_the_root_names_the_eight_sets_and_what_it_conforms_to(get):
    found = get("")
    assert [one["name"] for one in found["value"]][:2] == ["Things", "Locations"]
    assert len(found["value"]) == 8
    assert get("/") == found
    assert any(one.endswith("request-data/expand") for one in found["serverSettings"]["conformance"])


def test_the_root_names_the_classes_of_mqtt_where_the_own_broker_serves_them(get, monkeypatch):
    create, receive = (
        "http://www.opengis.net/spec/iot_sensing/1.1/req/" + name
        for name in ("create-observations-via-mqtt/observations-creation", "receive-updates-via-mqtt/receive-updates")
    )
    assert list(get("")["serverSettings"]) == ["conformance"]
    monkeypatch.setenv("ANLAN_STA_MQTT", "create,receive")
    monkeypatch.setenv("ANLAN_MQTT_PORT", "18830")
    found = get("")["serverSettings"]
    assert {create, receive} <= set(found["conformance"])
    assert found[create] == found[receive] == {"endpoints": ["mqtt://127.0.0.1:18830"]}
    monkeypatch.setenv("ANLAN_STA_MQTT", "receive")
    assert create not in get("")["serverSettings"]["conformance"]
    monkeypatch.setenv("ANLAN_MQTT_URL", "mqtt://someone:secret@broker.example.org")
    assert list(get("")["serverSettings"]) == ["conformance"]


def test_without_a_key_nothing_is_told(world):
    assert Client().get(f"{ROOT}/Things").status_code == 401
    assert Client(HTTP_AUTHORIZATION="Bearer anlan_x").get(f"{ROOT}/Things").status_code == 401


def test_an_officer_of_another_town_sees_none_of_it(world, foreigner):
    from anlan.kernel.people.models import Grant

    assert Grant.objects.filter(user=foreigner).exists()
    client = client_of(foreigner)
    for path in ("Things", "Sensors", "Datastreams", "Locations", "FeaturesOfInterest", "Observations"):
        assert client.get(f"{ROOT}/{path}?$count=true").json() == {"@iot.count": 0, "value": []}, path
    assert client.get(f"{ROOT}/Datastreams({world.points[0].pk})").status_code == 404
    assert client.get(f"{ROOT}/Datastreams({world.points[0].pk})/Observations").status_code == 404
    assert client.get(f"{ROOT}/Observations('{world.points[0].pk}-{BEGIN}')").status_code == 404


def test_a_point_is_a_datastream_of_its_device(get, world):
    point = world.points[0]
    found = get(f"/Datastreams({point.pk})?$expand=Thing,Sensor,ObservedProperty")
    assert found["name"] == point.name
    assert found["unitOfMeasurement"]["symbol"] == "%LEL"
    assert found["properties"]["anlanCode"] == point.code
    assert found["Thing"]["properties"]["anlanCode"] == "gw-1"
    assert found["Sensor"]["@iot.id"] == found["Thing"]["@iot.id"] == point.device_id
    assert found["ObservedProperty"]["@iot.id"] == "other"
    assert found["Observations@iot.navigationLink"].endswith(f"/Datastreams({point.pk})/Observations")


@pytest.mark.parametrize("path", [
    "/Things", "/Locations", "/HistoricalLocations", "/Datastreams", "/Sensors", "/ObservedProperties", "/Observations",
    "/FeaturesOfInterest",
])  # fmt: skip
def test_every_link_of_every_set_leads_somewhere(get, world, path):
    for entity in get(f"{path}?$top=2")["value"]:
        own = entity["@iot.selfLink"].split("/sta/v1.1", 1)[1]
        assert get(own)["@iot.id"] == entity["@iot.id"]
        for name, link in entity.items():
            if name.endswith("navigationLink"):
                get(link.split("/sta/v1.1", 1)[1])


def test_locations_are_where_the_points_of_a_device_are(get, world):
    place = get(f"/Things({world.points[0].device_id})/Locations")["value"][0]["location"]
    assert place["type"] == "MultiPoint"
    assert [lon for lon, _lat in place["coordinates"]] == pytest.approx([104.6, 104.601, 104.602])


def test_a_page_says_where_the_next_one_is_until_the_end(get, world):
    seen, path = [], "/Datastreams?$top=2&$count=true&$filter=unitOfMeasurement/symbol eq '%25LEL'&$select=name"
    while path:
        page = get(path)
        assert page["@iot.count"] == 3
        seen += [one["@iot.id"] for one in page["value"]]
        path = page.get("@iot.nextLink", "").partition("/sta/v1.1")[2]
    assert seen == [one.pk for one in world.points]


@pytest.mark.parametrize(("filter_", "n"), [
    ("name eq '可燃气体 2 号'", 1),
    ("name ne '可燃气体 2 号'", 2),
    ("substringof('2032', properties/anlanCode)", 1),
    ("substringof('gt-', properties/anlanCode)", 0),
    ("startswith(properties/anlanCode, 'GT-203') and not (properties/anlanCode eq 'GT-2031')", 2),
    ("Thing/name eq '一号网关'", 3),
    ("Thing/properties/anlanCode eq 'gw-2'", 0),
    ("ObservedProperty/id eq 'other' or id eq 0", 3),
    ("properties/periodSeconds mul 2 eq 30", 3),
    ("properties/nothing eq null", 3),
    ("length(name) gt 100", 0),
    ("st_within(observedArea, geography'POLYGON ((104.5995 31.8, 104.6005 31.8, 104.6005 32, 104.5995 32, 104.5995 31.8))')", 1),  # noqa: E501
    ("geo.distance(observedArea, geography'POINT (104.6 31.9)') lt 0.0015", 2),
    ("name eq 5", 0),
    ("tolower(properties/anlanCode) eq 'gt-2033'", 1),
])  # fmt: skip
def test_a_filter_finds_the_datastreams_that_fit(get, world, filter_, n):
    assert get(f"/Datastreams?$count=true&$top=0&$filter={filter_.replace('%', '%25')}") == {
        "@iot.count": n, "value": [],
    }  # fmt: skip


def test_things_are_found_by_what_hangs_on_them(get, world):
    assert len(get("/Things?$filter=Datastreams/properties/anlanCode eq 'GT-2032'")["value"]) == 1
    assert get("/Things?$filter=Datastreams/properties/anlanCode eq 'GT-9'")["value"] == []


def test_an_order_is_kept_and_may_be_written_in_capitals(get, world):
    names = [one["name"] for one in get("/Datastreams?$orderby=name DESC")["value"]]
    assert names == sorted(names, reverse=True)
    far = [one["@iot.id"] for one in get("/Datastreams?$orderby=properties/low desc,id desc")["value"]]
    assert far == [one.pk for one in reversed(world.points)]


def test_only_what_was_selected_is_told(get, world):
    found = get(f"/Datastreams({world.points[0].pk})?$select=name,Thing")
    assert set(found) == {"@iot.id", "@iot.selfLink", "name", "Thing@iot.navigationLink"}


def results(body):
    return [one["result"] for one in body["value"]]


def test_observations_come_in_order_of_time(get, world):
    here = f"/Datastreams({world.points[0].pk})/Observations"
    assert results(get(here)) == list(range(10))
    assert results(get(f"{here}?$orderby=phenomenonTime desc&$top=3&$skip=1")) == [8, 7, 6]
    first = get(f"{here}?$top=1")["value"][0]
    assert first["phenomenonTime"] == "2026-11-22T03:25:00.000Z"
    assert first["resultQuality"] == "good"


@pytest.mark.parametrize(("filter_", "expected"), [
    ("result gt 7", [8, 9]),
    ("result ge 3 and result lt 5", [3, 4]),
    ("result lt 1 or result gt 8", [0, 9]),
    ("phenomenonTime gt 2026-11-22T03:32:00Z", [8, 9]),
    ("phenomenonTime ge 2026-11-22T11:32:00+08:00 and result ne 8", [7, 9]),
    ("phenomenonTime eq 2026-11-22T03:25:00Z", [0]),
    ("2026-11-22T03:26:00Z gt phenomenonTime", [0]),
    ("phenomenonTime lt 2026-11-22T03:25:00Z add duration'PT2M'", [0, 1]),
    ("phenomenonTime lt now() and minute(phenomenonTime) eq 30", [5]),
    ("result mod 4 eq 1", [1, 5, 9]),
    ("resultQuality ne 'good'", []),
])  # fmt: skip
def test_a_filter_finds_the_observations_that_fit(get, world, filter_, expected):
    here = f"/Datastreams({world.points[0].pk})/Observations"
    body = get(f"{here}?$count=true&$filter={filter_}")
    assert (results(body), body["@iot.count"]) == (expected, len(expected))
    backwards = get(f"{here}?$orderby=phenomenonTime desc&$filter={filter_}")
    assert results(backwards) == expected[::-1]


def test_observations_are_sorted_by_their_results(get, world):
    here = f"/Datastreams({world.points[0].pk})/Observations"
    assert results(get(f"{here}?$orderby=result desc&$top=2&$count=true")) == [9, 8]


def test_a_reading_without_a_value_says_so(get, world):
    last = get(f"/Datastreams({world.points[2].pk})/Observations?$orderby=phenomenonTime desc&$top=1")["value"][0]
    assert (last["result"], last["resultQuality"]) == (None, "bad")
    assert results(get(f"/Datastreams({world.points[2].pk})/Observations?$filter=result gt 70")) == [80]


def test_observations_of_all_datastreams_may_be_asked_at_once(get, world):
    assert get("/Observations?$count=true&$top=0")["@iot.count"] == 30
    newest = get("/Observations?$orderby=phenomenonTime desc&$top=3&$expand=Datastream($select=name)")["value"]
    assert {one["Datastream"]["name"] for one in newest} == {one.name for one in world.points}
    some = get("/Observations?$filter=Datastream/properties/anlanCode eq 'GT-2032' and result ge 80")
    assert results(some) == [80, 90]


def test_the_newest_of_each_datastream_comes_along(get, world):
    found = get("/Datastreams?$expand=Observations($top=1;$orderby=phenomenonTime desc;$select=result)")["value"]
    assert [one["Observations"][0]["result"] for one in found] == [9, 90, None]
    assert "phenomenonTime" not in found[0]["Observations"][0]


def test_what_comes_along_is_paged_counted_and_filtered(get, world):
    thing = get("/Things?$expand=Datastreams($top=1;$count=true;$expand=Observations($filter=result gt 7))")["value"][0]
    assert thing["Datastreams@iot.count"] == 3
    assert results({"value": thing["Datastreams"][0]["Observations"]}) == [8, 9]
    further = get(thing["Datastreams@iot.nextLink"].partition("/sta/v1.1")[2])
    assert [one["@iot.id"] for one in further["value"]] == [world.points[1].pk]
    assert results({"value": further["value"][0]["Observations"]}) == [10 * step for step in range(1, 10)]


def test_a_data_array_holds_the_same_as_the_entities(get, world):
    body = get("/Observations?$resultFormat=dataArray&$select=phenomenonTime,result&$count=true")
    assert body["@iot.count"] == 30
    first = body["value"][0]
    assert first["components"] == ["phenomenonTime", "result"]
    assert first["dataArray@iot.count"] == len(first["dataArray"]) == 10
    assert first["dataArray"][3] == ["2026-11-22T03:28:00.000Z", 3]


def test_a_property_and_its_bare_value_have_addresses(get, world, sender):
    pk = world.points[0].pk
    assert get(f"/Datastreams({pk})/name") == {"name": world.points[0].name}
    answer = client_of(sender).get(f"{ROOT}/Datastreams({pk})/name/$value")
    assert answer.content.decode() == world.points[0].name
    assert get(f"/Things({world.points[0].device_id})/Datastreams/$ref")["value"][0] == {
        "@iot.selfLink": f"http://testserver{ROOT}/Datastreams({pk})"
    }
    assert get(f"/Datastreams({pk})/Thing/$ref")["@iot.selfLink"].endswith(f"/Things({world.points[0].device_id})")


@pytest.mark.parametrize(("path", "status"), [
    ("/Nothings", 404),
    ("/Datastreams(0)", 404),
    ("/Datastreams('x')", 404),
    ("/Datastreams(999999999999999999)", 404),
    ("/Observations('1-')", 404),
    ("/Datastreams?$filter=colour eq 1", 400),
    ("/Datastreams?$top=x", 400),
    ("/Datastreams?$format=json", 400),
    ("/Datastreams?$resultFormat=dataArray", 400),
    ("/Observations?$resultFormat=CSV", 501),
    ("/Datastreams?$filter=Observations/result gt 5", 400),
    ("/Datastreams?$filter=id eq 99999999999999999999", 200),
])  # fmt: skip
def test_what_cannot_be_meant_is_answered_with_its_reason(get, world, path, status):
    answer = get(path, status)
    assert answer["value"] == [] if status == 200 else answer["detail"]


def test_a_question_that_would_read_too_much_says_so(get, world, monkeypatch):
    monkeypatch.setattr("anlan.apps.sensorthings.queries.observations.MOST_POINTS", 2)
    monkeypatch.setattr("anlan.apps.sensorthings.queries.answering.MOST_POINTS", 2)
    assert get("/Observations?$orderby=result", 400)["code"] == "too_much"
    assert get("/Datastreams?$expand=Observations", 400)["code"] == "too_much"
    assert len(get("/Observations?$top=5")["value"]) == 5
    assert len(get("/Datastreams?$expand=Observations($top=1;$orderby=phenomenonTime desc)")["value"]) == 3


def test_no_answer_holds_more_observations_than_it_may_judge(get, world, monkeypatch):
    monkeypatch.setattr("anlan.apps.sensorthings.queries.observations.MOST_JUDGED", 2)
    for path in ("/Observations?$count=true", "/Observations?$orderby=result", "/Observations?$skip=3"):
        assert get(path, 400)["code"] == "too_much", path


def test_exercises_are_not_served(get, world):
    from anlan.kernel.sensing.models import Point

    Point.records.filter(pk=world.points[0].pk).update(exercise=True)
    assert get(f"/Datastreams({world.points[0].pk})", 404)
    assert len(get("/Datastreams")["value"]) == 2
