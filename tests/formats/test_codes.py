"""Codes of registers: the public ones pass, each kind of mistake has its code and its place."""

from __future__ import annotations

import csv
import random
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anlan.formats.codes import (
    CREDIT_SIGNS,
    cas_check,
    cas_faults,
    credit_check,
    credit_faults,
    industry_faults,
    industry_letter,
    organisation_check,
    organisation_faults,
    region_faults,
    resident_check,
    resident_faults,
)
from anlan.formats.faults import Refused
from tests.formats.mapfiles import recording

TODAY = date(2026, 11, 22)
#: Codes of public companies, from the national register.
PUBLIC = ["9144030071526726XG", "914403001922038216", "91330100799655058B", "91310000132260250X"]


def said(faults) -> list[tuple]:
    return [(fault.code, fault.where, *fault.why.values()) for fault in faults]


@pytest.mark.parametrize("code", PUBLIC)
def test_public_credit_codes_pass_and_hold_an_organisation_code_that_passes(code):
    assert credit_faults(code) == () == organisation_faults(code[8:17])
    assert organisation_faults(f"{code[8:16]}-{code[16]}") == ()


def test_collected_credit_codes_are_judged_as_python_stdnum_judges_them():
    with recording("ids", "uscc_samples.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 16
    assert [not credit_faults(row["code"]) for row in rows] == [row["valid_gb32100"] == "True" for row in rows]


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("", [("wrong_length", "", 0, 18)]),
        ("9144030071526726X", [("wrong_length", "", 17, 18)]),
        ("9144030071526726XH", [("wrong_check", "18", "H", "G")]),
        (
            "91440300715267261G",
            [("wrong_check", "17", "1", "X"), ("wrong_check", "18", "G", credit_check("91440300715267261"))],
        ),
        ("9I4403OO71526726XG", [("wrong_sign", "2", "I"), ("wrong_sign", "7", "O"), ("wrong_sign", "8", "O")]),
        ("9144030071526726xG", [("wrong_sign", "17", "x")]),
        ("SVZ4030071526726XG", [("wrong_sign", "1", "S"), ("wrong_sign", "2", "V"), ("wrong_sign", "3", "Z")]),
        ("91A4030071526726XG", [("wrong_sign", "3", "A")]),
        ("９144030071526726XG", [("wrong_sign", "1", "９")]),
        ("91440300 71526726X", [("wrong_sign", "9", " ")]),
    ],
)
def test_a_wrong_credit_code_says_what_and_where(code, expected):
    assert said(credit_faults(code)) == expected


def test_one_wrong_sign_never_passes():
    code = PUBLIC[0]
    for place in range(18):
        for sign in CREDIT_SIGNS:
            if sign != code[place]:
                assert credit_faults(code[:place] + sign + code[place + 1 :])


def test_two_neighbours_changed_for_each_other_never_pass():
    for code in PUBLIC:
        for place in range(17):
            if code[place] != code[place + 1]:
                assert credit_faults(code[:place] + code[place + 1] + code[place] + code[place + 2 :])


@given(st.text("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", min_size=8, max_size=8))
def test_an_organisation_code_with_its_check_sign_passes(eight):
    check = organisation_check(eight)
    assert organisation_faults(eight + check) == ()
    wrong = next(sign for sign in "0123456789X" if sign != check)
    assert said(organisation_faults(eight + wrong)) == [("wrong_check", "9", wrong, check)]


def test_a_wrong_organisation_code_says_what_and_where():
    assert said(organisation_faults("1234567")) == [("wrong_length", "", 7, 9)]
    assert said(organisation_faults("1234567a0")) == [("wrong_sign", "8", "a")]
    assert said(organisation_faults("12345678Y")) == [("wrong_sign", "9", "Y")]


@pytest.mark.parametrize("number", ["11010519491231002X", "440524188001010014"])
def test_the_numbers_in_the_standard_pass(number):
    assert resident_faults(number, today=TODAY) == ()


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("11010519490230002", "wrong_birth_date"), ("11010520261123002", "wrong_birth_date"),
        ("11010518491231002", "wrong_birth_date"), ("11010519491301002", "wrong_birth_date"),
        ("11010500000000002", "wrong_birth_date"), ("11010519000229002", "wrong_birth_date"),
    ],
)  # fmt: skip
def test_a_birthday_that_never_was_is_wrong(body, code):
    assert [fault.code for fault in resident_faults(body + resident_check(body), today=TODAY)] == [code]


