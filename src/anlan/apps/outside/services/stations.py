"""What outside stations measured becomes readings of points, the way that any sender's do: checked, into the log, once.

Readings go in batches of one hour whose key is their content, so that the same file again, or a fetch that was killed
half-way, stores nothing twice. What is old when it is fetched goes as old data: history, and no siren.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from anlan.apps.outside import rules
from anlan.apps.outside.models import Feed
from anlan.apps.outside.services.counts import Counts
from anlan.apps.outside.services.layouts import layout_of, points_of
from anlan.formats.feeds import stations
from anlan.formats.feeds.rows import MOST_TOLD
from anlan.formats.feeds.stations import HOUR_MS, Measured, hours_of
from anlan.kernel.sensing.door.bodies import KEPT, Sender
from anlan.kernel.sensing.door.taking import AHEAD_MS, batch_of_readings
from anlan.kernel.sensing.models import DERIVED_SENDER, Device, Point
from anlan.kernel.sensing.store import BACKFILL, LIVE, Columns, NewBatch, Refused, Store, open_store

#: Batches that are appended in one transaction of the reading store.
AT_ONCE = 20
#: Why a value is set aside although somebody named its point: code, and the sentence kept with the row.
_WHY = {
    "unknown_point": "The source names a point that does not exist or is switched off.",
    "foreign_point": "The point belongs to another device than the source's.",
    "unit": "The source's column has another unit than the point.",
    "future": "The time lies in the future.",
}


class NoSender(Exception):
    """The source has no device, or one that may not send."""


@dataclass(frozen=True, slots=True)
class _Taking:
    """Points by station and heading; for those that cannot take a value the code of why not."""

    device: Device
    points: Mapping[tuple[str, str], Point]
    why_not: Mapping[tuple[str, str], str]
    codes: Mapping[tuple[str, str], str]


def keep(feed: Feed, data: bytes, *, complete: bool, now: datetime, store: Store | None = None) -> Counts:
    """Append the readings of a file. Raises NoSender, Refused and WrongHeading, with nothing stored.

    Values of stations or columns without a point are counted; those whose point cannot take them are set aside.
    """
    taking = _taking(feed)
    table = stations.read(data, layout_of(feed.layout), complete=complete)
    counts = Counts(missing=table.missing)
    counts.refuse(table.refusals)
    late_s = rules.rule(rules.STATIONS, now, feed.region).body["late_s"]
    wanted = [one for one in table.values if (one.station, one.column) in taking.codes]
    counts.elsewhere = len(table.values) - len(wanted)
    counts.others = _others(table.values, taking.codes)
    now_ms = round(now.timestamp() * 1000)
    oldest_live = now_ms - round(late_s * 1000)
    batches = [
        # The whole hour goes one way, so that the same file gives the same batches a minute later.
        _batch(feed, hour, values, taking, BACKFILL if (hour + 1) * HOUR_MS <= oldest_live else LIVE, now_ms)
        for hour, values in hours_of(wanted).items()
    ]
    store = store or open_store()
    for start in range(0, len(batches), AT_ONCE):
        some = batches[start : start + AT_ONCE]
        for batch, done in zip(some, store.append_batches(some), strict=True):
            if done.repeated or done.conflict:
                counts.same += batch.n
            else:
                counts.new += batch.n
                counts.refused += len(batch.refused)
    if batches:
        heard = Device.records.filter(pk=taking.device.pk)
        (heard.filter(last_seen=None) | heard.filter(last_seen__lt=now - timedelta(seconds=30))).update(last_seen=now)
    return counts


def _taking(feed: Feed) -> _Taking:
    device = feed.device
    if device is None or not device.enabled or device.lane != LIVE or device.code == DERIVED_SENDER:
        raise NoSender
    codes = points_of(feed.layout)
    units = {name: one["unit"] for name, one in feed.layout["quantities"].items()}
    rows = {point.code: point for point in Point.records.filter(code__in=codes.values())}
    points: dict[tuple[str, str], Point] = {}
    why_not: dict[tuple[str, str], str] = {}
    for place, code in codes.items():
        point = rows.get(code)
        if point is None or not point.enabled:
            why_not[place] = "unknown_point"
        elif point.device_id != device.pk:
            why_not[place] = "foreign_point"
        elif point.unit != units[place[1]]:
            why_not[place] = "unit"
        else:
            points[place] = point
    return _Taking(device, points, why_not, codes)


def _others(values: Sequence[Measured], codes: Mapping[tuple[str, str], str]) -> list[str]:
    """Stations with their columns that nobody asked for, the first of them."""
    found: dict[str, list[str]] = {}
    for one in values:
        if (one.station, one.column) not in codes:
            columns = found.setdefault(one.station, [])
            if one.column not in columns:
                columns.append(one.column)
    return [f"{station} ({', '.join(sorted(columns))})" for station, columns in list(found.items())[:MOST_TOLD]]


def _batch(feed: Feed, hour: int, values: Sequence[Measured], taking: _Taking, lane: str, now_ms: int) -> NewBatch:
    good: list[tuple[int, Measured]] = []
    refused: list[Refused] = []
    for one in values:
        place = one.station, one.column
        why = taking.why_not.get(place, "") or ("future" if one.at_ms > now_ms + AHEAD_MS else "")
        if not why:
            good.append((taking.points[place].pk, one))
        elif len(refused) < KEPT:
            field = "t" if why == "future" else "unit" if why == "unit" else "point"
            refused.append(
                Refused(
                    one.line, field, why, _WHY[why], taking.codes[place], one.at_ms, one.value,
                    raw=f"{feed.name[:80]}: {one.station} {one.column}",
                )
            )  # fmt: skip
    columns = Columns(
        np.array([number for number, _one in good], np.int32),
        np.array([one.at_ms for _number, one in good], np.int64),
        np.array([one.value for _number, one in good], np.float64),
        np.zeros(len(good), np.uint8),
    )
    said = repr(
        [(number, one.at_ms, one.value) for number, one in good] + [(r.point, r.code, r.t, r.value) for r in refused]
    )
    digest = hashlib.sha256(said.encode()).hexdigest()[:32]
    # The lane is no part of the key: what was of now an hour ago is not stored again as old data.
    return batch_of_readings(
        said.encode(),
        f"out:{feed.pk}:{hour}:{digest}",
        Sender(taking.device.code, LIVE, {}),
        lane,
        columns,
        refused,
        now_ms,
    )
