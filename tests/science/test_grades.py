"""Grades by several bounds: disasters, tailings ponds, enterprises."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anlan.science.grades import Scale, grade, scale_of
from tests.science.shipped import entries

GRADINGS = {code: Scale.of(body) for code, body in entries("gradings").items()}
ENTERPRISES = {code: (body["industries"], Scale.of(body)) for code, body in entries("enterprise_scales").items()}
ALL = {**GRADINGS, **{code: scale for code, (_codes, scale) in ENTERPRISES.items()}}


@pytest.mark.parametrize(
    ("dead", "loss", "name"),
    [
        (30, 0, "very-large"),
        (29, 999, "large"),
        (0, 1000, "very-large"),
        (3, 0, "medium"),
        (2, 500, "large"),
        (2, 99.9, "small"),
        (0, 0, "small"),
    ],
)
def test_a_geological_disaster_has_the_highest_grade_that_deaths_or_loss_reach(dead, loss, name):
    """地质灾害防治条例, 第四条."""
    assert grade({"dead": dead, "loss_wan": loss}, GRADINGS["GEOHAZARD-LOSS"]).grade == name


@pytest.mark.parametrize(
    ("volume", "height", "name"),
    [
        (50, 20, "grade-5"),
        (99.9, 30, "grade-4"),  # one apart: the higher
        (50, 65, "grade-4"),  # five and three: more than one apart, so three lowered by one
        (1000, 60, "grade-3"),
        (50, 250, "grade-2"),
        (50_000, 199, "grade-1"),
    ],
)
def test_a_tailings_pond_has_the_higher_grade_or_one_less_where_they_are_far_apart(volume, height, name):
    """GB 50863-2013, 3.3.1."""
    assert grade({"volume_wan_m3": volume, "height_m": height}, GRADINGS["TAILINGS-POND"]).grade == name


@pytest.mark.parametrize(
    ("industry", "values", "name"),
    [
        (["2614", "261", "26", "C"], {"employees": 1000, "revenue": 40_000}, "large"),
        (["2614", "261", "26", "C"], {"employees": 1000, "revenue": 39_999}, "medium"),
        (["2614", "261", "26", "C"], {"employees": 5000, "revenue": 299}, "micro"),
        (["2614", "261", "26", "C"], {"employees": 19, "revenue": 100_000}, "micro"),
        (["5940", "594", "59", "G"], {"employees": 100, "revenue": 1000}, "medium"),
        (["5910", "591", "59", "G"], {"employees": 100, "revenue": 1000}, "small"),
        (["7010", "701", "70", "K"], {"revenue": 1000, "assets": 5000}, "medium"),
        (["7090", "709", "70", "K"], {"employees": 9}, "micro"),
        (["47", "E"], {"revenue": 6000, "assets": 4999}, "small"),
    ],
)
def test_an_enterprise_has_the_highest_scale_all_of_whose_bounds_it_reaches(industry, values, name):
    """统计上大中小微型企业划分办法 (2017); cargo handling (591) is transport, other storage is not."""
    scale = scale_of(industry, list(ENTERPRISES.values()))
    assert scale is not None
    assert grade(values, scale).grade == name


@pytest.mark.parametrize(
    "industry", [["53", "G"], ["66", "J"], ["7040", "704", "70", "K"], ["83", "P"], ["92", "S"], []]
)
def test_railways_banks_schools_and_the_state_are_not_divided(industry):
    assert scale_of(industry, list(ENTERPRISES.values())) is None


def test_a_value_that_is_not_known_leaves_open_what_it_could_still_lead_to():
    loss = grade({"dead": 5, "loss_wan": None}, GRADINGS["GEOHAZARD-LOSS"])
    assert (loss.grade, loss.possible, loss.missing) == (None, ("very-large", "large", "medium"), ("loss_wan",))
    assert loss.by == {"dead": "medium"}
    certain = grade({"dead": 40}, GRADINGS["GEOHAZARD-LOSS"])
    assert (certain.grade, certain.missing) == ("very-large", ("loss_wan",)), "nothing is graver"
    small = grade({"employees": 5}, ENTERPRISES["SCALE-INDUSTRY"][1])
    assert small.grade == "micro", "one bound missed is enough"


def test_what_cannot_be_meant_is_refused():
    scale = GRADINGS["GEOHAZARD-LOSS"]
    for bad in (-1, math.nan, math.inf):
        with pytest.raises(ValueError, match="dead"):
            grade({"dead": bad}, scale)
    with pytest.raises(ValueError, match="no criterion injured"):
        grade({"injured": 1}, scale)


values = st.floats(0, 1e6)


@given(st.sampled_from(sorted(ALL)), st.data())
def test_more_of_anything_never_lowers_a_grade_and_the_unknown_brackets_it(code, data):
    scale = ALL[code]
    order = [one.code for one in scale.grades]
    low = {one: data.draw(values) for one in scale.criteria}
    high = {one: value + data.draw(values) for one, value in low.items()}
    before, after = grade(low, scale), grade(high, scale)
    assert order.index(after.grade) <= order.index(before.grade)
    hidden = data.draw(st.sampled_from(scale.criteria))
    assert before.grade in grade(low | {hidden: None}, scale).possible
