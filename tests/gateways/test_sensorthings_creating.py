"""Observations of SensorThings that devices publish: whose they are, what is taken, what waits for a person."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from gateway_world import T, rows

from anlan.engine import decode_batch
from anlan.gateways.mqtt import NOBODY, Address, Gateway, Message
from anlan.gateways.sensorthings.topics import Creation, Wish, creation_of, is_creation, under_device, wish_of
from anlan.gateways.topics import topic_of
from anlan.kernel.sensing.door.bodies import Sender
from anlan.kernel.sensing.door.directory import Directory, Known
from anlan.kernel.sensing.door.taking import excerpt_of
from anlan.kernel.sensing.store import Busy, Store
from tests.formats.neighbours import recorded

#: 2026-11-22T03:25:00Z.
BEGIN, AT = 1_795_317_900_000, "2026-11-22T11:25:00+08:00"


class Hand:
    """A client that only notes what was acknowledged."""

    def __init__(self) -> None:
        self.acknowledged: list[int] = []

    def ack(self, mid: int, _qos: int) -> None:
        self.acknowledged.append(mid)


@pytest.fixture
def hand() -> Hand:
    return Hand()


@pytest.fixture
def gateway(store: Store, directory: Directory, hand: Hand) -> Gateway:
    """Device gw-1 has point 7 (P-0), gw-2 point 8 (P-1)."""
    found = Gateway(Address("127.0.0.1", 1), store, directory, observations=True)
    found._client = hand  # type: ignore[assignment]
    found._connection = 1
    return found


def message(mid: int, path: str, body: Any, device: str = "gw-1") -> Message:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Message(1, mid, 1, under_device(device, path), raw)


def stored(store: Store) -> list[tuple[str, int, int, float, int]]:
    return [
        (row.sender, *one)
        for row in store.read_log(0)
        for one in zip(*(column.tolist() for column in decode_batch(row.payload)), strict=True)
    ]


@pytest.mark.parametrize(
    ("topic", "found"),
    [
        ("anlan/v1/gw-1/sta/v1.1/Datastreams(7)/Observations", Creation("gw-1", 7)),
        ("anlan/v1/gw-1/sta/Datastreams(7)/Observations", Creation("gw-1", 7)),
        ("anlan/v1/gw-1/sta/v1.1/Observations", Creation("gw-1", None)),
        ("anlan/v1//sta/v1.1/Observations", None),
        ("anlan/v1/gw-1/sta/v1.1/Datastreams(7)", None),
        ("anlan/v1/gw-1/sta/v1.1/Datastreams('7')/Observations", None),
        ("anlan/v1/gw-1/sta/v1.1/Datastreams(7)/Observations('7-1')", None),
        ("anlan/v1/gw-1/sta/v1.1/Datastreams(7)/Observations/$ref", None),
        ("anlan/v1/gw-1/sta/v1.1/Things(1)/Datastreams(7)/Observations", None),
        ("anlan/v1/gw-1/sta/v1.0/Observations", None),
        ("anlan/v1/gw-1/readings", None),
        ("v1.1/Observations", None),
        ("anlan/v1/gw-1/sta/", None),
    ],
)
def test_a_topic_names_the_device_and_the_datastream(topic: str, found: Creation | None):
    assert creation_of(topic) == found


@pytest.mark.parametrize(
    ("topic", "found"),
    [
        ("v1.1/Observations", Wish("Observation")),
        ("v1.1/Datastreams(7)/Observations", Wish("Observation", parent=("Datastream", 7))),
        (
            "v1.1/Datastreams(7)/Observations?$select=result,phenomenonTime",
            Wish("Observation", parent=("Datastream", 7), select=("result", "phenomenonTime")),
        ),
        ("v1.1/Datastreams(7)", Wish("Datastream", id=7)),
        ("v1.1/Datastreams(7)/description", Wish("Datastream", id=7, named="description")),
        ("v1.1/Things", Wish("Thing")),
        ("v1.1/Things(1)/Datastreams?$select=name", Wish("Datastream", parent=("Thing", 1), select=("name",))),
        ("v1.1/#", None),
        ("#", None),
        ("v1.1/+/Observations", None),
        ("v1.0/Observations", None),
        ("Observations", None),
        ("v1.1/Datastreams(7)/Observations?$filter=result gt 5", None),
        ("v1.1/Datastreams(7)/Observations?$select=colour", None),
        ("v1.1/Datastreams(7)/Observations?$top=1", None),
        ("v1.1/Datastreams(7)/name/$value", None),
        ("v1.1/Datastreams(7)/nothing", None),
        ("v1.1/Observations('7-1')", None),
        ("v1.1/ObservedProperties", None),
        ("anlan/v1/gw-1/readings", None),
        ("", None),
    ],
)
def test_a_subscription_asks_for_what_changes_and_nothing_else(topic: str, found: Wish | None):
    assert wish_of(topic) == found


def test_only_the_addresses_of_the_standard_take_observations():
    assert is_creation("v1.1/Observations")
    assert is_creation("v1.1/Datastreams(7)/Observations")
    for topic in ("v1.1/Datastreams(7)", "v1.1/Things", "Observations", topic_of("gw-1"), "v1.1/", ""):
        assert not is_creation(topic), topic


def test_R4_an_observation_is_acknowledged_only_after_the_commit(
    gateway: Gateway, store: Store, hand: Hand, monkeypatch
):
    order: list[str] = []
    append = Store.append_batches

    def noted(self: Store, batches: Any) -> Any:
        done = append(self, batches)
        order.append(f"on disk {len(batches)}")
        return done

    monkeypatch.setattr(Store, "append_batches", noted)
    monkeypatch.setattr(Hand, "ack", lambda self, mid, qos: order.append(f"acknowledged {mid}"))
    gateway._take([
        message(1, "v1.1/Datastreams(7)/Observations", {"phenomenonTime": AT, "result": 2.5}),
        message(2, "v1.1/Observations", {"phenomenonTime": AT, "result": None, "Datastream": {"@iot.id": 8}}, "gw-2"),
        Message(1, 3, 1, topic_of("gw-1"), rows("a", t=T)),
    ])  # fmt: skip
    assert order == ["on disk 3", "acknowledged 1", "acknowledged 2", "acknowledged 3"]
    assert stored(store)[:2] == [("gw-1", 7, BEGIN, 2.5, 0), ("gw-2", 8, BEGIN, 0.0, 2)]


def test_R4_what_a_busy_store_does_not_take_is_not_acknowledged(gateway: Gateway, hand: Hand, monkeypatch):
    def busy(self: Store, batches: Any) -> Any:
        gateway._stopping.set()
        raise Busy("locked")

    monkeypatch.setattr(Store, "append_batches", busy)
    gateway._take([message(1, "v1.1/Datastreams(7)/Observations", {"result": 1})])
    assert hand.acknowledged == []


def test_R2_an_observation_that_comes_again_is_stored_once(gateway: Gateway, store: Store, hand: Hand):
    body = {"phenomenonTime": AT, "result": 2.5}
    for mid, path in ((1, "v1.1/Datastreams(7)/Observations"), (2, "v1.1/Datastreams(7)/Observations")):
        gateway._take([message(mid, path, body)])
    gateway._take([message(3, "v1.1/Observations", body | {"Datastream": {"@iot.id": 7, "name": "as read"}})])
    assert hand.acknowledged == [1, 2, 3]
    assert stored(store) == [("gw-1", 7, BEGIN, 2.5, 0)]


def test_an_observation_without_a_time_is_of_now(gateway: Gateway, store: Store):
    gateway._take([message(1, "v1.1/Datastreams(7)/Observations", {"result": 2.5})])
    assert stored(store) == [("gw-1", 7, store.clock(), 2.5, 0)]


@pytest.mark.parametrize("path", ["v1.1/Datastreams(8)/Observations", "v1.1/Datastreams(99)/Observations"])
def test_S11_a_device_writes_to_its_own_datastreams_only(gateway: Gateway, store: Store, hand: Hand, path: str):
    gateway._take([message(1, path, {"phenomenonTime": AT, "result": 2.5})])
    body = {"phenomenonTime": AT, "result": 2.5, "Datastream": {"@iot.id": 8}}
    gateway._take([message(2, "v1.1/Observations", body)])
    assert stored(store) == []
    assert hand.acknowledged == [1, 2]
    assert {(one.sender, one.reason) for one in store.set_aside()} == {("gw-1", "Datastream")}
    assert json.loads(store.set_aside()[0].raw) == body


def test_S11_a_device_that_is_not_live_or_revoked_writes_nothing(gateway: Gateway, store: Store, directory: Directory):
    old = directory.known["gw-2"]
    directory.known["gw-2"] = Known(old.key_hash, Sender("gw-2", "exercise-1", old.sender.points))
    gateway._take([message(1, "v1.1/Datastreams(8)/Observations", {"result": 2.5}, "gw-2")])
    del directory.known["gw-1"]
    gateway._take([message(2, "v1.1/Datastreams(7)/Observations", {"result": 2.5})])
    assert stored(store) == []
    assert {(one.sender, one.reason) for one in store.set_aside()} == {
        ("gw-2", "Datastream"), (NOBODY, "unknown_device"),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("body", "reason", "value"),
    [
        (b"", "not_json", None),
        (b"\xff\xfe\x00", "not_json", None),
        (b"[" * 5_000, "too_deep", None),
        (b"[]", "observation", None),
        (b"{}", "observation", None),
        (b'{"result": 1, "colour": "red"}', "observation", None),
        (b'{"result": 1, "phenomenonTime": "yesterday"}', "observation", None),
        (b'{"result": 1, "resultTime": 5}', "observation", None),
        (b'{"result": "wet"}', "result", None),
        (b'{"result": true}', "result", None),
        (b'{"result": 1e400}', "not_json", None),
        (b'{"result": 4.5, "parameters": {"by": "hand"}}', "parameters", 4.5),
        (b'{"result": 4.5, "phenomenonTime": "1970-01-01T00:00:00Z"}', "phenomenonTime", 4.5),
        (b'{"result": 4.5, "@iot.id": "mine"}', "id", 4.5),
        (b'{"result": 4.5, "FeatureOfInterest": {"@iot.id": 3}}', "FeatureOfInterest", 4.5),
        (b'{"result": 4.5, "resultQuality": "fine"}', "resultQuality", 4.5),
    ],
)
def test_K6_what_cannot_be_taken_waits_as_it_was_sent_and_holds_up_nothing(
    gateway: Gateway, store: Store, hand: Hand, body: bytes, reason: str, value: float | None
):
    path = "v1.1/Datastreams(7)/Observations"
    gateway._take([message(1, path, body), message(2, path, {"phenomenonTime": AT, "result": 1})])
    assert hand.acknowledged == [1, 2]
    assert stored(store) == [("gw-1", 7, BEGIN, 1.0, 0)]
    (aside,) = store.set_aside()
    assert (aside.sender, aside.reason, aside.value) == ("gw-1", reason, value)
    assert aside.raw == body.decode("utf-8", "replace").replace("\0", "")[:2_000]


def test_K6_what_cannot_be_read_waits_once_however_often_it_comes(gateway: Gateway, store: Store):
    for mid, body in enumerate((b"{}", b"{}", b"no json", b"no json")):
        gateway._take([message(mid, "v1.1/Datastreams(7)/Observations", body)])
    assert store.count_set_aside() == 2


def test_every_recorded_body_of_the_conformance_suite_is_taken_or_waits_as_it_was_sent(
    gateway: Gateway, store: Store, hand: Hand
):
    bodies = json.loads(recorded("sensorthings/ets_sta10_entities.json"))
    found = [body for name, body in bodies.items() if name.startswith("observations/")]
    assert len(found) > 10
    texts = [body if isinstance(body, str) else json.dumps(body) for body in found]
    raw = [re.sub(r"\$(DATASTREAM|FOI)-ID", "7", text).encode() for text in texts]
    gateway._take([message(mid, "v1.1/Datastreams(7)/Observations", body) for mid, body in enumerate(raw)])
    assert hand.acknowledged == list(range(len(raw)))
    # All but one say a quality or a time of validity of their own, or bring a place.
    assert [row[3] for row in stored(store)] == [55.0]
    aside = store.set_aside(limit=100)
    assert {one.reason for one in aside} == {"observation", "resultQuality", "phenomenonTime"}
    # The same observation under another address is kept once.
    assert {one.raw for one in aside} < {excerpt_of(one) for one in raw if b"55.0" not in one}
    assert len(aside) == len(raw) - 3


def test_observations_are_not_taken_unless_they_are_switched_on(store: Store, directory: Directory, hand: Hand):
    gateway = Gateway(Address("127.0.0.1", 1), store, directory)
    gateway._client, gateway._connection = hand, 1  # type: ignore[assignment]
    assert gateway._topics == ("anlan/v1/+/readings",)
    gateway._take([message(1, "v1.1/Datastreams(7)/Observations", {"result": 1})])
    assert stored(store) == []
    assert [one.reason for one in store.set_aside()] == ["unknown_device"]
