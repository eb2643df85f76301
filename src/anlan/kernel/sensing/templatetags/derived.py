"""`{% load derived %}`: how a point is computed, and what is computed from it."""

from __future__ import annotations

from typing import Any

from django import template
from django.utils import timezone

from anlan.kernel.people.rights import may
from anlan.kernel.sensing.derived import queries
from anlan.kernel.sensing.models import DERIVED_SENDER, Point

register = template.Library()


@register.inclusion_tag("sensing/derived_panel.html", takes_context=True)
def derived_panel(context: template.Context, point: Point) -> dict[str, Any]:
    """The sections of a point's page that say how it is computed and what is computed from it."""
    user = context["request"].user
    derived = point.device.code == DERIVED_SENDER
    return {
        "account": queries.account_of(point, user, timezone.now()) if derived else None,
        "users": [] if point.exercise else queries.users_of(point, user),
        "point": point,
        "may_manage": may(user, "device.manage", point.region),
        "csrf_token": context.get("csrf_token"),
    }


@register.filter
def figure(value: float | None) -> str:
    """A parameter as short as it can be written; "—" for none."""
    return "—" if value is None else f"{value:g}"
