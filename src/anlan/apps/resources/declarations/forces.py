"""Registers of those who can be sent."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from anlan.apps.resources.models import Expert, FireStation, Team, TeamEquipment, TeamVehicle, VolunteerGroup
from anlan.kernel.registers.declarations import Figure, Marks, Register, Section, View, declare

TEAMS = declare(
    Register(
        code="team",
        model=Team,
        title=_("Rescue teams"),
        one=_("rescue team"),
        group=_("Resources"),
        icon="people",
        prefix="TEM",
        see="resource.see",
        edit="resource.edit",
        columns=("name", "kind", "rank", "region", "members", "norm", "readiness", "leader", "leader_phone"),
        sections=(
            Section(_("Basics"), ("code", "name", "kind", "rank", "unit", "founded_on")),
            Section(_("Strength"), ("members", "full_time", "skills", "readiness", "minutes", "drilled_on")),
            Section(_("Base"), ("region", "address", "lon", "lat")),
            Section(_("Leaders"), ("leader", "leader_phone", "deputy", "deputy_phone", "remark")),
        ),
        filters=("kind", "rank", "region", "readiness", "skills"),
        search=("address", "unit"),
        sensitive={"leader_phone": "phone", "deputy_phone": "phone"},
        units={"minutes": "min"},
        views=(
            View("ready", _("Ready to go"), "readiness=ready"),
            View("undrilled", _("No drill for half a year"), "drilled_on=..-183d"),
        ),
        figures=(Figure("norm", _("Against the norm"), "resources.team_norm"),),
        marks=Marks(group=_("Resources"), icons={"": "people", "fire": "fire", "medical": "cross"}, field="kind"),
        checks=("resources.team",),
        order=300,
    )
)

TEAM_VEHICLES = declare(
    Register(
        code="team-vehicle",
        model=TeamVehicle,
        title=_("Team vehicles"),
        one=_("team vehicle"),
        group=_("Resources"),
        icon="device",
        prefix="VEH",
        see="resource.see",
        edit="resource.edit",
        columns=("name", "team", "kind", "plate", "seats", "condition", "inspected_until"),
        sections=(
            Section(_("Basics"), ("code", "name", "team", "kind", "plate", "seats", "load_t", "condition")),
            Section(_("Use"), ("inspected_until", "driver", "driver_phone", "remark")),
            Section(_("Place"), ("region",)),
        ),
        filters=("kind", "region", "condition", "inspected_until"),
        search=("plate",),
        keys=("plate",),
        parent="team",
        located=False,
        sensitive={"driver_phone": "phone"},
        units={"load_t": "t"},
        views=(View("inspection", _("Inspection ends within 30 days"), "inspected_until=..+30d"),),
        order=301,
    )
)

TEAM_EQUIPMENT = declare(
    Register(
        code="team-equipment",
        model=TeamEquipment,
        title=_("Team equipment"),
        one=_("piece of equipment"),
        group=_("Resources"),
        icon="box",
        prefix="TEQ",
        see="resource.see",
        edit="resource.edit",
        columns=("name", "team", "supply", "model", "quantity", "condition", "checked_on"),
        sections=(
            Section(_("Basics"), ("code", "name", "team", "supply", "model", "quantity", "condition")),
            Section(_("Use"), ("bought_on", "checked_on", "remark")),
            Section(_("Place"), ("region",)),
        ),
        filters=("region", "condition", "checked_on"),
        search=("supply", "model"),
        parent="team",
        located=False,
        views=(View("unchecked", _("Not checked for half a year"), "checked_on=..-183d"),),
        checks=("resources.supply",),
        order=302,
    )
)

EXPERTS = declare(
    Register(
        code="expert",
        model=Expert,
        title=_("Experts"),
        one=_("expert"),
        group=_("Resources"),
        icon="user",
        prefix="EXP",
        see="resource.see",
        edit="resource.edit",
        columns=("name", "fields", "title", "employer", "region", "phone", "busy"),
        sections=(
            Section(_("Basics"), ("code", "name", "fields", "title", "employer", "appointed_until")),
            Section(_("Reached at"), ("phone", "busy", "busy_until", "remark")),
            Section(_("Place"), ("region", "address", "lon", "lat")),
        ),
        filters=("fields", "region", "busy", "appointed_until"),
        search=("employer", "title"),
        sensitive={"phone": "phone"},
        views=(View("free", _("Not busy"), "busy=0"),),
        order=310,
    )
)

FIRE_STATIONS = declare(
    Register(
        code="fire-station",
        model=FireStation,
        title=_("Fire stations"),
        one=_("fire station"),
        group=_("Resources"),
        icon="fire",
        prefix="FST",
        see="resource.see",
        edit="resource.edit",
        columns=("name", "kind", "region", "firefighters", "engines", "area_km2", "reached", "duty_phone"),
        sections=(
            Section(_("Basics"), ("code", "name", "kind", "built_on")),
            Section(_("Strength"), ("firefighters", "engines", "area_km2")),
            Section(_("Place"), ("region", "address", "lon", "lat")),
            Section(_("Persons in charge"), ("leader", "duty_phone", "remark")),
        ),
        filters=("kind", "region"),
        search=("address",),
        sensitive={"duty_phone": "phone"},
        units={"area_km2": "km²"},
        figures=(Figure("reached", _("Villages within reach"), "resources.station_reach"),),
        marks=Marks(group=_("Resources"), icons={"": "fire"}),
        checks=("resources.station",),
        order=320,
    )
)

VOLUNTEER_GROUPS = declare(
    Register(
        code="volunteer-group",
        model=VolunteerGroup,
        title=_("Volunteers and social forces"),
        one=_("volunteer group"),
        group=_("Resources"),
        icon="flag",
        prefix="VOL",
        see="resource.see",
        edit="resource.edit",
        columns=("name", "kind", "region", "members", "skills", "contact", "contact_phone", "agreement_until"),
        sections=(
            Section(_("Basics"), ("code", "name", "kind", "registered_at", "agreement_until", "insured")),
            Section(_("Strength"), ("members", "trained", "skills")),
            Section(_("Place"), ("region", "address", "lon", "lat")),
            Section(_("Contact"), ("contact", "contact_phone", "remark")),
        ),
        filters=("kind", "region", "skills", "agreement_until"),
        search=("address", "registered_at"),
        sensitive={"contact_phone": "phone"},
        views=(View("ending", _("Agreement ends within 60 days"), "agreement_until=..+60d"),),
        marks=Marks(group=_("Resources"), icons={"": "flag"}),
        order=330,
    )
)
