"""FULL in the engine, compiled by numba, over plain Python: 10,000 points in batches of 10,000. Goal: 40 times."""

from __future__ import annotations

from benchmarks.engine_jobs import full_rules, over_oracle

#: bench needs: full


def main() -> int:
    """Measure and print; 1 when the figure is short."""
    return over_oracle("engine-full", 40.0, full_rules, points=10_000, rows=10_000, seconds=(6, 120),
                       compiled=True)  # fmt: skip


if __name__ == "__main__":
    raise SystemExit(main())
