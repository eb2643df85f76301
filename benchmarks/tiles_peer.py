"""A tile of 5,000 points with six attributes: CPU time of the PyPI package mapbox-vector-tile over ours.

The peer runs in an environment of its own (`var/peers`, hash-locked) and a process of its own, and reads both tiles:
they say the same, positions to a unit. Both begin with points in degrees. Goal: 20 times the peer. Printed before it:
our nanoseconds a feature, and the peer with points that are already in units of the tile.
"""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np

from anlan.formats.mvt import Tile, Words, encode, point_layer, tile_bounds
from anlan.launcher.house import House, Trouble, Voice
from anlan.launcher.setting_up import peers
from benchmarks.figure import alternating, how_busy, verdict

NAME, GOAL = "tiles-peer", 20.0
POINTS, ROUNDS, CALLS, PEER_CALLS = 5_000, 5, 50, 3
TILE = Tile(10, 843, 420)
PEER = Path(__file__).parent / "peers" / "tiles_mapbox.py"


def points() -> dict[str, np.ndarray]:
    """Columns as a map of measuring points has them: every name another one, few kinds, values to two places."""
    draw = np.random.default_rng(5)
    bounds = np.array(tile_bounds(TILE.z, TILE.x, TILE.y))
    west, south, east, north = bounds
    kinds = np.array([f"kind {number}" for number in range(20)])
    return {
        "bounds": bounds,
        "lon": draw.uniform(west, east, POINTS),
        "lat": draw.uniform(south, north, POINTS),
        "id": np.arange(1, POINTS + 1) + 100_000,
        "level": draw.integers(1, 6, POINTS),
        "kind": kinds[draw.integers(0, kinds.size, POINTS)],
        "name": np.array([f"测点 {number}" for number in range(POINTS)]),
        "value": draw.normal(20, 5, POINTS).round(2),
        "t": 1_780_000_000_000 + draw.integers(0, 10_000_000, POINTS),
        "online": draw.random(POINTS) < 0.9,
    }


def main() -> int:
    """Measure and print; 1 when the figure is short."""
    try:
        python = peers(House(), Voice(), os.environ)
    except Trouble as trouble:
        print(f"{NAME} skipped: {' '.join(str(trouble).split())}")
        return 0
    given = points()
    kinds, codes = np.unique(given["kind"], return_inverse=True)
    columns = {name: given[name] for name in ("level", "value", "t", "online")}
    columns |= {"kind": Words(codes, kinds.tolist()), "name": given["name"].tolist()}

    def ours() -> bytes:
        return encode([point_layer("points", TILE, given["lon"], given["lat"], ids=given["id"], columns=columns)])

    def our_seconds() -> float:
        spent = []
        for _call in range(CALLS):
            start = time.process_time()
            ours()
            spent.append(time.process_time() - start)
        return min(spent)

    with tempfile.TemporaryDirectory(prefix="anlan-peer-") as folder:
        path, tile = Path(folder) / "points.npz", Path(folder) / "ours.mvt"
        np.savez(path, **given)
        tile.write_bytes(ours())
        found: list[dict[str, float]] = []

        def their_seconds() -> float:
            call = [python, PEER, path, tile, str(PEER_CALLS)]
            found.append(json.loads(subprocess.run(call, capture_output=True, text=True, check=True).stdout))
            return found[-1]["from_degrees_s"]

        theirs, mine = alternating(their_seconds, our_seconds, ROUNDS)
        size = tile.stat().st_size
    if not all(one["same"] for one in found):
        print("the tiles of both do not say the same; no figure of speed has a meaning")
        return 1
    ready = float(np.median([one["from_units_s"] for one in found]))
    print(f"ours {mine / POINTS * 1e9:.0f} ns a feature, {mine * 1e3:.2f} ms and {size} bytes a tile; {how_busy()}")
    print(f"peer {theirs * 1e3:.0f} ms and {found[-1]['bytes']} bytes a tile")
    print(f"peer with points in units of the tile {ready * 1e3:.0f} ms: {ready / mine:.1f} times ours")
    return verdict(NAME, theirs / mine, GOAL)


if __name__ == "__main__":
    raise SystemExit(main())
