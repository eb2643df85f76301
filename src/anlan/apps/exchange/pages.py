"""The tabs of the exchange's pages: who sees which, with how much needs a look."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from anlan.apps.exchange.models import Received, Source, State, Subscription, Trouble
from anlan.apps.exchange.services.taking import OPEN
from anlan.kernel.people.rights import holds


def troubles(viewer: Any) -> int | None:
    """Interruptions that are open, where the viewer looks after the exchange; None for nobody and nothing."""
    if not holds(viewer, "exchange.see"):
        return None
    mine = Subscription.objects.for_actor(viewer, "exchange.see").values("pk")
    found = Trouble.objects.filter(closed_at=None)
    return (found.filter(subscription__in=mine) | found.filter(subscription=None)).count() or None


def tabs(viewer: Any, on: str) -> list[dict[str, Any]]:
    """Every page that the viewer may open, `on` the one that is shown."""
    found = [
        ("catalogue", _("Catalogue"), "exchange:catalogue", "catalogue.see", None),
        ("subscriptions", _("Subscriptions"), "exchange:subscriptions", "exchange.see", _waiting),
        ("taken", _("Who took what"), "exchange:taken", "exchange.see", None),
        ("inbox", _("Received"), "exchange:inbox", "exchange.receive", _to_take),
        ("sources", _("Sources"), "exchange:sources", "exchange.receive", None),
        ("troubles", _("Interruptions"), "exchange:troubles", "exchange.see", troubles),
        ("addresses", _("Addresses"), "exchange:addresses", "exchange.see", None),
    ]
    return [
        {"label": label, "url": url, "on": code == on, "n": count(viewer) if count else None}
        for code, label, url, verb, count in found
        if holds(viewer, verb)
    ]


def _waiting(viewer: Any) -> int | None:
    """Subscriptions that wait for a second person."""
    return Subscription.objects.for_actor(viewer, "exchange.see").filter(state=State.WAITING).count() or None


def _to_take(_viewer: Any) -> int | None:
    """Received records that nobody has decided about, of sources whose data does not go in by itself or did not fit."""
    opened = Source.objects.filter(enabled=True).values("pk")
    return Received.objects.filter(source__in=opened, standing__in=OPEN).count() or None
