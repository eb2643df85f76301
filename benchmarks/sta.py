"""The SensorThings API over 100,000 datastreams, as a program meets it: over HTTP, with a token, from the web process.

#: bench: sta-read sta-write

A county of 100,000 points on 250 devices and the real web process on SQLite; the readings are in the reading log.

sta-read   the newest value of 400 datastreams in one `$expand` request, other datastreams at each question. 95th
           percentile, ms; goal at most 150.
sta-write  observations a second by data arrays, 200 datastreams with 50 rows each in a request, answered after the
           commit; goal at least 50,000.
"""

from __future__ import annotations

import hashlib
import http.client
import random
import sys
import time
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import msgspec
import numpy as np

from benchmarks.figure import how_busy, percentile, verdict
from benchmarks.installation import Installation, installation

POINTS, DEVICES = 100_000, 250
GOALS = {"sta-read": 150.0, "sta-write": 50_000.0}
ASKED, TOGETHER = 120, 400
STREAMS, ROWS, POSTS = 200, 50, 60


def prepare(house: Installation) -> str:
    """Points, devices, a person with a token; returns the key."""
    house.prepare(points=0)
    from anlan.kernel.people import tokens
    from anlan.kernel.people.models import Grant, Role, User
    from anlan.kernel.regions.models import Region
    from anlan.kernel.sensing.models import Device, Point

    county = Region.objects.get(code="990123")
    digest = hashlib.sha256(b"no key").hexdigest()
    devices = Device.records.bulk_create(
        Device(code=f"D-{i:03d}", name=f"D-{i:03d}", region=county, key_hash=digest) for i in range(DEVICES)
    )
    Point.records.bulk_create(
        (
            Point(
                code=f"P-{i:06d}", name=f"P-{i:06d}", kind="combustible_gas", unit="%LEL", region=county,
                device=devices[i % DEVICES], lon=104.6, lat=31.9,
            )
            for i in range(POINTS)
        ),
        batch_size=5_000,
    )  # fmt: skip
    user = User.objects.create_user("program", "a long enough password", name="程砚舟")
    role = Role.objects.create(code="bench", name="bench", verbs=["point.see", "reading.send"])
    Grant.objects.create(user=user, role=role, region=county)
    now = datetime.now(UTC)
    return tokens.give(owner=user, name="bench", verbs=role.verbs, region=None, days=1, now=now)[1]


class Program:
    """One client with one connection that is kept open."""

    def __init__(self, port: int, key: str) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self._headers = {"authorization": f"Bearer {key}", "content-type": "application/json"}

    def ask(self, method: str, path: str, body: bytes | None = None) -> Any:
        """The answer as JSON. Raises SystemExit when it is no success."""
        self._connection.request(method, f"/sta/v1.1{path}", body, self._headers)
        answer = self._connection.getresponse()
        content = answer.read()
        if answer.status >= 300:
            raise SystemExit(f"{path} is answered {answer.status}: {content[:300]!r}")
        return msgspec.json.decode(content)


def fill(house: Installation) -> list[int]:
    """Two readings of every point, the newest of which the engine has told; returns the numbers of the points."""
    from anlan.engine import encode_batch
    from anlan.kernel.sensing.models import Point
    from anlan.kernel.sensing.store import Columns, NewBatch

    ids = list(Point.records.order_by("pk").values_list("pk", flat=True))
    number = np.array(ids, np.int32)
    begin = time.time_ns() // 1_000_000 - 120_000
    quality = np.zeros(number.size, np.uint8)
    for turn in range(2):
        t, value = (
            np.full(number.size, begin + 60_000 * turn),
            np.round(np.random.default_rng(turn).normal(8, 1, number.size), 2),
        )
        batch = NewBatch(
            "D-000", f"b{turn}", "live", number.size, encode_batch(number, t, value, quality), bytes([turn])
        )
        seq = house.store.append_batches([batch])[0].seq
        house.store.flush_history(Columns(number, t, value, quality), upto=seq)
        house.store.put_latest(Columns(number, t, value, quality), begin + 60_000 * turn, upto=seq)
    return ids


def read(program: Program, ids: list[int]) -> list[float]:
    """Milliseconds of each question for the newest of 400 datastreams, after some that warm the process."""
    chance = random.Random(20261128)
    took = []
    for turn in range(ASKED + 5):
        first = chance.randrange(len(ids) - TOGETHER)
        filter_ = f"id ge {ids[first]} and id lt {ids[first] + TOGETHER}"
        newest = "Observations($top=1;$orderby=phenomenonTime desc)"
        path = f"/Datastreams?$top={TOGETHER}&$filter={quote(filter_)}&$expand={quote(newest)}"
        begun = time.perf_counter()
        found = program.ask("GET", path)
        if turn >= 5:
            took.append(1_000 * (time.perf_counter() - begun))
        if len(found["value"]) != TOGETHER or not all(one["Observations"] for one in found["value"]):
            raise SystemExit("a datastream came without its newest observation")
    return took


def write(program: Program, ids: list[int]) -> float:
    """Observations a second until the last request is answered."""
    bodies = list(_bodies(ids))
    program.ask("POST", "/CreateObservations", bodies.pop())
    begun = time.perf_counter()
    for body in bodies:
        told = program.ask("POST", "/CreateObservations", body)
        if len(told) != STREAMS * ROWS or "error" in told:
            raise SystemExit("an observation was refused")
    return len(bodies) * STREAMS * ROWS / (time.perf_counter() - begun)


def _bodies(ids: list[int]) -> Any:
    rng = np.random.default_rng(5)
    begin = datetime.now(UTC).timestamp() - 3_600
    for turn in range(POSTS + 1):
        some = rng.choice(ids, STREAMS, replace=False).tolist()
        times = [datetime.fromtimestamp(begin + turn * ROWS + row, UTC) for row in range(ROWS)]
        texts = [one.isoformat(timespec="milliseconds").replace("+00:00", "Z") for one in times]
        yield msgspec.json.encode([
            {
                "Datastream": {"@iot.id": pk}, "components": ["phenomenonTime", "result"],
                "dataArray": [list(row) for row in zip(texts, rng.normal(8, 1, ROWS).round(2).tolist(), strict=True)],
            }
            for pk in some
        ])  # fmt: skip


def main(names: list[str]) -> int:
    """Measure what is named, all of it without a name."""
    short = 0
    with installation() as house:
        key = prepare(house)
        ids = fill(house)
        house.start_web()
        program = Program(house.web_port, key)
        if not names or "sta-read" in names:
            took = read(program, ids)
            print(f"  median {percentile(took, 0.5):.0f} ms, slowest {max(took):.0f} ms; {how_busy()}", flush=True)
            short |= verdict("sta-read", percentile(took, 0.95), GOALS["sta-read"], at_most=True)
        if not names or "sta-write" in names:
            rate = write(program, ids)
            print(f"  {STREAMS * ROWS} observations a request; {how_busy()}", flush=True)
            short |= verdict("sta-write", rate, GOALS["sta-write"])
    return short


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
