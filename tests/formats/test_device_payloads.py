"""NMEA 0183, Modbus TCP, payloads of geological hazards and SenML: the vectors of the fact sheet and the RFC."""

from __future__ import annotations

import json
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anlan.formats import geohazard, modbus, nmea, senml
from anlan.formats.devices import BadFrame, beijing_ms
from tests.formats.device_frames import GEOHAZARD, MODBUS, NMEA, examples

NOW = 1_795_000_000_000


def sentence(name: str):
    (found,) = nmea.Reader(strict=True).feed(NMEA[name])
    return found


@pytest.mark.parametrize(
    ("name", "lat", "lon"),
    [
        ("N1", 48.117300, 11.516667),
        ("N2", 48.117300, 11.516667),
        ("N3", 49.274167, -123.185333),
        ("N4", 31.846469, 117.198706),
        ("N5", 32.407, 104.528),
    ],
)
def test_n1_to_n5_give_their_places_and_are_written_as_they_came(name, lat, lon):
    message = sentence(name)
    place = nmea.fix(message)
    assert (round(place.lat, 6), round(place.lon, 6), place.valid) == (lat, lon, True)
    assert nmea.write(message) == NMEA[name]


def test_n2_knows_speed_and_moment_and_n5_its_kind_of_fix():
    moving, standing = nmea.fix(sentence("N2")), nmea.fix(sentence("N5"))
    assert moving.speed_kmh == pytest.approx(41.4848)
    assert moving.course_deg == 84.4
    assert moving.time_ms == beijing_ms("19940323203519")
    assert (standing.fix, standing.satellites, standing.hdop, standing.altitude_m) == (4, 12, 0.8, 876.5)
    assert nmea.fix(sentence("N4")).time_ms == beijing_ms("20191031140512")


def test_a_receiver_without_a_position_says_so():
    found = nmea.Reader().feed(b"$GNRMC,060512.00,V,,,,,,,311019,,,N\r\n$GNGGA,,,,,,0,00,99.9,,,,,,\r\n")
    assert [nmea.fix(message).valid for message in found] == [False, False]
    assert nmea.values(found[0], "car-1") == []
    assert {value.quality for value in nmea.values(found[1], "car-1")} == {"no_fix"}


@pytest.mark.parametrize(
    ("sentence", "valid"),
    [
        ("$GNRMC,060512.00,A,3150.788156,N,11711.922383,E,0.0,,311019,,,A", True),
        ("$GNRMC,060512.00,A,3150.788156,N,11711.922383,E,0.0,,311019,,,S", False),
        ("$GNRMC,060512.00,A,3150.788156,N,11711.922383,E,0.0,,311019,,,M", False),
        ("$GNRMC,060512.00,A,3150.788156,N,11711.922383,E,0.0,,311019,,,N", False),
        ("$GPGLL,4916.45,N,12311.12,W,225444,A,D", True),
        ("$GPGLL,4916.45,N,12311.12,W,225444,A,S", False),
        ("$GPGGA,123519,4807.038,N,01131.000,E,4,08,0.9,545.4,M,46.9,M,,", True),
        ("$GPGGA,123519,4807.038,N,01131.000,E,7,08,0.9,545.4,M,46.9,M,,", False),
        ("$GPGGA,123519,4807.038,N,01131.000,E,8,08,0.9,545.4,M,46.9,M,,", False),
    ],
)
def test_a_place_that_was_simulated_or_typed_in_is_never_good(sentence, valid):
    (message,) = nmea.Reader().feed(sentence.encode() + b"\r\n")
    found = nmea.fix(message)
    assert found.valid is valid
    assert found.lat is not None
    assert {value.quality for value in nmea.values(message, "a")} == {"good" if valid else "no_fix"}


def test_a_wrong_sum_is_set_aside_and_noise_before_a_sentence_is_cut_off():
    reader = nmea.Reader()
    found = reader.feed(NMEA["N1"].replace(b"*47", b"*48") + b"\x00\xff" + NMEA["N3"])
    assert [getattr(thing, "kind", "GLL") for thing in found] == ["bad_crc", "garbage", "GLL"]
    assert reader.counts == {"bad_crc": 1, "garbage": 1}


