"""What those who subscribe are told, with the records of the product and the own broker over loopback."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from brokers import free_port
from django.db import connection
from django.utils import timezone
from gateway_world import eventually, rows
from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.reasoncodes import ReasonCode
from sensorthings_world import (  # noqa: F401
    BEGIN,
    ROOT,
    STREAM,
    THING,
    client_of,
    clocks,
    county,
    device,
    engineer,
    entry,
    foreigner,
    fresh_rights,
    get,
    hands,
    key_of,
    other_town,
    person,
    points_of,
    readings,
    sender,
    town,
    world,
)

from anlan.engine import decode_batch, encode_batch
from anlan.gateways.broker import OwnBroker
from anlan.gateways.mqtt import Address, Gateway
from anlan.gateways.records import PlainRecords
from anlan.gateways.sensorthings import records as plain_records
from anlan.gateways.sensorthings.records import EntityRecords
from anlan.gateways.sensorthings.rights import RightsRecords, is_key
from anlan.gateways.sensorthings.telling import Listener, Teller, Told
from anlan.gateways.sensorthings.topics import wish_of
from anlan.gateways.topics import topic_of
from anlan.kernel.people import rights, tokens
from anlan.kernel.people.models import ApiToken, Grant
from anlan.kernel.regions.scope import reach
from anlan.kernel.sensing import anchors
from anlan.kernel.sensing.door.directory import Directory
from anlan.kernel.sensing.models import DERIVED_SENDER, Device, Point
from anlan.kernel.sensing.sealed import SEALED
from anlan.kernel.sensing.services import register_device
from anlan.kernel.sensing.store import NewBatch, Store

pytestmark = pytest.mark.django_db
HERE = f"http://testserver{ROOT}"
NOW = BEGIN + 600_000


def on_test_connection(records: Any) -> Any:
    """On the connection of the test, whose rows no other connection sees."""
    connection.ensure_connection()
    records._local.connection = connection.connection
    return records


def plain(kind: type[PlainRecords]) -> Any:
    return on_test_connection(kind("sqlite:////nowhere" if connection.vendor == "sqlite" else "postgresql://nowhere"))


def log(store: Store, batch: str, *some: tuple[int, int, float, int], device: str = "gw-1", lane: str = "live") -> None:  # noqa: F811
    payload = encode_batch(*(list(column) for column in zip(*some, strict=True)))
    store.append_batches([NewBatch(device, batch, lane, len(some), payload, batch.encode())])


# --- who sees what ------------------------------------------------------------------------------------------------


def test_S10_a_token_sees_by_mqtt_what_it_sees_by_http(county, town, other_town, sender):  # noqa: F811
    now = timezone.now()
    both = person("both", "方知", town, ["point.see"])
    Grant.objects.create(user=both, role=Grant.objects.get(user=both).role, region=other_town)
    cases = [
        tokens.give(owner=sender, name="a", verbs=["point.see"], region=None, days=1, now=now)[1],
        tokens.give(owner=sender, name="b", verbs=["point.see"], region=town, days=1, now=now)[1],
        tokens.give(owner=both, name="c", verbs=["point.see"], region=None, days=1, now=now)[1],
        tokens.give(owner=both, name="d", verbs=["point.see"], region=town, days=1, now=now)[1],
    ]
    records = plain(RightsRecords)
    for key in cases:
        assert is_key(key)
        _token, owner = tokens.holder_of(key, now)
        found = records.reach_of(key, now)
        for region in (county, town, other_town):
            assert found.sees(region.path) == rights.may(owner, "point.see", region), (key, region)
        assert len(reach(owner, "point.see")) >= 1


def test_S10_what_a_right_of_its_own_opens_is_told_to_nobody(town):  # noqa: F811
    """Where a person is: HTTP asks for `track.person` and writes the look down, which nobody can do here."""
    body = Device.records.create(code="BODY-1", name="随身", region=town, key_hash="0" * 64)
    for kind in [*SEALED, "rain"]:
        Point.records.create(code=f"BODY-1/{kind}", name=kind, kind=kind, unit="deg", region=town, device=body)
    paths = plain(EntityRecords).paths()
    shown = {point.code for point in Point.records.filter(pk__in=paths, device=body)}
    assert shown == {"BODY-1/rain"}


def test_S10_what_opens_nothing_by_http_opens_nothing_by_mqtt(county, town, sender, foreigner):  # noqa: F811
    now = timezone.now()
    records = plain(RightsRecords)
    key = key_of(sender)
    assert records.reach_of(key, now) is not None
    assert ApiToken.objects.get(owner=sender).seen_at is not None
    assert records.reach_of(key[:-1] + ("A" if key[-1] != "A" else "B"), now) is None
    assert records.reach_of("", now) is None
    assert records.reach_of("anlan_x", now) is None
    only_sends = tokens.give(owner=sender, name="s", verbs=["reading.send"], region=None, days=1, now=now)[1]
    assert records.reach_of(only_sends, now) is None
    token = ApiToken.objects.filter(owner=sender, name="client")
    whole = token.values("revoked_at", "expires_at", "verbs").get()
    for change in ({"revoked_at": now}, {"expires_at": now}, {"verbs": ["reading.send"]}):
        token.update(**change)
        assert records.reach_of(key, now) is None, change
        token.update(**whole)
    # The county is held, so a token that is narrowed to another town sees that town and nothing else.
    token.update(region=foreigner.grants.get().region)
    assert not records.reach_of(key, now).sees(town.path)
    token.update(region=None)
    for change in ({"is_active": False}, {"must_change_password": True}, {"is_system": True}):
        type(sender).objects.filter(pk=sender.pk).update(**change)
        assert records.reach_of(key, now) is None, change
        type(sender).objects.filter(pk=sender.pk).update(is_active=True, must_change_password=False, is_system=False)
    Grant.objects.filter(user=sender).update(valid_to=now)
    assert records.reach_of(key, now) is None
    Grant.objects.filter(user=sender).update(valid_from=now, valid_to=None)
    assert records.reach_of(key, now) is not None
    Grant.objects.filter(user=sender).delete()
    assert records.reach_of(key, now) is None


def test_names_that_the_statements_hold_are_those_of_the_models():
    assert (plain_records.GROUPS, plain_records.DERIVED) == (anchors.GROUPS, DERIVED_SENDER)


# --- what is told, without a broker -------------------------------------------------------------------------------


class Heard:
    """An audience that keeps what it is told."""

    def __init__(self, *listeners: Listener) -> None:
        self.who: list[Listener] = list(listeners)
        self.told: list[Told] = []

    def listeners(self) -> list[Listener]:
        return self.who

    def tell(self, messages: Any) -> None:
        self.told += messages

    def taken(self) -> list[tuple[Any, str, Any]]:
        found = [(one.key, one.topic, json.loads(one.body)) for one in self.told]
        self.told.clear()
        return found


def listener(user: Any, *topics: str) -> Listener:
    found = plain(RightsRecords).reach_of(key_of(user), timezone.now())
    return Listener(user.username, found, {topic: wish_of(topic) for topic in topics})


@pytest.fixture
def teller(world: Any) -> Callable[..., Teller]:  # noqa: F811
    def made(heard: Heard, *, public: bool = False, late_ms: int = 10**12) -> Teller:
        found = Teller(
            world.store, plain(EntityRecords), HERE, audience=None if public else heard,
            public=heard if public else None, late_ms=late_ms,
        )  # fmt: skip
        found.step()
        return found

    return made


def test_each_reading_is_told_once_as_the_api_answers_it(teller, world, sender, get):  # noqa: F811
    first, second, _third = world.points
    topic = f"v1.1/Datastreams({first.pk})/Observations"
    heard = Heard(listener(sender, topic, f"{topic}?$select=result", "v1.1/Observations"))
    told = teller(heard)
    assert heard.taken() == []
    log(world.store, "new", (first.pk, NOW, 4.5, 0), (second.pk, NOW, 7.0, 2))
    assert told.step()
    own = get(f"/Observations('{first.pk}-{NOW}')")
    found = heard.taken()
    assert found == [
        ("sender", topic, own),
        ("sender", f"{topic}?$select=result", {"@iot.id": own["@iot.id"], "@iot.selfLink": own["@iot.selfLink"], "result": 4.5}),  # noqa: E501
        ("sender", "v1.1/Observations", own),
        ("sender", "v1.1/Observations", get(f"/Observations('{second.pk}-{NOW}')")),
    ]  # fmt: skip
    assert not told.step()
    assert heard.taken() == []


def test_S10_nobody_is_told_of_what_lies_out_of_reach(teller, world, sender, foreigner):  # noqa: F811
    pk, owner = world.points[0].pk, world.points[0].device_id
    topics = ("v1.1/Observations", f"v1.1/Datastreams({pk})/Observations", f"v1.1/Things({owner})", "v1.1/Locations",
              f"v1.1/Datastreams({pk})/name")  # fmt: skip
    heard = Heard(listener(foreigner, *topics), listener(sender, *topics))
    told = teller(heard)
    log(world.store, "new", (pk, NOW, 4.5, 0))
    Point.records.filter(pk=pk).update(name="其他")
    on_the_trail(world.points[0])
    told._looks = 0
    told.step()
    found = heard.taken()
    assert {key for key, _topic, _body in found} == {"sender"}
    assert len(found) == 4


def on_the_trail(row: Any) -> None:
    from anlan.kernel.audit import services as audit

    audit.record(actor=None, verb="sensorthings.change", obj=row, region=row.region, now=timezone.now())


def test_S10_a_place_that_is_told_shows_only_the_points_in_reach(teller, world, foreigner, other_town):  # noqa: F811
    Point.records.filter(pk=world.points[1].pk).update(region=other_town)
    heard = Heard(listener(foreigner, "v1.1/Locations", "v1.1/Things"))
    told = teller(heard)
    on_the_trail(world.points[0].device)
    told._looks = 0
    told.step()
    found = {topic: body for _key, topic, body in heard.taken()}
    assert found["v1.1/Locations"]["location"] == {"type": "Point", "coordinates": [104.601, 31.9]}
    assert found["v1.1/Locations"] == client_of(foreigner).get(found["v1.1/Locations"]["@iot.selfLink"]).json()
    assert found["v1.1/Things"] == client_of(foreigner).get(found["v1.1/Things"]["@iot.selfLink"]).json()


def test_exercises_old_data_and_what_came_too_long_ago_are_not_told(teller, world, sender, caplog):  # noqa: F811
    pk = world.points[0].pk
    heard = Heard(listener(sender, "v1.1/Observations"))
    told = teller(heard, late_ms=60_000)
    log(world.store, "old", (pk, NOW, 1.0, 0), lane="backfill")
    Point.records.filter(pk=world.points[1].pk).update(exercise=True)
    log(world.store, "exercise", (world.points[1].pk, NOW, 1.0, 0))
    told._paths.clear()
    told.step()
    assert heard.taken() == []
    log(world.store, "late", (pk, NOW + 1, 2.0, 0))
    told.store = Store(world.store.main, world.store.snapshots, lambda: world.store.clock() + 120_000)
    with caplog.at_level("WARNING", "anlan.sensorthings"):
        told.step()
    assert heard.taken() == []
    assert "1 readings were not told" in caplog.text


def test_what_is_made_and_changed_through_the_api_is_told_as_the_api_answers_it(teller, sender, town, world, get):  # noqa: F811
    heard = Heard(
        listener(sender, "v1.1/Things", "v1.1/Datastreams?$select=name", "v1.1/Sensors", "v1.1/FeaturesOfInterest")
    )
    told = teller(heard)
    client = client_of(sender)
    made = client.post(f"{ROOT}/Things", json.dumps(THING), content_type="application/json").json()
    told._looks = 0
    told.step()
    found = heard.taken()
    (thing,) = [body for _key, topic, body in found if topic == "v1.1/Things"]
    assert thing == get(f"/Things({made['@iot.id']})")
    (sensor,) = [body for _key, topic, body in found if topic == "v1.1/Sensors"]
    assert sensor == get(f"/Sensors({made['@iot.id']})")
    streams = [body for _key, topic, body in found if topic.startswith("v1.1/Datastreams")]
    assert {one["name"] for one in streams} == {STREAM["name"], "流速"}
    for place in [body for _key, topic, body in found if topic == "v1.1/FeaturesOfInterest"]:
        assert place == get(place["@iot.selfLink"].removeprefix(HERE))
    told._looks = 0
    told.step()
    assert heard.taken() == []


def test_a_property_is_told_when_it_changes_and_only_then(teller, sender, world):  # noqa: F811
    pk = world.points[0].pk
    topic = f"v1.1/Datastreams({pk})/description"
    heard = Heard(listener(sender, topic, f"v1.1/Datastreams({pk})?$select=properties"))
    told = teller(heard)
    client = client_of(sender)

    def change(body: dict[str, Any]) -> list[tuple[Any, str, Any]]:
        client.patch(f"{ROOT}/Datastreams({pk})", json.dumps(body), content_type="application/json")
        told._looks = 0
        told.step()
        return [one for one in heard.taken() if one[1] == topic]

    assert change({"description": "新"}) == [("sender", topic, {"description": "新"})]
    assert change({"properties": {"maker": "y"}}) == []
    assert change({"description": "新"}) == []
    assert change({"description": "旧"}) == [("sender", topic, {"description": "旧"})]


def test_a_broker_of_others_is_told_everything_under_the_standard_topics(teller, world, sender, get):  # noqa: F811
    pk = world.points[0].pk
    heard = Heard()
    told = teller(heard, public=True)
    log(world.store, "new", (pk, NOW, 4.5, 0))
    on_the_trail(world.points[0])
    told._looks = 0
    told.step()
    found = {topic: body for _key, topic, body in heard.taken()}
    observation = get(f"/Observations('{pk}-{NOW}')")
    assert found[f"v1.1/Datastreams({pk})/Observations"] == found["v1.1/Observations"] == observation
    assert found[f"v1.1/Datastreams({pk})"] == found["v1.1/Datastreams"] == get(f"/Datastreams({pk})")
    assert found[f"v1.1/FeaturesOfInterest({pk})"] == get(f"/FeaturesOfInterest({pk})")


# --- with the own broker ------------------------------------------------------------------------------------------


class House:
    """An installation's gateway side: the own broker, the gateway and what tells, on files of this test."""

    def __init__(self, folder: Path, store: Store) -> None:
        self.path, self.store, self.port = folder / "records.sqlite3", store, free_port()
        self.sync()
        url = f"sqlite://{self.path}"
        self.directory = Directory(PlainRecords(url))
        self.directory.refresh()
        self.broker = OwnBroker(
            "127.0.0.1", self.port, self.directory, "anlan", "of the gateway", create=True, rights=RightsRecords(url)
        )
        self.broker.start()
        ready = threading.Event()
        address = Address("127.0.0.1", self.port, "anlan", "of the gateway")
        self.gateway = Gateway(address, store, self.directory, observations=True, on_ready=ready.set)
        self.gateway.start()
        assert ready.wait(20)
        self.teller = Teller(store, EntityRecords(url), HERE, audience=self.broker)
        self.teller.start()
        eventually(lambda: self.teller._seq >= 0, "the first look")

    def sync(self) -> None:
        """Bring what the test has written so far into the file that the gateway reads."""
        connection.ensure_connection()
        target = sqlite3.connect(self.path, timeout=10)
        target.executescript("\n".join(connection.connection.iterdump()))
        target.close()

    def close(self) -> None:
        self.teller.stop()
        self.gateway.stop()
        self.broker.stop()
        self.directory.records.close()

    def execute(self, sql: str, *args: Any) -> None:
        with sqlite3.connect(self.path, timeout=10) as records:
            records.execute(sql, args)
        records.close()


