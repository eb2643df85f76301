"""The detail cards of carriers and fences on the map."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from anlan.apps.tracks.models import Carrier, FenceKind, Watch
from anlan.apps.tracks.queries import fences
from anlan.apps.tracks.queries.carriers import carrier_of, carriers_for, seen, shown
from anlan.apps.tracks.queries.drawn import broken
from anlan.apps.tracks.rules import rules
from anlan.apps.tracks.services.looks import looked
from anlan.kernel.layers.declarations import Act, Card, Figure, Line
from anlan.kernel.web.formatting import bureau_time
from anlan.kernel.web.refs import label_of, may_see, url_of


def carrier_card(actor: Any, code: str) -> Card | None:
    """A carrier where it is now; None for one that is not there or not the actor's."""
    found = carrier_of(actor, code)
    if found is None:
        return None
    now = timezone.now()
    (one,) = seen([found], actor, rules(now), now)
    # Once it is not shared any more, the last place of a phone is history, which the trail's page tells.
    on_map = not found.personal or carriers_for(actor).filter(shown(now), pk=found.pk).exists()
    looked(found, actor=actor, now=now, what="map", again=False)
    lines = [f"{found.get_kind_display()} · {found.region}"]
    if found.unit_ref and may_see(actor, found.unit_ref):
        lines.append(label_of(found.unit_ref))
    if one.doubt:
        lines.append(
            f"{one.doubt} · {bureau_time(one.doubt_at, seconds=True)}" if one.doubt_at else one.doubt
        )  # fmt: skip
    figures = [Figure(_("Last place"), since=one.at, silent=one.old)]
    if one.speed_kmh is not None and not one.old:
        figures.append(Figure(_("Speed"), f"{one.speed_kmh:.0f}", "km/h"))
    if one.course_deg is not None and not one.old:
        figures.append(Figure(_("Course"), f"{one.course_deg:.0f}", "°"))
    if one.accuracy_m is not None:
        figures.append(Figure(_("Accuracy"), f"± {one.accuracy_m:.0f}", "m"))
    return Card(
        title=one.name,
        lines=tuple(lines),
        level=one.level,
        state=_("old") if one.old else "",
        figures=tuple(figures),
        table=tuple(_fence_lines(found, actor)),
        url=reverse("tracks:carrier", args=[found.code]),
        url_label=_("Trail and positions"),
        acts=_acts(found, actor),
        lon=one.lon if on_map else None,
        lat=one.lat if on_map else None,
    )


def _fence_lines(carrier: Carrier, actor: Any) -> list[Line]:
    mine = fences.fences_for(actor).values("pk")
    rows = Watch.objects.filter(carrier=carrier, ended_at=None, fence__in=mine).select_related("fence")
    levels = broken([one.fence_id for one in rows])
    return [
        Line(
            one.fence.name, one.fence.get_kind_display(), level=levels.get(one.fence_id),
            url=reverse("tracks:fence", args=[one.fence_id]),
        )
        for one in rows
    ]  # fmt: skip


def _acts(carrier: Carrier, actor: Any) -> tuple[Act, ...]:
    if not carrier.unit_ref or not may_see(actor, carrier.unit_ref):
        return ()
    return (Act(_("Its unit"), url_of(carrier.unit_ref), method="get"),)


def fence_card(actor: Any, id_: str) -> Card | None:
    """A fence with the carriers that it holds."""
    found = fences.fence_of(actor, int(id_)) if id_.isdecimal() and len(id_) < 10 else None
    if found is None:
        return None
    hours = f"{found.begins:%H:%M} – {found.ends:%H:%M}" if found.begins and found.ends else _("at all times")
    return Card(
        title=found.name,
        lines=(f"{FenceKind(found.kind).label} · {hours}", str(found.region)),
        level=broken([found.pk]).get(found.pk),
        figures=(Figure(_("Carriers"), str(found.held)),),
        url=reverse("tracks:fence", args=[found.pk]),
        url_label=_("Carriers and alarms of this fence"),
        lon=found.lon,
        lat=found.lat,
    )
