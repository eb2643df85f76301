"""Device health: what is counted from the log, what it comes to, and that counting again changes nothing."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sensing_world import NOW, ms, points_of
from standing_clock import Clock

from anlan.engine import encode_batch
from anlan.kernel.sensing import health
from anlan.kernel.sensing.models import Device, Point, PointDay, PointHealth
from anlan.kernel.sensing.store import BACKFILL, LIVE, NewBatch, Store

START = ms(NOW)
MINUTE = 60_000


@pytest.fixture
def clock(readings: Store, monkeypatch: pytest.MonkeyPatch) -> Clock:
    found = Clock(START)
    monkeypatch.setattr(readings, "clock", found)
    readings.append_tick()
    return found


@pytest.fixture
def two(device: Device, town, hands) -> list[Point]:
    """Two points that sample once a minute."""
    return points_of(device, town, hands, 2, period_s=60)


@pytest.fixture
def log(readings: Store, clock: Clock, two: list[Point]):
    """Let minutes pass: `log(10, {0: 0, 1: -500})`: ticks, and each minute a reading of these points, so late (ms)."""
    numbers = iter(range(1, 1_000_000))

    def minutes(n: int, late: dict[int, int] | None = None, lane: str = LIVE) -> None:
        for _minute in range(n):
            clock.now += MINUTE
            readings.append_tick()
            for place, by in (late or {}).items():
                payload = encode_batch([two[place].pk], [clock.now - by], [1.0], [0])
                arrival = clock.now if lane != LIVE else None
                batch = NewBatch("gw-1", f"b{next(numbers)}", lane, 1, payload, payload[-16:], arrival=arrival)
                readings.append_batches([batch])

    return minutes


def now_of(clock: Clock):
    return NOW + timedelta(milliseconds=clock.now - START)


def day_of(point: Point) -> PointDay:
    return PointDay.objects.get(point=point)


def test_of_two_points_the_one_that_sent_half_was_half_online(readings: Store, clock: Clock, log, two):
    health.count(readings, NOW)
    log(30, {0: 0, 1: 0})
    log(30, {0: 0})
    health.count_health(now=now_of(clock))
    one, other = (PointHealth.objects.get(point=point) for point in two)
    assert (one.rate_today, one.rate_week, one.rate_month) == (1.0, 1.0, 1.0)
    assert other.rate_today == pytest.approx(0.5)
    assert (one.gaps, other.gaps) == (0, 0)
    assert ms(other.last_at) == START + 30 * MINUTE


def test_a_pause_of_a_device_is_a_gap_with_its_length_and_begin(readings: Store, clock: Clock, log, two):
    health.count(readings, NOW)
    log(10, {0: 0, 1: 0})
    log(20, {0: 0})
    log(5, {0: 0, 1: 0})
    health.count_health(now=now_of(clock))
    found = PointHealth.objects.get(point=two[1])
    assert (found.gaps, found.longest_s, ms(found.longest_from)) == (1, 21 * 60, START + 10 * MINUTE)
    assert PointHealth.objects.get(point=two[0]).gaps == 0


def test_a_pause_of_our_own_is_no_gap_and_nobody_misses_it(readings: Store, clock: Clock, log, two):
    health.count(readings, NOW)
    log(10, {0: 0})
    clock.now += 60 * MINUTE
    log(10, {0: 0})
    health.count_health(now=now_of(clock))
    found = PointHealth.objects.get(point=two[0])
    assert found.gaps == 0
    assert found.rate_today == 1.0
    assert day_of(two[0]).watched_s == 19 * 60


def test_a_slow_clock_shows_as_offset_with_median_and_worst(readings: Store, clock: Clock, log, two):
    health.count(readings, NOW)
    log(9, {0: 2_000})
    log(1, {0: -40_000})
    health.count_health(now=now_of(clock))
    found = PointHealth.objects.get(point=two[0])
    assert (found.offset_ms, found.offset_worst_ms) == (2_000, -40_000)


def test_old_data_and_repetitions_do_not_make_a_device_online(readings: Store, clock: Clock, log, two):
    health.count(readings, NOW)
    log(10, {0: 0}, lane=BACKFILL)
    log(10)
    payload = encode_batch([two[1].pk], [clock.now], [1.0], [0])
    for n in range(10):
        readings.append_batches([NewBatch("gw-1", f"again{n}", LIVE, 1, payload, payload[-16:])])
    health.count_health(now=now_of(clock))
    assert day_of(two[0]).came == 0
    assert PointHealth.objects.get(point=two[0]).rate_today == 0
    assert day_of(two[1]).came == 1


def test_counting_the_same_records_again_changes_nothing(readings: Store, clock: Clock, log, two):
    health.count(readings, NOW)
    at = readings.position(health.HEALTH)
    log(10, {0: 0, 1: 0})
    log(10, {0: 0})
    health.count(readings, now_of(clock))
    before = list(PointDay.objects.order_by("id").values())
    readings.set_position(health.HEALTH, at)  # as after a crash before the position was stored
    health.count(readings, now_of(clock))
    assert list(PointDay.objects.order_by("id").values()) == before


def test_counting_in_pieces_gives_the_same_as_at_once(readings: Store, clock: Clock, log, two):
    health.count(readings, NOW)
    at = readings.position(health.HEALTH)
    for late in ({0: 0, 1: 0}, {0: 0}, {0: 0, 1: 0}):
        log(7, late)
        health.count(readings, now_of(clock))
    pieces = [
        (day.watched_s, day.came, day.gaps, day.longest_s, day.longest_from)
        for day in PointDay.objects.order_by("point")
    ]
    PointDay.objects.update(watched_s=0, came=0, gaps=0, longest_s=0, longest_from=None, last_ms=-1, upto_ms=START)
    readings.set_position(health.HEALTH, at)
    health.count(readings, now_of(clock))
    at_once = [
        (day.watched_s, day.came, day.gaps, day.longest_s, day.longest_from)
        for day in PointDay.objects.order_by("point")
    ]
    assert at_once == pieces
    assert [row[2] for row in pieces] == [0, 1]


def test_a_point_that_never_sent_is_offline_from_its_second_count_on(readings: Store, clock: Clock, log, two):
    health.count_health(now=NOW)
    assert PointHealth.objects.get(point=two[0]).rate_today is None
    log(10)
    health.count_health(now=now_of(clock))
    found = PointHealth.objects.get(point=two[0])
    assert (found.rate_today, found.last_at) == (0, None)


def test_a_gap_over_midnight_counts_on_the_day_on_which_it_ended(readings: Store, clock: Clock, log, two):
    health.count(readings, NOW)
    log(5, {0: 0})
    health.count(readings, now_of(clock))
    for _hour in range(24):
        log(60)
        health.count(readings, now_of(clock))
    log(1, {0: 0})
    health.count_health(now=now_of(clock))
    yesterday, today = PointDay.objects.filter(point=two[0]).order_by("day")
    assert (yesterday.gaps, today.gaps) == (0, 1)
    assert today.longest_s == 24 * 3600 + 60
    found = PointHealth.objects.get(point=two[0])
    assert 0 < found.rate_week < 0.01


def test_days_that_are_over_are_forgotten_and_points_switched_off_leave_the_list(
    readings: Store, clock: Clock, log, two
):
    health.count_health(now=NOW)
    log(10, {0: 0, 1: 0})
    health.count_health(now=now_of(clock))
    Point.records.filter(pk=two[1].pk).update(enabled=False)
    health.count_health(now=now_of(clock) + timedelta(seconds=1))
    assert list(PointHealth.objects.values_list("point", flat=True)) == [two[0].pk]
    health.reckon(NOW + timedelta(days=31))
    assert not PointDay.objects.exists()


def test_counting_asks_the_database_a_few_questions_whatever_the_number_of_points(
    readings: Store, clock: Clock, log, two, device, town, django_assert_max_num_queries
):
    health.count(readings, NOW)
    more = [{"code": f"X-{i}", "name": "x", "kind": "other", "region": town, "device": device} for i in range(300)]
    Point.records.bulk_create(Point(**row) for row in more)
    log(1, {0: 0, 1: 0})
    with django_assert_max_num_queries(10):
        health.count(readings, now_of(clock))
    assert PointDay.objects.count() == 302
