"""Which region contains a place: a county of 12 towns, 150 villages, 450 grids; milliseconds a lookup, 99th percentile.

The demo county's own boundaries; half of the places lie inside, some on borders, some in no region. Every hundredth
answer is compared with a search through all polygons. Goal at most 1.
"""

from __future__ import annotations

import os
import random
import tempfile
import time

from benchmarks.figure import how_busy, percentile, verdict

LOOKUPS = 20_000
GOAL_MS = 1.0


def main() -> int:
    """Plant the regions in a database of its own, look up, print the figure."""
    with tempfile.TemporaryDirectory(prefix="anlan-bench-") as folder:
        os.environ["ANLAN_DATA"] = folder
        os.environ["ANLAN_DATABASE_URL"] = ""
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "anlan.server.settings")
        import django

        django.setup()
        from django.core.management import call_command

        call_command("migrate", interactive=False, verbosity=0)
        return _measure()


def _measure() -> int:
    import shapely

    from anlan.demo.county import model
    from anlan.demo.county.build import build
    from anlan.kernel.regions import queries
    from anlan.kernel.regions.services import Planting, plant

    county = build()
    places = (*county.towns, *county.villages, *county.grids)
    plant([Planting(model.COUNTY, model.COUNTY_NAME, "county", None, county.boundary)])
    plant([Planting(one.code, one.name, one.level, one.parent, one.boundary) for one in places])
    west, south, east, north = county.boundary.bounds
    chance = random.Random(1)
    wide, high = east - west, north - south
    asked = [
        (west + wide * (1.2 * chance.random() - 0.1), south + high * (1.2 * chance.random() - 0.1))
        for _n in range(LOOKUPS)
    ]
    begun = time.perf_counter()
    queries.node_at(*asked[0])
    first = time.perf_counter() - begun
    took = []
    for n, (lon, lat) in enumerate(asked):
        begun = time.perf_counter()
        found = queries.node_at(lon, lat)
        took.append((time.perf_counter() - begun) * 1000)
        if n % 100 == 0:
            place = shapely.Point(lon, lat)
            hits = [one for one in places if one.boundary.intersects(place)]
            expected = min(hits, key=lambda one: (-len(one.code), one.code)).code if hits else None
            if (found.code if found and found.code != model.COUNTY else None) != expected:
                raise SystemExit(f"{lon} {lat}: {found} instead of {expected}")
    p50, p99 = percentile(took, 0.5), percentile(took, 0.99)
    print(f"{len(places) + 1} regions; first {first * 1000:.0f} ms; p50 {p50:.4f} ms, p99 {p99:.4f} ms; {how_busy()}")
    return verdict("regions", p99, GOAL_MS, at_most=True)


if __name__ == "__main__":
    raise SystemExit(main())
