"""The small county, and somebody who keeps its tree."""

from __future__ import annotations

import pytest
from small_county import make_user, plant_county


@pytest.fixture
def county(db):
    return plant_county()


@pytest.fixture
def keeper(county):
    return make_user("keeper", "record_keeper", region=county.county)
