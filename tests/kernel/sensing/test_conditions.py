"""Each condition of the rulebook: read, refused, handed to the engine, told in words."""

import pytest
from django.utils import translation

from anlan import engine
from anlan.engine import Level, Silence
from anlan.kernel.sensing.conditions import (
    BadCondition,
    canonical,
    codes_of,
    conditions_of,
    engine_rule,
    faults_of,
    for_period,
    in_words,
    limit_of,
    step_words,
    unit_of,
    with_codes,
)

HIGH = {
    "type": "level",
    "steps": [{"severity": 3, "limit": 25}, {"severity": 2, "limit": 50}],
    "deadband": 2.5,
    "on_s": 15,
    "off_s": 60,
}


def test_seconds_of_the_rulebook_become_milliseconds_of_the_engine():
    (condition,) = conditions_of({"condition": HIGH}, code="GAS-01")
    rule = engine_rule(condition, version=7, points=(3, 4))
    assert rule.version == 7
    assert rule.points == (3, 4)
    assert isinstance(rule.condition, Level)
    assert (rule.condition.on_ms, rule.condition.off_ms) == (15_000, 60_000)
    assert [step.limit for step in rule.condition.steps] == [25.0, 50.0]


def test_periods_of_silence_follow_the_sampling_period_but_never_fall_under_a_minute():
    (condition,) = conditions_of({"condition": {"type": "silence", "after_periods": 3, "severity": 4}}, code="S")
    slow, quick = for_period(condition, 300), for_period(condition, 5)
    assert engine_rule(slow, version=1, points=(1,)).condition == Silence(after_ms=900_000, severity=4)
    assert engine_rule(quick, version=1, points=(1,)).condition == Silence(after_ms=60_000, severity=4)


def test_one_entry_may_hold_a_level_and_a_silence():
    found = conditions_of({"conditions": [HIGH, {"type": "silence", "after_s": 180, "severity": 4}]}, code="X")
    assert [condition["type"] for condition in found] == ["level", "silence"]


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({}, "X"),
        ({"condition": {"type": "guess"}}, "guess"),
        ({"condition": {"type": "level"}}, "steps"),
        ({"condition": HIGH | {"steps": []}}, "1 to 4 steps"),
        ({"condition": HIGH | {"steps": [{"severity": 3, "limit": "much"}]}}, "much"),
        ({"condition": HIGH | {"on_s": float("inf")}}, "inf"),
        ({"condition": {"type": "silence", "severity": 4}}, "after_s"),
        ({"condition": HIGH | {"steps": [{"severity": 2, "limit": 50}, {"severity": 3, "limit": 25}]}}, "above"),
    ],
)
def test_a_condition_that_cannot_be_meant_names_the_entry_and_the_fault(body, says):
    with pytest.raises(BadCondition, match="X") as caught:
        conditions_of(body, code="X")
    assert says in str(caught.value)


def test_equal_conditions_have_one_text():
    (one,) = conditions_of({"condition": HIGH}, code="A")
    (two,) = conditions_of({"condition": dict(reversed(HIGH.items()))}, code="B")
    assert canonical(one) == canonical(two)


def test_the_condition_reads_as_words():
    (condition,) = conditions_of({"condition": HIGH}, code="A")
    with translation.override("en"):
        words = in_words(condition, "%LEL")
    assert words[:3] == ["≥ 25 %LEL", "≥ 50 %LEL", "held for 15 s"]
    assert "2.5 %LEL" in words[3]
    assert words[4].endswith("1 min")


def test_a_step_knows_its_limit():
    (condition,) = conditions_of({"condition": HIGH}, code="A")
    assert limit_of(condition, 1) == 50
    assert limit_of(condition, 2) is None
    assert limit_of({"type": "silence", "after_s": 60, "severity": 4}, 0) is None


STEPS = [{"severity": 3, "limit": 0.5}, {"severity": 2, "limit": 1}]

