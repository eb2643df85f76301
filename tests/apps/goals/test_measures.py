"""Every indicator of the plans: declared, in words, measured or saying why not; those from rows counted by hand."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
import yaml
from django.conf import settings
from indicator_rows import moment, raise_alarm
from small_county import NOW, sign_in

from anlan.apps.goals.measures import sources
from anlan.apps.resources.declarations import FIRE_STATIONS, SHELTERS, TEAMS
from anlan.apps.resources.models import Shelter
from anlan.apps.sites.declarations import ENTERPRISES, MAJOR_HAZARDS
from anlan.apps.sites.models import MajorHazard
from anlan.kernel.cases.models import Case
from anlan.kernel.indicators import rules
from anlan.kernel.indicators.asking import State
from anlan.kernel.indicators.declarations import Better, Kind, indicator, indicators, input_of, inputs
from anlan.kernel.indicators.judging import Forecast, Light, Rule, light
from anlan.kernel.indicators.models import Measurement
from anlan.kernel.indicators.services import measuring
from anlan.kernel.indicators.services.entering import Cell, enter_figures
from anlan.kernel.indicators.wording import reason_words
from anlan.kernel.people.models import Department, Post, Slot
from anlan.kernel.registers import services as registers
from anlan.kernel.sensing.models import PointDay

#: The codes of the indicators that plans name.
PLANS = [f"WS{n:02d}" for n in range(1, 71)]


def test_each_of_the_seventy_is_declared_with_unit_direction_and_formula():
    declared = {one.code: one for one in indicators()}
    assert [code for code in PLANS if code not in declared] == []
    for one in declared.values():
        assert str(one.unit), one.code
        assert str(one.formula), one.code
        assert one.better in Better, one.code
        assert one.kind in Kind, one.code


def test_each_of_the_seventy_stands_in_the_rulebook_with_its_document_and_clause_in_both_languages():
    shipped = yaml.safe_load((settings.PACKAGE / "rulebook/indicators.yaml").read_text(encoding="utf-8"))["indicators"]
    entries = {entry["code"]: entry for entry in shipped}
    assert sorted(entries) == PLANS
    for entry in entries.values():
        assert entry["title"] and entry["title_zh"], entry["code"]
        assert entry["source"]["standard"] and entry["source"]["clause"], entry["code"]
        assert rules._aim_faults(entry) == [], entry["code"]
        assert entry.get("value") is not None or entry.get("years") or entry.get("words"), entry["code"]


def test_the_direction_of_each_fits_its_target():
    shipped = yaml.safe_load((settings.PACKAGE / "rulebook/indicators.yaml").read_text(encoding="utf-8"))["indicators"]
    better = {one.code: one.better for one in indicators()}
    for entry in shipped:
        if entry.get("comparator"):
            higher = entry["comparator"] in ("ge", "gt")
            assert (better[entry["code"]] is Better.HIGHER) is higher, entry["code"]


def test_a_measurement_is_there_for_every_indicator_place_and_year_and_says_why_where_it_has_no_number(county, actor):
    run = measuring.measure(actor=actor, now=NOW)
    rows = Measurement.records.filter(latest=True)
    assert rows.count() == run.cells == len(indicators()) * 5 * 5
    for row in rows:
        if row.value is None:
            assert reason_words(row.state, row.reason), (row.indicator, row.state)
        else:
            assert row.state == State.MEASURED
    # Nothing was entered and no register holds anything: no number comes from nowhere.
    known = {row.indicator for row in rows if row.value is not None}
    assert known <= {"RS01", "WS41"}, known


def test_every_input_says_where_it_comes_from():
    for one in inputs().values():
        assert str(one.title)
        assert bool(one.source) + bool(one.level) + bool(str(one.giver)) == 1, one.code


def test_dangers_closed_in_time_by_the_deadline_in_force_and_by_the_first_one(county, case, value):
    kind = "danger.rectify"
    case(kind, county.shatou, due=moment(3, 1), closed=moment(2, 20))  # in time
    case(kind, county.grid, due=moment(4, 1), closed=moment(3, 20), original=moment(3, 1))  # only by the extension
    case(kind, county.canglang, due=moment(5, 1), closed=moment(5, 2))  # late
    case(kind, county.danya, due=moment(6, 1))  # never closed
    case(kind, county.danya, due=moment(12, 20))  # its time is not over
    case(kind, county.danya, due=moment(7, 1), state="withdrawn", exercise=False)
    case(kind, county.danya, due=moment(7, 1), exercise=True)
    extended, first = value("WS12", county.county), value("WS12-O", county.county)
    assert extended.inputs == {"dangers_in_time": 2, "dangers_due": 4}
    assert (extended.value, first.value) == (50, 25)
    assert value("WS12", county.canglang).value == pytest.approx(200 / 3)
    assert value("WS12", county.shatou).value == 100
    assert value("WS12", county.danya).value == 0
    assert value("WS12", county.yuntai).state == State.NOTHING
    assert value("WS12", county.county, 2024).reason == {"input": "dangers_in_time", "year": 2026}


def test_of_the_year_in_which_a_register_began_an_entered_number_is_the_better_one(county, case, value, keeper):
    case("danger.rectify", county.shatou, due=moment(12, 1, 2025))
    Case.records.update(opened_at=moment(11, 20, 2025))
    for day in range(1, 5):
        case("danger.rectify", county.shatou, due=moment(3, day))
    assert value("WS11", county.county).value == 300, "one in six weeks is no year to compare with"
    places = (county.canglang, county.danya)
    enter_figures(
        [Cell("dangers", place, 4) for place in places], year=2025, upto=None, source="上年台账", actor=keeper, now=NOW
    )  # fmt: skip
    assert value("WS11", county.county).value == -50


def test_the_rows_behind_a_number_are_those_that_were_counted(county, case, value, client, keeper):
    case("danger.rectify", county.shatou, due=moment(3, 1), closed=moment(2, 20))
    case("danger.rectify", county.danya, due=moment(6, 1))
    counted = value("WS12", county.county).inputs
    signed = sign_in(client, keeper)
    for code, number in counted.items():
        page = signed.get(f"/indicators/rows/{code}/?region=990123&year=2026")
        assert page.context["page"].paginator.count == number, code
    assert signed.get("/indicators/rows/dangers_due/?region=990123102&year=2026").context["page"].paginator.count == 1
    assert signed.get("/indicators/rows/deaths/").status_code == 404
    assert signed.get("/indicators/rows/samples_due/").status_code == 404


def test_reported_dangers_grow_over_a_year_that_was_entered_before_the_register_began(county, case, value, keeper):
    from anlan.kernel.indicators.services.entering import Cell, enter_figures

    for _n in range(3):
        case("danger.rectify", county.shatou, due=moment(3, 1))
    assert value("WS11", county.county).reason == {"input": "dangers", "year": 2026}
    enter_figures([Cell("dangers", county.county, 2)], year=2025, upto=None, source="台账", actor=keeper, now=NOW)
    assert value("WS11", county.county).value == pytest.approx(50)


def test_enterprises_count_as_standardised_until_their_day_and_closed_ones_not_at_all(county, actor, value):
    def enterprise(**more):
        registers.create(
            ENTERPRISES, {"name": f"企业{more}"[:40], "region": "990123101201", **more}, actor=actor, now=NOW
        )  # fmt: skip

    until = NOW.date() + timedelta(days=1)
    enterprise(kind="chemical", standardisation="level-3", standardised_until=until.isoformat())
    enterprise(kind="mine", standardisation="level-2", standardised_until="2026-01-01")
    enterprise(kind="dust")
    enterprise(kind="chemical", state="closed")
    enterprise(kind="light", standardisation="level-3")
    row = value("WS08", county.county)
    assert row.inputs == {"enterprises_standardised": 1, "enterprises_high_risk": 3}
    assert row.value == pytest.approx(100 / 3)
    assert value("WS08", county.county, 2025).state == State.PAST


def test_what_stood_in_a_year_stays_its_value_when_the_next_year_has_come(county, actor, value):
    registers.create(
        ENTERPRISES, {"name": "化工", "region": "990123101201", "kind": "chemical", "standardisation": "level-3",
         "standardised_until": date(2028, 1, 1)},
        actor=actor, now=NOW,
    )  # fmt: skip
    assert value("WS08", county.county).value == 100
    assert value("WS08", county.county, 2026, now=NOW + timedelta(days=90)).value == 100


def test_shelters_count_in_the_year_they_were_put_in_service(county, actor, value):
    for n, day in enumerate(("2025-05-01", "2026-02-01", "2026-03-01", "")):
        values = {"name": f"避难场所{n}", "kind": "short", "usable_m2": 900, "region": "990123102201", "built_on": day}
        registers.create(SHELTERS, values, actor=actor, now=NOW)
    assert Shelter.present.count() == 4
    assert [value("WS40", county.county, year).value for year in (2025, 2026)] == [1, 2]
    assert value("WS40", county.county, 2024).state == State.BEGINS


def test_a_town_has_a_mini_station_wherever_in_it_that_stands(county, actor, value):
    for n in range(2):
        registers.create(
            FIRE_STATIONS, {"name": f"微型站{n}", "kind": "micro", "region": "990123101201"}, actor=actor, now=NOW
        )  # fmt: skip
    assert value("WS61", county.county).inputs == {"towns_with_station": 1, "townships": 2}
    assert [value("WS61", place).value for place in (county.county, county.canglang, county.danya)] == [50, 100, 0]


def test_forest_fire_teams_are_those_of_the_size_asked_for(county, actor, value):
    for n, members in enumerate((49, 50, 100, 101)):
        registers.create(
            TEAMS, {"name": f"森防{n}", "kind": "forest_fire", "rank": "county", "members": members,
            "region": "990123"},
            actor=actor, now=NOW,
        )  # fmt: skip
    assert value("WS46", county.county).value == 2


def test_a_village_has_an_officer_when_the_post_is_held(county, actor, keeper, value):
    office = Department.objects.create(code="yjj", name="应急局", region=county.county)
    post = {"duty": sources.INFORMATION_OFFICER, "name": "灾害信息员", "department": office}
    for slot in (Slot.A, Slot.B):
        Post.objects.create(region=county.shatou, slot=slot, holder=keeper, **post)
    Post.objects.create(region=county.yuntai, slot=Slot.A, **post)
    assert value("WS41", county.county).inputs == {"villages_with_officer": 1, "villages": 2}


def test_installations_of_grades_three_and_four_count_when_they_are_online(county, actor, value):
    firm = registers.create(
        ENTERPRISES, {"name": "化工", "region": "990123101201", "kind": "chemical"}, actor=actor, now=NOW
    )
    for n, (level, online) in enumerate(((3, True), (4, False), (1, True))):
        registers.create(
            MAJOR_HAZARDS,
            {"name": f"罐区{n}", "kind": "storage", "enterprise": firm.code, "region": "990123101201",
             "online": "是" if online else "否"},
            actor=actor, now=NOW,
        )  # fmt: skip
        MajorHazard.records.filter(name=f"罐区{n}").update(level=level, online=online)
    assert value("WS32", county.county).value == 50


def test_supplies_against_norms_are_those_that_the_page_of_norms_shows(county, keeper, value):
    from anlan.apps.resources.queries import norms

    row = value("RS01", county.county)
    judged = [gap for gap in norms.gaps(keeper, "town", NOW) if gap.missing is not None]
    assert row.inputs == {"norms_met": sum(gap.missing <= 0 for gap in judged), "norms_asked": len(judged)}


def test_a_day_of_readings_that_half_came_makes_half_of_the_system_available(county, actor, value):
    from anlan.kernel.sensing.models import Device, Point, PointKind

    device = Device.records.create(code="d", name="d", region=county.shatou, key_hash="")
    point = Point.records.create(
        code="p", name="p", kind=PointKind.choices[0][0], region=county.shatou, device=device, period_s=60
    )
    PointDay.objects.create(point=point, day=date(2026, 11, 20), watched_s=36_000, came=300)
    PointDay.objects.create(point=point, day=date(2026, 11, 21), watched_s=36_000, came=9_000)
    row = value("WS33", county.county)
    assert row.inputs == {"samples_came": 900, "samples_due": 1200}
    assert input_of("samples_due").source.url


def test_alarms_are_counted_as_the_page_of_alarm_quality_counts_them(county, actor, value):
    late, soon = NOW - timedelta(hours=3), NOW + timedelta(hours=1)
    raise_alarm(county.shatou, NOW - timedelta(hours=4), due=late, answered=late - timedelta(minutes=1), by=actor)
    raise_alarm(county.shatou, NOW - timedelta(hours=4), due=late, answered=late + timedelta(minutes=1), by=actor)
    raise_alarm(county.danya, NOW - timedelta(hours=4), due=late)
    raise_alarm(county.danya, NOW - timedelta(minutes=4), due=soon)
    raise_alarm(county.danya, NOW - timedelta(minutes=4), due=late, exercise=True)
    assert value("AL01", county.county).inputs == {"alarms_answered": 1, "alarms_answerable": 3}
    assert value("WS34", county.county).inputs == {"alarms_handled": 2, "alarms": 4}
    assert value("WS34", county.danya).value == 0


def test_rows_without_the_date_by_which_they_count_are_told_and_not_lost(county, actor, value):
    def shelter(day):
        values = {
            "name": f"避难场所{day}",
            "kind": "short",
            "usable_m2": 900,
            "region": "990123102201",
            "built_on": day,
        }
        registers.create(SHELTERS, values, actor=actor, now=NOW)

    shelter("")
    row = value("WS40", county.county)
    assert (row.value, row.state) == (None, State.UNDATED)
    assert reason_words(row.state, row.reason)
    shelter("2026-05-01")
    assert value("WS40", county.county).inputs == {"shelters_built": 1, "?shelters_built": 1}
    assert value("WS40", county.canglang).inputs == {"shelters_built": 0}


def test_a_standardisation_without_an_end_is_not_known_to_be_valid(county, actor, value):
    registers.create(
        ENTERPRISES, {"name": "化工", "region": "990123101201", "kind": "chemical", "standardisation": "level-3"},
        actor=actor, now=NOW,
    )  # fmt: skip
    assert value("WS08", county.county).value == 0


@pytest.mark.parametrize("code", ["WS21", "WS29", "WS39", "WS43", "WS43-R", "WS64"])
def test_the_longest_time_of_a_year_is_not_reached_before_the_year_is_over(code):
    one = indicator(code)

    def at(value):
        forecast = Forecast(value, Rule.LATEST)
        return light(kind=one.kind, value=value, forecast=forecast, comparator="le", target=10, over=False)

    assert (at(5.0), at(40.0)) == (Light.ON_THE_WAY, Light.MISSED)
