"""What the parts of this app tell each other at start: what answers a clause, what a score sheet is computed of."""

from __future__ import annotations

from anlan.apps.goals.queries import answering
from anlan.apps.goals.services import values


def register() -> None:
    """Called once at start."""
    answering.register()
    values.register_family("indicator", values.measured)
