"""Elements in the text of a report: identifier, definition, data.

    definition: upper five bits the number of bytes of data, lower three the decimals
    F0 F0 time of observation, F1 F1 station and class, FF xx an extended identifier, 04 18 a step of time

A time of observation holds for the elements that follow, until the next one. In the answer to a question for a span
(function 38) the values of one element stand behind one another after its definition, a step of time apart.
"""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path
from typing import Final

import msgspec

from anlan.formats.sl651.message import HEX, OPENING, Message, stamp_ms

#: Functions whose texts hold elements; all but the last name the station's class.
WITH_CLASS: Final = frozenset({*range(0x30, 0x3B), 0x44})
WITH_ELEMENTS: Final = WITH_CLASS | {0x46}
#: An even report, and the answer to a question for a span.
_EVEN, _SPAN = 0x31, 0x38

_TIME, _STATION, _MANUAL, _PICTURE, _USER, _EXTENDED, _STEP = 0xF0, 0xF1, 0xF2, 0xF3, 0xFD, 0xFF, 0x04
#: Elements of one hour in steps of five minutes: bytes of each value.
SERIES: Final = {0xF4: 1, **dict.fromkeys(range(0xF5, 0xFD), 2)}
_FIVE_MINUTES: Final = 300_000
_SERIES_VALUES: Final = 12
#: Most values of one element in a block of steps, most elements in it, most ways of reading it that are followed.
_MOST_STEPS, _MOST_ELEMENTS, _MOST_WAYS = 288, 32, 16
#: Most values in the answer to a question for a span: every five minutes of a month.
_MOST_ROW: Final = 9_000
#: Of the parts of a step: how many make the next larger unit, and ms of one.
_STEP_UNITS: Final = ((1, 86_400_000), (24, 3_600_000), (60, 60_000))


class Meaning(msgspec.Struct, frozen=True, gc=False):
    """What an identifier of annex C means; name in Chinese."""

    symbol: str
    unit: str
    name: str


class Element(msgspec.Struct, frozen=True, gc=False):
    """One element as it was sent.

    id          the identifier; FFxx for an extended one
    definition  the byte after it; -1 for data whose form nothing tells
    data        its bytes; several values behind one another where `count` says so
    station     whose it is
    time_ms     of its (first) observation
    step_ms     between its values
    symbol      of annex C as it was sent, in ASCII coding; there `data` are the numbers as they stand in the text
    """

    id: int
    definition: int
    data: bytes
    station: str
    time_ms: int | None
    count: int = 1
    step_ms: int = 0
    symbol: str = ""


@cache
def annex_c() -> dict[int, Meaning]:
    """The elements of annex C by identifier."""
    with Path(__file__).with_name("elements.csv").open(encoding="utf-8", newline="") as file:
        return {int(row["id"], 16): Meaning(row["symbol"], row["unit"], row["name"]) for row in csv.DictReader(file)}


def meaning(identifier: int) -> Meaning | None:
    """What an identifier means; None where annex C has none."""
    return annex_c().get(identifier)


def elements(message: Message) -> list[Element]:
    """The elements of a report in HEX coding that came up whole; nothing of any other message.

    What cannot be read for certain ends the list as one element of definition -1.
    """
    function, text = message.function, message.text
    with_class = function in WITH_CLASS
    if not message.up or message.total or function not in WITH_ELEMENTS or message.coding != HEX:
        return []
    found: list[Element] = []
    station, time = message.station, None
    step = 0
    at, size = OPENING, len(text)
    while at < size:
        identifier = text[at]
        if identifier == _TIME and at + 7 <= size:
            time, step = stamp_ms(text[at + 2 : at + 7]), 0
            at += 7
            continue
        if identifier == _STATION and at + 7 <= size:
            station = text[at + 2 : at + 7].hex().upper()
            at += 8 if with_class else 7
            continue
        if identifier in (_MANUAL, _PICTURE, _USER):
            found.append(Element(identifier, -1, text[at + 2 :], station, time))
            break
        start = at + 2
        if identifier == _EXTENDED:
            start = at + 3
            identifier = int.from_bytes(text[at : at + 2], "big")
        if start > size:
            found.append(Element(text[at], -1, text[at:], station, time))
            break
        definition = text[start - 1]
        if step and definition == identifier:
            end = _block(text, at, found, station, time, step, message.sent_ms)
            if end:
                at = end
                continue
            found.append(Element(identifier, -1, text[at:], station, time))
            break
        end = start + (definition >> 3)
        each = SERIES.get(identifier, 0)
        if step and function == _SPAN:
            found.append(_answer(identifier, definition, text, at, start, station, time, step))
            break
        whole = start + _SERIES_VALUES * each
        if each and end != whole and whole <= size and _is_plain(text, whole) and not _is_plain(text, end):
            # Stations of one province write 5C for C0; how long an hour is the standard says.
            found.append(Element(identifier, -1, text[start:whole], station, time, _SERIES_VALUES, _FIVE_MINUTES))
            at = whole
            continue
        if step and not each and end > start:
            count, plain = _row(text, start, end - start, _MOST_STEPS), _is_plain(text, end)
            if count > 1 and not plain and step > 0:
                found.append(Element(identifier, definition, text[start:], station, time, count, step))
                break
            # Both ways of reading are open, or none: an even report is a row, and elsewhere the times tell how long.
            if not plain or (count > 1 and (function == _EVEN or count == _expected(step, time, message.sent_ms))):
                found.append(Element(identifier, -1, text[at:], station, time))
                break
        if end > size or end == start or (each and end - start != _SERIES_VALUES * each):
            found.append(Element(identifier, -1, text[at:], station, time))
            break
        data = text[start:end]
        at = end
        if identifier == _STEP:
            step = _step_ms(data)
        elif each:
            found.append(Element(identifier, definition, data, station, time, _SERIES_VALUES, _FIVE_MINUTES))
        else:
            found.append(Element(identifier, definition, data, station, time))
    return found


