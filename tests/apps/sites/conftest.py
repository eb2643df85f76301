from __future__ import annotations

from types import SimpleNamespace

import pytest
from small_county import NOW, make_user, plant_county

from anlan.kernel.people.services import system_user
from anlan.kernel.rulebook.services import load_shipped


@pytest.fixture
def world(db, settings, tmp_path):
    """The small county with the shipped rules, and people of several rights."""
    settings.EVIDENCE_ROOT = tmp_path / "evidence"
    load_shipped(NOW)
    county = plant_county()
    return SimpleNamespace(
        county=county,
        actor=system_user("tests"),
        duty=make_user("duty", "duty_officer", region=county.county),
        town=make_user("town", "town_officer", region=county.canglang),
        other=make_user("other", "town_officer", region=county.danya),
        keeper=make_user("keeper", "record_keeper", region=county.county),
    )
