"""Start after SIGKILL with five million readings and a hundred open alarms: the slowest of ROUNDS, seconds (K5).

Readings are posted through the door and left as the engine leaves them: chunks, loose blocks, a log not yet trimmed.
Then web, ingest and engine are killed while more readings come in, and started again. A start is over when the web
process answers, the ingest process has taken a reading, and the alarm which that reading raises is there. Rules in
force and open alarms must be as before. Goal at most 10 s, on SQLite, the default.
"""

from __future__ import annotations

import json
import time

from benchmarks.figure import how_busy, verdict
from benchmarks.installation import Gateway, Installation, installation, wait_for_rules

ROWS = 5_000_000
POINTS = 1_000
OPEN = 100
ROUNDS = 5
A_POST = 50_000
LIMIT = 50.0
GOAL_S = 10.0


def main() -> int:
    """Post, kill and start again; prints each start and the figure."""
    with installation() as house:
        codes = house.prepare(points=POINTS)
        _one_rule()
        house.start("serve_engine")
        wait_for_rules(house)
        house.start_ingest()
        house.start_web()
        now = _post_history(house, codes)
        _raise(house, codes[:OPEN], now, "open")
        house.wait(lambda: len(_open_alarms()) == OPEN, "open alarms")
        worst = 0.0
        for number in range(ROUNDS):
            rules, alarms = _rules(), _open_alarms()
            _post(Gateway(house.port), f"last-{number}", codes[OPEN + ROUNDS :], now + 1_000 + number, 20.0)
            house.kill()
            begun = time.perf_counter()
            house.start("serve_engine")
            house.start_ingest()
            house.start_web()
            _raise(house, [codes[OPEN + number]], int(time.time() * 1000), f"new-{number}")
            house.wait(lambda before=alarms: len(_open_alarms()) > len(before), "the next alarm")  # type: ignore[misc]
            took = time.perf_counter() - begun
            assert _rules() == rules, "the rules in force changed"
            assert alarms < _open_alarms(), "an open alarm is gone"
            print(f"start {number + 1}: {took:.1f} s, {len(alarms)} open alarms as before")
            worst = max(worst, took)
    print(how_busy())
    return verdict("restart", worst, GOAL_S, at_most=True)


def _one_rule() -> None:
    """A level rule without delay over all points of the installation."""
    from datetime import UTC, datetime

    from anlan.kernel.rulebook.models import Entry, Origin

    condition = {"type": "level", "direction": "high", "steps": [{"severity": 2, "limit": LIMIT}]}
    Entry.objects.create(
        kind="alarm", code="RESTART", version=1, origin=Origin.BUREAU, title="over the limit",
        body={"kind": "other", "unit": "", "condition": condition}, standard="", clause="",
        valid_from=datetime(2020, 1, 1, tzinfo=UTC), digest="",
    )  # fmt: skip


def _post_history(house: Installation, codes: list[str]) -> int:
    """Five million readings of the last hours, a point every few seconds; returns the newest time, epoch ms."""
    gateway = Gateway(house.port)
    rounds = ROWS // len(codes)
    step = 2_000
    newest = int(time.time() * 1000) - 10_000
    at_once = A_POST // len(codes)
    for start in range(0, rounds, at_once):
        moments = [newest - (rounds - i) * step for i in range(start, min(start + at_once, rounds))]
        columns = {
            "point": [code for _moment in moments for code in codes],
            "t": [moment for moment in moments for _code in codes],
            "value": [20.0 + (i % 17) / 10 for i in range(len(moments) * len(codes))],
        }
        status, answer = gateway.post(json.dumps({"batch_id": f"h{start}", "columns": columns}).encode())
        assert status == 200, answer
    house.wait(lambda: house.store.lag().behind <= 1, "the engine to be level", limit_s=300)
    return newest


def _post(gateway: Gateway, batch: str, codes: list[str], t: int, value: float) -> None:
    rows = [{"point": code, "t": t, "value": value} for code in codes]
    status, answer = gateway.post(json.dumps({"batch_id": batch, "readings": rows}).encode())
    assert status == 200, answer


def _raise(house: Installation, codes: list[str], t: int, batch: str) -> None:
    _post(Gateway(house.port), batch, codes, t, LIMIT + 10)


def _rules() -> set[tuple[int, str]]:
    from anlan.kernel.sensing.models import RuleVersion

    return {(row.pk, json.dumps(row.condition)) for row in RuleVersion.objects.filter(to_at=None)}


def _open_alarms() -> set[tuple[int, int, int]]:
    """(alarm, point, level) of each open alarm of the level rule."""
    from anlan.kernel.sensing.models import Alarm

    rows = Alarm.records.filter(closed_at=None, cleared_at=None, retrospective=False, condition="level")
    return set(rows.values_list("pk", "point_id", "level"))


if __name__ == "__main__":
    raise SystemExit(main())
