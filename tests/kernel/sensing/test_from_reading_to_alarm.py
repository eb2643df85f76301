"""The whole way: a batch in the log, the engine, the consumer, an alarm; stopped and started again on the way."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta

import pytest
from sensing_world import NOW, entry_of, ms, points_of

from anlan.engine import encode_batch
from anlan.kernel.sensing import consumer, rules
from anlan.kernel.sensing.models import Alarm, AlarmState, AlarmStep
from anlan.kernel.sensing.runner import Runner
from anlan.kernel.sensing.store import BACKFILL, LIVE, NewBatch, Store, open_store

pytestmark = pytest.mark.django_db


class StandingClock:
    def __init__(self, moment: datetime) -> None:
        self.moment = moment

    def __call__(self) -> int:
        return ms(self.moment)


@pytest.fixture
def clock() -> StandingClock:
    return StandingClock(NOW)


@pytest.fixture
def store(clock: StandingClock, settings: object) -> Store:
    return open_store(settings.READINGS_URL, clock=clock)


def send(store: Store, point: int, readings: list[tuple[datetime, float]], lane: str = LIVE) -> None:
    t = [ms(at) for at, _value in readings]
    payload = encode_batch([point] * len(t), t, [value for _at, value in readings], [0] * len(t))
    digest = hashlib.sha256(payload).digest()
    store.append_batches([NewBatch("gw-1", digest.hex(), lane, len(t), payload, digest, b"{}")])


def engine_until(store: Store, clock: StandingClock, moment: datetime) -> Runner:
    """A newly started engine that has taken everything up to `moment`."""
    clock.moment = moment
    runner = Runner(store, consumer.take)
    runner.start()
    runner.round(ms(moment))
    runner.round(ms(moment))
    return runner


def at(seconds: int) -> datetime:
    return NOW + timedelta(seconds=seconds)


def test_W1_an_exceedance_becomes_one_alarm_although_the_engine_dies_in_between(point, store, clock):
    rules.push(store, NOW)
    clock.moment = at(15)
    send(store, point.pk, [(at(0), 3.0), (at(15), 31.0)])
    engine_until(store, clock, at(16))  # never stopped in an orderly way
    assert not Alarm.records.exists()
    clock.moment = at(31)
    send(store, point.pk, [(at(30), 33.0)])
    engine_until(store, clock, at(31))
    alarm = Alarm.records.get()
    assert (alarm.raised_at, alarm.value, alarm.level) == (at(30), 31.0, 3)  # the timer went on
    assert alarm.seen_at == at(31)
    engine_until(store, clock, at(32))
    assert AlarmStep.objects.count() == 1


def test_the_alarm_climbs_and_clears_as_the_readings_do(point, store, clock):
    rules.push(store, NOW)
    values = [3.0, 31.0, 40.0, 55.0, 60.0, 61.0, 12.0, 3.0, 3.0, 3.0, 3.0, 3.0, 3.0]
    send(store, point.pk, [(at(15 * i), value) for i, value in enumerate(values)])
    engine_until(store, clock, at(200))
    alarm = Alarm.records.get()
    story = [(step.severity, step.on) for step in alarm.steps.all()]
    assert story[:2] == [(3, True), (2, True)]
    assert sorted(story[2:]) == [(2, False), (3, False)]
    assert (alarm.level_max, alarm.state, alarm.cleared_at) == (2, AlarmState.CLEARED, at(90 + 60))


def test_W2_no_data_is_itself_an_alarm_and_ends_with_the_next_reading(device, town, hands, clocks, store, clock):
    entry_of("T-SIL-01", condition={"type": "silence", "after_periods": 3, "severity": 4})
    (point,) = points_of(device, town, hands, 1, period_s=60)
    rules.push(store, NOW)
    send(store, point.pk, [(at(0), 3.0)])
    engine_until(store, clock, at(179))
    assert not Alarm.records.exists()
    engine_until(store, clock, at(180))
    alarm = Alarm.records.get()
    assert (alarm.condition, alarm.raised_at, alarm.level) == ("silence", at(180), 4)
    clock.moment = at(240)
    send(store, point.pk, [(at(240), 3.1)])
    engine_until(store, clock, at(241))
    alarm.refresh_from_db()
    assert alarm.cleared_at == at(240)


def test_history_that_is_filled_in_afterwards_raises_retrospective_alarms_only(point, store, clock):
    rules.push(store, NOW)
    old = NOW - timedelta(days=9)
    rows = [(old + timedelta(seconds=15 * i), 3.0 if i < 4 or i > 20 else 31.0) for i in range(40)]
    send(store, point.pk, rows, lane=BACKFILL)
    engine_until(store, clock, at(5))
    alarm = Alarm.records.get()
    assert alarm.retrospective
    assert alarm.raised_at == old + timedelta(seconds=15 * 4 + 15)
    assert alarm.cleared_at is not None
    assert alarm.raised_at.tzinfo == UTC
