"""Server time of the map over a million records: vector tiles, the circle search, and tiles against PostGIS.

#: bench: tiles circle tiles-postgis

A million sites in 12 towns, as `registers.py` writes them, and a census grid of 200,000 cells (SQLite, default
settings; ANLAN_BENCH_DATABASE_URL asks for another database). Then a record keeper asks through Django's whole stack.

tiles          a tile of zoom 12 with more than 5,000 records, thinned to 5,000, never asked before. 95th percentile,
               ms; goal at most 60.
circle         what lies within 1, 3, 5 or 10 km of places anywhere: people from the grid, every layer by group, the
               nearest. 95th percentile, ms; goal at most 200.
tiles-postgis  the same tiles: our time, with names from the database, over that of PostGIS' ST_AsMVT on the
               same rows with its spatial index. Median; goal at most 1.5. Needs ANLAN_BENCH_POSTGIS_URL, a database
               that may create the extension postgis; without it the figure is left out and says so.
"""

from __future__ import annotations

import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from benchmarks.figure import how_busy, percentile, verdict
from benchmarks.registers import client_of, fill, prepare

RECORDS, CELLS, ASKED, SEED = 1_000_000, 200_000, 60, 20261128
GOALS = {"tiles": 60.0, "circle": 200.0, "tiles-postgis": 1.5}
ZOOM, LAYER = 12, "bench-all"
#: Where the benchmark's villages lie, degrees.
WEST, SOUTH, EAST, NORTH = 104.37, 31.66, 104.92, 32.18


def fill_grid() -> None:
    """A grid of hexagons over the county, in force."""
    import h3

    from anlan.apps.census.services import editions
    from anlan.apps.census.services.editions import CellRow
    from anlan.kernel.people.services import system_user
    from anlan.kernel.regions.models import Region

    chance = random.Random(SEED)
    regions = list(Region.objects.filter(level="village").values_list("pk", flat=True))
    rings = next(k for k in range(1, 1000) if 3 * k * (k + 1) + 1 >= CELLS)
    cells = list(h3.grid_disk(h3.latlng_to_cell((SOUTH + NORTH) / 2, (WEST + EAST) / 2, 9), rings))[:CELLS]
    rows = [
        CellRow(h3.str_to_int(cell), chance.choice(regions), chance.randrange(90), chance.randrange(120), 4, 30.0)
        for cell in cells
    ]
    actor, now = system_user("bench"), datetime.now(UTC)
    edition = editions.stage(rows, title="Bench", surveyed_on=date(2025, 12, 31), actor=actor, now=now)
    editions.put_in_force(edition, actor=actor, now=now)


def circle(keeper: Any) -> float:
    """95th percentile of the circle search, ms."""
    client = client_of(keeper)
    chance = random.Random(SEED + 1)
    took = []
    for turn in range(ASKED + 4):
        place = {"lon": chance.uniform(WEST, EAST), "lat": chance.uniform(SOUTH, NORTH)}
        start = time.perf_counter()
        answer = client.get("/layers/around/", {**place, "r": (10_000, 5_000, 3_000, 1_000)[turn % 4]})
        took.append((time.perf_counter() - start) * 1000)
        if answer.status_code != 200 or not answer.json()["people"]["known"]:
            raise SystemExit(f"the circle answered {answer.status_code}: {answer.content[:200]!r}")
    took = took[4:]  # the first ones read the registers
    print(f"circle: median {statistics.median(took):.0f} ms, slowest {max(took):.0f} ms; {how_busy()}", flush=True)
    return percentile(took, 0.95)


def declare_layer() -> None:
    """A layer of every site."""
    from anlan.apps.sites.models import Enterprise
    from anlan.kernel.layers.from_register import declare_register_layer
    from anlan.kernel.registers.declarations import of_model

    register = of_model(Enterprise)
    assert register is not None
    declare_register_layer(register, code=LAYER, title="All", group="Bench", icons={"": "enterprise"}, field="kind")