@pytest.fixture
def house(tmp_path: Path, world: Any, town: Any, hands: Any, sender: Any, foreigner: Any) -> Iterator[House]:  # noqa: F811
    if connection.vendor != "sqlite":
        pytest.skip("the rows of a test are seen by its own connection only")
    house_keys[:] = [key_of(sender), key_of(foreigner)]
    device, key = register_device(code="st-9", name="站", region=town, actor=hands, now=timezone.now())  # noqa: F811
    house_keys.append(key)
    rain = Point.records.create(code="ST-9", name="雨量", kind="rain", region=town, device=device)
    house_keys.append(str(rain.pk))
    found = House(tmp_path, world.store)
    yield found
    found.close()


#: Tokens of the county's program and of the officer of another town, key of the device st-9, number of its point.
house_keys: list[str] = []


class Caller:
    """A client and what it was answered and sent."""

    def __init__(self, port: int, user: str, password: str, name: str = "") -> None:
        self.answers: list[ReasonCode] = []
        self.came: list[tuple[str, Any]] = []
        self.granted: list[ReasonCode] = []
        self.published: set[int] = set()
        self.ended = threading.Event()
        client = paho.Client(CallbackAPIVersion.VERSION2, name or f"client of {user}", reconnect_on_failure=False)
        client.username_pw_set(user, password)
        client.on_connect = lambda _client, _data, _flags, reason, _props: self.answers.append(reason)
        client.on_message = lambda _client, _data, message: self.came.append(
            (message.topic, json.loads(message.payload))
        )
        client.on_subscribe = lambda _client, _data, _mid, reasons, _props: self.granted.extend(reasons)
        client.on_publish = lambda _client, _data, mid, _reason, _props: self.published.add(mid)
        client.on_disconnect = lambda *_: self.ended.set()
        client.connect("127.0.0.1", port)
        client.loop_start()
        eventually(lambda: self.answers, "an answer of the broker")
        self.client = client

    def ask(self, *topics: str) -> list[bool]:
        """Subscribe; whether each was granted."""
        self.granted.clear()
        self.client.subscribe([(topic, 1) for topic in topics])
        eventually(lambda: len(self.granted) == len(topics), "an answer to the wish")
        return [not one.is_failure for one in self.granted]

    def send(self, topic: str, body: Any) -> int:
        return self.client.publish(topic, body if isinstance(body, bytes) else json.dumps(body), qos=1).mid

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()


