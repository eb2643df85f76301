"""Observations that programs send: one, many, and what is refused."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sensorthings_world import BEGIN, ROOT, client_of

from anlan.kernel.sensing.models import Device, Point

pytestmark = pytest.mark.django_db

#: A minute after the last reading of the world.
LATER, LATER_MS = "2026-11-22T03:35:00Z", BEGIN + 600_000


@pytest.fixture
def post(sender):
    client = client_of(sender)

    def _post(path: str, body: Any, status: int = 201) -> Any:
        answer = client.post(f"{ROOT}{path}", json.dumps(body), content_type="application/json")
        assert answer.status_code == status, (answer.status_code, answer.content[:500])
        return answer

    return _post


def stored(world, point) -> list[tuple[int, float, int]]:
    found = world.store.readings(point.pk, LATER_MS, LATER_MS + 10**9)
    return list(zip(found.t.tolist(), found.value.tolist(), found.quality.tolist(), strict=True))


def test_one_observation_is_on_disk_when_it_is_answered(post, get, world):
    point = world.points[0]
    answer = post(f"/Datastreams({point.pk})/Observations", {"phenomenonTime": LATER, "result": 12.5})
    assert stored(world, point) == [(LATER_MS, 12.5, 0)]
    own = answer["Location"]
    assert own == f"http://testserver{ROOT}/Observations('{point.pk}-{LATER_MS}')"
    assert get(own.partition("/sta/v1.1")[2])["result"] == 12.5
    assert Device.records.get(pk=point.device_id).last_seen is not None


def test_an_observation_names_its_datastream_when_the_address_does_not(post, world):
    body = {"phenomenonTime": LATER, "result": 3, "Datastream": {"@iot.id": world.points[1].pk}, "parameters": {}}
    post("/Observations", body)
    assert stored(world, world.points[1]) == [(LATER_MS, 3.0, 0)]


def test_no_value_is_said_by_null(post, world):
    post(f"/Datastreams({world.points[0].pk})/Observations", {"phenomenonTime": LATER, "result": None})
    assert stored(world, world.points[0])[0][2] == 2


@pytest.mark.parametrize("body", [
    {"result": "wet"},
    {"result": True},
    {"result": 1, "phenomenonTime": "2026-11-22T03:25:00Z/2026-11-22T03:26:00Z"},
    {"result": 1, "phenomenonTime": "1970-01-01T00:00:00Z"},
    {"result": 1, "phenomenonTime": "yesterday"},
    {"result": 1, "validTime": "2026-11-22T03:25:00Z/2026-11-22T03:26:00Z"},
    {"result": 1, "parameters": {"by": "hand"}},
    {"result": 1, "FeatureOfInterest": {"@iot.id": 999}},
    {"result": 1, "@iot.id": "mine"},
    {"phenomenonTime": LATER},
    [],
])  # fmt: skip
def test_what_a_reading_cannot_hold_is_refused_with_its_reason(post, world, body):
    answer = post(f"/Datastreams({world.points[0].pk})/Observations", body, 400)
    assert answer.json()["detail"]
    assert stored(world, world.points[0]) == []


def rows(world, *more, stream=None, components=("phenomenonTime", "result")):
    pk = world.points[0].pk if stream is None else stream
    return [{"Datastream": {"@iot.id": pk}, "components": list(components), "dataArray": list(more)}]


def test_a_data_array_is_told_of_each_row_what_became_of_it(post, world):
    body = rows(
        world, [LATER, 1], ["never", 2], ["2026-11-22T11:36:00+08:00", 3.5], [LATER], ["2026-11-22T03:37:00Z", "x"]
    )
    told = post("/CreateObservations", body).json()
    assert [one == "error" for one in told] == [False, True, False, True, True]
    assert stored(world, world.points[0]) == [(LATER_MS, 1.0, 0), (LATER_MS + 60_000, 3.5, 0)]
    assert {one.reason for one in world.store.set_aside()} == {"phenomenonTime", "row", "result"}


def test_the_same_data_array_again_stores_nothing_twice(post, world):
    body = rows(world, [LATER, 1], ["2026-11-22T03:36:00Z", 2]) + rows(world, [LATER, 7], stream=world.points[1].pk)
    first = post("/CreateObservations", body).json()
    before = world.store.last_seq()
    assert post("/CreateObservations", body).json() == first
    assert world.store.last_seq() == before
    assert len(stored(world, world.points[0])) == 2
    assert len(stored(world, world.points[1])) == 1


def test_a_single_array_and_the_quality_are_taken(post, world):
    body = rows(
        world, ["2026-11-22T03:35:00.000Z", 1.5, "uncertain"], components=("phenomenonTime", "result", "resultQuality")
    )
    post("/CreateObservations", body[0])
    assert stored(world, world.points[0]) == [(LATER_MS, 1.5, 1)]


@pytest.mark.parametrize("spoil", [
    lambda one: one.pop("components"),
    lambda one: one.update(components=["phenomenonTime"]),
    lambda one: one.update(components=["result", "colour"]),
    lambda one: one.update(components=["result", "result"]),
    lambda one: one.pop("Datastream"),
    lambda one: one.pop("dataArray"),
])  # fmt: skip
def test_a_data_array_without_shape_is_refused_as_a_whole(post, world, spoil):
    body = rows(world, [LATER, 1])
    spoil(body[0])
    post("/CreateObservations", body, 400)
    assert stored(world, world.points[0]) == []


def test_what_takes_no_readings_from_this_token_is_an_error_of_its_rows(post, world):
    body = rows(world, [LATER, 1], stream=999_999) + rows(world, [LATER, 1], stream="x") + rows(world, [LATER, 2])
    told = post("/CreateObservations", body).json()
    assert [one == "error" for one in told] == [True, True, False]
    Point.records.filter(pk=world.points[0].pk).update(enabled=False)
    assert post("/CreateObservations", rows(world, [LATER, 3])).json() == ["error"]
    post(f"/Datastreams({world.points[0].pk})/Observations", {"result": 1}, 403)


def test_whoever_only_sees_points_sends_nothing(world, county):
    from sensing_world import person

    reader = client_of(person("reader", "方知", county, ["region.see", "point.see"]))
    body = json.dumps(rows(world, [LATER, 1]))
    answer = reader.post(f"{ROOT}/CreateObservations", body, content_type="application/json")
    assert answer.json() == ["error"]
    assert stored(world, world.points[0]) == []


def test_an_unusual_body_is_no_error_of_ours(sender, world):
    client = client_of(sender)
    for body in (b"", b"{", b"\xff", b"1", b"null", b"[" * 5000, b'[{"a": 1}]', b'{"components": 3}'):
        answer = client.post(f"{ROOT}/CreateObservations", body, content_type="application/json")
        assert answer.status_code == 400, body


def test_a_refused_row_waits_with_its_value_its_time_and_what_was_sent(post, world):
    body = rows(
        world,
        [LATER, 7.5, {"by": "hand"}],
        ["never", 2.5, None],
        [LATER, "wet", None],
        [LATER, 1, None, 4],
        components=("phenomenonTime", "result", "parameters"),
    ) + rows(world, ["never", 9], stream=world.points[1].pk)
    assert post("/CreateObservations", body).json() == ["error"] * 5
    found = {(one.point, one.reason): one for one in world.store.set_aside()}
    assert len(found) == 5
    code = world.points[0].code
    kept = found[code, "parameters"]
    assert (kept.t, kept.value) == (LATER_MS, 7.5)
    assert json.loads(kept.raw) == {"phenomenonTime": LATER, "result": 7.5, "parameters": {"by": "hand"}}
    assert (found[code, "phenomenonTime"].t, found[code, "phenomenonTime"].value) == (None, 2.5)
    assert (found[code, "result"].t, found[code, "result"].value) == (LATER_MS, None)
    assert json.loads(found[code, "result"].raw)["result"] == "wet"
    assert (found[code, "row"].t, found[code, "row"].value) == (None, None)
    assert json.loads(found[code, "row"].raw) == [LATER, 1, None, 4]
    assert json.loads(found[world.points[1].code, "phenomenonTime"].raw) == {"phenomenonTime": "never", "result": 9}
    post("/CreateObservations", body)
    assert world.store.count_set_aside() == 5


def test_a_long_refused_row_is_kept_by_its_beginning_and_of_very_many_the_first(post, world):
    body = rows(world, *([LATER, "x" * 10_000] for _ in range(3)), *(["never", n] for n in range(1_500)))
    post("/CreateObservations", body)
    kept = world.store.set_aside(limit=5_000)
    assert len(kept) == 1_000
    assert max(len(one.raw) for one in kept) == 2_000


def test_a_row_that_was_refused_can_be_sent_again_from_the_page(post, world, county):
    from django.utils import timezone
    from sensing_world import person

    from anlan.kernel.sensing.services.set_aside import replay_row

    post("/CreateObservations", rows(world, [LATER, 7.5, "x"], components=("phenomenonTime", "result", "parameters")))
    (row,) = world.store.set_aside()
    mender = person("mender", "方知", county, ["setaside.see", "setaside.replay"])
    replay_row(row, store=world.store, actor=mender, now=timezone.now())
    assert stored(world, world.points[0]) == [(LATER_MS, 7.5, 0)]