def _step_ms(data: bytes) -> int:
    """A step of time as days, hours, minutes, one of which is not zero; -1 where it cannot be told.

    Devices write them as BCD or as plain bytes: what divides the hour, the day, or is one day is meant.
    """
    if len(data) != 3 or sum(1 for part in data if part) != 1:
        return -1
    place = next(place for place, part in enumerate(data) if part)
    number, (whole, unit_ms) = data[place], _STEP_UNITS[place]
    readings = {number}
    if number & 0x0F < 10 and number >> 4 < 10:
        readings.add((number >> 4) * 10 + (number & 0x0F))
    fit = [one for one in readings if one and whole % one == 0]
    return fit[0] * unit_ms if len(fit) == 1 else -1


def _answer(
    identifier: int, definition: int, text: bytes, at: int, start: int, station: str, time: int | None, step: int
) -> Element:
    """The values of one element from `start`, as the answer to a question for a span has them.

    Unreadable (definition -1) unless they fill the text to its end: then it is not certain where one begins.
    """
    each = SERIES.get(identifier, 0)
    if each:
        # An hour in fives has a step of its own; stations send zero before it.
        count, over = divmod(len(text) - start, each)
        fits, step = not over and not count % _SERIES_VALUES and count <= _MOST_ROW, _FIVE_MINUTES
    else:
        count = _row(text, start, definition >> 3, _MOST_ROW, below_zero=True)
        fits = step > 0
    if not count or not fits:
        return Element(identifier, -1, text[at:], station, time)
    return Element(identifier, definition, text[start:], station, time, count, step)


def _expected(step: int, time: int | None, sent: int | None) -> int:
    """How many values there are from the first observation to the sending; 0 where that cannot be told."""
    if step <= 0 or time is None or sent is None:
        return 0
    count = (sent - time) // step + 1
    return count if 0 < count <= _MOST_STEPS else 0


def _block(
    text: bytes, at: int, found: list[Element], station: str, time: int | None, step: int, sent: int | None
) -> int:
    """Read a block whose elements repeat their identifier in place of the definition; where it ends, or 0.

    How many values each has follows from the step, the first observation and the sending; how wide they are is nowhere
    said. A width is taken only when one single way of reading leads to the end of the text or to the next time.
    """
    count = _expected(step, time, sent)
    if not count or time is None:
        return 0
    ways: list[tuple[int, tuple[tuple[int, int, int], ...]]] = [(at, ())]
    whole: list[tuple[int, tuple[tuple[int, int, int], ...]]] = []
    for _element in range(_MOST_ELEMENTS):
        longer: list[tuple[int, tuple[tuple[int, int, int], ...]]] = []
        for place, read in ways:
            identifier = text[place]
            widths = (SERIES[identifier],) if identifier in SERIES else range(1, 7)
            for width in widths:
                end = place + 2 + count * width
                if end > len(text):
                    break
                path = (*read, (identifier, place + 2, width))
                if end + 1 < len(text) and text[end] == text[end + 1] and text[end] not in (_TIME, _STATION):
                    longer.append((end, path))
                elif _is_plain(text, end):
                    whole.append((end, path))
        ways = longer
        if not ways or len(ways) > _MOST_WAYS:
            break
    if ways or len(whole) != 1:
        return 0
    end, path = whole[0]
    for identifier, first, width in path:
        # The width of a value is all that is known of it: no decimals.
        data = text[first : first + count * width]
        found.append(Element(identifier, -1, data, station, time, count, step))
    return end


def _row(text: bytes, start: int, width: int, most: int, *, below_zero: bool = False) -> int:
    """How many values of one element stand behind one another up to the end of the text; 0 where it is no such row.

    An even report (31) names its element once. A row may look like elements of its own as well: the caller asks first.

    below_zero  FF before digits is a number below zero; it may as well begin an extended element where others follow
    """
    if not width:
        return 0
    count, over = divmod(len(text) - start, width)
    if over or count > most:
        return 0
    for at in range(start, len(text), width):
        digits = text[at : at + width].hex()
        if below_zero and digits.startswith("ff") and digits[2:].isdigit():
            continue
        if not digits.isdigit() and digits.strip("f"):
            return 0
    return count


def _is_plain(text: bytes, at: int) -> bool:
    """Whether only known elements follow, up to the next time or the end."""
    book = annex_c()
    while at < len(text):
        if text[at] == _TIME and text[at + 1 : at + 2] == bytes((_TIME,)):
            return True
        if at + 2 > len(text) or text[at] not in book or text[at + 1] < 8:
            return False
        at += 2 + (text[at + 1] >> 3)
    return at == len(text)
