"""What the map draws of fire coverage: how far each station gets in time, and the villages that none reaches."""

from __future__ import annotations

from typing import Any

import shapely
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from anlan.apps.resources.models import FireStation
from anlan.apps.resources.queries import reach
from anlan.apps.resources.queries.reach import Picture, Reached
from anlan.kernel.layers.declarations import Card, Figure, Layer, LegendItem, Line, Window, declare
from anlan.kernel.regions import queries as regions
from anlan.kernel.regions.models import Level
from anlan.kernel.rulebook.models import Entry
from anlan.science.areas import circle

#: Zoom at whose width borders of villages are drawn; each how many corners of a circle is drawn.
ZOOM, EACH = 12, 10
#: Radius about the seat of a village whose border is not known, metres: it must not be missing among the gaps.
SEAT_M = 300.0


def _source(actor: Any, window: Window) -> dict[str, Any]:
    found = reach.county_picture(actor, window.now)
    if found is None:
        return {"type": "FeatureCollection", "features": []}
    minutes = f"{found.radius.minutes:g}"
    features = []
    for one in found.gaps:
        words = _("%(name)s: no fire station in time") % {"name": one.village.name}
        features.append(_feature(f"v-{one.village.code}", "gap", _village_shape(one), words))
    for station in found.stations:
        words = _("%(name)s: reached within %(minutes)s min") % {"name": station.name, "minutes": minutes}
        rim = _rim(station.lon, station.lat, found.radius.km * 1000)
        features.append(_feature(f"s-{station.pk}", "reached", rim, words))
    return {"type": "FeatureCollection", "features": features}


def _feature(key: str, group: str, shape: Any, title: str) -> dict[str, Any]:
    geometry = shapely.geometry.mapping(shapely.set_precision(shape, 1e-5))
    facts = {"id": key, "title": title, "group": group, "tint": "accent" if group == "reached" else "gap"}
    return {"type": "Feature", "geometry": geometry, "properties": facts}


def _rim(lon: float, lat: float, radius_m: float) -> shapely.Polygon:
    return shapely.Polygon(circle(lon, lat, radius_m).shape.exterior.coords[::EACH])


def _village_shape(one: Reached) -> Any:
    shape = regions.thinned(Level.VILLAGE, ZOOM).get(one.village.id)
    return shape if shape is not None else _rim(one.lon, one.lat, SEAT_M)


def _count(actor: Any) -> int | None:
    """What is drawn; None while the norms are missing: nothing is known then, which is not nothing."""
    found = reach.county_picture(actor, timezone.now())
    return None if found is None else len(found.stations) + len(found.gaps)


def _card(actor: Any, key: str) -> Card | None:
    found = reach.county_picture(actor, timezone.now())
    kind, _sep, name = key.partition("-")
    if found is None:
        return None
    if kind == "s":
        station = next((one for one in found.stations if str(one.pk) == name), None)
        return None if station is None else _station_card(found, station)
    gap = next((one for one in found.gaps if kind == "v" and one.village.code == name), None)
    return None if gap is None else _gap_card(found, gap)


def _station_card(found: Picture, station: FireStation) -> Card:
    return Card(
        title=station.name,
        lines=(station.get_kind_display(), _says(found)),
        figures=(
            Figure(_("Villages within reach"), str(found.by_station[station.pk])),
            Figure(_("firefighters"), _number(station.firefighters)),
            Figure(_("fire engines"), _number(station.engines)),
        ),
        table=_rules(found),
        url=reverse("registers:archive", args=["fire-station", station.code]),
        lon=station.lon,
        lat=station.lat,
    )


def _gap_card(found: Picture, gap: Reached) -> Card:
    station = gap.station.name if gap.station is not None else _("outside your area")
    return Card(
        title=gap.village.name,
        lines=(_("No fire station reaches it in time."), _says(found)),
        figures=(
            Figure(_("Population"), _number(gap.village.population)),
            Figure(_("Nearest station"), station if gap.km is not None else ""),
            Figure(_("Distance (km)"), "" if gap.km is None else f"{gap.km:.2f}"),
        ),
        table=_rules(found),
        url=reverse("resources:coverage"),
        url_label=_("Fire coverage"),
        lon=gap.village.lon,
        lat=gap.village.lat,
    )


def _says(found: Picture) -> str:
    words = _(
        "An engine that drives %(minutes)s min gets %(km)s km far in a straight line; rivers and hills are not "
        "reckoned with."
    )
    return words % {"minutes": f"{found.radius.minutes:g}", "km": f"{found.radius.km:.2f}"}


def _rules(found: Picture) -> tuple[Line, ...]:
    return tuple(
        Line(_title(rule), f"{rule.standard} {rule.clause}".strip(), "" if rule.verified else _("Unverified"))
        for rule in found.radius.rules
    )


def _number(value: int | None) -> str:
    return "" if value is None else f"{value:,}"


def _title(entry: Entry) -> str:
    return entry.title_zh if (get_language() or "").startswith("zh") and entry.title_zh else entry.title


FIRE_COVERAGE = declare(
    Layer(
        code="fire-coverage",
        title=gettext_lazy("Fire coverage"),
        group=gettext_lazy("Resources"),
        verb="resource.see",
        source=_source,
        legend=(
            LegendItem("reached", gettext_lazy("Reached in time by a station"), tint="accent"),
            LegendItem("gap", gettext_lazy("Villages out of reach"), tint="gap"),
        ),
        card=_card,
        on=False,
        icon="fire",
        draw="fill",
        count=_count,
        around=False,
        register="fire-station",
        order=321,
        hint=gettext_lazy("Straight distance by the norms of the rulebook; rivers and hills are not reckoned with"),
    )
)
