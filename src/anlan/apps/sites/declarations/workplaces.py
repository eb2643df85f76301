"""The registers of dust sites, confined spaces, ammonia refrigeration and metal furnaces."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from anlan.apps.sites.models import AmmoniaSystem, ConfinedSpace, DustSite, MetalFurnace
from anlan.kernel.registers.declarations import Marks, Register, Section, View, declare

DUST_SITES = declare(
    Register(
        code="dust-site",
        model=DustSite,
        title=_("Dust sites"),
        one=_("dust site"),
        group=_("Dangerous places of work"),
        icon="dust",
        prefix="DST",
        see="site.see",
        edit="site.edit",
        columns=("name", "dust", "enterprise", "process", "workers", "collection", "risk", "region"),
        sections=(
            Section(_("Basics"), ("code", "name", "enterprise", "dust", "process", "workers", "risk")),
            Section(_("Building"), ("area", "storeys")),
            Section(
                _("Safeguards"),
                ("collection", "collectors", "relief", "spark_detection", "cleaned_every"),
            ),
            Section(_("Place"), ("region", "address", "lon", "lat", "remark")),
        ),
        filters=("dust", "region", "risk", "collection", "relief"),
        search=("process",),
        colour_by="risk",
        parent="enterprise",
        units={"area": "m²"},
        views=(
            View("crowded", _("Ten people or more"), "workers=10.."),
            View("relief", _("Without explosion relief"), "relief=0"),
        ),
        marks=Marks(group=_("Sources of danger"), icons={"": "dust"}, minzoom=11.0, order=37),
        order=30,
    )
)

CONFINED_SPACES = declare(
    Register(
        code="confined-space",
        model=ConfinedSpace,
        title=_("Confined spaces"),
        one=_("confined space"),
        group=_("Dangerous places of work"),
        icon="lock",
        prefix="CFS",
        see="site.see",
        edit="site.edit",
        columns=("name", "kind", "number", "enterprise", "dangers", "entries_a_year", "contracted", "risk", "region"),
        sections=(
            Section(_("Basics"), ("code", "name", "enterprise", "kind", "number", "dangers", "risk")),
            Section(_("Work inside"), ("work", "entries_a_year", "contracted")),
            Section(_("Safeguards"), ("signed", "locked", "has_detector", "has_breathing", "has_winch")),
            Section(_("Place"), ("region", "address", "lon", "lat", "remark")),
        ),
        filters=("kind", "dangers", "region", "risk", "contracted", "signed", "has_detector"),
        search=("work",),
        colour_by="risk",
        parent="enterprise",
        views=(
            View("unsigned", _("Without warning sign"), "signed=0"),
            View("untested", _("Without gas tester"), "has_detector=0"),
        ),
        marks=Marks(group=_("Sources of danger"), icons={"": "lock"}, minzoom=12.0, order=38),
        order=31,
    )
)

AMMONIA_SYSTEMS = declare(
    Register(
        code="ammonia-system",
        model=AmmoniaSystem,
        title=_("Ammonia refrigeration"),
        one=_("ammonia refrigeration system"),
        group=_("Dangerous places of work"),
        icon="snow",
        prefix="NHR",
        see="site.see",
        edit="site.edit",
        columns=("name", "use", "enterprise", "charge", "built_on", "direct_in_workrooms", "risk", "region"),
        sections=(
            Section(_("Basics"), ("code", "name", "enterprise", "use", "charge", "built_on", "risk")),
            Section(_("Equipment"), ("receivers", "receiver_volume", "quick_freezer", "pipes_inspected_on")),
            Section(_("Safeguards"), ("workers", "direct_in_workrooms", "detectors", "has_spray")),
            Section(_("Place"), ("region", "address", "lon", "lat", "remark")),
        ),
        filters=("use", "region", "risk", "direct_in_workrooms"),
        colour_by="risk",
        parent="enterprise",
        units={"charge": "t", "receiver_volume": "m³"},
        views=(
            View("direct", _("Ammonia in crowded workrooms"), "direct_in_workrooms=1"),
            View("together", _("Quick freezer not apart"), "quick_freezer=0"),
        ),
        marks=Marks(group=_("Sources of danger"), icons={"": "snow"}, minzoom=10.2, order=34),
        order=32,
    )
)

METAL_FURNACES = declare(
    Register(
        code="metal-furnace",
        model=MetalFurnace,
        title=_("Metal furnaces"),
        one=_("metal furnace"),
        group=_("Dangerous places of work"),
        icon="thermometer",
        prefix="FUR",
        see="site.see",
        edit="site.edit",
        columns=("name", "kind", "metal", "capacity", "number", "enterprise", "risk", "region"),
        sections=(
            Section(
                _("Basics"), ("code", "name", "enterprise", "kind", "metal", "capacity", "number", "built_on", "risk")
            ),
            Section(_("Safeguards"), ("workers", "gas_fired", "water_alarm", "cut_off", "emergency_pit", "crane")),
            Section(_("Place"), ("region", "address", "lon", "lat", "remark")),
        ),
        filters=("kind", "region", "risk", "gas_fired"),
        search=("metal",),
        colour_by="risk",
        parent="enterprise",
        units={"capacity": "t"},
        views=(View("pit", _("Without a dry pit"), "emergency_pit=0"),),
        marks=Marks(group=_("Sources of danger"), icons={"": "thermometer"}, minzoom=11.0, order=35),
        order=33,
    )
)
