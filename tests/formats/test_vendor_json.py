"""Vendors' JSON by a declared mapping: what is read, what is a fault and where, and what is refused as a mapping."""

from __future__ import annotations

import itertools
import json
import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anlan.formats.devices import Value
from anlan.formats.vendor_json import (
    FAULTS,
    MOST_BYTES,
    PATTERNS,
    PROBLEMS,
    BadMapping,
    BadPath,
    BadTopic,
    Mapped,
    evaluate,
    overlap,
    plain,
    read_mapping,
    read_path,
    read_topic,
)

AT = 1_795_320_000_000
TOPIC = "vendor/A1/up"


def mapping(**more: Any) -> Any:
    body = {
        "topic": "vendor/{device}/up",
        "device": {"from": "topic", "part": "device"},
        "time": {"form": "epoch_ms", "path": "t"},
        "sensors": [{"name": "v", "sensor": "level", "unit": "m"}],
    }
    return read_mapping(body | more)


def tried(message: Any, topic: str = TOPIC, at_ms: int = AT, **more: Any) -> Mapped:
    payload = message if isinstance(message, bytes) else json.dumps(message, ensure_ascii=False).encode()
    return evaluate(mapping(**more), topic, payload, at_ms)


def numbers(found: Mapped) -> list[tuple[str, float | None]]:
    return [(one.sensor, one.value) for one in found.values]


def faults(found: Mapped) -> list[tuple[str, str]]:
    return [(one.kind, one.path) for one in found.faults]


# --- paths and topics -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["", "a", "a.b[0].c", "data.list[*].值", "$", "$.a", "$[3]", "[*].x", r"a\.b.c\[0\]"])
def test_a_path_reads_back_as_it_was_written(text: str):
    assert str(read_path(text)) == text


@pytest.mark.parametrize(
    "text",
    [".a", "a.", "a..b", "a[", "a[x]", "a[-1]", "a[1]b", "a[10000]", "a]", "a\n", "a[?(@.x>1)]", "a[1:2]", "a" * 81,
     ".".join("a" * 17), "$.", "__import__('os')[0]x"],
)  # fmt: skip
def test_what_is_no_path_is_refused(text: str):
    with pytest.raises(BadPath):
        read_path(text)


@given(st.text(max_size=60))
@settings(max_examples=300, deadline=None)
def test_any_text_is_a_path_that_reads_back_or_is_refused(text: str):
    try:
        found = read_path(text)
    except BadPath:
        return
    assert read_path(str(found)) == found


@pytest.mark.parametrize(
    ("pattern", "topic", "parts"),
    [
        ("vendor/{device}/up", "vendor/A1/up", {"device": "A1"}),
        ("vendor/{device}/up", "vendor//up", None),
        ("vendor/{device}/up", "vendor/A1/up/x", None),
        ("a/+/{d}/#", "a/b/c", {"d": "c"}),
        ("a/+/{d}/#", "a/b/c/d/e", {"d": "c"}),
        ("a/#", "a", {}),
        ("$dp", "$dp", {}),
        ("+/x", "$dp/x", None),
    ],
)
def test_a_topic_gives_its_named_levels(pattern: str, topic: str, parts: Any):
    assert read_topic(pattern).parts(topic) == parts


@pytest.mark.parametrize("text", ["", "/a", "a//b", "a/#/b", "a/b+", "a/{D}", "a/{d}/{d}", "a/{d", "x" * 201, "a/\x00"])
def test_what_is_no_pattern_of_topics_is_refused(text: str):
    with pytest.raises(BadTopic):
        read_topic(text)


LEVELS = st.lists(st.sampled_from(["a", "b", "+", "{x}"]), min_size=1, max_size=4).map("/".join)


@given(LEVELS, st.booleans(), LEVELS, st.booleans())
@settings(max_examples=300, deadline=None)
def test_two_patterns_overlap_exactly_when_there_is_a_topic_that_both_take(one, one_rest, other, other_rest):
    first, second = (
        read_topic((text if text.count("{x}") < 2 else text.replace("{x}", "+")) + ("/#" if rest else ""))
        for text, rest in ((one, one_rest), (other, other_rest))
    )
    topics = ("/".join(levels) for n in range(1, 6) for levels in itertools.product("ab", repeat=n))
    both = any(first.parts(topic) is not None and second.parts(topic) is not None for topic in topics)
    assert overlap(first, second) is overlap(second, first) is both


