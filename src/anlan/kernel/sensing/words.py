"""How rules read on a page, in the reader's language."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from anlan.kernel.rulebook.models import Entry
from anlan.kernel.rulebook.wording import Field, joined, span
from anlan.kernel.rulebook.wording import title_of as rule_title
from anlan.kernel.sensing.conditions import (
    LEVEL,
    SILENCE,
    BadCondition,
    conditions_of,
    inhibit_words,
    schedule_words,
    severities_of,
    step_words,
    unit_of,
    with_unit,
)
from anlan.kernel.sensing.models import PointKind

__all__ = ["UNITS", "alarm_lines", "fault_words", "kind_words", "kinds_of", "rule_label", "rule_title", "unit_of_body"]

#: The unit in which rules about a kind of point are written.
UNITS: dict[str, str] = {
    PointKind.COMBUSTIBLE_GAS: "%LEL",
    PointKind.TOXIC_GAS: "ppm",
    PointKind.TANK_LEVEL: "m",
    PointKind.TANK_TEMPERATURE: "℃",
    PointKind.TANK_PRESSURE: "MPa",
    PointKind.RAIN: "mm/h",
    PointKind.RIVER_STAGE: "m",
    PointKind.DISPLACEMENT: "mm",
    PointKind.DISPLACEMENT_RATE: "mm/d",
    PointKind.TANGENT_ANGLE: "°",
    PointKind.FAILURE_TIME: "h",
    PointKind.EFFECTIVE_RAIN: "mm",
    PointKind.RAIN_DEPTH: "mm",
    PointKind.FLOW: "m³/s",
    PointKind.HOTSPOT: "℃",
}

#: Faults of the frames of devices, by the word under which the gateway counts them.
FAULTS = {
    "garbage": gettext_lazy("Bytes that belong to no frame"),
    "truncated": gettext_lazy("Frame cut off"),
    "too_long": gettext_lazy("Frame without an end"),
    "bad_crc": gettext_lazy("Checksum does not fit"),
    "bad_length": gettext_lazy("Length does not fit"),
    "bad_escape": gettext_lazy("Escaping is broken"),
    "bad_header": gettext_lazy("Head cannot be read"),
    "bad_text": gettext_lazy("Text in no known encoding"),
    "odd_header": gettext_lazy("Head not as the standard says"),
    "encrypted": gettext_lazy("Encrypted, and there is no key"),
    "not_json": gettext_lazy("Payload is no JSON"),
    "too_deep": gettext_lazy("Payload nested too deep"),
    "wrong_shape": gettext_lazy("Payload has not the shape of this format"),
    "modbus_crc": gettext_lazy("Checksum is the plain one of Modbus; read all the same"),
    "length_mismatch": gettext_lazy("Length counted wrong, checksum right; read all the same"),
    "odd_item": gettext_lazy("An item has no value"),
    "odd_phone": gettext_lazy("Number of the terminal is not of digits"),
    "odd_element": gettext_lazy("Part of the text is no element and kept as it is"),
    "odd_time": gettext_lazy("A time that does not exist"),
    "version_flag": gettext_lazy("Head says edition 2019 and has the form of 2013"),
    "skipped_prefix": gettext_lazy("Bytes before the text were skipped"),
    "lost_parts": gettext_lazy("Message of several packets, some missing"),
    "wrong_secret": gettext_lazy("Wrong password, or not proved yet"),
    "registered_before": gettext_lazy("Registers again without leave"),
    "unknown_point": gettext_lazy("No point for this sensor"),
    "no_time": gettext_lazy("No time of measurement"),
    "future": gettext_lazy("Measured ahead of our clock"),
    "no_question": gettext_lazy("Answer to nothing that was asked"),
    "too_many_connections": gettext_lazy("Too many connections"),
    "unreadable": gettext_lazy("Cannot be read; see the log of the gateway"),
    "no_connection": gettext_lazy("Host does not answer"),
    "no_answer": gettext_lazy("No answer in time"),
    "closed": gettext_lazy("Host closed the connection"),
    "host_unknown": gettext_lazy("Name of the host is not known"),
    "host_not_allowed": gettext_lazy("ANLAN_MODBUS_HOSTS does not list the host"),
    "illegal_function": gettext_lazy("Refused (01): it has no such function"),
    "illegal_address": gettext_lazy("Refused (02): it has no such register"),
    "illegal_value": gettext_lazy("Refused (03): it cannot be asked so"),
    "device_failure": gettext_lazy("Refused (04): fault of the device"),
    "acknowledged": gettext_lazy("Refused (05): it needs more time"),
    "busy": gettext_lazy("Refused (06): busy"),
    "gateway_path": gettext_lazy("Refused (0A): its gateway has no way to the unit"),
    "target_silent": gettext_lazy("Refused (0B): the unit does not answer its gateway"),
    "wrong_transaction": gettext_lazy("Answer to another question"),
    "wrong_unit": gettext_lazy("Another unit answered"),
    "wrong_function": gettext_lazy("Answer to another function"),
    "unasked": gettext_lazy("More came than was asked for"),
    "no_number": gettext_lazy("What it holds is no number"),
    "bad_map": gettext_lazy("The map cannot be asked for"),
    "store_waits": gettext_lazy("Not asked: the store takes nothing"),
    "not_kept": gettext_lazy("The store could not take it; see the log of the gateway"),
}

#: Faults of vendors' messages, by the word under which they are counted; a test holds them to those of the reader
#: and the gateway.
MESSAGE_FAULTS = {
    "not_json": gettext_lazy("The message is no JSON"),
    "bad_text": gettext_lazy("The message is not in the encoding that the mapping names"),
    "too_deep": gettext_lazy("Nested too deep"),
    "wrong_shape": gettext_lazy("Not built as this form must be"),
    "encrypted": gettext_lazy("Encrypted, and there is no key"),
    "too_long": gettext_lazy("The message is too large"),
    "wrong_topic": gettext_lazy("The topic is not one of this mapping"),
    "too_many": gettext_lazy("Too many items or values in one message"),
    "duplicate_key": gettext_lazy("An object holds this name twice"),
    "no_items": gettext_lazy("Nothing stands where the items should"),
    "no_device": gettext_lazy("Nothing says which device this is"),
    "odd_device": gettext_lazy("This can be no number of a device"),
    "no_time": gettext_lazy("No time of measurement"),
    "odd_time": gettext_lazy("Not a time of the declared form, or one that cannot be meant"),
    "two_times": gettext_lazy("The clocks of this zone showed this time twice"),
    "no_zone": gettext_lazy("A time without a zone, and none is declared"),
    "absent": gettext_lazy("A sensor that must be there is not"),
    "not_number": gettext_lazy("No number stands here"),
    "out_of_range": gettext_lazy("A number that no instrument gives"),
    "odd_name": gettext_lazy("This can be no name of a sensor"),
    "unknown_name": gettext_lazy("A sensor that the mapping does not list"),
    "other_unit": gettext_lazy("The message says another unit than the mapping"),
    "unknown_quality": gettext_lazy("A word for the quality that the mapping does not list"),
    "no_quality": gettext_lazy("Nothing says how good the value is"),
    "bad_observation": gettext_lazy("An observation that the standard does not allow"),
    "nothing_found": gettext_lazy("None of the sensors of the mapping is in the message"),
    # Of the gateway
    "unknown_point": gettext_lazy("No point takes this sensor"),
    "unknown_device": gettext_lazy("Number that nobody registered"),
    "future": gettext_lazy("Time lies in the future"),
    "no_mapping": gettext_lazy("No mapping in force takes this topic"),
    "two_mappings": gettext_lazy("More than one mapping takes this topic"),
    "draft_mapping": gettext_lazy("The mapping is a draft and only listens"),
    "bad_mapping": gettext_lazy("The mapping cannot be used by this version"),
}

#: Why a reading, a post or a message waits in set-aside, by its stable word; those of frames are in `FAULTS`, of
#: vendors' messages in `MESSAGE_FAULTS`.
REASONS = {
    "unknown_point": gettext_lazy("Unknown point"),
    "foreign_point": gettext_lazy("Point of another device"),
    "unknown_device": gettext_lazy("Unknown device"),
    "future": gettext_lazy("Time lies in the future"),
    "before 1970": gettext_lazy("Time lies before 1970"),
    "conflict": gettext_lazy("Another value is stored for this time"),
    "other_content": gettext_lazy("Batch id used before for other content"),
    "point": gettext_lazy("No code or number of a point"),
    "time": gettext_lazy("No time that can be meant"),
    "value": gettext_lazy("No number as the value"),
    "quality": gettext_lazy("No grade of quality"),
    "shape": gettext_lazy("Not in the form of a post"),
    "not_json": gettext_lazy("Not JSON"),
    "too_deep": gettext_lazy("Nested too deeply"),
    "too_large": gettext_lazy("Too large"),
    "too_many": gettext_lazy("Too many readings at once"),
    "empty": gettext_lazy("No reading in it"),
    "length": gettext_lazy("Columns of different length"),
    "not_columns": gettext_lazy("Not binary columns"),
    "batch_id": gettext_lazy("No batch id"),
    "lane": gettext_lazy("The device may not write to that lane"),
    "clock": gettext_lazy("No clock that can be meant"),
    "encoding": gettext_lazy("Packed in a way that is not read"),
    "gzip": gettext_lazy("Not gzip"),
    "cut_short": gettext_lazy("Cut short"),
    "poison": gettext_lazy("Cannot be taken in; see the log of the gateway"),
    "damaged": gettext_lazy("Damaged in the reading log"),
    "not_taken": gettext_lazy("The engine could not use it"),
    # Posts of positions
    "form": gettext_lazy("Neither NMEA, CoT nor GPX"),
    "event": gettext_lazy("A CoT event that cannot be read"),
    "gpx": gettext_lazy("A GPX file that cannot be read"),
    # Observations, by the property that is wrong
    "row": gettext_lazy("Another number of values than components"),
    "phenomenonTime": gettext_lazy("No instant with a time zone"),
    "result": gettext_lazy("No number as the result"),
    "resultQuality": gettext_lazy("No grade of quality"),
    "id": gettext_lazy("Brings an id of its own"),
    "validTime": gettext_lazy("Brings a time of validity, which is not kept"),
    "parameters": gettext_lazy("Brings parameters, which are not kept"),
    "FeatureOfInterest": gettext_lazy("Brings a place other than that of its datastream"),
    "Datastream": gettext_lazy("Not a datastream of this device"),
    "observation": gettext_lazy("Not an observation that can be read"),
}

#: Points that are told one by one before the rest is only counted.
_CODES_TOLD = 12


def fault_words(fault: str) -> str:
    """A fault of a frame in the reader's language; one that has no words yet as it is counted."""
    return str(FAULTS.get(fault, fault))


