"""The door's directory reads devices and points from the records."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime

import pytest

from anlan.kernel.regions.models import Region
from anlan.kernel.sensing.door.directory import Directory
from anlan.kernel.sensing.door.records import ModelRecords
from anlan.kernel.sensing.models import Device, Point

pytestmark = pytest.mark.django_db


@pytest.fixture
def county() -> Region:
    return Region.objects.create(code="990123", name="安澜县", level="county", path="/990123/")


def device(county: Region, code: str, *points: str, lane: str = "live") -> Device:
    key_hash = hashlib.sha256(f"key of {code}".encode()).hexdigest()
    made = Device.records.create(code=code, name=code, region=county, key_hash=key_hash, lane=lane)
    for point in points:
        Point.records.create(code=point, name=point, kind="other", region=county, device=made)
    return made


def test_S11_each_device_proves_itself_with_its_own_key_and_has_its_own_points(county: Region):
    device(county, "gw-1", "A", "B")
    device(county, "gw-2", "C", lane="exercise:x")
    directory = Directory(ModelRecords())
    directory.refresh()
    one, two = directory.sender("Bearer gw-1:key of gw-1"), directory.sender("bearer gw-2:key of gw-2")
    assert one is not None
    assert two is not None
    assert {code for code in one.points if isinstance(code, str)} == {"A", "B"}
    assert (two.lane, set(two.points.values())) == ("exercise:x", {Point.records.get(code="C").pk})
    assert directory.sender("Bearer gw-1:key of gw-2") is None


def test_S11_a_revoked_device_and_a_switched_off_point_are_gone_within_two_looks(county: Region):
    first, _other = device(county, "gw-1", "A", "B"), device(county, "gw-2", "C")
    directory = Directory(ModelRecords())
    directory.refresh()
    Device.records.filter(code="gw-2").update(enabled=False)
    Point.records.filter(code="A").update(enabled=False)
    directory.refresh()
    directory.refresh()
    sender = directory.sender(f"Bearer {first.code}:key of gw-1")
    assert sender is not None
    assert "A" not in sender.points
    assert directory.sender("Bearer gw-2:key of gw-2") is None


def test_a_new_device_comes_with_its_points_at_the_next_look(county: Region):
    device(county, "gw-1", "A")
    directory = Directory(ModelRecords())
    directory.refresh()
    directory.refresh()
    device(county, "gw-2", "C")
    directory.refresh()
    sender = directory.sender("Bearer gw-2:key of gw-2")
    assert sender is not None
    assert "C" in sender.points


def test_a_quiet_look_costs_two_small_queries_and_keeps_what_is_remembered(county: Region, django_assert_num_queries):
    device(county, "gw-1", "A")
    directory = Directory(ModelRecords())
    directory.refresh()
    before = directory.known["gw-1"].sender
    with django_assert_num_queries(1):
        directory.refresh()
    with django_assert_num_queries(2):
        directory.refresh()
    after = directory.known["gw-1"].sender
    assert before.points is after.points
    assert before.memo is after.memo


def test_when_a_device_was_last_heard_is_noted(county: Region):
    device(county, "gw-1", "A")
    device(county, "gw-2", "C")
    directory = Directory(ModelRecords())
    directory.refresh()
    directory.sender("Bearer gw-1:key of gw-1")
    now = datetime(2026, 11, 22, 4, tzinfo=UTC)
    directory.note_seen(now)
    assert dict(Device.records.values_list("code", "last_seen")) == {"gw-1": now, "gw-2": None}
