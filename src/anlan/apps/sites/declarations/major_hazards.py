"""The register of major hazard installations."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from anlan.apps.sites.models import MajorHazard
from anlan.kernel.registers.declarations import Marks, Register, Section, View, declare

MAJOR_HAZARDS = declare(
    Register(
        code="major-hazard",
        model=MajorHazard,
        title=_("Major hazard installations"),
        one=_("major hazard installation"),
        group=_("Sources of danger"),
        icon="alert",
        prefix="MHI",
        see="site.see",
        edit="site.edit",
        columns=("name", "enterprise", "level", "filed_level", "differs", "s", "r", "people", "assessed_at", "region"),
        sections=(
            Section(_("Basics"), ("code", "name", "enterprise", "kind", "online")),
            Section(_("Last assessment"), ("level", "standing", "s", "r", "alpha", "people", "assessed_at")),
            Section(_("Surroundings"), ("surveyed_people", "surveyed_on")),
            Section(
                _("Filing"),
                ("filed_level", "differs", "filing_number", "filed_on", "filed_until", "evaluated_on"),
            ),
            Section(
                _("Persons in charge"),
                ("principal", "principal_phone", "technical", "technical_phone", "operator", "operator_phone"),
            ),
            Section(_("Place"), ("region", "address", "lon", "lat", "outline", "remark")),
        ),
        filters=("level", "standing", "kind", "region", "filed_level", "differs"),
        search=("filing_number",),
        colour_by="level",
        parent="enterprise",
        sensitive={"principal_phone": "phone", "technical_phone": "phone", "operator_phone": "phone"},
        views=(
            View("high", _("Grades 1 and 2"), "level=1,2"),
            View("differs", _("Differs from the filing"), "differs=1"),
            View("unknown", _("Cannot be said yet"), "standing=unknown"),
            View("filing", _("Filing ends within 90 days"), "filed_until=today..+90d"),
        ),
        marks=Marks(group=_("Sources of danger"), icons={"": "alert"}, on=True, minzoom=8.0, order=28),
        checks=("sites.major_hazard",),
        effects=("sites.major_hazard",),
        order=20,
    )
)
