"""What the risk census (风险普查) counted: people on a grid, buildings, disasters of the past, capacities."""

from .building import Building, Structure, Use
from .capacity import TownCapacity
from .event import DisasterEvent, Hazard
from .grid import Cell, Edition, EditionState
from .taking import Taking, TakingState

__all__ = [
    "Building", "Cell", "DisasterEvent", "Edition", "EditionState", "Hazard", "Structure", "Taking", "TakingState",
    "TownCapacity", "Use",
]  # fmt: skip
