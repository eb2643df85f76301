"""The small county with the shipped rules, a car whose terminal sends, and people of several rights."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
from sensing_world import person, sign_in
from small_county import NOW, plant_county
from standing_clock import Clock

from anlan.apps.tracks.follow import Follower
from anlan.apps.tracks.models import Carrier
from anlan.apps.tracks.queries.fences import kept
from anlan.apps.tracks.services.carriers import add_carrier
from anlan.engine import encode_batch
from anlan.kernel.people import rights
from anlan.kernel.people.models import Department, User
from anlan.kernel.people.services import system_user
from anlan.kernel.regions.models import Region
from anlan.kernel.rulebook.services import load_shipped
from anlan.kernel.sensing import queries, rules
from anlan.kernel.sensing.models import Device
from anlan.kernel.sensing.services import register_device
from anlan.kernel.sensing.store import LIVE, NewBatch, Store, open_store

#: Where the car stands at first: in the middle of Canglang.
LON, LAT = 104.25, 31.75
#: A hundred metres east there, degrees.
EAST_100 = 100 / 94_700
SEES = ["region.see", "point.see", "alarm.see", "track.see", "rulebook.see"]


def ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)


def at(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


@dataclass
class World:
    county: Region
    canglang: Region
    danya: Region
    store: Store
    clock: Clock
    hands: User
    device: Device
    key: str
    car: Carrier
    follower: Follower

    def send(self, carrier: Carrier, rows: Iterable[tuple[Any, ...]], lane: str = LIVE) -> None:
        """Log positions: (seconds, lon, lat[, quality[, speed[, course]]])."""
        said: list[tuple[int, int, float, int]] = []
        for seconds, lon, lat, *more in rows:
            t, quality = ms(at(seconds)), more[0] if more else 0
            said += [(carrier.lat_id, t, lat, quality), (carrier.lon_id, t, lon, quality)]
            for point, value in zip((carrier.speed_id, carrier.course_id), more[1:], strict=False):
                said.append((point, t, value, 0))
        payload = encode_batch(*(list(column) for column in zip(*said, strict=True)))
        digest = hashlib.sha256(payload + lane.encode()).digest()
        self.store.append_batches([NewBatch(carrier.device.code, digest.hex(), lane, len(said), payload, digest)])

    def follow(self, seconds: float = 0) -> Carrier:
        """Read on; gives the car as it stands then."""
        self.follower.round(at(seconds))
        return Carrier.records.select_related("region", "place").get(pk=self.car.pk)


@pytest.fixture
def world(db: None, settings: Any, tmp_path: Any) -> World:
    settings.READINGS_URL = f"sqlite://{tmp_path}/readings.sqlite3"
    rules.forget()
    queries.points_under.cache_clear()
    kept.forget()
    rights.forget()
    load_shipped(NOW)
    clock = Clock(ms(NOW))
    store = open_store(settings.READINGS_URL, clock=clock)
    small, hands = plant_county(), system_user("tests")
    device, key = register_device(code="CAR-1", name="抢险车终端", region=small.canglang, actor=hands, now=NOW)
    car = add_carrier(
        code="CAR-1", name="川安抢险一号", kind="vehicle", region=small.canglang, device=device, system="WGS-84",
        period_s=15, actor=hands, now=NOW,
    )  # fmt: skip
    follower = Follower(store)
    follower.round(NOW)
    return World(small.county, small.canglang, small.danya, store, clock, hands, device, key, car, follower)


@pytest.fixture
def officer(world: World) -> User:
    """Sees vehicles of the county, no persons."""
    return person("officer", "顾怀远", world.county, SEES)


@pytest.fixture
def seer(world: World) -> User:
    """Sees persons too, by name."""
    return person("seer", "阮清和", world.county, [*SEES, "track.person", "personal.unmask"])


@pytest.fixture
def engineer(world: World) -> User:
    return person("engineer", "程砚舟", world.county, [*SEES, "track.manage", "device.manage", "resource.see"])


@pytest.fixture
def foreigner(world: World) -> User:
    """Of the other town."""
    return person("foreigner", "宋引章", world.danya, [*SEES, "track.person", "track.manage", "device.manage"])


@pytest.fixture
def walker(world: World) -> User:
    """Somebody in the field with a phone."""
    user = person("walker", "王小明", world.canglang, ["track.share"])
    user.department = Department.objects.create(code="cl-yjb", name="沧浪镇应急办", region=world.canglang)
    user.save()
    return user


__all__ = ["EAST_100", "LAT", "LON", "NOW", "World", "at", "ms", "sign_in"]
