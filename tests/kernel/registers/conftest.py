"""A small register of sites in the small county."""

from __future__ import annotations

import pytest
from small_county import NOW, make_user, plant_county

from anlan.apps.sites.declarations import ENTERPRISES
from anlan.kernel.people.services import system_user
from anlan.kernel.registers import services

ROWS = (
    {"code": "S-1", "name": "澜润化工仓储有限公司", "kind": "chemical", "region": "990123101201", "risk": 2,
     "keeper": "窦长微", "keeper_phone": "19000004855", "lon": 104.1, "lat": 31.6, "address": "经二路6号",
     "credit_code": "91990123MA00000011"},
    {"code": "S-2", "name": "丹崖加油站", "kind": "filling", "region": "990123102201", "risk": 4, "lon": 104.6,
     "lat": 31.6},
    {"code": "S-3", "name": "沙头小学", "kind": "light", "region": "990123101201"},
    {"code": "S-4", "name": "重庆路3号库", "kind": "warehouse", "region": "990123102", "risk": 3},
    {"code": "S-5", "name": "重庆路12号库", "kind": "warehouse", "region": "990123102", "risk": 1},
)  # fmt: skip


@pytest.fixture
def county(db):
    return plant_county()


@pytest.fixture
def sites(county):
    """Five sites, entered one by one; gives them by code."""
    tests = system_user("tests")
    return {row["code"]: services.create(ENTERPRISES, row, actor=tests, now=NOW) for row in ROWS}


@pytest.fixture
def keeper(county):
    return make_user("keeper", "record_keeper", region=county.county)
