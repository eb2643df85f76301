from __future__ import annotations

import pytest
from warning_world import OURS, plant


@pytest.fixture
def world(db, monkeypatch):
    monkeypatch.setenv("ANLAN_WARNING_SENDER", OURS)
    return plant()
