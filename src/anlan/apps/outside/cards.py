"""The detail cards of the map: an earthquake, a hotspot."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from anlan.apps.outside.models import Hotspot, Quake
from anlan.apps.outside.queries.hotspots import hotspots_for
from anlan.apps.outside.queries.quakes import quakes_for
from anlan.kernel.layers.declarations import Act, Card, Figure
from anlan.kernel.people.rights import may
from anlan.kernel.web.formatting import bureau_time
from anlan.kernel.web.refs import address_of


def _row(rows: Any, text: str) -> Any:
    return rows.filter(pk=int(text)).first() if text.isascii() and text.isdigit() and len(text) < 19 else None


def quake_card(actor: Any, text: str) -> Card | None:
    """Magnitude, depth, distances, how sure it is, and whose word it is."""
    one: Quake | None = _row(quakes_for(actor), text)
    if one is None:
        return None
    page = reverse("outside:quake", args=[one.pk])
    return Card(
        title=str(one),
        lines=tuple(
            line for line in (bureau_time(one.at, seconds=True), sure_words(one), one.feed.attribution) if line
        ),
        state=_("taken back by its catalogue") if one.is_rejected else "",
        figures=(
            Figure(one.magnitude_type or _("Magnitude"), "?" if one.magnitude is None else f"{one.magnitude:.1f}"),
            Figure(_("Depth"), depth_words(one)),
            Figure(_("From the county"), km_words(one.county_km)),
            Figure(one.town or _("Nearest town"), km_words(one.town_km)),
            Figure(_("Since the origin"), since=one.at),
        ),
        acts=(Act(_("Revisions"), page, method="get", key="d", primary=True),),
        url=page,
        url_label=_("Open the earthquake"),
        lon=one.lon,
        lat=one.lat,
    )


def hotspot_card(actor: Any, text: str) -> Card | None:
    """How hot, how sure, how old; whose village; the check, or the way to order one."""
    one: Hotspot | None = _row(hotspots_for(actor), text)
    if one is None:
        return None
    page = reverse("outside:hotspot", args=[one.pk])
    acts = []
    if one.case is not None:
        acts.append(Act(one.case.number, address_of(one.case), method="get", key="e", primary=True))
    elif may(actor, "case.open", one.region):
        acts.append(Act(_("Have it checked"), f"{page}#check", method="get", key="e", primary=True))
    return Card(
        title=_("Hotspot, %(place)s") % {"place": one.region.name},
        lines=(f"{one.satellite} {one.instrument}".strip(), bureau_time(one.at), one.feed.attribution),
        state=_("check ordered") if one.case is not None else "",
        figures=(
            Figure(_("Radiative power"), "?" if one.frp is None else f"{one.frp:.1f}", "MW"),
            Figure(_("Confidence"), one.get_confidence_display()),
            Figure(_("Seen"), since=one.at),
        ),
        acts=tuple(acts),
        url=page,
        url_label=_("Open the hotspot"),
        lon=one.lon,
        lat=one.lat,
    )


def km_words(km: float | None) -> str:
    """A distance; inside is said in words."""
    if km is None:
        return "?"
    return _("inside") if km == 0 else f"{km:.0f} km" if km >= 10 else f"{km:.1f} km"


def depth_words(one: Quake) -> str:
    """The depth in km; as stated and doubted where it looks like kilometres written as metres."""
    if one.depth_m is None:
        return "?"
    if one.depth_doubt:
        return _("%(m)s m stated, doubtful") % {"m": f"{one.depth_m:g}"}
    return f"{one.depth_m / 1000:.1f} km"


def sure_words(one: Quake) -> str:
    """Who found it and how far it was looked at."""
    modes = {"automatic": _("automatic"), "manual": _("by a person")}
    states = {
        "preliminary": _("preliminary"), "confirmed": _("confirmed"), "reviewed": _("reviewed"), "final": _("final"),
        "rejected": _("taken back"),
    }  # fmt: skip
    parts = (one.agency, modes.get(one.mode, one.mode), states.get(one.status, one.status))
    return " · ".join(part for part in parts if part)
