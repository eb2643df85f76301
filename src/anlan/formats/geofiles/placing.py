"""Where features lie, and whether that can be: what to ask a person before they are used."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import shapely
from numpy.typing import NDArray

from anlan.formats.coordinates import Box, Floats, Pair, suspects, to_wgs84
from anlan.formats.faults import Fault, Refused
from anlan.formats.geofiles.features import Feature, Features

#: The whole world, where no county is given.
_WORLD: Box = (-180.0, -90.0, 180.0, 90.0)


def placed(features: Features, box: Box | None = None) -> Features:
    """The same features with faults about where they lie.

    box  west, south, east, north of the county, WGS-84 degrees; None says only what cannot be anywhere

    Notes for the file: `projected` (metres, with the systems that would put them into the box), `swapped` (outside,
    and inside when longitude and latitude change places), `outside`. For a feature: `antimeridian`. Nothing is moved:
    see `moved` and `turned`.
    """
    bounds = shapely.bounds(features.geometries())
    known = np.isfinite(bounds).all(axis=1)
    if not known.any():
        return features
    within = box or _WORLD
    count = {"all": int(known.sum())}
    metres = known & (np.abs(bounds) > 360).any(axis=1)
    if metres.sum() * 2 > known.sum():
        x, y = (bounds[metres, 0] + bounds[metres, 2]) / 2, (bounds[metres, 1] + bounds[metres, 3]) / 2
        names = tuple(dict.fromkeys(one.system for one in suspects(x, y, within))) if box else ()
        return replace(features, notes=(*features.notes, Fault("projected", "", {"systems": names})))
    outside = known & ~_inside(bounds, within)
    turned = outside & _inside(bounds[:, [1, 0, 3, 2]], within)
    notes = list(features.notes)
    if turned.any():
        notes.append(Fault("swapped", _first(features, turned), {"features": int(turned.sum()), **count}))
    outside &= ~turned
    if outside.any():
        notes.append(Fault("outside", _first(features, outside), {"features": int(outside.sum()), **count}))
    # What is as wide as half the earth goes round its other side.
    across = known & ((bounds[:, 2] - bounds[:, 0] > 180) | (np.abs(bounds[:, [0, 2]]) > 180).any(axis=1)) & ~turned
    marked = tuple(
        _marked(feature, "antimeridian") if is_across else feature
        for feature, is_across in zip(features.features, across.tolist(), strict=True)
    )
    return replace(features, features=marked, notes=tuple(notes))


def _inside(bounds: NDArray[np.float64], box: Box) -> NDArray[np.bool_]:
    """True where a feature touches the box; NaN is not inside."""
    return np.asarray(
        (bounds[:, 0] <= box[2]) & (bounds[:, 2] >= box[0]) & (bounds[:, 1] <= box[3]) & (bounds[:, 3] >= box[1])
    )


def _first(features: Features, mask: NDArray[np.bool_]) -> str:
    return str(features.features[int(np.flatnonzero(mask)[0])].number)


def _marked(feature: Feature, code: str) -> Feature:
    return replace(feature, faults=(*feature.faults, Fault(code, str(feature.number))))


def turned(features: Features) -> Features:
    """The same features with longitude and latitude changed for each other, after a person has said so."""
    return _changed(features, lambda x, y: (y, x))


def moved(features: Features, system: str) -> Features:
    """The same features in WGS-84, from coordinates of a system that the file states or a person names.

    Raises Refused: `unknown_system`; `impossible_coordinates` with the number of the feature as its place.
    """
    return _changed(features, lambda x, y: to_wgs84(system, x, y))


def _changed(features: Features, change: Callable[[Floats, Floats], Pair]) -> Features:
    shapes = features.geometries()
    places, owners = shapely.get_coordinates(shapes, return_index=True)
    try:
        x, y = change(places[:, 0], places[:, 1])
    except Refused as refused:
        where = refused.fault.where
        if not where:
            raise
        number = features.features[int(owners[int(where)])].number
        raise Refused(refused.code, str(number), **refused.fault.why) from refused
    shapes = shapely.set_coordinates(shapes, np.column_stack((x, y)))
    # Changing the columns turns every ring round.
    rings = np.isin(shapely.get_type_id(shapes), (3, 6))
    shapes[rings] = shapely.orient_polygons(shapes[rings])
    kept = zip(features.features, shapes, strict=True)
    return replace(features, features=tuple(replace(feature, geometry=shape) for feature, shape in kept))
