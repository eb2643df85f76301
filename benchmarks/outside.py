"""Files from outside, read and kept: a catalogue of 10,000 earthquakes and a list of 100,000 hotspots.

#: bench: outside-quakes outside-hotspots

The whole way of a fetch but the line: bytes to rows of an empty database (SQLite, default settings;
ANLAN_BENCH_DATABASE_URL asks for another one), distances and villages found, in portions of one transaction each. The
longest time for which one of them holds the writer is printed too.

outside-quakes    seconds from 10,000 events in QuakeML to all of them kept with their first revision; goal at most 30.
outside-hotspots  seconds from 100,000 rows of FIRMS CSV, all within the county, to all of them kept; goal at most 90.
"""

from __future__ import annotations

import random
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from benchmarks.figure import how_busy, seconds, verdict
from benchmarks.registers import SEED, prepare

QUAKES, HOTSPOTS = 10_000, 100_000
GOALS = {"outside-quakes": 30.0, "outside-hotspots": 90.0}
NOW = datetime(2026, 11, 21, 19, 30, tzinfo=UTC)


def _catalogue() -> bytes:
    from anlan.formats import quakeml
    from anlan.formats.quakeml import Quake

    dice = random.Random(SEED)
    return quakeml.write(
        (
            Quake(
                id=f"smi:bench/{n}", type="earthquake", description="a place", at=NOW - timedelta(days=1, minutes=n),
                longitude=dice.uniform(95, 115), latitude=dice.uniform(22, 42), depth_m=10_000.0,
                magnitude=round(dice.uniform(1, 6), 1), magnitude_type="ML", agency="BENCH", status="manual",
            )
            for n in range(QUAKES)
        ),
        catalogue="smi:bench/all",
    )  # fmt: skip


def _hotspots() -> bytes:
    dice = random.Random(SEED)
    head = (
        "latitude,longitude,bright_ti4,scan,track,acq_date,acq_time,satellite,instrument,confidence,version,"
        "bright_ti5,frp,daynight"
    )
    rows = (
        f"{dice.uniform(31.5, 32.0):.5f},{dice.uniform(104.0, 105.0):.5f},330.1,0.4,0.4,2026-11-{1 + n % 20:02d},"
        f"{n % 24:02d}{n % 60:02d},N20,VIIRS,n,2.0NRT,290.0,{dice.uniform(1, 50):.2f},N"
        for n in range(HOTSPOTS)
    )
    return "\n".join([head, *rows, ""]).encode()


def _county() -> Any:
    import shapely

    from anlan.kernel.regions.services import Planting, plant

    rows = [Planting("990123", "安澜县", "county", None, shapely.box(104.0, 31.5, 105.0, 32.0), 104.5, 31.75)]
    for n in range(30):
        west = 104.0 + n / 30
        box = shapely.box(west, 31.5, west + 1 / 30, 32.0)
        rows.append(Planting(f"990123{101 + n}", f"第{n}镇", "town", "990123", box, west + 1 / 60, 31.75))
    return plant(rows)[0]


def _held(module: Any, name: str) -> list[float]:
    """How long each portion took from now on, seconds."""
    took: list[float] = []
    inner: Callable[..., Any] = getattr(module, name)

    def timed(*given: Any) -> Any:
        begun = time.perf_counter()
        try:
            return inner(*given)
        finally:
            took.append(time.perf_counter() - begun)

    setattr(module, name, timed)
    return took


def main(arguments: list[str]) -> int:
    with tempfile.TemporaryDirectory(prefix="anlan-bench-") as folder:
        prepare(Path(folder))
        from anlan.apps.outside.models import Feed, Hotspot, Kind, Quake
        from anlan.apps.outside.services import hotspots, quakes
        from anlan.kernel.people.services import system_user

        county, actor = _county(), system_user("bench")
        common = {"region": county, "url": "http://192.0.2.1/", "attribution": "-", "by": actor, "at": NOW}
        code = 0
        for name in arguments or list(GOALS):
            is_quakes = name == "outside-quakes"
            kind = Kind.QUAKEML if is_quakes else Kind.FIRMS
            feed = Feed.records.create(name=name, kind=kind, **common)
            module, data = (quakes, _catalogue()) if is_quakes else (hotspots, _hotspots())
            portions = _held(module, "_keep_some")
            took = seconds(lambda m=module, f=feed, d=data: m.keep(f, d, complete=True, now=NOW))
            kept = Quake.objects.count() if is_quakes else Hotspot.records.count()
            again = seconds(lambda m=module, f=feed, d=data: m.keep(f, d, complete=True, now=NOW))
            print(
                f"{name}: {len(data) >> 10} KiB, {kept} kept; the same file again {again:.1f} s; "
                f"a portion holds the writer at most {max(portions) * 1000:.0f} ms; {how_busy()}"
            )
            wanted = QUAKES if is_quakes else HOTSPOTS
            if kept != wanted:
                print(f"{wanted - kept} are missing")
                return 1
            code = max(code, verdict(name, took, GOALS[name], at_most=True))
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
