"""What stands ready: shelters, teams, stores, fire stations, information officers, supplies against norms."""

from __future__ import annotations

from typing import Any

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from anlan.apps.goals.measures import enforcement, sources, units
from anlan.apps.resources.models.forces import Rank, StationClass, TeamKind
from anlan.kernel.indicators.declarations import Better, Indicator, Input, Kind, declare, declare_input
from anlan.kernel.indicators.formulas import plain, share
from anlan.kernel.regions.models import Level

GROUP = _("Forces and supplies")
#: Members of a forest-fire team as the plan has it.
TEAM_OF = (50, 100)


def _rows(code: str, title: Any, unit: Any, source: Any, counted: Any = None, **more: Any) -> None:
    declare_input(Input(code, title, unit, source=source, counted=counted, flow=bool(source.moment), **more))


def _count(code: str, title: Any, kind: Kind, formula: Any, need: str, *, note: Any = "") -> None:
    declare(Indicator(
        code, title, units.PIECES, Better.HIGHER, kind, formula, (need,), plain(need), GROUP, digits=0, note=note
    ))  # fmt: skip


_rows("shelters_built", _("Shelters put in service"), units.PIECES, sources.SHELTERS_BUILT)
_rows(
    "teams_forest_fire", _("Forest-fire teams of 50 to 100 people"), units.PIECES, sources.TEAMS,
    lambda _now: Q(kind=TeamKind.FOREST_FIRE, members__gte=TEAM_OF[0], members__lte=TEAM_OF[1]),
)  # fmt: skip
_rows(
    "teams_local_new", _("Rescue teams of towns and villages founded"), units.PIECES, sources.TEAMS_FOUNDED,
    lambda _now: Q(rank__in=(Rank.TOWN, Rank.VILLAGE)),
)  # fmt: skip
_rows(
    "stations_new", _("Fire stations put in service"), units.PIECES, sources.STATIONS_BUILT,
    lambda _now: ~Q(kind=StationClass.MICRO),
)  # fmt: skip
_rows(
    "towns_with_station", _("Townships that have a mini fire station"), units.PLACES, sources.STATIONS,
    lambda _now: Q(kind=StationClass.MICRO), places=Level.TOWN,
)  # fmt: skip
_rows(
    "villages_with_officer", _("Villages with a disaster information officer"), units.PLACES, sources.OFFICERS,
    places=Level.VILLAGE,
)  # fmt: skip
_rows("norms_asked", _("Norms that ask something of a town"), units.PIECES, sources.NORMS)
_rows("norms_met", _("Norms met"), units.PIECES, sources.NORMS)
declare_input(Input("villages", _("Villages and communities"), units.PLACES, flow=False, level=Level.VILLAGE))
declare_input(Input("teams_social_new", _("Social rescue teams added"), units.PIECES, units.SAFETY))
declare_input(Input("teams_light_new", _("Light rapid teams added"), units.PIECES, units.SAFETY))
declare_input(Input("stores_new", _("Reserve warehouses added"), units.PIECES, units.RELIEF))
declare_input(Input(
    "fire_reach_minutes", _("Time in which the fire brigade reaches the built-up area"), units.MINUTES, units.FIRE,
    rolls=False, flow=False,
))  # fmt: skip

declare(Indicator(
    "WS20", _("Fire-rescue reach time in built-up area"), units.MINUTES, Better.LOWER, Kind.LEVEL,
    _("the time in which the fire brigade reaches the built-up area"), ("fire_reach_minutes",),
    plain("fire_reach_minutes"), GROUP,
))  # fmt: skip
_count("WS40", _("Standardised shelters built"), Kind.FLOW, _("shelters put in service in the year"), "shelters_built")
declare(Indicator(
    "WS41", _("Disaster information officers per community"), units.PERCENT, Better.HIGHER, Kind.LEVEL,
    _("villages and communities with an officer / all of them × 100"), ("villages_with_officer", "villages"),
    share("villages_with_officer", "villages"), GROUP,
))  # fmt: skip
_count("WS45", _("New social rescue teams"), Kind.FLOW, _("social rescue teams added in the year"), "teams_social_new")
_count("WS46", _("City forest-fire teams"), Kind.LEVEL, _("forest-fire teams of 50 to 100 people"), "teams_forest_fire")
_count(
    "WS57", _("Grass-roots rescue teams built"), Kind.FLOW, _("teams of towns and villages founded in the year"),
    "teams_local_new",
)  # fmt: skip
_count("WS58", _("New light rapid teams"), Kind.FLOW, _("light rapid teams added in the year"), "teams_light_new")
_count("WS59", _("New reserve warehouses"), Kind.FLOW, _("reserve warehouses added in the year"), "stores_new")
_count(
    "WS60", _("New area fire stations"), Kind.FLOW,
    _("fire stations put in service in the year, without mini stations"),
    "stations_new",
)  # fmt: skip
declare(Indicator(
    "WS61", _("Townships with a mini fire station"), units.PERCENT, Better.HIGHER, Kind.LEVEL,
    _("townships with a mini fire station / townships × 100"), ("towns_with_station", enforcement.TOWNSHIPS),
    share("towns_with_station", enforcement.TOWNSHIPS), GROUP, levels=enforcement.WITH_TOWNS,
))  # fmt: skip
declare(Indicator(
    "RS01", _("Norms of forces and supplies met by towns"), units.PERCENT, Better.HIGHER, Kind.LEVEL,
    _("norms met / norms that ask something of a town × 100"), ("norms_met", "norms_asked"),
    share("norms_met", "norms_asked"), GROUP, levels=enforcement.WITH_TOWNS,
    note=_("Teams, places in shelters and supplies; where the head count is not known, a norm is not judged."),
))  # fmt: skip
