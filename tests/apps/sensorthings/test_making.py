"""Things and Datastreams that programs make, and what of them can be changed."""

from __future__ import annotations

import json
from copy import deepcopy

import pytest
from sensorthings_world import ROOT, SENSOR, STREAM, THING, client_of

from anlan.kernel.audit.models import Entry as AuditEntry
from anlan.kernel.sensing.models import Device, Point

pytestmark = pytest.mark.django_db


@pytest.fixture
def send(sender, town):
    client = client_of(sender)

    def _send(method, path, body, status):
        answer = client.generic(method, f"{ROOT}{path}", json.dumps(body), content_type="application/json")
        assert answer.status_code == status, (answer.status_code, answer.content[:500])
        return answer

    return _send


def test_a_thing_brings_its_datastreams_sensor_and_place_along(send, get):
    answer = send("POST", "/Things", THING, 201)
    device = Device.records.get(code="st-1")
    assert answer["Location"].endswith(f"/sta/v1.1/Things({device.pk})")
    assert answer.json()["anlan.deviceKey"]
    thing = get(f"/Things({device.pk})?$expand=Datastreams($orderby=id;$expand=Sensor,ObservedProperty),Locations")
    assert (thing["name"], thing["description"], thing["properties"]["bridge"]) == ("沧浦水位站", "老桥下", 7)
    assert thing["Locations"][0]["location"]["coordinates"] == [104.6, 31.9]
    stage, flow = thing["Datastreams"]
    assert stage["unitOfMeasurement"] == STREAM["unitOfMeasurement"]
    assert (stage["description"], stage["properties"]["maker"]) == ("水位计", "x")
    assert stage["Sensor"]["metadata"] == SENSOR["metadata"]
    assert flow["ObservedProperty"]["@iot.id"] == "flow"
    assert Point.records.get(code="RS-1").kind == "river_stage"
    assert get("/Things?$filter=description eq '老桥下' and properties/bridge gt 6")["value"][0]["@iot.id"] == device.pk
    assert {"device.register", "point.add"} <= set(AuditEntry.objects.values_list("verb", flat=True))
    send("POST", f"/Datastreams({stage['@iot.id']})/Observations", {"result": 3.2}, 201)


def test_a_datastream_is_added_to_a_thing(send, get, world):
    device = world.points[0].device_id
    body = {**STREAM, "Sensor": {"@iot.id": device}}
    answer = send("POST", f"/Things({device})/Datastreams", body, 201)
    assert get(answer["Location"].partition("/sta/v1.1")[2] + "/Thing")["@iot.id"] == device
    body = {**body, "Thing": {"@iot.id": device}, "properties": {}}
    send("POST", "/Datastreams", body, 201)
    assert Point.records.filter(device=device).count() == 5


@pytest.mark.parametrize("spoil", [
    lambda one: one.pop("name"),
    lambda one: one["properties"].pop("region"),
    lambda one: one["properties"].update(region="1"),
    lambda one: one["properties"].update(anlanCode="ä b"),
    lambda one: one["Locations"].append(one["Locations"][0]),
    lambda one: one.pop("Datastreams"),
    lambda one: one["Datastreams"][0].pop("Sensor"),
    lambda one: one["Datastreams"][0].update(Sensor={**SENSOR, "name": "other"}),
    lambda one: one["Datastreams"][0].update(ObservedProperty={"@iot.id": "beauty"}),
    lambda one: one["Datastreams"][0].update(observationType="http://www.opengis.net/def/observationType/OGC-OM/2.0/OM_TruthObservation"),
    lambda one: one["Datastreams"][0].update(Observations=[{"result": 1}]),
    lambda one: one["Datastreams"][0]["properties"].update(low=3),
    lambda one: one["Datastreams"].append(one["Datastreams"][0]),
])  # fmt: skip
def test_a_thing_that_a_device_cannot_be_is_refused_as_a_whole(send, spoil):
    body = deepcopy(THING)
    spoil(body)
    assert send("POST", "/Things", body, 400).json()["detail"]
    assert not Device.records.filter(name="沧浦水位站").exists()
    assert not Point.records.exists()


def test_only_whoever_manages_devices_there_makes_and_changes(foreigner, world):
    from anlan.kernel.people.models import Role

    Role.objects.filter(code="role-foreigner").update(verbs=["point.see", "device.manage"])
    client = client_of(foreigner)
    body = json.dumps(THING)
    assert client.post(f"{ROOT}/Things", body, content_type="application/json").status_code == 403
    path = f"{ROOT}/Things({world.points[0].device_id})"
    assert client.patch(path, json.dumps({"description": "x"}), content_type="application/json").status_code == 404


def test_words_are_changed_and_nothing_else(send, get, world):
    pk = world.points[0].pk
    changed = send("PATCH", f"/Datastreams({pk})", {"description": "新", "properties": {"maker": "y"}}, 200).json()
    assert (changed["description"], changed["properties"]["maker"]) == ("新", "y")
    assert get(f"/Datastreams({pk})")["description"] == "新"
    assert AuditEntry.objects.filter(verb="sensorthings.change").count() == 1
    for body in ({"name": "other"}, {"properties": {"anlanCode": "x"}}, {"Thing": {"@iot.id": 1}}):
        send("PATCH", f"/Datastreams({pk})", body, 400)


def test_what_is_not_made_or_removed_here_says_so(send, world):
    before = Device.records.count(), Point.records.count()
    for method, path, body, status in (
        ("POST", "/Sensors", SENSOR, 405),
        ("DELETE", f"/Datastreams({world.points[0].pk})", None, 405),
        ("PUT", f"/Things({world.points[0].device_id})", THING, 405),
        ("POST", f"/Things({world.points[0].device_id})", THING, 404),
    ):
        assert send(method, path, body, status), path
    assert (Device.records.count(), Point.records.count()) == before
