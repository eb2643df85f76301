"""History in chunks: what was written is read back, each reading once, in order of time."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anlan.kernel.sensing.store import Columns, history

HOUR = history.HOUR_MS
NOON = 1_795_320_000_000 // HOUR * HOUR


def columns(*rows: tuple[int, int, float] | tuple[int, int, float, int]) -> Columns:
    """(point, t, value[, quality]) rows as columns."""
    full = [(*row, 0)[:4] for row in rows]
    return Columns(
        np.array([r[0] for r in full], np.int32),
        np.array([r[1] for r in full], np.int64),
        np.array([r[2] for r in full], float),
        np.array([r[3] for r in full], np.uint8),
    )


def chunks(
    parts: list[list[history.LooseRow]], before: int = history.LATEST
) -> tuple[list[history.ChunkRow], Columns, list[Columns]]:
    """All loose blocks of some flushes merged: chunk rows, what stayed loose, contradictions."""
    rows, rest, others = [], [], []
    blocks = sorted(row for part in parts for row in part)
    for group in sorted({row[0] >> history.PART_BITS for row in blocks}):
        mine = [(row[0], row[1], row[4]) for row in blocks if row[0] >> history.PART_BITS == group]
        merge = history.plan(group, mine, before)
        assert merge is not None
        rest.append(merge.rest)
        while merge.places:
            (place,), new, _starts = merge.take(1)
            merge.drop(1)
            row, other = history.merged(place, None, new)
            rows.append(row)
            others.append(other)
    return rows, history.joined(rest), others


def read(rows: list[history.ChunkRow], point: int) -> Columns:
    mine = sorted(row for row in rows if row[0] >> history.HOUR_BITS == point)
    return history.joined([history.unpack(row[0], row[1], row[6], row[7]) for row in mine])


readings = st.lists(
    st.tuples(
        st.sampled_from([1, 2, 300]),
        st.integers(0, 3 * HOUR).map(lambda ms: NOON + ms // 60_000 * 60_000),
        st.floats(allow_nan=True, allow_infinity=False, width=64),
        st.integers(0, 3),
    ),
    max_size=60,
)


@settings(max_examples=60, deadline=None)
@given(readings, st.integers(1, 8))
def test_what_goes_in_in_any_portions_comes_out_once_and_the_first_in_the_log_holds(rows, portions):
    parts = [
        history.loosen(columns(*[rows[i] for i in some]), number)
        for number, some in enumerate(np.array_split(np.arange(len(rows)), portions), start=1)
    ]
    merged = chunks(parts)[0]
    for point in (1, 2, 300):
        first: dict[int, tuple[float, int]] = {}
        for p, t, value, quality in rows:
            if p == point:
                first.setdefault(t, (value, quality))
        found = read(merged, point)
        assert found.t.tolist() == sorted(first)
        for t, value, quality in zip(found.t.tolist(), found.value.tolist(), found.quality.tolist(), strict=True):
            assert (repr(value), quality) == (repr(first[t][0]), first[t][1])


def test_a_loose_block_holds_its_group_of_points_in_log_order():
    rows = history.loosen(columns((5, NOON, 1.0), (300, NOON, 2.0), (5, NOON - 1, 3.0, 2)), 4)
    assert [(row[0] >> history.PART_BITS, row[1], row[2]) for row in rows] == [(0, 2, NOON - 1), (1, 1, NOON)]
    block = history.tightened(rows[0][0], rows[0][1], rows[0][4])
    assert (block.point.tolist(), block.t.tolist()) == ([5, 5], [NOON, NOON - 1])
    assert (block.value.tolist(), block.quality.tolist()) == ([1.0, 3.0], [0, 2])


def test_hours_that_are_not_over_stay_loose():
    parts = [history.loosen(columns((5, NOON - 1, 1.0), (5, NOON, 2.0)), 1)]
    merged, rest, _others = chunks(parts, before=NOON)
    assert [row[0] for row in merged] == [history.place_of(5, NOON - 1)]
    assert rest.t.tolist() == [NOON]


def test_an_hour_takes_a_third_of_the_room_once_merged():
    rng = np.random.default_rng(7)
    t = NOON + np.arange(0, HOUR, 12_000)
    many = Columns(np.full(300, 9, np.int32), t, rng.normal(20, 3, 300).round(1), np.zeros(300, np.uint8))
    loose = history.loosen(many, 1)
    (row,) = chunks([loose])[0]
    assert len(row[7]) < len(loose[0][4]) / 3


def test_merging_again_what_was_merged_changes_nothing():
    new = columns((5, NOON, 1.0), (5, NOON + 1, 2.0), (5, NOON + 1, 2.0))
    row, _none = history.merged(history.place_of(5, NOON), None, new)
    again, other = history.merged(row[0], history.unpack(row[0], row[1], row[6], row[7]), new)
    assert again == row
    assert not len(other)


def test_a_reading_sent_twice_is_kept_once_and_one_that_contradicts_is_handed_back():
    parts = [history.loosen(columns((5, NOON, 1.0), (5, NOON + 1, 2.0)), 1)]
    parts.append(history.loosen(columns((5, NOON, 1.0), (5, NOON + 1, 2.5)), 2))
    (row,), _rest, (other,) = chunks(parts)
    assert row[1] == 2
    assert (other.t.tolist(), other.value.tolist()) == ([NOON + 1], [2.5])


def test_a_bad_reading_is_kept_but_bounds_nothing():
    new = columns((5, NOON, 3.0), (5, NOON + 1, 900.0, 2), (5, NOON + 2, float("nan")))
    row, _none = history.merged(history.place_of(5, NOON), None, new)
    assert row[1:6] == (3, 1, 3.0, 3.0, 3.0)


def test_an_hour_without_any_good_reading_has_no_bounds():
    row, _none = history.merged(history.place_of(5, NOON), None, columns((5, NOON, 900.0, 2)))
    assert row[1:6] == (1, 0, None, None, 0.0)


def test_a_thinned_curve_keeps_every_peak():
    t = NOON + np.arange(0, HOUR, 1000)
    value = np.zeros(t.size)
    value[1234] = 55.0
    value[2345] = -7.0
    many = Columns(np.full(t.size, 1, np.int32), t, value, np.zeros(t.size, np.uint8))
    curve = history.thin(many, NOON, NOON + HOUR, 100)
    assert curve.thinned
    assert curve.t.size <= 100
    assert np.nanmax(curve.high) == 55.0
    assert np.nanmin(curve.low) == -7.0


def test_a_short_curve_is_not_thinned():
    curve = history.thin(columns((1, NOON, 1.0), (1, NOON + 5, 2.0)), NOON, NOON + HOUR, 100)
    assert not curve.thinned
    assert curve.value.tolist() == [1.0, 2.0]


def test_an_outline_over_months_has_the_mean_and_bounds_of_its_hours():
    rows = [
        (1, t, value)
        for hour in range(48)
        for t, value in ((NOON + hour * HOUR, float(hour)), (NOON + hour * HOUR + 1, float(hour + 2)))
    ]
    curve = history.outline(history.figures(columns(*rows)), 24)
    assert curve.t.size == 24
    assert curve.value.tolist()[0] == pytest.approx(1.5)  # hours 0 and 1: 0, 2, 1, 3
    assert (curve.low[0], curve.high[0]) == (0.0, 3.0)


@pytest.mark.parametrize("damage", [lambda b: b[:-1], lambda b: b"\0" + b[1:], lambda b: b""])
def test_R7_a_damaged_chunk_or_block_is_refused_not_read(damage):
    row, _none = history.merged(history.place_of(5, NOON), None, columns((5, NOON, 1.0), (5, NOON + 1, 2.0)))
    with pytest.raises(ValueError, match="chunk of 2 rows"):
        history.unpack(row[0], row[1], row[6], damage(row[7]))
    (loose,) = history.loosen(columns((5, NOON, 1.0), (5, NOON + 1, 2.0)), 1)
    with pytest.raises(ValueError, match="loose block of 2 rows"):
        history.tightened(loose[0], loose[1], damage(loose[4]))


def test_a_span_of_places_holds_exactly_the_hours_asked_for():
    first, last = history.place_span(7, NOON + 5, NOON + HOUR)
    assert (first, last) == (history.place_of(7, NOON), history.place_of(7, NOON + HOUR))


def test_what_hours_together_are_packed_into_is_what_each_alone_is():
    rng = np.random.default_rng(9)
    parts = [
        columns(*[(5, NOON + i * 1000, round(float(rng.normal(1e3, 5)), 2), int(i == 7)) for i in range(40)]),
        columns((5, NOON + HOUR, 7.0)),
        columns(*[(6, NOON + i * i, float(rng.normal())) for i in range(30)]),
        columns((7, NOON, float("nan"), 2), (7, NOON + 5, 1.0)),
        columns(*[(8, NOON + i, 2.0**52 + i) for i in range(3)]),
        columns((9, NOON, float("inf")), (9, NOON + HOUR - 1, -0.0)),
    ]
    together = history.joined(parts)
    starts = np.cumsum([0, *(len(part) for part in parts[:-1])])
    places = [history.place_of(int(part.point[0]), int(part.t[0])) for part in parts]
    assert history.plain_places(together, starts).all()
    rows = history.packed(places, together, starts)
    assert rows == [history.merged(place, None, part)[0] for place, part in zip(places, parts, strict=True)]
    assert [row[6] for row in rows] == [
        history.DECIMAL, history.DECIMAL, history.PACKED, history.PACKED, history.DECIMAL, history.PACKED
    ]  # fmt: skip
    for row, part in zip(rows, parts, strict=True):
        found = history.unpack(row[0], row[1], row[6], row[7])
        assert (found.point.tolist(), found.t.tolist()) == (part.point.tolist(), part.t.tolist())
        assert list(map(repr, found.value.tolist())) == list(map(repr, part.value.tolist()))
        assert found.quality.tolist() == part.quality.tolist()
    found = history.unpack_all([(row[0], row[1], row[6], row[7]) for row in [*rows, *rows]])
    twice = history.joined([together, together])
    for was, now in ((twice.point, found.point), (twice.t, found.t), (twice.value, found.value)):
        assert list(map(repr, was.tolist())) == list(map(repr, now.tolist()))
    assert found.quality.tolist() == twice.quality.tolist()


@pytest.mark.parametrize("byte", [0, 5, 8, 12, 20, 23, 24, -1])
def test_a_decimal_hour_with_a_byte_turned_is_refused(byte: int):
    row, _none = history.merged(history.place_of(5, NOON), None, columns(*[(5, NOON + i, i / 10) for i in range(99)]))
    assert row[6] == history.DECIMAL
    data = bytearray(row[7])
    data[byte] ^= 1
    for bent in (bytes(data), row[7][:byte], b""):
        with pytest.raises(ValueError, match="damaged"):
            history.unpack(row[0], row[1], row[6], bent)
        with pytest.raises(ValueError, match="damaged"):
            history.unpack_all([(row[0], row[1], row[6], bent)])


def test_a_decimal_hour_takes_a_tenth_of_the_room_of_loose_readings():
    rng = np.random.default_rng(7)
    t = NOON + np.arange(0, HOUR, 10_000)
    many = Columns(np.full(360, 9, np.int32), t, rng.normal(20, 0.2, 360).round(2), np.zeros(360, np.uint8))
    loose = history.loosen(many, 1)
    (row,) = chunks([loose])[0]
    assert len(row[7]) < len(loose[0][4]) / 10
