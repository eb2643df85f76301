"""miniSEED: recorded waveforms to the sample, and files that break off or lie."""

from __future__ import annotations

import hashlib
import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anlan.formats import mseed
from anlan.formats.faults import Refused
from anlan.formats.findings import BadMessage
from tests.formats.neighbours import recorded

#: File: parts by channel, start in microseconds, rate, samples, and the beginning of the SHA-1 of the samples as
#: little-endian int32; measured with ObsPy 1.5.1.
RECORDED = {
    "IU_ULN_00_LH1_2015-07-18T02.mseed": [("IU.ULN.00.LH1", 1437186453069538, 1.0, 10800, "815db5813add")],
    "WUQ.XJ.HHN.D.2008.285.first_record": [("XJ.WUQ..HHN", 1223683200000000, 100.0, 3772, "98129110041c")],
    "brokenlastrecord.mseed": [("NL.HGN.00.BHZ", 1054174402043400, 40.0, 5980, "e95a0f935359")],
    "dataselect_example.mseed": [("IU.ANMO.00.BHZ", 1267252200019538, 20.0, 12000, "ed814acd2ffd")],
}


def digest(samples: np.ndarray) -> str:
    return hashlib.sha1(samples.astype("<i4").tobytes()).hexdigest()[:12]


@pytest.mark.parametrize("name", RECORDED)
def test_a_recording_is_read_to_the_sample(name: str):
    recording = mseed.read(recorded(f"seismic/{name}"))
    parts = mseed.joined(recording.records)
    assert [
        (one.source, one.start_us, one.rate_hz, len(one.samples), digest(one.samples)) for one in parts
    ] == RECORDED[name]


def test_a_file_that_breaks_off_gives_what_came_before_and_says_where():
    recording = mseed.read(recorded("seismic/brokenlastrecord.mseed"))
    assert len(recording.records) == 1
    assert [str(one) for one in recording.findings] == ["not_a_record (byte=4096)"]


def test_an_empty_file_is_refused():
    with pytest.raises(Refused, match="empty_file"):
        mseed.read(recorded("seismic/emptyfile.mseed"))


def test_gaps_cut_a_channel_into_parts():
    """22 parts of 18 channels; all of their samples have the digests that ObsPy 1.5.1 gives."""
    parts = mseed.joined(mseed.read(recorded("seismic/ffbx_unrotated_gaps.mseed")).records)
    assert len(parts) == 22
    digests = "".join(sorted(digest(one.samples) for one in parts))
    assert hashlib.sha1(digests.encode()).hexdigest()[:12] == "b19ab1bf7bb0"
    first, second = [one for one in parts if one.source == "BW.FFB1..BH1"]
    assert (len(first.samples), len(second.samples)) == (17, 63)
    assert second.start_us - first.start_us == 450_000


def record(
    samples: bytes, count: int, encoding: int, *, big: bool = True, exponent: int = 9, year: int = 2026,
    second: int = 0, correction: int = 0, activity: int = 0, rate: tuple[int, int] = (100, 1), first: int = 48,
) -> bytes:  # fmt: skip
    """A record of ours, to know what is in it."""
    order = ">" if big else "<"
    head = struct.pack(
        order + "6sc1s5s2s3s2sHHBBBBHHhhBBBBiHH", b"000001", b"D", b" ", b"PW01 ", b"  ", b"HHZ", b"SC", year, 60, 1, 2,
        second, 0, 5000, count, *rate, activity, 0, 0, 1, correction, 64, first,
    )  # fmt: skip
    head += struct.pack(order + "HHBBBB", 1000, 0, encoding, big, exponent, 0)
    return head.ljust(64, b"\x00") + samples.ljust((1 << exponent) - 64, b"\x00")


@pytest.mark.parametrize("big", [True, False])
@pytest.mark.parametrize(("encoding", "kind"), [(1, "i2"), (3, "i4"), (4, "f4"), (5, "f8")])
def test_samples_that_are_not_packed_are_read_in_both_orders_of_bytes(encoding: int, kind: str, big: bool):
    values = np.array([1, -2, 300, -30000], kind)
    (one,) = mseed.read(record(values.astype((">" if big else "<") + kind).tobytes(), 4, encoding, big=big)).records
    assert one.samples().tolist() == values.tolist()
    assert (one.source, one.rate_hz, one.end_us - one.start_us) == ("SC.PW01..HHZ", 100.0, 30_000)


def steim1(values: list[int]) -> bytes:
    """One frame with differences of 32 bits."""
    steps = [0, *np.diff(values).tolist()]
    control = sum(3 << (30 - 2 * (3 + at)) for at in range(len(steps)))
    return struct.pack(">Iii", control, values[0], values[-1]) + struct.pack(f">{len(steps)}i", *steps)


@given(st.lists(st.integers(-(2**29), 2**29), min_size=1, max_size=13))
def test_packed_differences_give_the_samples_back(values: list[int]):
    (one,) = mseed.read(record(steim1(values), len(values), mseed.STEIM1)).records
    assert one.samples().tolist() == values


def test_a_record_that_does_not_end_with_its_last_sample_gives_none():
    data = bytearray(record(steim1([5, 7, 9]), 3, mseed.STEIM1))
    data[64 + 8 : 64 + 12] = struct.pack(">i", 8)
    (one,) = mseed.read(bytes(data)).records
    with pytest.raises(BadMessage, match="wrong_last_sample"):
        one.samples()


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"\x00" * 200, "not_a_record"),
        (b"0" * 20, "short_record"),
        (record(b"", 0, 11)[:300], "short_record"),
        (record(b"", 0, 11, year=1000), "bad_record"),
        (record(b"", 0, 11, second=61), "bad_record"),
        (record(b"", 0, 11, exponent=9, first=0), "bad_record"),
        (record(b"", 0, 11, first=500), "bad_record"),
        (record(b"", 0, 11, exponent=9).replace(b"\x0b\x01\x09", b"\x0b\x01\x3f"), "bad_record"),
    ],
)
def test_what_is_no_record_is_told(data: bytes, code: str):
    with pytest.raises(BadMessage, match=code):
        mseed.read(data)


@pytest.mark.parametrize(
    ("count", "encoding", "code"), [(400, 3, "bad_record"), (9, 11, "bad_record"), (1, 30, "unknown_encoding_code")]
)
def test_samples_that_are_not_there_are_told(count: int, encoding: int, code: str):
    (one,) = mseed.read(record(b"", count, encoding)).records
    with pytest.raises(BadMessage, match=code):
        one.samples()


def test_a_correction_of_the_clock_is_applied_once():
    (plain,), (mended,), (late,) = (
        mseed.read(record(b"", 0, 3, correction=correction, activity=activity)).records
        for correction, activity in ((0, 0), (12, 2), (12, 0))
    )
    assert mended.start_us == plain.start_us
    assert late.start_us == plain.start_us + 1200


def test_a_rate_may_be_seconds_per_sample():
    for rate, hz in (((-10, 1), 0.1), ((20, -4), 5.0), ((-2, -5), 0.1), ((0, 1), 0.0)):
        (one,) = mseed.read(record(b"", 0, 3, rate=rate)).records
        assert one.rate_hz == pytest.approx(hz)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 511), st.integers(0, 255)), min_size=1, max_size=12), st.integers(1, 512))
def test_no_damage_makes_the_reader_stumble(changes: list[tuple[int, int]], length: int):
    data = bytearray(record(steim1([5, 7, 9]), 3, mseed.STEIM1))
    for at, byte in changes:
        data[at] = byte
    try:
        mseed.joined(mseed.read(bytes(data[:length])).records)
    except (BadMessage, Refused):
        return
