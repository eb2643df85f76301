from __future__ import annotations

import math

import numpy as np
import pytest

from anlan.engine import (
    LONGEST_MS,
    POINT_LIMIT,
    Enforce,
    Level,
    LevelStep,
    Rule,
    Silence,
    decode_batch,
    decode_rule,
    encode_batch,
    encode_rule,
)
from tests.engine.making import high, low

TWO_STEPS = high(25, 50, deadband=1.5, on=5_000, off=30_000)


@pytest.mark.parametrize(
    "rule", [Rule(7, (3, 1, 2), TWO_STEPS), Rule(8, (5,), Silence(300_000, 4)), Rule(9, (1,), low(2, 1))]
)
def test_a_rule_comes_back_from_its_bytes_and_equal_rules_have_equal_bytes(rule):
    assert decode_rule(encode_rule(rule)) == rule
    assert encode_rule(decode_rule(encode_rule(rule))) == encode_rule(rule)


def test_the_points_of_a_rule_may_come_as_an_array():
    assert Rule(1, np.array([4, 2], np.int32), TWO_STEPS) == Rule(1, (4, 2), TWO_STEPS)


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        (Level(()), "1 to 4 steps"),
        (high(1, 2, 3, 4, 5), "1 to 4 steps"),
        (high(50, 25), "must lie above 50"),
        (low(1, 2), "must lie below 1"),
        (high(25, 25), "must lie above"),
        (Level((LevelStep(2, 25.0), LevelStep(3, 50.0))), "more severe"),
        (Level((LevelStep(5, 25.0),)), "severity is 1"),
        (high(math.nan), "finite"),
        (high(math.inf), "finite"),
        (high(1, deadband=-1), "dead band"),
        (high(1, deadband=math.nan), "dead band"),
        (high(1, on=-1), "on delay"),
        (high(1, off=LONGEST_MS + 1), "off delay"),
        (Level((LevelStep(1, 1.0),), "up"), "direction"),
        (Silence(0, 1), "silence must be"),
        (Silence(1, 0), "severity"),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused_in_words(condition, words):
    with pytest.raises(ValueError, match=words):
        Enforce(0, 0, Rule(1, (1,), condition))


@pytest.mark.parametrize(
    ("version", "points", "words"),
    [
        (0, (1,), "above 0"),
        (1, (), "names no point"),
        (1, (1, 1), "twice"),
        (1, (-1,), "outside"),
        (1, (POINT_LIMIT,), "outside"),
    ],
)
def test_a_rule_without_a_number_or_with_impossible_points_is_refused(version, points, words):
    with pytest.raises(ValueError, match=words):
        Rule(version, points, TWO_STEPS).validate()


@pytest.mark.parametrize("data", [b"", b"{", b"\xff", b'{"version":1}', encode_rule(Rule(1, (1,), high(2, 1)))])
def test_damaged_rule_bytes_are_a_value_error(data):
    with pytest.raises(ValueError, match=r"rule|must lie"):
        decode_rule(data)


COLUMNS = ([1, 70_000, 2], [1_795_276_800_000, 0, -5], [1.5, math.nan, -math.inf], [0, 1, 255])


def test_a_batch_comes_back_from_21_bytes_a_row_and_a_header_of_16():
    data = encode_batch(*COLUMNS)
    assert len(data) == 16 + 3 * 21
    for column, back, kind in zip(COLUMNS, decode_batch(data), ("i4", "i8", "f8", "u1"), strict=True):
        assert back.dtype == kind
        np.testing.assert_array_equal(back, column)
    assert all(column.size == 0 for column in decode_batch(encode_batch([], [], [], [])))


def test_every_flipped_bit_of_a_batch_is_noticed():
    data = encode_batch(*COLUMNS)
    for bit in range(len(data) * 8):
        damaged = bytearray(data)
        damaged[bit // 8] ^= 1 << bit % 8
        with pytest.raises(ValueError, match="batch"):
            decode_batch(bytes(damaged))


def test_a_batch_cut_short_or_lengthened_is_noticed():
    data = encode_batch(*COLUMNS)
    for damaged in (*(data[:n] for n in range(len(data))), data + b"\0"):
        with pytest.raises(ValueError, match="batch"):
            decode_batch(damaged)


def test_columns_of_different_length_are_refused():
    with pytest.raises(ValueError, match="differ in length"):
        encode_batch([1, 2], [1], [1.0], [0])