# --- readings -------------------------------------------------------------------------------------------------------


def test_a_list_of_items_with_chinese_keys_scale_words_and_a_local_time():
    found = tried(
        {"数据": {"列表": [{"时间": "2026-11-22 11:25:00", "温度": 123, "门": "开"},
                           {"时间": "2026-11-22 11:26:00", "温度": -9999, "门": "关"}]}},
        items="数据.列表[*]",
        time={"form": "text", "path": "时间", "pattern": "yyyy-MM-dd HH:mm:ss", "zone": "Asia/Shanghai"},
        sensors=[{"name": "温度", "sensor": "temp", "unit": "℃", "scale": 0.1, "offset": -1, "words": {"-9999": None}},
                 {"name": "门", "sensor": "door", "words": {"开": 1, "关": 0}}],
    )  # fmt: skip
    first = 1_795_317_900_000
    assert [(one.sensor, one.time_ms, one.quality) for one in found.values] == [
        ("temp", first, "good"), ("door", first, "good"),
        ("temp", first + 60_000, "missing"), ("door", first + 60_000, "good"),
    ]  # fmt: skip
    assert [one.value for one in found.values] == [pytest.approx(11.3), 1.0, None, 0.0]
    assert {one.device for one in found.values} == {"A1"}
    assert found.faults == ()


def test_pairs_an_object_and_a_list_by_place_come_together():
    pairs = {"form": "pairs", "path": "params[*]", "key": "k", "value": "v", "unit": "u", "quality": "q",
             "known": [{"name": "T1", "sensor": "temp", "unit": "℃"}]}  # fmt: skip
    quality = {"words": {"0": "good", "2": "bad"}}
    message = {"t": AT, "params": [{"k": "T1", "v": 1.5, "u": "℃", "q": 0}, {"k": "P", "v": 2, "u": "kPa", "q": 2}]}
    found = tried(message, sensors=[], group=pairs, quality=quality)
    assert [(one.sensor, one.value, one.unit, one.quality, one.known) for one in found.values] == [
        ("temp", 1.5, "℃", "good", True), ("P", 2.0, "kPa", "bad", False),
    ]  # fmt: skip
    found = tried(
        {"t": AT, "m": {"a": 1, "b": {"x": 1}, "c": "text"}}, sensors=[], group={"form": "object", "path": "m"}
    )
    assert (numbers(found), faults(found)) == ([("a", 1.0)], [("not_number", "$.m.c")])
    known = [{"name": "0", "sensor": "east"}, {"name": "1", "sensor": "north"}]
    by_place = {"form": "array", "path": "x", "known": known, "others": "skip"}
    found = tried({"t": AT, "x": [3, None, 7]}, sensors=[], group=by_place)
    assert numbers(found) == [("east", 3.0), ("north", None)]


def test_an_item_can_itself_be_one_pair():
    found = tried(
        [{"t": AT, "name": "a", "val": 1}, {"t": AT + 1, "name": "b", "val": 2}],
        items="[*]", sensors=[], group={"form": "pairs", "key": "name", "value": "val"},
    )  # fmt: skip
    assert [(one.sensor, one.time_ms) for one in found.values] == [("a", AT), ("b", AT + 1)]


def test_names_that_are_not_listed_are_taken_passed_over_or_a_fault_as_declared():
    group = {"form": "object", "path": "m", "known": [{"name": "a", "sensor": "a"}]}
    message = {"t": AT, "m": {"a": 1, "zz": 2}}
    assert len(tried(message, sensors=[], group=group | {"others": "take"}).values) == 2
    assert faults(tried(message, sensors=[], group=group | {"others": "skip"})) == []
    found = tried(message, sensors=[], group=group | {"others": "fault"})
    assert (numbers(found), faults(found)) == ([("a", 1.0)], [("unknown_name", "$.m.zz")])


def test_the_number_of_a_device_within_a_gateway_bears_the_gateway():
    body = plain(mapping()) | {"topic": "v/{gw}/up", "device": {"from": "path", "path": "sn", "within": "gw"}}
    found = evaluate(read_mapping(body), "v/G1/up", b'{"sn": 17, "t": %d, "v": 1}' % AT, AT)
    assert [one.device for one in found.values] == ["G1/17"]