def test_a_wrong_resident_number_says_what_and_where():
    assert said(resident_faults("110105491231002", today=TODAY)) == [("wrong_length", "", 15, 18)]
    assert said(resident_faults("11010519491231002x", today=TODAY)) == [("wrong_sign", "18", "x")]
    assert said(resident_faults("1101051949123100X2", today=TODAY)) == [("wrong_sign", "17", "X")]
    assert said(resident_faults("110105194912310021", today=TODAY)) == [("wrong_check", "18", "1", "X")]
    # A county that was given up long ago is no reason to doubt a person.
    body = "99999919491231002"
    assert resident_faults(body + resident_check(body), today=TODAY) == ()


def test_born_today_is_possible():
    body = "11010520261122002"
    assert resident_faults(body + resident_check(body), today=TODAY) == ()


@pytest.mark.parametrize("name", ["gbt2260_areas.csv", "gbt2260_streets.csv"])
def test_all_codes_of_the_statistics_bureau_have_the_shape(name):
    with recording("geo", name).open(encoding="utf-8") as file:
        wrong = [row["code"] for row in csv.DictReader(file) if region_faults(row["code"])]
    assert wrong == []


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("320118", []), ("320100", []), ("320000", []), ("320118000000", []), ("320118001", []), ("320118001203", []),
        ("441900003", []), ("3201", [("wrong_length", "", 4, "6, 9, 12")]), ("32011A", [("wrong_sign", "6", "A")]),
        ("000118", [("wrong_region", "", "000118")]), ("320018", [("wrong_region", "", "320018")]),
        ("320118000203", [("wrong_region", "", "320118000203")]), ("", [("wrong_length", "", 0, "6, 9, 12")]),
    ],
)  # fmt: skip
def test_a_region_code_has_its_shape(code, expected):
    assert said(region_faults(code)) == expected


@pytest.mark.parametrize(
    ("code", "letter"),
    [
        ("0111", "A"), ("05", "A"), ("0610", "B"), ("1311", "C"), ("2611", "C"), ("4390", "C"), ("4411", "D"),
        ("4620", "D"), ("4710", "E"), ("5111", "F"), ("5941", "G"), ("6110", "H"), ("6311", "I"), ("6621", "J"),
        ("7010", "K"), ("7111", "L"), ("7310", "M"), ("7610", "N"), ("8010", "O"), ("8310", "P"), ("8411", "Q"),
        ("8610", "R"), ("9111", "S"), ("9710", "T"),
    ],
)  # fmt: skip
def test_an_industry_has_the_letter_of_its_division(code, letter):
    assert industry_letter(code) == letter
    assert industry_faults(code) == () == industry_faults(letter + code)


def test_a_wrong_industry_says_what():
    assert said(industry_faults("B2611")) == [("wrong_check", "1", "B", "C")]
    assert said(industry_faults("9811")) == [("wrong_division", "", "98")]
    assert said(industry_faults("0011")) == [("wrong_division", "", "00")]
    for code in ("", "2", "26111", "U2611", "26a1", "CC26", "c2611"):
        assert [fault.code for fault in industry_faults(code)] == ["wrong_form"]
    with pytest.raises(Refused, match="wrong_division"):
        industry_letter("9911")


@pytest.mark.parametrize("number", ["7732-18-5", "7664-41-7", "7782-50-5", "74-82-8", "67-56-1", "108-88-3"])
def test_substances_have_a_check_digit_that_passes(number):
    assert cas_faults(number) == ()
    wrong = str((int(number[-1]) + 1) % 10)
    assert said(cas_faults(number[:-1] + wrong)) == [("wrong_check", str(len(number)), wrong, number[-1])]


def test_what_is_no_cas_number_says_so():
    for number in ("", "7732185", "7732-18", "0732-18-5", "7732-18-55", "1-18-5", "a732-18-5", "12345678-18-5"):
        assert [fault.code for fault in cas_faults(number)] == ["wrong_form"]
    assert cas_check("773218") == "5"


@given(st.text(max_size=24))
def test_any_text_is_judged(text):
    for judge in (credit_faults, organisation_faults, region_faults, industry_faults, cas_faults):
        assert isinstance(judge(text), tuple)
    assert isinstance(resident_faults(text, today=TODAY), tuple)


def test_codes_drawn_by_lot_hardly_ever_pass():
    lot = random.Random(7)
    drawn = ["".join(lot.choices(CREDIT_SIGNS, k=18)) for _draw in range(2_000)]
    assert sum(not credit_faults(code) for code in drawn) <= 20
