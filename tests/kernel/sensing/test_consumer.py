"""From transitions to alarms."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sensing_world import NOW, Transition, entry_of, ms, points_of, seconds

from anlan.kernel.audit.models import Entry as AuditEntry
from anlan.kernel.clocks.queries import clocks_of
from anlan.kernel.notices.models import Notice
from anlan.kernel.sensing import alarms, bell, consumer, rules
from anlan.kernel.sensing.models import Alarm, AlarmState, AlarmStep, RuleVersion
from anlan.kernel.web.models import Event

pytestmark = pytest.mark.django_db


def test_W1_a_transition_raises_one_alarm_with_its_rule_level_clock_and_trail(raised, point, version, officer):
    alarm = raised()
    assert (alarm.level, alarm.state, alarm.value) == (3, AlarmState.UNACKNOWLEDGED, 25.3)
    assert alarm.rule == version
    assert alarm.raised_at == alarm.seen_at == NOW
    (clock,) = clocks_of(f"alarm:{alarm.pk}")
    assert clock.code == "alarm.answer.3"
    assert alarm.due == clock.due == NOW + timedelta(minutes=10)
    event = Event.objects.get(kind="alarm.raised")
    assert (event.ref, event.verb, event.region_path) == (f"alarm:{alarm.pk}", "alarm.see", point.region.path)
    assert event.data["sound"] is True
    line = AuditEntry.objects.get(verb="alarm.raise")
    assert line.ref == f"alarm:{alarm.pk}"
    assert line.after["level"] == 3
    (notice,) = Notice.objects.filter(ref=f"alarm:{alarm.pk}")
    assert notice.to == officer
    assert notice.sound


def test_W1_the_same_transition_taken_again_changes_nothing(raised, point, version):
    one = Transition(version.pk, point.pk, ms(NOW))
    raised(one)
    before = (Event.objects.count(), AuditEntry.objects.count(), Notice.objects.count())
    assert consumer.take([one, one], NOW + seconds(5)) == 0
    assert Alarm.records.count() == AlarmStep.objects.count() == 1
    assert (Event.objects.count(), AuditEntry.objects.count(), Notice.objects.count()) == before


def test_a_higher_step_raises_the_level_of_the_same_alarm_and_rings_again(raised, point, version):
    raised()
    alarm = raised(Transition(version.pk, point.pk, ms(NOW + seconds(60)), 1, 2, value=50.2), now=NOW + seconds(60))
    assert Alarm.records.count() == 1
    assert (alarm.level, alarm.level_max) == (2, 2)
    assert alarm.due == NOW + seconds(60) + timedelta(minutes=5)
    assert Event.objects.filter(kind="alarm.level").get().data["sound"] is True


def test_a_nearer_answer_clock_is_kept_when_the_level_rises(raised, point, version):
    raised()
    late = NOW + timedelta(minutes=9)
    alarm = raised(Transition(version.pk, point.pk, ms(late), 1, 2), now=late)
    assert alarm.due == NOW + timedelta(minutes=10)


def test_a_level_that_rises_above_what_was_acknowledged_asks_again(raised, point, version, officer):
    alarms.acknowledge_one(raised(), actor=officer, now=NOW + seconds(10))
    alarm = raised(Transition(version.pk, point.pk, ms(NOW + seconds(60)), 1, 2), now=NOW + seconds(60))
    assert alarm.state == AlarmState.UNACKNOWLEDGED
    assert alarm.acknowledged_at is None
    assert alarm.due is not None


def test_a_level_that_falls_makes_no_sound_and_keeps_the_highest(raised, point, version):
    raised(Transition(version.pk, point.pk, ms(NOW)), Transition(version.pk, point.pk, ms(NOW), 1, 2))
    later = NOW + seconds(90)
    alarm = raised(Transition(version.pk, point.pk, ms(later), 1, 2, on=False), now=later)
    assert (alarm.level, alarm.level_max, alarm.cleared_at) == (3, 2, None)
    assert Event.objects.get(kind="alarm.level").data["sound"] is False


def test_two_steps_in_one_portion_ring_once_with_the_higher(raised, point, version, officer):
    alarm = raised(Transition(version.pk, point.pk, ms(NOW)), Transition(version.pk, point.pk, ms(NOW), 1, 2))
    assert alarm.level == 2
    assert Event.objects.filter(kind="alarm.raised").count() == 1
    assert Notice.objects.filter(to=officer).count() == 1
    assert [clock.code for clock in clocks_of(f"alarm:{alarm.pk}")] == ["alarm.answer.2"]


def test_an_alarm_that_clears_before_anybody_looked_still_waits_for_an_answer(raised, point, version):
    raised()
    later = NOW + seconds(120)
    alarm = raised(Transition(version.pk, point.pk, ms(later), on=False), now=later)
    assert (alarm.state, alarm.cleared_at, alarm.closed_at) == (AlarmState.CLEARED, later, None)


def test_an_acknowledged_alarm_closes_when_it_clears(raised, point, version, officer):
    alarms.acknowledge_one(raised(), actor=officer, now=NOW + seconds(10))
    later = NOW + seconds(120)
    alarm = raised(Transition(version.pk, point.pk, ms(later), on=False), now=later)
    assert alarm.state == AlarmState.CLOSED
    assert alarm.closed_by.is_system
    assert Event.objects.filter(kind="alarm.closed", ref=f"alarm:{alarm.pk}").exists()


def test_W4_a_chattering_point_keeps_its_one_alarm(raised, point, version):
    for i in range(20):
        moment = NOW + seconds(60 * i)
        alarm = raised(Transition(version.pk, point.pk, ms(moment), on=i % 2 == 0), now=moment)
    assert Alarm.records.count() == 1
    assert alarm.steps.count() == 20
    assert alarm.state == AlarmState.CLEARED


def test_after_it_was_closed_a_new_exceedance_is_a_new_alarm_even_in_one_portion(raised, point, version, officer):
    alarms.acknowledge_one(raised(), actor=officer, now=NOW)
    later = NOW + seconds(120)
    raised(
        Transition(version.pk, point.pk, ms(later), on=False),
        Transition(version.pk, point.pk, ms(later + seconds(30))),
        now=later + seconds(30),
    )
    assert [alarm.state for alarm in Alarm.records.order_by("id")] == [AlarmState.CLOSED, AlarmState.UNACKNOWLEDGED]


def test_W1_a_late_reading_makes_a_retrospective_alarm_without_siren_or_clock(raised, point, version, officer):
    alarm = raised(Transition(version.pk, point.pk, ms(NOW - timedelta(hours=2)), lane="retro"))
    assert alarm.retrospective
    assert alarm.due is None
    assert clocks_of(f"alarm:{alarm.pk}") == []
    assert not Notice.objects.exists()
    assert Event.objects.get(kind="alarm.retrospective").data["sound"] is False


def test_a_retrospective_alarm_stands_beside_an_open_one(raised, point, version):
    raised()
    raised(Transition(version.pk, point.pk, ms(NOW - timedelta(hours=2)), lane="retro"))
    assert sorted(Alarm.records.values_list("retrospective", flat=True)) == [False, True]


def test_a_backfill_makes_retrospective_alarms_only(point, officer):
    old = RuleVersion.objects.get(lane="backfill")
    consumer.take([Transition(old.pk, point.pk, ms(NOW - timedelta(days=9)), lane="retro")], NOW)
    alarm = Alarm.records.get()
    assert alarm.retrospective
    assert not Notice.objects.exists()


def test_a_backfill_does_not_raise_again_what_was_known_live(raised, point, version):
    raised()
    old = RuleVersion.objects.get(lane="backfill")
    consumer.take([Transition(old.pk, point.pk, ms(NOW + seconds(5)), lane="retro")], NOW + timedelta(hours=1))
    assert Alarm.records.count() == 1


def test_a_rule_judges_nothing_from_before_it_was_valid(raised, point, version, entry):
    before = entry.valid_from - timedelta(days=1)
    raised(Transition(version.pk, point.pk, ms(before), lane="retro"))
    assert not Alarm.records.exists()


def test_a_new_version_of_the_points_joins_the_open_alarm_and_clears_it_only_together(raised, point, version):
    raised()
    second = RuleVersion.objects.create(
        entry=version.entry, condition=version.condition, from_at=NOW, points=[point.pk]
    )
    raised(Transition(second.pk, point.pk, ms(NOW + seconds(30))))
    alarm = raised(Transition(version.pk, point.pk, ms(NOW + seconds(60)), on=False))
    assert Alarm.records.count() == 1
    assert alarm.cleared_at is None
    alarm = raised(Transition(second.pk, point.pk, ms(NOW + seconds(90)), on=False))
    assert alarm.cleared_at == NOW + seconds(90)


def test_an_alarm_closed_by_a_person_still_learns_when_it_cleared(raised, point, version, officer):
    alarm = raised()
    RuleVersion.objects.filter(pk=version.pk).update(to_at=NOW)
    alarms.close(alarm, actor=officer, now=NOW + seconds(60), note="规则已改")
    later = NOW + seconds(120)
    consumer.take([Transition(version.pk, point.pk, ms(later), on=False)], later)
    alarm.refresh_from_db()
    assert (alarm.state, alarm.cleared_at) == (AlarmState.CLOSED, later)


def test_a_transition_of_an_unknown_rule_or_point_is_passed_over(point, version):
    found = [Transition(987_654, point.pk, ms(NOW)), Transition(version.pk, 987_654, ms(NOW))]
    consumer.take(found, NOW)
    assert not Alarm.records.exists()


def test_an_alarm_without_an_answer_clock_in_the_rulebook_is_raised_all_the_same(raised, monkeypatch):
    from anlan.kernel.rulebook.queries import NoRule

    def nothing(*args, **kwargs):
        raise NoRule("clock", "alarm.answer.3", NOW)

    monkeypatch.setattr(consumer.clocks, "start", nothing)
    alarm = raised()
    assert alarm.due is None
    assert alarm.state == AlarmState.UNACKNOWLEDGED


def test_W4_a_flood_reaches_each_person_with_at_most_ten_notices_and_lists_every_alarm(
    entry, clocks, device, town, hands, officer, second_officer
):
    points = points_of(device, town, hands, 160)
    version = RuleVersion.objects.get(lane="live")
    found = [Transition(version.pk, point.pk, ms(NOW)) for point in points]
    found[159] = Transition(version.pk, points[159].pk, ms(NOW), 1, 1)
    consumer.take(found, NOW)
    assert Alarm.records.filter(closed_at=None).count() == 160
    for person in (officer, second_officer):
        assert Notice.objects.filter(to=person).count() == bell.MOST
    consumer.take([Transition(version.pk, points[0].pk, ms(NOW + seconds(30)), 1, 2)], NOW + timedelta(minutes=9))
    assert Notice.objects.filter(to=officer).count() == bell.MOST
    consumer.take([Transition(version.pk, points[1].pk, ms(NOW + seconds(30)), 1, 2)], NOW + timedelta(minutes=11))
    assert Notice.objects.filter(to=officer).count() == bell.MOST + 1


def test_only_people_whose_right_covers_the_place_hear_it(raised, officer, foreigner):
    raised()
    assert {notice.to for notice in Notice.objects.all()} == {officer}


def test_a_silence_alarm_has_no_value_and_says_so(device, town, hands, clocks, officer):
    entry_of("T-SIL-01", condition={"type": "silence", "after_periods": 3, "severity": 4}, title_zh="测点失联")
    (point,) = points_of(device, town, hands, 1, period_s=60)
    version = RuleVersion.objects.get()
    assert version.condition["after_s"] == 180
    consumer.take([Transition(version.pk, point.pk, ms(NOW), severity=4, value=None)], NOW)
    alarm = Alarm.records.get()
    assert (alarm.condition, alarm.value, alarm.level) == ("silence", None, 4)
    assert alarm.title.endswith("测点失联")
    rules.sync(NOW)
    assert RuleVersion.objects.count() == 1


def test_an_alarm_that_came_again_lower_rings_when_it_reaches_its_old_level(raised, point, version, officer):
    def step(s, n, severity, on=True):
        moment = NOW + seconds(s)
        return raised(Transition(version.pk, point.pk, ms(moment), n, severity, on=on), now=moment)

    step(0, 0, 3)
    step(1, 1, 2)
    step(60, 1, 2, on=False)
    step(61, 0, 3, on=False)
    again = step(120, 0, 3)
    assert (again.level, again.level_max) == (3, 2)
    alarms.acknowledge_one(again, actor=officer, now=NOW + seconds(130))
    Event.objects.all().delete()
    risen = step(180, 1, 2)
    assert risen.state == AlarmState.UNACKNOWLEDGED
    assert Event.objects.get(kind="alarm.level").data["sound"] is True