def test_a_device_creates_by_mqtt_and_a_program_is_told(house, get):  # noqa: F811
    token, other_token, key, pk = house_keys
    program, stranger, station = (
        Caller(house.port, "any", token, "program"), Caller(house.port, "any", other_token, "stranger"),
        Caller(house.port, "st-9", key),
    )  # fmt: skip
    topic = f"v1.1/Datastreams({pk})/Observations"
    assert program.ask(topic, "v1.1/Observations?$select=result") == [True, True]
    assert stranger.ask(topic, "v1.1/Observations") == [True, True]
    first = station.send(topic, {"phenomenonTime": "2026-11-22T11:35:00+08:00", "result": 12.5})
    eventually(lambda: first in station.published, "the acknowledgement")
    second = station.send("v1.1/Observations", {"result": 13, "Datastream": {"@iot.id": int(pk)}})
    eventually(lambda: second in station.published, "the second acknowledgement")
    eventually(lambda: len(program.came) == 4, "what the program is told")
    own = get(f"/Observations('{pk}-{NOW}')")
    assert (topic, own) in program.came
    assert {body["result"] for _topic, body in program.came} == {12.5, 13.0}
    assert all("result" in body and "@iot.id" in body for _topic, body in program.came)
    station.send(topic_of("st-9"), rows("a", point="ST-9", t=NOW + 5_000, value=14.5))
    eventually(lambda: len(program.came) == 6, "a reading that came in another form")
    assert stranger.came == []
    assert house.store.count_set_aside() == 0
    for one in (program, stranger, station):
        one.close()


