"""Positions in the forms in which receivers and their programs give them: NMEA 0183, Cursor on Target, GPX.

One post holds lines of NMEA, one or several CoT events, or a GPX file; its content tells which. A position becomes
readings of the points `DEVICE/lat`, `/lon`, `/speed`, `/direction`, `/altitude`, `/accuracy` of the device whose key
brought it, all at the time of measurement; what has no point is passed over, but latitude and longitude must have one.
A program that speaks for many gives each of its own points by the `uid` of CoT: `DEVICE/uid/lat`.

No fix is a reading without value; what is no place on Earth, or 0 N 0 E, is uncertain. Positions older than OLD_MS are
history: they go through the lane for old data, so that they raise nothing now.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec
import numpy as np

from anlan.formats import cot, gpx, nmea
from anlan.formats.devices import BadFrame
from anlan.formats.faults import Refused as FormatRefused
from anlan.formats.findings import BadMessage
from anlan.formats.trees import Bounds, tree_of
from anlan.kernel.sensing.door.bodies import EARLIEST_MS, LATEST_MS, TOLD, BadBody, Sender
from anlan.kernel.sensing.door.links import point_code
from anlan.kernel.sensing.door.taking import AHEAD_MS, batch_of_readings
from anlan.kernel.sensing.store import BACKFILL, LIVE, Columns, NewBatch, Refused

#: Positions older than this, ms, are history.
OLD_MS = 300_000
#: Bytes and positions of one post.
POSITIONS_LIMIT, MOST_POSITIONS = 2 << 20, 20_000
GOOD, UNCERTAIN, BAD = 0, 1, 2
#: km/h of 1 m/s.
_M_S_KMH = 3.6
_TRACK = Bounds(bytes=64 << 10, depth=8, elements=200, text=20_000)


@dataclass(frozen=True, slots=True)
class Said:
    """One position as somebody said it.

    row         its place in the post, from 0
    t_ms        epoch ms of the measurement; None when it does not say
    lat, lon    degrees, None without a fix
    more        sensor → value: speed in km/h, direction in degrees, altitude and accuracy in m
    uid         of whom, where the form names it
    """

    row: int
    t_ms: int | None
    lat: float | None
    lon: float | None
    more: tuple[tuple[str, float], ...] = ()
    uid: str = ""
    fixed: bool = True


def batches_of(body: bytes, sender: Sender, now_ms: int) -> tuple[list[NewBatch], bytes]:
    """Check a post of positions and make it ready for the log: what is new in one batch, what is history in another.

    returns  the batches, and the answer for the sender; a post that comes again makes the same batches

    Raises BadBody for a post that is refused as a whole.
    """
    said, refused = read(body)
    if len(said) > MOST_POSITIONS:
        raise BadBody(413, "body", "too_large", f"A post may have {MOST_POSITIONS} positions.")
    good, more = _mapped(said, sender, now_ms)
    refused = sorted([*refused, *more], key=lambda one: one.row)
    digest = hashlib.sha256(body).hexdigest()[:40]
    batches = []
    for part, lane in _by_lane(good, sender, now_ms):
        kept = refused if not batches else []
        key = f"pos:{digest}:{lane}"
        batches.append(batch_of_readings(body + lane.encode(), key, sender, lane, columns_of(part), kept, now_ms))
    if refused and not batches:
        key = f"pos:{digest}:refused"
        batches.append(batch_of_readings(body, key, sender, sender.lane, columns_of([]), refused, now_ms))
    answer = {
        "batch_id": f"pos:{digest}",
        "accepted": len(good),
        "refused": [{"row": r.row, "field": r.field, "code": r.code, "why": r.why} for r in refused[:TOLD]],
        "refused_total": len(refused),
    }
    return batches, msgspec.json.encode(answer)


#: Rows of one position: point, value, quality each.
Placed = tuple[int, list[tuple[int, float, int]]]


def columns_of(placed: Iterable[Placed]) -> Columns:
    """Positions, each its time and the readings at it, as columns for the log."""
    rows = [(point, t, value, quality) for t, readings in placed for point, value, quality in readings]
    point, t, value, quality = zip(*rows, strict=True) if rows else ((), (), (), ())
    return Columns(
        np.array(point, np.int32), np.array(t, np.int64), np.array(value, np.float64), np.array(quality, np.uint8)
    )


def _by_lane(good: Sequence[Placed], sender: Sender, now_ms: int) -> Iterator[tuple[list[Placed], str]]:
    """What is new first, then history; a device of an exercise writes to its own lane alone."""
    if sender.lane != LIVE:
        if good:
            yield list(good), sender.lane
        return
    for lane in (LIVE, BACKFILL):
        if part := [one for one in good if (one[0] < now_ms - OLD_MS) == (lane == BACKFILL)]:
            yield part, lane


def _mapped(said: Sequence[Said], sender: Sender, now_ms: int) -> tuple[list[Placed], list[Refused]]:
    good: list[Placed] = []
    refused: list[Refused] = []
    plain = {one.uid for one in said if not _own(one, sender)}
    for one in said:
        name = f"{sender.code}/{one.uid}" if _own(one, sender) else sender.code
        lat, lon = (sender.points.get(point_code(name, sensor)) for sensor in ("lat", "lon"))
        if lat is None or lon is None or (name == sender.code and len(plain) > 1):
            why = "No points take the position of this sender: each uid of several has points of its own."
            refused.append(Refused(one.row, "point", "unknown_point", why, f"{name}/{one.uid}"[:120], one.t_ms))
        elif one.t_ms is None or not EARLIEST_MS <= one.t_ms < LATEST_MS:
            refused.append(Refused(one.row, "t", "time", "The position does not say when it was measured."))
        elif one.t_ms > now_ms + AHEAD_MS:
            why = "The position was measured ahead of our clock: the clock of the receiver is wrong."
            refused.append(Refused(one.row, "t", "future", why, name[:120], one.t_ms))
        else:
            more = ((sender.points.get(point_code(name, sensor)), value) for sensor, value in one.more)
            good.append((one.t_ms, readings_of(one, lat, lon, [(p, v) for p, v in more if p is not None])))
    return good, refused


def _own(one: Said, sender: Sender) -> bool:
    """Whether the uid of a position has points of its own."""
    return bool(one.uid) and point_code(f"{sender.code}/{one.uid}", "lat") in sender.points


def readings_of(one: Said, lat: int, lon: int, more: Sequence[tuple[int, float]]) -> list[tuple[int, float, int]]:
    """The readings of a position at its points, each with its quality."""
    if one.lat is None or one.lon is None or not one.fixed:
        return [(lat, math.nan, BAD), (lon, math.nan, BAD)]
    sure = GOOD if abs(one.lat) <= 90 and abs(one.lon) <= 180 and (one.lat, one.lon) != (0, 0) else UNCERTAIN
    return [(lat, one.lat, sure), (lon, one.lon, sure), *((point, value, GOOD) for point, value in more)]


# --- the forms ----------------------------------------------------------------------------------------------------


def read(body: bytes) -> tuple[list[Said], list[Refused]]:
    """The positions of a post, and what of it could not be read. Raises BadBody for a form that is not known."""
    head = body[:2_000].lstrip(b"\xef\xbb\xbf \t\r\n")
    if not head:
        raise BadBody(422, "body", "empty", "The post is empty.")
    if head.startswith(b"<"):
        if b"<gpx" in head or b":gpx" in head:
            return _gpx(body)
        if b"<event" in head:
            return _cot(body)
    elif b"$" in head[:300]:
        return _nmea(body)
    raise BadBody(422, "body", "form", "A post of positions is lines of NMEA 0183, CoT events or a GPX file.")


def _nmea(body: bytes) -> tuple[list[Said], list[Refused]]:
    """RMC says place, time, speed and course; GGA and GLL, which know no day, are passed over beside an RMC of the
    same time and refused without one."""
    reader = nmea.Reader()
    found = [*reader.feed(body), *reader.close()]
    said: list[Said] = []
    refused: list[Refused] = []
    clocks = {
        one.fields[0] for one in found if isinstance(one, nmea.Message) and one.kind == "RMC" and len(one.fields) >= 9
    }
    for row, one in enumerate(found):
        if isinstance(one, BadFrame):
            text = one.raw[:200].decode("ascii", "replace")
            refused.append(Refused(row, "line", one.kind, "This line is no whole sentence of NMEA 0183.", raw=text))
            continue
        fix = nmea.fix(one)
        if fix is None:
            continue
        if one.kind != "RMC":
            clock = one.fields[4] if one.kind == "GLL" else one.fields[0]
            if clock not in clocks:
                why = "GGA and GLL do not say the day; send RMC with them."
                refused.append(Refused(row, "t", "time", why))
            continue
        more = (("speed", fix.speed_kmh), ("direction", fix.course_deg))
        known = tuple((name, value) for name, value in more if value is not None)
        said.append(Said(row, fix.time_ms, fix.lat, fix.lon, known, fixed=fix.valid))
    return said, refused


def _cot(body: bytes) -> tuple[list[Said], list[Refused]]:
    said: list[Said] = []
    refused: list[Refused] = []
    stream = cot.Stream(Bounds(bytes=POSITIONS_LIMIT + 1, depth=24, elements=2_000, text=100_000))
    # Several events stand one after the other, each may have a head of its own.
    for row, document in enumerate(stream.fed(body)):
        try:
            event = cot.read(document)
        except (BadMessage, FormatRefused) as wrong:
            refused.append(
                Refused(row, "event", "event", str(wrong)[:300], raw=document[:500].decode("utf-8", "replace"))
            )
            continue
        more = [("altitude", event.height_m), ("accuracy", event.circular_error_m), *_motion(event.detail)]
        known = tuple((name, value) for name, value in more if value is not None)
        said.append(Said(row, _ms(event.at), event.latitude, event.longitude, known, event.uid))
    if not said and not refused:
        raise BadBody(422, "body", "cut_short", "No event of this post has an end.")
    return said, refused


def _motion(detail: Iterable[bytes]) -> Iterator[tuple[str, float | None]]:
    """Speed and course of the element `track` of an event, in km/h and degrees."""
    for one in detail:
        if not one.startswith(b"<track"):
            continue
        element = tree_of(one, "", _TRACK)
        for name, sensor, factor in (("speed", "speed", _M_S_KMH), ("course", "direction", 1.0)):
            try:
                value = float(str(element.get(name) or "nan")) * factor
            except ValueError:
                continue
            if math.isfinite(value) and 0 <= value < 100_000:
                yield sensor, value


def _gpx(body: bytes) -> tuple[list[Said], list[Refused]]:
    try:
        file = gpx.read(body)
    except BadMessage as wrong:
        raise BadBody(422, "body", "gpx", str(wrong)[:300]) from wrong
    except FormatRefused as wrong:
        raise BadBody(422, "body", wrong.code, str(wrong)[:300]) from wrong
    fixes = [fix for track in file.tracks for part in track.segments for fix in part]
    return [
        Said(
            row, None if fix.at is None else _ms(fix.at), fix.latitude, fix.longitude,
            () if fix.height_m is None else (("altitude", fix.height_m),),
        )
        for row, fix in enumerate(fixes)
    ], []  # fmt: skip


def _ms(at: datetime) -> int:
    return round(at.timestamp() * 1000)
