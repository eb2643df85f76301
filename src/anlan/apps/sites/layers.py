"""What the map draws of the register of sites: sources of danger, and what helps against them."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from anlan.apps.sites.declarations import SITES
from anlan.apps.sites.models import SiteKind
from anlan.kernel.layers.from_register import declare_register_layer

#: Icon of the sprite for each kind of site.
ICONS: dict[str, str] = {
    "": "site",
    SiteKind.CHEMICAL: "factory",
    SiteKind.TAILINGS: "dam",
    SiteKind.MINE: "mine",
    SiteKind.FILLING: "fire",
    SiteKind.FIREWORKS: "firework",
    SiteKind.DUST: "dust",
    SiteKind.AMMONIA: "snow",
    SiteKind.WAREHOUSE: "warehouse",
    SiteKind.SCHOOL: "school",
    SiteKind.HOSPITAL: "cross",
    SiteKind.SHELTER: "house",
    SiteKind.SLOPE: "slope",
    SiteKind.HYDRO: "wave",
    SiteKind.RAIN: "rain",
}

MAJOR = declare_register_layer(
    SITES,
    code="sites-major",
    title=_("Chemical, tailings and mines"),
    group=_("Sources of danger"),
    icons=ICONS,
    field="kind",
    values=(SiteKind.CHEMICAL, SiteKind.TAILINGS, SiteKind.MINE),
    order=30,
)
SMALL = declare_register_layer(
    SITES,
    code="sites-small",
    title=_("Other enterprises"),
    group=_("Sources of danger"),
    icons=ICONS,
    field="kind",
    values=(
        SiteKind.FILLING, SiteKind.FIREWORKS, SiteKind.DUST, SiteKind.AMMONIA, SiteKind.WAREHOUSE, SiteKind.OTHER,
    ),
    minzoom=10.2,
    order=31,
)  # fmt: skip
SLOPES = declare_register_layer(
    SITES,
    code="sites-slopes",
    title=_("Geological hazard points"),
    group=_("Sources of danger"),
    icons=ICONS,
    field="kind",
    values=(SiteKind.SLOPE,),
    minzoom=10.2,
    order=32,
)
HELP = declare_register_layer(
    SITES,
    code="sites-help",
    title=_("Shelters and hospitals"),
    group=_("Help and refuge"),
    icons=ICONS,
    field="kind",
    values=(SiteKind.SHELTER, SiteKind.HOSPITAL),
    minzoom=9.0,
    order=40,
)
CROWDS = declare_register_layer(
    SITES,
    code="sites-crowds",
    title=_("Schools"),
    group=_("Help and refuge"),
    icons=ICONS,
    field="kind",
    values=(SiteKind.SCHOOL,),
    minzoom=10.2,
    order=41,
)
