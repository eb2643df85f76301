from __future__ import annotations

import pytest
from exchange_world import plant


@pytest.fixture
def world(db):
    return plant()
