"""The registers of hazard points: ground, flood, fire."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from anlan.apps.sites.models import FireHazard, FireKind, FloodHazard, FloodKind, GeoHazard
from anlan.kernel.registers.declarations import Figure, Marks, Register, Section, View, declare

GROUP = _("Hazard points")

#: What every register of hazard points shows in the same words.
_THREATENED = ("people", "households", "property_wan")
_WATCHED = ("watcher", "watcher_phone", "responsible", "responsible_phone", "signal", "refuge", "way_out")
_PATROLS = Section(_("Patrols"), ("patrolled_at", "finding"))
_PLACE = Section(_("Place"), ("region", "address", "lon", "lat", "outline"))
_PEOPLE = Section(_("Watching and moving people"), (*_WATCHED, "remark"))
_SENSITIVE = {"watcher_phone": "phone", "responsible_phone": "phone"}
_VIEWS = (
    View("changed", _("Something found"), "finding=changed,danger"),
    View("unwatched", _("Without watcher"), "watcher=none"),
    View("never", _("Never patrolled"), "patrolled_at=none"),
)

GEO_HAZARDS = declare(
    Register(
        code="geo-hazard",
        model=GeoHazard,
        title=_("Geological hazard points"),
        one=_("geological hazard point"),
        group=GROUP,
        icon="slope",
        prefix="GEO",
        see="site.see",
        edit="site.edit",
        columns=("name", "kind", "level", "region", "people", "danger", "scale", "watcher", "watcher_phone",
                 "patrolled_at", "next_patrol"),
        sections=(
            Section(
                _("Basics"),
                ("code", "name", "kind", "level", "stability", "trigger", "volume_m3", "height_m", "angle", "found_on"),
            ),
            Section(_("Threat"), (*_THREATENED, "danger", "scale", "card_given")),
            _PATROLS, _PEOPLE, _PLACE,
        ),
        filters=("kind", "level", "region", "danger", "finding", "patrolled_at"),
        search=("address", "watcher", "responsible"),
        colour_by="level",
        sensitive=_SENSITIVE,
        units={"volume_m3": "m³", "height_m": "m", "angle": "°"},
        views=(*_VIEWS, View("large", _("Medium danger and above"), "danger=very-large,large,medium")),
        figures=(Figure("next_patrol", _("Next patrol"), "geo-hazard.next_patrol"),),
        marks=Marks(group=GROUP, icons={"": "slope"}, minzoom=9.0, order=32),
        effects=("geo-hazard.grade",),
        order=80,
    )
)  # fmt: skip

FLOOD_HAZARDS = declare(
    Register(
        code="flood-hazard",
        model=FloodHazard,
        title=_("Flood hazard points"),
        one=_("flood hazard point"),
        group=GROUP,
        icon="wave",
        prefix="FLD",
        see="site.see",
        edit="site.edit",
        columns=("name", "kind", "level", "region", "water", "people", "flood_level_m", "watcher", "watcher_phone",
                 "patrolled_at", "next_patrol"),
        sections=(
            Section(
                _("Basics"),
                ("code", "name", "kind", "level", "water", "flood_level_m", "rain_mm_1h", "storage_wan_m3",
                 "dam_height_m", "pumps"),
            ),
            Section(_("Threat"), _THREATENED),
            _PATROLS, _PEOPLE, _PLACE,
        ),
        filters=("kind", "level", "region", "finding", "patrolled_at"),
        search=("address", "water", "watcher", "responsible"),
        colour_by="level",
        sensitive=_SENSITIVE,
        units={"flood_level_m": "m", "rain_mm_1h": "mm", "dam_height_m": "m"},
        views=_VIEWS,
        figures=(Figure("next_patrol", _("Next patrol"), "flood-hazard.next_patrol"),),
        marks=Marks(
            group=GROUP, field="kind", minzoom=9.0, order=33,
            icons={"": "wave", FloodKind.SMALL_RESERVOIR: "dam", FloodKind.LOW_HOUSES: "house",
                   FloodKind.UNDERPASS: "curve"},
        ),
        order=81,
    )
)  # fmt: skip

FIRE_HAZARDS = declare(
    Register(
        code="fire-hazard",
        model=FireHazard,
        title=_("Fire hazard points"),
        one=_("fire hazard point"),
        group=GROUP,
        icon="fire",
        prefix="FIR",
        see="site.see",
        edit="site.edit",
        columns=("name", "kind", "level", "region", "area_ha", "people", "houses", "watcher", "watcher_phone",
                 "patrolled_at", "next_patrol"),
        sections=(
            Section(
                _("Basics"),
                ("code", "name", "kind", "level", "area_ha", "fuel", "houses", "break_km", "water_source", "lane_m",
                 "checkpoints"),
            ),
            Section(_("Threat"), _THREATENED),
            _PATROLS, _PEOPLE, _PLACE,
        ),
        filters=("kind", "level", "region", "finding", "patrolled_at"),
        search=("address", "fuel", "watcher", "responsible"),
        colour_by="level",
        sensitive=_SENSITIVE,
        units={"area_ha": "hm²", "break_km": "km", "lane_m": "m"},
        views=_VIEWS,
        figures=(Figure("next_patrol", _("Next patrol"), "fire-hazard.next_patrol"),),
        marks=Marks(
            group=GROUP, field="kind", minzoom=9.0, order=34,
            icons={"": "fire", FireKind.OLD_QUARTER: "house", FireKind.VILLAGE: "house", FireKind.WUI: "house"},
        ),
        order=82,
    )
)  # fmt: skip
