"""What tests of outside data share: a county with people, sources of a host of their own, files in every form."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import file_server
import pytest
from small_county import make_user, plant_county

from anlan.apps.outside.models import Feed, Kind
from anlan.apps.outside.services import feeds
from anlan.apps.outside.services.feeds import Said
from anlan.formats import quakeml
from anlan.formats.quakeml import Quake
from anlan.kernel.people.models import Department

#: 2026-11-21 19:30 UTC, minutes after the people of the small county were given their roles.
NOW = datetime(2026, 11, 21, 19, 30, tzinfo=UTC)
FIRMS_HEADING = (
    "latitude,longitude,brightness,scan,track,acq_date,acq_time,satellite,instrument,confidence,version,bright_t31,"
    "frp,daynight,type"
)
FDSN_HEADING = (
    "#EventID | Time | Latitude | Longitude | Depth/km | Author | Catalog | Contributor | ContributorID | MagType | "
    "Magnitude | MagAuthor | EventLocationName"
)


@pytest.fixture
def host(monkeypatch: pytest.MonkeyPatch) -> Iterator[file_server.Host]:
    with file_server.running() as found:
        monkeypatch.setenv("ANLAN_OUTSIDE_HOSTS", f"127.0.0.1:{found.port}")
        yield found


@pytest.fixture
def world(db: None) -> SimpleNamespace:
    """The small county with an engineer, an officer of the county, one of each town, and a unit."""
    county = plant_county()
    county.engineer = make_user("engineer", "monitoring_engineer", region=county.county)
    county.officer = make_user("officer", "duty_officer", region=county.county)
    county.canglang_officer = make_user("canglang", "town_officer", region=county.canglang)
    county.danya_officer = make_user("danya", "town_officer", region=county.danya)
    county.keeper = make_user("keeper", "record_keeper", region=county.county)
    county.unit = Department.objects.create(code="CL-YJB", name="沧浪镇应急办", region=county.canglang)
    return county


def feed_of(world: Any, kind: str, url: str, *, on: bool = True, **more: Any) -> Feed:
    """A source of the county, switched on."""
    said = {
        "name": f"测试源 {kind}", "kind": kind, "url": url, "region": world.county, "period_s": 300,
        "attribution": "测试数据，仅供测试",
    }  # fmt: skip
    made = feeds.add_feed(Said(**said | more), actor=world.engineer, now=NOW)
    return feeds.switch(made, on=True, actor=world.engineer, now=NOW) if on else made


def quake(id_: str = "a", magnitude: float | None = 5.0, **more: Any) -> Quake:
    """An event inside the county an hour ago."""
    said = {
        "id": f"smi:test/{id_}", "type": "earthquake", "description": "沧浪镇附近", "at": NOW - timedelta(hours=1),
        "latitude": 31.75, "longitude": 104.25, "depth_m": 12_000.0, "magnitude": magnitude, "magnitude_type": "ML",
        "agency": "TEST", "status": "automatic",
    }  # fmt: skip
    return Quake(**said | more)


def catalogue(*quakes: Quake) -> bytes:
    return quakeml.write(quakes, catalogue="smi:test/catalogue")


def fdsn_text(*rows: Sequence[Any]) -> bytes:
    return "\n".join([FDSN_HEADING, *("|".join(map(str, row)) for row in rows), ""]).encode()


def fdsn_row(
    id_: str, at: str = "2026-11-21T18:25:00", lat: Any = 31.75, lon: Any = 104.25, mag: Any = 5.0
) -> list[Any]:
    return [id_, at, lat, lon, 12.2, "TEST", "TEST", "TEST", id_, "ML", mag, "TEST", "沧浪镇附近"]


def firms(*rows: str) -> bytes:
    return "\n".join([FIRMS_HEADING, *rows, ""]).encode()


def fire(lat: float = 31.6, lon: float = 104.1, time: str = "1830", confidence: str = "85", frp: str = "12.5") -> str:
    return f"{lat},{lon},330.1,1.0,1.0,2026-11-21,{time},Aqua,MODIS,{confidence},6.1NRT,300.0,{frp},N,0"


KINDS = (Kind.QUAKEML, Kind.FDSN, Kind.FIRMS, Kind.STATIONS)
