import pytest
from django.utils import translation

from anlan.engine import Level, Silence
from anlan.kernel.sensing.conditions import (
    BadCondition,
    canonical,
    conditions_of,
    engine_rule,
    for_period,
    in_words,
    limit_of,
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
