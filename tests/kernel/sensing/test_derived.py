"""Derived points: made with checks, computed once whatever happens, silent with their inputs, judged like any point."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import pairwise

import numpy as np
import pytest
from django.utils import translation
from sensing_world import NOW, entry_of, ms, points_of
from standing_clock import Clock

from anlan.engine import encode_batch
from anlan.kernel.audit.models import Entry
from anlan.kernel.jobs.models import Job
from anlan.kernel.people.rights import NotAllowed
from anlan.kernel.sensing import consumer, rules
from anlan.kernel.sensing.derived import past, run, services
from anlan.kernel.sensing.derived.functions import Function, function, functions, named
from anlan.kernel.sensing.models import Alarm, DerivedPoint, Device, Point
from anlan.kernel.sensing.runner import Runner
from anlan.kernel.sensing.services import Refused
from anlan.kernel.sensing.store import BACKFILL, LIVE, NewBatch, Store, open_store

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _english() -> Iterator[None]:
    with translation.override("en"):
        yield


def at(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


@pytest.fixture
def clock() -> Clock:
    return Clock(ms(NOW))


@pytest.fixture
def store(clock: Clock, settings: object) -> Store:
    return open_store(settings.READINGS_URL, clock=clock)


@pytest.fixture
def gauges(device, town, hands) -> list[Point]:
    """Three gauges of one unit, a reading a minute; a reading stands for three minutes."""
    return points_of(device, town, hands, 3, period_s=60, unit="m³/s")


@pytest.fixture
def slope(device, town, hands) -> Point:
    return points_of(
        device, town, hands, 1, kind="displacement", unit="mm", period_s=300, code="GNSS-1", name="坡顶"
    )[0]  # fmt: skip


def send(store: Store, point: Point, readings, lane: str = LIVE, quality: int = 0) -> None:
    t = [ms(moment) for moment, _value in readings]
    payload = encode_batch([point.pk] * len(t), t, [value for _at, value in readings], [quality] * len(t))
    digest = hashlib.sha256(payload + lane.encode()).digest()
    store.append_batches([NewBatch("gw-1", digest.hex(), lane, len(t), payload, digest, b"{}")])


def total(gauges, hands, **more) -> DerivedPoint:
    facts = {"code": "IN-1", "name": "入库流量", "function": "sum", "parameters": {}, "every_s": 60, "settle_s": 5}
    return services.add_derived(**facts | more, inputs=gauges, actor=hands, now=NOW)


def given(store: Store, made: DerivedPoint) -> list[tuple[float, float]]:
    """(seconds after NOW, value) of all that was computed."""
    found = store.readings(made.point_id, ms(NOW) - 40 * 86_400_000, ms(NOW) + 86_400_000)
    return [((t - ms(NOW)) / 1000, value) for t, value in zip(found.t.tolist(), found.value.tolist(), strict=True)]


def tick(store: Store, clock: Clock, moment: datetime, computer: run.Computer | None = None) -> run.Computer:
    clock.now = ms(moment)
    computer = computer or run.Computer(store)
    computer.round(moment)
    return computer


# NOW is 03:25:00, so the moments of a minute's schedule lie at 60, 120 … seconds.


def test_a_sum_is_computed_once_a_minute_after_it_settled(store, clock, gauges, hands):
    made = total(gauges, hands)
    for i, gauge in enumerate(gauges):
        send(store, gauge, [(at(50), 10.0 * (i + 1))])
    computer = tick(store, clock, at(64))
    assert given(store, made) == []
    tick(store, clock, at(65), computer)
    assert given(store, made) == [(60, 60.0)]
    tick(store, clock, at(66), computer)
    assert given(store, made) == [(60, 60.0)]


def test_a_silent_gauge_makes_the_sum_silent_and_not_smaller(store, clock, gauges, hands):
    made = total(gauges, hands)
    for gauge in gauges[:2]:
        send(store, gauge, [(at(60 * k), 10.0) for k in range(6)])
    send(store, gauges[2], [(at(0), 10.0)])
    tick(store, clock, at(305))
    assert [second for second, _value in given(store, made)] == [60, 120, 180]  # it stands for three minutes


def test_a_gauge_that_says_it_has_no_value_counts_as_silent(store, clock, gauges, hands):
    made = total(gauges[:1], hands)
    send(store, gauges[0], [(at(55), np.nan)], quality=2)
    tick(store, clock, at(65))
    assert given(store, made) == []


def test_outside_the_domain_there_is_a_reading_without_value(store, clock, device, town, hands):
    (stage,) = points_of(device, town, hands, 1, kind="river_stage", unit="m", period_s=60)
    made = services.add_derived(
        code="Q-1", name="流量", function="discharge", inputs=[stage], every_s=60,
        parameters={"a": 10, "zero": 0.5, "b": 2, "low": 0.6, "high": 4}, actor=hands, now=NOW,
    )  # fmt: skip
    send(store, stage, [(at(50), 1.5), (at(110), 4.2)])
    tick(store, clock, at(125))
    found = store.readings(made.point_id, ms(NOW), ms(at(200)))
    assert found.value[0] == 10.0 and np.isnan(found.value[1])
    assert found.quality.tolist() == [0, 2]


@pytest.mark.parametrize("dies", ["before the mark", "before the log"])
def test_a_crash_neither_loses_nor_doubles_nor_changes_a_value(store, clock, gauges, hands, monkeypatch, dies):
    made = total(gauges, hands)
    for gauge in gauges:
        send(store, gauge, [(at(50), 10.0)])

    append = store.append_batches

    def die(batches):
        if dies == "before the mark":
            append(batches)
        raise SystemExit

    monkeypatch.setattr(store, "append_batches", die)
    with pytest.raises(SystemExit):
        tick(store, clock, at(65))
    monkeypatch.undo()
    # Meanwhile an input came that would give another sum for the same moment.
    send(store, gauges[0], [(at(58), 99.0)])
    tick(store, clock, at(66))
    first = 30.0 if dies == "before the mark" else 119.0
    assert given(store, made) == [(60, first)]
    assert store.count_set_aside() == 0
    assert DerivedPoint.objects.get().computed_ms == ms(at(60))


def test_two_processes_at_once_give_one_value(store, clock, gauges, hands):
    made = total(gauges, hands)
    for gauge in gauges:
        send(store, gauge, [(at(50), 10.0)])
    row = DerivedPoint.objects.select_related("point").prefetch_related("inputs").get()
    clock.now = ms(at(70))
    for _process in range(2):  # both computed before either has written
        _at, batches = run.Computer(store).due(row, at(70), run.Inputs(store, run.limits_of([row])))
        answers = store.append_batches(batches)
    assert answers[0].repeated
    assert given(store, made) == [(60, 30.0)]
    assert store.count_set_aside() == 0


def test_what_comes_too_late_changes_nothing_and_is_counted(store, clock, gauges, hands):
    made = total(gauges, hands)
    for gauge in gauges:
        send(store, gauge, [(at(50), 10.0)])
    computer = tick(store, clock, at(65))
    clock.now = ms(at(80))
    send(store, gauges[0], [(at(55), 99.0), (at(58), 98.0), (at(75), 11.0)])
    tick(store, clock, at(81), computer)
    assert given(store, made) == [(60, 30.0)]
    assert DerivedPoint.objects.get().late == 2
    tick(store, clock, at(82), computer)
    again = run.Computer(store)  # a new process counts nothing twice
    tick(store, clock, at(83), again)
    assert DerivedPoint.objects.get().late == 2


def test_after_a_pause_every_moment_is_made_up(store, clock, gauges, hands):
    made = total(gauges[:1], hands)
    send(store, gauges[0], [(at(60 * k), float(k)) for k in range(1, 700)])
    computer = tick(store, clock, at(60 * 699 + 10))
    assert len(given(store, made)) == run.MOST_AT_ONCE
    tick(store, clock, at(60 * 699 + 11), computer)
    seconds = [second for second, _value in given(store, made)]
    assert len(seconds) == 699
    assert all(b - a == 60 for a, b in pairwise(seconds))


def test_on_arrival_it_is_computed_at_each_reading_that_settled(store, clock, slope, hands):
    made = services.add_derived(
        code="V-1", name="速率", function="velocity", inputs=[slope], parameters={"window_h": 6}, settle_s=5,
        actor=hands, now=NOW,
    )  # fmt: skip
    creep = lambda second: 100 + 24 * second / 86_400  # noqa: E731  24 mm/d
    send(store, slope, [(at(second), creep(second)) for second in range(-30_000, 1, 300)])
    computer = tick(store, clock, at(10))
    assert given(store, made) == []  # nothing after it was made
    send(store, slope, [(at(300), creep(300))])
    tick(store, clock, at(303), computer)
    assert given(store, made) == []  # still settling, and not forgotten
    tick(store, clock, at(306), computer)
    assert given(store, made) == [(300, 24.0)]


def test_a_derived_point_may_stand_on_derived_points(store, clock, gauges, hands):
    lower = total(gauges[:2], hands)
    upper = total([lower.point, gauges[2]], hands, code="IN-2")
    for gauge in gauges:
        send(store, gauge, [(at(50), 10.0), (at(110), 10.0)])
    computer = tick(store, clock, at(66))
    tick(store, clock, at(126), computer)
    assert given(store, upper)[-1] == (120, 30.0)


def test_a_rule_over_a_derived_point_raises_an_alarm(store, clock, gauges, hands, clocks):
    entry_of("FLOW-1", kind="flow", condition={
        "type": "level", "direction": "high", "steps": [{"severity": 2, "limit": 50}], "on_s": 0, "off_s": 0,
    })  # fmt: skip
    Point.records.filter(pk__in=[gauge.pk for gauge in gauges]).update(kind="flow")
    for gauge in gauges:
        gauge.refresh_from_db()
    made = total(gauges, hands)
    rules.push(store, NOW)
    for gauge in gauges:
        send(store, gauge, [(at(50), 20.0)])
    tick(store, clock, at(65))
    runner = Runner(store, consumer.take)
    runner.start()
    runner.round(ms(at(66)))
    runner.round(ms(at(67)))
    alarm = Alarm.records.get()
    assert (alarm.point, alarm.value, alarm.level) == (made.point, 60.0, 2)


# --- the past -----------------------------------------------------------------------------------------------------


def test_the_past_is_computed_through_the_backfill_lane_once(store, clock, gauges, hands):
    made = total(gauges[:1], hands, every_s=600, past_days=2)
    job = Job.objects.get(name=services.PAST_JOB)
    assert job.args == {"derived": made.pk, "days": 2}
    send(store, gauges[0], [(at(-60 * k), 5.0) for k in range(1, 3000)], lane=BACKFILL)
    past.past(now=NOW, **job.args)
    found = [second for second, _value in given(store, made)]
    assert len(found) in (287, 288)  # every ten minutes of two days
    lanes = {row.lane for row in store.read_log(0) if row.sender == "derived"}
    assert lanes == {BACKFILL}
    past.past(now=NOW, **job.args)
    assert [second for second, _value in given(store, made)] == found


def test_archives_that_close_a_gap_let_the_past_be_filled_without_touching_what_was(store, clock, gauges, hands):
    made = total(gauges[:1], hands, every_s=600)
    send(store, gauges[0], [(at(60 * k), 5.0) for k in range(1, 20)])
    tick(store, clock, at(6000))
    before = given(store, made)
    send(store, gauges[0], [(at(60 * k), 7.0) for k in range(30, 100)], lane=BACKFILL)
    row = DerivedPoint.objects.get()
    assert sum(past.compute_past(row, store, ms(NOW), ms(at(6000)))) > 0
    after = dict(given(store, made))
    assert all(after[second] == value for second, value in before)
    assert after[3900] == 7.0  # 04:30
    assert sum(past.compute_past(row, store, ms(NOW), ms(at(6000)))) == 0


# --- making and ending --------------------------------------------------------------------------------------------


def test_it_stands_where_its_first_input_stands_and_nobody_can_send_to_it(gauges, hands):
    made = total(gauges, hands)
    point = made.point
    assert (point.region, point.lon, point.site_ref, point.unit) == (
        gauges[0].region, gauges[0].lon, gauges[0].site_ref, "m³/s",
    )  # fmt: skip
    assert [one.point for one in made.inputs.all()] == gauges
    assert not Device.records.get(code="derived").enabled
    assert Entry.objects.filter(verb="derived.add").exists()


def test_every_fault_is_told_at_once_and_nothing_is_made(gauges, slope, hands):
    with pytest.raises(Refused) as refused:
        services.add_derived(
            code="bad code", name=" ", function="discharge", inputs=[slope], every_s=1, past_days=9999,
            parameters={"a": 1, "b": 9, "low": 1, "high": 2}, actor=hands, now=NOW,
        )  # fmt: skip
    words = str(refused.value).splitlines()
    assert len(words) == 6, words
    assert any("GNSS-1" in line for line in words)
    assert not DerivedPoint.objects.exists()


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"function": "exec"}, "is not a function"),
        ({"inputs": []}, "Choose the points"),
        ({"function": "velocity", "twice": True, "parameters": {"window_h": 6}}, "at most 1"),
        ({"mode": "sometimes"}, "on schedule or on arrival"),
        ({"function": "discharge", "parameters": {"a": 1, "zero": 2, "b": 2, "low": 1, "high": 3}}, "zero <= low"),
    ],
)
def test_what_cannot_be_computed_is_refused_with_a_reason(gauges, hands, more, says):
    inputs = [gauges[0], gauges[0]] if more.pop("twice", False) else more.pop("inputs", gauges)
    if more.get("function") == "discharge":
        Point.records.filter(pk=gauges[0].pk).update(kind="river_stage", unit="m")
        inputs = [Point.records.get(pk=gauges[0].pk)]
    with pytest.raises(Refused, match=says):
        total(inputs, hands, **more)


def test_units_are_not_added_to_each_other(gauges, slope, hands):
    with pytest.raises(Refused, match="different units"):
        total([gauges[0], slope], hands)


def test_whoever_may_not_manage_devices_makes_none(gauges, officer, foreigner):
    for nobody in (officer, foreigner):
        with pytest.raises(NotAllowed):
            total(gauges, nobody)


def test_an_ended_one_is_computed_no_more_but_not_while_another_needs_it(store, clock, gauges, hands):
    lower = total(gauges[:2], hands)
    upper = total([lower.point, gauges[2]], hands, code="IN-2")
    with pytest.raises(Refused, match="IN-2"):
        services.end_derived(lower, actor=hands, now=at(1))
    services.end_derived(upper, actor=hands, now=at(1))
    services.end_derived(lower, actor=hands, now=at(2))
    for gauge in gauges:
        send(store, gauge, [(at(50), 10.0)])
    tick(store, clock, at(65))
    assert given(store, lower) == given(store, upper) == []
    assert not Point.records.get(pk=lower.point_id).enabled


# --- the functions ------------------------------------------------------------------------------------------------


def test_every_function_says_what_it_is_where_it_holds_and_whose_it_is():
    assert {one.code for one in functions()} >= {
        "effective_rain", "accumulated_rain", "velocity", "tangent_angle", "failure_time", "discharge", "sum",
    }  # fmt: skip
    for one in functions():
        assert one.title and one.formula and one.domain and (one.source or one.code == "sum")
        assert all(p.low < p.high and (p.default is None or p.low <= p.default <= p.high) for p in one.parameters)
        assert one.parameters == tuple(one.parameter(p.name) for p in one.parameters)


def test_two_functions_of_one_name_stop_the_start():
    known = named("sum")
    other = Function(**{name: getattr(known, name) for name in Function.__slots__})
    with pytest.raises(ValueError, match="two functions"):
        function(other)
