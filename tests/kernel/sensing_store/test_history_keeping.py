"""History over the years: moved to Parquet, thinned to figures, dropped, looked over; nothing is lost on the way."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import numpy as np
import pytest

from anlan.kernel.sensing.store import ColdMissing, Columns, Store, keeping
from anlan.kernel.sensing.store import cold as cold_files
from anlan.kernel.sensing.store import readings as store_readings
from anlan.kernel.sensing.store.backend import HISTORY, LOG, SCHEMA, SNAPSHOTS, Sqlite
from anlan.kernel.sensing.store.cold import begin_of, month_of
from anlan.kernel.sensing.store.history import COLD, FIGURES, HERE, HOUR_MS

#: 2025-03-31 20:00 UTC: four hours before a month's end.
T = 1_743_451_200_000
MARCH = month_of(T)
APRIL = begin_of(MARCH + 1)
YEAR = 365 * 24 * HOUR_MS
#: Stands for every way in which a chunk holds its readings itself.
PACKED = "here"


def columns(point: int, t: list[int], value: list[float]) -> Columns:
    n = len(t)
    return Columns(np.full(n, point, np.int32), np.array(t), np.array(value), np.zeros(n, np.uint8))


def keep(store: Store, *some: Columns) -> None:
    """Flush and merge everything."""
    for one in some:
        store.flush_history(one, upto=1)
    for group in {int(one.point[0]) >> 8 for one in some}:
        plan = store.plan_merge(group, APRIL + YEAR)
        assert plan is not None
        while plan.places:
            store.merge_some(plan, 3)
        store.finish_merge(plan)


def eight_hours(point: int, factor: float = 1.0) -> Columns:
    """Every ten minutes over the month's end; NaN and a doubtful quality among them."""
    t = np.arange(T, T + 8 * HOUR_MS, 600_000)
    value = np.round(np.sin(np.arange(t.size)) * factor, 3)
    value[5] = np.nan
    quality = np.zeros(t.size, np.uint8)
    quality[5], quality[7] = 2, 1
    return Columns(np.full(t.size, point, np.int32), t, value, quality)


@pytest.fixture
def held(store: Store) -> Store:
    keep(store, eight_hours(7), eight_hours(8, 2.0), eight_hours(300, 3.0))
    return store


def codings(store: Store, point: int) -> list[object]:
    """Where the readings of each hour are: PACKED here, COLD or FIGURES."""
    span = (point << 20, ((point + 1) << 20) - 1)
    rows = store.history.read("SELECT coding FROM chunk WHERE place BETWEEN ? AND ? ORDER BY place", span)
    return [PACKED if row[0] in HERE else row[0] for row in rows]


def same(one: Columns, other: Columns) -> bool:
    pairs = ((one.t, other.t), (one.value, other.value), (one.quality, other.quality))
    return all(np.array_equal(a, b, equal_nan=a.dtype.kind == "f") for a, b in pairs)


def test_a_moved_month_reads_as_before_and_its_bytes_left_the_database(held: Store):
    pytest.importorskip("pyarrow")
    before = [held.readings(point, T, T + YEAR) for point in (7, 8, 300)]
    curve = held.curve(7, T, T + 8 * HOUR_MS)
    assert keeping.months_to_move(held, [7, 8, 300], APRIL) == [(MARCH, 0), (MARCH, 1)]
    assert keeping.move(held, MARCH, 0, [7, 8]) == 48
    assert codings(held, 7) == [COLD] * 4 + [PACKED] * 4
    assert codings(held, 300) == [PACKED] * 8
    assert held.cold is not None
    assert held.cold.path(MARCH, 0).parent.name == "2025-03"
    assert all(same(was, held.readings(point, T, T + YEAR)) for was, point in zip(before, (7, 8, 300), strict=True))
    part = held.readings(8, T + HOUR_MS, T + 2 * HOUR_MS - 1)
    assert part.t.size == 6
    again = held.curve(7, T, T + 8 * HOUR_MS)
    assert np.array_equal(curve.value, again.value, equal_nan=True)
    assert list(keeping.faults(held, T)) == []
    assert keeping.months_to_move(held, [7, 8], APRIL) == []


