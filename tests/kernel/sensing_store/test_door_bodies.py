"""What the door takes and what it refuses: a file of cases, then random damage to good posts."""

from __future__ import annotations

import json
from datetime import UTC

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anlan.kernel.sensing.door import bodies
from anlan.kernel.sensing.door.bodies import COLUMNS_LIMIT, MOST_ROWS, ROWS_LIMIT, BadBody, Sender, check, instant

T = 1_795_320_000_000
ISO = "2026-11-22T12:00:00+08:00"
GATEWAY = Sender("gw-1", "live", {"GT-2031": 7, 7: 7, "GT-2032": 8, 8: 8})
REPLAY = Sender("replay-x", "exercise:x", {"a": 1, 1: 1})


def rows(*readings: object, **more: object) -> bytes:
    return json.dumps({"batch_id": "b1", "readings": list(readings)} | more).encode()


def good(**more: object) -> dict[str, object]:
    return {"point": "GT-2031", "t": T, "value": 1.5} | more


def columns(**more: object) -> bytes:
    held = {"point": ["GT-2031", "GT-2032"], "t": [T, T + 1], "value": [1.5, 2.5]}
    return json.dumps({"batch_id": "b1", "columns": held | more}).encode()


# -- taken ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [
        rows(good()),
        rows(good(t=ISO)),
        rows(good(t="2026-11-22T04:00:00Z")),
        rows(good(point=7)),
        rows(good(quality=0)),
        rows(good(value=1.5, note="passed over", deep={"a": [1]})),
        rows(good(), version=9),
        rows(good(), lane="live"),
        rows(good(), lane=None),
    ],
)
def test_a_good_reading_is_taken_however_it_is_written(body: bytes):
    found = check(body, GATEWAY)
    assert found.columns.point.tolist() == [7]
    assert found.columns.t.tolist() == [T]
    assert found.columns.value.tolist() == [1.5]
    assert not found.refused


def test_columns_say_the_same_as_rows():
    by_columns, by_rows = check(columns(), GATEWAY), check(rows(good(), good(point=8, t=T + 1, value=2.5)), GATEWAY)
    for name in ("point", "t", "value", "quality"):
        assert getattr(by_columns.columns, name).tolist() == getattr(by_rows.columns, name).tolist()


def test_columns_may_have_iso_times_and_numbers_of_points():
    found = check(columns(point=[7, 8], t=[ISO, T + 1], quality=[0, 1]), GATEWAY)
    assert found.columns.t.tolist() == [T, T + 1]
    assert found.columns.quality.tolist() == [0, 1]


def test_old_data_goes_to_the_backfill_lane():
    assert check(rows(good(), lane="backfill"), GATEWAY).lane == "backfill"


def test_a_replay_device_writes_to_its_own_lane_with_a_clock_of_its_own():
    found = check(rows({"point": "a", "t": T, "value": 1}, clock=T + 5), REPLAY)
    assert (found.lane, found.clock) == ("exercise:x", T + 5)


def test_a_replay_may_move_its_clock_without_a_reading():
    assert check(rows(clock=T), REPLAY).rows == 0


