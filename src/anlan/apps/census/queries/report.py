"""How complete and how sound the tables of the census are, by town and table."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import shapely
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from numpy.typing import NDArray

from anlan.apps.census.models import Building, DisasterEvent, TownCapacity
from anlan.apps.census.queries import grid as grids
from anlan.kernel.regions import queries as regions
from anlan.kernel.regions.models import Level, Region
from anlan.kernel.regions.scope import reach
from anlan.kernel.registers.columns import store as stores
from anlan.kernel.registers.columns.store import Store, is_empty
from anlan.kernel.registers.conditions import Question, mask
from anlan.kernel.registers.declarations import Register, of_model
from anlan.kernel.registers.info import Kind
from anlan.kernel.rulebook.queries import lookup
from anlan.science.areas import area_km2

#: Tables in the order of the report; all but the grid are registers of this code.
TABLES = ("grid", "building", "disaster-event", "town-capacity")
MODELS = {"building": Building, "disaster-event": DisasterEvent, "town-capacity": TownCapacity}


@dataclass(frozen=True, slots=True)
class Doubt:
    """Rows that one check finds doubtful: how many, in words, and the list of them where there is one."""

    words: str
    count: int
    query: str = ""


@dataclass(frozen=True, slots=True)
class Score:
    """One table in one town.

    records   rows
    complete  share of the expected values that are filled, 0 … 1; None without rows
    doubts    what the checks found
    missing   fields by how many rows lack them, the worst first: (label, rows)
    note      words for what is missing as a whole
    """

    records: int
    complete: float | None
    doubts: tuple[Doubt, ...] = ()
    missing: tuple[tuple[str, int], ...] = ()
    note: str = ""

    @property
    def doubtful(self) -> int:
        return sum(doubt.count for doubt in self.doubts)

    @property
    def quality(self) -> float | None:
        """0 … 100: completeness, less the share of rows that are doubtful."""
        if self.complete is None:
            return None
        return round(100 * self.complete * (1 - min(1.0, self.doubtful / max(self.records, 1))), 1)


@dataclass(frozen=True, slots=True)
class Line:
    """A town with its tables in the order of `TABLES`."""

    code: str
    name: str
    scores: tuple[Score, ...]


def report(actor: Any, now: datetime) -> list[Line]:
    """Every town that `actor` may see, by code."""
    paths = tuple(reach(actor, "census.see"))
    tree = regions.tree()
    towns = sorted(
        (node for node in tree.by_id.values() if node.level == Level.TOWN and _sees(paths, node.path)),
        key=lambda node: node.code,
    )
    tables = {code: _register_scores(code, towns, paths, now) for code in TABLES[1:]}
    grid = _grid_scores(towns, now)
    return [
        Line(town.code, town.name, (grid[at], *(tables[code][at] for code in TABLES[1:])))
        for at, town in enumerate(towns)
    ]


def _sees(paths: Sequence[str], path: str) -> bool:
    return any(path.startswith(prefix) for prefix in paths)


def rules_of(table: str, now: datetime) -> Mapping[str, Any]:
    """The body of the rule of one table."""
    return lookup("census", table, at=now, region=regions.root()).body


def _town_of(numbers: NDArray[np.int64], towns: Sequence[regions.Node]) -> NDArray[np.int64]:
    """Place of the town of each region number among `towns`, -1 for none."""
    nodes = regions.tree().by_id
    place = np.full(max([*nodes, int(numbers.max(initial=0))]) + 2, -1, np.int64)
    for number, node in nodes.items():
        for at, town in enumerate(towns):
            if node.path.startswith(town.path):
                place[number] = at
    return place[numbers]


# --- registers --------------------------------------------------------------------------------------------------------
def _register_scores(code: str, towns: Sequence[regions.Node], paths: tuple[str, ...], now: datetime) -> list[Score]:
    register = of_model(MODELS[code])
    assert register is not None
    rules = rules_of(code, now)
    store = stores.of(register)
    with store.lock:
        chosen = mask(store, Question(paths=paths)).copy()
        if years := rules.get("newest"):
            chosen &= store.columns["year"] > timezone.localtime(now).year - years
        slots = np.flatnonzero(chosen)
        town = _town_of(store.columns["region"][slots], towns)
        empty = {name: _empty(store, name, slots) for name in rules["expected"]}
        doubts = [(check, _doubtful(store, check, slots)) for check in _sides(rules["checks"])]
    infos = register.infos()
    scores = []
    for at, one in enumerate(towns):
        here = town == at
        rows = int(np.count_nonzero(here))
        lacking = {str(infos[name].label): int(np.count_nonzero(empty[name] & here)) for name in empty}
        asked = rows * max(len(empty), 1)
        found = tuple(
            Doubt(_title(check), n, _query(register, check, one.code))
            for check, wrong in doubts
            if (n := int(np.count_nonzero(wrong & here)))
        )
        missing = tuple(sorted(((label, n) for label, n in lacking.items() if n), key=lambda pair: -pair[1]))
        scores.append(Score(rows, 1 - sum(lacking.values()) / asked if rows else None, found, missing))
    return scores


def _empty(store: Store, name: str, slots: NDArray[np.int64]) -> NDArray[np.bool_]:
    return is_empty(store.register.info(name).kind, store.columns[name][slots])


def _doubtful(store: Store, check: Mapping[str, Any], slots: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which rows lie out of the bounds; those without the values, or over nothing, are not looked at."""
    values = store.columns[check["field"]][slots].astype(np.float64)
    known = ~_empty(store, check["field"], slots)
    if per := check.get("per"):
        below = store.columns[per][slots].astype(np.float64)
        known &= ~_empty(store, per, slots) & (below > 0)
        values = np.divide(values, below, out=np.zeros_like(values), where=known)
    wrong = np.zeros(slots.size, np.bool_)
    if check.get("least") is not None:
        wrong |= values < check["least"]
    if check.get("most") is not None:
        wrong |= values > check["most"]
    return np.asarray(wrong & known)