@pytest.mark.parametrize("said", [None, "", True, 1.5, [], {}, "a" * 61, " a", "a\n", 10**20])
def test_what_can_be_no_device_costs_its_item_and_says_so(said: Any):
    found = tried({"sn": said, "t": AT, "v": 1}, device={"from": "path", "path": "sn"})
    assert found.values == ()
    assert faults(found)[0][0] in ("no_device", "odd_device")


# --- times ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("time", "said", "expected"),
    [
        ({"form": "epoch_s"}, 1_795_320_000, AT),
        ({"form": "epoch_s"}, 1_795_320_000.25, AT + 250),
        ({"form": "epoch_ms"}, AT, AT),
        ({"form": "iso"}, "2026-11-22T12:00:00+08:00", AT),
        ({"form": "iso"}, "2026-11-22T04:00:00.000Z", AT),
        ({"form": "iso", "zone": "Asia/Shanghai"}, "2026-11-22 12:00:00", AT),
        ({"form": "text", "pattern": "yyyyMMddHHmmss", "zone": "Asia/Shanghai"}, 20261122120000, AT),
        (
            {"form": "text", "pattern": "yyyy年MM月dd日 HH:mm:ss", "zone": "Asia/Shanghai"},
            "2026年11月22日 12:00:00",
            AT,
        ),
        ({"form": "text", "pattern": "yyyy-MM-dd HH:mm:ss.SSS", "zone": "UTC"}, "2026-11-22 04:00:00.007", AT + 7),
    ],
)
def test_times_in_every_form(time: dict[str, str], said: Any, expected: int):
    found = tried({"t": said, "v": 1}, time=time | {"path": "t"})
    assert [one.time_ms for one in found.values] == [expected]


@pytest.mark.parametrize(
    ("time", "said", "kind"),
    [
        ({"form": "epoch_ms"}, 1_795_320_000, "odd_time"),  # seconds, and the mapping says milliseconds
        ({"form": "epoch_s"}, AT, "odd_time"),
        ({"form": "epoch_s"}, str(1_795_320_000), "odd_time"),
        ({"form": "epoch_s"}, True, "odd_time"),
        ({"form": "epoch_ms"}, 10**30, "odd_time"),
        ({"form": "epoch_ms"}, 0, "odd_time"),
        ({"form": "epoch_ms"}, None, "no_time"),
        ({"form": "iso"}, "2026-11-22T12:00:00", "no_zone"),
        ({"form": "iso"}, "2026-11-31T12:00:00Z", "odd_time"),
        ({"form": "iso"}, "9999-12-31T23:59:59-23:59", "odd_time"),
        ({"form": "iso"}, 20261122, "odd_time"),
        ({"form": "text", "pattern": PATTERNS[0], "zone": "Asia/Shanghai"}, "2026-11-22 24:00:00", "odd_time"),
        ({"form": "text", "pattern": PATTERNS[0], "zone": "Asia/Shanghai"}, "2026/11/22 12:00:00", "odd_time"),
        ({"form": "text", "pattern": PATTERNS[0], "zone": "Europe/Berlin"}, "2026-10-25 02:30:00", "two_times"),
        ({"form": "text", "pattern": PATTERNS[0], "zone": "Europe/Berlin"}, "2026-03-29 02:30:00", "odd_time"),
    ],
)
def test_a_time_that_cannot_be_believed_costs_its_item(time: dict[str, str], said: Any, kind: str):
    found = tried({"t": said, "v": 1}, time=time | {"path": "t"})
    assert (found.values, faults(found)) == ((), [(kind, "$.t")])


def test_the_arrival_is_the_time_only_where_it_was_chosen():
    assert [one.time_ms for one in tried({"v": 1}, time={"form": "arrival"}).values] == [AT]
    assert faults(tried({"v": 1})) == [("no_time", "$.t")]
    assert mapping(time={"form": "arrival"}).is_by_arrival
    assert not mapping().is_by_arrival


def test_digits_are_a_time_where_numbers_may_be_text():
    assert len(tried({"t": str(AT), "v": "1.5"}, numbers="text").values) == 1


# --- values that are none -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("raw", "kind"),
    [
        (b"NaN", "not_number"), (b"true", "not_number"), (b'"1.5"', "not_number"), (b"[1]", "not_number"),
        (b"{}", "not_number"), (b"1e999", "out_of_range"), (b"-Infinity", "out_of_range"),
        (b"1" + b"0" * 400, "out_of_range"),
    ],
)  # fmt: skip
def test_what_is_no_number_is_a_fault_at_its_path_and_costs_only_itself(raw: bytes, kind: str):
    found = tried(
        b'{"t": %d, "v": %b, "w": 2}' % (AT, raw),
        sensors=[{"name": "v", "sensor": "v"}, {"name": "w", "sensor": "w"}],
    )
    assert (numbers(found), faults(found)) == ([("w", 2.0)], [(kind, "$.v")])


