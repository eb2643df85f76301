"""What the bureau can send, hand out and open: forces, stores, places, the stock ledger, requisitions, shelters."""

from anlan.apps.resources.models.forces import (
    Expert,
    FireStation,
    Readiness,
    Skill,
    Team,
    TeamEquipment,
    TeamVehicle,
    VolunteerGroup,
)
from anlan.apps.resources.models.ledger import Account, Balance, Document, Item, Line, Lot, Posting, Sort
from anlan.apps.resources.models.openings import Guest, Opening, Passage
from anlan.apps.resources.models.requisitions import Requisition, Stage
from anlan.apps.resources.models.shelters import Shelter
from anlan.apps.resources.models.stores import LandingPlace, Machine, Reserve, Store

__all__ = [
    "Account",
    "Balance",
    "Document",
    "Expert",
    "FireStation",
    "Guest",
    "Item",
    "LandingPlace",
    "Line",
    "Lot",
    "Machine",
    "Opening",
    "Passage",
    "Posting",
    "Readiness",
    "Requisition",
    "Reserve",
    "Shelter",
    "Skill",
    "Sort",
    "Stage",
    "Store",
    "Team",
    "TeamEquipment",
    "TeamVehicle",
    "VolunteerGroup",
]
