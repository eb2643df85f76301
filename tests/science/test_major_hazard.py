"""GB 18218-2018: identification and grade of major hazards, every term of S and R."""

from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anlan.science.major_hazard import (
    Form,
    Grading,
    Identification,
    Lack,
    Outcome,
    Rules,
    Stock,
    cas_is_valid,
    grade,
    identify,
)
from tests.science.shipped import entries

RULES = Rules.of(entries("major_hazard").values())
#: Rows of table 1 whose β is known, by their full names.
NAMES = [one.name_zh for one in RULES.substances.values() if one.row in {*RULES.gases, *RULES.assumed}]

tonnes = st.decimals(0, 10_000, places=3)
stocks = st.lists(st.builds(Stock, st.sampled_from(NAMES), tonnes), max_size=6)
people = st.integers(0, 1000)


def graded(*stocks: Stock, people: int | None = 0) -> Grading:
    return grade(identify(stocks, RULES), people, RULES)


# --- published --------------------------------------------------------------------------------------------------------


def test_the_unit_of_the_examination_has_s_2_6_and_r_85_6_and_is_of_level_2():
    """Examination bank: 2 t of Q 5 and β 5, 2 t of Q 1 and β 20, 1 t of Q 5 and β 4, 102 people."""
    result = graded(Stock("硫化氢", 2), Stock("磷化氢", 2), Stock("氯", 1), people=102)
    assert result.identification.s == 2.6
    assert [(one.share, one.threshold.value, one.beta.value) for one in result.identification.terms] == [
        (0.4, 5, 5),
        (2, 1, 20),
        (0.2, 5, 4),
    ]
    assert [one.weighted for one in result.identification.terms] == [2, 40, 0.8]
    assert (result.alpha.value, result.r, result.level, result.levels) == (2, 85.6, 2, (2,))
    assert (result.outcome, result.verified, result.missing) == (Outcome.GRADED, True, ())


def test_the_example_of_the_how_to_page_is_what_comes_out():
    """docs/how-to/use-shared-rules.md."""
    found = graded(Stock("液氨", 12), Stock("7782-50-5", 3), people=87)
    assert (found.level, found.r, found.identification.s) == (4, 7.2, 1.8)


def test_table_1_has_85_substances_and_every_cas_number_its_check_digit():
    assert sorted(RULES.substances) == list(range(1, 86))
    numbers = [cas for one in RULES.substances.values() for cas in one.cas]
    assert len(numbers) == 85
    assert all(cas_is_valid(cas) for cas in numbers)


@pytest.mark.parametrize(
    ("name", "q_t"),
    [("液氨", 10), ("光气", 0.3), ("LPG", 50), ("汽油", 200), ("methanol", 500), ("124-38-9", None), ("7664-41-7", 10)],
)
def test_a_substance_is_found_by_name_other_name_english_name_or_cas(name, q_t):
    assert [float(one.q_t) for one in RULES.find(name)] == ([] if q_t is None else [q_t])


def test_width_of_brackets_case_and_spaces_do_not_matter():
    assert RULES.find("氯化氢（无水）") == RULES.find("氯化氢(无水)") == RULES.find(" hydrogen  CHLORIDE (anhydrous)")
    assert len(RULES.find("氯化氢(无水)")) == 1


@pytest.mark.parametrize(
    ("count", "alpha"), [(0, 0.5), (1, 1), (29, 1), (30, 1.2), (49, 1.2), (50, 1.5), (99, 1.5), (100, 2), (5000, 2)]
)
def test_alpha_steps_at_1_30_50_and_100_people(count, alpha):
    assert graded(Stock("氯", 5), people=count).alpha.value == alpha


@pytest.mark.parametrize(("tonnes", "level"), [(125, 1), (124.999, 2), (62.5, 2), (62.4, 3), (12.5, 3), (12.4, 4)])
def test_r_of_exactly_100_50_and_10_belongs_to_the_graver_level(tonnes, level):
    """Methane: Q 50, β 1.5, here with 5 t of chlorine for S >= 1 left out and α 2: R = 2 · 4 · q / 5."""
    result = graded(Stock("氯", Decimal(str(tonnes)) / 2), people=200)
    assert result.r == pytest.approx(float(tonnes) * 0.8)
    assert result.level == level


def test_critical_quantities_that_changed_from_2009_to_2018():
    """Ammonium nitrate 300 → 50 t, fertiliser 1000 → 200 t, oxygen and guanidine nitrate are new."""
    assert {row: int(RULES.substances[row].q_t) for row in (44, 45, 56, 82)} == {44: 50, 45: 200, 56: 200, 82: 50}
    assert len([one for one in RULES.substances.values() if one.name_zh.startswith("硝化纤维素")]) == 6


# --- s of exactly one -------------------------------------------------------------------------------------------------


