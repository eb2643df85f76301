"""Earthquake catalogues in QuakeML: events with their preferred place, time and magnitude.

QuakeML 1.0 and 1.2 (basic event description) are read, 1.2 is written. Depths are metres and times are UTC, as the
standard has it; catalogues that write kilometres exist and are told, never corrected. Source: QuakeML 1.2 BED (2013).
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from lxml import etree

from anlan.formats.findings import BadMessage, Finding, found, noted
from anlan.formats.records import written
from anlan.formats.trees import Bounds, Element, child, children, name_of, space_of, text_of, tree_of

_BED, _QML = "http://quakeml.org/xmlns/bed/1.2", "http://quakeml.org/xmlns/quakeml/1.2"
_SPACES = (_BED, "http://quakeml.org/xmlns/quakeml/1.0", "http://quakeml.org/xmlns/bed/1.1")
BOUNDS = Bounds(bytes=20 << 20, elements=400_000, text=100_000)
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?", re.ASCII)
_FRACTION = re.compile(r"\.(\d+)")
#: A public identifier: `smi:` or `quakeml:`, an authority and a name.
_IDENTIFIER = re.compile(r"(smi|quakeml):[\w.\-]+/.+|smi://[\w.\-]+/.+", re.ASCII)
#: m; a large earthquake is not shallower, but a depth in kilometres written as metres looks as if it were.
_SHALLOW_M, _LARGE = 700.0, 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Quake:
    """One event. What the catalogue does not say is None.

    id               as the catalogue names it
    type             `earthquake` or another word of the standard; others pass by as they are
    at               time of origin, UTC
    latitude, longitude   degrees
    depth_m          metres below the surface, as stated
    magnitude_type   such as `Mw`, `ML`, as stated
    agency           who located it
    status           automatic or manual, as stated
    evaluation       preliminary, confirmed, reviewed, final or rejected, as stated
    updated          when what stands here was last changed, as the catalogue says: the newest of event, place, size
    """

    id: str
    type: str | None = None
    description: str | None = None
    at: datetime | None = None
    latitude: float | None = None
    longitude: float | None = None
    depth_m: float | None = None
    magnitude: float | None = None
    magnitude_type: str | None = None
    agency: str | None = None
    status: str | None = None
    evaluation: str | None = None
    updated: datetime | None = None


def read(data: bytes, bounds: Bounds = BOUNDS) -> tuple[tuple[Quake, ...], tuple[Finding, ...]]:
    """The events of a catalogue, and what of it is odd. Raises BadMessage, and Refused for no XML within the bounds."""
    quakes: list[Quake] = []
    findings: list[Finding] = []
    for quake, told in read_each(data, bounds):
        findings += told
        quakes.append(quake)
    wrong = [one for one in findings if one.blocks]
    if wrong:
        raise BadMessage(*wrong)
    return tuple(quakes), tuple(findings)


def read_each(data: bytes, bounds: Bounds = BOUNDS) -> Iterator[tuple[Quake, tuple[Finding, ...]]]:
    """Each event of a catalogue with what of it is odd or, where a finding blocks, why it cannot be used.

    Raises BadMessage for another document, and Refused for no XML within the bounds.
    """
    root = tree_of(data, "", bounds)
    parameters = next((one for one in children(root) if name_of(one) == "eventParameters"), None)
    if name_of(root) != "quakeml" or parameters is None or space_of(parameters) not in _SPACES:
        raise BadMessage(found("unknown_root", name=name_of(root)[:80], space=space_of(root)[:200]))
    events = (one for one in children(parameters) if name_of(one) == "event")
    for number, element in enumerate(events, 1):
        quake, findings = _event(element, f"event[{number}]")
        yield quake, tuple(findings)


def _event(element: Element, where: str) -> tuple[Quake, list[Finding]]:
    findings: list[Finding] = []
    origin = _preferred(element, "origin", "preferredOriginID", where, findings)
    magnitude = _preferred(element, "magnitude", "preferredMagnitudeID", where, findings)
    values = {
        name: _number(origin, path, f"{where}/origin", findings)
        for name, path in (("latitude", "latitude"), ("longitude", "longitude"), ("depth_m", "depth"))
    }
    quake = Quake(
        id=str(element.get("publicID", "")),
        type=_text(element, "type"),
        description=_text(element, "description", "text"),
        at=_time(_text(origin, "time", "value"), f"{where}/origin/time", findings),
        magnitude=_number(magnitude, "mag", f"{where}/magnitude", findings),
        magnitude_type=_text(magnitude, "type"),
        agency=_text(origin, "creationInfo", "agencyID") or _text(origin, "creationInfo", "author"),
        status=_text(origin, "evaluationMode"),
        evaluation=_text(origin, "evaluationStatus"),
        updated=max(
            (at for part in (element, origin, magnitude) if (at := _made(part, where, findings)) is not None),
            default=None,
        ),
        **values,
    )
    if not quake.id:
        findings.append(found("missing_property", where, name="publicID"))
    findings += _odd(quake, where)
    return quake, findings


def _odd(quake: Quake, where: str) -> Iterator[Finding]:
    if (quake.latitude is not None and abs(quake.latitude) > 90) or (
        quake.longitude is not None and abs(quake.longitude) > 180
    ):
        yield found("out_of_range", where, latitude=quake.latitude or 0.0, longitude=quake.longitude or 0.0)
    if quake.depth_m is not None and 0 < quake.depth_m <= _SHALLOW_M and (quake.magnitude or 0) >= _LARGE:
        yield noted("shallow_depth", where, depth=quake.depth_m, magnitude=quake.magnitude or 0.0)


def _preferred(element: Element, name: str, by: str, where: str, findings: list[Finding]) -> Element | None:
    """The part that the event prefers, the only one there is, or none: of several nobody chooses here."""
    parts = [one for one in children(element) if name_of(one) == name]
    wanted = _text(element, by)
    if wanted:
        chosen = next((one for one in parts if one.get("publicID") == wanted), None)
        if chosen is None and parts:
            findings.append(noted("not_preferred", where, name=name))
        return chosen
    if len(parts) > 1:
        findings.append(noted("not_preferred", where, name=name))
    return parts[0] if len(parts) == 1 else None


def _text(element: Element | None, *path: str) -> str | None:
    inner = None if element is None else child(element, *path)
    return None if inner is None else text_of(inner).strip() or None


def _number(element: Element | None, name: str, where: str, findings: list[Finding]) -> float | None:
    said = _text(element, name, "value")
    if said is None:
        return None
    if not _NUMBER.fullmatch(said) or not math.isfinite(float(said)):
        findings.append(found("bad_value", f"{where}/{name}", value=said[:60], kind="number"))
        return None
    return float(said)


def _made(part: Element | None, where: str, findings: list[Finding]) -> datetime | None:
    return _time(_text(part, "creationInfo", "creationTime"), f"{where}/creationTime", findings)


def _time(said: str | None, where: str, findings: list[Finding]) -> datetime | None:
    if said is None:
        return None
    # Catalogues write a tenth of a millisecond; a time here has microseconds.
    try:
        at = datetime.fromisoformat(_FRACTION.sub(lambda one: "." + one.group(1)[:6].ljust(6, "0"), said, count=1))
        return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, OverflowError):
        findings.append(found("bad_time", where, value=said[:60]))
        return None


def write(quakes: Iterable[Quake], *, catalogue: str) -> bytes:
    """A catalogue in QuakeML 1.2; `catalogue` is its public identifier, such as `smi:local/anlan`.

    Raises BadMessage for identifiers of another form and places that are none.
    """
    all_ = tuple(quakes)
    findings = [
        found("bad_value", "eventParameters", value=one[:120], kind="publicID")
        for one in (catalogue, *(quake.id for quake in all_)) if not _IDENTIFIER.fullmatch(one)
    ]  # fmt: skip
    for number, quake in enumerate(all_, 1):
        findings += (one for one in _odd(quake, f"event[{number}]") if one.blocks)
    if findings:
        raise BadMessage(*findings)
    root = etree.Element(f"{{{_QML}}}quakeml", nsmap={"q": _QML, None: _BED})
    parameters = etree.SubElement(root, _q("eventParameters"), publicID=catalogue)
    try:
        for quake in all_:
            _add_event(parameters, quake)
    except ValueError as error:
        raise BadMessage(found("bad_value", "eventParameters", value="", kind="XML")) from error
    return written(root)


def _add_event(parameters: Element, quake: Quake) -> None:
    event = etree.SubElement(parameters, _q("event"), publicID=quake.id)
    _put(event, ("preferredOriginID",), f"{quake.id}/origin")
    if quake.magnitude is not None:
        _put(event, ("preferredMagnitudeID",), f"{quake.id}/magnitude")
    _put(event, ("type",), quake.type)
    _put(event, ("description", "text"), quake.description)
    origin = etree.SubElement(event, _q("origin"), publicID=f"{quake.id}/origin")
    _put(origin, ("time", "value"), None if quake.at is None else _written(quake.at))
    for name, value in (("latitude", quake.latitude), ("longitude", quake.longitude), ("depth", quake.depth_m)):
        _put(origin, (name, "value"), None if value is None else repr(value))
    _put(origin, ("evaluationMode",), quake.status)
    _put(origin, ("evaluationStatus",), quake.evaluation)
    _put(origin, ("creationInfo", "agencyID"), quake.agency)
    _put(event, ("creationInfo", "creationTime"), None if quake.updated is None else _written(quake.updated))
    if quake.magnitude is not None:
        magnitude = etree.SubElement(event, _q("magnitude"), publicID=f"{quake.id}/magnitude")
        _put(magnitude, ("mag", "value"), repr(quake.magnitude))
        _put(magnitude, ("type",), quake.magnitude_type)


def _written(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _put(element: Element, path: tuple[str, ...], value: str | None) -> None:
    if value is not None:
        for name in path:
            element = etree.SubElement(element, _q(name))
        element.text = value


def _q(name: str) -> str:
    return f"{{{_BED}}}{name}"