def frame(name: str):
    (found,) = modbus.Reader(strict=True).feed(MODBUS[name])
    return found


def test_m1_to_m4_are_read_and_written():
    assert [modbus.write(frame(name)) for name in MODBUS] == list(MODBUS.values())
    assert (frame("M1").transaction, frame("M1").unit, frame("M1").function) == (1, 17, 3)
    assert modbus.registers(frame("M2")) == (44609, 22098, 17216)
    assert frame("M3").function == 6
    assert frame("M4").exception == "illegal_address"
    assert modbus.write_rtu(frame("M1")) == bytes.fromhex("11 03 00 6B 00 03 76 87")


def test_a_map_becomes_the_requests_for_its_ranges_and_the_answer_their_values():
    points = [modbus.Point(f"p{n}", 3, 0x6B + n, unit="m", scale=0.1, offset=1) for n in range(3)]
    (request,) = modbus.plan(17, points)
    assert modbus.ask(request, 1) == MODBUS["M1"]
    assert modbus.answers(request, frame("M2"))
    found = modbus.values(request, frame("M2"), "plc-1", NOW)
    assert [value.value for value in found] == pytest.approx([4461.9, 2210.8, 1722.6])
    assert {(value.device, value.time_ms, value.unit, value.quality) for value in found} == {
        ("plc-1", NOW, "m", "good")
    }


def test_a_refusal_and_an_answer_to_another_question_leave_all_points_missing():
    (request,) = modbus.plan(1, [modbus.Point("a", 3, 0)])
    for name in ("M2", "M4"):
        (value,) = modbus.values(request, frame(name), "plc-1", NOW)
        assert (value.value, value.quality) == (None, "missing")


@pytest.mark.parametrize(
    ("order", "data"),
    [("ABCD", "41200000"), ("CDAB", "00004120"), ("BADC", "20410000"), ("DCBA", "00002041")],
)
def test_a_float_is_ten_in_each_order_of_its_bytes(order, data):
    (request,) = modbus.plan(1, [modbus.Point("a", 4, 8, "f32", order)])
    answer = modbus.Frame(1, 1, 4, b"\x04" + bytes.fromhex(data))
    assert modbus.values(request, answer, "plc-1", NOW)[0].value == 10.0


@given(st.floats(allow_nan=False, allow_infinity=False), st.sampled_from(["ABCD", "CDAB", "BADC", "DCBA"]))
def test_wide_numbers_survive_each_order(number, order):
    words = struct.unpack("<4H" if order in ("BADC", "DCBA") else ">4H", struct.pack(">d", number))
    words = words[::-1] if order in ("CDAB", "DCBA") else words
    (request,) = modbus.plan(1, [modbus.Point("a", 3, 0, "f64", order)])
    answer = modbus.Frame(1, 1, 3, b"\x08" + struct.pack(">4H", *words))
    assert modbus.values(request, answer, "plc-1", NOW)[0].value == number


def test_a_float_that_is_no_number_is_missing():
    (request,) = modbus.plan(1, [modbus.Point("a", 3, 0, "f32")])
    answer = modbus.Frame(1, 1, 3, b"\x04" + bytes.fromhex("7FC00000"))
    assert modbus.values(request, answer, "plc-1", NOW)[0].quality == "missing"


def test_no_request_asks_for_more_than_a_device_gives_or_for_what_nobody_wants():
    points = [modbus.Point(f"p{n}", 3, n, "u32") for n in range(0, 400, 2)]
    points += [modbus.Point("far", 3, 1000), modbus.Point("coil", 1, 7, "bit"), modbus.Point("coil2", 1, 9, "bit")]
    requests = modbus.plan(1, points)
    assert [(one.function, one.address, one.count) for one in requests] == [
        (1, 7, 1),
        (1, 9, 1),
        (3, 0, 124),
        (3, 124, 124),
        (3, 248, 124),
        (3, 372, 28),
        (3, 1000, 1),
    ]
    assert len(modbus.plan(1, points, gap=1)) == 6
    (coils,) = [one for one in modbus.plan(1, points, gap=1) if one.function == 1]
    answer = modbus.Frame(1, 1, 1, b"\x01\x05")
    assert [value.value for value in modbus.values(coils, answer, "plc", NOW)] == [1.0, 1.0]


