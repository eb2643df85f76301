from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from small_county import NOW

from anlan.kernel.audit.models import Entry as Trail
from anlan.kernel.borders.services import merge
from anlan.kernel.indicators import queries
from anlan.kernel.indicators.asking import State
from anlan.kernel.indicators.declarations import indicator
from anlan.kernel.indicators.judging import Light, Rule
from anlan.kernel.indicators.models import Measurement, Run
from anlan.kernel.indicators.services import aiming
from anlan.kernel.indicators.wording import reason_words
from anlan.kernel.regions import queries as regions
from anlan.kernel.regions.services import Planting, plant

pytestmark = pytest.mark.django_db


def got(code, region, year=2026):
    return Measurement.records.get(indicator=code, region=region, year=year, latest=True)


def line(code, region, year=2026, now=NOW):
    node = regions.tree().by_id[region.pk]
    return queries.lines([indicator(code)], [node], [year], queries.Moment.of(now))[0]


def test_an_input_that_nobody_entered_is_named_and_never_a_zero(county, measure):
    measure("WS24")
    row = got("WS24", county.county)
    assert (row.value, row.state, row.reason) == (None, State.EMPTY, {"input": "accidents_major"})
    assert Measurement.records.filter(indicator="WS24", value__isnull=False).count() == 0


def test_an_empty_register_is_named(county, measure):
    measure("WS34")
    row = got("WS34", county.county)
    assert (row.value, row.state, row.reason["input"]) == (None, State.EMPTY, "alarms_handled")
    assert reason_words(row.state, row.reason)


def test_a_zero_that_was_entered_is_a_zero(county, enter, measure):
    enter(2025, accidents_major={county.county: 0})
    measure("WS24")
    assert (got("WS24", county.county, 2025).value, got("WS24", county.county, 2025).state) == (0, State.MEASURED)
    assert got("WS24", county.county, 2024).reason == {"input": "accidents_major", "year": 2024}


def test_a_county_is_the_sum_of_its_towns_once_all_have_given_theirs(county, enter, measure):
    enter(2025, accidents_major={county.canglang: 2})
    measure("WS24")
    row = got("WS24", county.county, 2025)
    assert (row.value, row.state) == (None, State.PARTIAL)
    assert row.reason == {"input": "accidents_major", "year": 2025, "known": 1, "of": 2}
    assert got("WS24", county.canglang, 2025).value == 2
    enter(2025, accidents_major={county.danya: 1})
    measure("WS24")
    assert got("WS24", county.county, 2025).value == 3


def test_what_was_entered_for_the_county_itself_wins_over_the_sum(county, enter, measure):
    enter(2025, accidents_major={county.county: 5, county.canglang: 2, county.danya: 1})
    measure("WS24")
    assert got("WS24", county.county, 2025).value == 5


def test_a_rate_of_the_county_is_the_rate_of_the_sums_and_not_the_mean_of_the_rates(county, enter, measure):
    enter(2025, deaths={county.canglang: 3, county.danya: 1}, gdp={county.canglang: 30, county.danya: 70})
    measure("WS03")
    assert got("WS03", county.county, 2025).value == pytest.approx(0.04)
    assert got("WS03", county.canglang, 2025).value == pytest.approx(0.1)
    assert got("WS03", county.county, 2025).inputs == {"deaths": 4, "gdp": 100}


def test_a_fall_takes_the_year_before_and_says_which_year_is_missing(county, enter, measure):
    enter(2025, deaths={county.county: 8})
    measure("WS01")
    assert got("WS01", county.county, 2025).reason == {"input": "deaths", "year": 2024}
    enter(2024, deaths={county.county: 10})
    measure("WS01")
    row = got("WS01", county.county, 2025)
    assert (row.value, row.inputs) == (pytest.approx(20), {"deaths": 8, "deaths@1": 10})


def test_a_second_measuring_writes_nothing_and_a_change_writes_one_row_and_keeps_the_old(county, enter, measure):
    enter(2025, accidents_major={county.county: 1})
    first = measure("WS24")
    assert first.changed == first.cells == 5 * 5
    assert measure("WS24").changed == 0
    enter(2025, accidents_major={county.county: 2})
    assert measure("WS24", now=NOW + timedelta(days=1)).changed == 1
    kept = Measurement.records.filter(indicator="WS24", region=county.county, year=2025).order_by("id")
    assert [(row.value, row.latest) for row in kept] == [(1, False), (2, True)]


def test_a_run_leaves_its_row_and_one_line_in_the_trail(county, measure):
    run = measure("WS24")
    assert Run.objects.get() == run
    assert Trail.objects.get(verb="indicator.measured").after["cells"] == 25


def test_grids_are_not_measured_and_what_lies_in_them_counts_to_their_village(county, measure):
    measure("WS41")
    assert not Measurement.records.filter(region=county.grid).exists()
    assert got("WS41", county.shatou).inputs["villages"] == 1