def test_R4_the_own_broker_acknowledges_a_device_only_after_the_commit(house, monkeypatch):
    _token, _other, key, pk = house_keys
    append, gate = Store.append_batches, threading.Event()

    def slow(self: Store, batches: Any) -> Any:
        assert gate.wait(20)
        return append(self, batches)

    monkeypatch.setattr(Store, "append_batches", slow)
    station = Caller(house.port, "st-9", key)
    seq = house.store.last_seq()
    mids = [
        station.send(
            f"v1.1/Datastreams({pk})/Observations", {"phenomenonTime": "2026-11-22T11:35:00+08:00", "result": 1}
        ),
        station.send(topic_of("st-9"), rows("a", point="ST-9", t=NOW + 5_000)),
    ]
    assert not station.ended.wait(0.5)
    assert station.published == set()
    assert house.store.last_seq() == seq
    gate.set()
    eventually(lambda: station.published == set(mids), "the acknowledgements")
    assert house.store.last_seq() == seq + 2
    station.close()


def test_R4_without_the_gateway_nothing_is_acknowledged_and_the_device_knows(house):
    _token, _other, key, pk = house_keys
    house.gateway.stop()
    station = Caller(house.port, "st-9", key)
    station.send(f"v1.1/Datastreams({pk})/Observations", {"result": 1})
    assert station.ended.wait(20)
    assert station.published == set()
    station.client.loop_stop()


