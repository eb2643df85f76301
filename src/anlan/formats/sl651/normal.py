"""Readings of a report of SL 651 in normal form."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from anlan.formats.devices import Value
from anlan.formats.sl651 import words
from anlan.formats.sl651.elements import SERIES, Element, meaning
from anlan.formats.sl651.elements import elements as coded_elements
from anlan.formats.sl651.message import ASCII, Message

#: The status word is bits, not BCD.
_STATUS: Final = 0x45
#: Of the values of an hour in steps of five minutes: 0.1 mm of rain, 0.01 m of stage, and what stands for none.
_RAIN_SCALE, _STAGE_SCALE = 10, 100


@lru_cache(maxsize=4096)
def _reading(identifier: int, definition: int) -> tuple[str, str, str, bool, int]:
    """(sensor, raw, unit, known, what the number is divided by)."""
    found = meaning(identifier)
    sensor = f"{identifier:02X}"
    unit = found.unit if found else ""
    raw = f"{sensor}{definition:02X}" if definition >= 0 else sensor
    return sensor, raw, unit, found is not None, 10 ** (definition & 7)


def elements(message: Message) -> list[Element]:
    """The elements of a report that came up whole, in either coding; nothing of any other message.

    What cannot be read for certain is one element of definition -1 without a symbol.
    """
    return words.elements(message) if message.coding == ASCII else coded_elements(message)


def values(message: Message) -> list[Value]:
    """The readings.

    `sensor` is the identifier in hex digits in either coding, `meaning` says what it measures; a symbol of no book
    stands for itself. `quality` is "good", "missing" for all F,
    or "unreadable" for bytes that are no BCD. An element of unknown form gives none.
    """
    if message.coding == ASCII:
        return words.values(message)
    made: list[Value] = []
    for element in coded_elements(message):
        identifier, definition = element.id, element.definition
        if identifier in SERIES and (definition >= 0 or element.step_ms):
            _series(element, made)
            continue
        if definition < 0:
            continue
        sensor, raw, unit, known, scale = _reading(identifier, definition)
        width = len(element.data) // element.count
        for place in range(element.count):
            digits = element.data[place * width : (place + 1) * width].hex()
            number: float | None
            if digits.isdigit() and identifier != _STATUS:
                number, quality = int(digits) / scale, "good"
            else:
                number, quality = _odd(identifier, digits, scale)
            at = None if element.time_ms is None else element.time_ms + place * element.step_ms
            made.append(Value(element.station, sensor, at, number, unit, quality, raw, known))
    return made


def _odd(identifier: int, digits: str, scale: int) -> tuple[float | None, str]:
    """Data that are not plain digits: the status word, nothing, a number below zero, or no number."""
    if identifier == _STATUS:
        return float(int(digits, 16)), "good"
    if not digits.strip("f"):
        return None, "missing"
    if digits.startswith("ff") and digits[2:].isdigit():
        return -int(digits[2:]) / scale, "good"
    return None, "unreadable"


def _series(element: Element, made: list[Value]) -> None:
    each = SERIES[element.id]
    sensor, raw, unit, known, _scale = _reading(element.id, element.definition)
    # In a block of steps it is not the hour of the standard: the number is right, what it stands for is not certain.
    known = known and element.definition >= 0
    scale, none = (_RAIN_SCALE, 0xFF) if each == 1 else (_STAGE_SCALE, 0xFFFF)
    time, data = element.time_ms, element.data
    for place in range(element.count):
        number = int.from_bytes(data[place * each : (place + 1) * each], "big")
        at = None if time is None else time + place * element.step_ms
        if number == none:
            made.append(Value(element.station, sensor, at, None, unit, "missing", raw, known))
        else:
            made.append(Value(element.station, sensor, at, number / scale, unit, "good", raw, known))
