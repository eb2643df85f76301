"""Consequences under their first alarm, chattering points, and a flood in which nothing is lost."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sensing_world import NOW, Transition, entry_of, ms, points_of, seconds

from anlan.kernel.notices.models import Notice
from anlan.kernel.sensing import alarm_life, alarms, bell, chattering, consumer, groups
from anlan.kernel.sensing.models import Alarm, AlarmState, Point, RuleVersion
from anlan.kernel.web.models import Event

pytestmark = pytest.mark.django_db


@pytest.fixture
def many(entry, clocks, device, town, hands):
    """Four points of one site under one rule, and the rule version."""
    points = points_of(device, town, hands, 4)
    return points, RuleVersion.objects.get(lane="live")


def rise(version, point, at, *, on=True, known=None, **more):
    consumer.take([Transition(version.pk, point.pk, ms(at), on=on, **more)], known or at)
    return Alarm.records.filter(point=point).order_by("-id").first()


def test_what_follows_at_the_site_within_the_time_stands_under_the_first(many):
    (a, b, c, d), version = many
    first = rise(version, a, NOW)
    second = rise(version, b, NOW + seconds(100))
    third = rise(version, c, NOW + seconds(300))
    later = rise(version, d, NOW + seconds(301))
    assert (first.first, second.first, third.first, later.first) == (None, first, first, None)


def test_the_first_up_is_the_earliest_event_also_when_it_is_learnt_last(many):
    (a, b, c, _d), version = many
    learnt_first = rise(version, a, NOW + seconds(60))
    follower = rise(version, b, NOW + seconds(90))
    assert follower.first == learnt_first
    earliest = rise(version, c, NOW, known=NOW + seconds(120))
    assert earliest.first is None
    assert set(Alarm.records.filter(first=earliest).values_list("pk", flat=True)) == {learnt_first.pk, follower.pk}


def test_the_first_up_of_one_portion_does_not_depend_on_its_order(many):
    points, version = many
    found = [Transition(version.pk, point.pk, ms(NOW + seconds(30 - 10 * i))) for i, point in enumerate(points[:3])]
    consumer.take(found, NOW + seconds(40))
    assert Alarm.records.get(first=None).point == points[2]


def test_two_firsts_that_stand_too_far_apart_stay_two(many):
    (a, b, c, _d), version = many
    early, late = rise(version, a, NOW), rise(version, b, NOW + seconds(400))
    between = rise(version, c, NOW + seconds(200))
    assert between.first == early
    late.refresh_from_db()
    assert late.first is None


def test_another_site_is_no_consequence_and_without_a_site_the_device_counts(many):
    (a, b, c, _d), version = many
    Point.records.filter(pk=b.pk).update(site_ref="site:10")
    Point.records.filter(pk=c.pk).update(site_ref="")
    first = rise(version, a, NOW)
    assert rise(version, b, NOW + seconds(5)).first is None
    assert rise(version, c, NOW + seconds(9)).first == first


def test_members_of_a_rule_over_several_points_belong_together_across_sites(entry, clocks, device, town, hands):
    a, b = points_of(device, town, hands, 2)
    Point.records.filter(pk=b.pk).update(site_ref="site:10")
    version = RuleVersion.objects.get(lane="live")
    vote = {"type": "vote", "members": [a.code, b.code], "rungs": [{"count": 2, "of": 3, "severity": 2}]}
    RuleVersion.objects.create(entry=version.entry, condition=vote, from_at=NOW, points=[999_999])
    first = rise(version, a, NOW)
    assert rise(version, b, NOW + seconds(5)).first == first


def test_a_late_discovery_and_a_closed_first_gather_nothing(many, officer):
    (a, b, c, _d), version = many
    late = rise(version, a, NOW - timedelta(hours=2), known=NOW, lane="retro")
    assert rise(version, b, NOW - timedelta(hours=2), known=NOW).first is None
    assert late.first is None
    first = rise(version, c, NOW)
    Alarm.records.filter(pk=first.pk).update(state=AlarmState.CLOSED, closed_at=NOW)
    assert rise(version, a, NOW + seconds(5)).first is None


def test_without_a_rule_nothing_is_grouped(many, monkeypatch):
    (a, b, *_more), version = many
    monkeypatch.setattr(alarm_life.rulebook, "entries", lambda *_of: [])
    rise(version, a, NOW)
    assert rise(version, b, NOW + seconds(5)).first is None


def test_folding_keeps_every_row_once_and_a_lost_first_hands_the_head_on(many):
    points, version = many
    rows = [rise(version, point, NOW + seconds(10 * i)) for i, point in enumerate(points)]
    rows = list(Alarm.records.order_by("-id"))
    ((head, under),) = groups.fold(rows)
    assert head.point == points[0]
    assert {head, *under} == set(rows)
    ((head, under),) = groups.fold([row for row in rows if row.point != points[0]])
    assert (head.point, len(under)) == (points[1], 2)


def test_one_of_a_group_is_answered_alone(many, officer):
    (a, b, *_more), version = many
    first, second = rise(version, a, NOW), rise(version, b, NOW + seconds(5))
    alarms.acknowledge_one(first, actor=officer, now=NOW + seconds(9))
    second.refresh_from_db()
    assert (second.state, second.first) == (AlarmState.UNACKNOWLEDGED, first)


# --- chattering -----------------------------------------------------------------------------------------------------


def test_w4_a_chattering_point_keeps_one_alarm_is_marked_with_its_count_and_rings_once(raised, point, version, officer):
    for i in range(20):
        moment = NOW + seconds(30 * i)
        alarm = raised(Transition(version.pk, point.pk, ms(moment), on=i % 2 == 0), now=moment)
    assert Alarm.records.count() == 1
    assert (alarm.raises, alarm.chattering_since) == (10, NOW + seconds(120))
    assert sum(event.data.get("sound", False) for event in Event.objects.all()) == 1
    assert Notice.objects.filter(to=officer).count() == 1


def test_two_raises_are_no_chattering_and_a_slow_return_rings_again(raised, point, version, officer):
    raised()
    raised(Transition(version.pk, point.pk, ms(NOW + seconds(60)), on=False), now=NOW + seconds(60))
    later = NOW + timedelta(minutes=20)
    alarm = raised(Transition(version.pk, point.pk, ms(later)), now=later)
    assert (alarm.raises, alarm.chattering_since) == (2, None)
    assert sum(event.data.get("sound", False) for event in Event.objects.all()) == 2


def chatter(raised, point, version, officer, *, answered_at=2):
    """Six raises in five minutes; the officer answers after the raise with the number `answered_at`."""
    alarm = None
    for i in range(12):
        moment = NOW + seconds(25 * i)
        alarm = raised(Transition(version.pk, point.pk, ms(moment), on=i % 2 == 0), now=moment)
        if i == 2 * answered_at:
            alarms.acknowledge_one(alarm, actor=officer, now=moment + seconds(5))
    return alarm


def test_the_answer_to_a_chattering_alarm_holds_until_it_is_quiet(raised, point, version, officer):
    alarm = chatter(raised, point, version, officer)
    assert Alarm.records.count() == 1
    assert (alarm.state, alarm.acknowledged_by) == (AlarmState.ACKNOWLEDGED, officer)
    last = NOW + seconds(25 * 10)
    assert chattering.settle(last + timedelta(minutes=10)) == 0
    assert chattering.settle(last + timedelta(minutes=10, seconds=1)) == 1
    alarm.refresh_from_db()
    assert (alarm.state, alarm.closed_by.is_system) == (AlarmState.CLOSED, True)
    assert Event.objects.filter(kind="alarm.closed").count() == 1


def test_an_answer_while_it_is_off_does_not_let_the_next_raise_ring(raised, point, version, officer):
    for i in range(6):
        moment = NOW + seconds(25 * i)
        alarm = raised(Transition(version.pk, point.pk, ms(moment), on=i % 2 == 0), now=moment)
    assert alarm.state == AlarmState.CLEARED
    alarms.acknowledge_one(alarm, actor=officer, now=NOW + seconds(130))
    Event.objects.all().delete()
    alarm = raised(Transition(version.pk, point.pk, ms(NOW + seconds(150))), now=NOW + seconds(150))
    assert (Alarm.records.count(), alarm.state) == (1, AlarmState.ACKNOWLEDGED)
    assert Event.objects.get().data["sound"] is False


def test_a_chattering_alarm_that_becomes_more_severe_rings_and_asks_again(raised, point, version, officer):
    chatter(raised, point, version, officer)
    Event.objects.all().delete()
    moment = NOW + seconds(320)
    alarm = raised(Transition(version.pk, point.pk, ms(moment), 1, 2), now=moment)
    assert (alarm.state, alarm.level) == (AlarmState.UNACKNOWLEDGED, 2)
    assert Event.objects.get().data["sound"] is True


def test_the_count_goes_over_to_the_next_alarm_of_the_point(raised, point, version, officer):
    alarms.acknowledge_one(raised(), actor=officer, now=NOW + seconds(1))
    raised(Transition(version.pk, point.pk, ms(NOW + seconds(20)), on=False), now=NOW + seconds(20))
    for i, s in enumerate((40, 60, 80)):
        alarm = raised(Transition(version.pk, point.pk, ms(NOW + seconds(s)), on=i % 2 == 0), now=NOW + seconds(s))
    assert Alarm.records.count() == 2
    assert alarm.chattering_since == NOW + seconds(80)


# --- flood ----------------------------------------------------------------------------------------------------------


def test_w4_160_of_200_points_at_once_ten_notices_each_and_every_alarm_listed_under_few_heads(
    entry, clocks, device, town, hands, officer, second_officer
):
    points = points_of(device, town, hands, 200)
    version = RuleVersion.objects.get(lane="live")
    consumer.take([Transition(version.pk, p.pk, ms(NOW + seconds(i % 60))) for i, p in enumerate(points[:160])], NOW)
    rows = list(Alarm.records.filter(closed_at=None))
    assert {alarm.point_id for alarm in rows} == {point.pk for point in points[:160]}
    ((head, under),) = groups.fold(rows)
    assert (head.raised_at, len(under)) == (NOW, 159)
    for one in (officer, second_officer):
        assert Notice.objects.filter(to=one).count() <= bell.MOST
        # The cause is told before what followed it.
        assert Notice.objects.filter(to=one).order_by("id").first().ref == f"alarm:{head.pk}"


def test_an_alarm_without_a_reading_is_told_in_the_words_of_its_rule(device, town, hands, clocks, officer):
    entry_of("T-SIL-02", condition={"type": "silence", "after_periods": 3, "severity": 4})
    (point,) = points_of(device, town, hands, 1, period_s=60)
    version = RuleVersion.objects.get()
    consumer.take([Transition(version.pk, point.pk, ms(NOW), severity=4, value=None)], NOW)
    assert "3" in Notice.objects.get(to=officer).body