def test_S11_who_receives_sends_nothing_and_who_sends_receives_nothing(house):
    token, _other, key, pk = house_keys
    seq, topic = house.store.last_seq(), f"v1.1/Datastreams({pk})/Observations"
    # A token never proves a device, whatever name it comes with.
    program, station = Caller(house.port, "st-9", token, "program"), Caller(house.port, "st-9", key)
    assert program.ask("#", "v1.1/#", "anlan/v1/+/readings", "anlan/v1/+/sta/#", "v1.1/+/Observations") == [False] * 5
    assert station.ask(topic, "v1.1/Observations", "v1.1/Things") == [False] * 3
    program.send(topic, {"result": 1})
    program.send(topic_of("st-9"), rows("a", point="ST-9"))
    station.send("anlan/v1/gw-1/sta/v1.1/Observations", {"result": 1})
    station.send("v1.1/Things", THING)
    station.send("v1.1/Datastreams(1)/Observations", {"result": 2})
    mine = station.send(topic, {"result": 3})
    eventually(lambda: mine in station.published, "its own message")
    found = [decode_batch(row.payload)[2].tolist() for row in house.store.read_log(seq)]
    assert found == [[3.0]]
    program.close()
    station.close()


def test_S11_the_last_will_of_a_device_is_looked_up_too(house):
    _token, _other, key, _pk = house_keys
    seq = house.store.last_seq()
    for number, topic in enumerate((topic_of("gw-1"), topic_of("st-9"))):
        client = paho.Client(CallbackAPIVersion.VERSION2, f"dying {number}")
        client.username_pw_set("st-9", key)
        point = "GT-2031" if number == 0 else "ST-9"
        client.will_set(topic, rows(f"will {number}", point=point, t=NOW + 5_000), qos=1, retain=True)
        client.connect("127.0.0.1", house.port)
        client.loop_start()
        eventually(client.is_connected, "the connection")
        client._sock.close()
        client.loop_stop()
    eventually(lambda: house.store.last_seq() > seq, "the will under its own topic")
    assert [(row.sender, row.batch_id) for row in house.store.read_log(seq)] == [("st-9", "will 1")]
    assert house.broker._broker.retained_messages == {}


