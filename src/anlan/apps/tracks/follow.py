"""Keeps the last place of every carrier: reads on in the reading log, judges each position, tells open maps.

Runs in the jobs process. Place and position in the log are kept in one transaction of the records, so that a crash
anywhere leaves no position out; a position that is read again is not newer than what is known and changes nothing.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
from django.db import transaction

from anlan.apps.tracks.models import Carrier, Followed, Place
from anlan.apps.tracks.queries.carriers import SEE, SEE_PERSON
from anlan.apps.tracks.queries.trails import to_wgs84
from anlan.apps.tracks.rules import Rules, rules
from anlan.engine import decode_batch
from anlan.kernel.regions.models import Region
from anlan.kernel.rulebook.queries import NoRule
from anlan.kernel.sensing.store import BACKFILL, LIVE, Busy, Columns, Store, open_store
from anlan.kernel.sensing.store.history import joined, picked
from anlan.kernel.sensing.store.rows import BATCH
from anlan.kernel.web.events import publish
from anlan.science.tracks import FINE, Trust, judged

log = logging.getLogger("anlan.tracks")

#: Seconds between two looks at the log, and at least between two events of one region.
EVERY_S, TELL_S = 2, 5
#: Records and readings of one look; what is left is read at the next.
RECORDS, ROWS = 2_000, 200_000
#: A position this far ahead of now is no place of now: the clock of the receiver is wrong, ms.
AHEAD_MS = 300_000
_FIELDS = (
    *("t_ms", "lon", "lat", "speed_kmh", "course_deg", "accuracy_m"),
    *("seen_ms", "seen_mark", "seen_lon", "seen_lat", "others"),
)


@dataclass(slots=True)
class Follower:
    """What one process remembers between its looks."""

    store: Store
    told: dict[tuple[int, bool], datetime] = field(default_factory=dict)  # region and person → last event

    def round(self, now: datetime) -> int:
        """Read on; returns how many carriers were seen to send. The database is asked only when the log has grown."""
        followed = Followed.objects.first()
        if followed is None:
            # From the beginning of what the log still holds: for a small log all of it, for a long one its end.
            followed = Followed.objects.create(seq=max(0, self.store.last_seq() - 20 * RECORDS))
        if self.store.last_seq() <= followed.seq:
            return 0
        try:
            records = self.store.read_log(followed.seq, RECORDS, ROWS)
            held = rules(now)
        except (Busy, NoRule) as why:
            log.warning("places are not followed now: %s", why)
            return 0
        if not records:
            return 0
        carriers = list(Carrier.records.filter(enabled=True).select_related("place"))
        wanted = _points(carriers)
        batches = [
            Columns(*decode_batch(one.payload)) for one in records if one.kind == BATCH and one.lane in (LIVE, BACKFILL)
        ]
        found = joined([picked(one, np.isin(one.point, wanted)) for one in batches])
        moved = _moved(carriers, found, held, round(now.timestamp() * 1000))
        with transaction.atomic():
            # Another jobs process may have read on meanwhile: then its places stand.
            ahead = Followed.objects.filter(pk=followed.pk, seq=followed.seq).update(seq=records[-1].seq)
            if not ahead:
                return 0
            _keep(moved)
            self._tell(moved, now)
        return len(moved)

    def _tell(self, moved: Sequence[tuple[Carrier, Place]], now: datetime) -> None:
        """One event a region, so that open maps ask again; not more often than maps need it."""
        regions = {(one.region_id, one.personal) for one, _place in moved}
        due = {
            key for key in regions if key not in self.told or (now - self.told[key]).total_seconds() >= TELL_S
        }  # fmt: skip
        rows = Region.objects.defer("boundary").in_bulk({region for region, _personal in due})
        for region, personal in sorted(due):
            verb = SEE_PERSON if personal else SEE
            publish("track.person" if personal else "track.moved", region=rows[region], verb=verb, at=now)
            self.told[region, personal] = now


def _points(carriers: Iterable[Carrier]) -> np.ndarray:
    every = [
        point
        for one in carriers
        for point in (one.lat_id, one.lon_id, one.speed_id, one.course_id, one.accuracy_id)
        if point is not None
    ]
    return np.array(sorted(every), np.int32)


def _moved(carriers: Sequence[Carrier], found: Columns, held: Rules, now_ms: int) -> list[tuple[Carrier, Place]]:
    """Carriers with positions newer than those known, and their place now; the rows are not saved yet."""
    if not len(found):
        return []
    # Of equal times the first in the log holds, as in history.
    order = np.lexsort((np.arange(len(found)), found.t, found.point))
    points, starts = np.unique(found.point[order], return_index=True)
    ends = np.append(starts[1:], order.size)
    rows = {int(p): order[a:b] for p, a, b in zip(points.tolist(), starts.tolist(), ends.tolist(), strict=True)}
    moved = []
    for one in carriers:
        if one.lat_id in rows and one.lon_id in rows:
            place = _place(one, found, rows, held.fastest_km_h[one.kind], now_ms)
            if place is not None:
                moved.append((one, place))
    return moved


def _place(
    one: Carrier, found: Columns, rows: dict[int, np.ndarray], fastest: float, now_ms: int
) -> Place | None:  # fmt: skip
    place: Place = getattr(one, "place", None) or Place(carrier=one)
    t, at_lat, at_lon = np.intersect1d(found.t[rows[one.lat_id]], found.t[rows[one.lon_id]], return_indices=True)
    newer = (t > place.seen_ms) & (t <= now_ms + AHEAD_MS)
    if not newer.any():
        return None
    lat, lon = rows[one.lat_id][at_lat[newer]], rows[one.lon_id][at_lon[newer]]
    t = np.asarray(t[newer], np.int64)
    x, y = to_wgs84(one.system, found.value[lon], found.value[lat])
    quality = np.maximum(found.quality[lat], found.quality[lon])
    marks, trust = judged(t, x, y, quality, fastest, _trust(place))
    place.seen_ms, place.seen_mark = int(t[-1]), int(marks[-1])
    doubted = marks[-1] != FINE and not np.isnan(x[-1])
    place.seen_lon, place.seen_lat = (float(x[-1]), float(y[-1])) if doubted else (None, None)
    place.others = [trust.other_t, trust.other_lon, trust.other_lat, trust.others] if trust.others else []
    if trust.t > place.t_ms:
        place.t_ms, place.lon, place.lat = trust.t, trust.lon, trust.lat
        for name, point in (
            ("speed_kmh", one.speed_id),
            ("course_deg", one.course_id),
            ("accuracy_m", one.accuracy_id),
        ):
            setattr(place, name, _value(found, rows.get(point) if point else None, trust.t))
    return place


def _trust(place: Place) -> Trust:
    if place.t_ms < 0 or place.lon is None or place.lat is None:
        known = Trust()
    else:
        known = Trust(place.t_ms, place.lon, place.lat)
    return Trust(known.t, known.lon, known.lat, *place.others) if place.others else known


def _value(found: Columns, rows: np.ndarray | None, t: int) -> float | None:
    """What else was said at the time of a place; None for nothing, or no value."""
    if rows is None:
        return None
    here = rows[(found.t[rows] == t) & (found.quality[rows] < 2)]
    value = float(found.value[here[0]]) if here.size else float("nan")
    return None if np.isnan(value) else value


def _keep(moved: Sequence[tuple[Carrier, Place]]) -> None:
    Place.objects.bulk_create([place for _one, place in moved if place.pk is None], batch_size=500)
    known = [place for _one, place in moved if place.pk is not None]
    for start in range(0, len(known), 200):
        Place.objects.bulk_update(known[start : start + 200], _FIELDS)


_followers: dict[int, Follower] = {}


def tick(now: datetime) -> int:
    """One look over this installation's log; called by the jobs process."""
    store = open_store()
    return _followers.setdefault(id(store), Follower(store)).round(now)
