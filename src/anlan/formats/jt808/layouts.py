"""What the bodies of JT/T 808 hold, field by field, for `bodies` to read and write.

    u1 u2 u4   numbers           t6  time in BCD        d4  day in BCD         h10 that many bytes of BCD as digits
    s20        text of 20 bytes  s*  text to the end    p1  text after its length in 1 byte (p2, p4: in 2, 4)
    b8         bytes             b*  bytes to the end   c4  bytes after their length in 4 bytes (c1: in 1)

A name with ? may be missing when the body ends before it. `Many` is a row of entries: counted by a field before it, or
to the end; `When` are fields that are there when a bit of another is set.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple


class Many(NamedTuple):
    """A row of entries. counted_by is a field before it, "" for one that goes to the end."""

    name: str
    counted_by: str
    entry: Layout | str


class When(NamedTuple):
    """Fields that are there when `field & bit`."""

    field: str
    bit: int
    fields: Layout


class One(NamedTuple):
    """A part with a layout of its own, after its length where `sized` says in how many bytes that stands."""

    name: str
    fields: Layout
    sized: int = 0


Layout = tuple["tuple[str, str] | Many | When | One", ...]

#: The 28 bytes of a position.
PLACE: Final[Layout] = (
    ("alarm_flag", "u4"),
    ("status", "u4"),
    ("latitude", "u4"),
    ("longitude", "u4"),
    ("altitude", "u2"),
    ("speed", "u2"),
    ("direction", "u2"),
    ("time", "t6"),
)
_ITEMS: Final = Many("extra_items", "", (("id", "u1"), ("value", "c1")))
#: Latitude and longitude in millionths of a degree.
_SPOT: Final[Layout] = (("latitude", "u4"), ("longitude", "u4"))
_TIMES: Final[Layout] = (("start_time", "t6"), ("end_time", "t6"))
_SPEED: Final[Layout] = (("top_speed", "u2"), ("duration_of_over_speed", "u1"))
_MEDIA: Final[Layout] = (
    ("multimedia_type", "u1"),
    ("channel_id", "u1"),
    ("event_item_code", "u1"),
    ("start_time", "t6"),
    ("end_time", "t6"),
)
_ALARM: Final[Layout] = (
    ("terminal_id", "s7"),
    ("time", "t6"),
    ("sequence", "u1"),
    ("attachment_count", "u1"),
    ("reserved", "u1"),
)
_PARAMETERS: Final = Many("parameter_list", "parameter_count", (("id", "u4"), ("value", "c1")))
_AREAS: Final[Layout] = (("area_count", "u1"), Many("area_id_list", "area_count", "u4"))
_MISSING: Final[Layout] = (
    ("original_message_flow_id", "u2"),
    ("package_count", "u1"),
    Many("package_id_list", "package_count", "u2"),
)
_MISSING_2019: Final[Layout] = (
    ("original_message_flow_id", "u2"),
    ("package_count", "u2"),
    Many("package_id_list", "package_count", "u2"),
)
_KEY: Final[Layout] = (("e", "u4"), ("n", "b128"))
_FILE: Final[Layout] = (("file_name", "p1"), ("file_type", "u1"))
_DRIVER: Final[Layout] = (
    ("status", "u1"),
    ("time", "t6"),
    ("ic_card_read_result?", "u1"),
    ("driver_name?", "p1"),
    ("professional_license_no?", "s20"),
    ("certificate_authority_name?", "p1"),
    ("certificate_expires_date?", "d4"),
)
_PROPERTIES: Final[Layout] = (
    ("iccid", "h10"),
    ("hardware_version", "p1"),
    ("firmware_version", "p1"),
    ("gnss_model_property?", "u1"),
    ("communication_model_property?", "u1"),
)


def _registered(maker: int, kind: int, number: int) -> Layout:
    return (
        ("province_id", "u2"),
        ("city_id", "u2"),
        ("manufacturer_id", f"s{maker}"),
        ("terminal_type", f"s{kind}"),
        ("terminal_id", f"s{number}"),
        ("color", "u1"),
        ("car_identifier", "s*"),
    )


#: What 2019 adds to an area: a speed for the night, and a name.
_NIGHT: Final = When("area_props", 2, (("night_top_speed", "u2"),))
_NAME: Final[Layout] = (("name", "p2"),)
_ROUND: Final[Layout] = (("latitude", "u4"), ("longitude", "u4"), ("radius", "u4"))
_SQUARE: Final[Layout] = (
    ("left_top_latitude", "u4"),
    ("left_top_longitude", "u4"),
    ("right_bottom_latitude", "u4"),
    ("right_bottom_longitude", "u4"),
)


def _areas(shape: Layout, more: Layout = ()) -> Layout:
    return (
        ("type", "u1"),
        ("area_count", "u1"),
        Many(
            "area_list",
            "area_count",
            (
                ("area_id", "u4"),
                ("area_props", "u2"),
                *shape,
                When("area_props", 1, _TIMES),
                When("area_props", 2, _SPEED),
                *more,
            ),
        ),
    )


def _polygon(more: Layout) -> Layout:
    return (
        ("area_id", "u4"),
        ("area_props", "u2"),
        When("area_props", 1, _TIMES),
        When("area_props", 2, _SPEED),
        ("point_count", "u2"),
        Many("point_list", "point_count", _SPOT),
        *more,
    )


#: A registration of 2011 has 8 bytes for the type of the terminal.
REGISTERED_2011: Final = _registered(5, 8, 7)
#: Bytes of a registration of 2013 before the plate.
REGISTERED_2013_FIXED: Final = 37

#: By message, for the head of 2011 and 2013.
LAYOUTS: Final[Mapping[int, Layout]] = {
    0x0001: (("server_flow_id", "u2"), ("server_message_id", "u2"), ("result", "u1")),
    **dict.fromkeys((0x0002, 0x0003, 0x0004, 0x8104, 0x8107, 0x8201, 0x8204, 0x8702), ()),
    0x0005: _MISSING_2019,
    0x0100: _registered(5, 20, 7),
    0x0102: (("authentication_code", "s*"),),
    0x0104: (("flow_id", "u2"), ("parameter_count", "u1"), _PARAMETERS),
    0x0107: (
        ("type", "u2"),
        ("manufacturer_id", "s5"),
        ("terminal_type", "s20"),
        ("terminal_id", "s7"),
        *_PROPERTIES,
    ),
    0x0108: (("type", "u1"), ("result", "u1")),
    0x0200: (*PLACE, _ITEMS),
    0x0201: (("flow_id", "u2"), One("location_message", (*PLACE, _ITEMS))),
    0x0301: (("event_id", "u1"),),
    0x0302: (("flow_id", "u2"), ("answer_id", "u1")),
    0x0303: (("type", "u1"), ("flag", "u1")),
    0x0500: (("flow_id", "u2"), One("location_message", (*PLACE, _ITEMS))),
    0x0702: _DRIVER,
    0x0704: (
        ("count", "u2"),
        ("type", "u1"),
        Many("item_list", "count", (One("location_data", (*PLACE, _ITEMS), sized=2),)),
    ),
    0x0705: (
        ("count", "u2"),
        ("receive_time", "h5"),
        Many("item_list", "count", (("can_id", "u4"), ("can_data", "b8"))),
    ),
    0x0800: (
        ("multimedia_data_id", "u4"),
        ("multimedia_type", "u1"),
        ("multimedia_format_code", "u1"),
        ("event_item_code", "u1"),
        ("channel_id", "u1"),
    ),
    0x0801: (
        ("multimedia_data_id", "u4"),
        ("multimedia_type", "u1"),
        ("multimedia_format_code", "u1"),
        ("event_item_code", "u1"),
        ("channel_id", "u1"),
        One("location", PLACE),
        ("media_data", "b*"),
    ),
    0x0802: (
        ("flow_id", "u2"),
        ("multimedia_data_item_count", "u2"),
        Many(
            "item_list",
            "multimedia_data_item_count",
            (
                ("multimedia_id", "u4"),
                ("multimedia_type", "u1"),
                ("channel_id", "u1"),
                ("event_item_code", "u1"),
                One("location", PLACE),
            ),
        ),
    ),
    0x0805: (
        ("flow_id", "u2"),
        ("result", "u1"),
        ("multimedia_id_count?", "u2"),
        Many("multimedia_id_list", "multimedia_id_count", "u4"),
    ),
    0x0900: (("type", "u1"), ("data", "b*")),
    0x0901: (("data", "c4"),),
    0x0A00: _KEY,
    0x1210: (
        ("terminal_id", "s7"),
        One("alarm_identifier", _ALARM),
        ("alarm_no", "s32"),
        ("message_type", "u1"),
        ("attachment_count", "u1"),
        Many("attachment_item_list", "attachment_count", (("file_name", "p1"), ("file_size", "u4"))),
    ),
    0x1211: (*_FILE, ("file_size", "u4")),
    0x1212: (*_FILE, ("file_size", "u4")),
    0x8001: (("client_flow_id", "u2"), ("client_message_id", "u2"), ("result", "u1")),
    0x8003: _MISSING,
    0x8004: (("server_side_date_time", "t6"),),
    0x8100: (("client_flow_id", "u2"), ("result", "u1"), ("auth_code", "s*")),
    0x8103: (("parameter_count", "u1"), _PARAMETERS),
    0x8105: (("command", "u1"), ("arguments", "s*")),
    0x8106: (("parameter_count", "u1"), Many("parameter_id_list", "parameter_count", "u4")),
    0x8108: (("type", "u1"), ("manufacturer_id", "s5"), ("version", "p1"), ("data", "c4")),
    0x8202: (("time_duration_in_seconds", "u2"), ("trace_validity_duration_in_seconds", "u4")),
    0x8203: (("flow_id", "u2"), ("alarm_type", "u4")),
    0x8300: (("identifier", "u1"), ("text", "s*")),
    0x8301: (
        ("event_type", "u1"),
        ("event_count", "u1"),
        Many("event_item_list", "event_count", (("event_id", "u1"), ("event_content", "p1"))),
    ),
    0x8302: (
        ("identifier", "u1"),
        ("question", "p1"),
        Many("candidate_answer_list", "", (("answer_id", "u1"), ("answer", "p2"))),
    ),
    0x8303: (
        ("type", "u1"),
        ("item_count", "u1"),
        Many("item_list", "item_count", (("type", "u1"), ("content", "p2"))),
    ),
    0x8304: (("type", "u1"), ("content", "p2")),
    0x8400: (("flag", "u1"), ("phone_number", "s*")),
    0x8401: (
        ("type", "u1"),
        ("count", "u1"),
        Many("item_list", "count", (("flag", "u1"), ("phone_number", "p1"), ("contacts", "p1"))),
    ),
    0x8500: (("type", "u1"),),
    0x8600: _areas(_ROUND),
    **dict.fromkeys((0x8601, 0x8603, 0x8605, 0x8607), _AREAS),
    0x8602: _areas(_SQUARE),
    0x8604: _polygon(()),
    0x8606: (
        ("route_id", "u4"),
        ("route_props", "u2"),
        When("route_props", 1, _TIMES),
        ("count", "u2"),
        Many(
            "item_list",
            "count",
            (
                ("id", "u4"),
                ("route_id", "u4"),
                *_SPOT,
                ("route_width", "u1"),
                ("route_props", "u1"),
                When("route_props", 1, (("long_drive_threshold", "u2"), ("short_drive_threshold", "u2"))),
                When("route_props", 2, (("max_speed_limit", "u2"), ("speeding_duration", "u1"))),
            ),
        ),
    ),
    0x8608: (("type", "u1"), ("count", "u4"), Many("id_list", "count", "u4")),
    0x8800: (
        ("multimedia_id", "u4"),
        ("retransmitted_package_count?", "u1"),
        Many("retransmitted_package_id_list", "retransmitted_package_count", "u2"),
    ),
    0x8801: (
        ("chanel_id", "u1"),
        ("command", "u2"),
        ("duration", "u2"),
        ("save_flag", "u1"),
        ("resolution", "u1"),
        ("quality", "u1"),
        ("brightness", "u1"),
        ("contrast_rate", "u1"),
        ("saturation", "u1"),
        ("chroma", "u1"),
    ),
    0x8802: _MEDIA,
    0x8803: (*_MEDIA, ("delete_flag", "u1")),
    0x8804: (
        ("recording_command", "u1"),
        ("recording_duration", "u2"),
        ("save_flag", "u1"),
        ("audio_sample_rate", "u1"),
    ),
    0x8805: (("multimedia_id", "u4"), ("delete_flag", "u1")),
    0x8900: (("type", "u1"), ("data", "b*")),
    0x8A00: _KEY,
    0x9208: (
        ("attachment_server_ip", "p1"),
        ("attachment_server_port_tcp", "u2"),
        ("attachment_server_port_udp", "u2"),
        One("alarm_identifier", _ALARM),
        ("alarm_no", "s32"),
        ("reserved_byte16", "b16"),
    ),
    0x9212: (
        *_FILE,
        ("upload_result", "u1"),
        ("package_count_to_re_transmit", "u1"),
        Many("retransmit_item_list", "package_count_to_re_transmit", (("data_offset", "u4"), ("data_length", "u4"))),
    ),
}

#: Messages whose bodies the edition of 2019 changed; None where what it made of them is in no book at hand.
LAYOUTS_2019: Final[Mapping[int, Layout | None]] = {
    0x0100: _registered(11, 30, 30),
    0x0102: (("authentication_code", "p1"), ("imei", "s15"), ("software_version", "s20")),
    0x0107: (
        ("type", "u2"),
        ("manufacturer_id", "s11"),
        ("terminal_type", "s30"),
        ("terminal_id", "s30"),
        *_PROPERTIES,
    ),
    0x0702: (*_DRIVER, ("driver_id_card_no?", "s20")),
    0x8003: _MISSING_2019,
    0x8300: (("identifier", "u1"), ("text_type", "u1"), ("text", "s*")),
    0x8500: None,
    0x8600: _areas(_ROUND, (_NIGHT, *_NAME)),
    0x8602: _areas(_SQUARE, (_NIGHT, *_NAME)),
    0x8604: _polygon((_NIGHT, *_NAME)),
    0x8606: None,
}
