"""How many people fit into shelters, and how many are in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from anlan.apps.resources.models import Opening, Shelter
from anlan.apps.resources.models.shelters import RULES, ShelterKind
from anlan.kernel.regions import queries as regions
from anlan.kernel.rulebook.models import Entry
from anlan.kernel.rulebook.queries import NoRule, entries, lookup
from anlan.science.shelters import capacity

KIND = "shelter_type"


def rule_of(shelter: Shelter, at: datetime) -> Entry:
    """The entry that says how much space a person has in this shelter. Raises NoRule."""
    return lookup(KIND, RULES[ShelterKind(shelter.kind)], at=at, region=shelter.region)


def places_in(shelter: Shelter, at: datetime) -> tuple[int, Entry]:
    """How many people fit, and the entry that decides. Raises NoRule."""
    entry = rule_of(shelter, at)
    return int(capacity(shelter.usable_m2, entry.body["m2_per_person"])), entry


def capacities(shelters: Iterable[Shelter], at: datetime) -> Mapping[int, int]:
    """Places by shelter, by the rules of this installation; one without a rule is left out."""
    root = regions.root()
    rules = {entry.code: entry for entry in entries(KIND, at, root)} if root is not None else {}
    found = {}
    for shelter in shelters:
        rule = rules.get(RULES[ShelterKind(shelter.kind)])
        if rule is not None:
            found[shelter.pk] = int(capacity(shelter.usable_m2, rule.body["m2_per_person"]))
    return found


def seen_shelters(actor: Any) -> QuerySet[Shelter]:
    """Shelters that the actor may look at."""
    return Shelter.objects.for_actor(actor, "resource.see").select_related("region")


def open_now(shelters: Iterable[int]) -> dict[int, Opening]:
    """The running opening of each of these shelters that is open."""
    found = Opening.records.filter(shelter__in=list(shelters), closed_at=None)
    return {opening.shelter_id: opening for opening in found}


def openings(actor: Any) -> QuerySet[Opening]:
    """Openings in the actor's regions, the latest first."""
    return Opening.objects.for_actor(actor, "resource.see").select_related("shelter", "region", "opened_by")


__all__ = ["NoRule", "capacities", "open_now", "openings", "places_in", "rule_of", "seen_shelters"]