@pytest.mark.parametrize("change", [
    "UPDATE people_apitoken SET revoked_at = '2026-11-22 00:00:00'",
    "UPDATE people_user SET is_active = 0",
    "DELETE FROM people_grant",
])  # fmt: skip
def test_S10_a_right_that_ends_ends_the_subscription(house, change):
    token, _other, key, pk = house_keys
    program, station = Caller(house.port, "any", token, "program"), Caller(house.port, "st-9", key)
    assert program.ask("v1.1/Observations") == [True]
    station.send("v1.1/Observations", {"result": 1, "Datastream": {"@iot.id": int(pk)}})
    eventually(lambda: len(program.came) == 1, "what it is told while it may")
    house.execute(change)
    assert program.ended.wait(20)
    came = len(program.came)
    done = station.send("v1.1/Observations", {"result": 2, "Datastream": {"@iot.id": int(pk)}})
    eventually(lambda: done in station.published, "the acknowledgement")
    again = Caller(house.port, "any", token, "program")
    assert again.answers[0].is_failure
    assert len(program.came) == came
    for one in (program, station, again):
        one.close()


def test_S10_another_connection_of_the_same_name_inherits_no_right(house):
    """A client id is no secret: whoever connects under it is judged by its own token, and so are kept subscriptions."""
    token, other_token, key, pk = house_keys
    station = Caller(house.port, "st-9", key)

    def kept(password: str) -> Caller:
        found = Caller.__new__(Caller)
        found.came, found.granted, found.answers, found.published = [], [], [], set()
        client = paho.Client(CallbackAPIVersion.VERSION2, "same name", clean_session=False, reconnect_on_failure=False)
        client.username_pw_set("any", password)
        client.on_connect = lambda _client, _data, _flags, reason, _props: found.answers.append(reason)
        client.on_message = lambda _client, _data, message: found.came.append(message.topic)
        client.on_subscribe = lambda _client, _data, _mid, reasons, _props: found.granted.extend(reasons)
        client.connect("127.0.0.1", house.port)
        client.loop_start()
        eventually(lambda: found.answers, "an answer of the broker")
        found.client = client
        return found

    first = kept(token)
    assert first.ask("v1.1/Observations") == [True]
    first.close()
    second = kept(other_token)
    assert not second.answers[0].is_failure
    done = station.send("v1.1/Observations", {"result": 2, "Datastream": {"@iot.id": int(pk)}})
    eventually(lambda: done in station.published, "the acknowledgement")
    third = Caller(house.port, "any", token, "third")
    assert third.ask("v1.1/Observations") == [True]
    last = station.send("v1.1/Observations", {"result": 3, "Datastream": {"@iot.id": int(pk)}})
    eventually(lambda: last in station.published and third.came, "what the third is told")
    assert second.came == []
    for one in (second, third, station):
        one.close()