def test_ten_times_a_tenth_of_the_critical_quantity_is_a_major_hazard():
    """In binary fractions ten tenths are less than one."""
    parts = [Stock("异氰酸甲酯", 0.075) for _n in range(10)]
    assert sum(0.075 / 0.75 for _n in range(10)) < 1
    assert identify(parts, RULES).is_major is True
    assert identify(parts, RULES).s == 1


def test_below_one_there_is_no_level_however_many_people_live_there():
    result = graded(Stock("氯", 4.99), people=5000)
    assert (result.outcome, result.level, result.levels) == (Outcome.NOT_MAJOR, None, ())
    assert result.r == pytest.approx(2 * 4 * 4.99 / 5)


def test_a_unit_without_any_chemical_is_no_major_hazard():
    assert identify([], RULES) == Identification((), 0.0, 0.0, False)


# --- what is missing --------------------------------------------------------------------------------------------------


def test_a_substance_without_beta_cannot_be_graded_and_is_named():
    result = graded(Stock("砷化氢", 3), people=10)
    assert result.identification.s == 3, "Q is known, so S is"
    assert (result.outcome, result.level, result.r) == (Outcome.UNKNOWN, None, None)
    assert [(one.lack, one.about) for one in result.missing] == [(Lack.BETA, "砷化氢")]
    assert (result.r_least, result.r_most) == (3, 12), "β of table 4 is 1 to 4"
    assert result.levels == (3, 4)
    assert graded(Stock("砷化氢", 3, classes=("J1",)), people=10).level == 3


def test_an_unknown_substance_leaves_s_open_and_is_named():
    result = graded(Stock("氯", 2), Stock("某助剂", 100), people=10)
    assert (result.identification.s, result.identification.s_known, result.identification.is_major) == (None, 0.4, None)
    assert (result.outcome, result.r_most, result.levels) == (Outcome.UNKNOWN, math.inf, (1, 2, 3, 4))
    assert "某助剂: Q is missing" in str(result.missing[0])


def test_what_is_known_may_already_make_it_a_major_hazard():
    result = graded(Stock("氯", 100), Stock("某助剂", 1), people=10)
    assert result.identification.is_major is True
    assert (result.r_least, result.levels, result.level) == (80, (1, 2), None)


def test_without_the_number_of_people_the_levels_are_those_of_all_alphas():
    result = graded(Stock("氯", 50), people=None)
    assert (result.r_least, result.r_most) == (20, 80)
    assert (result.outcome, result.levels, result.level) == (Outcome.UNKNOWN, (2, 3), None)
    assert [one.lack for one in result.missing] == [Lack.PEOPLE]


def test_a_family_name_asks_which_row_is_meant():
    term = identify([Stock("硝酸铵", 100)], RULES).terms[0]
    assert [one.lack for one in term.missing] == [Lack.ROW]
    assert [which.split()[0] for which in term.missing[0].which] == ["43", "44"]
    assert identify([Stock("硝酸铵(含可燃物≤0.2%)", 100)], RULES).s == 2


def test_a_hazard_class_that_does_not_exist_is_named():
    term = identify([Stock("某剂", 1, classes=("W5.1", "W99"))], RULES).terms[0]
    assert [(one.lack, one.which) for one in term.missing] == [(Lack.HAZARD_CLASS, ("W99",))]


@pytest.mark.parametrize("bad", [-1, -0.001, math.nan, math.inf, Decimal("NaN"), True, "5"])
def test_a_quantity_that_is_none_is_refused(bad):
    with pytest.raises(ValueError, match="氯"):
        Stock("氯", bad)


@pytest.mark.parametrize("bad", [-1, 1.5, True])
def test_a_number_of_people_that_is_none_is_refused(bad):
    with pytest.raises(ValueError, match="whole number"):
        graded(Stock("氯", 5), people=bad)


# --- classes and mixtures ---------------------------------------------------------------------------------------------


def test_of_several_classes_the_lowest_q_and_the_highest_beta_count_and_the_second_is_marked_as_ours():
    term = identify([Stock("某中间体", 20, classes=("W5.3", "J3", "W10"))], RULES).terms[0]
    assert (term.threshold.value, term.threshold.table, term.threshold.row) == (50, 2, "J3")
    assert (term.beta.value, term.beta.table, term.beta.row, term.beta.ours) == (2, 4, "J3", True)
    assert dict(term.beta.considered) == {"W5.3": 1, "J3": 2, "W10": 1}
    assert term.weighted == 0.8


def test_a_beta_on_which_all_classes_agree_is_no_choice_of_ours():
    assert not identify([Stock("乙醇", 500)], RULES).terms[0].beta.ours


def test_a_toxic_gas_keeps_its_beta_of_table_3_whatever_class_is_given():
    term = identify([Stock("氨", 10, classes=("W2",))], RULES).terms[0]
    assert (term.beta.value, term.beta.table, term.threshold.table) == (2, 3, 1)


