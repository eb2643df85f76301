"""A hundred issues of one batch at once: how many balances are wrong afterwards.

A store holds 60 of a batch, and 20 threads enter 100 issues of one each, every tenth of them sent twice with the same
key. Exactly 60 may go through, 40 are refused in words; then every balance is compared with the sum of its postings
(SQLite, default settings; ANLAN_BENCH_DATABASE_URL asks for another database).

ledger  wrong balances, issues too many or too few, and hands that got another answer than a document or a refusal;
        goal 0.
"""

from __future__ import annotations

import tempfile
import threading
import time
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.figure import how_busy, verdict
from benchmarks.registers import prepare

ISSUES, THREADS, THERE, SENT_TWICE = 100, 20, 60, 10


def stock_up() -> tuple[Any, Any]:
    """A store with one batch; returns both."""
    from anlan.apps.resources.declarations import STORES
    from anlan.apps.resources.services import documents, items
    from anlan.kernel.people.services import system_user
    from anlan.kernel.regions.services import Planting, plant
    from anlan.kernel.registers import services as registers

    now, actor = datetime.now(UTC), system_user("bench")
    plant([Planting("990123", "安澜县", "county")])
    raw = {"name": "县库", "kind": "warehouse", "rank": "county", "region": "990123"}
    store = registers.create(STORES, raw, actor=actor, now=now)
    tent = items.add_item(name="帐篷", supply="tent", actor=actor, now=now)
    arrival = documents.Arrival(tent, THERE * 1_000, "B-1")
    made = documents.receive(store, [arrival], said=documents.Said(), key="in", actor=actor, now=now)
    return store, made.lines.get().lot


def issue_at_once(store: Any, lot: Any) -> Counter[str]:
    """Let every thread enter its share at the same moment; what came back, counted."""
    from django.db import connection

    from anlan.apps.resources.services import documents
    from anlan.apps.resources.services.ledger import Short
    from anlan.kernel.people.services import system_user

    actor, start = system_user("bench"), threading.Barrier(THREADS)
    came: Counter[str] = Counter()
    lock = threading.Lock()

    def once(n: int) -> str:
        now, said = datetime.now(UTC), documents.Said(f"第 {n} 组")
        try:
            documents.issue(store, [documents.Want(lot, 1_000)], said=said, key=f"out-{n}", actor=actor, now=now)
        except Short:
            return "short"
        except Exception as fault:  # counted as wrong and named below
            return type(fault).__name__
        return "issued"

    def run(mine: range) -> None:
        start.wait()
        for n in mine:
            answers = [once(n) for _time in range(2 if n % SENT_TWICE == 0 else 1)]
            with lock:
                came.update(answers[-1:])
        connection.close()

    share = ISSUES // THREADS
    threads = [
        threading.Thread(target=run, args=(range(first, first + share),)) for first in range(0, ISSUES, share)
    ]  # fmt: skip
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return came


def main() -> int:
    """Stock up, let all hands in, reckon."""
    with tempfile.TemporaryDirectory(prefix="anlan-bench-") as folder:
        prepare(Path(folder))
        from anlan.apps.resources.models import Account, Document, Sort
        from anlan.apps.resources.queries.stock import wrong_balances
        from anlan.apps.resources.services.ledger import balance

        store, lot = stock_up()
        began = time.perf_counter()
        came = issue_at_once(store, lot)
        took = time.perf_counter() - began
        wrong = wrong_balances()
        issued, left = Document.records.filter(sort=Sort.ISSUE).count(), balance(store, Account.STOCK, lot)
        strange = sum(n for answer, n in came.items() if answer not in ("issued", "short"))
        off = len(wrong) + abs(issued - THERE) + (left != 0) + strange
        print(f"{dict(came)}, {issued} documents, {left} left, {wrong or 'nothing'} wrong, {took:.2f} s; {how_busy()}")
    return verdict("ledger", off, 0, at_most=True)


if __name__ == "__main__":
    raise SystemExit(main())
