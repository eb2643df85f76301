"""Tables of warnings: sources and senders, messages with their places and references, and our own drafts."""

from anlan.apps.warning.models.drafts import Draft, DraftKind, DraftState
from anlan.apps.warning.models.messages import Message, MessageStatus, Place, Reached, Reference, Standing
from anlan.apps.warning.models.sources import Seen, Sender, SenderStanding, Signature, Source

__all__ = [
    "Draft", "DraftKind", "DraftState", "Message", "MessageStatus", "Place", "Reached", "Reference", "Seen", "Sender",
    "SenderStanding", "Signature", "Source", "Standing",
]  # fmt: skip
