"""The places that are measured, and how numbers of small places add up to those of large ones."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from anlan.kernel.indicators.asking import B1, F8
from anlan.kernel.regions.models import Level
from anlan.kernel.regions.queries import Node, Tree


class Places:
    """Regions from the installation's own down to its villages, as rows of arrays.

    nodes   each place once, widest first
    parent  row of the place that each lies in; -1 for the widest
    """

    def __init__(self, tree: Tree) -> None:
        root = tree.root()
        inside = [node for node in tree.by_id.values() if root is not None and node.path.startswith(root.path)]
        self.nodes: list[Node] = sorted(
            (node for node in inside if node.level != Level.GRID), key=lambda one: (one.path.count("/"), one.code)
        )
        self.row = {node.id: at for at, node in enumerate(self.nodes)}
        self.parent = np.array([self.row.get(node.parent_id or 0, -1) for node in self.nodes], np.int64)
        self.depth = np.array([node.path.count("/") for node in self.nodes], np.int64)
        self._nearest = dict(self.row)
        for node in inside:
            if node.id not in self._nearest:
                above = [one for one in tree.ancestors(node.path) if one.id in self.row]
                self._nearest[node.id] = self.row[above[-1].id] if above else -1

    def __len__(self) -> int:
        return len(self.nodes)

    def nearest(self, region: int) -> int:
        """Row of a region, or of the place that it lies in when it is smaller; -1 for one outside of all."""
        return self._nearest.get(region, -1)

    def own(self, found: Iterable[tuple[int, Mapping[int, float]]], width: int) -> F8:
        """Numbers of regions, {column: number} each, as float[places, width]; those of grids count to their village."""
        total = np.zeros((len(self), width), np.float64)
        for region, numbers in found:
            row = self.nearest(region)
            if row >= 0:
                for column, number in numbers.items():
                    total[row, column] += number
        return total

    def summed(self, own: F8) -> F8:
        """With each place the sum of itself and of all places in it."""
        total = own.copy()
        for deep in np.unique(self.depth)[:0:-1]:
            rows = np.flatnonzero((self.depth == deep) & (self.parent >= 0))
            np.add.at(total, self.parent[rows], total[rows])
        return total

    def gathered(self, entered: F8) -> tuple[F8, F8, F8]:
        """Each place as it was entered, else as the sum of the places right inside it where every one is known.

        entered  float[places, years], NaN where nothing was entered
        returns  the numbers; and where they stay NaN, how many of the places inside are known, of how many
        """
        total = entered.copy()
        known = np.zeros_like(total)
        of = np.zeros_like(total)
        for deep in np.unique(self.depth)[:0:-1]:
            rows = np.flatnonzero((self.depth == deep) & (self.parent >= 0))
            above = self.parent[rows]
            sums, have, every = np.zeros_like(total), np.zeros_like(total), np.zeros_like(total)
            np.add.at(sums, above, np.nan_to_num(total[rows]))
            np.add.at(have, above, (~np.isnan(total[rows])).astype(np.float64))
            np.add.at(every, above, 1.0)
            gaps = np.isnan(total) & (every > 0)
            whole = gaps & (have == every)
            total = np.where(whole, sums, total)
            known = np.where(gaps & ~whole, have, known)
            of = np.where(gaps & ~whole, every, of)
        return total, known, of

    def of_level(self, levels: Iterable[str]) -> B1:
        """Which places are of these levels."""
        wanted = set(levels)
        return np.array([node.level in wanted for node in self.nodes], np.bool_)