#: One of each condition as a bureau would write it, its engine form, and its first sentence.
EACH = {
    "rate": (
        {"type": "rate", "steps": STEPS, "window_s": 600},
        engine.Rate(
            steps=(engine.LevelStep(3, 0.5), engine.LevelStep(2, 1.0)), window_ms=600_000, per_ms=3_600_000
        ),
        "rise ≥ 0.5 m per hour over 10 min",
    ),
    "window": (
        {"type": "window", "steps": [{"severity": 3, "limit": 50}], "terms": [{"of": "sum", "span_s": 86400}]},
        engine.Window(
            steps=(engine.LevelStep(3, 50.0),), terms=(engine.Term(span_ms=86_400_000, pane_ms=300_000),)
        ),
        "24 h sum ≥ 50 m",
    ),
    "curve": (
        {
            "type": "deviation",
            "steps": [{"severity": 3, "limit": 0.3}],
            "curve": [{"month": 6, "day": 1, "value": 55}, {"month": 9, "day": 1, "value": 58}],
        },
        engine.Deviation(
            steps=(engine.LevelStep(3, 0.3),),
            curve=(engine.YearPoint(6, 1, 55.0), engine.YearPoint(9, 1, 58.0)),
        ),
        "≥ 0.3 m above the curve (06-01 55 m, 09-01 58 m)",
    ),
    "other": (
        {"type": "deviation", "steps": [{"severity": 3, "limit": 0.3}], "other": "P-2", "stale_s": 900},
        engine.Deviation(steps=(engine.LevelStep(3, 0.3),), other=12, stale_ms=900_000),
        "≥ 0.3 m above P-2",
    ),
    "silence": (
        {"type": "silence", "severity": 4, "after_s": 180},
        engine.Silence(after_ms=180_000, severity=4),
        "no data for 3 min",
    ),
    "stuck": (
        {"type": "stuck", "severity": 4, "after_s": 7200, "floor": 0},
        engine.Stuck(after_ms=7_200_000, severity=4, floor=0.0),
        "value unchanged for 2 h",
    ),
    "implausible": (
        {"type": "implausible", "severity": 4, "low": -1, "high": 12, "jump": 3},
        engine.Implausible(severity=4, low=-1.0, high=12.0, jump=3.0),
        "value outside -1 to 12 m or jump of more than 3 m between two readings",
    ),
    "crossings": (
        {"type": "crossings", "severity": 3, "limit": 5, "span_s": 3600, "count": 4},
        engine.Crossings(limit=5.0, span_ms=3_600_000, count=4, severity=3),
        "rises over 5 m 4 times within 1 h",
    ),
    "together": (
        {
            "type": "together",
            "severity": 2,
            "members": [{"point": "P-1", "limit": 5}, {"point": "P-2", "limit": 1, "direction": "low", "stale_s": 60}],
            "need": 1,
        },
        engine.Together(
            members=(
                engine.Member(point=11, limit=5.0),
                engine.Member(point=12, limit=1.0, direction="low", stale_ms=60_000),
            ),
            need=1,
            severity=2,
        ),
        "any of: P-1 ≥ 5, P-2 ≤ 1",
    ),
    "vote": (
        {
            "type": "vote",
            "members": [f"P-{n}" for n in range(1, 13)],
            "rungs": [{"count": 4, "of": 4, "severity": 3}, {"count": 3, "of": 3, "severity": 2}],
        },
        engine.Vote(
            members=tuple(range(11, 23)),
            rungs=(engine.Rung(count=4, of=4, severity=3), engine.Rung(count=3, of=3, severity=2)),
        ),
        "4 of 12 points blue → yellow",
    ),
}  # fmt: skip
NUMBERS = {f"P-{n}": 10 + n for n in range(1, 13)}


@pytest.mark.parametrize("name", EACH)
def test_each_condition_becomes_the_engines_and_reads_as_a_sentence(name):
    written, expected, sentence = EACH[name]
    (condition,) = conditions_of({"condition": written}, code="X")
    assert engine_rule(condition, version=1, points=(1,), numbers=NUMBERS).condition == expected
    with translation.override("en"):
        assert in_words(condition, "m")[0] == sentence


@pytest.mark.parametrize("name", EACH)
def test_what_was_stored_is_read_again_as_the_same(name):
    (condition,) = conditions_of({"condition": EACH[name][0]}, code="X")
    assert conditions_of({"condition": condition}, code="X") == [condition]


