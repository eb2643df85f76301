"""Devices, their keys and their points."""

from __future__ import annotations

import hashlib

import pytest
from sensing_world import NOW

from anlan.kernel.audit.models import Entry as AuditEntry
from anlan.kernel.people.rights import NotAllowed
from anlan.kernel.sensing import services
from anlan.kernel.sensing.models import Device, Point

pytestmark = pytest.mark.django_db


def test_S11_the_key_is_shown_once_and_only_its_hash_is_kept(town, engineer):
    device, key = services.register_device(code="gw-7", name="七号", region=town, actor=engineer, now=NOW)
    assert len(key) >= 40
    assert device.key_hash == hashlib.sha256(key.encode()).hexdigest()
    everything = str(list(Device.records.values())) + str(list(AuditEntry.objects.values()))
    assert key not in everything
    assert AuditEntry.objects.get(verb="device.register").after["code"] == "gw-7"


def test_a_new_key_replaces_the_old_one(device, engineer):
    before = device.key_hash
    key = services.rotate_key(device, actor=engineer, now=NOW)
    device.refresh_from_db()
    assert device.key_hash == hashlib.sha256(key.encode()).hexdigest() != before


def test_a_revoked_device_comes_back_only_with_a_new_key(device, engineer):
    services.revoke(device, actor=engineer, now=NOW)
    device.refresh_from_db()
    assert not device.enabled
    before = device.key_hash
    services.restore(device, actor=engineer, now=NOW)
    device.refresh_from_db()
    assert device.enabled
    assert device.key_hash != before


@pytest.mark.parametrize("code", ["", "a:b", "一号", "a b", "-x", "x" * 61, "a/b", "a\n"])
def test_a_code_that_cannot_be_a_user_name_is_refused(code, town, engineer):
    with pytest.raises(services.Refused):
        services.register_device(code=code, name="x", region=town, actor=engineer, now=NOW)


def test_a_code_that_is_taken_is_refused_by_name(device, town, engineer):
    with pytest.raises(services.Refused, match="gw-1"):
        services.register_device(code="gw-1", name="x", region=town, actor=engineer, now=NOW)


def test_S2_nobody_manages_a_device_elsewhere(device, officer, foreigner):
    for person in (officer, foreigner):
        with pytest.raises(NotAllowed):
            services.rotate_key(device, actor=person, now=NOW)


def row(device, town, code="P-1", **more):
    return {"code": code, "name": "测点", "kind": "rain", "region": town, "device": device} | more


@pytest.mark.parametrize(
    ("second", "says"),
    [
        ({"code": "P-1"}, "P-1"),
        ({"code": "P-2", "kind": "weather"}, "weather"),
        ({"code": "P-2", "lon": 431.0, "lat": 31.0}, "P-2"),
        ({"code": "P-2", "lon": 104.0, "lat": 91.0}, "P-2"),
    ],
)
def test_points_are_taken_all_or_none_and_the_refusal_names_the_row(second, says, device, town, hands):
    with pytest.raises(services.Refused, match=says):
        services.add_points([row(device, town), row(device, town, **second)], actor=hands, now=NOW)
    assert not Point.records.exists()


def test_a_point_is_found_by_pinyin_initials(point, engineer):
    from anlan.kernel.sensing import queries

    found = queries.find_points(queries.points_for(engineer), "krqt")
    assert [one.code for one in found] == [point.code]
    assert not queries.find_points(queries.points_for(engineer), "zzzz").exists()