@pytest.mark.parametrize(
    "point",
    [modbus.Point("a", 6, 1), modbus.Point("a", 1, 1), modbus.Point("a", 3, 65535, "u32"), modbus.Point("a", 3, -1)],
)
def test_a_map_that_cannot_be_read_is_refused(point):
    with pytest.raises(ValueError):
        modbus.plan(1, [point])


def said(name: str) -> dict[str, tuple]:
    message = geohazard.read(GEOHAZARD[name])
    return {value.sensor: (value.value, value.unit, value.known) for value in geohazard.values(message)}


def test_g1_gives_tilt_and_acceleration_at_their_moment():
    found = said("G1")
    assert found["L1_QJ_1.X"] == (3.15, "deg", True)
    assert found["L1_QJ_1.AZI"] == (236.18, "deg", True)
    assert found["L1_QJ_1.trend"] == (236.18, "", False)
    # Some send mg, some m/s2: the unit belongs to the device.
    assert found["L1_JS_1.gY"] == (0.18, "", True)
    times = {value.time_ms for value in geohazard.values(geohazard.read(GEOHAZARD["G1"]))}
    assert times == {beijing_ms("20260314150403")}


def test_g2_is_read_behind_its_first_byte_and_has_no_time():
    reader = geohazard.Reader()
    (message,) = reader.feed(GEOHAZARD["G2"])
    assert reader.counts == {"skipped_prefix": 1}
    assert message.prefix == b"\x10"
    assert {value.time_ms for value in geohazard.values(message)} == {None}
    found = said("G2")
    assert found["S1_ZT_1.ext_power_volt"] == (3.54, "V", True)
    assert found["S1_ZT_1.sensor_state.L1_LF_1"][0] == 3.0
    assert "S1_ZT_1.sw_version" not in found
    assert geohazard.Reader(strict=True).feed(GEOHAZARD["G2"])[0].kind == "not_json"


def test_g3_and_g4_give_what_is_there():
    assert said("G3") == {"L1_GP_1.gpsTotalZ": (3.2, "mm", True)}
    found = said("G4")
    assert found["S1_ZT_1.sensor_state"][0] == 1.0
    assert found["L1_SW_1.dispsX"] == (-0.0445, "mm", True)


def test_g5_is_kept_as_it_is_because_there_is_no_key():
    assert geohazard.read(GEOHAZARD["G5"]) == BadFrame(("encrypted",), GEOHAZARD["G5"])


def test_a_payload_behind_its_type_and_length_is_read_and_written_back():
    text = GEOHAZARD["G3"]
    message = geohazard.read(b"\x02" + len(text).to_bytes(2, "big") + text)
    assert message.prefix[0] == 2
    again = geohazard.read(geohazard.write(message))
    assert (again.content, geohazard.values(again)) == (message.content, geohazard.values(message))


def test_a_bare_number_and_a_time_without_zone_are_taken():
    payload = b'{"1":{"L3_YL_1":{"2026-03-14 15:00:00":0.5}}}'
    (value,) = geohazard.values(geohazard.read(payload))
    assert (value.sensor, value.value, value.unit) == ("L3_YL_1.value", 0.5, "mm")
    assert value.time_ms == beijing_ms("20260314150000")


def test_recorded_telemetry_is_read_and_schemas_and_commands_are_not():
    recorded = examples("sensorthings", "landslide_mqtt_kafka_examples.json")
    found = {name: geohazard.read(json.dumps(content).encode()) for name, content in recorded.items()}
    read = {name for name, thing in found.items() if not isinstance(thing, BadFrame)}
    assert read == {"kafka/examples/telemetry-raw.v1.json", "mqtt/examples/telemetry-envelope.v1.json"}
    values = geohazard.values(found["kafka/examples/telemetry-raw.v1.json"])
    assert [(value.sensor, value.value) for value in values] == [
        ("displacement_mm", 1.23),
        ("tilt_x_deg", 0.18),
        ("battery_v", 3.92),
    ]
    assert {value.time_ms for value in values} == {beijing_ms("20251215180000")}


