"""What lies around a place (周边分析): people, and things by group, within a circle or a polygon.

Every layer of the map that is counted around stands under its group: forces, supplies, shelters, sensitive targets. A
room that has things which are no layer names a source of its own with `register_surroundings`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from anlan.kernel.layers import queries
from anlan.kernel.layers.declarations import Layer, Window
from anlan.kernel.layers.people_within import People, people_for
from anlan.kernel.regions.models import Level, Region
from anlan.kernel.regions.scope import reach
from anlan.science.areas import Area

#: Features that a layer without columns is asked for.
MOST_FEATURES = 20_000
#: Things of one source among the nearest of all, so that the houses around do not hide everything else.
OF_ONE = 3
#: Things that an export or a list names of one source; the count is always that of all.
MOST_LISTED = 20_000


@dataclass(frozen=True, slots=True)
class Inside:
    """What of one source lies in an area, as columns.

    ids       one a thing; `named` gets some of them and answers title and note by id
    lon, lat  degrees WGS-84
    level     1 red … 4 blue, 0 for none
    """

    ids: NDArray[Any]
    lon: NDArray[np.float64]
    lat: NDArray[np.float64]
    level: NDArray[np.int64]
    named: Callable[[list[Any]], Any]


#: actor, area, now -> what lies inside, within what the actor may see.
Find = Callable[[Any, Area, datetime], Inside]


@dataclass(frozen=True, slots=True)
class Source:
    """Things that the circle search counts. Without the verb they do not exist for the actor.

    code  a layer's, so that a click opens its card; any other for a source of its own
    """

    code: str
    title: Any
    group: Any
    icon: str
    verb: str
    find: Find
    order: int = 100


_sources: dict[str, Source] = {}


def register_surroundings(source: Source) -> None:
    """Let the circle search count something that is no layer; the same code again replaces it."""
    _sources[source.code] = source


@dataclass(frozen=True, slots=True)
class Near:
    """One thing inside; `distance_m` along the geodesic from the middle of the area."""

    layer: str
    id: str
    title: str
    note: str
    distance_m: float
    level: int | None
    lon: float
    lat: float


@dataclass(frozen=True, slots=True)
class Counted:
    """How much of a source lies inside. `levels` counts those that have one; `nearest_m` None when there are none."""

    source: Source
    count: int
    levels: dict[int, int]
    nearest_m: float | None


@dataclass(frozen=True, slots=True)
class Group:
    title: str
    rows: tuple[Counted, ...]

    @property
    def count(self) -> int:
        return sum(row.count for row in self.rows)


@dataclass(frozen=True, slots=True)
class Around:
    """The whole answer.

    people      by the census grid; None when there is none, or none that the actor may know
    residents   else: registered residents of the villages whose seat lies inside, and how many villages those are
    """

    area: Area
    people: People | None
    residents: int
    villages: int
    groups: tuple[Group, ...]
    nearest: tuple[Near, ...]
    found: dict[str, Inside] = field(repr=False, default_factory=dict)


def sources(actor: Any) -> list[Source]:
    """Everything that `actor` may have counted, in the order of the layer tree."""
    layers = [_of_layer(layer) for layer in queries.visible(actor) if layer.around and layer.draw in _COUNTED]
    own = [source for source in _sources.values() if reach(actor, source.verb)]
    return sorted([*layers, *own], key=lambda one: (one.order, one.code))


_COUNTED = frozenset({"mark", "alarm", "dot"})


def around(actor: Any, area: Area, *, now: datetime, nearest: int = 12) -> Around:
    """What the actor may see in an area."""
    groups: dict[str, list[Counted]] = {}
    found: dict[str, Inside] = {}
    best: list[tuple[float, Source, int]] = []
    for source in sources(actor):
        inside = source.find(actor, area, now)
        found[source.code] = inside
        rows, far = _closest(inside, area, OF_ONE)
        best += [(float(metres), source, int(row)) for metres, row in zip(far, rows, strict=True)]
        levels, counts = np.unique(inside.level, return_counts=True)
        counted = {int(level): int(n) for level, n in zip(levels, counts, strict=True) if level}
        groups.setdefault(str(source.group), []).append(
            Counted(source, int(inside.ids.size), counted, float(far[0]) if far.size else None)
        )
    best.sort(key=lambda one: one[0])
    people = people_for(actor, area.shape)
    residents, villages = (0, 0) if people is not None else _residents(area)
    return Around(
        area,
        people,
        residents,
        villages,
        tuple(Group(title, tuple(rows)) for title, rows in groups.items()),
        tuple(_named(best[:nearest], found)),
        found,
    )


def listed(actor: Any, area: Area, source: Source, *, now: datetime, most: int = MOST_LISTED) -> list[Near]:
    """The things of one source in an area, the nearest first."""
    inside = source.find(actor, area, now)
    rows, far = _closest(inside, area, most)
    some = [(float(metres), source, int(row)) for metres, row in zip(far, rows, strict=True)]
    return list(_named(some, {source.code: inside}))


def _closest(inside: Inside, area: Area, most: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Rows of the nearest things and their distances, the nearest first."""
    rows = area.nearest(inside.lon, inside.lat, most)
    return rows, area.distances_m(inside.lon[rows], inside.lat[rows])


