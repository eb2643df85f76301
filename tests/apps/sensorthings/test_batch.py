"""Many requests in one: `$batch`, and change sets of which all or nothing happens."""

from __future__ import annotations

import pytest
from sensorthings_world import BEGIN, ROOT, STREAM, THING, client_of, http, joined, statuses, together

from anlan.kernel.sensing.models import Device, Point

pytestmark = pytest.mark.django_db

LATER, AT_36 = BEGIN + 600_000, "2026-11-22T03:36:00Z"


@pytest.fixture
def batch(sender):
    client = client_of(sender)

    def _batch(*parts: str, status: int = 200) -> str:
        kind = "multipart/mixed; boundary=b"
        answer = client.generic("POST", f"{ROOT}/$batch", joined("b", *parts), content_type=kind)
        assert answer.status_code == status, answer.content
        return answer.content.decode()

    return _batch


def test_requests_of_a_batch_are_answered_in_turn_and_do_not_spoil_each_other(batch, world):
    pk = world.points[0].pk
    answer = batch(
        http("GET", f"Datastreams({pk})?$select=name"),
        http("GET", "Datastreams(0)"),
        http(
            "POST", f"/sta/v1.1/Datastreams({pk})/Observations", {"result": 4, "phenomenonTime": "2026-11-22T03:35:00Z"}
        ),
        http("GET", f"http://testserver{ROOT}/Datastreams({pk})/Observations?$top=1&$orderby=phenomenonTime%20desc"),
    )
    assert statuses(answer) == [200, 404, 201, 200]
    assert world.points[0].name in answer
    assert answer.count('"result":4.0') == 2


def test_a_change_set_makes_a_datastream_and_sends_to_it(batch, world):
    device = world.points[0].device_id
    body = {**STREAM, "Sensor": {"@iot.id": device}, "Thing": {"@iot.id": device}}
    answer = batch(together(
        http("POST", "Datastreams", body, "1"),
        http("POST", "$1/Observations", {"result": 7, "phenomenonTime": "2026-11-22T03:35:00Z"}, "2"),
        http("POST", "Observations", {"result": 8, "phenomenonTime": AT_36, "Datastream": {"@iot.id": "$1"}}),
    ))  # fmt: skip
    assert statuses(answer) == [201, 201, 201]
    made = Point.records.get(code="RS-1")
    assert world.store.readings(made.pk, LATER, LATER + 10**6).value.tolist() == [7, 8]


def test_nothing_of_a_change_set_happens_when_one_of_it_fails(batch, world, town):
    pk = world.points[0].pk
    answer = batch(together(
        http("POST", f"Datastreams({pk})/Observations", {"result": 4, "phenomenonTime": "2026-11-22T03:35:00Z"}),
        http("POST", "Things", THING),
        http("POST", f"Datastreams({pk})/Observations", {"result": "wet"}),
    ))  # fmt: skip
    assert statuses(answer) == [400]
    assert not len(world.store.readings(pk, LATER, LATER + 10**6))
    assert not Device.records.filter(code="st-1").exists()


@pytest.mark.parametrize("part", [
    "Content-Type: text/plain\r\n\r\nhello\r\n",
    "Content-Type: application/http\r\n\r\n\r\n",
    "Content-Type: application/http\r\n\r\nFETCH Things HTTP/1.1\r\n\r\n",
    together(http("GET", "Things")),
    "Content-Type: multipart/mixed\r\n\r\nx\r\n",
])  # fmt: skip
def test_a_batch_that_cannot_be_read_is_refused_as_a_whole(batch, world, part):
    before = Point.records.count()
    batch(part, status=400)
    assert Point.records.count() == before
