"""Bodies of JT/T 808 as fields, and fields as bodies, both by the tables of `layouts`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from anlan.formats.devices import beijing_ms
from anlan.formats.jt808.layouts import (
    LAYOUTS,
    LAYOUTS_2019,
    REGISTERED_2011,
    REGISTERED_2013_FIXED,
    Layout,
    Many,
    One,
    When,
)
from anlan.formats.jt808.message import Message

#: What follows the last field of the table.
REST: Final = "rest"
#: Texts are GBK by the standard; its superset reads them, and what is not of it stays as it is.
_TEXT: Final = "gb18030"


_REGISTERED: Final = 0x0100


class _Short(Exception):
    """The body ends inside a field."""


def edition_of(message: Message) -> int:
    """2011, 2013 or 2019: the head tells the last from the others, the length of a registration the first."""
    if message.edition == 2013 and message.id == _REGISTERED and len(message.body) < REGISTERED_2013_FIXED:
        return 2011
    return message.edition


def _layout(identifier: int, edition: int) -> Layout | None:
    if edition == 2019 and identifier in LAYOUTS_2019:
        return LAYOUTS_2019[identifier]
    if edition == 2011 and identifier == _REGISTERED:
        return REGISTERED_2011
    return LAYOUTS.get(identifier)


def fields(message: Message) -> dict[str, Any] | None:
    """The fields of a body; None for one that no table is at hand for, that does not fit it, or that is a cipher.

    Numbers are as they were sent (0.1 km/h, millionths of a degree), times as `2024-10-29 21:39:03` in Beijing, bytes
    as bytes. Bytes after the last field of the table are kept as `rest`.
    """
    layout = _layout(message.id, edition_of(message))
    if layout is None or message.cipher or message.total:
        return None
    try:
        found, at = _read(layout, message.body, 0)
    except _Short:
        return None
    if at < len(message.body):
        found[REST] = message.body[at:]
    return found


def body_of(identifier: int, values: Mapping[str, Any], *, edition: int = 2013) -> bytes:
    """The body that `fields` reads as these values.

    Raises KeyError for a message that no table is at hand for or a field that is missing, ValueError for a value that
    does not fit its field.
    """
    layout = _layout(identifier, edition)
    if layout is None:
        raise KeyError(f"no table for {identifier:04X} of {edition}")
    rest: bytes = values.get(REST, b"")
    return _written(layout, values) + rest


def _read(layout: Layout, body: bytes, at: int) -> tuple[dict[str, Any], int]:
    found: dict[str, Any] = {}
    for part in layout:
        if isinstance(part, Many):
            found[part.name], at = _many(part, found, body, at)
        elif isinstance(part, One):
            found[part.name], at = _part(part, body, at)
        elif isinstance(part, When):
            if found[part.field] & part.bit:
                more, at = _read(part.fields, body, at)
                found.update(more)
        else:
            name, form = part
            if name.endswith("?"):
                if at == len(body):
                    continue
                name = name[:-1]
            found[name], at = _field(form, body, at)
    return found, at


def _part(part: One, body: bytes, at: int) -> tuple[dict[str, Any], int]:
    if not part.sized:
        return _read(part.fields, body, at)
    content, at = _field(f"c{part.sized}", body, at)
    found, end = _read(part.fields, content, 0)
    if end < len(content):
        found[REST] = content[end:]
    return found, at


def _many(part: Many, found: Mapping[str, Any], body: bytes, at: int) -> tuple[list[Any], int]:
    left = found.get(part.counted_by, 0) if part.counted_by else -1
    rows: list[Any] = []
    while left and (left > 0 or at < len(body)):
        row, at = _field(part.entry, body, at) if isinstance(part.entry, str) else _read(part.entry, body, at)
        rows.append(row)
        left -= 1
    return rows, at


def _field(form: str, body: bytes, at: int) -> tuple[Any, int]:
    kind, width = form[0], form[1:]
    if kind in "pc":
        size, at = _field(f"u{width}", body, at)
    else:
        size = len(body) - at if width == "*" else int(width)
    end = at + size
    if end > len(body):
        raise _Short
    data = body[at:end]
    if kind == "u":
        return int.from_bytes(data, "big"), end
    if kind in "sp":
        return _text(data, filled=kind == "s" and width != "*"), end
    if kind == "t":
        return _time(data), end
    if kind == "d":
        digits = data.hex()
        return f"{digits[:4]}-{digits[4:6]}-{digits[6:]}", end
    return (data.hex() if kind == "h" else data), end


def _text(data: bytes, *, filled: bool) -> str | bytes:
    """A text without the zeros that fill it up; bytes where no encoding reads it and writes it again."""
    content = data.rstrip(b"\0") if filled else data
    try:
        text = content.decode(_TEXT)
    except UnicodeDecodeError:
        return data
    return text if text.encode(_TEXT) == content else data


def _time(data: bytes) -> str:
    digits = data.hex()
    if beijing_ms("20" + digits) is None:
        return digits
    return f"20{digits[:2]}-{digits[2:4]}-{digits[4:6]} {digits[6:8]}:{digits[8:10]}:{digits[10:]}"


def _written(layout: Layout, values: Mapping[str, Any]) -> bytes:
    parts: list[bytes] = []
    for part in layout:
        if isinstance(part, Many):
            for row in values[part.name]:
                entry = part.entry
                parts.append(_bytes(entry, row) if isinstance(entry, str) else _written(entry, row))
        elif isinstance(part, One):
            content = _written(part.fields, values[part.name]) + values[part.name].get(REST, b"")
            if part.sized:
                parts.append(len(content).to_bytes(part.sized, "big"))
            parts.append(content)
        elif isinstance(part, When):
            if values[part.field] & part.bit:
                parts.append(_written(part.fields, values))
        else:
            name, form = part
            if name.endswith("?"):
                if name[:-1] not in values:
                    continue
                name = name[:-1]
            parts.append(_bytes(form, values[name]))
    return b"".join(parts)


def _bytes(form: str, value: Any) -> bytes:
    kind, width = form[0], form[1:]
    data: bytes
    if kind == "u":
        return int(value).to_bytes(int(width), "big")
    if isinstance(value, bytes):
        data = value
    elif kind in "sp":
        data = value.encode(_TEXT)
        if kind == "s" and width != "*":
            data = data.ljust(int(width), b"\0")
    elif kind == "t":
        digits = "".join(sign for sign in value if sign.isalnum())
        data = bytes.fromhex(digits[2:] if len(digits) == 14 else digits)
    else:
        data = bytes.fromhex(value.replace("-", ""))
    if kind in "pc":
        return len(data).to_bytes(int(width), "big") + data
    if width != "*" and len(data) != int(width):
        raise ValueError(f"{value!r} does not fit into {width} bytes")
    return data
