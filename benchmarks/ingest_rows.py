"""JSON rows: posted, checked, logged with fsync, evaluated, in history; readings/s over msgspec parse alone.

Real ingest and engine processes on SQLite, two senders on loopback, 10,000 points under the shipped gas rules, 10,000
readings a post. Goal at least 0.12.
"""

from benchmarks.ingest import measure

if __name__ == "__main__":
    raise SystemExit(measure("ingest-rows", 0.12, rows=True))
