"""The register of capacities of towns."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from anlan.apps.census.models import TownCapacity
from anlan.kernel.registers.declarations import Register, Section, declare

CAPACITIES = declare(
    Register(
        code="town-capacity",
        model=TownCapacity,
        title=_("Capacities of towns"),
        one=_("capacity of a town"),
        group=_("Risk census"),
        icon="table",
        prefix="CAP",
        see="census.see",
        edit="census.edit",
        columns=("name", "region", "year", "rescuers", "budget", "stock_value", "shelter_places", "warned", "drills"),
        sections=(
            Section(_("Basics"), ("code", "name", "region", "year", "remark")),
            Section(_("People and teams"), ("staff", "rescuers", "volunteers", "watchers")),
            Section(_("Means"), ("budget", "stock_value", "shelter_places", "beds")),
            Section(_("Warning and practice"), ("loudspeakers", "warned", "plans", "drills")),
            Section(_("Place"), ("address", "lon", "lat")),
        ),
        filters=("region", "year", "rescuers", "warned"),
        units={"budget": _("10,000 yuan"), "stock_value": _("10,000 yuan"), "warned": "%"},
        order=530,
    )
)
