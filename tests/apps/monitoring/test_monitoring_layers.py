"""What the map draws of monitoring."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest
from django.utils import timezone
from sensing_world import NOW, Transition, ms, points_of, seconds, sign_in

from anlan.apps.monitoring import queries
from anlan.kernel.layers.declarations import Window, get
from anlan.kernel.sensing import alarms
from anlan.kernel.sensing.models import Alarm
from anlan.kernel.sensing.store import Columns

pytestmark = pytest.mark.django_db


def facts(code, actor, **window):
    answer = get(code).source(actor, Window(now=NOW, **window))
    return [feature["properties"] for feature in answer["features"]]


def test_an_alarm_pulses_until_somebody_answers(raised, officer):
    alarm = raised()
    (one,) = facts("alarms", officer)
    assert (one["id"], one["level"], one["pulse"], one["value"]) == (str(alarm.pk), 3, True, "25.3 %LEL")
    alarms.acknowledge_one(alarm, actor=officer, now=NOW)
    (one,) = facts("alarms", officer)
    assert one["pulse"] is False
    assert get("alarms").count(officer) == 1


def test_S2_layers_show_only_what_lies_in_reach(raised, officer, foreigner, unit):
    alarms.open_case_for(raised(), unit=unit, actor=officer, now=NOW)
    for code in ("alarms", "points", "cases"):
        assert len(facts(code, officer)) == 1, code
        assert facts(code, foreigner) == [], code
        assert get(code).count(foreigner) == 0, code
        assert get(code).search(foreigner, "GT", 10) == [], code


def test_the_window_cuts(raised, officer):
    raised()
    assert facts("alarms", officer, bbox=(104.5, 31.8, 104.7, 32.0))
    assert facts("alarms", officer, bbox=(105.5, 31.8, 105.7, 32.0)) == []


def test_the_past_shows_what_was_on_then(raised, point, version, officer):
    raised()
    later = NOW + timedelta(minutes=20)
    raised(Transition(version.pk, point.pk, ms(later), on=False), now=later)
    assert len(facts("alarms", officer, at=NOW + timedelta(minutes=10))) == 1
    assert facts("alarms", officer, at=NOW - timedelta(minutes=10)) == []
    assert facts("alarms", officer, at=NOW + timedelta(minutes=30)) == []


def test_W2_a_point_without_data_is_silent_and_never_normal(point, officer, readings):
    (one,) = facts("points", officer)
    assert one["silent"] is True
    assert "value" not in one
    columns = Columns(
        np.array([point.pk], np.int32), np.array([ms(NOW)], np.int64), np.array([3.14159]), np.zeros(1, np.uint8)
    )
    readings.put_latest(columns, ms(NOW))
    (one,) = facts("points", officer)
    assert (one["silent"], one["value"], one["t"]) == (False, "3.1 %LEL", ms(NOW))
    answer = get("points").source(officer, Window(now=NOW + timedelta(minutes=2)))
    assert answer["features"][0]["properties"]["silent"] is True


def test_the_card_of_an_alarm_names_rule_clause_and_acts(raised, officer):
    alarm = raised()
    card = get("alarms").card(officer, str(alarm.pk))
    assert card.rule_clause == "GB/T 50493-2019 5.5.2"
    assert [act.key for act in card.acts] == ["a", "e"]
    assert card.acts[0].undo == f"/sensing/alarms/{alarm.pk}/undo/"
    assert card.clock[1] == alarm.due
    assert card.curve_url.startswith(f"/sensing/curve/{alarm.point_id}.json")
    assert card.table[0].note == "25 / 50"


def test_a_card_asked_for_with_nonsense_is_not_there(raised, officer, foreigner):
    alarm = raised()
    for code in ("alarms", "points", "cases"):
        for text in ("", "x", "999999", "1; drop", "٣", "9" * 40):
            assert get(code).card(officer, text) is None, (code, text)
    assert get("alarms").card(foreigner, str(alarm.pk)) is None


def test_the_card_of_a_point_shows_its_neighbours_with_their_limits(entry, clocks, device, town, hands, officer):
    first, second = points_of(device, town, hands, 2)
    card = get("points").card(officer, str(first.pk))
    (line,) = card.table
    assert line.label.startswith(second.code)
    assert line.silent
    assert line.note == "25 / 50"


def test_the_card_of_a_case_says_whose_move_it_is(raised, officer, unit):
    case = alarms.open_case_for(raised(), unit=unit, actor=officer, now=NOW + seconds(60))
    card = get("cases").card(officer, str(case.pk))
    assert unit.name in card.lines
    assert card.chain == case.chain.number


def test_the_cards_draw_as_pages(client, raised, officer, unit):
    alarm = raised()
    sign_in(client, officer)
    page = client.get(f"/layers/alarms/{alarm.pk}/card/")
    assert page.status_code == 200
    assert "GB/T 50493-2019" in page.content.decode()
    assert client.get(f"/layers/points/{alarm.point_id}/card/").status_code == 200
    case = alarms.open_case_for(alarm, unit=unit, actor=officer, now=timezone.now())
    assert case.number in client.get(f"/layers/cases/{case.pk}/card/").content.decode()
    for code in ("alarms", "points", "cases"):
        assert len(client.get(f"/layers/{code}.geojson").json()["features"]) == 1


def test_points_are_found_by_pinyin_initials_and_alarms_by_their_title(raised, officer):
    raised()
    assert get("points").search(officer, "krqt", 5)[0].layer == "points"
    assert get("alarms").search(officer, "可燃", 5)[0].id == str(Alarm.records.get().pk)
    assert get("points").search(officer, "zzzz", 5) == []


def test_many_points_cost_no_more_questions_than_few(
    entry, clocks, device, town, hands, officer, django_assert_max_num_queries
):
    points_of(device, town, hands, 120)
    queries.point_features(officer, Window(now=NOW))
    with django_assert_max_num_queries(5):
        assert len(facts("points", officer)) == 120
