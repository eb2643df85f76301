"""The registers of fireworks shops and filling stations."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from anlan.apps.sites.models import FillingStation, FireworksShop
from anlan.kernel.registers.declarations import Marks, Register, Section, View, declare

FIREWORKS_SHOPS = declare(
    Register(
        code="fireworks-shop",
        model=FireworksShop,
        title=_("Fireworks shops"),
        one=_("fireworks shop"),
        group=_("Sources of danger"),
        icon="firework",
        prefix="FWK",
        see="site.see",
        edit="site.edit",
        columns=("name", "kind", "region", "risk", "stock_boxes", "licence_until", "head", "head_phone"),
        sections=(
            Section(_("Basics"), ("code", "name", "enterprise", "kind", "risk", "licence_until")),
            Section(_("Shop"), ("area", "stock_boxes", "charge_kg", "apart_m", "only_shop", "extinguishers")),
            Section(_("Place"), ("region", "address", "lon", "lat")),
            Section(_("Persons in charge"), ("head", "head_phone", "remark")),
        ),
        filters=("kind", "region", "risk", "only_shop", "licence_until"),
        search=("address",),
        colour_by="risk",
        parent="enterprise",
        units={"area": "m²", "charge_kg": "kg", "apart_m": "m"},
        sensitive={"head_phone": "phone"},
        views=(
            View("ending", _("Licence ends within 30 days"), "licence_until=today..+30d"),
            View("ended", _("Licence ended"), "licence_until=..-1d"),
            View("dwelling", _("Dwelling under the same roof"), "only_shop=0"),
        ),
        marks=Marks(group=_("Sources of danger"), icons={"": "firework"}, minzoom=10.2, order=33),
        order=23,
    )
)

FILLING_STATIONS = declare(
    Register(
        code="filling-station",
        model=FillingStation,
        title=_("Filling stations"),
        one=_("filling station"),
        group=_("Sources of danger"),
        icon="fire",
        prefix="FIL",
        see="site.see",
        edit="site.edit",
        columns=("name", "fuels", "grade", "region", "risk", "tank_volume", "licence_until", "head", "head_phone"),
        sections=(
            Section(_("Basics"), ("code", "name", "enterprise", "fuels", "grade", "brand", "risk", "licence_until")),
            Section(
                _("Equipment"),
                ("tanks", "tank_volume", "double_walled", "dispensers", "vapour_recovery", "charging"),
            ),
            Section(_("Place"), ("region", "address", "lon", "lat")),
            Section(_("Persons in charge"), ("head", "head_phone", "remark")),
        ),
        filters=("fuels", "grade", "region", "risk", "brand", "double_walled"),
        search=("address", "brand"),
        colour_by="risk",
        parent="enterprise",
        units={"tank_volume": "m³"},
        sensitive={"head_phone": "phone"},
        views=(
            View("ending", _("Licence ends within 90 days"), "licence_until=today..+90d"),
            View("single", _("Single-walled tanks"), "double_walled=0"),
        ),
        marks=Marks(group=_("Sources of danger"), icons={"": "fire"}, minzoom=10.2, order=32),
        order=24,
    )
)
