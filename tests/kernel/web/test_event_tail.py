"""The shared tail of the event table: order, holes, rights and what a stream that comes back is given."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from anlan.kernel.web import gate, tail
from anlan.kernel.web.models import Event

NOW = datetime(2026, 11, 22, 3, 25, tzinfo=UTC)
pytestmark = pytest.mark.django_db


@dataclass
class Person:
    pk: int
    is_authenticated: bool = True


@pytest.fixture
def rights(monkeypatch):
    """(person, verb) → path prefixes; sessions "s<pk>" belong to person pk while they are in `live`."""
    held: dict[tuple[int, str], tuple[str, ...]] = {}
    live: dict[str, gate.Viewer] = {}
    monkeypatch.setattr(gate._gate, "reach", lambda user, verb: held.get((user.pk, verb), ()))
    monkeypatch.setattr(gate._gate, "who_is", live.get)
    held["live"] = live  # type: ignore[index, assignment]
    return held


def event(pk: int, **fields) -> Event:
    return Event.objects.create(id=pk, at=fields.pop("at", NOW), kind=fields.pop("kind", "alarm.raised"), **fields)


def listen(one: tail.Tail, pk: int = 1, since: int | None = None):
    heard: list[tail.Said] = []
    ended: list[str] = []
    subscriber = tail.Subscriber(f"s{pk}", gate.Viewer(Person(pk)), heard.extend, ended.append, checked=0.0)
    missed, mark, reset = one.join(subscriber, since, NOW)
    return subscriber, heard, ended, (missed, mark, reset)


def test_a_new_stream_hears_what_comes_and_nothing_from_before(rights):
    event(1)
    one = tail.Tail()
    _, heard, _, (missed, mark, reset) = listen(one)
    event(2)
    one.poll(0.0)
    assert [said.id for said in heard] == [2]
    assert (missed, mark, reset) == ([], 1, False)


def test_an_event_is_handed_out_once_however_often_the_tail_polls(rights):
    one = tail.Tail()
    _, heard, *_ = listen(one)
    event(1)
    for second in range(5):
        one.poll(float(second))
    assert [said.id for said in heard] == [1]


def test_an_id_that_is_committed_late_is_still_heard(rights):
    """PostgreSQL gives ids before the commit, so 5 may appear before 4."""
    one = tail.Tail()
    _, heard, *_ = listen(one)
    event(3)
    one.poll(0.0)
    event(5)
    one.poll(0.2)
    event(4)
    one.poll(0.4)
    assert sorted(said.id for said in heard) == [3, 4, 5]


def test_no_mark_runs_ahead_of_an_event_that_is_still_to_come(rights):
    one = tail.Tail()
    _, heard, *_ = listen(one)
    event(1)
    event(3)
    one.poll(0.0)
    assert one.mark == 1
    assert all(said.mark <= 1 for said in heard)
    one.poll(tail.PATIENCE_S - 1)
    assert one.mark == 1, "the hole is still waited for"
    one.poll(tail.PATIENCE_S + 1)
    assert one.mark == 3, "an insert that was rolled back must not hold the mark for ever"


def test_a_batch_that_breaks_in_the_middle_goes_on_at_the_last_event_sent(rights):
    one = tail.Tail()
    _, heard, *_ = listen(one)
    for pk in (1, 2, 3):
        event(pk)
    one.poll(0.0)
    assert [(said.id, said.mark) for said in heard] == [(1, 1), (2, 2), (3, 3)]


def test_who_comes_back_is_given_what_was_missed(rights):
    for pk in (1, 2, 3):
        event(pk)
    _, _, _, (missed, _, reset) = listen(tail.Tail(), since=1)
    assert [said.id for said in missed] == [2, 3]
    assert not reset


@pytest.mark.parametrize("since", [0, 7])
def test_what_was_missed_long_ago_or_in_another_database_asks_for_a_new_page(rights, since):
    event(1, at=NOW - tail.REPLAY_AGE - timedelta(seconds=1))
    _, _, _, (missed, _, reset) = listen(tail.Tail(), since=since)
    assert (missed, reset) == ([], True)


def test_more_than_the_replay_holds_asks_for_a_new_page(rights, monkeypatch):
    monkeypatch.setattr(tail, "REPLAY_MAX", 3)
    for pk in range(1, 6):
        event(pk)
    assert listen(tail.Tail(), since=1)[3][2] is True
    assert listen(tail.Tail(), since=2)[3][2] is False


def test_a_right_reaches_its_region_and_what_lies_below(rights):
    rights[(1, "alarm.see")] = ("/99/9901/",)
    one = tail.Tail()
    _, heard, *_ = listen(one)
    event(1, verb="alarm.see", region_path="/99/9901/990123/")
    event(2, verb="alarm.see", region_path="/99/9902/")
    event(3, verb="case.see", region_path="/99/9901/")
    event(4, verb="alarm.see", region_path="")
    one.poll(0.0)
    assert [said.id for said in heard] == [1, 4]


def test_everywhere_is_everywhere(rights):
    rights[(1, "alarm.see")] = ("/",)
    one = tail.Tail()
    _, heard, *_ = listen(one)
    event(1, verb="alarm.see", region_path="/12/")
    one.poll(0.0)
    assert [said.id for said in heard] == [1]


def test_words_for_one_person_reach_that_person_only(rights):
    one = tail.Tail()
    _, first, *_ = listen(one, 1)
    _, second, *_ = listen(one, 2)
    event(1, kind="notice.new", user_id=2)
    one.poll(0.0)
    assert first == []
    assert [said.kind for said in second] == ["notice.new"]


def test_without_a_right_nothing_is_replayed_either(rights):
    event(1, verb="alarm.see", region_path="/99/")
    event(2)
    _, _, _, (missed, _, _) = listen(tail.Tail(), since=0)
    assert [said.id for said in missed] == [2]


def test_S2_a_right_that_is_taken_away_ends_with_the_next_event(rights):
    rights[(1, "alarm.see")] = ("/",)
    one = tail.Tail()
    _, heard, *_ = listen(one)
    event(1, verb="alarm.see", region_path="/99/")
    one.poll(0.0)
    del rights[(1, "alarm.see")]
    event(2, verb="alarm.see", region_path="/99/")
    one.poll(0.2)
    assert [said.id for said in heard] == [1]


def test_S2_a_stream_ends_within_5_s_of_its_session(rights):
    live = rights["live"]  # type: ignore[index]
    live["s1"] = gate.Viewer(Person(1))
    one = tail.Tail()
    _, heard, ended, _ = listen(one)
    assert one.recheck(tail.RECHECK_S) == 0
    del live["s1"]
    assert one.recheck(2 * tail.RECHECK_S - 0.1) == 0, "looked at already"
    assert one.recheck(2 * tail.RECHECK_S) == 1
    assert tail.RECHECK_S + tail.POLL_S <= 5
    assert ended == ["signed-out"]
    event(1)
    one.poll(9.0)
    assert heard == []


def test_S2_a_session_taken_over_by_another_account_ends_the_stream(rights):
    rights["live"]["s1"] = gate.Viewer(Person(2))  # type: ignore[index]
    one = tail.Tail()
    _, _, ended, _ = listen(one)
    one.recheck(100.0)
    assert ended == ["signed-out"]


def test_a_stop_ends_every_stream(rights):
    one = tail.Tail()
    _, _, first, _ = listen(one, 1)
    _, _, second, _ = listen(one, 2)
    one.stop()
    assert first == second == ["restart"]
    assert not one.subscribers


def test_old_events_go_and_the_newest_stays(rights):
    for pk in range(1, 11):
        event(pk, at=NOW - tail.KEEP - timedelta(hours=1))
    assert tail.trim(NOW) == 9
    assert list(Event.objects.values_list("id", flat=True)) == [10], "its id must not be given again"
    assert tail.trim(NOW) == 0


@pytest.mark.parametrize(
    ("texts", "mark"), [(["", "7"], 7), (["12", "7"], 12), (["x", "-1", "٣"], None), (["9" * 40], None)]
)
def test_a_mark_is_read_from_the_header_first(texts, mark):
    assert tail.since_of(texts) == mark


def test_rights_are_asked_once_a_round_for_each_person_and_verb(rights, monkeypatch):
    asked: list[tuple[int, str]] = []
    monkeypatch.setattr(gate._gate, "reach", lambda user, verb: asked.append((user.pk, verb)) or ("/",))
    one = tail.Tail()
    listen(one)
    for pk in range(1, 20):
        event(pk, verb="alarm.see", region_path="/99/")
    one.poll(0.0)
    assert asked == [(1, "alarm.see")]
