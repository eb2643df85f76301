"""Shelving: who may silence an alarm, for how long, and that it always ends."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.utils import translation
from sensing_world import NOW, Transition, ms, person, seconds

from anlan.kernel.audit.models import Entry as AuditEntry
from anlan.kernel.clocks.models import Clock
from anlan.kernel.clocks.services import scan
from anlan.kernel.jobs import ticks
from anlan.kernel.notices.models import Notice
from anlan.kernel.people.rights import NotAllowed
from anlan.kernel.sensing import alarm_life, alarms, shelving, steps
from anlan.kernel.sensing.models import Alarm, AlarmState, Shelving, ShelvingEnd, ShelvingState
from anlan.kernel.web.models import Event

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)
SOON = NOW + timedelta(minutes=1)
THEN = NOW + HOUR


@pytest.fixture
def yellow(raised) -> Alarm:
    return raised()


@pytest.fixture
def orange(raised, point, version) -> Alarm:
    return raised(Transition(version.pk, point.pk, ms(NOW), 1, 2))


def shelved(alarm, officer, *, now=SOON, until=THEN):
    held = shelving.shelve(alarm, until=until, reason="探头已报修", actor=officer, now=now)
    alarm.refresh_from_db()
    return held


def sounds() -> list[bool]:
    return [event.data["sound"] for event in Event.objects.order_by("id") if "sound" in event.data]


def test_a_shelved_alarm_stays_listed_and_its_answer_clock_stands_still(yellow, officer):
    due = yellow.due
    held = shelved(yellow, officer)
    assert (held.state, held.began_at) == (ShelvingState.SHELVED, NOW + seconds(60))
    assert (yellow.state, yellow.closed_at) == (AlarmState.UNACKNOWLEDGED, None)
    assert (yellow.shelved_until, yellow.due) == (NOW + HOUR, None)
    clock = Clock.objects.get(ref=f"alarm:{yellow.pk}")
    assert clock.paused_at == NOW + seconds(60)
    assert scan(due + HOUR) == 0  # no rung of its ladder is spoken meanwhile
    event = Event.objects.get(kind="alarm.shelved")
    assert (event.ref, event.verb, event.data["shelved"]) == (f"alarm:{yellow.pk}", "alarm.see", True)
    line = AuditEntry.objects.get(verb="alarm.shelve")
    assert (line.actor_id, line.note, line.after["until"]) == (officer.pk, "探头已报修", (NOW + HOUR).isoformat())


def test_w5_shelving_needs_a_reason_an_end_ahead_and_at_most_a_day(yellow, officer):
    for until, reason, words in (
        (NOW + HOUR, "   ", "."),
        (NOW - HOUR, "已报修", "."),
        (NOW, "已报修", "."),
        (NOW + timedelta(hours=24, seconds=1), "已报修", "24|1 "),
    ):
        with pytest.raises(alarms.NotNow, match=words):
            shelving.shelve(yellow, until=until, reason=reason, actor=officer, now=NOW)
    assert not Shelving.objects.exists()
    assert shelved(yellow, officer, now=NOW, until=NOW + timedelta(hours=24)).state == ShelvingState.SHELVED


def test_w5_a_bureau_cannot_write_a_longer_day_nor_drop_the_second_person():
    rule = {"longest_s": 86_400, "second_person_levels": [1, 2], "confirm_within_s": 900}
    assert alarm_life.faults_of(rule) == []
    assert alarm_life.faults_of({**rule, "longest_s": 86_401})
    assert alarm_life.faults_of({**rule, "second_person_levels": [1]})
    assert alarm_life.faults_of({**rule, "longest_s": True})


def test_w5_an_orange_alarm_is_silent_only_when_a_second_person_confirms(orange, officer, second_officer):
    held = shelved(orange, officer)
    assert (held.state, orange.shelved_until) == (ShelvingState.ASKED, None)
    assert Clock.objects.get(ref=f"alarm:{orange.pk}").paused_at is None
    asked = Notice.objects.filter(to=second_officer).order_by("-id").first()
    assert officer.name in asked.body
    with pytest.raises(alarms.NotNow):
        shelving.confirm(held, actor=officer, now=NOW + seconds(90))
    done = shelving.confirm(held, actor=second_officer, now=NOW + seconds(90))
    orange.refresh_from_db()
    assert (done.state, done.confirmed_by, orange.shelved_until) == (
        ShelvingState.SHELVED,
        second_officer,
        NOW + HOUR,
    )
    assert AuditEntry.objects.get(verb="alarm.shelve").actor_id == second_officer.pk
    assert AuditEntry.objects.get(verb="alarm.shelve_ask").actor_id == officer.pk


def test_w5_a_request_that_nobody_confirmed_lapses(orange, officer, second_officer):
    held = shelved(orange, officer)
    assert shelving.keep(held.expires_at - seconds(1)) == 0
    assert shelving.keep(held.expires_at) == 1
    held.refresh_from_db()
    assert held.state == ShelvingState.LAPSED
    with pytest.raises(alarms.NotNow):
        shelving.confirm(held, actor=second_officer, now=held.expires_at + seconds(1))
    assert shelved(orange, officer, now=held.expires_at + seconds(2)).state == ShelvingState.ASKED


def test_a_late_confirmation_is_refused_before_the_jobs_process_looked(orange, officer, second_officer):
    held = shelved(orange, officer)
    with pytest.raises(alarms.NotNow):
        shelving.confirm(held, actor=second_officer, now=held.expires_at)


def test_a_request_can_be_refused_and_the_right_is_checked(orange, officer, second_officer, foreigner):
    with pytest.raises(NotAllowed):
        shelving.shelve(orange, until=NOW + HOUR, reason="已报修", actor=foreigner, now=NOW)
    held = shelved(orange, officer)
    with pytest.raises(NotAllowed):
        shelving.confirm(held, actor=foreigner, now=NOW + seconds(70))
    assert shelving.refuse(held, actor=second_officer, now=NOW + seconds(70)).state == ShelvingState.REFUSED
    with pytest.raises(alarms.NotNow):
        shelving.confirm(held, actor=second_officer, now=NOW + seconds(80))


def test_a_second_request_is_told_of_the_first(yellow, officer, second_officer):
    shelved(yellow, officer)
    with pytest.raises(alarms.NotNow, match="顾怀远"):
        shelving.shelve(yellow, until=NOW + HOUR, reason="再来", actor=second_officer, now=NOW + seconds(61))


def test_a_shelved_alarm_that_clears_and_comes_again_makes_no_sound_and_no_notice(
    yellow, raised, point, version, officer
):
    shelved(yellow, officer)
    told = Notice.objects.count()
    Event.objects.all().delete()
    for i in range(6):
        at = NOW + timedelta(minutes=20 + 5 * i)
        raised(Transition(version.pk, point.pk, ms(at), on=i % 2 == 1), now=at)
    assert Alarm.records.count() == 1
    assert not any(sounds())
    assert Notice.objects.count() == told
    assert Alarm.records.get().due is None


def test_an_answered_shelved_alarm_stays_one_row_and_is_closed_at_the_end_when_it_has_cleared(
    yellow, raised, point, version, officer
):
    shelved(yellow, officer)
    alarms.acknowledge_one(yellow, actor=officer, now=NOW + seconds(90))
    later = NOW + timedelta(minutes=20)
    alarm = raised(Transition(version.pk, point.pk, ms(later), on=False), now=later)
    assert (alarm.state, alarm.closed_at, alarm.shelved_until) == (AlarmState.ACKNOWLEDGED, None, NOW + HOUR)
    assert shelving.keep(NOW + HOUR) == 1
    alarm.refresh_from_db()
    assert (alarm.state, alarm.closed_at) == (AlarmState.CLOSED, NOW + HOUR)
    assert alarm.closed_by.is_system


def test_a_level_above_the_shelved_one_ends_it_and_rings(yellow, raised, point, version, officer):
    held = shelved(yellow, officer)
    Event.objects.all().delete()
    at = NOW + seconds(120)
    alarm = raised(Transition(version.pk, point.pk, ms(at), 1, 2), now=at)
    held.refresh_from_db()
    assert (held.state, held.end) == (ShelvingState.ENDED, ShelvingEnd.LEVEL)
    assert (alarm.shelved_until, alarm.level) == (None, 2)
    assert alarm.due is not None
    assert Event.objects.get(kind="alarm.level").data["sound"] is True
    assert sounds().count(True) == 1
    assert Notice.objects.filter(ref=f"alarm:{alarm.pk}", level=2).exists()


def test_unshelving_by_hand_lets_the_clock_run_on_with_the_time_that_was_left(yellow, officer):
    due = yellow.due
    shelved(yellow, officer)
    row = shelving.unshelve(yellow, actor=officer, now=NOW + seconds(60) + timedelta(minutes=30))
    assert row.shelved_until is None
    assert row.due == row.answer_due == due + timedelta(minutes=30)
    assert row.shelved_s == 1800
    assert AuditEntry.objects.get(verb="alarm.unshelve").after["end"] == "hand"
    with pytest.raises(alarms.NotNow):
        shelving.unshelve(yellow, actor=officer, now=NOW + HOUR)


@pytest.mark.django_db(transaction=True)
def test_w5_the_mute_ends_on_time_after_a_restart_and_rings_if_it_still_holds(yellow, officer):
    alarms.acknowledge_one(yellow, actor=officer, now=NOW + seconds(30))
    held = shelved(yellow, officer)
    told = Notice.objects.filter(to=officer).count()
    Event.objects.all().delete()
    connection.close()  # the process that shelved it is gone; what follows knows the database only
    fresh = ticks.Round()
    fresh.run_due(NOW + HOUR - seconds(1))
    yellow.refresh_from_db()
    assert yellow.shelved_until is not None
    fresh = ticks.Round()
    fresh.run_due(NOW + HOUR)
    yellow.refresh_from_db()
    held.refresh_from_db()
    assert (held.state, held.end, held.ended_at) == (ShelvingState.ENDED, ShelvingEnd.TIME, NOW + HOUR)
    assert (yellow.shelved_until, yellow.state) == (None, AlarmState.UNACKNOWLEDGED)
    assert yellow.due == NOW + HOUR + timedelta(minutes=10)
    assert Event.objects.get(kind="alarm.unshelved").data["sound"] is True
    assert Notice.objects.filter(to=officer).count() == told + 1


def test_what_has_cleared_at_the_end_makes_no_sound(yellow, raised, point, version, officer):
    shelved(yellow, officer)
    later = NOW + timedelta(minutes=20)
    raised(Transition(version.pk, point.pk, ms(later), on=False), now=later)
    shelving.keep(NOW + HOUR)
    yellow.refresh_from_db()
    assert (yellow.state, yellow.shelved_until) == (AlarmState.CLEARED, None)
    assert Event.objects.get(kind="alarm.unshelved").data["sound"] is False
    assert yellow.due is not None  # nobody has answered it yet


def test_closing_and_answering_a_cleared_one_end_its_shelving(yellow, raised, point, version, officer):
    shelved(yellow, officer)
    later = NOW + timedelta(minutes=20)
    raised(Transition(version.pk, point.pk, ms(later), on=False), now=later)
    done = alarms.acknowledge_one(yellow, actor=officer, now=later + seconds(5))
    assert (done.state, done.shelved_until) == (AlarmState.CLOSED, None)
    assert Shelving.objects.get().end == ShelvingEnd.CLOSED
    assert shelving.keep(NOW + HOUR) == 0


def test_an_acknowledgement_before_the_shelving_is_not_taken_back_through_it(yellow, officer):
    alarms.acknowledge_one(yellow, actor=officer, now=NOW + seconds(58))
    shelved(yellow, officer)
    with pytest.raises(alarms.NotNow):
        alarms.undo_acknowledge(yellow, actor=officer, now=NOW + seconds(61))


def test_what_is_closed_or_was_found_afterwards_is_not_shelved(raised, point, version, officer):
    late = raised(Transition(version.pk, point.pk, ms(NOW - 2 * HOUR), lane="retro"))
    with pytest.raises(alarms.NotNow):
        shelving.shelve(late, until=NOW + HOUR, reason="已报修", actor=officer, now=NOW)
    alarms.close(late, actor=officer, now=NOW, note="已核实")
    with pytest.raises(alarms.AlreadyDone):
        shelving.shelve(late, until=NOW + HOUR, reason="已报修", actor=officer, now=NOW)


def test_who_may_acknowledge_does_not_therefore_shelve(yellow, county):
    reader = person("reader", "林知夏", county, ["alarm.see", "alarm.acknowledge"])
    with pytest.raises(NotAllowed):
        shelving.shelve(yellow, until=NOW + HOUR, reason="已报修", actor=reader, now=NOW)


def test_an_answer_while_it_is_shelved_is_in_time_when_the_clock_had_time_left(yellow, officer):
    shelved(yellow, officer)
    late = NOW + timedelta(minutes=30)
    done = alarms.acknowledge_one(yellow, actor=officer, now=late)
    assert done.answer_due == late + timedelta(minutes=9)
    assert (done.due, done.shelved_until) == (None, THEN)


def test_the_story_tells_who_shelved_it_why_and_how_it_ended(orange, officer, second_officer):
    held = shelved(orange, officer)
    shelving.confirm(held, actor=second_officer, now=SOON + seconds(30))
    shelving.keep(THEN)
    with translation.override("en"):
        told = [(step.at, step.title, step.who, step.detail) for step in steps.of(Alarm.records.get())]
    asked, confirmed, *_escalated, ended = [one for one in told if "helving" in one[1]]
    assert asked[:3] == (SOON, "Shelving asked for", officer.name)
    assert "探头已报修" in asked[3]
    assert confirmed == (SOON + seconds(30), "Shelving confirmed by a second person", second_officer.name, "")
    assert (ended[0], ended[1]) == (THEN, "Shelving ended: Its time was over")
