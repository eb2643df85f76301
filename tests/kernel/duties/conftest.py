"""The small county with a bureau, four leaders and six officers who stand duty."""

from __future__ import annotations

from datetime import date
from types import SimpleNamespace

import pytest
from duty_month import draw
from small_county import NOW, make_user, plant_county

from anlan.kernel.duties import rosters
from anlan.kernel.people import services as people


@pytest.fixture
def county(db):
    return plant_county()


@pytest.fixture
def office(county):
    console = people.system_user("console")
    return people.add_department(code="yjj", name="应急管理局", region=county.county, actor=console, now=NOW)


@pytest.fixture
def planner(county):
    return make_user("planner", "record_keeper", region=county.county)


@pytest.fixture
def staff(county, office, planner):
    """Two leaders and five officers, in the roster since long; gives them by user name."""
    found = {}
    for role, names in (("leader", ("l1", "l2", "l3")), ("duty_officer", ("o1", "o2", "o3", "o4", "o5"))):
        for name in names:
            found[name] = make_user(name, role, region=county.county, department=office, phone="19000001234")
            rosters.join(
                region=county.county, person=found[name], role=role, since=date(2026, 1, 1), actor=planner, now=NOW
            )  # fmt: skip
    return SimpleNamespace(**found)


@pytest.fixture
def drawn(county, staff, planner):
    """The roster of the month as a draft."""
    return draw(county.county, planner)


@pytest.fixture
def published(drawn, planner):
    return rosters.put_in_force(drawn, with_gaps=False, actor=planner, now=NOW)
