"""The story of an alarm, as the chain page and the duty desk tell it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import translation
from sensing_world import NOW, Transition, ms, seconds

from anlan.kernel.chains import timeline
from anlan.kernel.sensing import alarms, steps
from anlan.kernel.sensing.models import Alarm

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def english():
    with translation.override("en"):
        yield


def test_the_story_begins_with_the_first_reading_over_the_limit(raised, entry):
    alarm = raised()
    first, second = steps.of(alarm)
    assert first.at == NOW - seconds(15)  # the rule waits 15 s
    assert "GT-2031 25.3 %LEL" in first.title
    assert second.at == NOW
    assert (second.level, second.mark) == (3, "level")
    assert "≥ 25 %LEL" in second.detail
    assert "TEST-01 v1" in second.rule_label
    assert second.rule_clause == "GB/T 50493-2019 5.5.2"
    assert second.rule_url
    assert second.proofs[0].url.startswith("/sensing/points/GT-2031/")


def test_a_rise_of_level_an_answer_and_the_clearing_are_steps_of_their_own(raised, point, version, officer):
    raised()
    raised(Transition(version.pk, point.pk, ms(NOW + seconds(60)), 1, 2, value=50.4), now=NOW + seconds(60))
    alarms.acknowledge_one(Alarm.records.get(), actor=officer, now=NOW + seconds(90))
    raised(
        Transition(version.pk, point.pk, ms(NOW + seconds(300)), 1, 2, on=False),
        Transition(version.pk, point.pk, ms(NOW + seconds(360)), on=False),
        now=NOW + seconds(360),
    )
    told = steps.of(Alarm.records.get())
    marks = [(step.mark, step.level, step.who) for step in told]
    assert marks == [
        ("ring", None, ""),
        ("level", 3, ""),
        ("level", 2, ""),
        ("decision", None, "顾怀远"),
        ("ring", None, ""),
        ("ring", None, ""),
    ]
    answer = told[3]
    assert answer.clock_label
    assert not answer.late
    assert "50.4" in told[2].detail


def test_an_answer_after_its_clock_says_late(raised, officer):
    alarms.acknowledge_one(raised(), actor=officer, now=NOW + timedelta(minutes=11))
    assert steps.of(Alarm.records.get())[-1].late


def test_an_unverified_rule_says_so(raised, entry):
    entry.verified = False
    entry.save()
    assert not steps.of(raised())[1].verified


def test_a_late_discovery_says_that_it_was_found_afterwards(raised, point, version):
    alarm = raised(Transition(version.pk, point.pk, ms(NOW - timedelta(hours=2)), lane="retro"))
    assert "afterwards" in steps.of(alarm)[1].detail


def test_a_chattering_alarm_is_told_by_its_beginning_and_its_end(raised, point, version):
    for i in range(100):
        moment = NOW + seconds(60 * i)
        raised(Transition(version.pk, point.pk, ms(moment), on=i % 2 == 0), now=moment)
    told = steps.of(Alarm.records.get())
    assert len(told) <= steps.MOST_STEPS + 2
    assert told[0].at == NOW - seconds(15)


def test_S2_the_chain_tells_each_viewer_only_what_they_may_see(raised, officer, foreigner, unit):
    case = alarms.open_case_for(raised(), unit=unit, actor=officer, now=NOW + seconds(30))
    mine = [step.title for step in timeline.of(case.chain, officer)]
    assert any("First reading" in title for title in mine)
    assert not any("First reading" in step.title for step in timeline.of(case.chain, foreigner))


def test_the_same_words_stand_in_the_readers_language(raised):
    alarm = raised()
    with translation.override("zh-hans"):
        chinese = steps.of(alarm)
    assert "可燃气体超限" in chinese[1].rule_label
    assert "Gas over the limit" in steps.of(alarm)[1].rule_label
