"""The registers of plant, tanks, stores and chemicals held."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from anlan.apps.sites.models import Chemical, Unit
from anlan.kernel.registers.declarations import Marks, Register, Section, View, declare

UNITS = declare(
    Register(
        code="unit",
        model=Unit,
        title=_("Plant, tanks and stores"),
        one=_("plant, tank or store"),
        group=_("Enterprises"),
        icon="tank",
        prefix="UNT",
        see="site.see",
        edit="site.edit",
        columns=("name", "kind", "enterprise", "medium", "volume", "built_on", "ageing", "state", "region"),
        sections=(
            Section(
                _("Basics"), ("code", "name", "enterprise", "installation", "kind", "state", "medium", "material")
            ),
            Section(_("Age"), ("built_on", "design_years", "ageing", "inspected_on", "inspect_by")),
            Section(
                _("Design"),
                ("volume", "bund_volume", "area", "height", "design_pressure", "working_pressure",
                 "design_temperature"),
            ),
            Section(_("Safeguards"), ("has_emergency_stop", "has_sis", "has_gas_alarm")),
            Section(_("Place"), ("region", "address", "lon", "lat", "outline", "remark")),
        ),
        filters=("kind", "region", "state", "ageing", "medium"),
        search=("medium",),
        parent="enterprise",
        units={
            "volume": "m³", "bund_volume": "m³", "area": "m²", "height": "m", "design_pressure": "MPa",
            "working_pressure": "MPa", "design_temperature": "℃",
        },
        views=(
            View("ageing", _("Ageing plant"), "ageing=1"),
            View("inspect", _("Inspection overdue"), "inspect_by=..-1d&state=in_use"),
        ),
        marks=Marks(
            group=_("Sources of danger"), icons={"": "tank", "warehouse": "warehouse", "process": "factory"},
            field="kind", minzoom=13.0, order=36,
        ),
        checks=("sites.unit",),
        effects=("sites.unit",),
        order=13,
    )
)  # fmt: skip

CHEMICALS = declare(
    Register(
        code="chemical",
        model=Chemical,
        title=_("Chemicals held"),
        one=_("chemical held"),
        group=_("Enterprises"),
        icon="leak",
        prefix="CHM",
        see="site.see",
        edit="site.edit",
        columns=("name", "cas", "enterprise", "unit", "design_max", "inventory", "inventory_at", "threshold"),
        sections=(
            Section(_("Basics"), ("code", "name", "cas", "un_number", "enterprise", "unit")),
            Section(_("GB 18218"), ("classes", "counting", "concentration", "threshold", "found_as")),
            Section(_("Quantity"), ("design_max", "inventory", "inventory_at")),
            Section(_("Supervision"), ("highly_toxic", "precursor", "key_supervised", "region", "remark")),
        ),
        filters=("region", "classes", "highly_toxic", "precursor", "key_supervised"),
        search=("cas", "un_number"),
        parent="enterprise",
        located=False,
        units={"design_max": "t", "inventory": "t", "threshold": "t", "concentration": "%"},
        views=(
            View("toxic", _("Highly toxic"), "highly_toxic=1"),
            View("unknown", _("Q not found"), "threshold=none"),
            View("stale", _("Inventory older than 30 days"), "inventory_at=..-30d"),
        ),
        checks=("sites.chemical",),
        effects=("sites.chemical",),
        order=14,
    )
)
