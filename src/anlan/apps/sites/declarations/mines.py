"""The registers of mines and tailings ponds."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from anlan.apps.sites.models import Mine, TailingsPond
from anlan.kernel.registers.declarations import Marks, Register, Section, View, declare

MINES = declare(
    Register(
        code="mine",
        model=Mine,
        title=_("Mines"),
        one=_("mine"),
        group=_("Sources of danger"),
        icon="mine",
        prefix="MIN",
        see="site.see",
        edit="site.edit",
        columns=("name", "kind", "mining", "region", "risk", "state", "mineral", "capacity", "head", "head_phone"),
        sections=(
            Section(_("Basics"), ("code", "name", "enterprise", "kind", "mining", "mineral", "state", "risk")),
            Section(
                _("Size of the mine"),
                ("capacity", "reserve", "depth", "slope_height", "underground", "exits"),
            ),
            Section(_("Dangers"), ("gas", "water", "locates_people")),
            Section(_("Place"), ("region", "address", "lon", "lat", "outline")),
            Section(_("Persons in charge"), ("head", "head_phone", "remark")),
        ),
        filters=("kind", "mining", "region", "risk", "state", "gas", "water"),
        search=("mineral", "address"),
        colour_by="risk",
        parent="enterprise",
        units={"capacity": "×10⁴ t/a", "reserve": "×10⁴ t", "depth": "m", "slope_height": "m"},
        sensitive={"head_phone": "phone"},
        views=(
            View("underground", _("Underground, producing"), "mining=underground,both&state=producing"),
            View("stopped", _("Stopped"), "state=stopped"),
        ),
        marks=Marks(group=_("Sources of danger"), icons={"": "mine"}, minzoom=8.0, order=31),
        order=21,
    )
)  # fmt: skip

TAILINGS_PONDS = declare(
    Register(
        code="tailings-pond",
        model=TailingsPond,
        title=_("Tailings ponds"),
        one=_("tailings pond"),
        group=_("Sources of danger"),
        icon="dam",
        prefix="TSF",
        see="site.see",
        edit="site.edit",
        columns=("name", "grade", "is_head_pond", "downstream_people", "region", "risk", "state", "height", "volume"),
        sections=(
            Section(
                _("Basics"),
                ("code", "name", "enterprise", "grade", "filed_grade", "state", "risk", "mineral", "built_on"),
            ),
            Section(
                _("Dam"),
                ("method", "volume", "stored", "height", "designed_height", "slope_ratio", "freeboard", "beach",
                 "flood_years"),
            ),
            Section(
                _("Downstream"),
                ("is_head_pond", "nearest_m", "downstream_people", "downstream_households", "downstream_what"),
            ),
            Section(_("Place"), ("region", "address", "lon", "lat", "outline")),
            Section(_("Persons in charge"), ("head", "head_phone", "official", "official_phone", "remark")),
        ),
        filters=("grade", "is_head_pond", "region", "risk", "state", "method"),
        search=("mineral", "address", "downstream_what"),
        colour_by="risk",
        parent="enterprise",
        units={
            "volume": "×10⁴ m³", "stored": "×10⁴ m³", "height": "m", "designed_height": "m", "freeboard": "m",
            "beach": "m", "nearest_m": "m",
        },
        sensitive={"head_phone": "phone", "official_phone": "phone"},
        views=(
            View("head", _("Head ponds"), "is_head_pond=1"),
            View("open", _("Not closed"), "state=in_use,building,stopped"),
        ),
        marks=Marks(group=_("Sources of danger"), icons={"": "dam"}, on=True, minzoom=8.0, order=29),
        checks=("sites.tailings_pond",),
        effects=("sites.tailings_pond",),
        order=22,
    )
)  # fmt: skip