def test_the_class_that_the_plant_states_wins_over_the_one_assumed():
    """Gasoline above its boiling point is W5.1."""
    cold, hot = identify([Stock("汽油", 200), Stock("汽油", 200, classes=("W5.1",))], RULES).terms
    assert (cold.beta.value, cold.beta.verified) == (1, False)
    assert (hot.beta.value, hot.beta.verified) == (1.5, True)
    assert cold.threshold == hot.threshold


def test_a_mixture_of_the_same_class_counts_whole_as_the_substance():
    pure = identify([Stock("甲醇", 300)], RULES)
    assert identify([Stock("甲醇", 300, form=Form.LIKE_PURE)], RULES).s == pure.s == 0.6


def test_a_mixture_of_another_class_counts_by_its_own():
    term = identify([Stock("甲醇", 300, classes=("W5.3",), form=Form.OWN_CLASS)], RULES).terms[0]
    assert (term.threshold.table, term.share, term.named) == (2, 0.3, None)
    bare = identify([Stock("甲醇", 300, form=Form.OWN_CLASS)], RULES).terms[0]
    assert [one.lack for one in bare.missing] == [Lack.CLASSES]


def test_a_result_that_rests_on_something_unchecked_says_so():
    assert graded(Stock("氯", 5), people=1).verified
    assert not graded(Stock("氯", 5), Stock("苯", 50), people=1).verified, "the class of benzene is from memory"
    assert not graded(Stock("煤气", 20), people=1).verified, "table 3 names carbon monoxide alone"


# --- laws -------------------------------------------------------------------------------------------------------------


@given(stocks, st.integers(0, 50), people)
def test_s_and_r_grow_in_proportion_to_the_quantities(some, factor, count):
    more = [Stock(one.substance, one.tonnes * factor) for one in some]
    before, after = graded(*some, people=count), graded(*more, people=count)
    assert after.identification.s == pytest.approx(factor * before.identification.s)
    assert after.r == pytest.approx(factor * before.r)


@given(stocks, people, people)
def test_more_people_never_make_a_unit_less_grave(some, a, b):
    few, many = (graded(*some, people=count) for count in sorted((a, b)))
    assert few.r <= many.r
    assert few.level is None or many.level <= few.level


@given(stocks.filter(bool), people, st.data())
def test_removing_a_substance_never_raises_s_r_or_the_level(some, count, data):
    gone = data.draw(st.integers(0, len(some) - 1))
    before, after = graded(*some, people=count), graded(*some[:gone], *some[gone + 1 :], people=count)
    assert after.identification.s <= before.identification.s
    assert after.r <= before.r
    assert after.level is None or before.level <= after.level


@given(stocks, people)
def test_s_and_r_are_the_sums_of_their_terms(some, count):
    result = graded(*some, people=count)
    terms = result.identification.terms
    assert result.identification.s == pytest.approx(sum(one.share for one in terms))
    assert result.r == pytest.approx(result.alpha.value * sum(one.weighted for one in terms))
    for one in terms:
        assert one.share == pytest.approx(float(one.stock.tonnes) / one.threshold.value)


@given(stocks, st.permutations(range(6)))
def test_the_order_in_which_stocks_are_written_does_not_matter(some, order):
    shuffled = [some[n] for n in order if n < len(some)]
    assert graded(*some).r == graded(*shuffled).r


@given(stocks, people, st.sampled_from(sorted(RULES.classes)), tonnes)
def test_what_is_found_out_later_lies_within_the_levels_that_were_possible(some, count, symbol, amount):
    open_ = graded(*some, Stock("砷化氢", amount), people=None)
    found = graded(*some, Stock("砷化氢", amount, classes=(symbol,)), people=count)
    assert open_.r_least <= found.r <= open_.r_most
    if found.level is not None:
        assert found.level in open_.levels


@given(st.sampled_from([cas for one in RULES.substances.values() for cas in one.cas]), st.data())
def test_a_mistyped_digit_of_a_cas_number_is_noticed_unless_its_place_hides_it(cas, data):
    """Place 2 hides a change by 5, place 5 one by an even number; the check digit hides none."""
    at = data.draw(st.sampled_from([n for n, sign in enumerate(cas) if sign.isdigit() and n > 0]))
    digit = data.draw(st.sampled_from([digit for digit in "0123456789" if digit != cas[at]]))
    place = len(cas[at + 1 :].replace("-", ""))
    hidden = place > 0 and place * (int(digit) - int(cas[at])) % 10 == 0
    assert cas_is_valid(cas[:at] + digit + cas[at + 1 :]) == hidden


@pytest.mark.parametrize("text", ["", "7664-41", "7664-41-8", "0664-41-7", "7664-4-17", "76644-1-7", "氨"])
def test_what_has_not_the_form_of_a_cas_number_is_none(text):
    assert not cas_is_valid(text)


@given(st.decimals(0, 1e6, places=6))
def test_quantities_are_taken_as_they_are_written(amount):
    assert identify([Stock("氯", amount)], RULES).s == float(Fraction(amount) / 5)