@pytest.mark.parametrize("name", EACH)
def test_a_misspelt_field_is_refused_by_its_name(name):
    with pytest.raises(BadCondition, match="deadbnd"):
        conditions_of({"condition": EACH[name][0] | {"deadbnd": 1}}, code="X")


def test_schedule_and_inhibition_belong_to_any_condition():
    written = HIGH | {
        "schedule": {"days": [4, 0], "begin": "08:00", "end": "18:30"},
        "inhibits": [{"rule": "MAINT-01", "severity": 3}],
    }
    (condition,) = conditions_of({"condition": written}, code="X")
    rule = engine_rule(condition, version=1, points=(1,), inhibits=[(9, 1, 3)])
    assert rule.schedule == engine.Schedule(days=(0, 4), begin=480, end=1110, zone_ms=28_800_000)
    assert rule.inhibits == (engine.Inhibit(version=9, point=1, severity=3),)
    with translation.override("en"):
        assert in_words(condition, "%LEL")[-2:] == [
            "only Mon, Fri 08:00 to 18:30",
            "held down while MAINT-01 is on at yellow or more severe",
        ]


@pytest.mark.parametrize("time", ["8", "24:30", "08:70", "noon"])
def test_a_time_of_day_that_is_none_is_refused(time):
    with pytest.raises(BadCondition, match="X"):
        conditions_of({"condition": HIGH | {"schedule": {"begin": time}}}, code="X")


def test_the_range_of_the_instrument_is_filled_in_for_each_point():
    (condition,) = conditions_of({"condition": {"type": "implausible", "severity": 4, "range": True}}, code="X")
    settled = for_period(condition, 60, low=0.0, high=16.0)
    assert engine_rule(settled, version=1, points=(1,)).condition == engine.Implausible(severity=4, low=0.0, high=16.0)
    assert for_period(condition, 60) is None, "nothing can be said of an instrument whose range is not known"


def test_the_mukilteo_rule_is_a_sum_of_two_weighted_windows():
    """P3 >= 3.5 in - 0.67 P15: USGS landslides-thresholds, `thresh_in.txt`."""
    terms = [
        {"span_s": 259_200, "pane_s": 3600},
        {"span_s": 1_296_000, "pane_s": 3600, "lag_s": 259_200, "weight": 0.67},
    ]
    written = {"type": "window", "steps": [{"severity": 3, "limit": 88.9}], "terms": terms}
    (condition,) = conditions_of({"condition": written}, code="X")
    with translation.override("en"):
        assert step_words(condition, "mm") == ["1 × 72 h sum + 0.67 × 15 days sum until 72 h before ≥ 88.9 mm"]


def test_a_fall_is_told_by_its_size_and_a_rate_has_a_unit_of_its_own():
    written = {
        "type": "rate",
        "direction": "low",
        "steps": [{"severity": 3, "limit": -2}],
        "window_s": 300,
        "per_s": 60,
    }
    (condition,) = conditions_of({"condition": written}, code="X")
    with translation.override("en"):
        assert step_words(condition, "MPa") == ["fall ≥ 2 MPa per minute over 5 min"]
        assert unit_of(condition, "MPa") == "MPa/min"
    assert limit_of(condition, 0) is None, "it is no limit of the value that the curve shows"


def test_the_points_that_a_condition_names_may_be_called_otherwise():
    (condition,) = conditions_of({"condition": EACH["together"][0]}, code="X")
    assert codes_of(condition) == ["P-1", "P-2"]
    assert codes_of(with_codes(condition, {"P-1": "run/P-1"})) == ["run/P-1", "P-2"]


def test_limits_of_single_points_must_fit_the_steps():
    body = {"kind": "tank_level", "condition": HIGH, "limits": {"T-1": [9, 10], "T-2": [9], "T-3": [11, 10]}}
    faults = faults_of(body)
    assert [fault[:3] for fault in faults] == ["T-2", "T-3"]
    assert "2 limits are needed" in faults[0]


def test_a_rule_says_which_points_it_is_about():
    assert faults_of({"condition": HIGH})
    assert not faults_of({"points": ["T-1"], "condition": HIGH})
    assert not faults_of({"site": "site:9", "condition": HIGH})
    assert not faults_of({"condition": EACH["vote"][0]})
    assert faults_of({"kind": "other", "conditions": [HIGH, EACH["vote"][0]]})