def test_true_is_a_number_only_where_the_words_say_which():
    words = {"true": 1, "false": 0}
    assert numbers(tried({"t": AT, "v": True}, sensors=[{"name": "v", "sensor": "v", "words": words}])) == [("v", 1.0)]
    assert numbers(tried({"t": AT, "v": 1}, sensors=[{"name": "v", "sensor": "v", "words": words}])) == [("v", 1.0)]


def test_null_is_a_value_that_the_instrument_does_not_have():
    (value,) = tried({"t": AT, "v": None}).values
    assert (value.value, value.quality) == (None, "missing")


def test_a_scale_that_leaves_the_numbers_is_a_fault():
    found = tried({"t": AT, "v": 1e299}, sensors=[{"name": "v", "sensor": "v", "scale": 1e50}])
    assert faults(found) == [("out_of_range", "$.v")]


def test_a_quality_that_is_not_listed_is_bad_and_one_that_is_missing_leaves_a_doubt():
    quality = {"path": "q", "words": {"0": "good", "ok": "good"}}
    assert [one.quality for one in tried({"t": AT, "v": 1, "q": 0}, quality=quality).values] == ["good"]
    odd = tried({"t": AT, "v": 1, "q": 9}, quality=quality)
    assert ([one.quality for one in odd.values], faults(odd)) == (["bad"], [("unknown_quality", "$.q")])
    none = tried({"t": AT, "v": 1}, quality=quality)
    assert ([one.quality for one in none.values], faults(none)) == (["uncertain"], [("no_quality", "$.q")])


def test_another_unit_than_the_mapping_says_is_never_taken():
    group = {"form": "pairs", "path": "p[*]", "key": "k", "value": "v", "unit": "u",
             "known": [{"name": "a", "sensor": "a", "unit": "mm"}]}  # fmt: skip
    found = tried({"t": AT, "p": [{"k": "a", "v": 1, "u": "cm"}]}, sensors=[], group=group)
    assert (found.values, faults(found)) == ((), [("other_unit", "$.p[0].u")])


def test_a_sensor_that_must_be_there_is_missed_and_a_message_of_nothing_says_so():
    assert faults(tried({"t": AT}, sensors=[{"name": "v", "sensor": "v", "required": True}])) == [("absent", "$.v")]
    assert faults(tried({"t": AT})) == [("nothing_found", "")]
    assert faults(tried({"t": AT, "m": {}}, sensors=[], group={"form": "object", "path": "m"})) == [
        ("nothing_found", "")
    ]


# --- hostile payloads -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("payload", "kind"),
    [
        (b"", "not_json"), (b"no json", "not_json"), (b'{"t": 1', "not_json"), (b"{'t': 1}", "not_json"),
        (b'{"t": 1} x', "not_json"), (b"\xff\xfe\x00", "bad_text"), (b'{"t": 1, "t": 2, "v": 3}', "duplicate_key"),
        (b'{"x": [{"a": 1, "a": 1}]}', "duplicate_key"), (b"[" * 100_000, "too_deep"),
        (b"[" * 40 + b"]" * 40, "too_deep"), (b" " * (MOST_BYTES + 1), "too_long"), (b"7", "no_items"),
        (b'"text"', "no_items"), (b"null", "no_items"), (b'{"v": ' + b"9" * 5_000 + b"}", "not_json"),
    ],
)  # fmt: skip
def test_a_payload_that_cannot_be_read_gives_one_fault_and_nothing_else(payload: bytes, kind: str):
    found = tried(payload)
    assert (found.values, [one.kind for one in found.faults]) == ((), [kind])


def test_more_items_or_values_than_are_taken_refuse_the_message():
    item = {"t": AT, "v": 1}
    assert [one.kind for one in tried([item] * 5_001, items="[*]").faults] == ["too_many"]
    group = {"form": "array", "path": "x"}
    assert [one.kind for one in tried({"t": AT, "x": [1] * 20_001}, sensors=[], group=group).faults] == ["too_many"]


