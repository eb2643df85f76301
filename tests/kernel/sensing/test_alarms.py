"""What people do to alarms."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sensing_world import NOW, Transition, ms, points_of, seconds

from anlan.kernel.audit.models import Entry as AuditEntry
from anlan.kernel.clocks.queries import clocks_of
from anlan.kernel.people.rights import NotAllowed
from anlan.kernel.sensing import alarms, consumer
from anlan.kernel.sensing.models import Alarm, AlarmState, RuleVersion
from anlan.kernel.web.models import Event

pytestmark = pytest.mark.django_db


def running(alarm: Alarm) -> list[str]:
    return [clock.code for clock in clocks_of(f"alarm:{alarm.pk}", running=True)]


def test_the_first_to_acknowledge_wins_and_the_second_is_told_who_and_when(raised, officer, second_officer):
    alarm = raised()
    same_page_elsewhere = Alarm.records.get(pk=alarm.pk)
    alarms.acknowledge_one(alarm, actor=officer, now=NOW + seconds(40))
    with pytest.raises(alarms.AlreadyDone) as caught:
        alarms.acknowledge_one(same_page_elsewhere, actor=second_officer, now=NOW + seconds(41))
    assert caught.value.who == officer
    assert caught.value.when == NOW + seconds(40)
    assert "顾怀远" in str(caught.value)
    assert "11:25:40" in str(caught.value)  # the bureau's zone
    assert AuditEntry.objects.filter(verb="alarm.acknowledge").count() == 1


def test_an_acknowledgement_stops_the_answer_clock(raised, officer):
    alarm = raised()
    assert running(alarm) == ["alarm.answer.3"]
    done = alarms.acknowledge_one(alarm, actor=officer, now=NOW + seconds(40))
    assert running(alarm) == []
    assert (done.state, done.due, done.acknowledged_by) == (AlarmState.ACKNOWLEDGED, None, officer)
    assert Event.objects.filter(kind="alarm.acknowledged", ref=f"alarm:{alarm.pk}").count() == 1


def test_acknowledging_several_tells_apart_what_was_done_before(
    entry, clocks, device, town, hands, officer, second_officer
):
    points = points_of(device, town, hands, 3)
    version = RuleVersion.objects.get(lane="live")
    consumer.take([Transition(version.pk, point.pk, ms(NOW)) for point in points], NOW)
    first, *others = Alarm.records.order_by("id")
    alarms.acknowledge_one(first, actor=second_officer, now=NOW + seconds(5))
    done, before = alarms.acknowledge([first, *others], actor=officer, now=NOW + seconds(9))
    assert {alarm.pk for alarm in done} == {alarm.pk for alarm in others}
    assert [(alarm.pk, alarm.acknowledged_by) for alarm in before] == [(first.pk, second_officer)]


def test_S2_nobody_acknowledges_outside_their_own_region(raised, foreigner):
    alarm = raised()
    with pytest.raises(NotAllowed):
        alarms.acknowledge([alarm], actor=foreigner, now=NOW)
    alarm.refresh_from_db()
    assert alarm.state == AlarmState.UNACKNOWLEDGED


def test_an_acknowledgement_can_be_taken_back_for_ten_seconds(raised, officer):
    alarm = raised()
    due = alarm.due
    alarms.acknowledge_one(alarm, actor=officer, now=NOW + seconds(40))
    back = alarms.undo_acknowledge(alarm, actor=officer, now=NOW + seconds(50))
    assert (back.state, back.due, back.acknowledged_by) == (AlarmState.UNACKNOWLEDGED, due, None)
    assert running(alarm) == ["alarm.answer.3"]
    alarms.acknowledge_one(alarm, actor=officer, now=NOW + seconds(60))
    with pytest.raises(alarms.NotNow, match="10"):
        alarms.undo_acknowledge(alarm, actor=officer, now=NOW + seconds(71))


def test_nobody_takes_back_what_another_acknowledged(raised, officer, second_officer):
    alarm = raised()
    alarms.acknowledge_one(alarm, actor=officer, now=NOW)
    with pytest.raises(alarms.NotNow):
        alarms.undo_acknowledge(alarm, actor=second_officer, now=NOW + seconds(1))


def test_taking_back_an_alarm_that_cleared_meanwhile_leaves_it_cleared(raised, point, version, officer):
    alarm = raised()
    alarms.acknowledge_one(alarm, actor=officer, now=NOW + seconds(1))
    raised(Transition(version.pk, point.pk, ms(NOW + seconds(3)), on=False), now=NOW + seconds(3))
    back = alarms.undo_acknowledge(alarm, actor=officer, now=NOW + seconds(5))
    assert (back.state, back.closed_at) == (AlarmState.CLEARED, None)


def test_acknowledging_what_had_cleared_closes_it(raised, point, version, officer):
    raised()
    alarm = raised(Transition(version.pk, point.pk, ms(NOW + seconds(99)), on=False), now=NOW + seconds(99))
    done = alarms.acknowledge_one(alarm, actor=officer, now=NOW + seconds(120))
    assert (done.state, done.closed_by) == (AlarmState.CLOSED, officer)


def test_an_alarm_that_still_holds_cannot_be_closed(raised, officer):
    alarm = raised()
    with pytest.raises(alarms.NotNow, match=r"."):
        alarms.close(alarm, actor=officer, now=NOW, note="误报")
    alarm.refresh_from_db()
    assert alarm.closed_at is None


def test_a_rule_that_ended_lets_a_person_close_its_alarm_but_not_without_a_reason(raised, version, officer):
    alarm = raised()
    RuleVersion.objects.filter(pk=version.pk).update(to_at=NOW)
    with pytest.raises(alarms.NotNow):
        alarms.close(alarm, actor=officer, now=NOW, note="  ")
    done = alarms.close(alarm, actor=officer, now=NOW, note="规则已改")
    assert (done.state, done.close_note, running(alarm)) == (AlarmState.CLOSED, "规则已改", [])
    with pytest.raises(alarms.AlreadyDone):
        alarms.close(alarm, actor=officer, now=NOW, note="再关")


def test_a_late_discovery_is_closed_with_a_reason(raised, point, version, officer):
    alarm = raised(Transition(version.pk, point.pk, ms(NOW - timedelta(hours=2)), lane="retro"))
    assert alarms.close(alarm, actor=officer, now=NOW, note="已核实").state == AlarmState.CLOSED


def test_S5_every_act_leaves_before_and_after(raised, officer):
    alarms.acknowledge_one(raised(), actor=officer, now=NOW)
    line = AuditEntry.objects.get(verb="alarm.acknowledge")
    assert line.before == {"state": "unacknowledged"}
    assert line.after["state"] == "acknowledged"
    assert line.actor_name


def test_an_alarm_opens_one_case_and_with_it_the_chain(raised, officer, unit):
    alarm = raised()
    assert alarm.chain is None
    case = alarms.open_case_for(alarm, unit=unit, actor=officer, now=NOW + seconds(60), note="核实处置")
    alarm.refresh_from_db()
    assert (alarm.case, alarm.chain, alarm.state) == (case, case.chain, AlarmState.ACKNOWLEDGED)
    assert running(alarm) == []
    assert case.chain.number.startswith("AL-")
    effects = list(case.chain.links.values_list("cause", "effect"))
    assert ("", f"alarm:{alarm.pk}") in effects
    assert (f"alarm:{alarm.pk}", f"case:{case.pk}") in effects
    assert (case.unit, case.level, case.region) == (unit, 3, alarm.region)
    with pytest.raises(alarms.AlreadyDone):
        alarms.open_case_for(alarm, unit=unit, actor=officer, now=NOW + seconds(61))


def test_several_alarms_become_one_case_named_after_the_most_severe(entry, clocks, device, town, hands, officer, unit):
    points = points_of(device, town, hands, 2)
    version = RuleVersion.objects.get(lane="live")
    mild, severe = (point.pk for point in points)
    consumer.take([Transition(version.pk, mild, ms(NOW)), Transition(version.pk, severe, ms(NOW), 1, 2)], NOW)
    case = alarms.open_case_for(list(Alarm.records.all()), unit=unit, actor=officer, now=NOW + seconds(9))
    assert case.level == 2
    assert Alarm.records.filter(case=case, chain=case.chain).count() == 2


def test_the_next_alarm_of_the_site_joins_the_open_chain_and_still_asks_for_an_answer(
    entry, clocks, device, town, hands, officer, unit
):
    first, second = points_of(device, town, hands, 2)
    version = RuleVersion.objects.get(lane="live")
    consumer.take([Transition(version.pk, first.pk, ms(NOW))], NOW)
    case = alarms.open_case_for(Alarm.records.get(), unit=unit, actor=officer, now=NOW + seconds(20))
    consumer.take([Transition(version.pk, second.pk, ms(NOW + seconds(30)))], NOW + seconds(30))
    alarm = Alarm.records.get(point=second)
    assert (alarm.chain, alarm.case, alarm.state) == (case.chain, None, AlarmState.UNACKNOWLEDGED)


def test_nobody_opens_a_case_without_the_right(raised, foreigner, unit):
    with pytest.raises(NotAllowed):
        alarms.open_case_for(raised(), unit=unit, actor=foreigner, now=NOW)


def test_an_alarm_with_a_running_case_rings_but_is_not_asked_again(raised, point, version, officer, unit):
    alarms.open_case_for(raised(), unit=unit, actor=officer, now=NOW + seconds(20))
    alarm = raised(Transition(version.pk, point.pk, ms(NOW + seconds(60)), 1, 2), now=NOW + seconds(60))
    assert (alarm.state, alarm.level, alarm.due) == (AlarmState.ACKNOWLEDGED, 2, None)
    assert Event.objects.get(kind="alarm.level").data["sound"] is True
    alarm.chain.refresh_from_db()
    assert alarm.chain.level == 2
