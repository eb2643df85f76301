"""The demo's forces and supplies: teams, experts, stations, stores with a year of documents, a requisition, a shelter.

Everything is entered by the verbs of the app; names, places and amounts come from the seed of the county.
"""

from __future__ import annotations

from datetime import datetime

from anlan.demo.county.model import County
from anlan.demo.fill.resources import forces, in_use, stock, stores
from anlan.demo.fill.resources.clerk import Clerk
from anlan.kernel.people.models import User

ORDER = 200


def fill(county: County, *, actor: User, now: datetime) -> None:
    """Registers first, then a year of stock documents, requisitions and an open shelter."""
    clerk = Clerk(county, actor, now)
    forces.teams(clerk)
    forces.people(clerk)
    places = stores.stores(clerk)
    machines, reserves = stores.machines(clerk), stores.reserves(clerk)
    shelters = stores.shelters(clerk)
    stock.fill(clerk, places)
    in_use.requisitions(clerk, machines, reserves)
    in_use.openings(clerk, shelters)
