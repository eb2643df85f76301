"""Scenarios: what the leak and the slide do to the readings."""

from datetime import UTC, datetime

import numpy as np
import pytest

from anlan.demo.scenarios import CALM_S, FAST_PERIOD_S, LEAK, SCENARIOS, SLIDE, scenario
from anlan.demo.signals import ms, signal

SEED = 20261122
STARTED = ms(datetime(2026, 11, 22, 3, 15, tzinfo=UTC))


def played(county, script, code, seconds, *, stopped=None):
    point = county.point_by_code[code]
    t = STARTED + np.arange(-60, seconds, FAST_PERIOD_S) * 1000
    stop = None if stopped is None else STARTED + stopped * 1000
    return (t - STARTED) / 1000, script.apply(point, t, signal(point, t, SEED, gaps=False), STARTED, stop)


def limits(county, code):
    kind = county.point_by_code[code].kind
    return [
        step["limit"]
        for rule in county.rules
        if rule.get("kind") == kind and rule["condition"].get("direction") == "high"
        for step in rule["condition"]["steps"]
    ]


def first(seconds, value, limit):
    assert (value >= limit).any(), limit
    return seconds[np.argmax(value >= limit)]


@pytest.mark.parametrize("script", SCENARIOS, ids=lambda s: s.name)
def test_a_first_limit_holds_within_a_minute_of_the_start(county, script):
    """Crossed early enough that the rule's own on-delay ends before the minute does."""
    soonest = []
    for point in script.points(county.points):
        rules = [r for r in county.rules if r.get("kind") == point.kind and r["condition"].get("direction") == "high"]
        for rule in rules:
            seconds, value = played(county, script, point.code, 300)
            limit = rule["condition"]["steps"][0]["limit"]
            if (value >= limit).any():
                soonest.append(first(seconds, value, limit) + rule["condition"]["on_s"])
    assert min(soonest) <= 60
    assert len(soonest) >= 2


def test_the_leak_is_seen_in_order_of_distance_and_not_against_the_wind(county):
    crossed = []
    for code in ("GT-2031", "GT-2032", "GT-2033"):
        seconds, value = played(county, LEAK, code, 700)
        crossed.append(first(seconds, value, 25))
    assert crossed == sorted(crossed)
    assert crossed[-1] <= 60
    seconds, value = played(county, LEAK, "GT-2031", 700)
    assert first(seconds, value, 50) <= 60
    assert played(county, LEAK, "GT-2034", 1500)[1].max() < 25


def test_the_leak_ends_normal_after_the_valves_are_closed(county):
    for code in ("GT-2031", "GT-2032", "GT-2033", "GT-2034"):
        seconds, value = played(county, LEAK, code, LEAK.duration_s)
        assert value[seconds > 1320].max() < 12


def test_the_tank_loses_what_leaked_until_it_is_refilled(county):
    seconds, value = played(county, LEAK, "LT-2031", LEAK.fades_s + 600)
    point = county.point_by_code["LT-2031"]
    normal = signal(point, STARTED + (seconds * 1000).astype(np.int64), SEED, gaps=False)
    lost = normal - value
    assert np.all(lost[seconds < 0] == 0)
    assert lost[(seconds > 800) & (seconds < 7000)] == pytest.approx(0.24, abs=0.011)
    assert np.all(lost[seconds >= LEAK.fades_s] == 0)
    assert np.abs(np.diff(value)).max() < 0.06  # no jump anywhere


def test_the_slope_goes_through_all_levels_in_ten_minutes_and_rests(county):
    yellow, orange, red = limits(county, "GNSS-02")
    seconds, value = played(county, SLIDE, "GNSS-02", SLIDE.duration_s)
    reached = [first(seconds, value, limit) for limit in (yellow, orange, red)]
    assert reached[0] <= 60
    assert reached == sorted(reached)
    assert 400 < reached[-1] < 660
    rest = value[seconds > 700]
    assert rest.max() - rest.min() < 2.0
    # It quickens: the last two minutes before rest bring more than the five before them.
    at = lambda s: value[np.argmin(np.abs(seconds - s))]  # noqa: E731
    assert at(620) - at(500) > at(500) - at(200)


def test_the_cloudburst_comes_before_the_slip_and_passes(county):
    seconds, rain = played(county, SLIDE, "Y-101", SLIDE.duration_s)
    assert first(seconds, rain, 20) < 30
    assert rain.max() < 60
    assert rain[-1] < 8


@pytest.mark.parametrize("script", SCENARIOS, ids=lambda s: s.name)
def test_a_stopped_scenario_dies_away_within_minutes(county, script):
    for code in script.touches:
        seconds, value = played(county, script, code, 1500, stopped=120)
        point = county.point_by_code[code]
        normal = signal(point, STARTED + (seconds * 1000).astype(np.int64), SEED, gaps=False)
        calm = seconds > 120 + 8 * CALM_S
        assert np.array_equal(value[calm], normal[calm]), code


@pytest.mark.parametrize("script", SCENARIOS, ids=lambda s: s.name)
def test_before_and_after_nothing_is_changed(county, script):
    for code in script.touches:
        point = county.point_by_code[code]
        t = STARTED + np.array([-1, script.fades_s * 1000, script.fades_s * 1000 + 5000])
        normal = signal(point, t, SEED, gaps=False)
        assert np.array_equal(script.apply(point, t, normal, STARTED), normal)
    other = county.point_by_code["GT-1011"]
    assert script.apply(other, STARTED + 60_000, 3.2, STARTED) == 3.2


def test_a_silent_instrument_stays_silent(county):
    point = county.point_by_code["GT-2031"]
    assert np.isnan(LEAK.apply(point, STARTED + 60_000, np.nan, STARTED))


def test_an_unknown_scenario_names_those_there_are():
    assert scenario("leak") is LEAK
    with pytest.raises(KeyError, match="leak, slide"):
        scenario("quake")


def test_every_rule_names_source_validity_and_whether_it_was_verified(county):
    codes = [rule["code"] for rule in county.rules]
    assert len(set(codes)) == len(codes)
    for rule in county.rules:
        assert rule["source"]["standard"] and rule["source"]["clause"]
        assert isinstance(rule["verified"], bool) and rule["valid_from"] and rule["title"] and rule["title_zh"]
    silent = {kind for rule in county.rules if rule["condition"]["type"] == "silence" for kind in rule["kinds"]}
    levels = {rule["kind"] for rule in county.rules if rule["condition"]["type"] == "level"}
    assert silent == levels == {point.kind for point in county.points}


def test_gas_limits_stand_at_or_below_the_ceilings_of_the_clause(county):
    """GB/T 50493-2019, 5.5.2: 25 and 50 %LEL; 100 and 200 % of 10 mg/m3 hydrogen sulphide."""
    ceilings = {"GAS-01": (25, 50), "TOX-01": (10 * 24.45 / 34.08, 20 * 24.45 / 34.08)}
    for rule in county.rules:
        for step, ceiling in zip(rule["condition"].get("steps", ()), ceilings.get(rule["code"], ()), strict=False):
            assert step["limit"] <= ceiling
