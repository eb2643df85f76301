from __future__ import annotations

import pytest
from resources_world import make_world
from small_county import make_user


@pytest.fixture
def world(db):
    return make_world()


@pytest.fixture
def keeper(world):
    return make_user("keeper", "resource_keeper", "leader", region=world.county.county)