def test_K7_a_subscriber_that_does_not_keep_up_is_disconnected_so_that_it_knows(house, monkeypatch):
    monkeypatch.setattr("anlan.gateways.broker.MOST_WAITING", 20)
    token, _other, _key, pk = house_keys
    slow, quick = Caller(house.port, "any", token, "slow"), Caller(house.port, "any", token, "quick")
    assert slow.ask("v1.1/Observations") == [True]
    gate = threading.Event()
    slow.client.on_message = lambda *_: gate.wait(20)  # never acknowledges
    log(house.store, "many", *((int(pk), NOW + n, float(n), 0) for n in range(200)), device="st-9")
    assert (
        slow.ended.wait(0)
        or eventually(lambda: "slow" not in house.broker._desk.keys, "the end of the slow one") is None
    )
    gate.set()
    assert quick.ask("v1.1/Observations") == [True]
    log(house.store, "one", (int(pk), NOW + 999, 5.0, 0), device="st-9")
    eventually(lambda: len(quick.came) == 1, "what the quick one is told")
    slow.close()
    quick.close()


def test_a_broker_that_is_not_to_be_received_from_lets_no_token_in(tmp_path, directory):
    port = free_port()
    broker = OwnBroker("127.0.0.1", port, directory, "anlan", "of the gateway")
    broker.start()
    try:
        caller = Caller(port, "any", "anlan_abcdefghjk_" + "x" * 43)
        assert caller.answers[0].is_failure
        device = Caller(port, "gw-1", "secret")
        assert not device.answers[0].is_failure
        assert device.ask("v1.1/Observations") == [False]
        device.close()
        caller.close()
    finally:
        broker.stop()