def reason_words(reason: str, *, is_mapped: bool = False) -> str:
    """Why something waits in set-aside, in the reader's language; a word that is not known yet says that much.

    is_mapped  it came by a mapping of vendors' messages, whose words say more than those of frames and posts
    """
    found = (MESSAGE_FAULTS.get(reason) if is_mapped else None) or REASONS.get(reason) or FAULTS.get(reason)
    return str(found) if found else _("Cannot be taken in (%(code)s)") % {"code": reason}


def rule_label(entry: Entry) -> str:
    """Code, version and title: "GAS-01 v3 Combustible gas"."""
    return f"{entry.code} v{entry.version} {rule_title(entry)}"


def kinds_of(body: Mapping[str, Any]) -> list[str]:
    """The kinds of point that the body of a rule speaks about: `kind` or a list under `kinds`; none for others."""
    return [str(kind) for kind in body.get("kinds") or ([body["kind"]] if body.get("kind") else [])]


def kind_words(kind: str) -> str:
    """Words for a kind of point; a kind that is not known any more stays as it is."""
    return str(PointKind(kind).label) if kind in PointKind.values else kind


def unit_of_body(body: Mapping[str, Any]) -> str:
    """The unit of the limits in the body of a rule: the one it names, else that of its kind of point."""
    named = [UNITS[kind] for kind in kinds_of(body) if UNITS.get(kind)]
    return str(body.get("unit") or (named[0] if named else ""))


