"""The registers of lifelines: works, lines, bridges, roads."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from anlan.apps.sites.models import Bridge, LifelineRun, RoadSection, Utility, UtilityKind
from anlan.kernel.registers.declarations import Marks, Register, Section, View, declare

GROUP = _("Lifelines")

UTILITIES = declare(
    Register(
        code="lifeline",
        model=Utility,
        title=_("Lifeline works"),
        one=_("lifeline works"),
        group=GROUP,
        icon="level",
        prefix="LIF",
        see="site.see",
        edit="site.edit",
        columns=("name", "kind", "region", "operator", "capacity", "capacity_unit", "served", "double_supply",
                 "duty_phone"),
        sections=(
            Section(_("Basics"), ("code", "name", "kind", "operator", "built_year")),
            Section(
                _("What it supplies"),
                ("capacity", "capacity_unit", "voltage_kv", "served", "key_users", "double_supply", "backup_hours",
                 "repair_crew"),
            ),
            Section(_("Place"), ("region", "address", "lon", "lat", "outline")),
            Section(_("Persons in charge"), ("keeper", "keeper_phone", "duty_phone", "remark")),
        ),
        filters=("kind", "region", "served", "double_supply"),
        search=("address", "operator", "key_users"),
        sensitive={"keeper_phone": "phone"},
        units={"voltage_kv": "kV", "backup_hours": "h"},
        views=(View("single", _("Supplied from one side"), "double_supply=0"),),
        marks=Marks(
            group=GROUP, field="kind", minzoom=9.0, order=50,
            icons={
                "": "level", UtilityKind.WATER_WORKS: "wave", UtilityKind.WATER_SOURCE: "wave",
                UtilityKind.WATER_PUMP: "wave", UtilityKind.SEWAGE: "wave", UtilityKind.GAS_STATION: "gas",
                UtilityKind.GAS_STORE: "gas", UtilityKind.HEATING: "thermometer", UtilityKind.TELECOM: "phone",
                UtilityKind.MAST: "phone", UtilityKind.BROADCAST: "sound", UtilityKind.SUBSTATION: "gauge",
                UtilityKind.POWER_PLANT: "gauge",
            },
        ),
        order=70,
    )
)  # fmt: skip

LINES = declare(
    Register(
        code="lifeline-line",
        model=LifelineRun,
        title=_("Lifeline lines"),
        one=_("lifeline line"),
        group=GROUP,
        icon="ruler",
        prefix="LIN",
        see="site.see",
        edit="site.edit",
        columns=("name", "kind", "region", "operator", "length_km", "pressure_mpa", "voltage_kv", "served",
                 "duty_phone"),
        sections=(
            Section(_("Basics"), ("code", "name", "kind", "operator", "built_year", "length_km", "underground")),
            Section(
                _("What it carries"),
                ("medium", "pressure_mpa", "diameter_mm", "voltage_kv", "valves", "served", "key_users",
                 "patrolled_on"),
            ),
            Section(_("Place"), ("region", "address", "lon", "lat", "outline")),
            Section(_("Persons in charge"), ("keeper", "keeper_phone", "duty_phone", "remark")),
        ),
        filters=("kind", "region", "underground", "patrolled_on"),
        search=("operator", "medium"),
        sensitive={"keeper_phone": "phone"},
        units={"length_km": "km", "pressure_mpa": "MPa", "diameter_mm": "mm", "voltage_kv": "kV"},
        views=(View("unwalked", _("Not walked for a quarter"), "patrolled_on=..-90d"),),
        marks=Marks(group=GROUP, icons={"": "ruler"}, draw="line", order=51),
        order=71,
    )
)  # fmt: skip

BRIDGES = declare(
    Register(
        code="bridge",
        model=Bridge,
        title=_("Bridges"),
        one=_("bridge"),
        group=GROUP,
        icon="curve",
        prefix="BRG",
        see="site.see",
        edit="site.edit",
        columns=("name", "region", "road", "crosses", "grade", "load", "limit_t", "length_m", "inspected_on"),
        sections=(
            Section(_("Basics"), ("code", "name", "road", "crosses", "only_way", "built_year")),
            Section(
                _("What may cross it"),
                ("grade", "load", "limit_t", "limit_height_m", "width_m", "length_m", "span_m", "inspected_on"),
            ),
            Section(_("Place"), ("region", "address", "lon", "lat", "outline")),
            Section(_("Persons in charge"), ("keeper", "keeper_phone", "remark")),
        ),
        filters=("region", "grade", "load", "limit_t", "only_way", "inspected_on"),
        search=("road", "crosses", "keeper"),
        sensitive={"keeper_phone": "phone"},
        units={"limit_t": "t", "limit_height_m": "m", "width_m": "m", "length_m": "m", "span_m": "m"},
        views=(
            View("poor", _("In poor condition"), "grade=4,5"),
            View("narrow", _("Too weak for heavy rescue vehicles"), "limit_t=..30"),
        ),
        marks=Marks(group=GROUP, icons={"": "curve"}, minzoom=10.2, order=52),
        order=72,
    )
)

ROADS = declare(
    Register(
        code="road",
        model=RoadSection,
        title=_("Road sections"),
        one=_("road section"),
        group=GROUP,
        icon="ruler",
        prefix="ROD",
        see="site.see",
        edit="site.edit",
        columns=("name", "rank", "number", "region", "length_km", "width_m", "dead_end", "hazards", "detour"),
        sections=(
            Section(_("Basics"), ("code", "name", "rank", "number", "length_km", "width_m", "lanes")),
            Section(_("When it is cut"), ("dead_end", "hazards", "detour")),
            Section(_("Place"), ("region", "address", "lon", "lat", "outline")),
            Section(_("Persons in charge"), ("keeper", "keeper_phone", "remark")),
        ),
        filters=("rank", "region", "dead_end", "width_m"),
        search=("number", "hazards", "detour"),
        sensitive={"keeper_phone": "phone"},
        units={"length_km": "km", "width_m": "m"},
        views=(View("dead", _("Dead ends"), "dead_end=1"),),
        marks=Marks(group=GROUP, icons={"": "ruler"}, draw="line", minzoom=9.0, order=53),
        order=73,
    )
)
