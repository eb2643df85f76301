"""An alarm rule in lines for a person, as the rulebook and the rule pages show it."""

from django.utils import translation

from anlan.kernel.rulebook import wording
from anlan.kernel.rulebook.models import Entry


def test_an_alarm_rule_reads_in_words_with_its_levels():
    level = {
        "type": "level",
        "steps": [{"severity": 3, "limit": 25}, {"severity": 2, "limit": 50}],
        "deadband": 2.5,
        "on_s": 15,
        "off_s": 60,
    }
    silence = {"type": "silence", "after_periods": 3, "severity": 4}
    entry = Entry(kind="alarm", code="GAS-01", body={"kind": "no_such_kind", "conditions": [level, silence]})
    with translation.override("en"):
        lines = [(line.label, line.value, line.level) for line in wording.lines_of(entry)]
    assert lines == [
        ("Holds for points of kind", "no_such_kind", None),
        ("Raised at or above", "25", 3),
        ("Raised at or above", "50", 2),
        ("Falls back only", "2.5 below the limit", None),
        ("Must last before it is raised", "15 s", None),
        ("Must be over before it clears", "1 min", None),
        ("No reading for", "3 sampling periods of the point", 4),
    ]


def lines_of(**body):
    with translation.override("en"):
        return [(line.label, line.value) for line in wording.lines_of(Entry(kind="alarm", code="X", body=body))]


def test_a_rule_over_named_points_says_which_and_what_they_replace():
    lines = lines_of(
        points=["T-1", "T-2"],
        instead_of=["TNK-01"],
        unit="m",
        condition={"type": "level", "steps": [{"severity": 3, "limit": 10}]},
        limits={"T-2": [9]},
    )
    assert lines[0] == ("Holds for the points", "T-1, T-2")
    assert ("Limits of single points", "1 point has limits of its own") in lines
    assert lines[-1] == ("Holds at these points instead of", "TNK-01")


def test_many_points_are_counted_rather_than_listed():
    condition = {"type": "silence", "severity": 4, "after_s": 60}
    told = lines_of(points=[f"P-{n}" for n in range(40)], condition=condition)[0][1]
    assert told.endswith("P-11, 40 in all")


def test_a_body_that_cannot_be_meant_says_so_instead_of_breaking_the_page():
    assert lines_of(kind="other", condition={"type": "guess"})[-1][0] == "Cannot be read"
