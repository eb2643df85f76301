"""Readings kept and readable a second, over Django `bulk_create` of the same readings into a plain table.

500 points with a reading every 10 s for an hour (180,000 readings), in portions of 10,000, each on disk before the
next begins. Control: a model with the unique key (point, t) in SQLite with the product's pragmas, `bulk_create` of each
portion in a transaction. Product: each portion flushed as loose blocks, then all merged into compressed chunks. Both
are read back whole and compared. Goal at least 40.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import Any

import django
import numpy as np
from django.conf import settings
from django.db import connection, models, transaction

from anlan.kernel.sensing.store.backend import HISTORY, LOG, SNAPSHOTS, Sqlite
from anlan.kernel.sensing.store.history import HOUR_MS
from anlan.kernel.sensing.store.readings import Store
from anlan.kernel.sensing.store.rows import Columns
from benchmarks.figure import alternating, how_busy, verdict

POINTS, STEP_MS, PORTION, ROUNDS = 500, 10_000, 10_000, 3
BEGIN = 1_795_320_000_000 // HOUR_MS * HOUR_MS
GOAL = 40.0


def main() -> int:
    """Write the same readings both ways, alternating, and print the figure."""
    readings = _readings()
    with tempfile.TemporaryDirectory(prefix="anlan-bench-") as folder:
        Reading = _model(Path(folder))
        rounds = iter(range(2 * ROUNDS + 2))

        def plain() -> float:
            connection.cursor().execute("DELETE FROM bench_reading")
            begun = time.perf_counter()
            for some in _portions(readings):
                table = zip(
                    some.point.tolist(), some.t.tolist(), some.value.tolist(), some.quality.tolist(), strict=True
                )
                with transaction.atomic():
                    Reading.objects.bulk_create(Reading(point=p, t=t, value=v, quality=q) for p, t, v, q in table)
            took = time.perf_counter() - begun
            rows = np.array(list(Reading.objects.order_by("point", "t").values_list("point", "t", "value")))
            _same(readings, rows[:, 1], rows[:, 2])
            return len(readings) / took

        def product() -> float:
            store = _store(Path(folder) / f"round-{next(rounds)}")
            store.last_seq()
            begun = time.perf_counter()
            for some in _portions(readings):
                store.flush_history(some, upto=0)
            for group in range(POINTS // 256 + 1):
                plan = store.plan_merge(group, BEGIN + HOUR_MS)
                assert plan is not None
                while plan.places:
                    store.merge_some(plan, 150)
                store.finish_merge(plan)
            took = time.perf_counter() - begun
            held = [store.readings(point, BEGIN, BEGIN + HOUR_MS) for point in range(1, POINTS + 1)]
            _same(readings, np.concatenate([h.t for h in held]), np.concatenate([h.value for h in held]))
            store.close()
            return len(readings) / took

        plain()
        product()
        control, ours = alternating(plain, product, ROUNDS)
        connection.close()
    print(f"bulk_create {control / 1e3:.1f} k/s, product {ours / 1e6:.2f} M/s; {how_busy()}")
    return verdict("history-write", ours / control, GOAL)


def _readings() -> Columns:
    """All points at each step, in the order in which they would come."""
    rng = np.random.default_rng(6)
    steps = HOUR_MS // STEP_MS
    t = np.repeat(BEGIN + np.arange(steps) * STEP_MS, POINTS)
    value = (20 + np.tile(rng.normal(0, 3, POINTS), steps) + rng.normal(0, 0.2, t.size)).round(2)
    return Columns(np.tile(np.arange(1, POINTS + 1, dtype=np.int32), steps), t, value, np.zeros(t.size, np.uint8))


def _portions(all_: Columns) -> list[Columns]:
    spans = [slice(start, start + PORTION) for start in range(0, len(all_), PORTION)]
    return [Columns(all_.point[s], all_.t[s], all_.value[s], all_.quality[s]) for s in spans]


def _same(all_: Columns, t: Any, value: Any) -> None:
    """Stop unless these, ordered by point and time, are the readings."""
    order = np.lexsort((all_.t, all_.point))
    if not (np.array_equal(all_.t[order], t) and np.array_equal(all_.value[order], value)):
        raise SystemExit("what was written does not read back")


def _store(folder: Path) -> Store:
    return Store(
        Sqlite(folder / "log.sqlite3", LOG),
        Sqlite(folder / "snapshots.sqlite3", SNAPSHOTS),
        history=Sqlite(folder / "history.sqlite3", HISTORY),
    )


def _model(folder: Path) -> type[models.Model]:
    """A table as anybody would make it, in a database of its own."""
    options = {"init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL"}
    database = {"ENGINE": "django.db.backends.sqlite3", "NAME": folder / "plain.sqlite3", "OPTIONS": options}
    settings.configure(DATABASES={"default": database}, DEFAULT_AUTO_FIELD="django.db.models.BigAutoField")
    django.setup()

    class Reading(models.Model):
        point = models.IntegerField()
        t = models.BigIntegerField()
        value = models.FloatField()
        quality = models.SmallIntegerField()

        class Meta:
            app_label = "bench"
            constraints = [models.UniqueConstraint(fields=("point", "t"), name="point_t")]

        def __str__(self) -> str:
            return f"{self.point} {self.t}"

    with connection.schema_editor() as editor:
        editor.create_model(Reading)
    return Reading


if __name__ == "__main__":
    raise SystemExit(main())
