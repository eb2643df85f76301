"""What the gateway does with messages, without a broker: paho's part is played by hand."""

from __future__ import annotations

import json
import threading
from types import SimpleNamespace
from typing import Any

import pytest
from gateway_world import T, rows

from anlan.gateways.mqtt import NOBODY, TRIES, Address, Gateway, Message
from anlan.gateways.topics import device_of, topic_of
from anlan.kernel.sensing.door.directory import Directory
from anlan.kernel.sensing.store import Busy, Store


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
    found = Gateway(Address("127.0.0.1", 1), store, directory)
    found._client = hand  # type: ignore[assignment]
    found._connection = 1
    return found


def message(mid: int, body: bytes, device: str = "gw-1", *, qos: int = 1, connection: int = 1) -> Message:
    return Message(connection, mid, qos, topic_of(device), body)


@pytest.mark.parametrize(
    ("topic", "device"),
    [
        ("anlan/v1/gw-1/readings", "gw-1"),
        ("anlan/v1//readings", ""),
        ("anlan/v2/gw-1/readings", ""),
        ("anlan/v1/gw-1/readings/x", ""),
        ("other/v1/gw-1/readings", ""),
        ("anlan/v1/gw-1/answers", ""),
    ],
)
def test_a_topic_names_its_device(topic: str, device: str):
    assert device_of(topic) == device


def test_R4_a_message_is_acknowledged_only_after_the_commit(gateway: Gateway, store: Store, hand: Hand, monkeypatch):
    order: list[str] = []
    append = Store.append_batches

    def noted(self: Store, batches: Any) -> Any:
        done = append(self, batches)
        order.append(f"on disk {len(batches)}")
        return done

    monkeypatch.setattr(Store, "append_batches", noted)
    monkeypatch.setattr(Hand, "ack", lambda self, mid, qos: order.append(f"acknowledged {mid}"))
    gateway._take([message(1, rows("a")), message(2, rows("b", value=2.0, t=T + 1))])
    assert order == ["on disk 2", "acknowledged 1", "acknowledged 2"]
    assert [(row.sender, row.batch_id) for row in store.read_log(0)] == [("gw-1", "a"), ("gw-1", "b")]


def test_R4_what_a_busy_store_does_not_take_is_not_acknowledged(gateway: Gateway, hand: Hand, monkeypatch):
    def busy(self: Store, batches: Any) -> Any:
        gateway._stopping.set()  # so that the first refusal is also the last
        raise Busy("locked")

    monkeypatch.setattr(Store, "append_batches", busy)
    gateway._take([message(1, rows("a"))])
    assert hand.acknowledged == []


def test_a_store_that_was_busy_is_asked_again_and_loses_nothing(
    gateway: Gateway, store: Store, hand: Hand, monkeypatch: pytest.MonkeyPatch
):
    append, calls = Store.append_batches, []

    def first_busy(self: Store, batches: Any) -> Any:
        calls.append(len(batches))
        if len(calls) == 1:
            raise Busy("locked")
        return append(self, batches)

    monkeypatch.setattr(Store, "append_batches", first_busy)
    monkeypatch.setattr("anlan.gateways.keeping.FIRST_WAIT_S", 0.0)
    gateway._take([message(1, rows("a"))])
    assert (calls, hand.acknowledged, len(store.read_log(0))) == ([1, 1], [1], 1)


def test_R2_a_message_that_comes_again_is_stored_once_and_acknowledged_twice(
    gateway: Gateway, store: Store, hand: Hand
):
    gateway._take([message(1, rows("a"))])
    gateway._take([message(2, rows("a"))])
    assert hand.acknowledged == [1, 2]
    assert len(store.read_log(0)) == 1


def test_a_message_of_an_earlier_connection_is_stored_but_its_number_is_not_used(
    gateway: Gateway, store: Store, hand: Hand
):
    gateway._take([message(1, rows("a"), connection=0)])
    assert hand.acknowledged == []
    assert len(store.read_log(0)) == 1


