"""Reading posted → alarm row → event in the browser: 99th percentile beyond the rule's own delay, milliseconds.

100,000 points configured, 1,000 readings a second posted live, nothing declared out of order (L = 0); for a minute five
of them a second exceed a limit, half under a rule without delay, half under one of 3 s. Real web, ingest and engine
processes on SQLite; the browser is one open event stream of a signed-in duty officer. Goal at most 1,000.
"""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections.abc import Sequence
from datetime import UTC, datetime

from benchmarks.figure import how_busy, percentile, verdict
from benchmarks.installation import Gateway, Installation, installation, wait_for_rules

POINTS = 100_000
POSTS_A_SECOND, READINGS_A_POST = 50, 20
SECONDS, ALARMS_A_SECOND = 60, 5
DELAY_S = 3.0
LIMIT = 50.0
GOAL_MS = 1_000.0
#: Kinds of point: the first half stands under a rule without delay, the second under one with DELAY_S.
KINDS = ("other", "displacement")


class Browser(threading.Thread):
    """One event stream; `raised` holds when the alarm of each point was heard."""

    def __init__(self, port: int, cookie: str) -> None:
        super().__init__(daemon=True)
        self.raised: dict[int, float] = {}
        self.ready = threading.Event()
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=300)
        self._cookie = cookie

    def run(self) -> None:
        headers = {"cookie": self._cookie, "accept": "text/event-stream"}
        self._connection.request("GET", "/events/", headers=headers)
        answer = self._connection.getresponse()
        assert answer.status == 200, answer.status
        self.ready.set()
        while line := answer.readline():
            if not line.startswith(b"data: {"):
                continue
            now = time.time()
            event = json.loads(line[6:])
            if event.get("kind") == "alarm.raised":
                self.raised.setdefault(event["data"]["point"], now)


def main() -> int:
    """Run a minute of load and print the figure."""
    with installation() as house:
        codes = house.prepare(points=POINTS, kind=KINDS[0])
        cookie, numbers = _furnish(codes)
        house.start("serve_engine")
        wait_for_rules(house)
        house.start_ingest()
        house.start_web()
        browser = Browser(house.web_port, cookie)
        browser.start()
        assert browser.ready.wait(30), house.logs()
        took = _load(house, browser, codes, numbers)
        lost = sum(value is None for value in took)
        heard = [value for value in took if value is not None]
    if not heard:
        raise SystemExit("no alarm was heard")
    print(
        f"{len(took)} alarms, {lost} not heard; median {percentile(heard, 0.5):.0f} ms, "
        f"p99 {percentile(heard, 0.99):.0f} ms, worst {max(heard):.0f} ms; {how_busy()}"
    )
    return verdict("latency", percentile(heard, 0.99) if not lost else float(10**6), GOAL_MS, at_most=True)


def _load(house: Installation, browser: Browser, codes: Sequence[str], numbers: dict[str, int]) -> list[float | None]:
    """Post for SECONDS; the milliseconds after which each alarm was heard, beyond its delay; None: never."""
    gateway = Gateway(house.port)
    expected: dict[int, float] = {}
    every = POSTS_A_SECOND // ALARMS_A_SECOND
    # Points of alarms are not among those of the usual readings.
    alarms = iter(
        [code for pair in zip(codes[:400], codes[POINTS // 2 : POINTS // 2 + 400], strict=True) for code in pair]
    )
    usual, begun = 1_000, time.perf_counter()
    for post in range(SECONDS * POSTS_A_SECOND):
        pause = begun + post / POSTS_A_SECOND - time.perf_counter()
        if pause > 0:
            time.sleep(pause)
        now = time.time()
        rows = []
        for _ in range(READINGS_A_POST - 1):
            usual = usual + 7 if usual + 7 < POINTS // 2 else 1_000 + usual % 7
            rows.append({"point": codes[usual], "t": round(now * 1000), "value": 20.0})
        if post % every == 0:
            code = next(alarms)
            rows.append({"point": code, "t": round(now * 1000), "value": 80.0})
            delay = DELAY_S if numbers[code] > numbers[codes[POINTS // 2 - 1]] else 0.0
            expected[numbers[code]] = now + delay
        status, answer = gateway.post(json.dumps({"batch_id": f"l{post}", "readings": rows}).encode())
        assert status == 200, answer
    until = time.time() + DELAY_S + 15
    while time.time() < until and not expected.keys() <= browser.raised.keys():
        time.sleep(0.1)
    return [
        (browser.raised[point] - due) * 1000 if point in browser.raised else None for point, due in expected.items()
    ]


def _furnish(codes: Sequence[str]) -> tuple[str, dict[str, int]]:
    """Two rules, a duty officer with an open session; the cookie, and the number of each point."""
    from django.conf import settings
    from django.test import Client

    from anlan.kernel.people import sessions
    from anlan.kernel.people.models import Grant, Role, User
    from anlan.kernel.regions.models import Region
    from anlan.kernel.rulebook.models import Entry
    from anlan.kernel.sensing.models import Point

    numbers = dict(Point.records.values_list("code", "id"))
    Point.records.filter(id__gt=numbers[codes[POINTS // 2 - 1]]).update(kind=KINDS[1])
    Entry.objects.filter(kind="alarm").delete()
    for kind, delay in zip(KINDS, (0.0, DELAY_S), strict=True):
        step = {"severity": 2, "limit": LIMIT}
        condition = {"type": "level", "direction": "high", "steps": [step], "deadband": 1.0, "on_s": delay, "off_s": 0}
        Entry.objects.create(
            kind="alarm",
            code=kind,
            version=1,
            title=kind,
            body={"kind": kind, "condition": condition},
            valid_from=datetime(2020, 1, 1, tzinfo=UTC),
            digest="",
        )
    officer = User.objects.create_user("officer", "a long enough password", name="值班员")
    Grant.objects.create(user=officer, role=Role.objects.get(code="duty_officer"), region=Region.objects.get())
    client = Client(headers={"host": "127.0.0.1"})
    client.force_login(officer, backend="anlan.kernel.people.backend.ActiveUserBackend")
    session = client.session
    sessions.mark(session, officer, datetime.now(UTC))
    session.save()
    return f"{settings.SESSION_COOKIE_NAME}={session.session_key}", numbers


if __name__ == "__main__":
    raise SystemExit(main())