def alarm_lines(body: Mapping[str, Any]) -> list[Field]:
    """The body of an alarm rule line by line: which points, what raises it at which level, delays, what else holds."""
    lines = _where(body)
    if body.get("ended"):
        lines.append(Field(_("Ended"), _("raises nothing more")))
    unit = unit_of_body(body)
    try:
        conditions = conditions_of(body, code=_("Condition"))
    except BadCondition as wrong:
        return [*lines, Field(_("Cannot be read"), str(wrong))]
    for condition in conditions:
        lines += _raises(condition, unit)
        lines += _besides(condition, unit)
    if body.get("limits"):
        n = len(body["limits"])
        words = ngettext("%(n)d point has limits of its own", "%(n)d points have limits of their own", n)
        lines.append(Field(_("Limits of single points"), words % {"n": n}))
    if body.get("instead_of"):
        lines.append(Field(_("Holds at these points instead of"), joined(body["instead_of"])))
    return lines


def _where(body: Mapping[str, Any]) -> list[Field]:
    lines = []
    if kinds := kinds_of(body):
        lines.append(Field(_("Holds for points of kind"), joined(kind_words(kind) for kind in kinds)))
    if body.get("site"):
        lines.append(Field(_("Holds for points of the site"), str(body.get("site_name") or body["site"])))
    if codes := body.get("points"):
        told = [*codes[:_CODES_TOLD], _("%(n)d in all") % {"n": len(codes)}] if len(codes) > _CODES_TOLD else codes
        lines.append(Field(_("Holds for the points"), joined(told)))
    return lines


