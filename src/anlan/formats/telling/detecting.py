"""Which format bytes are of, and bytes out of what a person pasted."""

from __future__ import annotations

import re
from typing import Any, Final

import msgspec

from anlan.formats import geohazard, mseed
from anlan.formats.devices import BadFrame
from anlan.formats.faults import Refused
from anlan.formats.findings import BadMessage
from anlan.formats.sl651 import characters
from anlan.formats.trees import name_of, space_of, tree_of

#: Every format that is told, in the order in which a page offers them.
FORMATS: Final = (
    "hj212", "sl651", "jt808", "nmea", "modbus", "geohazard", "senml", "sensorthings", "cap", "edxl", "cot", "gpx",
    "quakeml", "mseed", "xml",
)  # fmt: skip
_DIGITS: Final = re.compile(r"(?:0[xX])?[0-9A-Fa-f]{2}(?:[\s,;:-]*(?:0[xX])?[0-9A-Fa-f]{2})*[\s,;]*")
_LOGGED: Final = re.compile(r"(?:[0-9A-Fa-f]{2}[ \t]){7,}[0-9A-Fa-f]{2}\b")
_SL651_ASCII: Final = re.compile(characters.BEGIN)
_NMEA: Final = re.compile(rb"\$[A-Z]{4,6},")
_SPACE: Final = b" \t\r\n"
#: Bytes of an XML that are looked at for its root.
_SOME: Final = 1 << 14
_ROOT: Final = re.compile(r"<(?:(?P<prefix>[\w.\-]+):)?(?P<name>[A-Za-z_][\w.\-]*)(?P<attributes>[^<>]*)")


def octets_of(text: str) -> bytes:
    """The bytes of a pasted text: hexadecimal digits in any of the usual forms become bytes, else its UTF-8."""
    plain = text.strip("\ufeff \t\r\n")
    if len(plain) >= 4 and _DIGITS.fullmatch(plain):
        digits = re.sub(r"0[xX]|[^0-9A-Fa-f]", "", plain)
        # A text of decimal digits alone is no bytes.
        if re.search(r"[A-Fa-f]", digits) or digits[:2] in ("01", "00", "24", "23"):
            return bytes.fromhex(digits)
    logged = _LOGGED.findall(plain)
    if logged and not plain.startswith(("##", "{", "[", "<", "$")):
        # Lines of a log: a time and words, then the bytes.
        return b"".join(bytes.fromhex(one) for one in logged)
    return text.encode("utf-8", "surrogatepass")


def detect(data: bytes) -> str:
    """A key of `FORMATS`, or "" for bytes of no form that is known."""
    if _is_mseed(data):
        return "mseed"
    start = data.lstrip(_SPACE)[:64]
    if start.startswith(b"##"):
        return "hj212"
    if start.startswith(b"\x7e\x7e") or (start.startswith(b"\x01") and _SL651_ASCII.match(start)):
        return "sl651"
    if start.startswith(b"\x7e"):
        return "jt808"
    if _NMEA.match(start) or re.search(rb"^\s*\$[A-Z]{4,6},", data[:4096], re.MULTILINE):
        return "nmea"
    mark = data.removeprefix(b"\xef\xbb\xbf").lstrip(_SPACE)[:1]
    if mark == b"<" or data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return _of_xml(data)
    if mark in (b"{", b"["):
        return _of_json(data)
    # Frames whose first one was cut off, or that stand behind the words of a log.
    for sign, name in ((rb"##\d{4}", "hj212"), (rb"\x7e\x7e", "sl651")):
        if re.search(sign, data[:4096]):
            return name
    if len(data) > 4 and b"{" in data[:4] and _of_json(data[data.index(b"{") :]) == "geohazard":
        return "geohazard"
    return "modbus" if _is_modbus(data) else ""


def _is_mseed(data: bytes) -> bool:
    try:
        mseed.record_at(data[: 1 << 21], 0)
    except BadMessage as bad:
        # A head that is one, of a record that breaks off.
        return bool(data) and all(one.code != "not_a_record" for one in bad.findings) and data[:6].isdigit()
    return True


def _is_modbus(data: bytes) -> bool:
    """Whether the bytes are whole frames of Modbus TCP: it has no sign of its own."""
    at = 0
    while len(data) - at >= 8:
        length = int.from_bytes(data[at + 4 : at + 6], "big")
        if data[at + 2 : at + 4] != b"\0\0" or not 2 <= length <= 254:
            return False
        at += 6 + length
    return bool(data) and at == len(data)


def _of_json(data: bytes) -> str:
    try:
        said: Any = msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return "geohazard" if b'"L1_' in data or b'"S1_ZT' in data else "senml" if b'"bn"' in data else ""
    first = said[0] if isinstance(said, list) and said else said
    if not isinstance(first, dict):
        return ""
    if isinstance(said, list) and {"bn", "n", "v", "vs", "vb", "vd", "bt"} & first.keys():
        return "senml"
    things = {
        "dataArray", "Datastream", "phenomenonTime", "unitOfMeasurement", "observationType", "encodingType",
        "@iot.id", "@iot.selfLink", "Locations", "Datastreams", "definition", "value",
    }  # fmt: skip
    if things & first.keys() and "device_id" not in first:
        return "sensorthings"
    made = geohazard.read(data)
    return "" if isinstance(made, BadFrame) and made.kind != "encrypted" else "geohazard"


def _of_xml(data: bytes) -> str:
    root = _root_of(data)
    if root is None:
        return "xml"
    name, space = root
    # Of whatever namespace: what is wrong with it the layers of CAP say.
    if name == "alert":
        return "cap"
    if name == "gpx":
        return "gpx"
    if name == "quakeml":
        return "quakeml"
    if name == "event" and not space:
        return "cot"
    return "edxl" if "edxl" in space.lower() or space.startswith("urn:oasis:names:tc:emergency") else "xml"


def _root_of(data: bytes) -> tuple[str, str] | None:
    """Name and namespace of the root; of a document that is broken, cut off or several, as far as its head says."""
    try:
        root = tree_of(data)
    except Refused:
        head = _ROOT.search(data[:_SOME].decode("latin-1"))
        if head is None:
            return None
        prefix, name, attributes = head["prefix"], head["name"], head["attributes"]
        space = re.search(rf"""\sxmlns{f":{re.escape(prefix)}" if prefix else ""}\s*=\s*["']([^"']*)""", attributes)
        return name, space[1] if space else ""
    return name_of(root), space_of(root)