def test_faults_are_counted_whole_and_told_up_to_a_bound():
    found = tried([{"t": AT, "v": "x"}] * 500, items="[*]")
    assert (len(found.faults), found.counts["not_number"]) == (50, 500)


def test_surrogates_and_control_signs_never_reach_a_name():
    found = tried(b'{"t": %d, "m": {"\\ud800": 1, "a\\u0000b": 2, "ok": 3}}' % AT, sensors=[],
                  group={"form": "object", "path": "m"})  # fmt: skip
    assert numbers(found) == [("ok", 3.0)]
    assert found.counts["odd_name"] == 2
    assert all(one.path.isprintable() and one.said.isprintable() for one in found.faults)


def test_chinese_text_in_gb18030_is_read_where_the_mapping_says_so():
    payload = json.dumps({"t": AT, "温度": 1.5}, ensure_ascii=False).encode("gb18030")
    sensors = [{"name": "温度", "sensor": "level"}]
    assert numbers(tried(payload, text="gb18030", sensors=sensors)) == [("level", 1.5)]
    assert [one.kind for one in tried(payload, sensors=sensors).faults] == ["bad_text"]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["t", "v", "p", "k", "q"]), inner),
    max_leaves=20,
)


@given(JSON)
@settings(max_examples=300, deadline=None)
def test_any_json_gives_finite_readings_of_the_right_device_or_faults(message: Any):
    found = tried(
        json.dumps(message).encode(),
        group={"form": "pairs", "path": "p[*]", "key": "k", "value": "v"},
        quality={"path": "q", "words": {"0": "good"}},
    )
    assert found.values or found.faults
    for one in found.values:
        assert isinstance(one, Value)
        assert one.device == "A1"
        assert one.value is None or math.isfinite(one.value)
    assert set(found.counts) <= set(FAULTS)


@given(st.binary(max_size=200))
@settings(max_examples=300, deadline=None)
def test_any_bytes_are_borne_by_every_shape(payload: bytes):
    for shape in ("geohazard", "senml", "sensorthings"):
        device = {"from": "topic", "part": "device"} if shape == "sensorthings" else {"from": "message"}
        found = tried(payload, shape=shape, device=device, time={"form": "arrival"}, sensors=[])
        assert found.values or found.faults


# --- built-in shapes ------------------------------------------------------------------------------------------------


def test_json_of_geological_hazard_devices_by_its_own_reader_with_a_scale_of_ours():
    payload = b'\x10{"100054920":{"L1_QJ_1":{"2026-03-14T07:04:03.000Z":{"X":3.15}},"S1_ZT_1":{"temp":20}}}'
    more = {"shape": "geohazard", "device": {"from": "message"},
            "sensors": [{"name": "L1_QJ_1.X", "sensor": "tilt", "unit": "mrad", "scale": 17.453}]}  # fmt: skip
    found = tried(payload, **more, time={"form": "message"})
    assert [(one.device, one.sensor, one.unit) for one in found.values] == [("100054920", "tilt", "mrad")]
    assert [one.kind for one in found.faults] == ["no_time"]
    found = tried(payload, **more, time={"form": "arrival"})
    assert [one.time_ms for one in found.values] == [1_773_471_843_000, AT]


def test_a_doubled_name_in_a_built_in_shape_is_a_fault_too():
    found = tried(b'{"1":{"L1_QJ_1":{"2026-03-14T07:04:03Z":{"X":1,"X":2}}}}', shape="geohazard",
                  device={"from": "message"}, time={"form": "message"}, sensors=[])  # fmt: skip
    assert [one.kind for one in found.faults] == ["duplicate_key"]


def test_a_sensor_that_must_be_there_is_missed_in_a_built_in_shape_too():
    needed = [{"name": "b", "sensor": "b", "required": True}]
    pack = [{"bn": "urn:dev:1:", "n": "a", "v": 1, "t": 1_795_320_000}]
    found = tried(pack, shape="senml", device={"from": "message"}, time={"form": "message"}, sensors=needed)
    assert (numbers(found), [(one.kind, one.said) for one in found.faults]) == ([("a", 1.0)], [("absent", "b")])


