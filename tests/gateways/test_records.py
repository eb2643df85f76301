"""What a gateway reads of the records without Django is what the models say."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.db import connection
from gateway_world import plant_records

from anlan.gateways.records import PlainRecords
from anlan.kernel.regions.models import Region
from anlan.kernel.sensing.door.directory import Away, Directory
from anlan.kernel.sensing.door.records import ModelRecords
from anlan.kernel.sensing.models import Device, Point


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
        "import sys, anlan.gateways.serve; "
        "print([m for m in ('django.db', 'django.apps', 'httpx', 'uvicorn', 'amqtt', 'scipy') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
