"""What the map draws of outside data: earthquakes by magnitude, hotspots by age. Neither bears a level colour."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from anlan.apps.outside import cards, rules
from anlan.apps.outside.models import Hotspot, Quake
from anlan.apps.outside.queries import hotspots, quakes
from anlan.apps.outside.queries.feeds import SEE
from anlan.kernel.layers.declarations import Hit, Layer, LegendItem, Window, declare
from anlan.kernel.rulebook.queries import NoRule

#: Ages of hotspots in the legend: hours, code, words.
AGES = (
    (6.0, "6", gettext_lazy("up to 6 h old")),
    (24.0, "24", gettext_lazy("6 to 24 h old")),
    (float("inf"), "more", gettext_lazy("more than a day old")),
)
#: Magnitudes of the legend: from, code, words.
SIZES = (
    (6.0, "6", gettext_lazy("magnitude 6 and more")),
    (4.0, "4", gettext_lazy("magnitude 4 to 6")),
    (-99.0, "0", gettext_lazy("below magnitude 4")),
)
NO_MAGNITUDE = "none"


def size_of(magnitude: float | None) -> float:
    """How large an earthquake is drawn, as a factor: 0.7 at magnitude 2 and below, 3.2 at 8 and above."""
    return round(0.7 + 2.5 * min(max(((magnitude or 0.0) - 2.0) / 6.0, 0.0), 1.0), 2)


def _shown(code: str, now: datetime) -> timedelta:
    try:
        return timedelta(seconds=rules.rule(code, now).body["shown_s"])
    except NoRule:
        return timedelta(0)


def _feature(row: Any, **facts: Any) -> dict[str, Any]:
    return {
        "type": "Feature",
        "geometry": {"type": "Point", "coordinates": [round(row.lon, 6), round(row.lat, 6)]},
        "properties": {"id": str(row.pk), **{name: value for name, value in facts.items() if value is not None}},
    }


def _boxed(rows: Any, window: Window) -> Any:
    if window.bbox is not None:
        west, south, east, north = window.bbox
        rows = rows.filter(lon__range=(west, east), lat__range=(south, north))
    return rows[: window.limit + 1]


def _ms(at: datetime) -> int:
    return round(at.timestamp() * 1000)


# --- earthquakes ------------------------------------------------------------------------------------------------------
def _quake_features(actor: Any, window: Window) -> dict[str, Any]:
    rows = quakes.drawn(actor, window.moment, _shown(rules.QUAKES, window.now)).order_by("at", "id")
    return {"features": [_quake(one) for one in _boxed(rows, window)]}


def _quake(one: Quake) -> dict[str, Any]:
    group = NO_MAGNITUDE
    if one.magnitude is not None:
        group = next(code for least, code, _words in SIZES if one.magnitude >= least)
    value = "M ?" if one.magnitude is None else f"M {one.magnitude:.1f}"
    return _feature(one, title=str(one), value=value, t=_ms(one.at), group=group, size=size_of(one.magnitude))


def _count_quakes(actor: Any) -> int:
    now = timezone.now()
    return quakes.drawn(actor, now, _shown(rules.QUAKES, now)).count()


def _quake_hits(actor: Any, text: str, limit: int) -> list[Hit]:
    now = timezone.now()
    rows = quakes.found(quakes.drawn(actor, now, _shown(rules.QUAKES, now)), typed=text)
    return [
        Hit(str(one), note=_("Earthquake"), lon=one.lon, lat=one.lat, id=str(one.pk), zoom=8) for one in rows[:limit]
    ]


QUAKES = declare(
    Layer(
        code="quakes",
        title=gettext_lazy("Earthquakes"),
        group=gettext_lazy("Outside data"),
        verb=SEE,
        source=_quake_features,
        legend=(
            *(LegendItem(code, words) for _least, code, words in SIZES),
            LegendItem(NO_MAGNITUDE, gettext_lazy("magnitude not stated")),
        ),
        card=cards.quake_card,
        icon="target",
        draw="dot",
        count=_count_quakes,
        search=_quake_hits,
        events=("outside.quakes",),
        past=True,
        around=False,
        order=70,
        hint=gettext_lazy("The larger the magnitude, the larger the mark"),
    )
)


# --- hotspots ---------------------------------------------------------------------------------------------------------
def _hotspot_features(actor: Any, window: Window) -> dict[str, Any]:
    rows = hotspots.drawn(actor, window.moment, _shown(rules.HOTSPOTS, window.now)).order_by("at", "id")
    return {"features": [_hotspot(one, window.moment) for one in _boxed(rows, window)]}


def _hotspot(one: Hotspot, at: datetime) -> dict[str, Any]:
    hours = (at - one.at).total_seconds() / 3600
    group = next(code for most, code, _words in AGES if hours <= most)
    value = None if one.frp is None else f"{one.frp:.0f} MW"
    title = _("Hotspot, %(place)s") % {"place": one.region.name}
    return _feature(one, title=title, value=value, t=_ms(one.at), group=group, icon="fire")


def _count_hotspots(actor: Any) -> int:
    now = timezone.now()
    return hotspots.drawn(actor, now, _shown(rules.HOTSPOTS, now)).count()


HOTSPOTS = declare(
    Layer(
        code="hotspots",
        title=gettext_lazy("Hotspots seen by satellites"),
        group=gettext_lazy("Outside data"),
        verb=SEE,
        source=_hotspot_features,
        legend=tuple(LegendItem(code, words) for _most, code, words in AGES),
        card=cards.hotspot_card,
        icon="fire",
        draw="mark",
        count=_count_hotspots,
        events=("outside.hotspots",),
        past=True,
        around=False,
        order=71,
        hint=gettext_lazy("Something was hot in this pixel; it need not be a fire"),
    )
)
