"""FULL in the engine over plain Python: 100,000 points in batches of 1,000, compiled. Goal: 10 times.

A batch holds every hundredth point, in random order: each reading meets memory that no cache holds.
"""

from __future__ import annotations

from benchmarks.engine_jobs import full_rules, over_oracle

#: bench needs: full


def main() -> int:
    """Measure and print; 1 when the figure is short."""
    return over_oracle("engine-full-small", 10.0, full_rules, points=100_000, rows=1_000, seconds=(1, 6),
                       compiled=True)  # fmt: skip


if __name__ == "__main__":
    raise SystemExit(main())
