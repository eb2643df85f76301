"""Signals: the value of any point at any moment, from the moment alone."""

from datetime import UTC, datetime

import numpy as np
import pytest

from anlan.demo.signals import DAY_MS, HOUR_MS, history, ms, sample_times, signal, year_share
from anlan.demo.weather import storms

SEED = 20261122
START = ms(datetime(2026, 10, 23, tzinfo=UTC))


def one_of_each(county):
    seen = {}
    for point in county.points:
        seen.setdefault(point.kind, point)
    return list(seen.values())


def rounds(values, digits):
    return np.allclose(values, np.round(values, digits), rtol=0, atol=0, equal_nan=True)


def test_any_slice_gives_the_same_values_as_the_whole(county):
    rng = np.random.default_rng(3)
    for point in one_of_each(county):
        t = sample_times(point, START, START + 3 * DAY_MS)
        whole = signal(point, t, SEED)
        cut = np.sort(rng.integers(0, t.size, 6))
        pieces = [signal(point, piece, SEED) for piece in np.split(t, cut)]
        assert np.array_equal(np.concatenate(pieces), whole, equal_nan=True), point.code
        mixed = rng.permutation(t.size)
        assert np.array_equal(signal(point, t[mixed], SEED), whole[mixed], equal_nan=True), point.code
        alone = [float(signal(point, t[i], SEED)) for i in (0, t.size // 2, t.size - 1)]
        assert np.array_equal(alone, whole[[0, t.size // 2, t.size - 1]], equal_nan=True), point.code


def test_another_seed_gives_other_values(county):
    for point in one_of_each(county):
        t = START + np.arange(0, 10 * DAY_MS, HOUR_MS)
        assert not np.array_equal(signal(point, t, SEED, gaps=False), signal(point, t, SEED + 1, gaps=False)), (
            point.kind
        )


def test_values_are_what_the_instrument_can_say(county):
    for point in county.points[::5]:
        t = sample_times(point, START, START + DAY_MS, 600)
        value = signal(point, t, SEED, gaps=False)
        assert np.all((value >= point.low) & (value <= point.high)), point.code
        assert rounds(value, point.digits), point.code
        may_rest = point.kind in ("rain", "seismic_intensity")
        assert np.unique(value).size > 3 or may_rest, point.code


def test_no_moment_gives_no_value(county):
    for point in one_of_each(county):
        assert signal(point, np.empty(0, np.int64), SEED).size == 0


def test_sampling_moments_do_not_depend_on_the_window(county):
    point = county.points[0]
    whole = sample_times(point, START, START + DAY_MS)
    halves = [sample_times(point, START, START + 7 * HOUR_MS), sample_times(point, START + 7 * HOUR_MS, START + DAY_MS)]
    assert np.array_equal(np.concatenate(halves), whole)
    assert np.all(np.diff(whole) == point.period_s * 1000)
    assert START <= whole[0] < START + point.period_s * 1000


def test_tanks_warm_up_in_the_afternoon(county):
    tanks = [point for point in county.points if point.kind == "tank_temperature"][:8]
    three_in_the_night, four_in_the_afternoon = 19, 8  # UTC
    for tank in tanks:
        days = START + DAY_MS * np.arange(30)
        night = signal(tank, days + three_in_the_night * HOUR_MS, SEED, gaps=False).mean()
        day = signal(tank, days + four_in_the_afternoon * HOUR_MS, SEED, gaps=False).mean()
        assert day - night > 1.0, tank.code


def test_neighbouring_gauges_share_a_storm(county):
    storm = max(storms(START, START + 30 * DAY_MS, SEED), key=lambda s: s.peak_mm_h)
    gauges = [point for point in county.points if point.kind == "rain"]
    far = [np.hypot(g.traits["x"] - storm.x, g.traits["y"] - storm.y) for g in gauges]
    near = [gauges[i] for i in np.argsort(far)[:3]]
    at_height = storm.start_ms + int(0.43 * storm.length_ms)
    around = at_height + np.arange(-1_200_000, 1_200_000, 120_000)
    assert all(signal(gauge, around, SEED, gaps=False).mean() > 3 for gauge in near)


def test_a_river_answers_rain_after_a_while_and_falls_back(county):
    gauges = [point for point in county.points if point.kind == "river_stage"]
    heavy = [storm for storm in storms(START, START + 400 * DAY_MS, SEED) if storm.peak_mm_h > 30]
    storm, gauge = max(
        ((s, g) for s in heavy for g in gauges),
        key=lambda sg: sg[0].depth_mm(sg[1].traits["rain_x"], sg[1].traits["rain_y"]),
    )
    t = storm.start_ms + np.arange(-12 * HOUR_MS, 6 * DAY_MS, 600_000)
    stage = signal(gauge, t, SEED, gaps=False)
    calm, top, after = stage[:60].mean(), stage.max(), stage[-60:].mean()
    assert top - calm > 0.8
    assert t[stage.argmax()] > storm.start_ms + gauge.traits["lag_h"] * HOUR_MS
    assert after - calm < 0.3 * (top - calm)


def test_slopes_creep_and_start_anew_with_the_year(county):
    slope = next(p for p in county.points if p.kind == "displacement" and p.traits["creep_mm"] > 5)
    day = ms(datetime(2026, 1, 5, tzinfo=UTC))
    early, late = (
        signal(slope, day + shift * DAY_MS + HOUR_MS * np.arange(24), SEED, gaps=False).mean() for shift in (0, 350)
    )
    assert late - early > 0.8 * slope.traits["creep_mm"]
    again = signal(slope, day + 366 * DAY_MS + HOUR_MS * np.arange(24), SEED, gaps=False).mean()
    assert again < early + 1.5


def test_the_year_turns_at_midnight_of_the_county():
    new_year = ms(datetime(2026, 12, 31, 16, tzinfo=UTC))
    assert year_share(np.array([new_year]))[0] == 0
    assert year_share(np.array([new_year - 1]))[0] == pytest.approx(1, abs=1e-9)


def test_silence_is_rare_and_leaves_no_row(county):
    points = county.points[::10]
    t = START + np.arange(0, 30 * DAY_MS, 600_000)
    silent = np.mean([np.isnan(signal(point, t, SEED)).mean() for point in points])
    assert 0.0005 < silent < 0.01
    rows = next(history(points, START, START + 6 * HOUR_MS, SEED, hours=6))
    assert not np.isnan(rows.value).any()


def test_history_is_in_order_and_does_not_depend_on_the_cut(county):
    points = county.points[::9]
    whole = next(history(points, START, START + 12 * HOUR_MS, SEED, hours=12))
    pieces = list(history(points, START, START + 12 * HOUR_MS, SEED, hours=5))
    assert np.all(np.diff(whole.t_ms) >= 0)
    for column in ("point", "t_ms", "value"):
        joined = np.concatenate([getattr(piece, column) for piece in pieces])
        assert np.array_equal(joined, getattr(whole, column)), column
    assert len(pieces) == 3
    assert set(whole.point.tolist()) == set(range(len(points)))


def exceedances(county, start, days):
    """How often a first limit is crossed: plain count with the deadband, by rule."""
    found = []
    for rule in county.rules:
        condition = rule["condition"]
        if condition["type"] != "level":
            continue
        sign = 1 if condition["direction"] == "high" else -1
        on, off = sign * condition["steps"][0]["limit"], sign * condition["steps"][0]["limit"] - condition["deadband"]
        for point in county.points:
            if point.kind not in (rule.get("kinds") or [rule["kind"]]):
                continue
            value = sign * signal(point, sample_times(point, start, start + days * DAY_MS, 300), SEED)
            above = False
            for v in value[(value >= on) | (value < off)].tolist():
                if v >= on and not above:
                    found.append((rule["code"], point.code))
                above = v >= on
    return found


def test_thirty_days_raise_a_handful_of_honest_alarms(county):
    for day in (0, 173):
        found = exceedances(county, START + day * DAY_MS, 30)
        assert 6 <= len(found) <= 18, found
        assert len({code for code, _ in found}) >= 4  # of several kinds
        assert not any(code in ("TNK-02", "DSP-01") for code, _ in found)
