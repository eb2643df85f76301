"""Which desks stand in the rail, with how much waits at each, and the figures of the bar."""

from __future__ import annotations

from typing import Any

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from anlan.kernel.desks import sources
from anlan.kernel.duties import presence
from anlan.kernel.regions import queries as regions
from anlan.kernel.registers.pages import register_page
from anlan.kernel.web.nav import register_desk, register_figure


def unanswered(viewer: Any) -> int | None:
    """Open alarms that nobody has acknowledged, without late discoveries and what is shelved."""
    rows = sources.open_alarms(viewer).filter(
        exercise=False, acknowledged_at=None, retrospective=False, shelved_until=None
    )
    return rows.count() or None


def waiting(viewer: Any) -> int | None:
    """Open cases whose move is this person's or this person's unit's."""
    mine = Q(assignee=viewer)
    if viewer.department_id:
        mine |= Q(unit_id=viewer.department_id)
    return sources.open_cases(viewer).filter(mine).count() or None


def standing(viewer: Any) -> list[presence.OnDuty]:
    """Everyone on duty now: by the roster in force, else by the posts.

    Asked once a request: kept with its user, as Django keeps what that may do.
    """
    if not hasattr(viewer, "_standing"):
        root = regions.tree().root()
        viewer._standing = presence.on_duty(root, timezone.now()) if root is not None else []
    found: list[presence.OnDuty] = viewer._standing
    return found


def on_duty(viewer: Any) -> str:
    """Name of the duty officer now; blank when there is none."""
    return next((one.person.name for one in standing(viewer) if one.role == "duty_officer"), "")


def bureau(_viewer: Any) -> str:
    """The bureau by the place that it answers for; blank before anything is planted."""
    root = regions.tree().root()
    return gettext("%(place)s Emergency Management Bureau") % {"place": root.name} if root else ""


def register() -> None:
    register_desk("map", _("Map"), "map", "desks:map", verb="alarm.see", order=10)
    register_desk("duty", _("Duty desk"), "duty", "desks:duty", verb="alarm.acknowledge", order=20, badge=unanswered)
    register_desk("work", _("My work"), "work", "desks:work", verb="case.see", order=30, badge=waiting)
    register_desk("chains", _("Chains"), "chain", "desks:chains", verb="chain.see", order=35, phone=False)
    register_desk("registers", _("Registers"), "register", "registers:index", verb="site.see", order=40)
    register_page("regions", _("Regions"), "borders:index", "region.manage")
    register_figure("on_duty", on_duty)
    register_figure("bureau", bureau)
