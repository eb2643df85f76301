"""Cursor on Target 2.0: where somebody or something is, and how long that holds.

One message is one `event`; a stream has them one after the other. An error of 9,999,999 m stands for one that is not
known and is None here. What is in `detail` is kept as it came. Source: MITRE MTR 07W0000 (2007), event schema 2.0.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from lxml import etree

from anlan.formats.faults import Refused
from anlan.formats.findings import BadMessage, Finding, found
from anlan.formats.records import canonical, written
from anlan.formats.trees import Bounds, Element, child, children, name_of, space_of, tree_of

BOUNDS = Bounds(bytes=256 << 10, depth=24, elements=2_000, text=100_000)
#: m: what stands for an error or height that is not known.
_UNKNOWN = 9_999_999.0
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?", re.ASCII)
_TYPE = re.compile(r"[\w.]+(-[\w.]+)*", re.ASCII)
_END = b"</event>"


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One event.

    uid      what it is about; the next event with it replaces this one
    type     such as `a-f-G-U-C`; how   such as `m-g`, "" where it is not said; both as stated
    at, start, stale   when it was made, and from when to when it holds
    latitude, longitude   degrees, WGS 84
    height_m           above the ellipsoid; None when not known
    circular_error_m, linear_error_m   None when not known
    detail   elements as canonical XML
    """

    uid: str
    type: str
    at: datetime
    start: datetime
    stale: datetime
    how: str
    latitude: float
    longitude: float
    height_m: float | None = None
    circular_error_m: float | None = None
    linear_error_m: float | None = None
    detail: tuple[bytes, ...] = ()

    def holds(self, now: datetime) -> bool:
        """Whether the event is still to be believed."""
        return self.start <= now < self.stale


def read(data: bytes, bounds: Bounds = BOUNDS) -> Event:
    """One event. Raises BadMessage with all that is wrong, and Refused for no XML within the bounds."""
    root = tree_of(data, "", bounds)
    if name_of(root) != "event" or space_of(root):
        raise BadMessage(found("unknown_root", name=name_of(root)[:80], space=space_of(root)[:200]))
    reader = _Reader(root)
    if root.get("version") != "2.0":
        reader.findings.append(found("bad_value", "event/version", value=str(root.get("version"))[:20], kind="2.0"))
    point = child(root, "point")
    if point is None:
        reader.findings.append(found("missing_element", "event", name="point"))
        point = etree.Element("point")
    times = {name: reader.time(name) for name in ("time", "start", "stale")}
    number = reader.number
    latitude, longitude = number(point, "lat", 90), number(point, "lon", 180)
    height, circular, linear = (number(point, name, math.inf) for name in ("hae", "ce", "le"))
    detail = child(root, "detail")
    uid, type_ = (reader.text(name) for name in ("uid", "type"))
    # The schema wants it; the example of its own authors (2005) lacks it.
    how = str(root.get("how") or "")
    if type_ and not _TYPE.fullmatch(type_):
        reader.findings.append(found("bad_value", "event/type", value=type_[:60], kind="type"))
    if reader.findings:
        raise BadMessage(*reader.findings)
    event = Event(
        uid=uid, type=type_, how=how, at=times["time"], start=times["start"], stale=times["stale"],
        latitude=latitude, longitude=longitude, height_m=_known(height), circular_error_m=_known(circular),
        linear_error_m=_known(linear), detail=() if detail is None else tuple(map(canonical, children(detail))),
    )  # fmt: skip
    wrong = list(_judge(event))
    if wrong:
        raise BadMessage(*wrong)
    return event


class _Reader:
    """Attributes of an event, and what is wrong with them."""

    def __init__(self, root: Element) -> None:
        self.root = root
        self.findings: list[Finding] = []

    def text(self, name: str) -> str:
        said = str(self.root.get(name) or "")
        if not said.strip():
            self.findings.append(found("missing_property", "event", name=name))
        return said

    def time(self, name: str) -> datetime:
        said = self.text(name)
        try:
            at = datetime.fromisoformat(said)
            if at.tzinfo is not None:
                return at.astimezone(UTC)
        except (ValueError, OverflowError):
            pass
        if said:
            self.findings.append(found("bad_time", f"event/{name}", value=said[:60]))
        return datetime.min.replace(tzinfo=UTC)

    def number(self, point: Element, name: str, most: float) -> float:
        said = str(point.get(name) or "").strip()
        if not said:
            self.findings.append(found("missing_property", "event/point", name=name))
        elif not _NUMBER.fullmatch(said) or not abs(float(said)) <= most or not math.isfinite(float(said)):
            self.findings.append(found("bad_value", f"event/point/{name}", value=said[:60], kind="number"))
        else:
            return float(said)
        return 0.0


def _known(metres: float) -> float | None:
    return None if metres >= _UNKNOWN else metres


def _judge(event: Event) -> Iterator[Finding]:
    if event.stale < event.start:
        args = {"first": "start", "first_at": _written(event.start), "second": "stale"}
        yield found("late_order", "event/stale", **args, second_at=_written(event.stale))
    for name, error in (("ce", event.circular_error_m), ("le", event.linear_error_m)):
        if error is not None and error < 0:
            yield found("bad_value", f"event/point/{name}", value=f"{error:g}", kind="number")


def write(event: Event) -> bytes:
    """The document of an event. Raises BadMessage for one that `read` would refuse."""
    root = etree.Element("event", version="2.0")
    point = {
        "lat": repr(event.latitude), "lon": repr(event.longitude), "hae": _or_unknown(event.height_m),
        "ce": _or_unknown(event.circular_error_m), "le": _or_unknown(event.linear_error_m),
    }  # fmt: skip
    try:
        for name, value in (("uid", event.uid), ("type", event.type), ("how", event.how)):
            root.set(name, value)
        for name, at in (("time", event.at), ("start", event.start), ("stale", event.stale)):
            root.set(name, _written(at))
        etree.SubElement(root, "point", point)
        etree.SubElement(root, "detail").extend(tree_of(one) for one in event.detail)
    except (ValueError, Refused) as error:
        raise BadMessage(found("bad_value", "event", value="", kind="XML")) from error
    data = written(root)
    read(data)
    return data


def _or_unknown(metres: float | None) -> str:
    return repr(_UNKNOWN if metres is None else metres)


def _written(at: datetime) -> str:
    if at.tzinfo is None:
        raise ValueError("a time without its zone is no instant")
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


class Stream:
    """Events out of bytes that come in pieces.

    for document in stream.fed(piece):
        event = read(document)
    """

    def __init__(self, bounds: Bounds = BOUNDS) -> None:
        self._bounds = bounds
        self._waiting = b""

    def fed(self, piece: bytes) -> Iterator[bytes]:
        """The documents that a piece completes. Raises Refused `too_large` for one that does not end."""
        self._waiting += piece
        while (end := self._waiting.find(_END)) >= 0:
            document, self._waiting = self._waiting[: end + len(_END)], self._waiting[end + len(_END) :]
            yield document.strip()
        if len(self._waiting) > self._bounds.bytes:
            size = len(self._waiting)
            self._waiting = b""
            raise Refused("too_large", bytes=size, limit=self._bounds.bytes)
