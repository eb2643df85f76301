"""Points as a vector tile by the PyPI package mapbox-vector-tile.

Run by `tiles_peer` in the environment of the peers; imports nothing of Anlan. Arguments: a .npz with `lon`, `lat`,
`id`, `bounds` (west, south, east, north of the tile) and the attributes; our tile of the same points; how often to
measure. Prints, as JSON, the least CPU seconds of a call with points in degrees and of one with points already in units
of the tile, and whether both tiles say the same. The peer gets its features as ready Python objects, shapely points and
dictionaries; ours takes columns and makes none of these.
"""

from __future__ import annotations

import json
import math
import sys
import time

import mapbox_vector_tile
import numpy as np
from shapely import Point

GIVEN = ("lon", "lat", "id", "bounds")
UNITS = {"y_coord_down": True}


def mercator(lon: float, lat: float) -> tuple[float, float]:
    """Share of the world's width, eastwards and northwards."""
    return lon / 360, math.asinh(math.tan(math.radians(lat))) / (2 * math.pi)


def least(encode, rounds: int) -> tuple[float, bytes]:
    spent, tile = [], b""
    for _round in range(rounds):
        start = time.process_time()
        tile = encode()
        spent.append(time.process_time() - start)
    return min(spent), tile


def said(tile: bytes) -> dict[int, dict]:
    """Features of a tile by their number."""
    (layer,) = mapbox_vector_tile.decode(tile, default_options=UNITS).values()
    return {feature["id"]: feature for feature in layer["features"]}


def main() -> None:
    columns = np.load(sys.argv[1])
    with open(sys.argv[2], "rb") as file:
        ours = said(file.read())
    rounds = int(sys.argv[3])
    names = [name for name in columns.files if name not in GIVEN]
    rows = zip(*(columns[name].tolist() for name in names), strict=True)
    attributes = [dict(zip(names, row, strict=True)) for row in rows]
    ids = columns["id"].tolist()

    def features(x, y) -> list[dict]:
        return [
            {"geometry": Point(at), "id": number, "properties": one}
            for *at, number, one in zip(x, y, ids, attributes, strict=True)
        ]

    west, south, east, north = columns["bounds"].tolist()
    layer = {"name": "points", "features": features(columns["lon"].tolist(), columns["lat"].tolist())}
    options = {"transformer": mercator, "quantize_bounds": (*mercator(west, south), *mercator(east, north))}
    from_degrees, tile = least(lambda: mapbox_vector_tile.encode([layer], default_options=options), rounds)
    theirs = said(tile)
    in_units = features(*zip(*(theirs[number]["geometry"]["coordinates"] for number in ids), strict=True))
    from_units, _tile = least(
        lambda: mapbox_vector_tile.encode([{"name": "points", "features": in_units}], default_options=UNITS), rounds
    )
    same = ours.keys() == theirs.keys() and all(
        ours[number]["properties"] == feature["properties"]
        and all(abs(a - b) <= 1 for a, b in zip(
            ours[number]["geometry"]["coordinates"], feature["geometry"]["coordinates"], strict=True
        ))
        for number, feature in theirs.items()
    )  # fmt: skip
    print(json.dumps({"from_degrees_s": from_degrees, "from_units_s": from_units, "bytes": len(tile), "same": same}))


main()
