"""FULL in the engine over plain Python: 100,000 points in batches of 10,000, compiled. Goal: 25 times.

The state of so many points is larger than the cache of the processor.
"""

from __future__ import annotations

from benchmarks.engine_jobs import full_rules, over_oracle

#: bench needs: full


def main() -> int:
    """Measure and print; 1 when the figure is short."""
    return over_oracle("engine-full-100k", 25.0, full_rules, points=100_000, rows=10_000, seconds=(2, 20),
                       compiled=True)  # fmt: skip


if __name__ == "__main__":
    raise SystemExit(main())
