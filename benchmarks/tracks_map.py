"""The map of 2,000 carriers: their layer, and the trail of one over a day, through Django's whole stack.

#: bench: tracks-layer tracks-trail

2,000 carriers with a last place each (SQLite, default settings), 50 of them with a position every 10 s for 24 hours,
merged but for the last hour.

tracks-layer  all 2,000 as GeoJSON, as an open map asks. 95th percentile, ms; goal at most 300.
tracks-trail  8,640 positions of one carrier, joined, judged and thinned, as its page asks; each of another carrier.
              95th percentile, ms; goal at most 150.
"""

from __future__ import annotations

import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.figure import how_busy, percentile, verdict
from benchmarks.registers import client_of, prepare

CARRIERS, DRIVEN, STEP_MS, ASKED = 2_000, 50, 10_000, 60
DAY_MS, HOUR_MS = 86_400_000, 3_600_000
GOALS = {"tracks-layer": 300.0, "tracks-trail": 150.0}


def fill(now_ms: int) -> Any:
    """Carriers with places; gives somebody who may see them."""
    from anlan.apps.tracks.models import Carrier, Place
    from anlan.kernel.people.models import Grant, Role, User
    from anlan.kernel.people.services import system_user
    from anlan.kernel.regions.models import Region
    from anlan.kernel.sensing.models import Device, Point

    region = Region.objects.create(code="990123", name="Bench", level="county", path="/990123/")
    user = User.objects.create(username="bench", name="Bench")
    role = Role.objects.create(code="bench", name="bench", verbs=["track.see", "region.see"])
    Grant.objects.create(user=user, role=role, region=region)
    system_user("bench")
    device = Device.records.create(code="B", name="B", region=region, key_hash="")
    points = Point.records.bulk_create(
        Point(
            code=f"B/{i}/{sensor}", name=sensor, kind="position", unit="deg", region=region, device=device, period_s=10
        )
        for i in range(CARRIERS)
        for sensor in ("lat", "lon")
    )
    carriers = Carrier.records.bulk_create(
        Carrier(
            code=f"B-{i}", name=f"Car {i}", kind="vehicle", region=region, device=device, lat=points[2 * i],
            lon=points[2 * i + 1], system="WGS-84",
        )
        for i in range(CARRIERS)
    )  # fmt: skip
    Place.objects.bulk_create(
        Place(
            carrier=one, t_ms=now_ms - 5_000, seen_ms=now_ms - 5_000, lon=104 + i % 50 / 50, lat=31 + i // 50 / 50,
            speed_kmh=40.0, course_deg=float(i % 360),
        )
        for i, one in enumerate(carriers)
    )  # fmt: skip
    return user


def drive(now_ms: int) -> None:
    """A day of positions of the first carriers, flushed and merged as the engine would."""
    import numpy as np

    from anlan.apps.tracks.models import Carrier
    from anlan.kernel.sensing.store import open_store
    from anlan.kernel.sensing.store.rows import Columns

    store = open_store()
    rows = list(Carrier.records.order_by("pk").values_list("lat_id", "lon_id")[:DRIVEN])
    ids = np.array(rows, np.int32)
    rng = np.random.default_rng(4)
    begin = (now_ms - DAY_MS) // HOUR_MS * HOUR_MS
    lon, lat = np.full(DRIVEN, 104.5), np.full(DRIVEN, 31.5)
    heading = rng.uniform(0, 6.3, DRIVEN)
    for start in range(begin, now_ms, HOUR_MS):
        steps = min(HOUR_MS, now_ms - start) // STEP_MS
        if not steps:
            break
        # About 40 km/h with a heading that turns, as on roads.
        turn = heading + np.cumsum(rng.normal(0, 0.15, (steps, DRIVEN)), axis=0)
        xs, ys = lon + np.cumsum(np.cos(turn), axis=0) * 0.0011, lat + np.cumsum(np.sin(turn), axis=0) * 0.001
        lon, lat, heading = xs[-1], ys[-1], turn[-1]
        t = np.repeat(start + np.arange(steps) * STEP_MS, 2 * DRIVEN)
        point = np.tile(ids.ravel(), steps)
        value = np.stack((ys, xs), axis=2).round(6).ravel()
        store.flush_history(Columns(point, t, value, np.zeros(t.size, np.uint8)), upto=0)
        if start + HOUR_MS <= now_ms:
            for group in sorted({int(one) >> 8 for one in ids.ravel()}):
                plan = store.plan_merge(group, start + HOUR_MS)
                while plan is not None and plan.places:
                    store.merge_some(plan, 150)
                if plan is not None:
                    store.finish_merge(plan)


def asked(client: Any, addresses: list[str], least: int) -> list[float]:
    """Milliseconds of each answer; an answer that is too small is no answer."""
    took = []
    for address in addresses:
        start = time.perf_counter()
        answer = client.get(address)
        took.append((time.perf_counter() - start) * 1000)
        if answer.status_code != 200 or len(answer.content) < least:
            raise SystemExit(f"{address} answered {answer.status_code} with {len(answer.content)} bytes")
    return took


def main(arguments: list[str]) -> int:
    """Fill once, measure what is asked for; the exit code is 1 when one figure is short."""
    names = arguments or list(GOALS)
    now_ms = round(datetime.now(UTC).timestamp() * 1000)
    with tempfile.TemporaryDirectory(prefix="anlan-bench-") as folder:
        prepare(Path(folder))
        client = client_of(fill(now_ms))
        codes = []
        if "tracks-trail" in names:
            drive(now_ms)
            addresses = [f"/tracks/of/B-{turn % DRIVEN}/trail.json?hours=24" for turn in range(ASKED + 2)]
            took = asked(client, addresses, 10_000)[2:]
            print(f"tracks-trail: median {percentile(took, 0.5):.0f} ms; {how_busy()}", flush=True)
            codes.append(verdict("tracks-trail", percentile(took, 0.95), GOALS["tracks-trail"], at_most=True))
        if "tracks-layer" in names:
            took = asked(client, ["/layers/carriers.geojson?zoom=9"] * (ASKED + 2), 300_000)[2:]
            print(f"tracks-layer: median {percentile(took, 0.5):.0f} ms; {how_busy()}", flush=True)
            codes.append(verdict("tracks-layer", percentile(took, 0.95), GOALS["tracks-layer"], at_most=True))
    return max(codes, default=0)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