@pytest.mark.parametrize(
    "body",
    [
        rows(good()),
        rows(good(), good(point=8)),
        rows(good(quality=1)),
        columns(),
        columns(quality=[0, 1]),
        columns(quality=None),
        columns(point=[7, 8]),
        columns(point=["GT-2031", "GT-9999"]),
    ],
)
def test_posts_as_gateways_write_them_take_the_quick_way(body: bytes, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(bodies, "_loose", None)
    assert len(check(body, GATEWAY).columns)


# -- single rows refused ----------------------------------------------------------------------------------------------

BAD_ROWS = [
    (good(point="GT-9999"), "point", "unknown_point"),
    (good(point=9), "point", "unknown_point"),
    (good(point=True), "point", "point"),
    (good(point=""), "point", "unknown_point"),
    (good(point=None), "point", "point"),
    (good(point=["GT-2031"]), "point", "point"),
    ({"t": T, "value": 1.5}, "point", "point"),
    (good(t=None), "t", "time"),
    (good(t=True), "t", "time"),
    (good(t=T / 1000), "t", "time"),
    (good(t=0), "t", "time"),
    (good(t=1_795_320_000), "t", "time"),
    (good(t=-1), "t", "time"),
    (good(t=253_402_300_799_000), "t", "time"),
    (good(t=2**63), "t", "time"),
    (good(t="2026-11-22T12:00:00"), "t", "time"),
    (good(t="2026-13-22T12:00:00Z"), "t", "time"),
    (good(t="2026-11-22T23:59:60Z"), "t", "time"),
    (good(t="1970-01-01T00:00:00Z"), "t", "time"),
    (good(t="9999-12-31T23:59:59Z"), "t", "time"),
    (good(t="yesterday"), "t", "time"),
    (good(t="2026-11-22T12:00:00+08:00" + " " * 40), "t", "time"),
    (good(value=None), "value", "value"),
    (good(value="1.5"), "value", "value"),
    (good(value=True), "value", "value"),
    (good(value=[1.5]), "value", "value"),
    (good(value="=1+1"), "value", "value"),
    (good(quality=-1), "quality", "quality"),
    (good(quality=256), "quality", "quality"),
    (good(quality=1.5), "quality", "quality"),
    (good(quality="0"), "quality", "quality"),
    (good(quality=None), "quality", "quality"),
    ([1, 2, 3], "readings", "shape"),
    ("GT-2031", "readings", "shape"),
    (None, "readings", "shape"),
]


@pytest.mark.parametrize(("row", "field", "code"), BAD_ROWS)
def test_a_bad_row_is_refused_by_field_and_reason_and_its_neighbours_are_taken(row, field, code):
    found = check(rows(good(), row, good(point="GT-2032")), GATEWAY)
    (refused,) = found.refused
    assert (refused.row, refused.field, refused.code) == (1, field, code)
    assert refused.why
    assert found.columns.point.tolist() == [7, 8]


@pytest.mark.parametrize(
    ("row", "field", "code"), [bad for bad in BAD_ROWS if isinstance(bad[0], dict) and "point" in bad[0]]
)
def test_a_bad_value_in_a_column_refuses_only_its_row(row, field, code):
    held = {name: [good(quality=0)[name], row.get(name, 0)] for name in ("point", "t", "value", "quality")}
    found = check(json.dumps({"batch_id": "b", "columns": held}).encode(), GATEWAY)
    assert [(r.row, r.field, r.code) for r in found.refused] == [(1, field, code)]
    assert found.columns.point.tolist() == [7]


def test_S11_a_point_of_another_device_looks_like_one_that_does_not_exist():
    foreign = check(rows({"point": "GT-2031", "t": T, "value": 1}), REPLAY).refused[0]
    missing = check(rows({"point": "GT-0000", "t": T, "value": 1}), REPLAY).refused[0]
    assert (foreign.code, foreign.why) == (missing.code, missing.why)


# -- posts refused as a whole -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"", 422, "not_json"),
        (b"{", 422, "not_json"),
        (b"null", 422, "shape"),
        (b"[]", 422, "shape"),
        (b"\xff\xfe{}", 422, "not_json"),
        (b'{"batch_id":"b","readings":[{"point":"GT-2031","t":1795320000000,"value":NaN}]}', 422, "not_json"),
        (b'{"batch_id":"b","readings":[{"point":"GT-2031","t":1795320000000,"value":Infinity}]}', 422, "not_json"),
        (b'{"batch_id":"b","readings":[{"point":"GT-2031","t":1795320000000,"value":1e999}]}', 422, "shape"),
        (b'{"batch_id":"b\xc3\x28","readings":[]}', 422, "not_json"),
        (b'{"batch_id":"\\ud800","readings":[{"point":"GT-2031","t":1795320000000,"value":1}]}', 422, "not_json"),
        (rows(good(), batch_id=""), 422, "batch_id"),
        (rows(good(), batch_id="a\nb"), 422, "batch_id"),
        (rows(good(), batch_id="a\0b"), 422, "batch_id"),
        (rows(good(), batch_id="x" * 121), 422, "batch_id"),
        (rows(good(), batch_id=5), 422, "shape"),
        (b'{"readings":[]}', 422, "shape"),
        (b'{"batch_id":"b"}', 422, "shape"),
        (b'{"batch_id":"b","readings":{}}', 422, "shape"),
        (b'{"batch_id":"b","readings":[{}],"columns":{"point":[],"t":[],"value":[]}}', 422, "shape"),
        (rows(), 422, "empty"),
        (rows(good(), lane="exercise:x"), 422, "lane"),
        (rows(good(), lane="backfill/../live"), 422, "lane"),
        (rows(good(), clock=T), 422, "clock"),
        (rows(good(), lane="backfill", clock=5), 422, "clock"),
        (columns(t=[T]), 422, "length"),
        (columns(quality=[0]), 422, "length"),
        (columns(t=[ISO]), 422, "length"),
        (b'{"batch_id":"b","x":' + b"[" * 40 + b"]" * 40 + b',"readings":[]}', 422, "too_deep"),
        (b'{"batch_id":"b","x":' + b"[" * 100_000 + b"]" * 100_000 + b',"readings":[]}', 422, "not_json"),
        (rows(good(note="x" * ROWS_LIMIT)), 413, "too_large"),
        (b'{"batch_id":"b","columns":{"point":[' + b" " * COLUMNS_LIMIT, 413, "too_large"),
    ],
    ids=range(31),
)
def test_a_post_that_cannot_be_meant_is_refused_as_a_whole(body: bytes, status: int, code: str):
    with pytest.raises(BadBody) as refused:
        check(body, GATEWAY)
    assert (refused.value.status, refused.value.code) == (status, code)
    assert refused.value.why


