"""A register of 50,000 records goes out as signed messages, and is measured.

#: bench: exchange-copy exchange-hold catalogue-measure

The sites of `benchmarks/registers.py`, written by SQL into a database of their own (SQLite, default settings;
ANLAN_BENCH_DATABASE_URL asks for another one), are subscribed to with eleven fields.

exchange-copy      records a second that a full copy makes into messages, signed, kept and acknowledged; goal
                   at least 2,000: a register of a million is out within ten minutes.
exchange-hold      longest time that one message holds the writer, ms; goal at most 200.
catalogue-measure  records a second whose quality is judged, with each check of the register; goal at least 1,000.
"""

from __future__ import annotations

import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

from benchmarks.figure import how_busy, verdict
from benchmarks.registers import fill, prepare

RECORDS = 50_000
GOALS = {"exchange-copy": 2_000.0, "exchange-hold": 200.0, "catalogue-measure": 1_000.0}


def subscribe() -> Any:
    """A subscription to the whole county's sites."""
    from django.utils import timezone

    from anlan.apps.exchange.services import subscriptions
    from anlan.apps.sites.declarations import ENTERPRISES
    from anlan.kernel.people.services import system_user
    from anlan.kernel.regions.models import Region

    agreed = subscriptions.Agreement(
        name="市局", purpose="汇聚", region=Region.objects.get(code="990123"), mode="pull",
        fields={"enterprise": [name for name in ENTERPRISES.fields if name != "keeper_phone"]},
        valid_until=timezone.localdate() + timedelta(days=30),
    )  # fmt: skip
    return subscriptions.subscribe(agreed, actor=system_user("bench"), now=timezone.now())[0]


def copy(row: Any) -> tuple[float, float]:
    """Seconds of a full copy, and of the longest message in it."""
    from django.utils import timezone

    from anlan.apps.exchange import feed
    from anlan.apps.exchange.services import delivery

    now = timezone.now()
    began, longest, seq = time.perf_counter(), 0.0, 0
    while True:
        start = time.perf_counter()
        made = feed.compose(row.pk, now=now, most=1)
        longest = max(longest, time.perf_counter() - start)
        seq += made
        if not made or seq % feed.WINDOW == 0:
            delivery.acknowledge(row, seq=seq, now=now)
        if not made:
            return time.perf_counter() - began, longest


def measure() -> float:
    """Seconds of measuring the register."""
    from django.utils import timezone

    from anlan.apps.exchange.services import catalogue
    from anlan.apps.sites.declarations import ENTERPRISES
    from anlan.kernel.people.services import system_user

    began = time.perf_counter()
    catalogue.measure(ENTERPRISES, actor=system_user("bench"), now=timezone.now())
    return time.perf_counter() - began


def main(arguments: list[str]) -> int:
    """Build the register once, measure what is asked for; the exit code is 1 when one figure is short."""
    names = arguments or list(GOALS)
    codes = []
    with tempfile.TemporaryDirectory(prefix="anlan-bench-") as folder:
        prepare(Path(folder))
        fill(RECORDS)
        took, longest = copy(subscribe()) if {"exchange-copy", "exchange-hold"} & set(names) else (0.0, 0.0)
        for name in names:
            if name == "exchange-copy":
                value = RECORDS / took
            elif name == "exchange-hold":
                value = longest * 1000
            else:
                value = RECORDS / measure()
            print(f"{name}: {RECORDS:,} records; {how_busy()}", flush=True)
            codes.append(verdict(name, value, GOALS[name], at_most=name == "exchange-hold"))
    return max(codes)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
