"""Keep the hotspots that lie in the source's region; others are counted. In portions of one transaction."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import numpy as np
import shapely
from django.db import transaction

from anlan.apps.outside import rules
from anlan.apps.outside.models import Feed, Hotspot
from anlan.apps.outside.services.counts import Counts
from anlan.formats.feeds import hotspots as firms
from anlan.kernel.regions import queries as regions
from anlan.kernel.regions.models import Region
from anlan.kernel.web.events import publish

#: Rows of one transaction, so that a large file does not hold the writer for long.
AT_ONCE = 200
_SAID = (
    "confidence", "stated", "frp", "brightness", "scan", "track", "day", "kind", "version", "instrument",
)  # fmt: skip


class NoArea(Exception):
    """The region has no boundary and the source no box: nobody knows which hotspots are the county's."""


def keep(feed: Feed, data: bytes, *, complete: bool, now: datetime) -> Counts:
    """Keep the hotspots of a file. Raises NoArea, Refused and WrongHeading; nothing is kept then."""
    shape = _outline(feed.region)
    box = feed.box or (None if shape is None else shapely.bounds(shape).tolist())
    if box is None:
        raise NoArea
    spots, elsewhere, refusals = firms.read(data, complete=complete, box=tuple(box))
    counts = Counts(elsewhere=elsewhere)
    counts.refuse(refusals)
    inside = spots
    if shape is not None and spots:
        within = shapely.intersects_xy(
            shape, np.array([one.lon for one in spots]), np.array([one.lat for one in spots])
        )
        inside = tuple(one for one, is_in in zip(spots, within.tolist(), strict=True) if is_in)
        counts.elsewhere += len(spots) - len(inside)
    # The same pixel twice in one file: the later line counts, as the later version.
    once = list({one.key: one for one in inside}.values())
    counts.same += len(inside) - len(once)
    # Looked up before the writer is held.
    grade = rules.confidence(now, feed.region)
    rows = [_row(feed, spot, grade, now) for spot in once]
    for start in range(0, len(rows), AT_ONCE):
        counts.add(_keep_some(feed, rows[start : start + AT_ONCE], now))
    return counts


def _outline(region: Region) -> Any:
    blob = Region.objects.filter(pk=region.pk).values_list("boundary", flat=True).first()
    if blob is None:
        return None
    shape = shapely.from_wkb(bytes(blob))
    shapely.prepare(shape)
    return shape


@transaction.atomic
def _keep_some(feed: Feed, rows: Sequence[Hotspot], now: datetime) -> Counts:
    counts = Counts()
    stored = Hotspot.records.select_for_update().filter(feed=feed, key__in=[row.key for row in rows])
    known = {row.key: row for row in stored}
    fresh, changed = [], []
    for row in rows:
        old = known.get(row.key)
        if old is None:
            fresh.append(row)
        elif any(getattr(old, name) != getattr(row, name) for name in _SAID):
            for name in _SAID:
                setattr(old, name, getattr(row, name))
            old.changed_at = now
            changed.append(old)
    Hotspot.records.bulk_create(fresh)
    Hotspot.records.bulk_update(changed, [*_SAID, "changed_at"])
    counts.new, counts.changed = len(fresh), len(changed)
    counts.same = len(rows) - len(fresh) - len(changed)
    if fresh or changed:
        data = {"n": len(fresh) + len(changed)}
        publish("outside.hotspots", region=feed.region, verb="outside.see", at=now, data=data)
    return counts


def _row(feed: Feed, spot: firms.Hotspot, grade: Callable[[float], str], now: datetime) -> Hotspot:
    node = regions.node_at(spot.lon, spot.lat)
    mine = node is not None and node.path.startswith(feed.region.path)
    return Hotspot(
        feed=feed, key=spot.key, at=spot.at, lon=spot.lon, lat=spot.lat, satellite=spot.satellite,
        region_id=node.id if mine and node is not None else feed.region_id, seen_at=now, changed_at=now,
        confidence=spot.confidence if spot.share is None else grade(spot.share),
        stated="" if spot.share is None else f"{spot.share:g}", frp=spot.frp, brightness=spot.brightness,
        scan=spot.scan, track=spot.track, day=spot.day, kind=spot.kind, version=spot.version,
        instrument=spot.instrument,
    )  # fmt: skip
