"""How long history is kept, and where: moving months to cold files, dropping what nobody keeps, and looking it over.

The engine merges new readings into chunks; what stands here works beside it, in transactions of some hundred chunks.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from anlan.kernel.sensing.store import history
from anlan.kernel.sensing.store.cold import ColdMissing, begin_of, month_of
from anlan.kernel.sensing.store.history import COLD, FIGURES, GROUP_BITS, HERE, HOUR_BITS, HOUR_MS
from anlan.kernel.sensing.store.readings import Store
from anlan.kernel.sensing.store.rows import Columns

#: Chunks marked or dropped in one transaction, so that the engine's next flush hardly waits.
AT_ONCE = 500
#: A loose block that was not merged so long after its last reading says that merging does not keep up, ms.
LOOSE_MS = 3 * HOUR_MS


def points_of(store: Store, first: int = 0, last: int = history.POINT_LIMIT - 1) -> Iterator[int]:
    """Numbers of the points between two that have chunks; one look into the index each."""
    place: int | None = first << HOUR_BITS
    while True:
        place = store.history.read("SELECT min(place) FROM chunk WHERE place >= ?", (place,))[0][0]
        if place is None or (point := int(place) >> HOUR_BITS) > last:
            return
        yield point
        place = (point + 1) << HOUR_BITS


# -- moving to cold files ---------------------------------------------------------------------------------------------


def months_to_move(store: Store, points: Sequence[int], before_ms: int) -> list[tuple[int, int]]:
    """(month, group) of these points that are over at `before_ms` and have readings in chunks, oldest first."""
    last = month_of(before_ms)
    found: set[tuple[int, int]] = set()
    for point in points:
        begin = 0
        while True:
            place = store.history.read(
                "SELECT min(place) FROM chunk WHERE place BETWEEN ? AND ? AND coding IN (?, ?)",
                (*history.place_span(point, begin, begin_of(last) - 1), *HERE),
            )
            if place[0][0] is None:
                break
            month = month_of((int(place[0][0]) & ((1 << HOUR_BITS) - 1)) * HOUR_MS)
            found.add((month, point >> GROUP_BITS))
            begin = begin_of(month + 1)
    return sorted(found)


def move(store: Store, month: int, group: int, points: Sequence[int]) -> int:
    """Move the readings of these points of a group and month to its cold file; returns the readings moved.

    The file holds what it held and what is new; it is on disk and compared before a chunk is marked, and a chunk that
    changed meanwhile is left for the next time. Stopped anywhere and begun anew, it comes to the same.

    Raises ColdMissing without the extra `analytics`, and OSError when the disk refuses; nothing is dropped then.
    """
    if store.cold is None:
        raise ColdMissing("this store has no folder of cold files")
    chosen = frozenset(points)
    marks: list[tuple[int, int, int]] = []

    def held() -> Iterator[Columns]:
        for point in points_of(store, group << GROUP_BITS, ((group + 1) << GROUP_BITS) - 1):
            rows = _chunks(store, point, month)
            packed = [row for row in rows if row[2] in HERE] if point in chosen else []
            marks.extend((int(row[0]), int(row[1]), zlib.crc32(row[3])) for row in packed)
            yield _together(store, [int(row[0]) for row in rows if row[2] == COLD], packed)

    store.cold.write(month, group, (columns for columns in held() if len(columns)))
    return sum(_mark(store, marks[start : start + AT_ONCE]) for start in range(0, len(marks), AT_ONCE))


def _chunks(store: Store, point: int, month: int) -> list[tuple[Any, ...]]:
    span = history.place_span(point, begin_of(month), begin_of(month + 1) - 1)
    rows = store.history.read(
        "SELECT place, n, coding, data FROM chunk WHERE place BETWEEN ? AND ? ORDER BY place", span
    )
    return [(*row[:3], bytes(row[3])) for row in rows]


def _together(store: Store, cold: Sequence[int], packed: Sequence[tuple[Any, ...]]) -> Columns:
    """Readings of hours in the cold file and of packed ones of one point, in order of time."""
    parts = [store.cold_readings(cold)] if cold else []
    columns = history.joined([*parts, *(history.unpack(*row) for row in packed)])
    return history.picked(columns, np.argsort(columns.t, kind="stable"))


def _mark(store: Store, marks: Sequence[tuple[int, int, int]]) -> int:
    """Drop the readings of these chunks (place, rows, checksum), but for those that changed; returns how many."""
    moved = 0
    with store.history.write() as session:
        for place, n, checksum in marks:
            found = session.run("SELECT data FROM chunk WHERE place = ? AND coding IN (?, ?)", (place, *HERE))
            if found and zlib.crc32(bytes(found[0][0])) == checksum:
                session.run("UPDATE chunk SET coding = ?, data = ? WHERE place = ?", (COLD, b"", place))
                moved += n
    return moved


# -- dropping ---------------------------------------------------------------------------------------------------------


def forget_readings(store: Store, points: Sequence[int], before_ms: int) -> int:
    """Drop readings of these points older than `before_ms` (whole hours); their figures stay. Returns the hours."""
    return _by_portion(
        store,
        points,
        before_ms,
        f"coding <> {FIGURES}",
        f"UPDATE chunk SET coding = {FIGURES}, data = ? WHERE place BETWEEN ? AND ? AND coding <> {FIGURES}",  # noqa: S608
        (b"",),
    )


def forget_figures(store: Store, points: Sequence[int], before_ms: int) -> int:
    """Drop hours of these points older than `before_ms` altogether. Returns how many."""
    return _by_portion(store, points, before_ms, "1 = 1", "DELETE FROM chunk WHERE place BETWEEN ? AND ?", ())


def _by_portion(
    store: Store, points: Sequence[int], before_ms: int, which: str, statement: str, args: tuple[Any, ...]
) -> int:
    """Run a statement over the chunks before a moment, AT_ONCE of one point in a transaction."""
    changed = 0
    for point in points:
        first, last = history.place_span(point, 0, before_ms // HOUR_MS * HOUR_MS - 1)
        while True:
            rows = store.history.read(
                f"SELECT place FROM chunk WHERE place BETWEEN ? AND ? AND {which} ORDER BY place LIMIT ?",  # noqa: S608
                (first, last, AT_ONCE),
            )
            if not rows:
                break
            with store.history.write() as session:
                changed += session.changed(statement, (*args, int(rows[0][0]), int(rows[-1][0])))
            first = int(rows[-1][0]) + 1
    return changed


def sweep(store: Store) -> int:
    """Remove cold files of which no hour is kept any more; returns how many."""
    if store.cold is None:
        return 0
    gone = 0
    for month, group, _path in list(store.cold.files()):
        points = points_of(store, group << GROUP_BITS, ((group + 1) << GROUP_BITS) - 1)
        if not any(_has_cold(store, point, month) for point in points):
            store.cold.drop(month, group)
            gone += 1
    return gone


def _has_cold(store: Store, point: int, month: int) -> bool:
    span = history.place_span(point, begin_of(month), begin_of(month + 1) - 1)
    sql = "SELECT 1 FROM chunk WHERE place BETWEEN ? AND ? AND coding = ? LIMIT 1"
    return bool(store.history.read(sql, (*span, COLD)))


# -- looking it over --------------------------------------------------------------------------------------------------


def faults(store: Store, now_ms: int) -> Iterator[str]:
    """What is wrong with history: every chunk is unpacked and compared with its figures, every cold file read.

    Also told: loose blocks that merging left behind, and cold files that are missing or that nothing refers to.
    """
    for point in points_of(store):
        yield from _faults_of(store, point)
    for month, group, path in [] if store.cold is None else store.cold.files():
        points = points_of(store, group << GROUP_BITS, ((group + 1) << GROUP_BITS) - 1)
        if not any(_has_cold(store, point, month) for point in points):
            yield f"{path}: no hour of history refers to it"
    behind = store.history.read("SELECT count(*), min(last_ms) FROM loose WHERE last_ms < ?", (now_ms - LOOSE_MS,))
    if behind[0][0]:
        hours = (now_ms - int(behind[0][1])) / HOUR_MS
        yield f"{behind[0][0]} loose blocks wait for merging, the oldest for {hours:.0f} h"


def _faults_of(store: Store, point: int) -> Iterator[str]:
    span = history.place_span(point, 0, history.LATEST - 1)
    rows = store.history.read("SELECT place FROM chunk WHERE place BETWEEN ? AND ? ORDER BY place", span)
    places = [int(row[0]) for row in rows]
    for start in range(0, len(places), AT_ONCE):
        some = places[start : start + AT_ONCE]
        table = store.history.read(
            "SELECT place, n, good, low, high, total, coding, data FROM chunk WHERE place BETWEEN ? AND ?",
            (some[0], some[-1]),
        )
        cold = {}
        if moved := [int(row[0]) for row in table if row[6] == COLD]:
            try:
                cold = dict(history.by_place(store.cold_readings(moved)))
            except ColdMissing as error:
                yield f"point {point}: {error}"
                continue
        for row in table:
            if row[6] == FIGURES:
                continue
            if why := _differs(row, cold):
                hour = (int(row[0]) & ((1 << HOUR_BITS) - 1)) * HOUR_MS
                yield f"point {point}, hour {np.datetime64(hour, 'ms')}Z: {why}"


def _differs(row: tuple[Any, ...], cold: dict[int, Columns]) -> str:
    """In what a chunk's figures differ from its readings; "" when they agree."""
    place, n, coding = int(row[0]), int(row[1]), int(row[6])
    if coding == COLD:
        columns = cold.get(place)
        if columns is None:
            return "its readings are not in the cold file"
    else:
        try:
            columns = history.unpack(place, n, coding, bytes(row[7]))
        except ValueError as error:
            return str(error)
    again = history.merged(place, None, columns)[0]
    names = ("rows", "good rows", "least", "greatest")
    wrong = [name for name, was, now in zip(names, row[1:5], again[1:5], strict=True) if was != now]
    if not math.isclose(row[5], again[5], rel_tol=1e-9, abs_tol=1e-9):  # sums depend on their order
        wrong.append("sum")
    return f"{', '.join(wrong)} differ from the readings" if wrong else ""


def extent(store: Store) -> tuple[int, int, int]:
    """Hours of points in history, the readings they stand for, and bytes of cold files."""
    chunks, rows = store.history.read("SELECT count(*), coalesce(sum(n), 0) FROM chunk")[0]
    files = [] if store.cold is None else [path for _month, _group, path in store.cold.files()]
    return int(chunks), int(rows), sum(path.stat().st_size for path in files)
