"""What the map draws of carriers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from anlan.apps.tracks import cards
from anlan.apps.tracks.models import CarrierKind, FenceKind
from anlan.apps.tracks.queries import drawn, fences
from anlan.apps.tracks.queries.carriers import SEE, SEE_PERSON
from anlan.apps.tracks.services.looks import watched
from anlan.kernel.layers.declarations import Hit, Layer, LegendItem, Window, declare
from anlan.kernel.regions import queries as regions

GROUP = _("Carriers")


def _watched(actor: Any, window: Window) -> dict[str, Any]:
    """Persons on the map; that somebody had them before their eyes is written down."""
    found = drawn.person_features(actor, window)
    watched(actor, regions.root(), len(found["features"]), now=window.now)
    return found


def _found(actor: Any, text: str, limit: int) -> Sequence[Hit]:
    """Persons of the search box come with their places, which is a look like that at the map."""
    hits = drawn.person_hits(actor, text, limit)
    watched(actor, regions.root(), sum(hit.lon is not None for hit in hits), now=timezone.now())
    return hits


CARRIERS = declare(
    Layer(
        code="carriers",
        title=_("Vehicles, boats, teams"),
        group=GROUP,
        verb=SEE,
        source=drawn.thing_features,
        legend=tuple(
            LegendItem(kind.value, kind.label, None, drawn.ICONS[kind])
            for kind in CarrierKind
            if kind != CarrierKind.PERSON
        ),
        card=cards.carrier_card,
        icon="vehicle",
        draw="mark",
        count=drawn.count_things,
        search=drawn.hits,
        events=("track.moved", "track.changed", "alarm."),
        every_s=15,
        past=True,
        order=30,
        hint=_("Hatched: its last place is older than the rule allows"),
    )
)

TRAILS = declare(
    Layer(
        code="carrier-trails",
        title=_("Trails"),
        group=GROUP,
        verb=SEE,
        source=drawn.trail_features,
        icon="curve",
        draw="line",
        count=drawn.count_trails,
        every_s=30,
        past=True,
        around=False,
        order=31,
        hint=_("The last hours of those that moved last"),
    )
)

FENCES = declare(
    Layer(
        code="fences",
        title=_("Fences"),
        group=GROUP,
        verb=SEE,
        source=drawn.fence_features,
        legend=(
            LegendItem(FenceKind.STAY_IN.value, FenceKind.STAY_IN.label, tint="accent"),
            LegendItem(FenceKind.KEEP_OUT.value, FenceKind.KEEP_OUT.label, tint="gap"),
        ),
        card=cards.fence_card,
        icon="stop",
        draw="fill",
        count=lambda actor: fences.fences_for(actor).count(),
        events=("fence.", "alarm."),
        around=False,
        order=32,
    )
)

PERSONS = declare(
    Layer(
        code="carried-persons",
        title=_("Persons who share their place"),
        group=GROUP,
        verb=SEE_PERSON,
        source=_watched,
        card=cards.carrier_card,
        icon="person",
        draw="mark",
        on=False,
        count=drawn.count_persons,
        search=_found,
        events=("track.person", "track.changed"),
        every_s=15,
        around=False,
        order=33,
        hint=_("Only while they share it; each look at a person is written down"),
    )
)