def full_tiles() -> list[tuple[int, int]]:
    """Tiles of the zoom that hold more than 5,000 records."""
    import numpy as np

    from anlan.apps.sites.models import Enterprise
    from anlan.formats import mvt
    from anlan.kernel.registers.columns import store as stores
    from anlan.kernel.registers.declarations import of_model

    register = of_model(Enterprise)
    assert register is not None
    store = stores.of(register)
    x, y = mvt.tiles_of(store.columns["lon"], store.columns["lat"], ZOOM)
    found, counts = np.unique(x * 100_000 + y, return_counts=True)
    return [(int(one) // 100_000, int(one) % 100_000) for one in found[counts > 5_000]]


def ask_tiles(keeper: Any, wanted: list[tuple[int, int]]) -> list[float]:
    """Milliseconds of each tile, none of them kept."""
    from anlan.kernel.registers import tiles

    client = client_of(keeper)
    took = []
    for x, y in wanted:
        tiles.forget()
        start = time.perf_counter()
        answer = client.get(f"/map/tiles/{LAYER}/{ZOOM}/{x}/{y}.mvt")
        took.append((time.perf_counter() - start) * 1000)
        if answer.status_code != 200 or not answer["X-Anlan-Features"].startswith("5000/"):
            raise SystemExit(f"tile {x}/{y} answered {answer.status_code} {answer.get('X-Anlan-Features')}")
    return took


def tiles_figure(keeper: Any) -> float:
    """95th percentile of the tiles, ms."""
    wanted = full_tiles()
    ask_tiles(keeper, wanted[:2])
    took = ask_tiles(keeper, (wanted * (ASKED // len(wanted) + 1))[:ASKED])
    print(f"tiles: {len(wanted)} tiles, median {statistics.median(took):.0f} ms; {how_busy()}", flush=True)
    return percentile(took, 0.95)


def tiles_postgis(keeper: Any) -> float | None:
    """Our median over that of ST_AsMVT, each tile in turn; None without PostGIS."""
    url = os.environ.get("ANLAN_BENCH_POSTGIS_URL")
    if not url:
        print("tiles-postgis left out: ANLAN_BENCH_POSTGIS_URL names no database")
        return None
    import psycopg

    from anlan.apps.sites.models import Enterprise
    from anlan.kernel.registers import tiles

    wanted = full_tiles()[:20]
    client = client_of(keeper)
    with psycopg.connect(url, autocommit=True) as there:
        there.execute("create extension if not exists postgis")
        there.execute("drop table if exists bench_points")
        there.execute("create table bench_points (id bigint, title text, level int, icon text, place geometry)")
        with (
            there.cursor() as cursor,
            cursor.copy("copy bench_points (id, title, level, icon, place) from stdin") as copy,
        ):
            rows = Enterprise.records.order_by("pk").values_list("pk", "name", "risk", "kind", "lon", "lat")
            for pk, name, risk, kind, lon, lat in rows.iterator(chunk_size=20_000):
                copy.write_row((pk, name, risk or 0, kind, f"SRID=4326;POINT({lon} {lat})"))
        there.execute("update bench_points set place = ST_Transform(place, 3857)")
        there.execute("create index on bench_points using gist (place)")
        there.execute("vacuum analyze bench_points")
        ours, theirs = [], []
        for x, y in wanted:
            theirs.append(_seconds(lambda x=x, y=y: there.execute(_AS_MVT, {"z": ZOOM, "x": x, "y": y}).fetchone()))
            tiles.forget()
            ours.append(_seconds(lambda x=x, y=y: client.get(f"/map/tiles/{LAYER}/{ZOOM}/{x}/{y}.mvt")))
        there.execute("drop table bench_points")
    print(f"ours {statistics.median(ours) * 1e3:.0f} ms, PostGIS {statistics.median(theirs) * 1e3:.0f} ms a tile")
    return statistics.median(ours) / statistics.median(theirs)


#: 5,000 rows of a tile, the gravest first, as a vector tile.
_AS_MVT = """
with chosen as (
  select id, title, level, icon, place from bench_points
  where place && ST_TileEnvelope(%(z)s, %(x)s, %(y)s) order by nullif(level, 0) nulls last limit 5000
), drawn as (
  select id, title, level, icon,
         ST_AsMVTGeom(place, ST_TileEnvelope(%(z)s, %(x)s, %(y)s), 4096, 0, true) as geom from chosen
) select ST_AsMVT(drawn, 'marks', 4096, 'geom') from drawn
"""


def _seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def main(arguments: list[str]) -> int:
    """Fill once, measure what is asked for; the exit code is 1 when one figure is short."""
    names = arguments or list(GOALS)
    with tempfile.TemporaryDirectory(prefix="anlan-bench-") as folder:
        prepare(Path(folder))
        began = time.perf_counter()
        keeper = fill(RECORDS)
        if "circle" in names:
            fill_grid()
        print(f"{RECORDS:,} records written in {time.perf_counter() - began:.0f} s", flush=True)
        codes = []
        if "circle" in names:
            codes.append(verdict("circle", circle(keeper), GOALS["circle"], at_most=True))
        declare_layer()
        if "tiles" in names:
            codes.append(verdict("tiles", tiles_figure(keeper), GOALS["tiles"], at_most=True))
        if "tiles-postgis" in names and (ratio := tiles_postgis(keeper)) is not None:
            codes.append(verdict("tiles-postgis", ratio, GOALS["tiles-postgis"], at_most=True))
    return max(codes, default=0)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
