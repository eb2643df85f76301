"""Questions about notices."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from anlan.kernel.notices.models import Notice, State
from anlan.kernel.regions.scope import reach, within
from anlan.kernel.web.health import Health

#: W3: what was not delivered is shown to a person within this time.
SHOWN_WITHIN_S = 60

#: Every state but the last.
UNREAD = (State.WAITING, State.SENT, State.FAILED)

#: Who hears of notices that did not reach their reader, where they hold this verb.
WATCHES = "alarm.acknowledge"


def of_user(user: Any) -> QuerySet[Notice]:
    """Every notice of this person, newest first."""
    return Notice.objects.filter(to=user)


def unread(user: Any) -> int:
    """How many notices of this person were not read, sent or not; answered from the index over person and state."""
    return Notice.objects.filter(to=user, state__in=UNREAD).count()


def not_delivered(viewer: Any) -> QuerySet[Notice]:
    """Notices of anybody that could not be delivered, where the viewer watches over alarms; newest first."""
    inside = within(reach(viewer, WATCHES), "region_path")
    return Notice.objects.filter(inside, state=State.FAILED).select_related("to")


def health() -> Health:
    """Nothing waits longer than 60 s, and nothing of the last day was given up."""
    now: datetime = timezone.now()
    late = Notice.objects.filter(state=State.WAITING, created_at__lt=now - timedelta(seconds=SHOWN_WITHIN_S))
    oldest = late.order_by("created_at").values_list("created_at", flat=True).first()
    if oldest is not None:
        return Health(False, _("notices wait in the outbox: is the jobs process running?"), (now - oldest).seconds, "s")
    failed = Notice.objects.filter(state=State.FAILED, created_at__gt=now - timedelta(days=1)).count()
    return Health(failed == 0, _("notices were not delivered") if failed else "", failed, "rows")
