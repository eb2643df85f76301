"""Tracks and places of satellite receivers: GPX 1.0 and 1.1 read, 1.1 written.

Read as a stream, because a day of a patrol has tens of thousands of points. Heights are metres above sea level. Source:
GPX 1.1 (Topografix, 2004).
"""

from __future__ import annotations

import io
import math
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from xml.sax.saxutils import escape, quoteattr

from anlan.formats.faults import Refused
from anlan.formats.findings import BadMessage, Finding, found
from anlan.formats.markup import local, read_xml
from anlan.formats.trees import plain_of

_SPACES = ("http://www.topografix.com/GPX/1/1", "http://www.topografix.com/GPX/1/0")
#: Apps of telephones leave the namespace away; then the version says that it is one.
_VERSIONS = ("1.0", "1.1")
MOST_BYTES, MOST_POINTS, MOST_DEPTH, MOST_TEXT = 32 << 20, 500_000, 32, 20_000
#: Faults of one file that are told.
_MOST_FINDINGS = 20
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)", re.ASCII)
_FORBIDDEN = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class Fix:
    """One point. `at` is None where the receiver did not say when, `height_m` where it did not say how high."""

    latitude: float
    longitude: float
    height_m: float | None = None
    at: datetime | None = None
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Track:
    """A track in segments: between two of them the receiver had no fix."""

    name: str | None
    segments: tuple[tuple[Fix, ...], ...]


@dataclass(frozen=True, slots=True)
class Gpx:
    """What a file holds."""

    places: tuple[Fix, ...] = ()
    routes: tuple[Track, ...] = ()
    tracks: tuple[Track, ...] = ()


@dataclass(slots=True)
class _State:
    path: list[str] = field(default_factory=list)
    text: list[str] = field(default_factory=list)
    attributes: dict[str, str] = field(default_factory=dict)
    inside: dict[str, str] = field(default_factory=dict)
    name: str | None = None
    segment: list[Fix] = field(default_factory=list)
    segments: list[tuple[Fix, ...]] = field(default_factory=list)
    places: list[Fix] = field(default_factory=list)
    routes: list[Track] = field(default_factory=list)
    tracks: list[Track] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    points: int = 0


_POINTS = {"wpt", "rtept", "trkpt"}
_PLACES = {("gpx", "wpt"), ("gpx", "rte", "rtept"), ("gpx", "trk", "trkseg", "trkpt")}


def read(data: bytes) -> Gpx:
    """The places, routes and tracks of a file.

    Raises BadMessage with the first faults of the file, Refused for what is no XML within the bounds.
    """
    if len(data) > MOST_BYTES:
        raise Refused("too_large", bytes=len(data), limit=MOST_BYTES)
    if not data.strip():
        raise Refused("empty_file")
    state = _State()
    read_xml(
        io.BytesIO(plain_of(data, "")), "", start=lambda name, values: _start(state, name, values),
        end=lambda _name: _end(state), text=lambda piece: _text(state, piece),
    )  # fmt: skip
    if state.findings:
        raise BadMessage(*state.findings[:_MOST_FINDINGS])
    return Gpx(tuple(state.places), tuple(state.routes), tuple(state.tracks))


def _start(state: _State, full: str, attributes: dict[str, str]) -> None:
    name = local(full)
    if not state.path:
        prefix = full.rpartition(":")[0]
        space = attributes.get(f"xmlns:{prefix}" if prefix else "xmlns", "")
        plain = not space and not prefix and attributes.get("version") in _VERSIONS
        if name != "gpx" or not (space in _SPACES or plain):
            raise BadMessage(found("unknown_root", name=name[:80], space=space[:200]))
    state.path.append(name)
    if len(state.path) > MOST_DEPTH:
        raise Refused("too_deep", limit=MOST_DEPTH)
    state.text = []
    if tuple(state.path) in _PLACES:
        state.points += 1
        if state.points > MOST_POINTS:
            raise Refused("too_many_features", limit=MOST_POINTS)
        state.attributes, state.inside = dict(attributes), {}
    elif state.path in (["gpx", "trk"], ["gpx", "rte"]):
        state.name, state.segment, state.segments = None, [], []


def _text(state: _State, piece: str) -> None:
    state.text.append(piece)
    if sum(map(len, state.text)) > MOST_TEXT:
        raise Refused("text_too_long", length=MOST_TEXT + 1, limit=MOST_TEXT)


