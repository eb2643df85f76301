"""Who may see which row of this room."""

from __future__ import annotations

from typing import Any

from anlan.apps.warning.models import Draft, Message, Standing
from anlan.apps.warning.queries import messages as queries
from anlan.kernel.people.rights import may
from anlan.kernel.regions import queries as regions


def looks_after(actor: Any) -> bool:
    """Whether somebody sees what was set aside, sources and senders: they belong to the whole installation."""
    return may(actor, "warning.aside", regions.root())


def message(actor: Any, row: Message) -> bool:
    """A warning by its places; anything else only for those who look after it."""
    if row.standing != Standing.TAKEN:
        return looks_after(actor)
    return queries.visible(actor).filter(pk=row.pk).exists()


def draft(actor: Any, row: Draft) -> bool:
    """Whoever may write or issue where it is about."""
    return may(actor, "warning.draft", row.region) or may(actor, "warning.issue", row.region)
