"""Each condition of the rulebook, the whole way: entry, log, engine, consumer, alarm, its title and its story."""

from __future__ import annotations

import hashlib
from datetime import timedelta

import pytest
from sensing_world import LEVELS, NOW, entry_of, ms, points_of

from anlan.engine import encode_batch
from anlan.kernel.sensing import consumer, rules, steps
from anlan.kernel.sensing.models import Alarm, PointKind
from anlan.kernel.sensing.runner import Runner
from anlan.kernel.sensing.store import LIVE, NewBatch, open_store

pytestmark = pytest.mark.django_db

LADDER = {"steps": [{"severity": 3, "limit": 10}], "deadband": 1}
A, B, C = "GT-2031", "GT-2032", "GT-2033"


class StandingClock:
    """A clock that shows what it is set to."""

    def __init__(self, moment):
        self.moment = moment

    def __call__(self):
        return ms(self.moment)


@pytest.fixture
def clock():
    return StandingClock(NOW)


@pytest.fixture
def store(clock, settings):
    return open_store(settings.READINGS_URL, clock=clock)


@pytest.fixture
def points(device, town, hands, clocks):
    return points_of(device, town, hands, 3, period_s=60, low=0.0, high=100.0)


def send(store, clock, rows):
    """Readings (point, second, value), each minute a batch and a tick, as they would come."""
    by_minute: dict[int, list[tuple[int, int, float]]] = {}
    for point, second, value in rows:
        by_minute.setdefault(second // 60, []).append((point.pk, ms(NOW) + second * 1000, value))
    for minute, some in sorted(by_minute.items()):
        clock.moment = NOW + timedelta(seconds=minute * 60 + 59)
        payload = encode_batch(*zip(*some, strict=True), [0] * len(some))
        digest = hashlib.sha256(payload).digest()
        store.append_batches([NewBatch("gw-1", digest.hex(), LIVE, len(some), payload, digest, b"{}")])
        store.append_tick()


def judged(store, clock, until_s):
    clock.moment = NOW + timedelta(seconds=until_s)
    runner = Runner(store, consumer.take)
    runner.start()
    runner.round(ms(clock.moment))
    runner.round(ms(clock.moment))
    return list(Alarm.records.order_by("raised_at", "id"))


def minutes(point, values):
    return [(point, 60 * i, value) for i, value in enumerate(values)]


#: condition → the values of the first point, a minute apart; the minute at which the alarm is raised.
ONE_POINT = {
    "level": ({"type": "level", **LADDER}, [1, 1, 12, 12], 2),
    "rate": ({"type": "rate", **LADDER, "window_s": 300, "per_s": 60}, [0, 1, 2, 3, 40, 80, 120], 4),
    "window": ({"type": "window", **LADDER, "terms": [{"of": "sum", "span_s": 600}]}, [3, 3, 3, 3, 3], 3),
    "curve": (
        {"type": "deviation", **LADDER, "curve": [{"month": 1, "day": 1, "value": 50}]},
        [55, 59, 61, 61],
        2,
    ),
    "stuck": ({"type": "stuck", "severity": 4, "after_s": 180}, [5, 5, 5, 5, 5], 3),
    "implausible": ({"type": "implausible", "severity": 4, "range": True}, [5, 5, 180, 5], 2),
    "crossings": (
        {"type": "crossings", "severity": 3, "limit": 10, "span_s": 600, "count": 2},
        [1, 12, 1, 12, 1],
        3,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", ONE_POINT)
def test_each_condition_of_one_point_raises_its_alarm(points, store, clock, name):
    condition, values, minute = ONE_POINT[name]
    entry_of("R-01", body={"points": [A], "condition": condition}, title_zh="越限")
    rules.sync(NOW)
    rules.push(store, NOW)
    send(store, clock, minutes(points[0], [float(value) for value in values]))
    (alarm,) = [one for one in judged(store, clock, 60 * len(values)) if one.entry.code == "R-01"]
    assert alarm.condition == condition["type"]
    assert (alarm.raised_at - NOW).total_seconds() == 60 * minute
    assert steps.of(alarm)[0].title


def test_a_deviation_from_another_point(points, store, clock):
    entry_of("R-01", body={"points": [A], "condition": {"type": "deviation", **LADDER, "other": B}})
    rules.sync(NOW)
    rules.push(store, NOW)
    send(store, clock, minutes(points[1], [5.0] * 5) + minutes(points[0], [6.0, 6.0, 16.0, 16.0, 6.0]))
    (alarm,) = judged(store, clock, 300)
    assert alarm.raised_at == NOW + timedelta(minutes=2)
    assert alarm.cleared_at is not None


def test_two_of_three_points_raise_the_alarm_of_their_anchor(points, store, clock):
    members = [{"point": code, "limit": 10} for code in (A, B, C)]
    condition = {"type": "together", "severity": 1, "members": members, "need": 2}
    entry_of("R-01", body={"condition": condition}, title_zh="三取二")
    rules.sync(NOW)
    rules.push(store, NOW)
    send(store, clock, minutes(points[0], [1.0, 12.0, 12.0, 12.0]) + minutes(points[1], [1.0, 1.0, 12.0, 12.0]))
    (alarm,) = judged(store, clock, 300)
    assert alarm.point.kind == PointKind.GROUP
    assert (alarm.level, alarm.region, alarm.point.site_ref) == (1, points[0].region, "site:9")
    assert alarm.title == "澜润化工 三取二", "the anchor is called as its rule, and not twice"
    assert alarm.raised_at == NOW + timedelta(minutes=2)


def test_three_yellow_points_of_a_vote_make_an_orange_alarm(points, store, clock):
    entry_of("LEVELS", body={"points": [A, B, C], "condition": {"type": "level", **LADDER}})
    vote = {"type": "vote", "members": [A, B, C], "rungs": [{"count": 3, "of": 3, "severity": 2}]}
    entry_of("VOTE", body={"condition": vote})
    rules.sync(NOW)
    rules.push(store, NOW)
    rows = [row for i, point in enumerate(points) for row in minutes(point, [1.0] * (i + 1) + [12.0] * (5 - i))]
    send(store, clock, rows)
    by_code = {alarm.entry.code: alarm for alarm in judged(store, clock, 360)}
    assert by_code["VOTE"].level == 2
    assert by_code["VOTE"].raised_at == NOW + timedelta(minutes=3)
    assert Alarm.records.filter(entry__code="LEVELS").count() == 3


def test_a_bad_instrument_holds_its_limits_down(points, store, clock):
    entry_of("BAD", body={"points": [A, B], "condition": {"type": "implausible", "severity": 4, "high": 50}})
    entry_of("LIMIT", body={"points": [A, B], "condition": LEVELS | {"on_s": 0, "inhibits": [{"rule": "BAD"}]}})
    rules.sync(NOW)
    rules.push(store, NOW)
    send(store, clock, minutes(points[0], [1.0, 180.0, 180.0]) + minutes(points[1], [1.0, 30.0, 30.0]))
    found = {(alarm.entry.code, alarm.point.code) for alarm in judged(store, clock, 200)}
    assert found == {("BAD", A), ("LIMIT", B)}


def test_outside_its_hours_a_rule_is_quiet(points, store, clock):
    local = NOW + timedelta(hours=8)  # Beijing time of the test's moment
    week = {"days": [local.weekday()], "begin": "00:00", "end": f"{local:%H:%M}"}
    entry_of("DAY", body={"points": [A], "condition": LEVELS | {"on_s": 0, "schedule": week}})
    entry_of("ALWAYS", body={"points": [A], "condition": LEVELS | {"on_s": 0}})
    rules.sync(NOW)
    rules.push(store, NOW)
    send(store, clock, minutes(points[0], [1.0, 30.0, 30.0]))
    assert [alarm.entry.code for alarm in judged(store, clock, 200)] == ["ALWAYS"]
