"""A small county for the tests of clocks, notices, chains and cases: two towns, their people, rules for clocks."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from anlan.kernel.cases import effects, registry, services
from anlan.kernel.cases.declarations import Step, Workflow, workflow
from anlan.kernel.cases.models import Case
from anlan.kernel.chains import services as chains
from anlan.kernel.chains.models import Chain
from anlan.kernel.evidence.models import Blob, Evidence
from anlan.kernel.people import rights, sessions
from anlan.kernel.people.models import Department, Grant, Post, Role, Slot, User
from anlan.kernel.people.services import system_user
from anlan.kernel.regions.models import Level, Region
from anlan.kernel.rulebook.models import Entry

#: Sunday, 11:25 in the bureau's zone.
NOW = datetime(2026, 11, 22, 3, 25, tzinfo=UTC)
_numbers = itertools.count(1)

DUTY = ["case.see", "case.open", "case.assign", "case.check", "case.extend", "chain.see", "alarm.acknowledge"]
WORK = ["case.see", "case.work", "chain.see"]


def after(**span: float) -> datetime:
    return NOW + timedelta(**span)


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
    return place("990123", "安澜县", Level.COUNTY, place("9901", "市", Level.CITY, place("99", "省", "province", None)))


@pytest.fixture
def town(county: Region) -> Region:
    return place("990123101", "沧浦镇", Level.TOWN, county)


@pytest.fixture
def other_town(county: Region) -> Region:
    return place("990123102", "丹崖镇", Level.TOWN, county)


def person(
    username: str, name: str, region: Region, verbs: list[str], unit: Department | None = None, language: str = ""
) -> User:
    user = User.objects.create(username=username, name=name, department=unit, language=language)
    role = Role.objects.create(code=f"role-{username}", name=name, verbs=verbs)
    Grant.objects.create(user=user, role=role, region=region)
    return user


@pytest.fixture
def bureau(county: Region) -> Department:
    return Department.objects.create(code="yjj", name="县应急管理局", region=county)


@pytest.fixture
def unit(town: Region) -> Department:
    return Department.objects.create(code="cp-yjb", name="沧浦镇应急办", region=town)


@pytest.fixture
def other_unit(other_town: Region) -> Department:
    return Department.objects.create(code="dy-yjb", name="丹崖镇应急办", region=other_town)


@pytest.fixture
def officer(county: Region, bureau: Department) -> User:
    """The duty officer of the county, in the post."""
    user = person("officer", "顾怀远", county, DUTY, bureau)
    Post.objects.create(duty="duty_officer", name="值班员", department=bureau, region=county, holder=user, slot=Slot.A)
    return user


@pytest.fixture
def leader(county: Region, bureau: Department) -> User:
    user = person("leader", "沈知微", county, DUTY, bureau)
    Post.objects.create(duty="leader", name="带班领导", department=bureau, region=county, holder=user, slot=Slot.A)
    return user


@pytest.fixture
def worker(town: Region, unit: Department) -> User:
    """Of the town's emergency office."""
    return person("worker", "祝长庚", town, WORK, unit)


@pytest.fixture
def foreigner(other_town: Region, other_unit: Department) -> User:
    return person("foreigner", "宋引章", other_town, WORK, other_unit)


@pytest.fixture
def hands(db: None) -> User:
    return system_user("tests")


def clock_rule(code: str, **body: Any) -> Entry:
    return Entry.objects.create(
        kind="clock",
        code=code,
        version=1,
        title=f"Time for {code}",
        title_zh=f"{code} 的时限",
        body={"calendar": "natural", **body},
        standard="县值班规程",
        clause="第 9 条",
        valid_from=NOW - timedelta(days=400),
        digest=hashlib.sha256(code.encode()).hexdigest(),
    )


@pytest.fixture
def four_hours(county: Region) -> Entry:
    """Four hours; the unit an hour before, the duty officer when it is over, the leader an hour later."""
    return clock_rule(
        "test.handle",
        hours=4,
        ladder=[
            {"before_s": 3600, "to": "unit", "words": {"en": "One hour left", "zh": "还剩 1 小时"}},
            {"after_s": 0, "to": "duty"},
            {"after_s": 3600, "to": "leader", "words": "逾期 1 小时"},
        ],
        extensions_max=1,
        extension_max_days=10,
    )


#: What the effects of the workflow below were called with.
effects_seen: list[dict[str, Any]] = []


@pytest.fixture
def loop(four_hours: Entry) -> Workflow:
    """accept → submit with a photo → close, or sent back; the clock stands while the bureau checks."""
    effects_seen.clear()
    if not effects.is_registered("test.noted"):
        effects.register("test.noted", lambda case, **context: effects_seen.append({"case": case, **context}))
    if "test.handle" not in {one.kind for one in registry.all_workflows()}:
        workflow(LOOP)
    return registry.get("test.handle")


LOOP = Workflow(
    kind="test.handle",
    title="Handle",
    start="assigned",
    done=("closed", "withdrawn"),
    clock="test.handle",
    states={
        "assigned": "Assigned",
        "working": "Being handled",
        "submitted": "To be checked",
        "closed": "Closed",
        "withdrawn": "Withdrawn",
    },
    proofs=("photo_before",),
    steps=(
        Step(do="accept", label="Accept", frm=("assigned",), to="working", verb="case.work", takes=True),
        Step(
            do="submit",
            label="Submit",
            frm=("working",),
            to="submitted",
            verb="case.work",
            needs=("photo_after",),
            clock="pause",
        ),
        Step(
            do="send_back",
            label="Send back",
            frm=("submitted",),
            to="working",
            verb="case.check",
            needs_note=True,
            note_label="What is missing",
            clock="resume",
        ),
        Step(
            do="close",
            label="Close",
            frm=("submitted",),
            to="closed",
            verb="case.check",
            effects=("test.noted",),
        ),
        Step(
            do="hand_on",
            label="Give to another unit",
            frm=("assigned", "working"),
            to="assigned",
            verb="case.assign",
            names_unit=True,
        ),
        Step(do="withdraw", label="Withdraw", frm=("assigned", "working"), to="withdrawn", verb="case.assign"),
    ),
)


@pytest.fixture
def chain(town: Region, officer: User) -> Chain:
    return chains.open_chain(
        "alarm", title="甲醇泄漏", region=town, now=NOW, actor=officer, level=3, lon=104.6, lat=31.9
    )


@pytest.fixture
def case(loop: Workflow, town: Region, chain: Chain, unit: Department, worker: User, officer: User) -> Case:
    return services.open_case(
        loop,
        region=town,
        title="V-203 可燃气体超限",
        level=2,
        chain=chain,
        unit=unit,
        now=NOW,
        actor=officer,
        cause="alarm:12",
    )


def sign_in(client: Client, user: User) -> Client:
    """A browser in which `user` is signed in."""
    client.force_login(user, backend="anlan.kernel.people.backend.ActiveUserBackend")
    session = client.session
    sessions.mark(session, user, timezone.now())
    session.save()
    return client


def prove(case: Case, by: User, at: datetime, role: str = "photo_after") -> Evidence:
    """A photo that hangs on the case."""
    n = next(_numbers)
    blob = Blob.objects.create(
        sha256=hashlib.sha256(str(n).encode()).hexdigest(), size=1000, mime="image/jpeg", width=10, created_at=at
    )
    return Evidence.objects.create(
        blob=blob, ref=f"case:{case.pk}", role=role, name="p.jpg", region=case.region, by=by, at=at
    )