def test_senml_counts_small_times_from_the_arrival_only_where_that_was_chosen():
    pack = [{"bn": "urn:dev:1:", "n": "a", "v": 1, "t": 1_795_320_000}, {"n": "b", "v": 2, "t": -5}]
    more: dict[str, Any] = {"shape": "senml", "device": {"from": "message"}, "sensors": []}
    found = tried(pack, **more, time={"form": "message"})
    assert (numbers(found), [one.kind for one in found.faults]) == ([("a", 1.0)], ["no_time"])
    assert [one.time_ms for one in tried(pack, **more, time={"form": "arrival"}).values] == [AT, AT - 5_000]


def test_observations_of_sensorthings_single_and_as_a_data_array():
    more: dict[str, Any] = {
        "shape": "sensorthings",
        "sensors": [{"name": "7", "sensor": "stage"}],
        "time": {"form": "message"},
    }
    single = {"phenomenonTime": "2026-11-22T04:00:00Z", "result": 3, "Datastream": {"@iot.id": 7}}
    assert [(o.device, o.sensor, o.time_ms, o.value) for o in tried(single, **more).values] == [
        ("A1", "stage", AT, 3.0)
    ]
    array = [{"Datastream": {"@iot.id": 7}, "components": ["phenomenonTime", "result"],
              "dataArray": [["2026-11-22T04:00:00Z", 1], ["2026-11-22T04:01:00Z", None], ["nothing", 2]]}]  # fmt: skip
    found = tried(array, **more)
    assert [(one.value, one.quality) for one in found.values] == [(1.0, "good"), (None, "missing")]
    assert [one.kind for one in found.faults] == ["bad_observation"]


# --- mappings that are none -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"topic": "a/#/b"}, "bad_topic"),
        ({"device": {"from": "topic", "part": "gw"}}, "no_part"),
        ({"device": {"from": "path"}}, "needed"),
        ({"device": {"from": "message"}}, "not_here"),
        ({"device": {"from": "path", "path": "a", "within": "gw"}}, "no_part"),
        ({"device": {"from": "path", "path": "a[*]"}}, "one_place"),
        ({"items": "a[?]"}, "bad_path"),
        ({"time": {"form": "iso"}}, "needed"),
        ({"time": {"form": "iso", "path": "t", "zone": "Mars/Base"}}, "bad_zone"),
        ({"time": {"form": "iso", "path": "t", "zone": "../etc/passwd"}}, "bad_zone"),
        ({"time": {"form": "text", "path": "t", "zone": "UTC", "pattern": "dd.MM.yy"}}, "bad_pattern"),
        ({"time": {"form": "message"}}, "not_here"),
        ({"time": {"form": "guess"}}, "shape"),
        ({"sensors": []}, "no_sensors"),
        ({"sensors": [{"name": "a", "sensor": "x"}, {"name": "b", "sensor": "x"}]}, "twice"),
        ({"sensors": [{"name": "a", "sensor": " x"}]}, "bad_name"),
        ({"sensors": [{"name": "a", "sensor": "x", "scale": 0}]}, "bad_number"),
        ({"sensors": [{"name": "a", "sensor": "x", "scale": math.inf}]}, "bad_number"),
        ({"sensors": [{"name": "a", "sensor": "x", "expression": "1+1"}]}, "shape"),
        ({"sensors": [{"name": f"a{n}", "sensor": f"x{n}"} for n in range(301)]}, "too_much"),
        ({"group": {"form": "pairs", "path": "a", "key": "k", "value": "v"}}, "list_last"),
        ({"group": {"form": "array", "path": "a", "known": [{"name": "x", "sensor": "y"}]}}, "bad_number"),
        ({"group": {"form": "object", "path": "a", "known": [{"name": "x", "sensor": "level"}]}}, "twice"),
        ({"quality": {"path": "q", "words": {"0": "fine"}}}, "bad_word"),
        ({"quality": {"path": "q", "words": {}}}, "needed"),
        ({"text": "utf-7"}, "shape"),
        ({"surprise": 1}, "shape"),
        ({"shape": "senml"}, "not_here"),
    ],
)  # fmt: skip
def test_a_mapping_that_cannot_be_used_says_why(more: dict[str, Any], code: str):
    with pytest.raises(BadMapping) as bad:
        mapping(**more)
    assert code in {one.code for one in bad.value.problems}
    assert {one.code for one in bad.value.problems} <= set(PROBLEMS)


def test_a_mapping_reads_back_from_its_plain_form():
    made = mapping(
        items="a[*]", numbers="text", group={"form": "object", "path": "m", "known": [{"name": "x", "sensor": "y"}]}
    )
    assert read_mapping(json.loads(json.dumps(plain(made)))) == made