def _end(state: _State) -> None:
    path, said = tuple(state.path), "".join(state.text).strip()
    name, above = path[-1], path[:-1]
    if path in _PLACES:
        fix = _fix(state)
        if fix is not None:
            (state.places if name == "wpt" else state.segment).append(fix)
    elif above in _PLACES and name in ("ele", "time", "name"):
        state.inside[name] = said
    elif path in (("gpx", "trk", "name"), ("gpx", "rte", "name")):
        state.name = said or None
    elif path == ("gpx", "trk", "trkseg"):
        state.segments.append(tuple(state.segment))
        state.segment = []
    elif path == ("gpx", "trk"):
        state.tracks.append(Track(state.name, tuple(state.segments)))
    elif path == ("gpx", "rte"):
        state.routes.append(Track(state.name, (tuple(state.segment),)))
    state.path.pop()
    state.text = []


def _fix(state: _State) -> Fix | None:
    where, before = f"{state.path[-1]}[{state.points}]", len(state.findings)
    latitude = _number(state, where, "lat", state.attributes.get("lat"), 90.0)
    longitude = _number(state, where, "lon", state.attributes.get("lon"), 180.0)
    ele, time = state.inside.get("ele"), state.inside.get("time")
    height = _number(state, where, "ele", ele, math.inf) if ele else None
    at = None
    if time:
        try:
            at = datetime.fromisoformat(time)
            # GPX times are UTC; some receivers leave the Z away.
            at = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
        except (ValueError, OverflowError):
            state.findings.append(found("bad_time", f"{where}/time", value=time[:60]))
    if len(state.findings) > before or latitude is None or longitude is None:
        return None
    return Fix(latitude, longitude, height, at, state.inside.get("name") or None)


def _number(state: _State, where: str, name: str, said: str | None, most: float) -> float | None:
    if said is None:
        state.findings.append(found("missing_property", where, name=name))
    elif not _NUMBER.fullmatch(said.strip()) or not abs(float(said)) <= most or not math.isfinite(float(said)):
        state.findings.append(found("bad_value", f"{where}/{name}", value=said[:60], kind="number"))
    else:
        return float(said)
    return None


def write(gpx: Gpx, *, creator: str = "Anlan") -> bytes:
    """The file. Raises BadMessage for points that are no place and texts that XML cannot hold."""
    findings = list(_wrong(gpx))
    if findings:
        raise BadMessage(*findings[:_MOST_FINDINGS])
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<gpx version="1.1" creator={quoteattr(creator)} xmlns="{_SPACES[0]}">',
        *(_point("wpt", fix) for fix in gpx.places),
    ]
    for route in gpx.routes:
        points = (_point("rtept", fix) for part in route.segments for fix in part)
        lines += ["<rte>", *_named(route.name), *points, "</rte>"]
    for track in gpx.tracks:
        lines += ["<trk>", *_named(track.name)]
        for part in track.segments:
            lines += ["<trkseg>", *(_point("trkpt", fix) for fix in part), "</trkseg>"]
        lines.append("</trk>")
    return "\n".join([*lines, "</gpx>", ""]).encode("utf-8")


def _wrong(gpx: Gpx) -> Iterable[Finding]:
    all_ = [*gpx.places, *(fix for one in (*gpx.routes, *gpx.tracks) for part in one.segments for fix in part)]
    for number, fix in enumerate(all_, 1):
        if not (abs(fix.latitude) <= 90 and abs(fix.longitude) <= 180):
            yield found("out_of_range", f"[{number}]", latitude=fix.latitude, longitude=fix.longitude)
        if fix.height_m is not None and not math.isfinite(fix.height_m):
            yield found("bad_value", f"[{number}]/ele", value=str(fix.height_m), kind="number")
        if fix.at is not None and fix.at.tzinfo is None:
            yield found("bad_time", f"[{number}]/time", value=fix.at.isoformat())
    names = [fix.name for fix in all_] + [one.name for one in (*gpx.routes, *gpx.tracks)]
    if any(_FORBIDDEN.search(name) for name in names if name):
        yield found("bad_value", "name", value="", kind="XML")


def _point(element: str, fix: Fix) -> str:
    inside = "" if fix.height_m is None else f"<ele>{_decimal(fix.height_m)}</ele>"
    if fix.at is not None:
        inside += f"<time>{fix.at.astimezone(UTC).isoformat().replace('+00:00', 'Z')}</time>"
    inside += "".join(_named(fix.name))
    return f'<{element} lat="{_decimal(fix.latitude)}" lon="{_decimal(fix.longitude)}">{inside}</{element}>'


def _named(name: str | None) -> list[str]:
    return [f"<name>{escape(name)}</name>"] if name else []


def _decimal(value: float) -> str:
    """The shortest decimal that is read as the same number; GPX knows no exponents."""
    return f"{Decimal(repr(float(value))):f}"
