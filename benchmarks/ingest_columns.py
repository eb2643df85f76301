"""JSON columns: posted, checked, logged with fsync, evaluated, in history; readings/s over msgspec parse alone.

As ingest-rows, with columns point, t, value and quality. Goal at least 0.3.
"""

from benchmarks.ingest import measure

if __name__ == "__main__":
    raise SystemExit(measure("ingest-columns", 0.3, rows=False))
