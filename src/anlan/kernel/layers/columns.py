"""What a layer of a register asks of its columns in memory: legend counts, and what is in an area."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from anlan.kernel.layers.surroundings import Inside
from anlan.kernel.registers import selecting
from anlan.kernel.registers.columns import store as stores
from anlan.kernel.registers.columns.store import Store
from anlan.kernel.registers.conditions import Question, mask
from anlan.kernel.registers.declarations import Marks, Register
from anlan.kernel.registers.tiles import group_values
from anlan.science.areas import Area


def sums(register: Register, asked: Question, marks: Marks) -> Mapping[str, int]:
    """How many records have which value of the legend."""
    store = stores.of(register)
    with store.lock:
        numbers, values = group_values(store, marks)
        found, counts = np.unique(numbers[mask(store, asked)], return_counts=True)
    counted: dict[str, int] = {}
    for number, count in zip(found.tolist(), counts.tolist(), strict=True):
        value = values.get(number, "")
        counted[value] = counted.get(value, 0) + count
    return counted


#: The last area that was looked for in each register, since all layers of one register ask for the same.
_last: dict[str, tuple[Any, Area, NDArray[np.int64]]] = {}


def _near(store: Store, area: Area) -> NDArray[np.int64]:
    """Slots of the places in an area. Hold the store's lock."""
    key = (store.born, store.version)
    kept = _last.get(store.register.code)
    if kept is None or kept[0] != key or kept[1] is not area:
        kept = _last[store.register.code] = (key, area, area.near(store.columns["lon"], store.columns["lat"]))
    return kept[2]


def inside(register: Register, asked: Question, area: Area) -> Inside:
    """Numbers, places and levels of the records in an area."""
    store = stores.of(register)
    with store.lock:
        chosen = mask(store, asked)
        slots = _near(store, area)
        slots = slots[chosen[slots]]
        level = store.columns[register.colour_by][slots] if register.colour_by else np.zeros(slots.size, np.int8)
        pk, lon, lat = store.pk[slots], store.columns["lon"][slots], store.columns["lat"][slots]

    def titles(pks: list[int]) -> Mapping[int, tuple[str, str]]:
        rows = selecting.records(register, pks, related=False)
        return {row.pk: (row.name, row.address) for row in rows}

    return Inside(pk, lon, lat, level.astype(np.int64), titles)
