"""Computes what follows from the rest of the demo, as the nightly job does: the census counts around the plants."""

from __future__ import annotations

from datetime import datetime

from anlan.apps.sites.services import nightly
from anlan.demo.county.model import County
from anlan.kernel.people.models import User

ORDER = 850


def fill(county: County, *, actor: User, now: datetime) -> None:
    """Compute once, after every app has entered its records."""
    nightly.settle_all(actor=actor, now=now)
