"""The small county, a record keeper, and figures entered by the verb."""

from __future__ import annotations

import pytest
from small_county import NOW, make_user, plant_county

from anlan.kernel.indicators.services import entering, measuring
from anlan.kernel.indicators.services.entering import Cell
from anlan.kernel.people.services import system_user


@pytest.fixture
def county(db):
    return plant_county()


@pytest.fixture
def keeper(county):
    return make_user("keeper", "record_keeper", region=county.county)


@pytest.fixture
def enter(keeper):
    """enter(year, deaths={region: 3}, gdp={region: 200.0}) enters these figures."""

    def enter_them(year, upto=None, source="统计公报", **figures):
        cells = [Cell(code, region, value) for code, by in figures.items() for region, value in by.items()]
        return entering.enter_figures(cells, year=year, upto=upto, source=source, actor=keeper, now=NOW)

    return enter_them


@pytest.fixture
def measure(db):
    def measure_them(*codes, now=NOW):
        return measuring.measure(actor=system_user("tests"), now=now, codes=codes or None)

    return measure_them
