"""Scenarios: what each does to the readings, and that it ends."""

from datetime import UTC, datetime

import numpy as np
import pytest

from anlan.demo.scenarios import (
    CALM_S,
    FAST_PERIOD_S,
    FIRE,
    FLOOD,
    LEAK,
    QUAKE,
    SCENARIOS,
    SLIDE,
    STORM,
    scenario,
)  # fmt: skip
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
    for point in script.points(county.points)[::3]:
        code = point.code
        seconds, value = played(county, script, code, 1500, stopped=120)
        normal = signal(point, STARTED + (seconds * 1000).astype(np.int64), SEED, gaps=False)
        calm = seconds > 120 + 8 * CALM_S
        assert np.array_equal(value[calm], normal[calm]), code


@pytest.mark.parametrize("script", SCENARIOS, ids=lambda s: s.name)
def test_before_and_after_nothing_is_changed(county, script):
    for point in script.points(county.points):
        t = STARTED + np.array([-1, script.fades_s * 1000, script.fades_s * 1000 + 5000])
        normal = signal(point, t, SEED, gaps=False)
        assert np.array_equal(script.apply(point, t, normal, STARTED), normal)
    other = next(point for point in county.points if not script.changes(point))
    assert script.apply(other, STARTED + 60_000, 3.2, STARTED) == 3.2


def crossings(county, script, kind):
    """(seconds until its first limit, its town) of every point of a kind that goes over it, the soonest first."""
    limit = next(r["condition"]["steps"][0]["limit"] for r in county.rules if r.get("kind") == kind)
    found = []
    for point in script.points(county.points):
        if point.kind == kind:
            seconds, value = played(county, script, point.code, script.duration_s)
            if (value >= limit).any():
                found.append((first(seconds, value, limit), point.town))
    return sorted(found)


