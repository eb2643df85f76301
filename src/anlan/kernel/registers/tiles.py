"""Vector tiles of a register, from its columns in memory: what a list would find, as marks, heaps and outlines.

A tile has up to five layers:

    marks     single records: id, title, level (0 for none), icon
    heaps     at small zooms, records that would stand on each other: count, level (the gravest)
    areas, lines  outlines: id, title, level
    about     one point in the middle: total, shown, left_out (how many records the tile stands for)
"""

from __future__ import annotations

import hashlib
import json
import math
import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import shapely
from django.db import connection
from numpy.typing import NDArray

from anlan.formats import mvt
from anlan.kernel.regions import queries as regions
from anlan.kernel.registers.columns import store as stores
from anlan.kernel.registers.columns.store import Store
from anlan.kernel.registers.conditions import Question, mask
from anlan.kernel.registers.declarations import Marks, Register
from anlan.kernel.registers.info import Kind

#: Single records in one tile; of more, the gravest are shown and of equals some from everywhere.
MOST = 5_000
#: From this zoom on every record stands by itself.
SINGLE_FROM = 12
#: Units of a tile (8 a pixel) along the cells in which records are heaped, and how many make a heap.
HEAP_CELL, HEAP_FROM = 448, 5
#: Cells by which a tile with too many marks is thinned: 8 pixels.
THIN_CELL = 64
#: Bytes of tiles that one process keeps.
KEPT_BYTES = 48 << 20
#: Level of what has none, behind blue.
_NONE = 5


@dataclass(frozen=True, slots=True)
class Tiled:
    """A tile ready to be sent. `total` records lie in it, `shown` of them by themselves or in a heap."""

    body: bytes
    etag: str
    total: int
    shown: int


