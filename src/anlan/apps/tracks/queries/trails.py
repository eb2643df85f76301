"""Where carriers were: latitude and longitude joined by their time, in WGS-84, each place judged."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from anlan.apps.tracks.models import Carrier
from anlan.apps.tracks.rules import Rules
from anlan.formats.coordinates import WGS84, bd09_to_gcj02, gcj02_to_wgs84
from anlan.kernel.sensing.store import Columns, Store
from anlan.kernel.sensing.store.columns import stretches
from anlan.kernel.sensing.store.history import HOUR_MS
from anlan.science.tracks import FINE, Marks, judged, scales, thinned

Floats = NDArray[np.float64]
Times = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Trail:
    """Places in order of time, WGS-84, with what is to be said of each (`science.tracks`); columns of one length."""

    t: Times
    lon: Floats
    lat: Floats
    marks: Marks

    def believed(self) -> Trail:
        """The places that were believed."""
        here = self.marks == FINE
        return Trail(self.t[here], self.lon[here], self.lat[here], self.marks[here])


def joined(carrier: Carrier, lat: Columns, lon: Columns, fastest_km_h: float) -> Trail:
    """The trail of a carrier from the readings of its two points, each in order of time."""
    t, at_lat, at_lon = np.intersect1d(lat.t, lon.t, assume_unique=True, return_indices=True)
    quality = np.maximum(lat.quality[at_lat], lon.quality[at_lon])
    x, y = to_wgs84(carrier.system, lon.value[at_lon], lat.value[at_lat])
    marks, _trust = judged(np.asarray(t, np.int64), x, y, quality, fastest_km_h)
    return Trail(np.asarray(t, np.int64), x, y, marks)


def to_wgs84(system: str, lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
    """Places in WGS-84; what is no place on Earth comes back as it is, to be judged."""
    if system == WGS84:
        return lon, lat
    x, y = lon.copy(), lat.copy()
    with np.errstate(invalid="ignore"):
        fine = (np.abs(lon) <= 180) & (np.abs(lat) <= 90) & ((lon != 0) | (lat != 0))
    if fine.any():
        gcj = (lon[fine], lat[fine])
        if system != "GCJ-02":
            gcj = bd09_to_gcj02(*gcj)
        x[fine], y[fine] = gcj02_to_wgs84(*gcj)
    return x, y


def trail_of(carrier: Carrier, store: Store, from_ms: int, to_ms: int, rules: Rules) -> Trail:
    """One carrier in [from_ms, to_ms]. Raises ColdMissing when some of it lies in a file that cannot be read."""
    lat, lon = (store.readings(point, from_ms, to_ms) for point in (carrier.lat_id, carrier.lon_id))
    return joined(carrier, lat, lon, rules.fastest_km_h[carrier.kind])


def trails_of(carriers: Sequence[Carrier], store: Store, from_ms: int, to_ms: int, rules: Rules) -> dict[int, Trail]:
    """Carrier id → its trail in [from_ms, to_ms); read together, as a map needs them."""
    points = [point for one in carriers for point in (one.lat_id, one.lon_id)]
    if not points or to_ms <= from_ms:
        return {}
    hours = max(1, -(-(to_ms - from_ms) // HOUR_MS))
    (_end, found), *_rest = stretches(store, points, from_ms, to_ms, hours * HOUR_MS)
    by_point = _by_point(found)
    nothing = Columns(*(column[:0] for column in (found.point, found.t, found.value, found.quality)))
    return {
        one.pk: joined(
            one, by_point.get(one.lat_id, nothing), by_point.get(one.lon_id, nothing), rules.fastest_km_h[one.kind]
        )
        for one in carriers
    }


def _by_point(found: Columns) -> dict[int, Columns]:
    """Columns in order of point and time, cut by point."""
    if not len(found):
        return {}
    points, starts = np.unique(found.point, return_index=True)
    ends = np.append(starts[1:], len(found))
    return {
        int(point): Columns(*(column[a:b] for column in (found.point, found.t, found.value, found.quality)))
        for point, a, b in zip(points.tolist(), starts.tolist(), ends.tolist(), strict=True)
    }


def segments(trail: Trail, gap_s: float) -> list[slice]:
    """The parts of a trail of believed places between which nothing was heard for longer than `gap_s` seconds."""
    if not trail.t.size:
        return []
    cuts = np.flatnonzero(np.diff(trail.t) > gap_s * 1000) + 1
    ends = [*cuts.tolist(), trail.t.size]
    return [slice(a, b) for a, b in zip([0, *cuts.tolist()], ends, strict=True)]


def lines(trail: Trail, gap_s: float, tolerance_m: float) -> list[list[list[float]]]:
    """The trail as lines of [lon, lat], cut at gaps and thinned; a lone place is a line of no length."""
    drawn = []
    kept = trail.believed()
    for part in segments(kept, gap_s):
        lon, lat = kept.lon[part], kept.lat[part]
        rows = thinned(lon, lat, tolerance_m)
        places = np.round(np.column_stack((lon[rows], lat[rows])), 6).tolist()
        drawn.append(places if len(places) > 1 else places * 2)
    return drawn


def tolerance(zoom: float, lat: float = 30.0) -> float:
    """m of one pixel of a web map of 512-pixel tiles at a zoom."""
    east, _north = scales(lat)
    return float(360 * east / (512 * 2**zoom))


def at_moments(trails: Iterable[tuple[Any, Trail]], at_ms: int, hold_ms: int) -> dict[Any, tuple[int, float, float]]:
    """For each trail the last believed place at or before a moment, not older than `hold_ms`: time, lon, lat."""
    found = {}
    for key, trail in trails:
        kept = trail.believed()
        row = int(np.searchsorted(kept.t, at_ms, "right")) - 1
        if row >= 0 and at_ms - int(kept.t[row]) <= hold_ms:
            found[key] = (int(kept.t[row]), float(kept.lon[row]), float(kept.lat[row]))
    return found
