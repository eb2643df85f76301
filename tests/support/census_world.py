"""The small county with a grid of a few cells in force."""

from __future__ import annotations

from datetime import date

import h3
import pytest
from small_county import NOW, make_user, plant_county

from anlan.apps.census.services import editions
from anlan.apps.census.services.editions import CellRow
from anlan.kernel.people.services import system_user

#: Two cells that touch, in the village of Shatou, and one in Danya.
FIRST = h3.latlng_to_cell(31.6, 104.1, 9)
SECOND = sorted(h3.grid_ring(FIRST, 1))[0]
THIRD = h3.latlng_to_cell(31.6, 104.6, 9)


@pytest.fixture
def county(db):
    return plant_county()


@pytest.fixture
def keeper(county):
    return make_user("keeper", "record_keeper", region=county.county)


def rows(county, people=(100, 40, 60)):
    """Three cells with people by night; half of them by day."""
    places = (county.shatou, county.shatou, county.yuntai)
    return [
        CellRow(h3.str_to_int(cell), place.pk, n // 2, n, 5, 80.5)
        for cell, place, n in zip((FIRST, SECOND, THIRD), places, people, strict=True)
    ]


@pytest.fixture
def grid(county):
    """An edition in force."""
    actor = system_user("tests")
    edition = editions.stage(rows(county), title="Survey", surveyed_on=date(2025, 12, 31), actor=actor, now=NOW)
    return editions.put_in_force(edition, actor=actor, now=NOW)
