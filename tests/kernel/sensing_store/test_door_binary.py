"""Binary columns: what is accepted is what JSON columns would give, and damage is refused before anything is stored."""

from __future__ import annotations

import json
import struct
import zlib
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anlan.kernel.sensing.door.binary import CLOCK, HEADER, OLD, QUALITY, check_binary, is_binary
from anlan.kernel.sensing.door.bodies import BadBody, Checked, Sender, check
from anlan.kernel.sensing.door.taking import batch_of

T = 1_795_320_000_000
SENDER = Sender("gw-1", "live", {"GT-2031": 7, 7: 7, "GT-2032": 8, 8: 8})


def sender_of_the_guide() -> Any:
    """The `body` that docs/how-to/send-readings.md shows."""
    guide = Path(__file__).parents[3] / "docs/how-to/send-readings.md"
    code = guide.read_text(encoding="utf-8").split("```python\n")[1].split("```")[0]
    space: dict[str, Any] = {}
    exec(code, space)
    return space["body"]


def packed(
    batch_id: bytes = b"b1", codes: bytes = b"GT-2031\nGT-2032", point: Any = (0, 1), t: Any = (T, T),
    value: Any = (1.5, 2.5), quality: Any = None, flags: int = 0, clock: int = 0,
) -> bytes:  # fmt: skip
    names = batch_id + codes
    rest = names + bytes(-len(names) % 8) + np.array(t, "<i8").tobytes() + np.array(value, "<f8").tobytes()
    rest += np.array(point, "<u4").tobytes()
    if quality is not None:
        rest, flags = rest + bytes(quality), flags | QUALITY
    sizes = (len(batch_id), len(t), len(codes), zlib.crc32(rest))
    return HEADER.pack(b"ANC1", flags, 0, *sizes, 0, clock) + rest


def table(checked: Checked) -> list[tuple[Any, ...]]:
    columns = checked.columns
    return list(
        zip(columns.point.tolist(), columns.t.tolist(), columns.value.tolist(), columns.quality.tolist(), strict=True)
    )


def test_the_sender_of_the_guide_is_understood():
    body = sender_of_the_guide()("b1", ["GT-2031", "GT-2032"], [1, 0, 1], [T, T, T + 1], [1.5, 2.5, 3.5])
    assert is_binary(body)
    checked = check_binary(body, SENDER)
    assert (checked.batch_id, checked.lane, checked.clock, checked.rows) == ("b1", "live", None, 3)
    assert table(checked) == [(8, T, 1.5, 0), (7, T, 2.5, 0), (8, T + 1, 3.5, 0)]


def test_points_may_be_given_by_number_and_qualities_with_them():
    checked = check_binary(packed(codes=b"", point=(8, 7), quality=(1, 2)), SENDER)
    assert table(checked) == [(8, T, 1.5, 1), (7, T, 2.5, 2)]


def test_old_data_and_a_clock_are_flags():
    checked = check_binary(packed(flags=OLD | CLOCK, clock=T + 5), SENDER)
    assert (checked.lane, checked.clock) == ("backfill", T + 5)
    batch, _checked = batch_of(packed(flags=OLD), SENDER, T)
    assert (batch.lane, batch.arrival) == ("backfill", T)


def test_single_bad_rows_are_refused_with_row_and_reason_and_the_others_are_taken():
    body = packed(
        codes=b"GT-2031\nother", point=(0, 1, 9, 0, 0, 0), t=(T, T, T, T + 1, 5, T + 2),
        value=(1.0, 2.0, 3.0, float("nan"), 4.0, float("inf")),
    )  # fmt: skip
    checked = check_binary(body, SENDER)
    assert table(checked) == [(7, T, 1.0, 0)]
    assert [(r.row, r.code, r.point) for r in checked.refused] == [
        (1, "unknown_point", "other"),
        (2, "unknown_point", "9"),
        (3, "value", "GT-2031"),
        (4, "time", "GT-2031"),
        (5, "value", "GT-2031"),
    ]
    assert checked.rows == 6
    assert json.loads(checked.refused[0].raw)["point"] == "other"


def cut(body: bytes, at: int, new: bytes) -> bytes:
    return body[:at] + new + body[at + len(new) :]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"ANC1", "not_columns"),
        (packed()[:-1], "not_columns"),
        (packed() + b"\0", "not_columns"),
        (cut(packed(), 4, b"\x08"), "not_columns"),
        (cut(packed(), 5, b"\x01"), "not_columns"),
        (cut(packed(), 20, b"\x01"), "not_columns"),
        (cut(packed(), 8, struct.pack("<I", 0xFFFFFFFF)), "not_columns"),
        (cut(packed(), 12, struct.pack("<I", 0xFFFFFFFF)), "not_columns"),
        (cut(packed(), 40, b"\xee"), "not_columns"),
        (packed(batch_id=b"\xff\xfe"), "not_columns"),
        (packed(codes=b"\xff"), "not_columns"),
        (packed(batch_id=b""), "batch_id"),
        (packed(batch_id=b"a\nb"), "batch_id"),
        (packed(batch_id=b"x" * 121), "batch_id"),
        (packed(point=(), t=(), value=()), "empty"),
        (packed(flags=CLOCK, clock=T), "clock"),
    ],
)
def test_what_cannot_be_meant_is_refused_as_a_whole(body: bytes, code: str):
    with pytest.raises(BadBody) as refused:
        check_binary(body, SENDER)
    assert (refused.value.status, refused.value.code) == (422, code)


def test_too_large_a_post_and_too_many_readings_are_413():
    n = 300_000
    for body in (packed(point=[0] * n, t=[T] * n, value=[0.0] * n), packed() + bytes(9 << 20)):
        with pytest.raises(BadBody) as refused:
            check_binary(body, SENDER)
        assert refused.value.status == 413


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["GT-2031", "GT-2032", "other"]),
            st.sampled_from([T, T + 1, 5, -1, 1 << 62]),
            st.floats(-1e6, 1e6),
            st.integers(0, 255),
        ),
        min_size=1,
        max_size=20,
    )
)
def test_any_columns_give_what_their_json_gives(rows: list[tuple[str, int, float, int]]):
    point, t, value, quality = (list(column) for column in zip(*rows, strict=True))
    codes = ["other", "GT-2032", "GT-2031"]
    ours = check_binary(
        packed(
            codes="\n".join(codes).encode(), point=[codes.index(p) for p in point], t=t, value=value, quality=quality
        ),
        SENDER,
    )
    columns = {"point": point, "t": t, "value": value, "quality": quality}
    theirs = check(json.dumps({"batch_id": "b1", "columns": columns}).encode(), SENDER)
    assert table(ours) == table(theirs)
    assert [(r.row, r.field, r.code, r.point, r.t) for r in ours.refused] == [
        (r.row, r.field, r.code, r.point, r.t) for r in theirs.refused
    ]


@given(st.binary(max_size=200), st.integers(0, 90))
def test_any_damage_is_refused_or_harmless(noise: bytes, at: int):
    body = cut(packed(), at, noise[: len(packed()) - at])
    if body == packed():
        assert len(table(check_binary(body, SENDER))) == 2
    elif body[:32] == packed()[:32]:
        with pytest.raises(BadBody, match="checksum"):
            check_binary(body, SENDER)
    else:
        with suppress(BadBody):
            assert {point for point, *_rest in table(check_binary(body, SENDER))} <= {7, 8}
