"""The registers of the census, by declaration."""

from .building import BUILDINGS
from .capacity import CAPACITIES
from .event import EVENTS

__all__ = ["BUILDINGS", "CAPACITIES", "EVENTS"]
