"""NMEA 0183: where a receiver of GNSS is, in lines of text.

    $ talker and type , fields * XOR of all between $ and *, two hex digits CR LF

Read are RMC, GGA and GLL of any talker (GP, BD, GB, GN, GL, GA); other sentences pass with their fields. Times are UTC.
The place is WGS-84 or CGCS2000 as the receiver gives it.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Final

import msgspec

from anlan.formats.checksums import xor
from anlan.formats.devices import BadFrame, Stream, Value

#: Bytes of the longest sentence that is taken; the standard says 82, receivers with RTK send more.
MOST: Final = 256
KNOT_KMH: Final = 1.852
_ANGLE: Final = re.compile(r"(\d{1,3})(\d\d(?:\.\d{1,12})?)")
_CLOCK: Final = re.compile(r"(\d\d)(\d\d)(\d\d)(?:\.(\d{1,6}))?")
#: Of GGA, and the letters of the mode that RMC and GLL have since edition 2.3: by hand, simulated, none.
_INVENTED: Final = (7, 8)
_UNMEASURED: Final = frozenset("MSN")
_NUMBER: Final = re.compile(r"-?\d{1,12}(?:\.\d{1,12})?")


class Message(msgspec.Struct, frozen=True, gc=False):
    """One sentence: talker GN, kind RMC, what stands between the commas."""

    talker: str
    kind: str
    fields: tuple[str, ...]
    raw: bytes = b""


class Fix(msgspec.Struct, frozen=True, gc=False):
    """What a sentence says of the place; None for what it does not say.

    valid    whether the receiver stands by it, and measured it: a place that was typed in or simulated is none
    fix      of GGA: 0 none, 1 single, 2 differential, 4 RTK fixed, 5 RTK float, 7 by hand, 8 simulated …
    time_ms  epoch ms; only RMC knows the day
    """

    valid: bool
    lat: float | None
    lon: float | None
    time_ms: int | None = None
    speed_kmh: float | None = None
    course_deg: float | None = None
    altitude_m: float | None = None
    fix: int | None = None
    satellites: int | None = None
    hdop: float | None = None


class Reader(Stream[Message]):
    """Takes bytes as they come and gives sentences and bad frames; strict wants a checksum on each."""

    def __init__(self, *, strict: bool = False) -> None:
        super().__init__(strict=strict)
        self._overlong = False

    def _read(self, buffer: bytes, *, ended: bool) -> list[Message | BadFrame]:
        found: list[Message | BadFrame] = []
        lines = buffer.split(b"\n")
        last = lines.pop()
        for line in lines:
            self._line(line, found)
            self._overlong = False
        self._held = self._shortened(last, found)
        if ended:
            if self._held:
                self._line(self._held, found)
            self._held, self._overlong = b"", False
        return found

    def _shortened(self, line: bytes, found: list[Message | BadFrame]) -> bytes:
        while len(line) > MOST:
            self._bad(("too_long",), line[:MOST], found)
            line, self._overlong = line[MOST:], True
        return line

    def _line(self, line: bytes, found: list[Message | BadFrame]) -> None:
        rest = self._shortened(line, found)
        if self._overlong:
            if rest:
                self._bad(("garbage",), rest, found)
            return
        sentence = rest.rstrip(b"\r")
        begin = sentence.rfind(b"$")
        if begin < 0:
            if sentence.strip():
                self._bad(("garbage",), sentence, found)
            return
        if begin > 0:
            self._bad(("garbage",), sentence[:begin], found)
        made = _message(sentence[begin:], strict=self._strict)
        if isinstance(made, BadFrame):
            self._bad(made.faults, made.raw, found)
        else:
            self._good(made, (), found)


def _message(sentence: bytes, *, strict: bool) -> Message | BadFrame:
    content, star, said = sentence[1:].partition(b"*")
    if star:
        if len(said) != 2 or not said.isalnum():
            return BadFrame(("truncated",), sentence)
        try:
            fits = int(said, 16) == xor(content)
        except ValueError:
            fits = False
        if not fits:
            return BadFrame(("bad_crc",), sentence)
    elif strict:
        return BadFrame(("truncated",), sentence)
    try:
        address, *fields = content.decode("ascii").split(",")
    except UnicodeDecodeError:
        return BadFrame(("bad_text",), sentence)
    # P stands before what a maker defined: there the rest is one name.
    cut = 1 if address.startswith("P") else 2
    if len(address) <= cut or not address.isalnum():
        return BadFrame(("bad_header",), sentence)
    return Message(address[:cut], address[cut:], tuple(fields), sentence)


def write(message: Message) -> bytes:
    """The sentence with its checksum and CR LF."""
    content = ",".join((message.talker + message.kind, *message.fields)).encode("ascii")
    return b"$%b*%02X\r\n" % (content, xor(content))


def fix(message: Message) -> Fix | None:
    """What RMC, GGA and GLL say of the place; None for another sentence, or one with too few fields."""
    said = message.fields
    if message.kind == "RMC" and len(said) >= 9:
        knots = _number(said[6])
        return Fix(
            said[1] == "A" and _is_measured(said, 11),
            _angle(said[2], said[3], "NS", 90),
            _angle(said[4], said[5], "EW", 180),
            time_ms=_moment(said[8], said[0]),
            speed_kmh=None if knots is None else knots * KNOT_KMH,
            course_deg=_number(said[7]),
        )
    if message.kind == "GGA" and len(said) >= 9:
        kind = _number(said[5])
        satellites = _number(said[6])
        return Fix(
            bool(kind) and kind not in _INVENTED,
            _angle(said[1], said[2], "NS", 90),
            _angle(said[3], said[4], "EW", 180),
            altitude_m=_number(said[8]),
            fix=None if kind is None else int(kind),
            satellites=None if satellites is None else int(satellites),
            hdop=_number(said[7]),
        )
    if message.kind == "GLL" and len(said) >= 6:
        return Fix(
            said[5] == "A" and _is_measured(said, 6),
            _angle(said[0], said[1], "NS", 90),
            _angle(said[2], said[3], "EW", 180),
        )
    return None


def values(message: Message, device: str) -> list[Value]:
    """The readings of a sentence; it does not name its device, so the caller does.

    `quality` is "no_fix" where the receiver does not stand by the place.
    """
    found = fix(message)
    if found is None:
        return []
    fit = "good" if found.valid else "no_fix"
    said = (
        ("lat", found.lat, "deg"),
        ("lon", found.lon, "deg"),
        ("speed", found.speed_kmh, "km/h"),
        ("direction", found.course_deg, "deg"),
        ("altitude", found.altitude_m, "m"),
        ("fix", None if found.fix is None else float(found.fix), ""),
        ("satellites", None if found.satellites is None else float(found.satellites), ""),
        ("hdop", found.hdop, ""),
    )
    return [
        Value(device, sensor, found.time_ms, number, unit, fit, message.kind, True)
        for sensor, number, unit in said
        if number is not None
    ]


def _is_measured(said: tuple[str, ...], place: int) -> bool:
    """Whether the mode, where a sentence has one, is of a place that was measured."""
    return len(said) <= place or said[place] not in _UNMEASURED


def _number(text: str) -> float | None:
    return float(text) if _NUMBER.fullmatch(text) and text.isascii() else None


def _angle(text: str, side: str, sides: str, most: int) -> float | None:
    """Degrees of ddmm.mmmm and its side; None for what is no place on Earth."""
    matched = _ANGLE.fullmatch(text) if text.isascii() else None
    if matched is None or side not in sides or len(side) != 1:
        return None
    minutes = float(matched[2])
    degrees = int(matched[1]) + minutes / 60
    if minutes >= 60 or degrees > most:
        return None
    return -degrees if side == sides[1] else degrees


def _moment(day: str, clock: str) -> int | None:
    """Epoch ms of ddmmyy and hhmmss.sss; years from 80 on are of the last century."""
    matched = _CLOCK.fullmatch(clock)
    if matched is None or len(day) != 6 or not (day.isdigit() and day.isascii() and clock.isascii()):
        return None
    year = int(day[4:])
    try:
        moment = datetime(
            year + (1900 if year >= 80 else 2000),
            int(day[2:4]),
            int(day[:2]),
            int(matched[1]),
            int(matched[2]),
            int(matched[3]),
            tzinfo=UTC,
        )
    except ValueError:
        return None
    return int(moment.timestamp()) * 1000 + int((matched[4] or "0").ljust(3, "0")[:3])
