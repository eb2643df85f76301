"""The demo's vendor: its messages go through its mapping whole, and the filler puts it in force by the verbs."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from sensing_world import NOW, fresh_rights, place, readings  # noqa: F401

from anlan.apps.mappings.models import Link, Mapping, State
from anlan.demo import vendor
from anlan.demo.county import model
from anlan.demo.fill import mappings
from anlan.formats.vendor_json import evaluate, read_mapping
from anlan.kernel.people.services import system_user
from anlan.kernel.sensing.models import Point


def test_a_message_gives_three_readings_a_gauge_and_no_fault():
    at_ms = 1_795_320_000_000
    found = evaluate(read_mapping(vendor.BODY), vendor.TOPIC, vendor.message(at_ms), at_ms)
    assert found.faults == ()
    assert {(one.device, one.sensor) for one in found.values} == {
        (f"G1/{gauge}", sensor) for gauge in vendor.GAUGES for sensor in ("seepage", "water_temp", "battery_v")
    }
    assert {one.time_ms for one in found.values} == {at_ms}
    volts = [one.value for one in found.values if one.sensor == "battery_v"]
    assert all(3.5 < value < 3.7 for value in volts if value)


@pytest.mark.django_db
def test_the_demo_has_the_mapping_in_force_and_points_for_the_first_gauge(db):
    place("99", "省", "province", None)
    county_ = place(model.COUNTY, model.COUNTY_NAME, "county", None)
    place(f"{model.COUNTY}103", "丹崖镇", "town", county_)
    dam = SimpleNamespace(kind="tailings", name="一号尾矿库", town=f"{model.COUNTY}103", lon=104.6, lat=31.9)
    mappings.fill(SimpleNamespace(sites=[dam]), actor=system_user("demo"), now=NOW)
    assert Mapping.records.get().state == State.IN_FORCE
    assert (Link.objects.get().number, Link.objects.get().device.code) == ("G1/0001", vendor.GATEWAY)
    assert Point.records.filter(device__code=vendor.GATEWAY).count() == 3
