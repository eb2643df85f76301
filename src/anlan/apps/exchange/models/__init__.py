"""What the data catalogue and the exchange keep: by direction, each in its own module."""

from anlan.apps.exchange.models.catalogue import Card, Finding, FindingKind, Measure
from anlan.apps.exchange.models.incoming import Arrival, Door, Received, Source, Standing
from anlan.apps.exchange.models.outgoing import (
    Address,
    Allowed,
    Message,
    Mode,
    Outcome,
    State,
    Subscription,
    Taken,
    Way,
)
from anlan.apps.exchange.models.trouble import Trouble, TroubleKind

__all__ = [
    "Address",
    "Allowed",
    "Arrival",
    "Card",
    "Door",
    "Finding",
    "FindingKind",
    "Measure",
    "Message",
    "Mode",
    "Outcome",
    "Received",
    "Source",
    "Standing",
    "State",
    "Subscription",
    "Taken",
    "Trouble",
    "TroubleKind",
    "Way",
]
