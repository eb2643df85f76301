"""Frames and payloads of devices, told."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, NamedTuple

from anlan.formats import geohazard, hj212, jt808, modbus, nmea, senml, sl651
from anlan.formats.devices import BadFrame, Joiner, Value, beijing_digits
from anlan.formats.telling.names import named
from anlan.formats.telling.told import MOST_HEAD, MOST_ITEMS, MOST_RAW, Item, Note, Row, short

#: Messages in parts are put together as a gateway does.
_JOINED: Final = (32, 8 << 20)
#: Where credentials stand beside the head: a new password of HJ 212; of JT/T 808 the code that proves a terminal, the
#: answer that gives it out, and parameters, the account of its carrier among them.
_HJ212_SECRET: Final = re.compile(r"PW=[^;,&]*")
_JT808_SECRET: Final = frozenset({0x0102, 0x8100, 0x8103, 0x0104})
Head = tuple[tuple[str, str], ...]


class Teller(NamedTuple):
    """How the messages of one protocol are told.

    reader   its reader
    head     what a message says of itself, without its password
    values   its readings
    meaning  what a sensor measures by the code book; "" where nobody knows
    join     packets of one message
    whole    whether bytes come as a stream or as one payload
    """

    reader: Callable[[], Any]
    head: Callable[[Any], Head]
    values: Callable[[Any, int], Sequence[Value]]
    meaning: Callable[[str], str] = lambda _sensor: ""
    join: Callable[[Joiner, Any, int], Any] | None = None
    whole: bool = False


def items(teller: Teller, data: bytes, now_ms: int) -> tuple[Iterator[Item], dict[str, int]]:
    """Messages and broken pieces in their order; the counts are whole once all of them were taken."""
    counts: dict[str, int] = {}
    return _items(teller, data, now_ms, counts), counts


def _items(teller: Teller, data: bytes, now_ms: int, counts: dict[str, int]) -> Iterator[Item]:
    reader = teller.reader()
    joiner = Joiner(most_open=_JOINED[0], most_bytes=_JOINED[1])
    found = reader.feed(data) + reader.close()
    at = 0
    for number, one in enumerate(found):
        # Neighbours may share the sign between them; and only those that are told are looked for.
        place = data.find(one.raw, max(0, at - 1)) if one.raw and number < MOST_ITEMS else -1
        at = place + len(one.raw) if place >= 0 else at
        where = place if place >= 0 else None
        if isinstance(one, BadFrame):
            notes = tuple(Note(fault) for fault in one.faults)
            yield Item("bad", where, notes=notes, raw=one.raw[:MOST_RAW].hex().upper())
            continue
        whole = teller.join(joiner, one, now_ms) if teller.join else one
        rows = () if whole is None else tuple(_rows(teller, teller.values(whole, now_ms)))
        notes = tuple(Note(fault, blocks=False) for fault in one.notes) if hasattr(one, "notes") else ()
        yield Item("payload" if teller.whole else "frame", where, teller.head(one)[:MOST_HEAD], rows, notes)
    for lost in joiner.lost(now_ms + 10**9):
        said = f"{len(lost.parts)}/{lost.total}"
        yield Item("bad", None, (("packets", said),), notes=(Note("lost_parts"),))
    counts.update(reader.counts)
    counts.update(joiner.counts)


def _rows(teller: Teller, values: Sequence[Value]) -> Iterator[Row]:
    for one in values:
        yield Row(
            short(one.device),
            short(one.sensor),
            teller.meaning(one.sensor),
            one.time_ms,
            one.value,
            one.unit,
            one.quality,
            one.known,
        )


def _clock(time_ms: int | None) -> str:
    if time_ms is None:
        return ""
    digits = beijing_digits(time_ms)
    return f"{digits[:4]}-{digits[4:6]}-{digits[6:8]} {digits[8:10]}:{digits[10:12]}:{digits[12:14]}"


def _said(*pairs: tuple[str, object]) -> Head:
    return tuple((name, short(text)) for name, text in pairs if text not in ("", None))


def _part(total: int, number: int) -> str:
    return f"{number}/{total}" if total else ""


def _hj212(message: hj212.Message) -> Head:
    head = {name: text for name, text in message.head.items() if name != "PW"}
    known = ("MN", "CN", "ST", "QN", "Flag", "PNUM", "PNO")
    more = [(name, text) for name, text in head.items() if name not in known]
    part = message.part
    return _said(
        ("device", message.device),
        ("command", named("hj212", message.command)),
        ("system", head.get("ST", "")),
        ("asked_at", head.get("QN", "")),
        ("flag", head.get("Flag", "")),
        ("packets", _part(*part) if part else ""),
        *more,
        ("content", _HJ212_SECRET.sub("PW=******", message.data)),
    )


def _hj212_meaning(sensor: str) -> str:
    factor = hj212.factor(sensor.partition("-")[0])
    return factor.name if factor else ""


def _sl651(message: sl651.Message) -> Head:
    unread = " ".join(
        short(one.data.hex().upper()) for one in sl651.elements(message) if one.definition < 0 and not one.symbol
    )
    return _said(
        ("device", message.station),
        ("centre", f"{message.centre:02X}"),
        ("direction", "up" if message.up else "down"),
        ("function", named("sl651", f"{message.function:02X}")),
        ("coding", message.coding),
        ("serial", message.serial),
        ("sent_at", _clock(message.sent_ms)),
        ("packets", _part(message.total, message.number)),
        ("unread", unread),
    )


def _sl651_meaning(sensor: str) -> str:
    if not sensor.isalnum() or len(sensor) > 4 or set(sensor) - set("0123456789ABCDEF"):
        return ""
    found = sl651.meaning(int(sensor, 16))
    return f"{found.name} {found.symbol}" if found else ""


def _jt808(message: jt808.Message) -> Head:
    fields = jt808.fields(message) or {}
    secret = message.id in _JT808_SECRET
    told = {} if secret else fields
    return _said(
        ("device", message.phone),
        ("message", named("jt808", f"{message.id:04X}")),
        ("serial", message.serial),
        ("edition", message.edition),
        ("packets", _part(message.total, message.number)),
        ("cipher", message.cipher or ""),
        *((f"body.{name}", _plain(value)) for name, value in told.items()),
        ("unread", "" if fields or secret or message.total else message.body.hex().upper()),
    )


def _plain(value: Any) -> str:
    if isinstance(value, bytes):
        return value.hex().upper()
    if isinstance(value, dict):
        return "; ".join(f"{name} {_plain(part)}" for name, part in value.items())
    return ", ".join(map(_plain, value[:20])) if isinstance(value, list | tuple) else str(value)


def _nmea(message: nmea.Message) -> Head:
    return _said(("talker", message.talker), ("message", message.kind), ("content", ",".join(message.fields)))


def _modbus(frame: modbus.Frame) -> Head:
    registers = modbus.registers(frame)
    return _said(
        ("transaction", frame.transaction),
        ("unit_address", frame.unit),
        ("function", f"{frame.function:02X}"),
        ("exception", frame.exception or ""),
        ("registers", " ".join(map(str, registers)) if registers else ""),
        ("content", frame.data.hex(" ").upper()),
    )


def _geohazard(message: geohazard.Message) -> Head:
    return _said(("device", ", ".join(map(str, list(message.content)[:10]))), ("prefix", message.prefix.hex().upper()))


def _senml(message: senml.Message) -> Head:
    texts = [f"{one.name} = {one.value}" for one in message.records if isinstance(one.value, str)]
    return _said(("records", len(message.records)), ("texts", "; ".join(texts[:20])))


TELLERS: Final[dict[str, Teller]] = {
    "hj212": Teller(
        hj212.Reader,
        _hj212,
        lambda message, _now: hj212.values(message),
        _hj212_meaning,
        lambda joiner, message, now: hj212.join(joiner, message, at_ms=now),
    ),
    "sl651": Teller(
        sl651.Reader,
        _sl651,
        lambda message, _now: sl651.values(message),
        _sl651_meaning,
        lambda joiner, message, now: sl651.join(joiner, message, at_ms=now),
    ),
    "jt808": Teller(
        jt808.Reader,
        _jt808,
        lambda message, _now: jt808.values(message),
        join=lambda joiner, message, now: jt808.join(joiner, message, at_ms=now),
    ),
    "nmea": Teller(nmea.Reader, _nmea, lambda message, _now: nmea.values(message, "")),
    # Without its map of registers nobody knows what an answer means: the numbers stand in the head.
    "modbus": Teller(modbus.Reader, _modbus, lambda _frame, _now: ()),
    "geohazard": Teller(geohazard.Reader, _geohazard, lambda message, _now: geohazard.values(message), whole=True),
    "senml": Teller(senml.Reader, _senml, senml.values, whole=True),
}