def test_a_storm_comes_as_rain_then_as_slopes_then_as_rivers_in_several_towns(county):
    rain, slopes, rivers = (crossings(county, STORM, kind) for kind in ("rain", "displacement", "river_stage"))
    assert len(rain) >= 20 and rain[0][0] <= 30 and rain[len(rain) // 2][0] < slopes[0][0] < rivers[0][0]
    assert len({town for _s, town in slopes}) >= 3
    assert len({town for _s, town in rivers}) >= 3


def test_a_storm_keeps_to_what_storms_do(county):
    for point in STORM.points(county.points):
        seconds, value = played(county, STORM, point.code, STORM.fades_s + 600)
        if point.kind == "rain":
            assert value.max() < 140, point.code
            assert value[seconds > STORM.duration_s].max() < 12, point.code
        if point.kind == "river_stage":
            assert value.max() < 8, point.code
            assert np.abs(np.diff(value)).max() < 0.25, point.code  # at twelve times the speed of a river


def test_a_fire_is_seen_by_the_nearest_first_and_silences_what_burns(county):
    reached = crossings(county, FIRE, "hotspot")
    assert 3 <= len(reached) <= 5 and reached[0][0] <= 10
    nearest = played(county, FIRE, "LH-02", FIRE.duration_s)[1]
    assert 250 < nearest.max() < 600
    seconds, rain = played(county, FIRE, "Y-101", FIRE.duration_s + 60)
    gone = seconds[np.isnan(rain)]
    assert (gone.min(), gone.max()) == (420, 1495)
    for tower in ("LH-01", "LH-02", "LH-05"):
        seconds, value = played(county, FIRE, tower, FIRE.duration_s)
        assert value[seconds > 1500].max() < 70, tower


def test_a_quake_shakes_by_distance_cuts_lines_and_leaves_some_real_damage(county):
    shaken = crossings(county, QUAKE, "seismic_intensity")
    assert len(shaken) == 6 and shaken[-1][0] <= 20
    tops = {p.code: played(county, QUAKE, p.code, 300)[1].max() for p in QUAKE.points(county.points)
            if p.kind == "seismic_intensity"}  # fmt: skip
    assert tops["LD-03"] > tops["LD-02"] >= tops["LD-06"] > 5
    gas = [played(county, QUAKE, p.code, QUAKE.duration_s) for p in county.points if p.kind == "combustible_gas"]
    cut = [np.isnan(value) for _s, value in gas]
    assert 20 <= sum(bool(one.any()) for one in cut) <= 50
    assert not any(one[-20:].any() for one in cut)  # power is back
    assert len(crossings(county, QUAKE, "combustible_gas")) >= 2
    assert len({town for _s, town in crossings(county, QUAKE, "displacement")}) >= 2


def test_an_aftershock_is_smaller_than_the_shock(county):
    seconds, value = played(county, QUAKE, "LD-03", QUAKE.duration_s)
    main, after = value[seconds < 400].max(), value[seconds > 450].max()
    assert 3 < after < main - 1
    assert value[(seconds > 420) & (seconds < 480)].max() < 2.5  # told apart


def test_a_flood_of_alarms_takes_160_points_over_their_limits_at_once_and_lets_them_go(county):
    over, normal = [], 0
    for kind in ("combustible_gas", "toxic_gas", "tank_temperature", "tank_pressure"):
        over += [second for second, _town in crossings(county, FLOOD, kind)]
    assert len(over) == len(FLOOD.points(county.points)) == 160
    assert max(over) <= 30
    for point in FLOOD.points(county.points):
        seconds, value = played(county, FLOOD, point.code, FLOOD.duration_s)
        quiet = signal(point, STARTED + (seconds * 1000).astype(np.int64), SEED, gaps=False)
        normal += np.array_equal(value[seconds > 340], quiet[seconds > 340])
    assert normal == 160


@pytest.mark.parametrize("script", SCENARIOS, ids=lambda s: s.name)
def test_every_scenario_says_what_to_expect_and_how_it_ends_in_both_languages(script):
    for words in (script.title, script.text, script.expect):
        assert words and words.isascii()
    for words in (script.title_zh, script.text_zh, script.expect_zh):
        assert any("\u4e00" <= sign <= "\u9fff" for sign in words)
    assert "Ends by itself" in script.expect
    assert script.fades_s >= script.duration_s


def test_a_silent_instrument_stays_silent(county):
    point = county.point_by_code["GT-2031"]
    assert np.isnan(LEAK.apply(point, STARTED + 60_000, np.nan, STARTED))


def test_an_unknown_scenario_names_those_there_are():
    assert scenario("leak") is LEAK
    with pytest.raises(KeyError, match="leak, slide, storm, fire, quake, flood"):
        scenario("volcano")


def test_every_rule_names_source_validity_and_whether_it_was_verified(county):
    codes = [rule["code"] for rule in county.rules]
    assert len(set(codes)) == len(codes)
    for rule in county.rules:
        assert rule["source"]["standard"] and rule["source"]["clause"]
        assert isinstance(rule["verified"], bool) and rule["valid_from"] and rule["title"] and rule["title_zh"]
    silent = {kind for rule in county.rules if rule["condition"]["type"] == "silence" for kind in rule["kinds"]}
    limits = [rule for rule in county.rules if rule["condition"]["type"] == "level"]
    levels = {kind for rule in limits for kind in rule.get("kinds") or [rule["kind"]]}
    kinds = {point.kind for point in county.points}
    assert silent == kinds
    computed = {
        "displacement_rate",
        "tangent_angle",
        "failure_time",
        "effective_rain",
        "fence_distance",
        "person_fence",
    }
    assert levels == kinds | computed


def test_gas_limits_stand_at_or_below_the_ceilings_of_the_clause(county):
    """GB/T 50493-2019, 5.5.2: 25 and 50 %LEL; 100 and 200 % of 10 mg/m3 hydrogen sulphide."""
    ceilings = {"GAS-01": (25, 50), "TOX-01": (10 * 24.45 / 34.08, 20 * 24.45 / 34.08)}
    for rule in county.rules:
        for step, ceiling in zip(rule["condition"].get("steps", ()), ceilings.get(rule["code"], ()), strict=False):
            assert step["limit"] <= ceiling
