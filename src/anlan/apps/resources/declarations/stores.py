"""Registers of stores, machines, reserves, shelters and landing places."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from anlan.apps.resources.models import LandingPlace, Machine, Reserve, Shelter, Store
from anlan.kernel.registers.declarations import Figure, Marks, Register, Section, View, declare

STORES = declare(
    Register(
        code="store",
        model=Store,
        title=_("Stores of supplies"),
        one=_("store"),
        group=_("Resources"),
        icon="warehouse",
        prefix="STO",
        see="resource.see",
        edit="resource.edit",
        columns=("name", "kind", "rank", "region", "stocked", "area_m2", "keeper", "keeper_phone"),
        sections=(
            Section(_("Basics"), ("code", "name", "kind", "rank", "unit", "checked_on")),
            Section(_("Room"), ("area_m2", "volume_m3", "open_all_hours", "truck_access")),
            Section(_("Place"), ("region", "address", "lon", "lat")),
            Section(_("Persons in charge"), ("keeper", "keeper_phone", "remark")),
        ),
        filters=("kind", "rank", "region", "checked_on"),
        search=("address", "unit"),
        sensitive={"keeper_phone": "phone"},
        units={"area_m2": "m²", "volume_m3": "m³"},
        views=(View("unchecked", _("Not checked for half a year"), "checked_on=..-183d"),),
        effects=("resources.in_use",),
        figures=(Figure("stocked", _("Items in store"), "resources.stocked"),),
        marks=Marks(group=_("Resources"), icons={"": "warehouse", "town_point": "box"}, field="kind"),
        order=340,
    )
)

MACHINES = declare(
    Register(
        code="machine",
        model=Machine,
        title=_("Equipment and heavy machinery"),
        one=_("machine"),
        group=_("Resources"),
        icon="settings",
        prefix="MCH",
        see="resource.see",
        edit="resource.edit",
        columns=("name", "kind", "region", "capacity", "condition", "owner", "driver_phone", "requisition"),
        sections=(
            Section(_("Basics"), ("code", "name", "kind", "model", "capacity", "plate", "condition")),
            Section(_("Place"), ("region", "address", "lon", "lat")),
            Section(_("Owner and driver"), ("owner", "owner_phone", "driver", "driver_phone")),
            Section(_("Agreement"), ("day_rate", "agreement_until", "remark")),
        ),
        filters=("kind", "region", "condition", "agreement_until"),
        search=("owner", "model", "plate"),
        sensitive={"owner_phone": "phone", "driver_phone": "phone"},
        effects=("resources.in_use",),
        figures=(Figure("requisition", _("Requisition"), "resources.machine_requisition"),),
        marks=Marks(group=_("Resources"), icons={"": "settings"}),
        order=350,
    )
)

RESERVES = declare(
    Register(
        code="reserve",
        model=Reserve,
        title=_("Company reserves"),
        one=_("company reserve"),
        group=_("Resources"),
        icon="factory",
        prefix="RSV",
        see="resource.see",
        edit="resource.edit",
        columns=("name", "company", "supply", "region", "quantity", "unit", "available", "ready_hours"),
        sections=(
            Section(_("Basics"), ("code", "name", "company", "supply", "quantity", "unit", "ready_hours")),
            Section(_("Agreement"), ("agreement", "agreement_until", "unit_price")),
            Section(_("Place"), ("region", "address", "lon", "lat")),
            Section(_("Contact"), ("contact", "contact_phone", "remark")),
        ),
        filters=("region", "agreement_until"),
        search=("company", "supply"),
        sensitive={"contact_phone": "phone"},
        units={"ready_hours": "h"},
        views=(View("ending", _("Agreement ends within 60 days"), "agreement_until=..+60d"),),
        effects=("resources.in_use",),
        figures=(Figure("available", _("Not requisitioned"), "resources.reserve_available"),),
        marks=Marks(group=_("Resources"), icons={"": "factory"}),
        checks=("resources.supply",),
        order=360,
    )
)

SHELTERS = declare(
    Register(
        code="shelter",
        model=Shelter,
        title=_("Shelters"),
        one=_("shelter"),
        group=_("Resources"),
        icon="house",
        prefix="SHT",
        see="resource.see",
        edit="resource.edit",
        columns=("name", "kind", "region", "usable_m2", "capacity", "occupancy", "keeper", "keeper_phone"),
        sections=(
            Section(_("Basics"), ("code", "name", "kind", "setting", "hazards", "built_on", "owner")),
            Section(_("Room"), ("usable_m2", "stated_places", "facilities", "toilets", "taps", "checked_on")),
            Section(_("Place"), ("region", "address", "lon", "lat", "outline")),
            Section(_("Persons in charge"), ("keeper", "keeper_phone", "remark")),
        ),
        filters=("kind", "region", "facilities", "hazards"),
        search=("address", "owner"),
        sensitive={"keeper_phone": "phone"},
        units={"usable_m2": "m²"},
        views=(View("unchecked", _("Not checked for a year"), "checked_on=..-365d"),),
        figures=(
            Figure("capacity", _("Places by the rule"), "resources.shelter_capacity"),
            Figure("occupancy", _("Open or closed"), "resources.shelter_occupancy"),
        ),
        marks=Marks(group=_("Resources"), icons={"": "house"}, on=False),
        checks=("resources.shelter",),
        effects=("resources.in_use",),
        order=370,
    )
)

LANDING_PLACES = declare(
    Register(
        code="landing-place",
        model=LandingPlace,
        title=_("Landing places"),
        one=_("landing place"),
        group=_("Resources"),
        icon="target",
        prefix="LND",
        see="resource.see",
        edit="resource.edit",
        columns=("name", "surface", "region", "length_m", "width_m", "aircraft", "lights", "keeper_phone"),
        sections=(
            Section(_("Basics"), ("code", "name", "surface", "aircraft", "lights", "water", "surveyed_on")),
            Section(_("Size"), ("length_m", "width_m", "altitude_m", "obstacles")),
            Section(_("Place"), ("region", "address", "lon", "lat")),
            Section(_("Persons in charge"), ("keeper", "keeper_phone", "remark")),
        ),
        filters=("surface", "region", "aircraft"),
        search=("address",),
        sensitive={"keeper_phone": "phone"},
        units={"length_m": "m", "width_m": "m", "altitude_m": "m"},
        marks=Marks(group=_("Resources"), icons={"": "target"}),
        order=380,
    )
)
