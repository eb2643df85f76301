"""What a gateway reads of the records without Django is what the models say."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.db import connection
from gateway_world import plant_links, plant_records

from anlan.gateways.faults import Counted
from anlan.gateways.modbus.records import Connection, Line, ModbusRecords, State
from anlan.gateways.records import PlainRecords
from anlan.gateways.tcp.asking import Step
from anlan.gateways.tcp.command_records import CommandRecords
from anlan.gateways.tcp.records import Called, Link, LinkRecords
from anlan.gateways.tcp.speech import Question
from anlan.kernel.audit.models import Entry as AuditEntry
from anlan.kernel.audit.sealer import seal
from anlan.kernel.people.models import User
from anlan.kernel.regions.models import Region
from anlan.kernel.rulebook.models import Entry
from anlan.kernel.sensing.door.directory import Away, Directory
from anlan.kernel.sensing.door.records import ModelRecords
from anlan.kernel.sensing.models import (
    Caller,
    Device,
    DeviceCommand,
    DeviceLink,
    FrameFault,
    ModbusConnection,
    ModbusLine,
    ModbusState,
    ModbusTrial,
    Point,
)


@pytest.fixture
def plain(db: None) -> PlainRecords:
    """On the connection of the test, whose rows no other connection sees."""
    county = Region.objects.create(code="990123", name="安澜县", level="county", path="/990123/")
    for code in ("gw-1", "gw-2"):
        device = Device.records.create(code=code, name=code, region=county, key_hash=f"hash of {code}")
        for n in range(2):
            Point.records.create(code=f"{code}/{n}", name="x", kind="other", region=county, device=device)
    Device.records.filter(code="gw-2").update(enabled=False)
    Point.records.filter(code="gw-1/1").update(enabled=False)
    found = PlainRecords("sqlite:////nowhere")
    connection.ensure_connection()
    found._local.connection = connection.connection
    return found


def test_devices_and_points_are_read_as_the_models_give_them(plain: PlainRecords):
    models = ModelRecords()
    assert plain.devices() == [tuple(row) for row in models.devices()]
    assert sorted(plain.points()) == sorted(models.points())
    assert [code for _n, code, *_ in plain.devices()] == ["gw-1"]
    assert len(plain.points()) == 3


def test_the_stamp_changes_with_the_points(plain: PlainRecords):
    before = plain.stamp()
    assert plain.stamp() == before
    Point.records.filter(code="gw-1/0").update(enabled=False)
    assert plain.stamp() != before


def test_what_a_gateway_notes_is_read_by_the_models(plain: PlainRecords):
    now = datetime(2026, 11, 22, 4, 0, 1, 250_000, tzinfo=UTC)
    plain.note_seen({"gw-1"}, now)
    plain.note_battery({"gw-1": 81.5}, now)
    device = Device.records.get(code="gw-1")
    assert (device.last_seen, device.battery, device.battery_at) == (now, 81.5, now)
    assert Device.records.get(code="gw-2").last_seen is None


def test_records_that_are_away_are_said_to_be_and_come_back(tmp_path: Path):
    records = PlainRecords(f"sqlite://{tmp_path / 'records.sqlite3'}")
    with pytest.raises(Away):
        records.devices()
    assert not (tmp_path / "records.sqlite3").exists()
    plant_records(tmp_path / "records.sqlite3", {"gw-1": ["P-0"]})
    directory = Directory(records)
    directory.refresh()
    sender = directory.named("gw-1")
    assert sender is not None
    assert sender.points["P-0"] == 1
    assert directory.named("gw-2") is None
    records.close()


def test_a_gateway_is_lean():
    """Half a gateway's memory would be Django and the models; nothing that it imports may bring them."""
    code = (
        "import sys, anlan.gateways.serve, anlan.gateways.serve_tcp, anlan.gateways.serve_modbus; "
        "print([m for m in ('django.db', 'django.apps', 'httpx', 'uvicorn', 'amqtt', 'scipy') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.django_db(transaction=True)
def test_links_callers_and_counters_are_written_as_the_models_read_them():
    county = Region.objects.create(code="990123", name="安澜县", level="county", path="/990123/")
    device = Device.records.create(code="ws-1", name="ws-1", region=county, key_hash="x")
    link = DeviceLink.objects.create(device=device, protocol="hj212", number="A1", sensors={"w01018-Rtd": "COD"})
    found = LinkRecords("sqlite:////nowhere")
    connection.ensure_connection()
    found._local.connection = connection.connection
    assert found.links() == [Link(link.pk, "hj212", "A1", "", {"w01018-Rtd": "COD"}, "ws-1")]
    found.enrol(link.pk, "first")
    found.enrol(link.pk, "second")
    now = 1_795_320_000_000
    faults = {("2026-11-22", "hj212", "ws-1", "bad_crc"): Counted(5, "2323", now)}
    called = {("sl651", "0010010100"): Called("d", "10.0.0.8", 2, "7e7e", now, now)}
    found.noted(faults, called, {link.pk: ("10.0.0.7", 3, now)})
    found.noted(faults, called, {})
    link.refresh_from_db()
    assert (link.secret_hash, link.address, link.frames) == ("first", "10.0.0.7", 3)
    caller, fault = Caller.objects.get(), FrameFault.objects.get()
    assert (caller.frames, caller.raw, caller.last_at.timestamp()) == (4, "7e7e", now / 1000)
    assert (fault.count, fault.fault, fault.day.isoformat()) == (10, "bad_crc", "2026-11-22")
    found.noted({("2027-11-22", "hj212", "ws-1", "bad_crc"): Counted(1, "", now)}, {}, {})
    assert [row.day.year for row in FrameFault.objects.all()] == [2027]


def test_what_is_noted_is_written_whole_or_not_at_all(tmp_path: Path):
    path = tmp_path / "records.sqlite3"
    plant_records(path, {"ws-1": []})
    plant_links(path, {("hj212", "A1"): ("ws-1", "123456", {})})
    with sqlite3.connect(path) as records:
        records.execute("DROP TABLE sensing_caller")
    records.close()
    found = LinkRecords(f"sqlite://{path}")
    faults = {("2026-11-22", "hj212", "ws-1", "bad_crc"): Counted(5, "2323", 0)}
    called = {("sl651", "0010010100"): Called("d", "10.0.0.8", 2, "7e7e", 0, 0)}
    with pytest.raises(Away):
        found.noted(faults, called, {1: ("10.0.0.7", 3, 0)})
    assert found._rows("SELECT * FROM sensing_framefault") == []
    found.noted(faults, {}, {1: ("10.0.0.7", 3, 0)})
    assert found._rows("SELECT count FROM sensing_framefault") == [(5,)]
    found.close()


@pytest.mark.django_db(transaction=True)
def test_commands_are_read_and_their_steps_and_audit_rows_written_as_the_models_read_them():
    now = datetime(2026, 11, 22, 4, 0, 1, 250_000, tzinfo=UTC)
    county = Region.objects.create(code="990123", name="安澜县", level="county", path="/990123/")
    device = Device.records.create(code="ws-1", name="ws-1", region=county, key_hash="x")
    person = User.objects.create(username="engineer", name="程砚舟")
    entry = Entry.objects.create(kind="device_command", code="CMD-T", version=1, title="x", valid_from=now, digest="x")
    spans = {"answer_s": 10, "most_tries": 3, "result_s": 600, "entry": entry, "asked_by": person, "asked_at": now}
    told = {"from_ms": 1, "to_ms": 2, "of": "2061"}
    of_it = {"device": device, "protocol": "hj212", "number": "A1", "kind": "history", "arguments": told} | spans
    made = DeviceCommand.objects.create(**of_it, expires_at=now + timedelta(hours=1))
    found = CommandRecords("sqlite:////nowhere")
    connection.ensure_connection()
    found._local.connection = connection.connection
    assert found.waiting() == {made.pk}
    (question,) = found.questions([made.pk])
    assert question == Question(
        made.pk, "hj212", "A1", "ws-1", device.pk, "/990123/", "history", told, "waiting", "", 0, 10, 3, 600
    )
    step = Step(question, ("waiting",), "sent", "device.command_sent", lambda kept: None, mark="Q", tried=True)
    assert found.step(step, now)
    assert not found.step(step, now)
    (left,) = found.left(now)
    assert (left.state, left.mark, left.tries) == ("sent", "Q", 1)
    done = Step(
        question, ("sent",), "done", "device.command_done", lambda kept: None, answer={"ExeRtn": "1"}, readings=7
    )
    assert found.step(done, now)
    made.refresh_from_db()
    assert (made.state, made.tries, made.sent_at, made.closed_at) == ("done", 1, now, now)
    assert (made.answer, made.readings) == ({"ExeRtn": "1"}, 7)
    late = DeviceCommand.objects.create(**of_it, expires_at=now)
    assert found.expire(now) == 1
    late.refresh_from_db()
    assert late.state == "expired"
    written = AuditEntry.objects.filter(verb__startswith="device.").order_by("id")
    assert [row.verb for row in written] == [
        "device.command_sent", "device.command_done", "device.command_expired",
    ]  # fmt: skip
    assert {(row.ref, row.region_path, row.source) for row in written} == {(f"device:{device.pk}", "/990123/", "tcp")}
    assert seal(now) >= 3
    assert all(row.hash for row in written.all())


def test_maps_trials_and_states_are_read_and_written_as_the_models_say(db: None):
    county = Region.objects.create(code="990123", name="安澜县", level="county", path="/990123/")
    device = Device.records.create(code="plc-1", name="plc-1", region=county, key_hash="x")
    point = Point.records.create(code="plc-1/p", name="x", kind="other", region=county, device=device)
    user = User.objects.create(username="engineer", name="程砚舟")
    now = datetime(2026, 11, 22, 4, 0, 1, 250_000, tzinfo=UTC)
    made = ModbusConnection.objects.create(device=device, host="10.0.0.7", gap=3, period_s=5)
    line = {"function": 3, "type": "f32", "order": "CDAB", "scale": 0.1, "unit": "m", "name": "槽"}
    ModbusLine.objects.create(connection=made, address=7, point=point, **line)
    ModbusLine.objects.create(connection=made, address=1, **line)
    ModbusState.objects.create(connection=made, at=now, polls=5)
    trial = ModbusTrial.objects.create(connection=made, asked_at=now, asked_by=user)
    found = ModbusRecords("sqlite:////nowhere")
    connection.ensure_connection()
    found._local.connection = connection.connection
    assert found.connections() == [Connection(made.pk, "plc-1", "10.0.0.7", 502, 1, 5, 1000, 3, True, 1)]
    assert found.lines(made.pk) == (
        Line(3, 1, "f32", "CDAB", 0.1, 0.0, "m", "槽", None, ""),
        Line(3, 7, "f32", "CDAB", 0.1, 0.0, "m", "槽", point.pk, "plc-1/p"),
    )
    assert found.take_trials(now) == []
    before = now - timedelta(seconds=1)
    assert found.take_trials(before) == [(trial.pk, made.pk)]
    assert found.take_trials(before) == []
    found.trial_done(trial.pk, {"fault": "", "lines": [{"raw": [1]}]}, now)
    trial.refresh_from_db()
    assert (trial.state, trial.done_at, trial.result["lines"]) == ("done", now, [{"raw": [1]}])
    ms = round(now.timestamp() * 1000)
    found.states([(made.pk, State(ms, 4.5, 2, 60, 1, "busy", ms, ms)), (999, State())], now)
    found.states([(made.pk, State(polls=1))], now)
    state = ModbusState.objects.get()
    assert (state.polls, state.readings, state.missed, state.round_trip_ms) == (8, 60, 1, 4.5)
    assert (state.answered_at, state.fault, state.failing_since, state.next_at) == (now, "", None, None)
    Device.records.update(enabled=False)
    assert found.connections() == []
