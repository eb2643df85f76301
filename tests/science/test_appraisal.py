from __future__ import annotations

import pytest

from anlan.science.appraisal import Facts, Item, ItemKind, Scale, Step, reckon

RATE = Item("A", ItemKind.COMPUTED, 20, "rate", Scale(zero=60, full=100))
STEPS = Item("B", ItemKind.COMPUTED, 10, "steps", Scale(steps=(Step(100, 100), Step(90, 80))))
LESS = Item("C", ItemKind.COMPUTED, 10, "accidents", Scale(zero=4, full=0))
HAND = Item("D", ItemKind.MANUAL, 10)
VETO = Item("V", ItemKind.VETO, 0)


def test_points_on_a_line_by_steps_and_where_less_is_better():
    values = {("A", "x"): 80, ("B", "x"): 95, ("C", "x"): 1}
    (row,) = reckon([RATE, STEPS, LESS], ["x"], Facts(values))
    assert [cell.points for cell in row.cells] == [10, 8, 7.5]
    assert (row.points, row.known, row.unknown, row.rate) == (25.5, 40, 0, 63.75)


def test_a_value_beyond_the_ends_brings_nothing_or_everything():
    assert [Scale(60, 100).share(v) for v in (0, 60, 100, 250)] == [0, 0, 1, 1]


def test_what_is_not_known_is_no_zero_and_stands_apart():
    rows = reckon([RATE, HAND], ["x", "y", "z"], Facts({("A", "x"): 100, ("A", "y"): 90}, {("D", "y"): 10}))
    by = {row.subject: row for row in rows}
    assert (by["x"].rate, by["x"].unknown) == (100, 10)
    assert (by["y"].rate, by["y"].unknown) == (pytest.approx(83.33), 0)
    assert (by["z"].rate, by["z"].rank, by["z"].points) == (None, None, 0)
    assert [row.subject for row in rows] == ["x", "y", "z"]


def test_equal_rates_share_a_rank_and_the_next_is_left_out():
    values = {("A", name): value for name, value in zip("abcd", (90, 100, 90, 70), strict=True)}
    assert [(row.subject, row.rank) for row in reckon([RATE], "abcd", Facts(values))] == [
        ("b", 1), ("a", 2), ("c", 2), ("d", 4)
    ]  # fmt: skip


def test_a_veto_takes_the_rank_and_the_others_move_up():
    facts = Facts({("A", "a"): 100, ("A", "b"): 70}, vetoes=frozenset({("V", "a")}))
    assert [(row.subject, row.rank, row.vetoed) for row in reckon([RATE, VETO], "ab", facts)] == [
        ("b", 1, ()), ("a", None, ("V",))
    ]  # fmt: skip


def test_points_given_by_a_decision_stand_before_the_measured_value():
    (row,) = reckon([RATE], ["x"], Facts({("A", "x"): 60}, {("A", "x"): 20}))
    assert (row.points, row.cells[0].value) == (20, 60)
    with pytest.raises(ValueError, match="20"):
        reckon([RATE], ["x"], Facts(points={("A", "x"): 21}))


@pytest.mark.parametrize(
    "scale", [Scale(), Scale(1, 1), Scale(steps=(Step(1, 50), Step(2, 100))), Scale(steps=(Step(1, 101),))]
)
def test_a_scale_that_cannot_be_meant_says_so(scale):
    assert list(scale.faults())
