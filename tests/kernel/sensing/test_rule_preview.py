"""What a changed rule would have done on the real history of its points, exact and beside the one in force."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from sensing_world import LEVELS, NOW, entry_of, points_of

from anlan import engine
from anlan.engine import encode_batch
from anlan.kernel.sensing.ruling import effects, preview
from anlan.kernel.sensing.ruling.preview import AFTER, BEFORE, HOUR_MS, Form, replay
from anlan.kernel.sensing.ruling.services import Draft
from anlan.kernel.sensing.store import Columns
from anlan.kernel.sensing.store.columns import stretches
from anlan.kernel.sensing.store.rows import NewBatch

END = round(NOW.timestamp() * 1000) // HOUR_MS * HOUR_MS
DAY_MS = 24 * HOUR_MS


def keep(store, point, t, value, *, merged=True, quality=None):
    """Readings in history, as chunks or still loose."""
    t, value = np.asarray(t, np.int64), np.asarray(value, np.float64)
    good = np.zeros(t.size, np.uint8) if quality is None else np.asarray(quality, np.uint8)
    store.flush_history(Columns(np.full(t.size, point, np.int32), t, value, good), upto=0)
    if merged:
        plan = store.plan_merge(point >> 8, END + DAY_MS)
        while plan.places:
            store.merge_some(plan, 500)
        store.finish_merge(plan)


def form(version, side, limit, points, **more):
    steps = (engine.LevelStep(3, limit), engine.LevelStep(2, limit + 20))
    condition = engine.Level(steps=steps, **{"deadband": 2.0, "on_ms": 90_000, "off_ms": 240_000} | more)
    return Form(side, "level", engine.Rule(version, tuple(points), condition))


def plainly(t, value, limit, end, *, on=90_000, off=240_000, deadband=2.0):
    """Alarms of one point, reading by reading."""
    found, latch, since, out = [], False, t[0], False
    for at, number in zip([*t, end], [*value, None], strict=True):
        due = since + (on if latch else off)
        if latch != out and due <= at and due < end:
            out = latch
            if out:
                found.append([due, -1])
            else:
                found[-1][1] = due
        if number is not None:
            now = True if number >= limit else False if number < limit - deadband else latch
            if now != latch:
                latch, since = now, at
    return found


@pytest.mark.parametrize("hours", [1, 7, 24])
def test_the_alarms_are_those_of_a_plain_loop_however_the_history_is_cut(readings, monkeypatch, hours):
    chance = np.random.default_rng(hours)
    begin = END - 2 * DAY_MS
    histories = {}
    for point in (3, 5, 300):
        t = begin + np.cumsum(chance.integers(20_000, 180_000, 1500))
        t = t[t < END]
        value = 25 + np.cumsum(chance.normal(0, 3, t.size)) % 40 - 10
        histories[point] = (t.tolist(), value.tolist())
        half = t.size // 2
        keep(readings, point, t[:half], value[:half])
        keep(readings, point, t[half:], value[half:], merged=False)
    monkeypatch.setattr(preview, "_stretch", lambda points, period_s: hours * HOUR_MS)
    forms = [form(1, BEFORE, 30.0, histories), form(2, AFTER, 26.0, histories)]
    outcome = replay(readings, forms, sorted(histories), begin, END)
    assert outcome.rows == sum(len(t) for t, _value in histories.values())
    for episodes, limit in ((outcome.before, 30.0), (outcome.after, 26.0)):
        assert len(episodes)
        for point, (t, value) in histories.items():
            mine = episodes.point == point
            told = [[int(a), int(b)] for a, b in zip(episodes.begin[mine], episodes.end[mine], strict=True)]
            assert told == plainly(t, value, limit, END)


def test_added_and_removed_are_those_that_meet_nothing_on_the_other_side(readings):
    begin = END - DAY_MS
    t = begin + np.arange(24 * 60) * 60_000
    value = np.full(t.size, 10.0)
    value[100:140] = 35.0  # both
    value[400:440] = 28.0  # only the lower limit
    keep(readings, 3, t, value)
    lower = replay(readings, [form(1, BEFORE, 30.0, [3]), form(2, AFTER, 26.0, [3])], [3], begin, END)
    assert (len(lower.before), len(lower.after)) == (1, 2)
    assert lower.added.tolist() == [False, True]
    assert lower.removed.tolist() == [False]
    higher = replay(readings, [form(1, BEFORE, 26.0, [3]), form(2, AFTER, 30.0, [3])], [3], begin, END)
    assert higher.removed.tolist() == [False, True]


def test_a_silence_at_the_end_of_the_span_is_found(readings):
    begin = END - DAY_MS
    t = begin + np.arange(60) * 60_000
    keep(readings, 3, t, np.full(t.size, 1.0))
    rule = engine.Rule(1, (3, 4), engine.Silence(after_ms=180_000, severity=4))
    outcome = replay(readings, [Form(AFTER, "silence", rule)], [3, 4], begin, END)
    found = dict(zip(outcome.after.point.tolist(), outcome.after.begin.tolist(), strict=True))
    assert found == {3: int(t[-1]) + 180_000, 4: begin + 180_000}
    assert (outcome.after.end == -1).all()


def test_nothing_after_the_span_is_told(readings):
    begin = END - DAY_MS
    keep(readings, 3, [END - 60_000], [99.0])
    outcome = replay(readings, [form(1, AFTER, 30.0, [3], on_ms=120_000)], [3], begin, END)
    assert len(outcome.after) == 0


def test_bad_and_repeated_readings_count_once_and_not_at_all(readings):
    begin = END - DAY_MS
    keep(readings, 3, [begin, begin + 60_000], [99.0, 10.0], quality=[2, 0])
    keep(readings, 3, [begin + 60_000, begin + 120_000], [10.0, 99.0], merged=False)
    columns = [columns for _end, columns in stretches(readings, [3], begin, END, 24 * HOUR_MS)]
    assert [int(t) - begin for one in columns for t in one.t] == [0, 60_000, 120_000]
    outcome = replay(readings, [form(1, AFTER, 30.0, [3], on_ms=0)], [3], begin, END)
    assert outcome.after.begin.tolist() == [begin + 120_000]


def test_readings_that_are_logged_and_not_yet_in_history_are_seen(readings):
    begin = END - DAY_MS
    columns = (np.array([3, 9], np.int32), np.array([begin, begin]), np.array([1.0, 2.0]), np.zeros(2, np.uint8))
    readings.append_batches([NewBatch("d", "1", "live", 2, encode_batch(*columns), b"x")])
    (found,) = [columns for _end, columns in stretches(readings, [3], begin, END, 24 * HOUR_MS)]
    assert found.value.tolist() == [1.0]


def test_a_flood_is_more_than_ten_alarms_in_ten_minutes():
    def episodes(begins):
        begin = np.array(begins, np.int64)
        zeros = np.zeros(begin.size, np.int64)
        return preview.Episodes(np.arange(begin.size), zeros, begin, begin + 1, zeros + 3)

    assert preview.floods(episodes([600_000 + i for i in range(10)])) == 0
    assert preview.floods(episodes([600_000 + i for i in range(11)])) == 1
    assert preview.floods(episodes([])) == 0


# --- from the rulebook ----------------------------------------------------------------------------------------------


@pytest.fixture
def watched(db, device, town, hands, readings):
    """Two points with a day of history: the first over 25 for an hour, the second at 23 for an hour."""
    first, second = points_of(device, town, hands, 2, period_s=60)
    t = END - DAY_MS + np.arange(24 * 60) * 60_000
    for point, high in ((first, 30.0), (second, 23.0)):
        value = np.full(t.size, 10.0)
        value[120:180] = high
        keep(readings, point.pk, t, value)
    return first, second


def draft(region, condition=LEVELS, **body):
    return Draft(code="TEST-01", title="x", region=region, body={"kind": "other", "condition": condition, **body})


def lower(limit):
    return LEVELS | {"steps": [{"severity": 3, "limit": limit}, {"severity": 2, "limit": 50.0}]}


@pytest.mark.django_db
def test_the_preview_of_a_lower_limit_names_day_and_point(entry, county, watched, readings):
    first, second = watched
    task = effects.task_of(draft(county, lower(22.0)), entry, NOW)
    assert task.points == (first.pk, second.pk)
    assert task.to_ms - task.from_ms == 30 * DAY_MS
    effect = effects.Effect(task, outcome=effects.run(task, readings))
    told = effects.figures(effect)
    assert (told["before"], told["after"], told["added"], told["removed"]) == (1, 2, 1, 0)
    assert told["readings"] == 2 * 24 * 60
    (came,) = told["came"]
    assert (came["point"], came["level"], came["lasted_s"]) == (second, 3, 3600 + 60 - 15)
    assert {row["point"].code: row["added"] for row in told["points"]} == {first.code: 0, second.code: 1}
    assert sum(day["after"] for day in told["days"]) == 2


@pytest.mark.django_db
def test_ending_a_rule_removes_its_alarms(entry, county, watched, readings):
    ending = Draft(code="TEST-01", title="x", region=county, body=entry.body, ends=True)
    told = effects.figures(
        effects.Effect(task := effects.task_of(ending, entry, NOW), outcome=effects.run(task, readings))
    )
    assert (told["before"], told["after"], told["removed"]) == (1, 0, 1)


@pytest.mark.django_db
def test_limits_of_single_points_are_replayed_each_at_its_point(entry, county, watched, readings):
    own = draft(county, limits={"GT-2032": [20.0, 50.0]})
    outcome = effects.run(effects.task_of(own, entry, NOW), readings)
    assert outcome.after.point[outcome.added].tolist() == [watched[1].pk]


@pytest.mark.django_db
def test_a_version_of_a_town_of_its_own_is_left_out(entry, county, town, watched):
    own = entry_of("TEST-01", version=2, region=town, origin="bureau", body={"kind": "other", "condition": LEVELS})
    assert effects.task_of(draft(county, lower(22.0)), entry, NOW).points == ()
    assert len(effects.task_of(draft(town, lower(22.0)), own, NOW).points) == 2


@pytest.mark.django_db
def test_the_same_question_is_answered_from_what_is_kept(entry, county, watched, readings, monkeypatch):
    task = effects.task_of(draft(county, lower(21.5)), entry, NOW)
    again = effects.task_of(draft(county, lower(21.5)), entry, NOW + timedelta(minutes=20))
    other = effects.task_of(draft(county, lower(21.0)), entry, NOW)
    assert task.key == again.key != other.key
    key = effects.start(task)
    done = effects.wait(key, 30)
    assert done.outcome is not None, done.wrong
    monkeypatch.setattr(effects.preview, "replay", lambda *a, **k: pytest.fail("replayed twice"))
    assert effects.start(again) == key
    assert effects.found(key) is done


def test_days_are_those_of_the_bureau():
    begin = np.array([round(datetime(2026, 11, 21, 15, 59, tzinfo=UTC).timestamp() * 1000),
                      round(datetime(2026, 11, 21, 16, 1, tzinfo=UTC).timestamp() * 1000)])  # fmt: skip
    zeros = np.zeros(2, np.int64)
    days = preview.per_day(preview.Episodes(zeros, zeros, begin, begin, zeros), 8 * HOUR_MS)
    assert list(days.values()) == [1, 1]