def test_an_indicator_of_townships_means_nothing_in_a_village(county, measure):
    measure("WS61")
    assert got("WS61", county.shatou).state == State.NOT_HERE


def test_a_measurement_says_again_what_it_was_measured_from(county, enter, measure):
    """The formula over the kept inputs gives the kept value."""
    from anlan.kernel.indicators.asking import Kept

    enter(2025, deaths={county.county: 7}, gdp={county.county: 312.5})
    measure("WS03")
    row = got("WS03", county.county, 2025)
    assert indicator("WS03").measure(Kept([row.inputs])).values[0, 0] == row.value


def test_drills_of_half_a_year_come_to_twice_as_many_at_its_end(county, enter, measure):
    half = datetime(2026, 7, 2, 4, tzinfo=UTC)  # the 183rd day of 365
    enter(2026, upto=date(2026, 7, 2), inspections={county.county: 183})
    measure("WS28", now=half)
    found = line("WS28", county.county, now=half)
    assert (found.value, found.forecast.value, found.forecast.rule) == (183, pytest.approx(365), Rule.LINEAR)


def test_a_figure_entered_in_summer_is_carried_on_from_its_own_day(county, enter, measure):
    enter(2026, upto=date(2026, 7, 2), inspections={county.county: 183})
    measure("WS28")
    assert line("WS28", county.county).forecast.value == pytest.approx(365)


def test_a_rate_whose_parts_both_grow_is_foreseen_as_it_stands(county, enter, measure):
    enter(2026, upto=date(2026, 7, 2), fines={county.county: 200}, fines_no_accident={county.county: 150})
    measure("WS26")
    assert line("WS26", county.county).forecast.value == pytest.approx(75)


def test_in_the_first_quarter_nothing_is_foreseen(county, enter, measure, keeper):
    early = datetime(2026, 3, 1, 4, tzinfo=UTC)
    enter(2026, upto=date(2026, 3, 1), inspections={county.county: 100})
    measure("WS28", now=early)
    aiming.set_target(code="WS28", region=county.county, year=2026, comparator="ge", value=400, actor=keeper, now=early)
    found = line("WS28", county.county, now=early)
    assert (found.forecast.value, found.forecast.rule, found.light) == (None, Rule.EARLY, Light.UNKNOWN)


def test_a_target_holds_for_the_places_inside_where_it_says_so_and_they_have_none_of_their_own(
    county, enter, measure, keeper
):
    enter(2025, relief_hours={county.county: 20, county.canglang: 30, county.danya: 20})
    measure("WS21")
    aim = {"code": "WS21", "year": 2025, "comparator": "le", "actor": keeper, "now": NOW}
    aiming.set_target(region=county.county, value=24, below=True, **aim)
    assert line("WS21", county.canglang, 2025).light == Light.MISSED
    aiming.set_target(region=county.canglang, value=36, **aim)
    assert line("WS21", county.canglang, 2025).light == Light.REACHED
    assert line("WS21", county.danya, 2025).target.value == 24
    aiming.set_target(region=county.county, value=24, below=False, **aim)
    assert line("WS21", county.danya, 2025).light == Light.NO_TARGET


def test_a_night_asks_the_database_no_more_often_for_more_places(county, measure):
    measure()
    Measurement.records.all().delete()  # writing is by rows, so compare nights that write nothing new
    measure()
    with CaptureQueriesContext(
        connection,
    ) as small:
        measure()
    plant([Planting(f"9901231019{n:02d}", f"新村{n}", "village", "990123101") for n in range(30)])
    regions.forget()
    measure()
    with CaptureQueriesContext(connection) as large:
        measure()
    # Whether the tree is still the same is asked by the clock, and so are rights.
    assert [_asked(large), _asked(small)] == [_asked(small)] * 2


def _asked(night):
    return sum("indicators_" in query["sql"] or "GROUP BY" in query["sql"] for query in night)


def test_a_merged_town_adds_its_figures_and_leaves_its_measurements_where_they_were(county, enter, measure, keeper):
    enter(2024, accidents_major={county.canglang: 2, county.danya: 1})
    enter(2025, accidents_major={county.danya: 1})
    measure("WS24")
    before = Measurement.records.filter(region=county.canglang).count()
    later = NOW + timedelta(days=3)
    merge(region=county.danya, into=county.canglang, on=later.date(), actor=keeper, now=later)
    measure("WS24", now=later)
    assert got("WS24", county.canglang, 2024).value == got("WS24", county.county, 2024).value == 3
    # Of 2025 only the part that was Danya is known, and a part is no number of the whole.
    assert got("WS24", county.canglang, 2025).value is None
    assert Measurement.records.filter(region=county.canglang).count() == before + 1
    assert Measurement.records.filter(region=county.danya).exists()