def test_late_readings_of_a_moved_month_join_it_and_move_with_the_next_round(held: Store):
    pytest.importorskip("pyarrow")
    keeping.move(held, MARCH, 0, [7, 8])
    keep(held, columns(7, [T + 1, T], [5.0, 99.0]))
    assert codings(held, 7)[:2] == [PACKED, COLD]
    merged = held.readings(7, T, T + HOUR_MS - 1)
    assert merged.t.tolist() == [T, T + 1, *range(T + 600_000, T + HOUR_MS, 600_000)]
    assert merged.value[:2].tolist() == [0.0, 5.0]
    assert held.set_aside()[0].reason == "conflict"
    assert keeping.move(held, MARCH, 0, [7, 8]) == 7
    assert same(merged, held.readings(7, T, T + HOUR_MS - 1))
    assert held.readings(8, T, APRIL - 1).t.size == 24
    assert list(keeping.faults(held, T)) == []


def test_only_the_points_asked_for_are_moved(held: Store):
    pytest.importorskip("pyarrow")
    keeping.move(held, MARCH, 0, [8])
    assert codings(held, 7) == [PACKED] * 8
    assert codings(held, 8)[0] == COLD
    keeping.move(held, MARCH, 0, [7])
    assert held.readings(8, T, APRIL - 1).t.size == 24


def test_without_the_extra_nothing_is_moved_and_reading_says_what_is_missing(
    held: Store, monkeypatch: pytest.MonkeyPatch
):
    pytest.importorskip("pyarrow")
    keeping.move(held, MARCH, 0, [7])
    for module in (cold_files, store_readings):
        monkeypatch.setattr(module, "arrow", lambda: None)
    with pytest.raises(ColdMissing, match=r'2025-03.*install the extra "analytics"'):
        held.readings(7, T, T + HOUR_MS)
    with pytest.raises(ColdMissing, match="analytics"):
        keeping.move(held, MARCH, 0, [8])
    assert codings(held, 8) == [PACKED] * 8
    hours = held.curve(7, T, T + 8 * HOUR_MS)
    assert hours.thinned
    assert hours.t.size == 8
    keep(held, columns(7, [T + 2], [6.0]))
    assert [block.rows for block in held.loose_blocks()] == [1]
    monkeypatch.undo()
    assert T + 2 in held.readings(7, T, T + HOUR_MS).t.tolist()


