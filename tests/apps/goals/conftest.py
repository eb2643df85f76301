"""The small county with a record keeper, cases of any kind and deadline, and a short way to measure."""

from __future__ import annotations

from itertools import count
from types import SimpleNamespace

import pytest
from indicator_rows import moment
from small_county import NOW, make_user, plant_county

from anlan.kernel.cases.models import Case
from anlan.kernel.chains import services as chains
from anlan.kernel.clocks.models import Clock
from anlan.kernel.indicators.models import Measurement
from anlan.kernel.indicators.services import measuring
from anlan.kernel.people.models import Department
from anlan.kernel.people.services import system_user
from anlan.kernel.rulebook.models import Entry


@pytest.fixture
def county(db):
    return plant_county()


@pytest.fixture
def actor(db):
    return system_user("tests")


@pytest.fixture
def keeper(county):
    return make_user("keeper", "record_keeper", "leader", region=county.county)


@pytest.fixture
def value(actor):
    """value("WS12", region, 2026) measures and gives the newest measurement."""

    def measured(code, region, year=2026, now=NOW):
        measuring.measure(actor=actor, now=now, codes=[code])
        return Measurement.records.get(indicator=code, region=region, year=year, latest=True)

    return measured


@pytest.fixture
def case(county, actor):
    """case(kind, region, due=…, closed=…, original=…) opens a case on the first day of the year of its deadline."""
    chain = chains.open_chain("test", title="台风", region=county.county, now=NOW, actor=actor)
    rule = Entry.objects.filter(kind="clock").first()
    numbers = count(1)

    def opened(kind, region, *, due, closed=None, original=None, state="working", **more):
        row = Case.records.create(
            number=f"T-{next(numbers)}", kind=kind, state="closed" if closed else state, title="防火门损坏",
            region=region,
            chain=chain, opened_at=moment(1, 1, due.year), opened_by=actor, due=due, closed_at=closed, **more,
        )  # fmt: skip
        Clock.objects.create(
            ref=f"case:{row.pk}", code=rule.code, entry=rule, region=region, started_at=row.opened_at, due=due,
            original_due=original or due, extensions=int(original is not None),
        )  # fmt: skip
        return row

    return opened


@pytest.fixture
def world(db):
    """The small county with its bureau, the record keeper, a leader, officers and an enterprise."""
    places = plant_county()
    bureau = Department.objects.create(code="yjj", name="县应急管理局", region=places.county)
    section = Department.objects.create(code="yjj-xck", name="宣传科", region=places.county, parent=bureau)
    leader = make_user("leader", "leader", region=places.county, name="沈知微", department=bureau)
    return SimpleNamespace(
        **vars(places),
        bureau=bureau,
        section=section,
        leader=leader,
        keeper=make_user("keeper", "record_keeper", region=places.county),
        duty=make_user("duty", "duty_officer", region=places.county),
        danya_officer=make_user("danya-officer", "town_officer", region=places.danya),
        canglang_keeper=make_user("canglang-keeper", "record_keeper", region=places.canglang),
        firm=make_user("firm", "enterprise", region=places.danya),
    )
