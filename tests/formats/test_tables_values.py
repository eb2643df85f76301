"""A cell gives the value that a column wants, or says why not; what may mean two things is refused."""

from __future__ import annotations

import contextlib
from datetime import date, datetime, time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anlan.formats.faults import Refused
from anlan.formats.tables.cells import Cell, Flag, Kind, address, column_of, letters, plain, text_flags
from anlan.formats.tables.values import as_bool, as_date, as_moment, as_number, as_text, as_whole

DAY = date(2026, 11, 22)


def text(said: str) -> Cell:
    return Cell(12, 3, Kind.TEXT, plain(said) or None, int(text_flags(said)), said)


def number(value: float, flags: int = 0) -> Cell:
    return Cell(12, 3, Kind.NUMBER, value, flags)


WRITTEN = (
    "2026-11-22|2026/11/22|2026.11.22|2026年11月22日|2026年11月22号|20261122|２０２６－１１－２２|2026-11-22 08:30"
    "|2026/11/22 8:30:15|2026-11-22T08:30:00|2026年11月22日8时30分| 2026-11-22\t|2026年 11月 22日"
)


@pytest.mark.parametrize("said", WRITTEN.split("|"))
def test_a_day_is_read_in_all_the_ways_that_people_write_it(said):
    assert as_date(text(said)) == DAY


def test_a_day_may_be_a_day_a_moment_or_eight_digits():
    assert as_date(Cell(1, 1, Kind.DATE, DAY, 0)) == DAY
    assert as_date(Cell(1, 1, Kind.MOMENT, datetime(2026, 11, 22, 8, 30), 0)) == DAY
    assert as_date(number(20261122)) == DAY
    assert as_moment(text("2026-11-22 08:30:15")) == datetime(2026, 11, 22, 8, 30, 15)
    assert as_moment(Cell(1, 1, Kind.DATE, DAY, 0)) == datetime(2026, 11, 22)


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        (text("2026-13-01"), "not_a_date"), (text("2026-02-30"), "not_a_date"), (text("明天"), "not_a_date"),
        (text("11/22/2026"), "not_a_date"), (text("26-11-22"), "year_of_two_digits"), (text("2026-11"), "not_a_date"),
        (text("26年11月22日"), "year_of_two_digits"), (text("9999-11-22"), "not_a_date"),
        (text("20261322"), "not_a_date"),
        (number(46348), "date_is_a_number"), (text("46348"), "date_is_a_number"), (number(46348.5), "date_is_a_number"),
        (number(12), "not_a_date"), (number(1e300), "not_a_date"), (Cell(1, 1, Kind.BOOL, True, 0), "not_a_date"),
        (Cell(1, 1, Kind.TIME, time(8, 30), 0), "not_a_date"), (Cell(1, 1, Kind.ERROR, "#REF!", 0), "cell_error"),
        (Cell(1, 1, Kind.EMPTY, None, Flag.FORMULA), "formula_without_value"), (text("2026-11-22 25:00"), "not_a_date"),
    ],
)  # fmt: skip
def test_what_is_no_day_is_refused_with_its_reason(cell, code):
    with pytest.raises(Refused) as refused:
        as_date(cell)
    assert refused.value.code == code and refused.value.fault.where == cell.address


def test_a_number_that_may_be_a_day_says_which():
    with pytest.raises(Refused) as refused:
        as_date(number(46348))
    assert refused.value.fault.why["perhaps"] == "2026-11-22"


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("12", 12), ("１２．５", 12.5), ("-3.5", -3.5), ("1,234,567.5", 1234567.5), ("1，234", 1234), ("+7", 7),
        (".5", 0.5), ("9.14E+17", 9.14e17), ("1 000", 1000), ("0012", 12),
    ],
)  # fmt: skip
def test_numbers_typed_as_texts_are_numbers(said, expected):
    assert as_number(text(said)) == expected


@pytest.mark.parametrize("said", ["12人", "1,23", "1.2.3", "--1", "0x10", "1e999", "nan", "一百", "5%", "1_000", "½"])
def test_other_texts_are_no_numbers(said):
    with pytest.raises(Refused, match="not_a_number at C12"):
        as_number(text(said))


def test_a_whole_number_has_nothing_after_the_point():
    assert as_whole(number(12)) == 12 and as_whole(text("12.0")) == 12
    with pytest.raises(Refused, match="not_a_whole_number"):
        as_whole(number(12.5))


def test_a_code_that_lost_its_end_is_never_used():
    for cell in (number(914403007152672600.0, Flag.DIGITS_LOST), text("9.14403E+17")):
        with pytest.raises(Refused, match="digits_lost at C12"):
            as_text(cell)


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        (text("甲"), "甲"), (number(110105), "110105"), (number(0.1), "0.1"), (number(1.5), "1.5"),
        (Cell(1, 1, Kind.DATE, DAY, 0), "2026-11-22"), (Cell(1, 1, Kind.BOOL, True, 0), "TRUE"),
        (Cell(1, 1, Kind.MOMENT, datetime(2026, 11, 22, 8, 30), 0), "2026-11-22 08:30:00"), (text(" "), None),
    ],
)  # fmt: skip
def test_any_value_may_be_wanted_as_a_text(cell, expected):
    assert as_text(cell) == expected


def test_yes_and_no_are_said_in_many_ways():
    assert [as_bool(text(said)) for said in ("是", "有", "√", "y", "1", "否", "无", "×", "N", "false")] == [
        True
    ] * 5 + [False] * 5
    assert as_bool(Cell(1, 1, Kind.BOOL, False, 0)) is False and as_bool(number(1)) is True
    with pytest.raises(Refused, match="not_yes_or_no"):
        as_bool(text("部分"))


def test_empty_cells_give_nothing():
    cell = Cell(1, 1, Kind.EMPTY, None, 0)
    assert [take(cell) for take in (as_text, as_number, as_whole, as_date, as_moment, as_bool)] == [None] * 6


@given(st.integers(1, 1_048_576), st.integers(1, 16_384))
def test_an_address_leads_back_to_its_column(row, column):
    assert column_of(letters(column)) == column and address(row, column) == f"{letters(column)}{row}"


@given(st.text(max_size=20))
def test_any_text_gives_a_value_or_a_refusal(said):
    for take in (as_text, as_number, as_whole, as_date, as_bool):
        with contextlib.suppress(Refused):
            take(text(said))
