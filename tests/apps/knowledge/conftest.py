from __future__ import annotations

from types import SimpleNamespace

import pytest
from small_county import NOW, make_user, plant_county

from anlan.kernel.rulebook.services import load_shipped


@pytest.fixture
def world(db):
    """The small county, its record keeper, a duty officer, an officer of a town and an enterprise."""
    places = plant_county()
    load_shipped(NOW)
    return SimpleNamespace(
        **vars(places),
        keeper=make_user("keeper", "record_keeper", region=places.county),
        duty=make_user("duty", "duty_officer", region=places.county),
        danya_officer=make_user("danya-officer", "town_officer", region=places.danya),
        firm=make_user("firm", "enterprise", region=places.danya),
    )
