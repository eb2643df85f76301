"""Mapbox Vector Tiles 2.1, encoded on numpy: arrays of points, lines and polygons to the bytes of a tile.

    tile = Tile(z, x, y)
    placed = place(tile, lon, lat)
    shown = thin(placed.x, placed.y, level[placed.rows], limit=5_000, cell=64)
    alarms = point_layer("alarms", tile, lon, lat, rows=placed.rows[shown.rows], ids=ids, columns={"level": level})
    towns = shape_layer("towns", tile, *shapely.to_ragged_array(outlines), columns={"name": names})
    body = encode([towns, alarms])

A layer says how many features it left out, and why. What a tile cannot show is refused with ValueError before anything
is written; a missing value, a position that is not known or a shape too small for the zoom is left out and counted.

Source: Mapbox Vector Tile Specification 2.1 (version field 2); clauses are named where they decide something.
"""

from .layer import Layer, encode, point_layer, shape_layer
from .mercator import BUFFER, DEEPEST, EDGE, EXTENT, Placed, Tile, place, tile_bounds, tiles_of
from .tags import Column, Words
from .thinning import Clusters, Thinned, cluster, thin

__all__ = [
    "BUFFER", "DEEPEST", "EDGE", "EXTENT", "Clusters", "Column", "Layer", "Placed", "Thinned", "Tile", "Words",
    "cluster", "encode", "place", "point_layer", "shape_layer", "thin", "tile_bounds", "tiles_of",
]  # fmt: skip