@dataclass(slots=True)
class _Kept:
    """Tiles by what they answer, the last used ones last."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    tiles: OrderedDict[Any, Tiled] = field(default_factory=OrderedDict)
    size: int = 0

    def get(self, key: Any) -> Tiled | None:
        with self.lock:
            found = self.tiles.get(key)
            if found is not None:
                self.tiles.move_to_end(key)
            return found

    def put(self, key: Any, tile: Tiled) -> None:
        with self.lock:
            old = self.tiles.pop(key, None)
            self.size += len(tile.body) - (len(old.body) if old else 0)
            self.tiles[key] = tile
            while self.size > KEPT_BYTES:
                _key, gone = self.tiles.popitem(last=False)
                self.size -= len(gone.body)

    def clear(self) -> None:
        with self.lock:
            self.tiles.clear()
            self.size = 0


_kept = _Kept()


def forget() -> None:
    """Drop the tiles that this process keeps."""
    _kept.clear()


def tile(
    register: Register, asked: Question, at: mvt.Tile, marks: Marks, *, hidden: frozenset[str] = frozenset()
) -> Tiled:
    """The tile of what a question finds.

    marks   how records are drawn: icons by the value of a field, outlines or not
    hidden  values of the legend that are switched off, see `group_values`

    Raises RuntimeError inside an open transaction, as all questions to the columns.
    """
    store = stores.of(register)
    with store.lock:
        key = (store.born, store.version, asked, at, _look(marks), hidden, _places())
        found = _kept.get(key)
        if found is not None:
            return found
        drawn = _Drawing(store, asked, at, marks, hidden)
    made = drawn.finish(register)
    _kept.put(key, made)
    return made


def _look(marks: Marks) -> Any:
    return (tuple(sorted(marks.icons.items())), marks.field, marks.draw)


def _places() -> int:
    """A number that changes when regions do, since they say who sees what."""
    return hash(frozenset((node.id, node.path) for node in regions.tree().by_id.values()))


def extent(register: Register, asked: Question) -> tuple[float, float, float, float] | None:
    """West, south, east and north of all places that a question finds."""
    store = stores.of(register)
    with store.lock:
        chosen = mask(store, asked)
        lon, lat = store.columns["lon"][chosen], store.columns["lat"][chosen]
    there = ~(np.isnan(lon) | np.isnan(lat))
    if not there.any():
        return None
    lon, lat = lon[there], lat[there]
    return float(lon.min()), float(lat.min()), float(lon.max()), float(lat.max())


def group_values(store: Store, marks: Marks) -> tuple[NDArray[Any], Mapping[int, str]]:
    """What the legend of a register goes by: a number for each slot, and the value that each number stands for.

    The level where the register has one, else the field that decides the icon, else nothing.
    """
    register = store.register
    name = register.colour_by or marks.field
    if not name:
        return np.zeros(store.size, np.int8), {0: ""}
    info = register.info(name)
    numbers = store.columns[name]
    if info.kind is Kind.LEVEL:
        return numbers, {0: "", **{level: str(level) for level in (1, 2, 3, 4)}}
    if info.kind is Kind.CHOICE:
        return numbers, {-1: "", **{at: str(value) for at, (value, _words) in enumerate(info.choices)}}
    return np.zeros(store.size, np.int8), {0: ""}


class _Drawing:
    """One tile on its way: what needs the store is done at once, names are fetched after its lock is let go."""

    def __init__(self, store: Store, asked: Question, at: mvt.Tile, marks: Marks, hidden: frozenset[str]) -> None:
        self.at = at
        chosen = mask(store, asked)
        lon, lat = store.columns["lon"], store.columns["lat"]
        west, south, east, north = mvt.tile_bounds(at.z, at.x, at.y)
        inside = (lon >= west) & (lon <= east)
        inside &= lat >= south
        inside &= lat <= north
        inside &= chosen
        slots = _without(store, marks, np.flatnonzero(inside), hidden)
        placed = mvt.place(at, lon[slots], lat[slots], buffer=0)
        self.slots = slots[placed.rows]
        self.lon, self.lat = lon[self.slots], lat[self.slots]
        self.level = _levels(store, self.slots)
        self.total = self.slots.size
        self._heap(placed.x, placed.y)
        self.pks = store.pk[self.slots[self.single]]
        self.icons = _icons(store, marks, self.slots[self.single])
        self.shapes: list[Any] = []
        self.shape_pks = np.zeros(0, np.int64)
        self.shape_levels = np.zeros(0, np.int64)
        if marks.draw in ("line", "fill"):
            self._outlines(store, chosen, marks, hidden, (west, south, east, north))

    def _heap(self, x: NDArray[np.int64], y: NDArray[np.int64]) -> None:
        """Which records stand by themselves, and the heaps of the others."""
        crowded = np.zeros(self.total, np.bool_)
        if self.at.z < SINGLE_FROM and self.total:
            cells = (y // HEAP_CELL) * 1_000 + x // HEAP_CELL
            _cells, of, count = np.unique(cells, return_inverse=True, return_counts=True)
            crowded = (count >= HEAP_FROM)[of]
        self.heaps = mvt.cluster(x[crowded], y[crowded], self.level[crowded], HEAP_CELL)
        alone = np.flatnonzero(~crowded)
        thinned = mvt.thin(x[alone], y[alone], self.level[alone], MOST, THIN_CELL)
        self.single = alone[thinned.rows]
        self.left_out = thinned.left_out

    def _outlines(
        self, store: Store, chosen: NDArray[np.bool_], marks: Marks, hidden: frozenset[str],
        box: tuple[float, float, float, float],
    ) -> None:  # fmt: skip
        pks, bounds = _bounds(store)
        west, south, east, north = box
        dx, dy = (east - west) / 64, (north - south) / 64
        hit = (bounds[:, 0] <= east + dx) & (bounds[:, 2] >= west - dx)
        hit &= (bounds[:, 1] <= north + dy) & (bounds[:, 3] >= south - dy)
        slots = store.slots_of(pks[hit].tolist())
        slots = _without(store, marks, slots[chosen[slots]], hidden)[:MOST]
        self.shape_pks = store.pk[slots]
        self.shape_levels = _levels(store, slots)
        self.shapes = [store.shapes[pk] for pk in self.shape_pks.tolist()]

    def finish(self, register: Register) -> Tiled:
        """Fetch the names and write the tile."""
        names = _names(register, np.concatenate([self.pks, self.shape_pks]))
        level = self.level[self.single]
        columns: dict[str, mvt.Column] = {
            "title": [names.get(pk, "") for pk in self.pks.tolist()],
            "level": np.where(level == _NONE, 0, level),
            "icon": self.icons,
            "id": self.pks,
        }
        layers = [mvt.point_layer("marks", self.at, self.lon[self.single], self.lat[self.single], ids=self.pks,
                                  columns=columns, buffer=0)]  # fmt: skip
        if self.heaps.count.size:
            x, y = _degrees(self.at, self.heaps.x, self.heaps.y)
            heaped: dict[str, mvt.Column] = {
                "count": self.heaps.count,
                "level": np.where(self.heaps.level == _NONE, 0, self.heaps.level),
            }
            layers.append(mvt.point_layer("heaps", self.at, x, y, columns=heaped, buffer=0))
        layers += self._shape_layers(names)
        shown = self.total - self.left_out
        if self.total:
            x, y = _degrees(self.at, np.array([2048.0]), np.array([2048.0]))
            said: dict[str, mvt.Column] = {
                "total": np.array([self.total]),
                "shown": np.array([shown]),
                "left_out": np.array([self.left_out]),
            }
            layers.append(mvt.point_layer("about", self.at, x, y, columns=said))
        body = mvt.encode(layers)
        return Tiled(body, f'"{hashlib.sha256(body).hexdigest()[:24]}"', self.total, shown)

    def _shape_layers(self, names: Mapping[int, str]) -> list[mvt.Layer]:
        found = []
        dimension = np.array([shapely.get_dimensions(shape) for shape in self.shapes], np.int64)
        for name, wanted in (("areas", 2), ("lines", 1)):
            rows = np.flatnonzero(dimension == wanted)
            if not rows.size:
                continue
            pks, level = self.shape_pks[rows], self.shape_levels[rows]
            columns: dict[str, mvt.Column] = {
                "title": [names.get(pk, "") for pk in pks.tolist()],
                "level": np.where(level == _NONE, 0, level),
                "id": pks,
            }
            ragged = shapely.to_ragged_array([self.shapes[row] for row in rows.tolist()])
            found.append(mvt.shape_layer(name, self.at, *ragged, ids=pks, columns=columns))
        return found


def _without(store: Store, marks: Marks, slots: NDArray[np.int64], hidden: frozenset[str]) -> NDArray[np.int64]:
    """The slots whose legend value is not switched off."""
    if not hidden:
        return slots
    numbers, values = group_values(store, marks)
    off = [number for number, value in values.items() if value in hidden]
    return slots[~np.isin(numbers[slots], off)]


def _levels(store: Store, slots: NDArray[np.int64]) -> NDArray[np.int64]:
    """1 red … 4 blue, 5 without; a register without levels has none."""
    name = store.register.colour_by
    if not name:
        return np.full(slots.size, _NONE)
    found = store.columns[name][slots].astype(np.int64)
    return np.where(found == 0, _NONE, found)


def _icons(store: Store, marks: Marks, slots: NDArray[np.int64]) -> mvt.Words:
    """The icon of each record, by the value of the field that decides it."""
    common = marks.icons.get("", store.register.icon)
    if not marks.field or store.register.info(marks.field).kind is not Kind.CHOICE:
        return mvt.Words(np.zeros(slots.size, np.int64), [common])
    icons = [marks.icons.get(str(value), common) for value, _words in store.register.info(marks.field).choices]
    numbers = store.columns[marks.field][slots].astype(np.int64)
    return mvt.Words(np.where(numbers < 0, len(icons), numbers), [*icons, common])


_boxes: dict[str, tuple[Any, NDArray[np.int64], NDArray[np.float64]]] = {}


def _bounds(store: Store) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Records with an outline and its box, float64[n, 4]; kept while the register does not change."""
    code = store.register.code
    kept = _boxes.get(code)
    if kept is None or kept[0] != (store.born, store.version):
        pks = np.array(sorted(store.shapes), np.int64)
        bounds = shapely.bounds([store.shapes[pk] for pk in pks.tolist()]) if pks.size else np.zeros((0, 4))
        kept = _boxes[code] = ((store.born, store.version), pks, np.asarray(bounds, np.float64))
    return kept[1], kept[2]


def _names(register: Register, pks: NDArray[np.int64]) -> dict[int, str]:
    """Names of records by number, in one question: thousands of parameters cost the ORM more than the rows."""
    table = connection.ops.quote_name(register.model._meta.db_table)
    if connection.vendor == "postgresql":
        among, given = "= any(%s)", pks.tolist()
    else:
        among, given = "in (select value from json_each(%s))", json.dumps(pks.tolist())
    with connection.cursor() as cursor:
        cursor.execute(f"select id, name from {table} where id {among}", [given])  # noqa: S608 - a table of ours
        return dict(cursor.fetchall())


def _degrees(at: mvt.Tile, x: NDArray[np.float64], y: NDArray[np.float64]) -> tuple[Any, Any]:
    """Longitude and latitude of units of a tile."""
    tiles = 1 << at.z
    lon = (at.x + x / mvt.EXTENT) / tiles * 360 - 180
    lat = np.degrees(np.arctan(np.sinh(math.pi * (1 - 2 * (at.y + y / mvt.EXTENT) / tiles))))
    return lon, lat
