"""Elements in the text of a report in ASCII coding: the symbols of annex C and decimal numbers, spaces between them.

    ST 0010100001 H TT 2007241723 PJ 13.0 Z 0.550 VT 12.68

Numbers that follow one symbol are a row in time when a step stands before (DRN05: every 5 minutes; D days, H hours), or
when the symbol is one of an hour in fives (DRP, DRZ1 to DRZ8). Not verified against a device, and marked so in the
readings: how DRP and DRZ are written (here: twelve numbers, or one row of hexadecimal signs as in the other coding)
and the status word (here: eight hexadecimal signs). A text that is no number gives a reading without one.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Final

from anlan.formats.devices import Value
from anlan.formats.sl651.elements import SERIES, WITH_CLASS, WITH_ELEMENTS, Element, annex_c
from anlan.formats.sl651.message import OPENING, Message, stamp_ms

_STATION, _TIME = "ST", "TT"
_NUMBER: Final = re.compile(r"[+-]?\d{1,15}(?:\.\d{1,9})?", re.ASCII)
_SYMBOL: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,11}", re.ASCII)
_STEP: Final = re.compile(r"DR([DHN])(\d\d)", re.ASCII)
_STEP_MS: Final = {"D": 86_400_000, "H": 3_600_000, "N": 60_000}
_STAMP: Final = re.compile(r"\d{10}", re.ASCII)
_ADDRESS: Final = re.compile(r"[0-9A-Fa-f]{10}", re.ASCII)
_SIGNS: Final = re.compile(r"[0-9A-Fa-f]+", re.ASCII)
_FIVE_MINUTES, _OF_AN_HOUR = 300_000, 12
_MOST_STEPS: Final = 288
_STATUS: Final = 0x45


@cache
def _by_symbol() -> dict[str, int]:
    return {meaning.symbol.upper(): identifier for identifier, meaning in annex_c().items()}


def elements(message: Message) -> list[Element]:
    """The elements of a report in ASCII coding that came up whole; nothing of any other message.

    What cannot be read ends the list as one element without a symbol. A picture or a text by hand has no elements.
    """
    if not message.up or message.total or message.function not in WITH_ELEMENTS:
        return []
    try:
        words = message.text[2 * OPENING :].decode("ascii").split()
    except UnicodeDecodeError:
        return []
    found: list[Element] = []
    station, time, step = message.station, None, 0
    at = 0
    while at < len(words):
        word = words[at].upper()
        rest = words[at + 1 :]
        if word == _STATION and rest and _ADDRESS.fullmatch(rest[0]):
            station = rest[0].upper()
            at += 3 if message.function in WITH_CLASS else 2
            continue
        if word == _TIME and rest and _STAMP.fullmatch(rest[0]):
            time, step = stamp_ms(bytes.fromhex(rest[0])), 0
            at += 2
            continue
        if stepped := _STEP.fullmatch(word):
            step = int(stepped[2]) * _STEP_MS[stepped[1]]
            at += 1
            # Some repeat the step as a number.
            at += bool(rest and rest[0].isdigit() and int(rest[0]) == int(stepped[2]))
            continue
        if not _SYMBOL.fullmatch(word) or not rest or word in (_STATION, _TIME):
            found.append(Element(0, -1, " ".join(words[at:]).encode("ascii"), station, time))
            break
        number = 1
        while number < len(rest) and _NUMBER.fullmatch(rest[number]):
            number += 1
        identifier = _by_symbol().get(word, 0)
        every = step or (_FIVE_MINUTES if identifier in SERIES else 0)
        data = " ".join(rest[:number]).encode("ascii")
        if number > 1 and (not every or number > _MOST_STEPS):
            # A row of numbers without a step: nobody knows when they were measured.
            found.append(Element(0, -1, f"{word} ".encode("ascii") + data, station, time))
        else:
            found.append(Element(identifier, -1, data, station, time, number, every if number > 1 else 0, words[at]))
        at += 1 + number
    return found


def values(message: Message) -> list[Value]:
    """The readings of a report in ASCII coding; `sensor` is the identifier of the other coding where annex C has it."""
    made: list[Value] = []
    for element in elements(message):
        if not element.symbol:
            continue
        meaning = annex_c().get(element.id)
        sensor, unit = (f"{element.id:02X}", meaning.unit) if meaning else (element.symbol, "")
        texts = element.data.decode("ascii").split()
        if element.id in SERIES:
            numbers = _of_an_hour(element.id, texts)
            known, step = False, element.step_ms or _FIVE_MINUTES
        else:
            numbers = [_read(element.id, text) for text in texts]
            known, step = meaning is not None and element.id != _STATUS, element.step_ms
        for place, (number, quality) in enumerate(numbers):
            at = None if element.time_ms is None else element.time_ms + place * step
            made.append(Value(element.station, sensor, at, number, unit, quality, element.symbol, known))
    return made


def _read(identifier: int, text: str) -> tuple[float | None, str]:
    if identifier == _STATUS:
        return (float(int(text, 16)), "good") if len(text) == 8 and _SIGNS.fullmatch(text) else (None, "unreadable")
    if _NUMBER.fullmatch(text):
        return float(text), "good"
    return (None, "missing") if not text.upper().strip("F") else (None, "unreadable")


def _of_an_hour(identifier: int, texts: list[str]) -> list[tuple[float | None, str]]:
    """Twelve values of an hour: as numbers, or as in the other coding, in hexadecimal signs behind one another."""
    width = 2 * SERIES[identifier]
    if len(texts) == 1 and len(texts[0]) == _OF_AN_HOUR * width and _SIGNS.fullmatch(texts[0]):
        scale, none = (10, 0xFF) if width == 2 else (100, 0xFFFF)
        numbers = [int(texts[0][at : at + width], 16) for at in range(0, len(texts[0]), width)]
        return [(None, "missing") if number == none else (number / scale, "good") for number in numbers]
    return [_read(identifier, text) for text in texts]
