"""No password of a device is kept with its bytes, and nothing else of them is lost."""

from __future__ import annotations

import pytest

from anlan.gateways.masking import masked


@pytest.mark.parametrize(
    ("protocol", "raw", "kept"),
    [
        ("hj212", b"##0041ST=32;CN=2011;PW=123456;MN=A1;CP=&&a&&", b"##0041ST=32;CN=2011;PW=******;MN=A1;CP=&&a&&"),
        ("hj212", b"##0012PW=654321&&", b"##0012PW=******&&"),
        ("sl651", bytes.fromhex("7e7e010010100001a000320002"), bytes.fromhex("7e7e0100101000012a2a320002")),
        ("sl651", bytes.fromhex("0102030405060708090a0b"), bytes.fromhex("0102030405060708090a0b")),
        ("sl651", b"\x01011000000006A0003200A\x02", b"\x01011000000006****3200A\x02"),
        ("sl651", b"?\x01011000000006A0", b"?\x01011000000006**"),
        ("jt808", b"\x7e\x01\x02\x00\x04" + bytes(8) + b"code" + b"\x55\x7e",
         b"\x7e\x01\x02\x00\x04" + bytes(8) + b"****" + b"\x55\x7e"),
        ("jt808", b"\x7e\x02\x00\x00\x04" + bytes(8) + b"data" + b"\x55\x7e",
         b"\x7e\x02\x00\x00\x04" + bytes(8) + b"data" + b"\x55\x7e"),
    ],
)  # fmt: skip
def test_the_password_is_covered_and_nothing_else(protocol, raw, kept):
    assert masked(protocol, raw) == kept
