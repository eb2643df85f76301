"""An alarm that nobody answers climbs by the ladder of its clock, and its page says who was told when."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import translation
from sensing_world import NOW, Transition, ms, person, seconds, sign_in

from anlan.kernel.clocks.services import scan
from anlan.kernel.notices.models import Notice
from anlan.kernel.people.models import Department, Post
from anlan.kernel.sensing import alarms, shelving, steps
from anlan.kernel.sensing.models import Alarm

pytestmark = pytest.mark.django_db


@pytest.fixture
def leader(county, officer):
    """The duty officer and the leader stand in their posts; the leader may see alarms and hears no bell."""
    bureau = Department.objects.create(code="bureau", name="应急局", region=county)
    one = person("leader", "沈知远", county, ["alarm.see", "point.see", "alarm.shelve"])
    for duty, holder in (("duty_officer", officer), ("leader", one)):
        Post.objects.create(duty=duty, name=duty, department=bureau, region=county, holder=holder)
    return one


@pytest.fixture
def red(raised, point, version, leader) -> Alarm:
    """Its rulebook clock: 3 minutes; duty 1 minute before, leader at its end and 5 minutes after."""
    return raised(Transition(version.pk, point.pk, ms(NOW), 1, 1))


def told(user) -> list:
    return list(Notice.objects.filter(to=user).order_by("id").values_list("created_at", flat=True))


def run(until, every=15):
    for i in range(0, int((until - NOW).total_seconds()) + 1, every):
        scan(NOW + seconds(i))


def test_a_red_alarm_that_nobody_answers_climbs_from_the_duty_officer_to_the_leader(red, officer, leader):
    run(NOW + timedelta(minutes=2))
    assert told(officer)[1:] == [NOW + timedelta(minutes=2)]  # the first is the alarm itself
    assert told(leader) == []
    run(NOW + timedelta(minutes=10))
    assert told(leader) == [NOW + timedelta(minutes=3), NOW + timedelta(minutes=8)]


def test_an_answer_stops_the_climb(red, officer, leader):
    alarms.acknowledge_one(red, actor=officer, now=NOW + seconds(130))
    run(NOW + timedelta(minutes=10))
    assert told(leader) == []


def test_the_story_and_the_page_say_who_was_told_and_who_comes_next(client, red, officer, leader):
    run(NOW + timedelta(minutes=4))
    with translation.override("en"):
        story = [(step.at, step.title) for step in steps.of(Alarm.records.get())]
    spoken = [at for at, title in story if title.startswith("Told")]
    assert spoken == [NOW + timedelta(minutes=2), NOW + timedelta(minutes=3)]
    html = sign_in(client, leader).get(f"/sensing/alarms/{red.pk}/").content.decode()
    assert html.count('data-rung="spoken"') == 2
    assert html.count('data-rung="next"') == 1
    assert leader.name in html


def test_a_shelving_moves_what_was_not_yet_said_and_nothing_that_was(red, officer, second_officer, leader):
    run(NOW + timedelta(minutes=2))
    held = shelving.shelve(red, until=NOW + timedelta(minutes=30), reason="已知", actor=officer, now=NOW + seconds(140))
    shelving.confirm(held, actor=second_officer, now=NOW + seconds(150))
    run(NOW + timedelta(minutes=29))
    assert told(leader)[:1] != [NOW + timedelta(minutes=3)]
    shelving.keep(NOW + timedelta(minutes=30))
    end = NOW + timedelta(minutes=30)
    scan(end + seconds(30))
    spoken = [step.at for step in steps.of(Alarm.records.get()) if step.title.startswith(("Told", "已告知"))]
    assert spoken == [NOW + timedelta(minutes=2), end + seconds(30)]
