"""Records that are likely the same thing: equal keys, or alike in name and near in place."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from anlan.kernel.regions.queries import DEGREE_M
from anlan.kernel.registers.columns import store as stores
from anlan.kernel.registers.columns.text import normal
from anlan.kernel.registers.declarations import Register

#: Words that say nothing about which firm it is.
_COMMON = re.compile(
    r"(有限责任公司|股份有限公司|有限公司|分公司|总公司|公司|集团|工厂|厂|经营部|商店|店)$|[\s()（）·\-—]"
)
#: Two names are alike when so many of their pairs of signs are shared (Jaccard), and near when within so many metres.
ALIKE, NEAR_M = 0.6, 300.0
#: Pairs looked at for one record.
MOST = 20


@dataclass(frozen=True, slots=True)
class Double:
    """A record that may be the same: why, as a code ("key", "name", "near"), and how alike the names are, 0 … 1."""

    pk: int
    why: str
    alike: float


def core(name: str) -> str:
    """What is left of a name without its legal form: 恒泽化工有限公司 and 恒泽化工厂 are one to a person."""
    before, text = "", normal(name)
    while text != before:
        before, text = text, _COMMON.sub("", text)
    return text


def pairs(name: str) -> frozenset[str]:
    """The pairs of neighbouring signs of a name's core; the sign itself where there is only one."""
    return pairs_of(core(name))


def pairs_of(text: str) -> frozenset[str]:
    """As `pairs`, of a core."""
    return frozenset([text[at : at + 2] for at in range(len(text) - 1)]) or frozenset({text} - {""})


def alike(one: str, other: str) -> float:
    """Share of pairs that two names have in common, 0 … 1."""
    a, b = pairs(one), pairs(other)
    return len(a & b) / len(a | b) if a and b else 0.0


def of_values(
    register: Register, *, name: str, lon: float | None, lat: float | None, region: int | None, but: Iterable[int] = ()
) -> list[Double]:
    """Visible records that a new one of this name and place may be, the likeliest first.

    lon, lat  degrees; None where no place is known, then the same region is near
    but       numbers of records that are not looked at
    """
    store = stores.of(register)
    with store.lock:
        near = store.here & _near(store, lon, lat, region)
        wanted = core(name)
        if not wanted:
            return []
        candidates = np.flatnonzero(near)
        if candidates.size > 5_000:  # a crowded place: only names that share the beginning of the core
            candidates = np.flatnonzero(near & store.words.containing(wanted[:2], store.size))
        passed = set(but)
        found = []
        for slot in candidates.tolist():
            other = store.words.row(slot).split("\n", 1)[0]
            score = alike(name, other)
            if score >= ALIKE and int(store.pk[slot]) not in passed:
                found.append(Double(int(store.pk[slot]), "name" if lon is None else "near", score))
    found.sort(key=lambda double: -double.alike)
    return found[:MOST]


def _near(store: stores.Store, lon: float | None, lat: float | None, region: int | None) -> NDArray[np.bool_]:
    if lon is None or lat is None:
        return np.asarray(store.columns["region"] == (region or -1))
    dy = (store.columns["lat"] - lat) * DEGREE_M
    dx = (store.columns["lon"] - lon) * DEGREE_M * np.cos(np.radians(lat))
    lost = np.isnan(store.columns["lon"]) & (store.columns["region"] == (region or -1))
    with np.errstate(invalid="ignore"):
        return np.asarray((dx * dx + dy * dy <= NEAR_M**2) | lost)


def groups(register: Register, pks: Sequence[int], most: int = 100) -> list[list[int]]:
    """Records among these that are likely doubles, as groups of two or more: equal keys, or equal core and place."""
    seen: dict[Any, list[int]] = {}
    fields = ["pk", "name", "region_id", *(name for name in register.keys if name != "code")]
    for pk, name, region, *keys in register.model.present.filter(pk__in=list(pks)).values_list(*fields):
        if len(core(name)) > 1:
            seen.setdefault((region, core(name)), []).append(pk)
        for field, key in zip(register.keys, keys, strict=False):
            if key:
                seen.setdefault((field, str(key)), []).append(pk)
    found: dict[tuple[int, ...], None] = {}
    for group in seen.values():
        if len(group) > 1:
            found[tuple(sorted(group))] = None
    return [list(group) for group in found][:most]
