"""A small county for the tests of sensing: two towns, three officers, one device with points, one rule."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from anlan.kernel.people import rights, sessions
from anlan.kernel.people.models import Department, Grant, Role, User
from anlan.kernel.people.services import system_user
from anlan.kernel.regions.models import Level, Region
from anlan.kernel.rulebook import queries as rulebook
from anlan.kernel.rulebook.models import Entry
from anlan.kernel.sensing import consumer, queries, rules, services
from anlan.kernel.sensing.models import Alarm, Device, Point, RuleVersion
from anlan.kernel.sensing.store import Store, open_store

NOW = datetime(2026, 11, 22, 3, 25, tzinfo=UTC)
LEVELS = {
    "type": "level",
    "direction": "high",
    "steps": [{"severity": 3, "limit": 25.0}, {"severity": 2, "limit": 50.0}],
    "deadband": 2.5,
    "on_s": 15,
    "off_s": 60,
}
_numbers = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Transition:
    """As the reading store gives it."""

    rule: int
    point: int
    t: int
    step: int = 0
    severity: int = 3
    on: bool = True
    value: float | None = 25.3
    lane: str = "live"
    id: str = field(default_factory=lambda: f"transition-{next(_numbers)}")


def ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)


def seconds(n: float) -> timedelta:
    return timedelta(seconds=n)


@pytest.fixture(autouse=True)
def readings(settings: Any, tmp_path: Any) -> Store:
    settings.READINGS_URL = f"sqlite://{tmp_path}/readings.sqlite3"
    rules.forget()
    queries.points_under.cache_clear()
    return open_store()


@pytest.fixture(autouse=True)
def fresh_rights() -> Iterator[None]:
    rights.forget()
    yield
    rights.forget()


def place(code: str, name: str, level: str, parent: Region | None) -> Region:
    path = (parent.path if parent else "/") + f"{code}/"
    return Region.objects.create(code=code, name=name, level=level, parent=parent, path=path)


@pytest.fixture
def county(db: None) -> Region:
    province = place("99", "省", Level.PROVINCE, None)
    city = place("9901", "市", Level.CITY, province)
    return place("990123", "安澜县", Level.COUNTY, city)


@pytest.fixture
def town(county: Region) -> Region:
    return place("990123101", "沧浦镇", Level.TOWN, county)


@pytest.fixture
def other_town(county: Region) -> Region:
    return place("990123102", "丹崖镇", Level.TOWN, county)


def person(username: str, name: str, region: Region, verbs: list[str]) -> User:
    user = User.objects.create(username=username, name=name)
    role = Role.objects.create(code=f"role-{username}", name=name, verbs=verbs)
    Grant.objects.create(user=user, role=role, region=region)
    return user


DUTY = [
    "region.see", "point.see", "alarm.see", "alarm.acknowledge", "alarm.shelve", "alarm.close", "case.see", "case.open",
    "case.assign", "case.check", "chain.see", "rulebook.see", "setaside.see", "scenario.run",
]  # fmt: skip


@pytest.fixture
def officer(county: Region) -> User:
    return person("officer", "顾怀远", county, DUTY)


@pytest.fixture
def second_officer(county: Region) -> User:
    return person("second", "阮清和", county, DUTY)


@pytest.fixture
def engineer(county: Region) -> User:
    return person(
        "engineer",
        "程砚舟",
        county,
        ["region.see", "point.see", "alarm.see", "device.manage", "setaside.see", "setaside.replay", "rulebook.see"],
    )


@pytest.fixture
def foreigner(other_town: Region) -> User:
    """An officer of another town."""
    return person("foreigner", "宋引章", other_town, DUTY)


@pytest.fixture
def unit(town: Region) -> Department:
    return Department.objects.create(code="cp-yjb", name="沧浦镇应急办", region=town)


@pytest.fixture
def hands(db: None) -> User:
    return system_user("tests")


@pytest.fixture
def device(town: Region, hands: User) -> Device:
    made, _key = services.register_device(code="gw-1", name="一号网关", region=town, actor=hands, now=NOW)
    return made


def entry_of(code: str, *, kind: str = "other", condition: dict[str, Any] | None = None, **more: Any) -> Entry:
    facts: dict[str, Any] = {
        "kind": "alarm",
        "code": code,
        "version": 1,
        "title": "Gas over the limit",
        "title_zh": "可燃气体超限",
        "body": {"kind": kind, "condition": condition or LEVELS},
        "standard": "GB/T 50493-2019",
        "clause": "5.5.2",
        "verified": True,
        "valid_from": NOW - timedelta(days=400),
        "digest": code,
    }
    return Entry.objects.create(**facts | more)


@pytest.fixture
def entry(db: None) -> Entry:
    return entry_of("TEST-01")


@pytest.fixture
def clocks(db: None, county: Region) -> None:
    """Answer clocks, where the rulebook that comes with the product has none."""
    for level, minutes in ((1, 3), (2, 5), (3, 10), (4, 15)):
        for code, body in (
            (f"alarm.answer.{level}", {"minutes": minutes, "calendar": "natural", "ladder": []}),
            (f"alarm.handle.{level}", {"hours": level * 2, "calendar": "natural", "ladder": []}),
        ):
            try:
                rulebook.lookup("clock", code, at=NOW, region=county)
            except rulebook.NoRule:
                long_ago = NOW - timedelta(days=400)
                Entry.objects.create(
                    kind="clock", code=code, version=1, title=code, body=body, valid_from=long_ago, digest=code
                )


def points_of(device: Device, region: Region, hands: User, n: int, **more: Any) -> list[Point]:
    rows = [
        {
            "code": f"GT-{2031 + i}",
            "name": f"可燃气体 {i + 1} 号",
            "kind": "other",
            "unit": "%LEL",
            "digits": 1,
            "region": region,
            "device": device,
            "site_ref": "site:9",
            "site_name": "澜润化工",
            "lon": 104.6 + i / 1000,
            "lat": 31.9,
            "period_s": 15,
            **more,
        }
        for i in range(n)
    ]
    return services.add_points(rows, actor=hands, now=NOW)


@pytest.fixture
def point(entry: Entry, clocks: None, device: Device, town: Region, hands: User) -> Point:
    return points_of(device, town, hands, 1)[0]


@pytest.fixture
def version(point: Point) -> RuleVersion:
    """The live rule version over the point."""
    return RuleVersion.objects.get(lane="live")


@pytest.fixture
def raised(point: Point, version: RuleVersion) -> Callable[..., Alarm]:
    """Raise (or change) the alarm of the point through the consumer and give the newest alarm."""

    def _raised(*steps: Transition, now: datetime = NOW) -> Alarm:
        given = list(steps) or [Transition(version.pk, point.pk, ms(now))]
        consumer.take(given, now)
        return Alarm.records.order_by("-id").first()

    return _raised


def sign_in(client: Client, user: User) -> Client:
    """A browser in which this person is signed in."""
    client.force_login(user, backend="anlan.kernel.people.backend.ActiveUserBackend")
    session = client.session
    sessions.mark(session, user, timezone.now())
    session.save()
    return client
