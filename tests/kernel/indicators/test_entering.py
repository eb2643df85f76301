from __future__ import annotations

from datetime import date

import pytest
from small_county import NOW, make_user

from anlan.kernel.audit.models import Entry as Trail
from anlan.kernel.indicators import jobs
from anlan.kernel.indicators.errors import Refused
from anlan.kernel.indicators.models import Figure, Measurement, Target
from anlan.kernel.indicators.services import aiming, entering
from anlan.kernel.indicators.services.entering import Cell
from anlan.kernel.jobs.models import Job
from anlan.kernel.people.rights import NotAllowed

pytestmark = pytest.mark.django_db


def test_a_figure_is_entered_once_changed_with_its_trail_and_taken_away(county, enter):
    assert enter(2025, deaths={county.county: 4}) == 1
    assert enter(2025, deaths={county.county: 4}) == 0
    assert enter(2025, deaths={county.county: 5}) == 1
    assert [row.value for row in Figure.records.all()] == [5]
    assert enter(2025, deaths={county.county: None}) == 1
    assert not Figure.records.exists()
    trail = Trail.objects.filter(verb="indicator.figure").order_by("id")
    assert [(row.before.get("value"), row.after.get("value")) for row in trail] == [(None, 4), (4, 5), (5, None)]


def test_what_needs_a_figure_is_measured_as_soon_as_it_is_entered(county, enter, keeper):
    enter(2025, deaths={county.county: 4}, gdp={county.county: 100})
    waiting = Job.objects.get(name="indicators.measure")
    jobs.measure(now=NOW, **waiting.args)
    assert Measurement.records.get(indicator="WS03", region=county.county, year=2025, latest=True).value == 0.04
    assert not Measurement.records.filter(indicator="WS28").exists()


def test_a_running_year_keeps_the_day_up_to_which_its_figures_count(county, enter):
    enter(2026, deaths={county.county: 4})
    assert Figure.records.get().upto == date(2026, 11, 22)
    enter(2025, deaths={county.county: 4})
    assert Figure.records.get(year=2025).upto is None


@pytest.mark.parametrize(
    ("year", "upto"), [(2027, None), (1900, None), (2026, date(2026, 12, 31)), (2025, date(2026, 1, 1))]
)
def test_a_year_or_day_that_has_not_come_is_refused(county, enter, year, upto):
    with pytest.raises(Refused):
        enter(year, upto=upto, deaths={county.county: 4})


def test_with_one_fault_nothing_is_entered_and_every_fault_is_named(county, enter):
    with pytest.raises(Refused) as refused:
        enter(
            2025, deaths={county.county: -1, county.canglang: 2}, samples_due={county.county: 1}, gdp={county.grid: 1}
        )
    assert len(refused.value.faults) == 3
    assert not Figure.records.exists()


def test_a_town_enters_its_own_figures_and_no_others(county):
    officer = make_user("town", "town_officer", region=county.canglang)
    entering.enter_figures(
        [Cell("deaths", county.canglang, 1)], year=2025, upto=None, source="", actor=officer, now=NOW
    )
    for place in (county.danya, county.county):
        with pytest.raises(NotAllowed):
            entering.enter_figures([Cell("deaths", place, 1)], year=2025, upto=None, source="", actor=officer, now=NOW)
    with pytest.raises(NotAllowed):
        aiming.set_target(
            code="WS24", region=county.canglang, year=2026, comparator="le", value=0, actor=officer, now=NOW
        )


def test_a_new_target_ends_the_one_before_and_both_are_kept(county, keeper):
    aim = {
        "code": "WS24", "region": county.county, "year": 2026, "comparator": "le", "actor": keeper, "now": NOW
    }  # fmt: skip
    aiming.set_target(value=1, **aim)
    target = aiming.set_target(value=0, **aim)
    assert [(row.value, row.ended_at is None) for row in Target.records.order_by("id")] == [(1, False), (0, True)]
    aiming.end_target(target, actor=keeper, now=NOW)
    with pytest.raises(Refused):
        aiming.end_target(target, actor=keeper, now=NOW)
    assert Trail.objects.filter(verb="indicator.target").count() == 3


def test_a_target_without_sense_is_refused_with_every_fault(county, keeper):
    with pytest.raises(Refused) as refused:
        aiming.set_target(
            code="WS99", region=county.county, year=2099, comparator="about", value=float("nan"), actor=keeper, now=NOW
        )
    assert len(refused.value.faults) == 4
