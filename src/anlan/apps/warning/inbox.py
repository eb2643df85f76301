"""What warnings bring to the duty desk, to my work and to a chain's story."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from anlan.apps.warning.models import Draft, DraftState, Message
from anlan.apps.warning.queries import messages as queries
from anlan.apps.warning.telling import url_of
from anlan.apps.warning.words import type_words
from anlan.kernel.audit.models import Entry
from anlan.kernel.chains.models import Chain
from anlan.kernel.chains.timeline import Proof, Step
from anlan.kernel.desks.inbox import LIMIT, Item
from anlan.kernel.web.refs import ref_of


def items(viewer: Any, now: datetime) -> Iterator[Item]:
    """Warnings in force that no duty desk has taken note of, and drafts that wait for the viewer as second person."""
    for message in queries.waiting_to_be_noted(viewer, now).order_by("level", "-sent")[:LIMIT]:
        yield Item(
            ref=ref_of(message), url=url_of(message), kind="warning", title=str(message), place=message.area_words,
            state=type_words(message), level=message.level, at=message.sent or message.came_at, quiet=False,
            marks=() if message.signed else (_("not signed"),),
        )  # fmt: skip
    rows = Draft.objects.for_actor(viewer, "warning.issue", exercise=None).filter(state=DraftState.PROPOSED)
    for draft in rows.select_related("region").defer("region__boundary")[:LIMIT]:
        if viewer.pk not in draft.writers:
            yield Item(
                ref=ref_of(draft), url=reverse("warning:draft", args=[draft.pk]), kind="warning",
                title=draft.headline, place=draft.region.name, state=draft.get_state_display(), level=draft.level,
                at=draft.proposed_at or draft.written_at, quiet=True, mine=True,
                marks=(_("exercise"),) if draft.exercise else (),
            )  # fmt: skip


def badge(viewer: Any) -> int | None:
    """How many warnings wait to be noted."""
    return queries.waiting_to_be_noted(viewer, timezone.now()).count() or None


def steps(chain: Chain, viewer: Any) -> Iterator[Step]:
    """A chain's warnings: the one that began it and all that followed in its thread, as far as the viewer sees them."""
    threads = Message.objects.filter(chain=chain).values("thread")
    for message in queries.visible(viewer).filter(thread__in=threads).order_by("sent", "id"):
        yield Step(
            at=message.sent or message.came_at, title=f"{type_words(message)}: {message}",
            detail=message.area_words, who=message.sender_name or message.sender, level=message.level, mark="level",
            proofs=(Proof(_("Open the warning"), url_of(message), "file"),), order=1,
        )  # fmt: skip
    refs = [ref_of(one) for one in Message.objects.filter(chain=chain).only("id")]
    for entry in Entry.objects.filter(verb="warning.chain", ref__in=refs):
        yield Step(at=entry.at, title=_("Chain opened from a warning"), who=entry.actor_name, mark="decision", order=3)
