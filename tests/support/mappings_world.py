"""Beside `sensing_world`: a mapping of a vendor as a draft, ready and in force, and a point that takes its sensor."""

from __future__ import annotations

from typing import Any

import pytest
from sensing_world import NOW, person

from anlan.apps.mappings import services
from anlan.apps.mappings.models import Mapping
from anlan.formats.vendor_json import read_mapping
from anlan.kernel.people.models import User
from anlan.kernel.sensing.models import Point
from anlan.kernel.sensing.services import add_points

BODY: dict[str, Any] = {
    "topic": "vendor/{device}/up",
    "device": {"from": "topic", "part": "device"},
    "time": {"form": "text", "path": "time", "pattern": "yyyy-MM-dd HH:mm:ss", "zone": "Asia/Shanghai"},
    "sensors": [{"name": "水位", "sensor": "level", "unit": "m", "scale": 0.01}],
}
MESSAGE = '{"time": "2026-11-22 11:25:00", "水位": 123}'
OTHER = '{"time": "2026-11-22 11:26:00", "水位": "坏"}'


@pytest.fixture
def level(device, town, hands, clocks) -> Point:
    """The point that takes the sensor `level` of gw-1."""
    row = {"code": "gw-1/level", "name": "水位", "kind": "river_stage", "unit": "m", "region": town, "device": device}
    (made,) = add_points([row], actor=hands, now=NOW)
    return made


@pytest.fixture
def draft(county, engineer) -> Mapping:
    return services.draft_mapping(
        code="hill", name="山川水务", region=county, rules=read_mapping(BODY), actor=engineer, now=NOW
    )


@pytest.fixture
def ready(draft, engineer) -> Mapping:
    """A draft with its two examples."""
    for payload in (MESSAGE, OTHER):
        services.keep_example(draft, topic="vendor/A1/up", payload=payload, at_ms=0, actor=engineer, now=NOW)
    return draft


@pytest.fixture
def in_force(ready, engineer) -> Mapping:
    services.put_in_force(ready, actor=engineer, now=NOW)
    ready.refresh_from_db()
    return ready


@pytest.fixture
def neighbour(other_town) -> User:
    """An engineer of another town."""
    return person("neighbour", "韩望舒", other_town, ["region.see", "point.see", "device.manage", "setaside.see"])
