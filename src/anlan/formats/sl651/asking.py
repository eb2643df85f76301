"""What a centre asks of a station of SL 651: set the clock, send again what was measured in a span.

The station answers with a frame of the same function. The clock is set by the time of sending, with which every text
begins, in the coding of the station. The text of 38 (span in hours, step, one element) is written as public
implementations read it; it could not be checked against the standard itself. How 38 is written in ASCII coding nothing
at hand shows, so it is not.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from anlan.formats.devices import beijing_digits
from anlan.formats.sl651.message import ASCII, ENQ, Message
from anlan.formats.sl651.writing import opening, write

SPAN, SET_CLOCK = 0x38, 0x4A
#: Elements that can be asked for: identifier → definition, bytes and decimals as recorded stations send them.
DEFINITIONS: Final[Mapping[int, int]] = {
    0x20: 0x19,
    0x22: 0x19,
    0x26: 0x19,
    0x38: 0x12,
    0x39: 0x23,
    0xF4: 0x60,
    0xF5: 0xC0,
}
#: Steps of time that can be asked for, minutes: those that divide the hour, the hour, and the day.
STEPS: Final = (5, 10, 15, 30, 60, 1440)
_STEP_HEAD: Final = b"\x04\x18"


def set_clock(heard: Message, *, serial: int, at_ms: int) -> bytes:
    """4A: set the clock to `at_ms`.

    heard  a frame of the station, whose address, centre, password and coding are used
    """
    return _question(heard, SET_CLOCK, opening(serial, at_ms, heard.coding))


def ask_span(
    heard: Message, *, serial: int, at_ms: int, from_ms: int, to_ms: int, element: int, step_min: int
) -> bytes:
    """38: send what was measured from `from_ms` to `to_ms`, both cut to the hour, every `step_min` minutes.

    Raises ValueError for an element or a step that cannot be asked for, a span that ends before it begins, or a station
    that speaks in ASCII coding.
    """
    if heard.coding == ASCII:
        raise ValueError("no span in ASCII coding")
    if element not in DEFINITIONS or step_min not in STEPS or to_ms < from_ms:
        raise ValueError(f"no span of {element:02X} every {step_min} min: {from_ms} to {to_ms}")
    span = bytes.fromhex(beijing_digits(from_ms)[2:10] + beijing_digits(to_ms)[2:10])
    days, rest = divmod(step_min, 1440)
    hours, minutes = divmod(rest, 60)
    step = _STEP_HEAD + bytes.fromhex(f"{days:02d}{hours:02d}{minutes:02d}")
    asked = span + step + bytes((element, DEFINITIONS[element]))
    return _question(heard, SPAN, opening(serial, at_ms, heard.coding) + asked)


def _question(heard: Message, function: int, text: bytes) -> bytes:
    return write(Message(False, heard.centre, heard.station, heard.password, function, text, ENQ, coding=heard.coding))
