"""What the rulebook asks of towns and villages, what is there, what is missing: teams, supplies, places in shelters."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from anlan.apps.resources.models import Balance, Shelter, Store, Team
from anlan.apps.resources.models.forces import Rank
from anlan.apps.resources.quantities import SCALE
from anlan.apps.resources.queries.shelters import capacities
from anlan.apps.resources.queries.supplies import inside, supplies
from anlan.kernel.people.rights import EVERYWHERE, reach
from anlan.kernel.regions import queries as regions
from anlan.kernel.regions.models import Level
from anlan.kernel.regions.queries import Node
from anlan.kernel.rulebook.models import Entry
from anlan.kernel.rulebook.queries import entries
from anlan.science.norms import Norm, Per, Standing, lacking, need, standing

#: Norm of the members of the teams of each rank.
TEAM_RULES: dict[str, str] = {Rank.TOWN: "TEAM-TOWN", Rank.VILLAGE: "TEAM-VILLAGE"}
SHELTER_SHARE = "SHELTER-SHARE"
LEVELS = {Level.TOWN: Rank.TOWN, Level.VILLAGE: Rank.VILLAGE}


@dataclass(frozen=True, slots=True)
class Gap:
    """One norm in one place.

    entry     the rule that asks
    needed    at least; None where it cannot be said because the head count is not known
    most      at most, None without such a bound
    there     what was found
    missing   None as `needed`
    """

    place: Node
    entry: Entry
    needed: float | None
    most: float | None
    there: float
    missing: float | None
    standing: Standing | None

    @property
    def unit(self) -> str:
        return str(self.entry.body.get("unit_zh") or self.entry.body["unit"])


def places(actor: Any, level: str, under: str = "") -> list[Node]:
    """Regions of a level that the actor may look into, inside the one of code `under` if it is given."""
    tree = regions.tree()
    allowed = reach(actor, "resource.see")
    above = tree.by_code.get(under)
    return [
        node
        for node in tree.by_code.values()
        if node.level == level
        and any(prefix == EVERYWHERE or node.path.startswith(prefix) for prefix in allowed)
        and (above is None or node.path.startswith(above.path))
    ]


def norms(at: datetime) -> dict[str, Entry]:
    """Every norm that decides in this installation at a moment, by code."""
    root = regions.root()
    return {entry.code: entry for entry in entries("norm", at, root)} if root is not None else {}


def gaps(actor: Any, level: str, at: datetime, *, under: str = "") -> list[Gap]:
    """Every norm that speaks of places of a level, for each of them in the order of their codes."""
    nodes = places(actor, level, under)
    rules = norms(at)
    found: list[Gap] = []
    team = rules.get(TEAM_RULES[LEVELS[Level(level)]])
    members = _sums(nodes, _members(LEVELS[Level(level)]))
    stock_rules = [rule for rule in rules.values() if rule.body.get("supply") and rule.body.get("place") == level]
    stocked = _stocked(nodes, stock_rules, at)
    share = rules.get(SHELTER_SHARE) if level == Level.TOWN else None
    shelter_places = _sums(nodes, _shelter_places(at)) if share is not None else {}
    for node in nodes:
        if team is not None:
            found.append(gap(node, team, members.get(node.id, 0)))
        if share is not None:
            found.append(gap(node, share, shelter_places.get(node.id, 0)))
        found += [gap(node, rule, stocked[rule.code].get(node.id, 0)) for rule in stock_rules]
    return found


def gap(place: Node, entry: Entry, there: float) -> Gap:
    """What a norm asks of one place against what is there; a norm by person needs the head count of the place."""
    norm = Norm.of(entry.body)
    count: float | None = 1.0 if norm.per is Per.PLACE else place.population
    if count is None or norm.least is None:
        return Gap(place, entry, None, norm.most, there, None, None)
    needed = float(need(norm, count))
    how = standing(norm, there, count) if count else None
    return Gap(place, entry, needed, norm.most, there, float(lacking(needed, there)), how)


def team_standing(team: Team, at: datetime) -> tuple[Entry, Standing] | None:
    """How one team stands to the norm of its rank; None for a rank without one."""
    code = TEAM_RULES.get(Rank(team.rank))
    entry = norms(at).get(code) if code else None
    return (entry, standing(Norm.of(entry.body), team.members)) if entry is not None else None


def _sums(nodes: Iterable[Node], amounts: Iterable[tuple[str, float]]) -> dict[int, float]:
    """Amounts at paths of regions, summed into the places that they lie in."""
    by_path = {node.path: node.id for node in nodes}
    sums: dict[int, float] = defaultdict(float)
    for path, amount in amounts:
        for prefix in regions.prefixes(path):
            if prefix in by_path:
                sums[by_path[prefix]] += amount
    return sums


def _members(rank: str) -> Iterable[tuple[str, float]]:
    return Team.present.filter(rank=rank).values_list("region__path", "members")


def _shelter_places(at: datetime) -> list[tuple[str, float]]:
    shelters = list(Shelter.present.select_related("region"))
    room = capacities(shelters, at)
    return [(shelter.region.path, float(room[shelter.pk])) for shelter in shelters if shelter.pk in room]


def _stocked(nodes: list[Node], rules: Iterable[Entry], at: datetime) -> Mapping[str, dict[int, float]]:
    """By norm and place, how much of its class lies in stores there, the reserved too."""
    classes = supplies(at)
    lying = list(
        Balance.objects.filter(milli__gt=0, store__in=Store.present.values("pk")).values_list(
            "store__region__path", "lot__item__supply", "milli"
        )
    )
    found = {}
    for rule in rules:
        kinds = inside(rule.body["supply"], classes)
        found[rule.code] = _sums(nodes, [(path, milli / SCALE) for path, supply, milli in lying if supply in kinds])
    return found
