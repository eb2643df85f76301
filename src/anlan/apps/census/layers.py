"""What the map draws of the census beside its registers: people by night on the grid, in the accent colour."""

from __future__ import annotations

import hashlib
from typing import Any

import h3
import numpy as np
import shapely
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from numpy.typing import NDArray

from anlan.apps.census.queries import grid as grids
from anlan.apps.census.queries.grid import RESOLUTION, Grid, hexagons
from anlan.formats import mvt
from anlan.kernel.layers.declarations import Box, Card, Figure, Layer, Window, declare
from anlan.kernel.regions.models import Region
from anlan.kernel.regions.scope import reach
from anlan.kernel.registers.tiles import MOST, Tiled
from anlan.kernel.registers.values import place_words

#: People by night in a cell of resolution 9 at which the colour is full.
FULL = 400.0
#: Below these zooms cells of a coarser resolution are drawn, which hold the sums of seven or 49 finer ones.
COARSER = ((9.0, 7), (11.0, 8))


def _paths(actor: Any) -> tuple[str, ...]:
    return tuple(reach(actor, "census.see"))


def _tile(actor: Any, at: mvt.Tile, hidden: frozenset[str]) -> Tiled:
    grid = grids.in_force()
    body, total = (b"", 0) if grid is None else _drawn(grid, at, _paths(actor))
    return Tiled(body, f'"{hashlib.sha256(body).hexdigest()[:24]}"', total, total)


def _drawn(grid: Grid, at: mvt.Tile, paths: tuple[str, ...]) -> tuple[bytes, int]:
    resolution = next((coarse for zoom, coarse in COARSER if at.z < zoom), RESOLUTION)
    rows = grid.in_box(mvt.tile_bounds(at.z, at.x, at.y))
    rows = rows[grid.seen(paths)[rows]]
    cells, night, day = grid.cell[rows], grid.night[rows], grid.day[rows]
    if resolution != RESOLUTION:
        cells, night, day = _summed(cells, night, day, resolution)
    lived = np.flatnonzero(night + day > 0)[:MOST]
    if not lived.size:
        return b"", 0
    cells, night, day = cells[lived], night[lived], day[lived]
    shapes = hexagons(cells) if resolution != RESOLUTION else grid.hexagons(rows[lived])
    per_cell = night / 7.0 ** (RESOLUTION - resolution)
    columns: dict[str, mvt.Column] = {
        "id": [h3.int_to_str(cell) for cell in cells.tolist()],
        "title": [_("%(n)d people by night") % {"n": n} for n in night.tolist()],
        "value": [_("%(n)d by day") % {"n": n} for n in day.tolist()],
        "share": np.clip(per_cell / FULL, 0.03, 1.0) ** 0.5,
    }
    layer = mvt.shape_layer("areas", at, *shapely.to_ragged_array(shapes), columns=columns)
    return mvt.encode([layer]), int(lived.size)


def _summed(
    cells: NDArray[np.int64], night: NDArray[np.float64], day: NDArray[np.float64], resolution: int
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    """Sums over the cells of a coarser resolution, by the bits of the H3 index: a parent has its children's digits."""
    parents = _parents(cells, resolution)
    found, of = np.unique(parents, return_inverse=True)
    summed = [np.asarray(np.bincount(of, values, found.size), np.float64) for values in (night, day)]
    return found, summed[0], summed[1]


def _parents(cells: NDArray[np.int64], resolution: int) -> NDArray[np.int64]:
    """The cell of a coarser resolution that each cell lies in (H3: resolution in bits 52-55, unused digits 7)."""
    unused = (1 << 3 * (15 - resolution)) - 1
    return np.asarray(cells & ~np.int64(0xF << 52) | np.int64(resolution << 52) | np.int64(unused))


def _source(actor: Any, window: Window) -> dict[str, Any]:
    """The grid as GeoJSON, for those who ask for it."""
    grid = grids.in_force()
    if grid is None:
        return {"type": "FeatureCollection", "features": []}
    rows = grid.in_box(window.bbox) if window.bbox else np.arange(grid.size)
    rows = rows[grid.seen(_paths(actor))[rows]][: window.limit + 1]
    return {
        "type": "FeatureCollection",
        "features": [
            {
                "type": "Feature",
                "geometry": shapely.geometry.mapping(shape),
                "properties": {"id": h3.int_to_str(cell), "title": _("%(n)d people by night") % {"n": night}},
            }
            for shape, cell, night in zip(
                grid.hexagons(rows), grid.cell[rows].tolist(), grid.night[rows].tolist(), strict=True
            )
        ],
    }


def _card(actor: Any, key: str) -> Card | None:
    grid = grids.in_force()
    if grid is None or not h3.is_valid_cell(key) or h3.get_resolution(key) > RESOLUTION:
        return None
    rows = np.flatnonzero(_parents(grid.cell, h3.get_resolution(key)) == h3.str_to_int(key))
    rows = rows[grid.seen(_paths(actor))[rows]]
    if not rows.size:
        return None
    lat, lon = h3.cell_to_latlng(key)
    names = Region.objects.filter(pk__in=np.unique(grid.region[rows]).tolist()).defer("boundary")[:4]
    return Card(
        title=_("Cell of the census grid"),
        lines=(*(place_words(region) for region in names), f"{grid.title} · {grid.surveyed_on.isoformat()}", key),
        figures=(
            Figure(_("People by night"), f"{grid.night[rows].sum():,.0f}"),
            Figure(_("People by day"), f"{grid.day[rows].sum():,.0f}"),
            Figure(_("Buildings"), f"{grid.buildings[rows].sum():,.0f}"),
            Figure(_("Output"), f"{grid.gdp[rows].sum():,.0f}", _("10,000 yuan")),
        ),
        lon=lon,
        lat=lat,
    )


def _count(actor: Any) -> int:
    grid = grids.in_force()
    return 0 if grid is None else int(np.count_nonzero(grid.seen(_paths(actor))))


def _extent(actor: Any) -> Box | None:
    grid = grids.in_force()
    rows = np.zeros(0, np.int64) if grid is None else np.flatnonzero(grid.seen(_paths(actor)))
    if grid is None or not rows.size:
        return None
    lon, lat = grid.lon[rows], grid.lat[rows]
    return float(lon.min()), float(lat.min()), float(lon.max()), float(lat.max())


GRID = declare(
    Layer(
        code="census-grid",
        title=gettext_lazy("People by night"),
        group=gettext_lazy("Exposure"),
        verb="census.see",
        source=_source,
        card=_card,
        on=False,
        icon="people",
        draw="shade",
        count=_count,
        events=("census.",),
        around=False,
        order=90,
        tiles=_tile,
        extent=_extent,
    )
)