def test_a_message_without_qos_needs_no_acknowledgement(gateway: Gateway, store: Store, hand: Hand):
    gateway._take([message(0, rows("a"), qos=0)])
    assert hand.acknowledged == []
    assert len(store.read_log(0)) == 1


def test_S11_a_device_reaches_its_own_points_only(gateway: Gateway, store: Store, hand: Hand):
    gateway._take([message(1, rows("a", point="P-1")), message(2, rows("b", point="P-1"), device="gw-2")])
    assert [(row.sender, row.n) for row in store.read_log(0)] == [("gw-2", 1)]
    (aside,) = store.set_aside()
    assert (aside.sender, aside.point, aside.reason) == ("gw-1", "P-1", "unknown_point")
    assert hand.acknowledged == [1, 2]


def test_S11_a_revoked_device_is_refused_and_its_message_waits_for_a_person(
    gateway: Gateway, store: Store, directory: Directory, hand: Hand
):
    del directory.known["gw-1"]
    gateway._take([message(1, rows("a"))])
    assert store.last_seq() == 0
    (aside,) = store.set_aside()
    assert (aside.sender, aside.reason, aside.point) == (NOBODY, "unknown_device", "gw-1")
    assert hand.acknowledged == [1]


@pytest.mark.parametrize("body", [b"", b"no json", b"[]", b'{"batch_id": 1}', b"\xff\xfe", b"ANC1", b"{" * 100])
def test_K6_a_message_that_cannot_be_meant_is_put_aside_and_holds_up_nothing(
    gateway: Gateway, store: Store, hand: Hand, body: bytes
):
    gateway._take([message(1, body), message(2, rows("good"))])
    assert hand.acknowledged == [1, 2]
    assert [row.batch_id for row in store.read_log(0)] == ["good"]
    assert [row.sender for row in store.set_aside()] == ["gw-1"]


def test_K6_a_message_that_breaks_the_store_is_tried_three_times_then_put_aside_and_the_others_are_taken(
    gateway: Gateway, store: Store, hand: Hand, monkeypatch: pytest.MonkeyPatch
):
    append, tried = Store.append_batches, []

    def breaks(self: Store, batches: Any) -> Any:
        if any(batch.batch_id == "poison" for batch in batches):
            tried.append(len(batches))
            raise ValueError("cannot be stored")
        return append(self, batches)

    monkeypatch.setattr(Store, "append_batches", breaks)
    gateway._take([message(1, rows("a")), message(2, rows("poison")), message(3, rows("b", t=T + 1))])
    assert tried == [3] + [1] * TRIES
    assert hand.acknowledged == [1, 2, 3]
    assert [row.batch_id for row in store.read_log(0)] == ["a", "b"]
    (aside,) = store.set_aside()
    assert (aside.reason, json.loads(aside.raw)["batch_id"]) == ("poison", "poison")


def test_old_data_has_its_lane_by_mqtt_too(gateway: Gateway, store: Store):
    gateway._take([message(1, rows("a", t=T - 86_400_000, lane="backfill"))])
    (row,) = store.read_log(0)
    assert (row.lane, row.arrival) == ("backfill", T - 86_400_000)


def test_the_charge_of_a_battery_is_noted(gateway: Gateway, directory: Directory):
    gateway._take([message(1, rows("a", battery=81.5)), message(2, rows("b", battery="full", t=T + 1))])
    assert directory._charge == {"gw-1": 81.5}


def test_K7_while_too_much_waits_the_connection_is_not_read(gateway: Gateway):
    gateway.waiting_limit = 10
    came = SimpleNamespace(mid=1, qos=1, topic=topic_of("gw-1"), payload=b"x" * 11)
    gateway._came(None, None, came)  # type: ignore[arg-type]
    second = threading.Thread(target=gateway._came, args=(None, None, came))
    second.start()
    second.join(0.2)
    assert second.is_alive()
    assert len(gateway._next()) == 1
    with gateway._changed:
        gateway._bytes -= 11
        gateway._changed.notify_all()
    second.join(10)
    assert len(gateway._waiting) == 1