@pytest.mark.parametrize("module", [geohazard, senml])
@pytest.mark.parametrize(
    "payload", [b"", b"{", b"\xff", b"[" * 100_000, b'{"a":' * 100_000, b"1", b" " * (1 << 20) + b"{}"]
)
def test_hostile_payloads_are_set_aside(module, payload):
    reader = module.Reader()
    (found,) = reader.feed(payload)
    assert isinstance(found, BadFrame)
    assert sum(reader.counts.values()) == 1


#: RFC 8428, 5.1.3.
RFC = b"""[
{"bn":"urn:dev:ow:10e2073a0108006:","bt":1.276020076001e+09,"bu":"A","bver":5,"n":"voltage","u":"V","v":120.1},
{"n":"current","t":-5,"v":1.2},{"n":"current","t":-4,"v":1.3},{"n":"current","v":1.7}]"""


def test_the_example_of_the_rfc_is_resolved_as_it_says():
    message = senml.read(RFC, strict=True)
    found = senml.values(message, NOW)
    assert [(value.sensor, value.value, value.unit, value.time_ms) for value in found] == [
        ("voltage", 120.1, "V", 1276020076001),
        ("current", 1.2, "A", 1276020071001),
        ("current", 1.3, "A", 1276020072001),
        ("current", 1.7, "A", 1276020076001),
    ]
    assert {value.device for value in found} == {"urn:dev:ow:10e2073a0108006"}
    assert senml.values(senml.read(senml.write(message)), NOW) == found


def test_a_time_below_two_to_the_28_counts_from_now_and_a_base_value_is_added():
    message = senml.read(
        b'[{"bn":"a/","bv":10,"bt":-60},{"n":"x","v":1},{"n":"y","vb":true,"t":30},{"n":"z","vs":"t"}]'
    )
    assert [(value.sensor, value.value, value.time_ms - NOW) for value in senml.values(message, NOW)] == [
        ("x", 11.0, -60_000),
        ("y", 1.0, -30_000),
    ]


@pytest.mark.parametrize(
    "pack",
    [
        b"{}",
        b"[]",
        b"[1]",
        b'[{"n":"a","v":"1"}]',
        b'[{"n":"a","v":1,"vs":"x"}]',
        b'[{"n":"a b","v":1}]',
        b'[{"n":"-a","v":1}]',
        b'[{"v":1}]',
        b'[{"bver":11,"n":"a","v":1}]',
        b'[{"bver":5,"n":"a","v":1},{"bver":6,"n":"a","v":1}]',
        b'[{"n":"a","v":1,"must_":2}]',
        b'[{"n":"a","v":true}]',
    ],
)
def test_what_the_rfc_forbids_refuses_the_pack(pack):
    assert senml.read(pack).kind in ("wrong_shape", "not_json")


def test_a_field_of_no_rfc_is_passed_over_and_strict_refuses_it():
    assert senml.values(senml.read(b'[{"n":"a","v":1,"colour":2}]'), NOW)
    assert senml.read(b'[{"n":"a","v":1,"colour":2}]', strict=True).kind == "wrong_shape"


def test_the_registers_of_a_point_are_told_as_they_were_sent_and_none_of_a_refusal():
    wanted = modbus.Point("a", 3, 11, "f32")
    (request,) = modbus.plan(1, [modbus.Point("b", 3, 10), wanted])
    answer = modbus.Frame(1, 1, 3, bytes.fromhex("06 0001 41AC 0000"))
    assert modbus.sent(request, answer, wanted) == (0x41AC, 0)
    assert modbus.sent(request, modbus.Frame(1, 1, 0x83, b"\2"), wanted) == ()
    assert modbus.sent(request, modbus.Frame(1, 1, 3, b"\4\0\1\0\2"), wanted) == ()
    (coils,) = modbus.plan(1, [modbus.Point("c", 1, n, "bit") for n in range(10)])
    assert modbus.sent(coils, modbus.Frame(1, 1, 1, b"\2\0\2"), coils.points[9]) == (1,)


def test_a_value_that_its_scale_makes_infinite_is_missing():
    (request,) = modbus.plan(1, [modbus.Point("a", 3, 0, "f64", scale=1e10)])
    answer = modbus.Frame(1, 1, 3, b"\x08" + struct.pack(">d", 1e308))
    (value,) = modbus.values(request, answer, "plc", NOW)
    assert (value.value, value.quality) == (None, "missing")