def _named(some: Sequence[tuple[float, Source, int]], found: dict[str, Inside]) -> Iterator[Near]:
    """Things with their words, fetched at once for each source."""
    wanted: dict[str, list[Any]] = {}
    for _far, source, row in some:
        wanted.setdefault(source.code, []).append(found[source.code].ids[row].item())
    words = {code: found[code].named(ids) for code, ids in wanted.items()}
    for far, source, row in some:
        inside = found[source.code]
        one = inside.ids[row].item()
        title, note = words[source.code].get(one, ("", ""))
        level = int(inside.level[row]) or None
        yield Near(
            source.code, str(one), title, note, far, level, float(inside.lon[row]), float(inside.lat[row])
        )  # fmt: skip


def _of_layer(layer: Layer) -> Source:
    def find(actor: Any, area: Area, now: datetime) -> Inside:
        return layer.inside(actor, area) if layer.inside is not None else _features(layer, actor, area, now)

    return Source(layer.code, layer.title, layer.group, layer.icon, layer.verb, find, layer.order)


def _features(layer: Layer, actor: Any, area: Area, now: datetime) -> Inside:
    """The points of a layer that answers with GeoJSON only."""
    window = Window(now=now, bbox=area.box, zoom=18.0, limit=MOST_FEATURES)
    rows = []
    for feature in queries.collection(layer, actor, window)["features"]:
        place = queries.place_of(feature)
        if place is not None:
            facts = feature.get("properties", {})
            rows.append((str(facts.get("id", "")), *place, facts.get("level") or 0, str(facts.get("title", ""))))
    lon, lat = (np.array([row[at] for row in rows], np.float64) for at in (1, 2))
    kept = area.near(lon, lat)
    titles = {rows[at][0]: (rows[at][4], "") for at in kept.tolist()}
    return Inside(
        np.array([row[0] for row in rows], np.str_)[kept],
        lon[kept],
        lat[kept],
        np.array([row[3] for row in rows], np.int64)[kept],
        lambda ids: titles,
    )


def _residents(area: Area) -> tuple[int, int]:
    """Residents of the villages whose seat lies inside, and how many villages those are."""
    west, south, east, north = area.box
    rows = list(
        Region.objects.filter(
            level=Level.VILLAGE, lon__range=(west, east), lat__range=(south, north), population__gt=0
        ).values_list("lon", "lat", "population")
    )
    kept = area.near(np.array([row[0] for row in rows], np.float64), np.array([row[1] for row in rows], np.float64))
    return sum(rows[at][2] or 0 for at in kept.tolist()), int(kept.size)
