"""Rows of a file that may be a record or another row: alike in name and near in place, for many rows at once.

The same measure as `doubles`, which looks at one record; here cells of `NEAR_M` sort what can be near at all.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from anlan.kernel.regions.queries import DEGREE_M
from anlan.kernel.registers.declarations import Register
from anlan.kernel.registers.doubles import ALIKE, NEAR_M, core, pairs_of

#: Doubles named for one row.
MOST = 5
#: More neighbours than this are looked at only when their names begin alike.
CROWD = 200
#: Rows of which the neighbours are found at once: at most `CROWD` for each.
_ROWS = 2_000
#: What spreads pairs of signs over the 64 bits of a mark.
_SPREAD = (np.uint64(0x9E3779B97F4A7C15), np.uint64(0xC2B2AE3D27D4EB4F))
#: Least share of both names' pairs that they have in common when they are alike.
_SHARED = ALIKE / (1 + ALIKE)
#: Records read at a time.
_CHUNK = 20_000


@dataclass(frozen=True, slots=True)
class Likely:
    """What a row may be: the record `pk`, or the earlier row at place `row`; how alike the names are, 0 … 1."""

    pk: int
    row: int
    name: str
    why: str
    alike: float


class Sample:
    """Names with their places. lon, lat: degrees, NaN for none; region: number, 0 for none; cores: of the names."""

    def __init__(
        self, names: Sequence[str], lon: NDArray[np.float64], lat: NDArray[np.float64], region: NDArray[np.int64],
        cores: Sequence[str] = (),
    ) -> None:  # fmt: skip
        self.names, self.lon, self.lat, self.region = list(names), lon, lat, region
        self.cores = list(cores) or [core(name) for name in self.names]


class _Marks:
    """A mark of 64 bits for each name, by which most names that are not alike are told apart without a look at them."""

    def __init__(self, cores: Sequence[str]) -> None:
        text = "".join(f"{one}\0" for one in cores).encode("utf-32-le", "surrogatepass")
        signs = np.frombuffer(text, np.uint32).astype(np.uint64)
        ends = signs == 0
        row = np.cumsum(ends, dtype=np.uint64) - ends
        at = np.flatnonzero(~ends[:-1] & ~ends[1:])
        pairs = np.sort(row[at] << np.uint64(42) | signs[at] << np.uint64(21) | signs[at + 1])
        pairs = pairs[np.concatenate(([True], pairs[1:] != pairs[:-1]))[: pairs.size]]
        owner = (pairs >> np.uint64(42)).astype(np.int64)
        #: How many different pairs a name has; 0 for a name of one sign.
        self.size = np.bincount(owner, minlength=len(cores))
        left, right = pairs >> np.uint64(21) & np.uint64(0x1FFFFF), pairs & np.uint64(0x1FFFFF)
        bits = np.uint64(1) << ((left * _SPREAD[0] + right * _SPREAD[1]) >> np.uint64(58))
        self._mark = np.zeros(len(cores), np.uint64)
        first = np.flatnonzero(np.diff(owner, prepend=-1))
        if first.size:
            self._mark[owner[first]] = np.bitwise_or.reduceat(bits, first)
        #: Pairs of a name that share a bit with another one of it.
        self._hidden = self.size - np.bitwise_count(self._mark)

    def may_be_alike(self, one: NDArray[np.int64], other: NDArray[np.int64]) -> NDArray[np.bool_]:
        """False only where two names have fewer pairs in common than names that are alike."""
        common = np.bitwise_count(self._mark[one] & self._mark[other]) + self._hidden[one]
        enough = common >= _SHARED * (self.size[one] + self.size[other]) - 1e-9
        return np.asarray(enough | (self.size[one] == 0) | (self.size[other] == 0))


def likely(register: Register, rows: Sample, *, but: int | None = None) -> dict[int, list[Likely]]:
    """Doubles of each row by its place, the likeliest first; rows without any are left out.

    but  number of a batch whose records are not looked at
    """
    if not rows.names:
        return {}
    grid = _Cells(rows)
    known, pks = _records(register, rows, grid, but)
    count = len(known.names)
    lon, lat = np.concatenate((known.lon, rows.lon)), np.concatenate((known.lat, rows.lat))
    region = np.concatenate((known.region, rows.region))
    both = Sample(known.names + rows.names, lon, lat, region, known.cores + rows.cores)
    grams: dict[int, frozenset[str]] = {}

    def gram(at: int) -> frozenset[str]:
        if at not in grams:
            grams[at] = pairs_of(both.cores[at])
        return grams[at]

    found: dict[int, list[Likely]] = {}
    for each, others in _candidates(rows, both, grid, count):
        for row, other in zip(each.tolist(), others.tolist(), strict=True):
            mine, theirs = gram(count + row), gram(other)
            shared = len(mine & theirs)
            score = shared / (len(mine) + len(theirs) - shared) if shared else 0.0
            if score >= ALIKE:
                why = "name" if np.isnan(rows.lon[row]) or np.isnan(both.lon[other]) else "near"
                pk, at = (pks[other], -1) if other < count else (0, other - count)
                found.setdefault(row, []).append(Likely(pk, at, both.names[other], why, round(score, 2)))
    return {row: sorted(some, key=lambda one: -one.alike)[:MOST] for row, some in found.items()}


class _Cells:
    """Squares of at least `NEAR_M`, so that what is near lies in the same or a neighbouring one."""

    def __init__(self, rows: Sample) -> None:
        widest = float(np.nanmax(np.abs(rows.lat))) if np.isfinite(rows.lat).any() else 0.0
        self.high = NEAR_M / DEGREE_M
        self.wide = self.high / max(float(np.cos(np.radians(min(widest + 1, 89)))), 0.01)

    def of(self, lon: NDArray[np.float64], lat: NDArray[np.float64]) -> NDArray[np.int64]:
        """The square of each place; -1 for none."""
        with np.errstate(invalid="ignore"):
            x, y = np.floor((lon + 180) / self.wide), np.floor((lat + 90) / self.high)
            return np.where(np.isfinite(lon + lat), x * (1 << 24) + y, -1).astype(np.int64)

    @staticmethod
    def around(cells: NDArray[np.int64]) -> list[NDArray[np.int64]]:
        """The nine squares of each square."""
        return [cells + dx * (1 << 24) + dy for dx in (-1, 0, 1) for dy in (-1, 0, 1)]


def _records(register: Register, rows: Sample, grid: _Cells, but: int | None) -> tuple[Sample, list[int]]:
    """Visible records that lie near a row, or in the region of one without a place on either side."""
    cells = grid.of(rows.lon, rows.lat)
    near = np.unique(np.concatenate(grid.around(cells[cells >= 0])))
    regions = np.unique(rows.region)
    bare = np.unique(rows.region[cells < 0])
    parts: list[tuple[list[str], NDArray[np.float64], NDArray[np.float64], NDArray[np.int64]]] = []
    pks: list[int] = []
    present = register.model.present.exclude(batch_id=but) if but else register.model.present.all()
    last = 0
    while some := list(
        present.filter(pk__gt=last).order_by("pk").values_list("pk", "name", "lon", "lat", "region_id")[:_CHUNK]
    ):
        last = some[-1][0]
        lon = np.array([row[2] for row in some], np.float64)
        lat = np.array([row[3] for row in some], np.float64)
        region = np.array([row[4] for row in some], np.int64)
        cell = grid.of(lon, lat)
        kept = np.flatnonzero(
            np.isin(cell, near) & (cell >= 0) | np.isin(region, regions) & (cell < 0) | np.isin(region, bare)
        )
        pks += [some[at][0] for at in kept.tolist()]
        parts.append(([some[at][1] for at in kept.tolist()], lon[kept], lat[kept], region[kept]))
    names = [name for part in parts for name in part[0]]
    empty = [np.empty(0, np.float64)]
    return Sample(
        names,
        np.concatenate([part[1] for part in parts] or empty),
        np.concatenate([part[2] for part in parts] or empty),
        np.concatenate([part[3] for part in parts] or [np.empty(0, np.int64)]),
    ), pks


def _candidates(
    rows: Sample, both: Sample, grid: _Cells, count: int
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Pairs of a row and another that is near it and may be alike, earlier rows of the file among them; in blocks."""
    cells = grid.of(both.lon, both.lat)
    order = np.argsort(cells, kind="stable")
    ordered = cells[order]
    mine = cells[count:]
    bounds = [
        (np.searchsorted(ordered, around, "left"), np.searchsorted(ordered, around, "right"))
        for around in grid.around(mine)
    ]
    by_region: dict[tuple[int, str], list[int]] = {}
    by_start: dict[str, list[int]] = {}
    for at, (region, name) in enumerate(zip(both.region.tolist(), both.cores, strict=True)):
        if name:
            by_region.setdefault((region, name[:2]), []).append(at)
            by_start.setdefault(name[:2], []).append(at)
    bare = (cells < 0).tolist()
    homeless = {key: lost for key, some in by_region.items() if (lost := [at for at in some if bare[at]])}
    homes = rows.region.tolist()
    lows, highs = (np.column_stack(side) for side in zip(*bounds, strict=True))
    marks = _Marks(both.cores)
    totals = (highs - lows).sum(axis=1)
    crowded = (totals > CROWD).tolist()
    totals[(totals > CROWD) | (mine < 0)] = 0
    for first in range(0, mine.size, _ROWS):
        block = range(first, min(first + _ROWS, mine.size))
        blocks = [_near(order, lows, highs, totals, count, block)]
        called: tuple[list[int], list[int]] = [], []  # the same beginning of the name in the same region
        for row in block:
            name = rows.cores[row]
            if not name:
                continue
            placed = not bare[count + row]
            same = (homeless if placed else by_region).get((homes[row], name[:2]), ())
            found = [other for other in same if other < count + row]
            called[0].extend([row] * len(found))
            called[1].extend(found)
            if placed and crowded[row]:
                spans = zip(lows[row].tolist(), highs[row].tolist(), strict=True)
                others = np.concatenate([order[low:high] for low, high in spans])
                others = np.intersect1d(others[others < count + row], by_start[name[:2]])
                blocks.append((np.full(others.size, row), others))
        each, others = (np.concatenate(side) for side in zip(*blocks, strict=True))
        kept = marks.may_be_alike(count + each, others)
        each, others = each[kept], others[kept]
        kept = _within(rows, both, each, others)
        by_name = np.array(called, np.int64)
        by_name = by_name[:, marks.may_be_alike(count + by_name[0], by_name[1])]
        yield np.concatenate((each[kept], by_name[0])), np.concatenate((others[kept], by_name[1]))


def _near(
    order: NDArray[np.int64], lows: NDArray[np.int64], highs: NDArray[np.int64], totals: NDArray[np.int64], count: int,
    some: range,
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:  # fmt: skip
    """Pairs of some rows and the others in their squares and those around, of which `totals` says how many."""
    wanted = np.arange(some.start, some.stop)
    wanted = wanted[totals[wanted] > 1]
    begin, size = lows[wanted].ravel(), (highs - lows)[wanted].ravel()
    each = np.repeat(wanted, totals[wanted])
    at = np.repeat(begin - np.concatenate(([0], np.cumsum(size)[:-1])), size) + np.arange(each.size)
    others = order[at]
    kept = others < count + each
    return each[kept], others[kept]


def _within(rows: Sample, both: Sample, each: NDArray[np.int64], others: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which of these pairs of a row and another lie within `NEAR_M`."""
    dy = (both.lat[others] - rows.lat[each]) * DEGREE_M
    dx = (both.lon[others] - rows.lon[each]) * DEGREE_M * np.cos(np.radians(rows.lat[each]))
    return np.asarray(dx * dx + dy * dy <= NEAR_M**2)
