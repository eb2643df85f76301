"""The registers of resources, a module a family; importing it declares them all."""

from anlan.apps.resources.declarations.forces import (
    EXPERTS,
    FIRE_STATIONS,
    TEAM_EQUIPMENT,
    TEAM_VEHICLES,
    TEAMS,
    VOLUNTEER_GROUPS,
)
from anlan.apps.resources.declarations.stores import LANDING_PLACES, MACHINES, RESERVES, SHELTERS, STORES

__all__ = [
    "EXPERTS",
    "FIRE_STATIONS",
    "LANDING_PLACES",
    "MACHINES",
    "RESERVES",
    "SHELTERS",
    "STORES",
    "TEAMS",
    "TEAM_EQUIPMENT",
    "TEAM_VEHICLES",
    "VOLUNTEER_GROUPS",
]
