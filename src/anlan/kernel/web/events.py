"""Tell open pages that something changed."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Protocol

from anlan.kernel.web.models import Event


class Placed(Protocol):
    """Anything with the path of a region."""

    path: str


class Known(Protocol):
    """Anything with the number of a user."""

    pk: Any


def publish(
    kind: str,
    *,
    ref: str = "",
    region: Placed | None = None,
    verb: str = "",
    user: Known | None = None,
    at: datetime,
    data: dict[str, Any] | None = None,
) -> Event:
    """Write one event in the running transaction: browsers hear of it after the commit, and not without one.

    kind    "alarm.raised", "case.moved", "notice.new" …
    region  where; only people whose right `verb` reaches there hear of it
    verb    the right needed to hear of it; blank tells every signed-in user
    user    set: this user alone hears it
    at      aware time of the change
    data    small and free of personal data: level, title, sound
    """
    return Event.objects.create(
        at=at,
        kind=kind,
        ref=ref,
        region_path=region.path if region is not None else "",
        verb=verb,
        user_id=user.pk if user is not None else None,
        data=data or {},
    )