def test_more_rows_than_a_post_may_hold_are_refused():
    n = MOST_ROWS + 1
    body = b'{"batch_id":"b","columns":{"point":[%s],"t":[%s],"value":[%s]}}' % (
        b",".join([b"7"] * n),
        b",".join([str(T).encode()] * n),
        b",".join([b"1"] * n),
    )
    with pytest.raises(BadBody) as refused:
        check(body, GATEWAY)
    assert refused.value.code == "too_many"


def test_brackets_inside_texts_are_not_depth():
    found = check(rows(good(note="[" * 60), good(point="GT-2032", note="{" * 60)), GATEWAY)
    assert len(found.columns) == 2


@settings(max_examples=300, deadline=None)
@given(st.sampled_from([rows(good(), good(t=ISO)), columns(), columns(quality=[0, 2])]), st.data())
def test_a_damaged_post_is_taken_or_refused_but_never_breaks_the_door(body: bytes, data: st.DataObject):
    damaged = bytearray(body)
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(damaged) - 1))
        damaged[place : place + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
        if not damaged:
            break
    try:
        found = check(bytes(damaged), GATEWAY)
    except BadBody:
        return
    assert set(found.columns.point.tolist()) <= {7, 8}
    assert len(found.columns) + len(found.refused) == found.rows


@given(st.datetimes(timezones=st.just(UTC)))
def test_a_time_is_read_to_the_millisecond_or_refused(moment):
    t = instant(moment.isoformat())
    if 1990 <= moment.year < 2089:
        assert t is not None
        assert abs(t / 1000 - moment.timestamp()) < 0.0011


def test_a_remembered_column_of_points_reads_the_same_and_a_changed_one_anew():
    first, again = check(columns(), GATEWAY), check(columns(t=[T + 5, T + 6]), GATEWAY)
    assert first.columns.point.tolist() == again.columns.point.tolist() == [7, 8]
    turned = check(columns(point=["GT-2032", "GT-2031"], quality=[0, 3]), GATEWAY)
    assert (turned.columns.point.tolist(), turned.columns.quality.tolist()) == ([8, 7], [0, 3])
    for bad in (columns(t=[0, T]), columns(point=["GT-2031", None])):
        assert len(check(bad, GATEWAY).refused) == 1
    with pytest.raises(BadBody, match="differ in length"):
        check(columns(t=[T]), GATEWAY)


def test_S11_what_one_device_may_send_is_not_remembered_for_another():
    check(columns(), GATEWAY)
    other = Sender("gw-2", "live", {"GT-9": 9, 9: 9})
    assert [r.code for r in check(columns(), other).refused] == ["unknown_point"] * 2


@given(st.lists(st.integers(1_795_300_000_000, 1_795_399_999_999), min_size=1, max_size=20), st.data())
def test_times_read_all_at_once_are_what_json_says_or_are_left_to_it(times, data):
    written = bytearray(json.dumps(times, separators=(",", ":")).encode())
    assert bodies.instants(bytes(written)).tolist() == times
    for _ in range(data.draw(st.integers(1, 3))):
        written[data.draw(st.integers(0, len(written) - 1))] = data.draw(st.integers(0, 255))
    found = bodies.instants(bytes(written))
    if found is not None:
        assert found.tolist() == json.loads(written)
