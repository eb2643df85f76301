"""What the ingest figures share: real processes, 10,000 points under the shipped rules, bodies of 10,000 readings."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Iterator

import msgspec
import numpy as np

from benchmarks.figure import alternating, how_busy, verdict
from benchmarks.installation import Gateway, Installation, installation, wait_for_rules

POINTS = READINGS = 10_000
#: Posts of one round, rounds, and senders that post at the same time.
POSTS, ROUNDS, SENDERS = 60, 5, 2
#: Posts per point in a second of event time; the newest reading stays behind the clock.
STEP_MS = 1_000


class Row(msgspec.Struct):
    """A reading as the control parses it: everything into Python values, nothing looked up."""

    point: str
    t: int
    value: float
    quality: int = 0


class RowsBody(msgspec.Struct):
    """The control's shape of a post of rows."""

    batch_id: str
    readings: list[Row]


class ColumnsOf(msgspec.Struct):
    """The control's shape of columns."""

    point: list[str]
    t: list[int]
    value: list[float]
    quality: list[int]


class ColumnsBody(msgspec.Struct):
    """The control's shape of a post of columns."""

    batch_id: str
    columns: ColumnsOf


def measure(name: str, goal: float, rows: bool) -> int:
    """Print the figure: readings a second from the post to history, over those of msgspec parsing the same bodies."""
    decoder = msgspec.json.Decoder(RowsBody if rows else ColumnsBody)
    names = ("serve_ingest", "serve_engine")
    with installation() as house:
        codes = house.prepare(points=POINTS, kind="combustible_gas")
        house.start_ingest()
        house.start("serve_engine")
        wait_for_rules(house)
        bodies = _bodies(codes, rows)
        prepared: list[bytes] = []

        def parse() -> float:
            prepared[:] = itertools.islice(bodies, POSTS)
            begun = time.perf_counter()
            for body in prepared:
                decoder.decode(body)
            return POSTS * READINGS / (time.perf_counter() - begun)

        def through() -> float:
            before = [house.cpu_seconds(name) for name in names]
            rate = _through(house, prepared)
            used = [house.cpu_seconds(name) - was for name, was in zip(names, before, strict=True)]
            shares = ", ".join(f"{name} {1e9 * s / POSTS / READINGS:.0f}" for name, s in zip(names, used, strict=True))
            print(f"  {rate / 1e6:.2f} M readings/s from post to history; CPU ns a reading: {shares}", flush=True)
            return rate

        parse()
        through()  # warm: the first round makes the engine's tables
        control, product = alternating(parse, through, ROUNDS)
        late = house.store.count_set_aside()
    print(f"parse alone {control / 1e6:.2f} M/s, product {product / 1e6:.2f} M/s, set aside {late}; {how_busy()}")
    if late:
        raise SystemExit("readings were set aside: the figure would not be of whole work")
    return verdict(name, product / control, goal)


def _through(house: Installation, bodies: list[bytes]) -> float:
    """Post all bodies by some senders; readings a second until the last of them is evaluated and in history."""
    waiting = iter(bodies)
    lock = threading.Lock()
    failed: list[object] = []

    def send() -> None:
        gateway = Gateway(house.port)
        while not failed:
            with lock:
                body = next(waiting, None)
            if body is None:
                break
            status, answer = gateway.post(body)
            if status != 200 or answer["accepted"] != READINGS:
                failed.append((status, answer))
        gateway.close()

    store = house.store
    begun = time.perf_counter()
    senders = [threading.Thread(target=send) for _ in range(SENDERS)]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()
    if failed:
        raise SystemExit(f"the door refused: {failed[0]}")
    last = store.last_batch_seq()
    house.wait(lambda: store.position("history") >= last, "history", pause_s=0.005)
    return len(bodies) * READINGS / (time.perf_counter() - begun)


def _bodies(codes: list[str], rows: bool) -> Iterator[bytes]:
    """Posts of one reading a point, a second of event time apart, all values normal."""
    rng = np.random.default_rng(3)
    total = POSTS * (ROUNDS + 2)
    begin = time.time_ns() // 1_000_000 - total * STEP_MS
    encode: Callable[[object], bytes] = msgspec.json.encode
    for number in range(total):
        t = (begin + number * STEP_MS + rng.integers(0, STEP_MS, len(codes))).tolist()
        value = rng.normal(8, 1.5, len(codes)).clip(0).round(2).tolist()
        if rows:
            table = [{"point": p, "t": a, "value": v} for p, a, v in zip(codes, t, value, strict=True)]
            yield encode({"batch_id": f"b{number}", "readings": table})
        else:
            quality = [0] * len(codes)
            columns = {"point": codes, "t": t, "value": value, "quality": quality}
            yield encode({"batch_id": f"b{number}", "columns": columns})
