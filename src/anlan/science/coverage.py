"""How much of the demand lies within reach of a fire station, a store or a team: by distance alone, not by roads."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from anlan.science.series import Floats

#: Mean radius of the Earth, km. Source: IUGG, R1 of GRS 80.
EARTH_KM = 6371.0088


def distances_km(lon_a: ArrayLike, lat_a: ArrayLike, lon_b: ArrayLike, lat_b: ArrayLike) -> Floats:
    """Great-circle distance from every point of a to every point of b.

    lon, lat  degrees, WGS-84, columns; lon_a and lat_a of one length, lon_b and lat_b of another
    returns   km, [a, b]; NaN for a point without coordinates

    Raises ValueError for columns of different length, a latitude outside -90 … 90 or a longitude outside -180 … 180.
    Within 0.5 % of the distance on the ellipsoid.
    Source: haversine formula, Sinnott (1984), Sky and Telescope 68:159.
    """
    a = [np.radians(_column(value, limit)) for value, limit in ((lon_a, 180), (lat_a, 90))]
    b = [np.radians(_column(value, limit)) for value, limit in ((lon_b, 180), (lat_b, 90))]
    if a[0].shape != a[1].shape or b[0].shape != b[1].shape:
        raise ValueError("longitudes and latitudes are columns of one length")
    half_lon = (b[0][None, :] - a[0][:, None]) / 2
    half_lat = (b[1][None, :] - a[1][:, None]) / 2
    h = np.sin(half_lat) ** 2 + np.cos(a[1])[:, None] * np.cos(b[1])[None, :] * np.sin(half_lon) ** 2
    return np.asarray(2 * EARTH_KM * np.arcsin(np.sqrt(np.clip(h, 0.0, 1.0))), np.float64)


def reach_km(minutes: float, speed_km_h: float, detour: float) -> float:
    """The straight distance that is driven in a time when roads are `detour` times as long as the straight line.

    minutes     > 0 of travel, without turning out
    speed_km_h  > 0, mean
    detour      >= 1; 1.3 to 1.5 in towns

    Raises ValueError for values outside their range. A circle says nothing of rivers and hills.
    """
    if not (minutes > 0 and speed_km_h > 0 and detour >= 1):
        raise ValueError("time and speed are above 0, a detour is 1 or more")
    return minutes / 60 * speed_km_h / detour


@dataclass(frozen=True, slots=True)
class Coverage:
    """Which demand is within reach.

    by       int[demand], places within reach
    nearest  int[demand], the nearest place, whether within reach or not; -1 without any
    km       float[demand], the distance to it; NaN without any
    weight   sum of the demand
    reached  sum of the demand within reach of at least one place
    """

    by: NDArray[np.int64]
    nearest: NDArray[np.int64]
    km: Floats
    weight: float
    reached: float

    @property
    def share(self) -> float:
        """`reached` over `weight`; NaN when there is no demand: nothing is not well covered."""
        return self.reached / self.weight if self.weight > 0 else float("nan")


def coverage(distance_km: ArrayLike, weight: ArrayLike, radius_km: ArrayLike) -> Coverage:
    """Count the places that reach each demand point, and the share of demand that any of them reaches.

    distance_km  [place, demand] of `distances_km`, or along roads; NaN where unknown, which is out of reach
    weight       [demand], >= 0: people, km2 of a cell, points of risk
    radius_km    one for all or one a place, >= 0; a point at the very edge is reached

    Raises ValueError for shapes that do not fit, and for missing or negative weights and radii.
    Source: covered demand as in the maximal covering location problem, Church & ReVelle (1974), Papers of the Regional
    Science Association 32:101–118.
    """
    distance, demand = np.asarray(distance_km, np.float64), np.asarray(weight, np.float64)
    if distance.ndim != 2 or distance.shape[1:] != demand.shape:
        raise ValueError(f"distances are [place, demand], not {distance.shape} for {demand.shape}")
    radius = np.broadcast_to(np.asarray(radius_km, np.float64), (distance.shape[0],))
    if not ((demand >= 0).all() and (radius >= 0).all()):
        raise ValueError("weights and radii are known and not negative")
    by = (distance <= radius[:, None]).sum(axis=0).astype(np.int64)
    far = np.where(np.isnan(distance), np.inf, distance)
    if far.shape[0]:
        nearest = far.argmin(axis=0).astype(np.int64)
        km = np.take_along_axis(far, nearest[None, :], axis=0)[0]
    else:
        nearest, km = np.zeros(demand.shape, np.int64), np.full(demand.shape, np.inf)
    known = np.isfinite(km)
    return Coverage(
        by=by,
        nearest=np.where(known, nearest, -1),
        km=np.where(known, km, np.nan),
        weight=float(demand.sum()),
        reached=float(demand[by > 0].sum()),
    )


def _column(degrees: ArrayLike, limit: float) -> Floats:
    column = np.asarray(degrees, np.float64)
    if column.ndim != 1 or (np.abs(column) > limit).any():
        raise ValueError(f"coordinates are columns of degrees from -{limit} to {limit}")
    return column