def _raises(condition: Mapping[str, Any], unit: str) -> list[Field]:
    kind = condition["type"]
    if kind == LEVEL:
        high = condition.get("direction", "high") == "high"
        label = _("Raised at or above") if high else _("Raised at or below")
        steps = condition["steps"]
        return [Field(label, with_unit(step["limit"], unit), level=step["severity"]) for step in steps]
    if kind == SILENCE:
        return [Field(_("No reading for"), _silent_for(condition), level=condition.get("severity"))]
    pairs = zip(step_words(condition, unit), severities_of(condition), strict=True)
    return [Field(_("Raised at"), words, level=severity) for words, severity in pairs]


def _silent_for(condition: Mapping[str, Any]) -> str:
    if "after_periods" not in condition:
        return span(condition["after_s"])
    n = int(condition["after_periods"])
    return ngettext("%(n)d sampling period of the point", "%(n)d sampling periods of the point", n) % {"n": n}


def _besides(condition: Mapping[str, Any], unit: str) -> list[Field]:
    lines = []
    if condition.get("deadband"):
        high = condition.get("direction", "high") == "high"
        words = _("%(band)s below the limit") if high else _("%(band)s above the limit")
        band = with_unit(condition["deadband"], unit_of(condition, unit))
        lines.append(Field(_("Falls back only"), words % {"band": band}))
    if "on_s" in condition:
        lines.append(Field(_("Must last before it is raised"), span(condition["on_s"])))
        lines.append(Field(_("Must be over before it clears"), span(condition["off_s"])))
    if condition.get("floor") is not None:
        lines.append(Field(_("Does not count at or below"), with_unit(condition["floor"], unit)))
    if schedule := condition.get("schedule"):
        lines.append(Field(_("In the week"), schedule_words(schedule)))
    lines += [Field(_("Inhibited"), inhibit_words(inhibit)) for inhibit in condition.get("inhibits", ())]
    return lines
