"""The duty desk over HTTP: what an officer sees and does there, and what somebody else may not."""

from __future__ import annotations

import pytest
from django.utils import timezone
from sensing_world import Transition, ms, seconds, sign_in

from anlan.kernel.cases.models import Case
from anlan.kernel.people import services as people
from anlan.kernel.sensing.models import Alarm, AlarmState

pytestmark = pytest.mark.django_db


@pytest.fixture
def alarm(raised) -> Alarm:
    return raised(now=timezone.now() - seconds(30))


def desk(client, officer, path="/duty/", **data):
    return sign_in(client, officer).get(path, data)


def test_an_open_alarm_stands_in_the_inbox_with_its_clock_and_level(client, officer, alarm):
    html = desk(client, officer).content.decode()
    assert alarm.title in html
    assert f'data-due="{ms(alarm.due)}"' in html
    assert "lv yellow" in html


def test_the_chosen_alarm_names_its_rule_and_clause(client, officer, alarm):
    html = desk(client, officer, item=f"alarm:{alarm.pk}").content.decode()
    assert "GB/T 50493-2019 5.5.2" in html


def test_an_empty_desk_says_so(client, officer):
    answer = desk(client, officer)
    assert 'class="state' in answer.content.decode()


def test_an_officer_of_another_town_sees_and_does_nothing(client, foreigner, alarm):
    assert alarm.title not in desk(client, foreigner, item=f"alarm:{alarm.pk}").content.decode()
    assert client.post("/duty/acknowledge/", {"ref": f"alarm:{alarm.pk}"}).status_code == 404
    assert client.post("/duty/close-alarm/", {"ref": f"alarm:{alarm.pk}", "note": "x"}).status_code == 404
    alarm.refresh_from_db()
    assert alarm.state == AlarmState.UNACKNOWLEDGED


def test_S1_somebody_elses_alarm_looks_like_none(client, foreigner, alarm):
    sign_in(client, foreigner)
    theirs = client.post("/duty/acknowledge/", {"ref": f"alarm:{alarm.pk}"})
    nobodys = client.post("/duty/acknowledge/", {"ref": "alarm:999999"})
    assert (theirs.status_code, theirs.content) == (nobodys.status_code, nobodys.content)


def test_the_second_officer_is_told_who_was_first(client, officer, second_officer, alarm):
    sign_in(client, officer).post("/duty/acknowledge/", {"ref": f"alarm:{alarm.pk}"})
    answer = sign_in(client, second_officer).post("/duty/acknowledge/", {"ref": f"alarm:{alarm.pk}"}, follow=True)
    assert officer.name in answer.content.decode()
    alarm.refresh_from_db()
    assert alarm.acknowledged_by == officer


def test_many_are_acknowledged_at_once(client, officer, point, version, raised):
    first = raised(Transition(version.pk, point.pk, ms(timezone.now())), now=timezone.now())
    answer = sign_in(client, officer).post("/duty/acknowledge/", {"ref": [f"alarm:{first.pk}", "alarm:x", "case:1"]})
    assert answer.status_code == 302
    first.refresh_from_db()
    assert first.state == AlarmState.ACKNOWLEDGED


def test_an_acknowledgement_is_taken_back_within_ten_seconds(client, officer, alarm):
    sign_in(client, officer).post("/duty/acknowledge/", {"ref": f"alarm:{alarm.pk}"})
    client.post("/duty/unacknowledge/", {"ref": f"alarm:{alarm.pk}"})
    alarm.refresh_from_db()
    assert alarm.state == AlarmState.UNACKNOWLEDGED


def test_a_case_needs_a_unit(client, officer, alarm, unit):
    sign_in(client, officer)
    client.post("/duty/open-case/", {"ref": f"alarm:{alarm.pk}", "unit": "nobody"})
    assert not Case.records.exists()
    client.post("/duty/open-case/", {"ref": f"alarm:{alarm.pk}", "unit": unit.code, "note": "核实"})
    assert Case.records.get().unit == unit


def test_an_answer_never_leads_out_of_the_product(client, officer, alarm):
    sign_in(client, officer)
    answer = client.post("/duty/acknowledge/", {"ref": f"alarm:{alarm.pk}", "next": "//evil.example/"})
    assert answer["Location"].startswith("/duty/")


def test_an_alarm_that_still_holds_is_not_closed_by_hand(client, officer, alarm):
    sign_in(client, officer).post("/duty/acknowledge/", {"ref": f"alarm:{alarm.pk}"})
    client.post("/duty/close-alarm/", {"ref": f"alarm:{alarm.pk}", "note": "done"})
    alarm.refresh_from_db()
    assert alarm.state == AlarmState.ACKNOWLEDGED


@pytest.mark.parametrize(("path", "most"), [("/duty/", 30), ("/duty/inbox/", 16), ("/work/", 20), ("/chains/", 20)])
def test_the_number_of_queries_of_a_desk_is_fixed(client, officer, alarm, path, most, django_assert_max_num_queries):
    sign_in(client, officer).get(path)  # what a process keeps is read once
    with django_assert_max_num_queries(most):
        assert client.get(path).status_code == 200


def test_nobody_sees_the_desk_without_signing_in(client, db):
    people.system_user("tests")
    assert client.get("/duty/").status_code == 302
