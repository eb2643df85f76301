"""CORE in the engine: two high levels with hysteresis and both delays; readings a second over plain Python.

10,000 points, a reading of each point a batch, a tick after each second; every point swings through both limits within
20 min, with noise as wide as half the dead band: some 80 transitions a second, far more than a county ever sees. The
control is the oracle of the tests on the beginning of the same log. numpy alone. Goal: 30 times the oracle.

Printed before it, for the eye: readings per CPU second for other shapes of batches.
"""

from __future__ import annotations

from benchmarks.engine_jobs import core_rules, engine_rate, log, over_oracle


def main() -> int:
    """Measure and print; 1 when the figure is short."""
    for points, rows, batches, mixed in (
        (10_000, 10_000, 60, True),
        (1_000, 10_000, 60, True),
        (1, 10_000, 60, False),
        (10_000, 1_000, 300, False),
        (100_000, 100_000, 8, True),
    ):
        rate = engine_rate(log(core_rules(points), points, rows, batches, mixed=mixed), points, compiled=False)
        order = "mixed" if mixed else "by point"
        print(f"  {points:>7,} points, batches of {rows:>7,} rows {order}: {rate / 1e6:.2f} M/s")
    return over_oracle("engine-core", 30.0, core_rules, points=10_000, rows=10_000, seconds=(6, 120),
                       compiled=False, mixed=False, rounds=5)  # fmt: skip


if __name__ == "__main__":
    raise SystemExit(main())