def test_R3_a_move_stopped_after_the_file_was_written_is_begun_anew(held: Store, monkeypatch: pytest.MonkeyPatch):
    pytest.importorskip("pyarrow")
    before = held.readings(7, T, T + YEAR)

    def die(*_args: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(keeping, "_mark", die)
    with pytest.raises(KeyboardInterrupt):
        keeping.move(held, MARCH, 0, [7, 8])
    monkeypatch.undo()
    assert codings(held, 7) == [PACKED] * 8
    assert same(before, held.readings(7, T, T + YEAR))
    assert len(list(keeping.faults(held, T))) == 1  # a file that nothing refers to
    keeping.move(held, MARCH, 0, [7, 8])
    assert same(before, held.readings(7, T, T + YEAR))
    assert list(keeping.faults(held, T)) == []


def test_R1_a_file_that_reads_back_differently_drops_nothing(held: Store, monkeypatch: pytest.MonkeyPatch):
    pytest.importorskip("pyarrow")
    honest = cold_files._columns

    def bent(table: object) -> Columns:
        found = honest(table)
        return Columns(found.point, found.t, found.value + 1, found.quality)

    monkeypatch.setattr(cold_files, "_columns", bent)
    with pytest.raises(OSError, match="reads back differently"):
        keeping.move(held, MARCH, 0, [7, 8])
    assert codings(held, 7) == [PACKED] * 8
    assert held.cold is not None
    assert list(held.cold.folder.rglob("*.*")) == []


def test_a_chunk_that_changed_while_it_was_moved_stays(held: Store, monkeypatch: pytest.MonkeyPatch):
    pytest.importorskip("pyarrow")
    honest = cold_files.Cold.write

    def slow(self: cold_files.Cold, *args: object) -> int:
        rows = honest(self, *args)  # type: ignore[arg-type]
        keep(held, columns(7, [T + 1], [5.0]))
        return rows

    monkeypatch.setattr(cold_files.Cold, "write", slow)
    assert keeping.move(held, MARCH, 0, [7, 8]) == 48 - 6
    assert codings(held, 7)[:2] == [PACKED, COLD]
    assert held.readings(7, T, APRIL - 1).t.size == 25


def test_dropped_readings_leave_their_hours_figures_and_late_ones_widen_them(held: Store):
    year = held.curve(7, T, T + YEAR, 100)
    assert keeping.forget_readings(held, [7], APRIL) == 4
    assert codings(held, 7) == [FIGURES] * 4 + [PACKED] * 4
    assert held.readings(7, T, APRIL - 1).t.size == 0
    after = held.curve(7, T, T + YEAR, 100)
    assert np.array_equal(year.value, after.value)
    assert np.array_equal(year.high, after.high)
    keep(held, columns(7, [T + 5], [50.0]))
    assert held.curve(7, T, T + YEAR, 100).high.max() == 50.0
    assert list(keeping.faults(held, T)) == []
    assert keeping.forget_figures(held, [7], APRIL) == 4
    assert codings(held, 7) == [PACKED] * 4
    assert codings(held, 8) == [PACKED] * 8


def test_a_cold_file_goes_when_none_of_its_hours_is_kept(held: Store):
    pytest.importorskip("pyarrow")
    keeping.move(held, MARCH, 0, [7, 8])
    keeping.forget_readings(held, [7], APRIL)
    assert keeping.sweep(held) == 0
    assert held.readings(8, T, APRIL - 1).t.size == 24
    keeping.forget_readings(held, [8], APRIL)
    assert keeping.sweep(held) == 1
    assert held.cold is not None
    assert list(held.cold.folder.iterdir()) == []


def test_what_differs_from_its_figures_is_named(held: Store):
    pytest.importorskip("pyarrow")
    keeping.move(held, MARCH, 0, [8])
    assert held.cold is not None
    held.cold.path(MARCH, 0).unlink()
    with held.history.write() as session:
        session.run("UPDATE chunk SET high = high + 1 WHERE place = ?", ((7 << 20) + T // HOUR_MS,))
        session.run("UPDATE chunk SET data = ? WHERE place = ?", (b"x", (300 << 20) + T // HOUR_MS))
    held.flush_history(columns(9, [T], [1.0]), upto=1)
    told = list(keeping.faults(held, T + 5 * HOUR_MS))
    assert told[0] == "point 7, hour 2025-03-31T20:00:00.000Z: greatest differ from the readings"
    assert told[1].startswith("point 8: readings of 2025-03 were moved to")
    assert "point 300, hour 2025-03-31T20:00:00.000Z: a chunk of 6 rows is damaged" in told[2]
    assert told[3] == "1 loose blocks wait for merging, the oldest for 5 h"


def test_R1_history_of_a_store_of_one_file_is_taken_over_once(tmp_path: Path):
    path = tmp_path / "readings.sqlite3"
    old = Store(Sqlite(path, SCHEMA), Sqlite(tmp_path / "s", SNAPSHOTS))
    keep(old, eight_hours(7))
    old.flush_history(columns(7, [T - 1], [4.0]), upto=17)
    before = old.readings(7, 0, T + YEAR)
    old.close()

    def opened() -> Store:
        history = Sqlite(tmp_path / "h", HISTORY, adopts=path)
        return Store(Sqlite(path, LOG), Sqlite(tmp_path / "s", SNAPSHOTS), history=history)

    for _ in range(2):
        new = opened()
        assert same(before, new.readings(7, 0, T + YEAR))
        assert new.position("history") == 17
        new.close()
    with sqlite3.connect(path) as connection:
        names = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        assert "chunk" not in names
        assert "log" in names
    connection.close()
