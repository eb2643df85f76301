"""30 times kill -9 and 10 simulated power cuts under load: acknowledged readings lost plus alarms doubled or missing.

Four senders post readings of their own points without pause and resend until they are answered; ingest and engine are
killed together at random moments and started again. At the end every answered reading must be in history once, and
the alarm transitions must be exactly those that the stored readings give. Goal: 0.
"""

from __future__ import annotations

import http.client
import json
import random
import shutil
import sys
import tempfile
import threading
import time
from pathlib import Path

from benchmarks import powercut
from benchmarks.figure import how_busy, verdict
from benchmarks.installation import Gateway, Installation, installation, wait_for_rules

KILLS, CUTS, SENDERS, POINTS_EACH = 30, 10, 4, 10
#: Seconds of load before each fault.
LOAD_S = (0.3, 1.5)
LIMIT = 50.0


class Sender(threading.Thread):
    """Posts batch after batch; each again until it is answered. `acked` holds what was answered with success."""

    def __init__(self, number: int, port: int, codes: list[str]) -> None:
        super().__init__(daemon=True)
        self.number, self.port, self.codes = number, port, codes
        self.acked: dict[tuple[str, int], float] = {}
        self.resent = 0
        self.refused: list[object] = []
        self.ending = threading.Event()
        self.random = random.Random(number)

    def run(self) -> None:
        gateway = Gateway(self.port)
        batch, t = 0, time.time_ns() // 1_000_000
        while not self.ending.is_set():
            batch += 1
            t = max(t + 1, time.time_ns() // 1_000_000)
            values = [round(self.random.choice((20.0, 80.0)) + self.random.random(), 3) for _ in self.codes]
            rows = [{"point": code, "t": t, "value": value} for code, value in zip(self.codes, values, strict=True)]
            body = json.dumps({"batch_id": f"{self.number}-{batch}", "readings": rows}).encode()
            if self._until_answered(gateway, body):
                self.acked.update({(code, t): value for code, value in zip(self.codes, values, strict=True)})
        gateway.close()

    def _until_answered(self, gateway: Gateway, body: bytes) -> bool:
        while True:
            try:
                status, answer = gateway.post(body)
            except (OSError, http.client.HTTPException, ValueError):
                gateway.close()
                self.resent += 1
                time.sleep(0.02)
                continue
            if status == 200 and answer["accepted"] == len(self.codes):
                return True
            if status in (401, 429, 503):
                time.sleep(0.05)
                continue
            self.refused.append((status, answer))
            return False


def main() -> int:
    """Run all rounds and print the figure."""
    if not powercut.possible():
        print(f"power cuts cannot be simulated on {sys.platform}; only kills are run")
    shadow = Path(tempfile.mkdtemp(prefix="anlan-shadow-"))
    try:
        with installation() as house:
            return _run(house, shadow)
    finally:
        shutil.rmtree(shadow, ignore_errors=True)


def _run(house: Installation, shadow: Path) -> int:
    codes = house.prepare(points=SENDERS * POINTS_EACH)
    _put_rule_in_force()
    _close(house)
    powercut.keep_all(shadow, house.folder)
    if powercut.possible():
        house.prefix = (sys.executable, "-m", "benchmarks.powercut", str(shadow))
    house.start("serve_engine")
    wait_for_rules(house)
    _close(house)
    house.start_ingest()
    senders = [Sender(i, house.port, codes[i * POINTS_EACH : (i + 1) * POINTS_EACH]) for i in range(SENDERS)]
    for sender in senders:
        sender.start()
    faults = ["kill"] * KILLS + ["cut"] * (CUTS if powercut.possible() else 0)
    random.Random(1).shuffle(faults)
    back: list[float] = []
    for number, fault in enumerate(faults, start=1):
        answered = sum(len(sender.acked) for sender in senders)
        house.wait(lambda was=answered: sum(len(s.acked) for s in senders) > was, "an answer after a start")
        time.sleep(random.Random(number).uniform(*LOAD_S))
        house.kill()
        if fault == "cut":
            powercut.cut(shadow, house.folder)
        begun = time.perf_counter()
        house.start("serve_engine")
        house.start_ingest()
        back.append(time.perf_counter() - begun)
        print(
            f"  {number:2} {fault}: back after {back[-1]:.1f} s, {sum(len(s.acked) for s in senders)} answered",
            flush=True,
        )
    time.sleep(1)
    for sender in senders:
        sender.ending.set()
    for sender in senders:
        sender.join(60)
    return _account(house, senders, back)


def _account(house: Installation, senders: list[Sender], back: list[float]) -> int:
    from anlan.kernel.sensing.models import Alarm, AlarmStep, Point

    store = house.store
    last = store.last_batch_seq()
    house.wait(
        lambda: store.position("engine") >= last and not store.transitions_after(store.position("consumer"), 1),
        "the end of the log",
    )
    house.kill(how=15)
    numbers = dict(Point.records.values_list("code", "id"))
    lost = doubled = wrong = 0
    expected: set[tuple[int, int, bool]] = set()
    for sender in senders:
        for code in sender.codes:
            kept = store.readings(numbers[code], 0, 1 << 42)
            table = dict(zip(kept.t.tolist(), kept.value.tolist(), strict=True))
            doubled += len(kept) - len(table)
            on = False
            for t, value in table.items():
                if (value >= LIMIT) != on:
                    on = not on
                    expected.add((numbers[code], t, on))
            for (name, t), value in sender.acked.items():
                if name == code:
                    lost += t not in table
                    wrong += t in table and table[t] != value
    found = [(t.point, t.t, t.on) for t in store.transitions_after(0, 10_000_000)]
    steps = list(AlarmStep.objects.values_list("alarm__point_id", "t", "on"))
    taken = [(point, round(t.timestamp() * 1000), on) for point, t, on in steps]
    untold, untaken = len(expected - set(found)), len(expected - set(taken))
    missing = untold + untaken
    more = len(found) - len(set(found)) + len(taken) - len(set(taken)) + len(set(found) - expected)
    open_twice = _open_twice(Alarm)
    acked = sum(len(sender.acked) for sender in senders)
    refused = [one for sender in senders for one in sender.refused]
    resent = sum(sender.resent for sender in senders)
    print(f"answered {acked}, posts resent {resent}, refused {len(refused)}")
    print(f"slowest start {max(back):.1f} s; {how_busy()}")
    print(f"readings lost {lost}, doubled {doubled}, changed {wrong}")
    print(f"transitions {len(expected)}: not told {untold}, not taken {untaken}, doubled or false {more}")
    print(f"alarms open twice {open_twice}; set aside {sorted({row.reason for row in store.set_aside(limit=1000)})}")
    if refused:
        print(f"first refusal: {refused[0]}")
    if not acked or not expected:
        raise SystemExit("nothing was answered: nothing was measured")
    return verdict("crash", lost + doubled + wrong + missing + more + open_twice + len(refused), 0, at_most=True)


def _open_twice(alarms: object) -> int:
    from django.db.models import Count

    rows = alarms.records.filter(closed_at=None).values("point", "entry", "condition", "lane")  # type: ignore[attr-defined]
    return sum(row["n"] - 1 for row in rows.annotate(n=Count("id")).filter(n__gt=1))


def _put_rule_in_force() -> None:
    """A rule of the bureau without delays over all points, so that every change across the limit is a transition."""
    from datetime import UTC, datetime

    from anlan.kernel.rulebook.models import Entry

    condition = {
        "type": "level", "direction": "high", "steps": [{"severity": 2, "limit": LIMIT}],
        "deadband": 0.0, "on_s": 0.0, "off_s": 0.0,
    }  # fmt: skip
    body = {"kind": "other", "condition": condition}
    since = datetime(2020, 1, 1, tzinfo=UTC)
    Entry.objects.filter(kind="alarm").delete()
    Entry.objects.create(kind="alarm", code="B", version=1, title="Bench", body=body, valid_from=since, digest="")


def _close(house: Installation) -> None:
    """Close this process's connections: it must not touch the files while power may be cut."""
    from django.db import connections

    house.store.last_seq()
    house.store.close()
    connections.close_all()


if __name__ == "__main__":
    raise SystemExit(main())
