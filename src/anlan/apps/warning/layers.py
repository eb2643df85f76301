"""What the map draws of warnings: the areas of real ones in force, by level. An ended one leaves by itself."""

from __future__ import annotations

from typing import Any

import shapely
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from anlan.apps.warning.models import Message, Reached
from anlan.apps.warning.queries import messages as queries
from anlan.apps.warning.words import type_words
from anlan.kernel.layers.declarations import Card, Figure, Layer, LegendItem, Line, Window, declare
from anlan.kernel.web.formatting import COLOURS, NUMERALS, bureau_time

#: Outlines are thinned by this many degrees, which no screen can tell at county scale.
THIN_DEGREES = 0.0003


def _rows(actor: Any, window: Window) -> Any:
    now = window.moment
    return queries.real(queries.visible(actor)).filter(queries.in_force(now), level__isnull=False)


def features(actor: Any, window: Window) -> dict[str, Any]:
    """GeoJSON of the areas, the gravest last so that it lies on top. A place said in words has no area and is listed
    on the page of warnings only."""
    rows = _rows(actor, window).exclude(reached=Reached.WORDS).defer(None).defer("data", "verdict")
    found = []
    for row in rows.order_by("-level", "id")[: window.limit + 1]:
        outline = queries.outline_of(row)
        if outline is None:
            continue
        shape = shapely.set_precision(shapely.simplify(outline, THIN_DEGREES), 1e-5)
        if shape.is_empty:
            shape = outline
        facts = {
            "id": str(row.pk),
            "title": f"{NUMERALS[row.level]} {COLOURS[row.level]} · {row}",
            "level": row.level,
            "t": round(row.sent.timestamp() * 1000) if row.sent else None,
        }
        found.append({"type": "Feature", "geometry": shapely.geometry.mapping(shape), "properties": facts})
    return {"type": "FeatureCollection", "features": found}


def _count(actor: Any) -> int:
    now = timezone.now()
    rows = _rows(actor, Window(now=now)).exclude(reached=Reached.WORDS)
    return int(rows.filter(Q(shape__isnull=False) | Q(places__isnull=False)).distinct().count())


def _card(actor: Any, key: str) -> Card | None:
    if not (key.isascii() and key.isdigit() and len(key) < 19):
        return None
    message: Message | None = queries.visible(actor).select_related("source", "chain").filter(pk=int(key)).first()
    if message is None:
        return None
    ends = bureau_time(message.ends_at) if message.has_end else _("no end said")
    return Card(
        title=str(message),
        lines=tuple(filter(None, (message.sender_name or message.sender, message.area_words))),
        level=message.level,
        state=type_words(message),
        figures=(Figure(_("Ends at"), ends),),
        table=(
            Line(_("Event"), message.event),
            Line(_("Signature"), _("Signed") if message.signed else _("Not signed")),
            Line(_("Where it came from"), message.source.name if message.source else _("Issued here")),
        ),
        chain=message.chain.number if message.chain else "",
        chain_url=reverse("desks:chain", args=[message.chain.number]) if message.chain else "",
        url=reverse("warning:message", args=[message.pk]),
        url_label=_("Open the warning"),
        lon=message.lon,
        lat=message.lat,
        exercise=message.exercise,
    )


def declare_layers() -> None:
    """Called once at start."""
    declare(
        Layer(
            code="warnings",
            title=gettext_lazy("Warnings in force"),
            group=gettext_lazy("Live"),
            verb="warning.see",
            source=features,
            legend=tuple(LegendItem(str(level), COLOURS[level], level) for level in COLOURS),
            card=_card,
            draw="fill",
            icon="alert",
            count=_count,
            every_s=60,
            events=("warning.",),
            around=False,
            order=12,
            hint=gettext_lazy("Exercises and tests are never on the map"),
        )
    )