def _sides(checks: Sequence[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """Each check by one bound at a time, so that a list can show the rows beyond it."""
    for check in checks:
        for side, other in (("least", "most"), ("most", "least")):
            if check.get(side) is not None:
                yield {name: value for name, value in check.items() if name != other}


def _query(register: Register, check: Mapping[str, Any], town: str) -> str:
    """The list of the rows beyond a bound; "" for a ratio, which no filter says."""
    if check.get("per"):
        return ""
    step = 1.0 if register.info(check["field"]).kind is Kind.INTEGER else 0.01
    span = f"..{float(check['least']) - step:.10g}" if "least" in check else f"{float(check['most']) + step:.10g}.."
    return f"region={town}&{check['field']}={span}"


def _title(check: Mapping[str, Any]) -> str:
    return str(check["title_zh"] if (get_language() or "").startswith("zh") else check["title"])


# --- the grid ---------------------------------------------------------------------------------------------------------
def _grid_scores(towns: Sequence[regions.Node], now: datetime) -> list[Score]:
    grid = grids.in_force()
    if grid is None:
        return [Score(0, None, note=_("no grid in force")) for _town in towns]
    bounds = rules_of("grid", now)["people"]
    town = _town_of(grid.region, towns)
    areas = dict(_areas(towns))
    scores = []
    for at, one in enumerate(towns):
        rows = np.flatnonzero(town == at)
        if not rows.size:
            scores.append(Score(0, None, note=_("no cell in this town")))
            continue
        covered = _covered(grid, rows, areas.get(one.id))
        doubts = []
        if one.population:
            ratio = float(grid.night[rows].sum()) / one.population
            if not bounds["least"] <= ratio <= bounds["most"]:
                words = _("People by night are %(share).0f %% of the registered residents") % {"share": 100 * ratio}
                doubts.append(Doubt(words, int(rows.size)))
        if covered is not None and covered < bounds["covered"]:
            doubts.append(Doubt(_("Cells cover %(share).0f %% of the town") % {"share": 100 * covered}, 0))
        scores.append(Score(int(rows.size), 1.0 if covered is None else covered, tuple(doubts)))
    return scores


def _areas(towns: Sequence[regions.Node]) -> Iterable[tuple[int, float]]:
    """Area of each town in km², of those whose boundary is known."""
    rows = Region.objects.filter(pk__in=[town.id for town in towns], boundary__isnull=False)
    for pk, blob in rows.values_list("pk", "boundary"):
        yield pk, area_km2(shapely.from_wkb(bytes(blob or b"")))


def _covered(grid: grids.Grid, rows: NDArray[np.int64], area: float | None) -> float | None:
    """Share of a town that its cells cover, by one cell's size for all: cells of a county differ by a thousandth."""
    if not area:
        return None
    one = area_km2(grid.hexagons(rows[:1])[0])
    return min(1.0, rows.size * one / area)
