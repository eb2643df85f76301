"""What fire stations reach in the time that the standard sets, by straight distance and a factor for roads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np

from anlan.apps.resources.models import FireStation
from anlan.apps.resources.models.forces import StationClass
from anlan.apps.resources.queries.norms import norms, places
from anlan.kernel.regions import queries as regions
from anlan.kernel.regions.models import Level
from anlan.kernel.regions.queries import Node
from anlan.kernel.rulebook.models import Entry
from anlan.science.coverage import Coverage, coverage, distances_km, reach_km

#: The norms that make the radius.
MINUTES, TURNOUT, SPEED, DETOUR = "FIRE-MINUTES", "FIRE-TURNOUT", "FIRE-SPEED", "ROAD-DETOUR"
#: The norm of the area of a station of each class.
AREA_RULES: dict[str, str] = {
    StationClass.FIRST: "FIRE-AREA-1", StationClass.SECOND: "FIRE-AREA-2", StationClass.SMALL: "FIRE-AREA-SMALL",
    StationClass.SUBURB: "FIRE-AREA-SUBURB",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Radius:
    """How far an engine gets in time, km, and the entries that decide."""

    km: float
    minutes: float
    rules: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Reached:
    """A village: the nearest station, how far it is, and how many stations reach it in time.

    station   None without any, or (`km` known) for one that the reader may not see
    lon, lat  the seat of the village
    """

    village: Node
    station: FireStation | None
    km: float | None
    by: int
    lon: float
    lat: float


@dataclass(frozen=True, slots=True)
class Picture:
    """Stations against villages; `share` of the people within reach, None without head counts.

    stations  those with a place that the reader may see
    unplaced  villages whose place is not known, of which nothing can be said
    """

    radius: Radius
    stations: Sequence[FireStation]
    villages: Sequence[Reached]
    people: int
    reached: int
    by_station: dict[int, int]
    unplaced: int = 0

    @property
    def gaps(self) -> list[Reached]:
        """The villages that no station reaches in time."""
        return [one for one in self.villages if not one.by]

    @property
    def share(self) -> float | None:
        return self.reached / self.people if self.people else None


def radius(at: datetime) -> Radius | None:
    """The radius of a station, from the slowest speed and the longest detour of the norms; None while one lacks."""
    rules = norms(at)
    if not {MINUTES, TURNOUT, SPEED, DETOUR} <= rules.keys():
        return None
    entries = tuple(rules[code] for code in (MINUTES, TURNOUT, SPEED, DETOUR))
    minutes = entries[0].body["most"] - entries[1].body["most"]
    return Radius(reach_km(minutes, entries[2].body["least"], entries[3].body["most"]), minutes, entries)


def area_rule(station: FireStation, at: datetime) -> Entry | None:
    """The norm of a station's area; None for a class without one."""
    code = AREA_RULES.get(StationClass(station.kind))
    return norms(at).get(code) if code else None


def picture(
    stations: Sequence[FireStation], villages: Sequence[Node], far: Radius, *, seen: frozenset[int] | None = None
) -> Picture:
    """Which villages these stations reach. Stations and villages without a place are left out.

    seen  the stations that the reader may see; the others reach villages without being named. None: all
    """
    known = [one for one in stations if one.lon is not None and one.lat is not None]
    named = [seen is None or one.pk in seen for one in known]
    seats = [(node, node.lon, node.lat) for node in villages if node.lon is not None and node.lat is not None]
    weight = np.array([node.population or 0 for node, _lon, _lat in seats], float)
    km = distances_km(
        [one.lon for one in known], [one.lat for one in known], [lon for _node, lon, _lat in seats],
        [lat for _node, _lon, lat in seats],
    )  # fmt: skip
    found: Coverage = coverage(km, weight, far.km)
    rows = [
        Reached(
            village=node,
            station=known[int(nearest)] if nearest >= 0 and named[int(nearest)] else None,
            km=float(distance) if nearest >= 0 else None,
            by=int(by),
            lon=lon,
            lat=lat,
        )
        for (node, lon, lat), nearest, distance, by in zip(seats, found.nearest, found.km, found.by, strict=True)
    ]
    per_station = (km <= far.km).sum(axis=1)
    return Picture(
        radius=far, stations=[one for one, mine in zip(known, named, strict=True) if mine], villages=rows,
        people=int(found.weight), reached=int(found.reached), unplaced=len(villages) - len(seats),
        by_station={one.pk: int(n) for one, n, mine in zip(known, per_station, named, strict=True) if mine},
    )  # fmt: skip


def county_picture(actor: Any, at: datetime) -> Picture | None:
    """Every station against the villages that the actor may look into; None while the rules are missing.

    A station of the neighbour reaches over the border: it counts, but only those that the actor may see are named.
    """
    far = radius(at)
    if far is None:
        return None
    stations = list(FireStation.present.select_related("region"))
    seen = frozenset(FireStation.objects.for_actor(actor, "resource.see").values_list("pk", flat=True))
    return picture(stations, places(actor, Level.VILLAGE), far, seen=seen)


def villages_of_county() -> list[Node]:
    """Every village of the installation."""
    return [node for node in regions.tree().by_code.values() if node.level == Level.VILLAGE]
