"""A map layer of any declared register: its records as marks, coloured by the level the register names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.db.models import Q, QuerySet
from django.urls import reverse

from anlan.kernel.layers.declarations import Card, Hit, Layer, LegendItem, Window, declare
from anlan.kernel.registers.declarations import Register
from anlan.kernel.web.formatting import COLOURS


def declare_register_layer(
    register: Register,
    *,
    code: str,
    title: Any,
    group: Any,
    icons: Mapping[str, str],
    field: str = "",
    values: Sequence[str] = (),
    on: bool = True,
    minzoom: float = 0.0,
    order: int = 200,
) -> Layer:
    """Put (a part of) a register on every map.

    icons   value of `field` → icon of the sprite; "" is the icon of all others
    values  show only records whose `field` is one of these; all when empty
    """

    def rows(actor: Any) -> QuerySet[Any]:
        found = register.rows(actor).filter(lon__isnull=False, lat__isnull=False)
        return found.filter(**{f"{field}__in": values}) if values else found

    def source(actor: Any, window: Window) -> dict[str, Any]:
        found = rows(actor)
        if window.bbox is not None:
            west, south, east, north = window.bbox
            found = found.filter(lon__range=(west, east), lat__range=(south, north))
        return {
            "type": "FeatureCollection",
            "features": [_feature(register, record, icons, field) for record in found[: window.limit + 1]],
        }

    def card(actor: Any, key: str) -> Card | None:
        record = rows(actor).filter(pk=int(key)).first() if key.isdecimal() else None
        return _card(register, record) if record is not None else None

    def search(actor: Any, text: str, limit: int) -> list[Hit]:
        found = Q(pinyin__icontains=text.lower())
        for name in register.search:
            found |= Q(**{f"{name}__icontains": text})
        hits = rows(actor).filter(found).order_by("pinyin")[:limit]
        return [Hit(r.name, str(r.region), r.lon, r.lat, code, str(r.pk), 15.0) for r in hits]

    legend = tuple(LegendItem(str(level), word, level) for level, word in COLOURS.items()) if register.colour_by else ()
    return declare(
        Layer(
            code=code,
            title=title,
            group=group,
            verb=register.see,
            source=source,
            legend=legend,
            card=card,
            on=on,
            minzoom=minzoom,
            icon=icons.get("", register.icon),
            draw="mark",
            count=lambda actor: rows(actor).count(),
            search=search,
            order=order,
        )
    )


def _feature(register: Register, record: Any, icons: Mapping[str, str], field: str) -> dict[str, Any]:
    properties = {"id": str(record.pk), "title": record.name, "icon": icons.get(getattr(record, field, ""), icons[""])}
    if register.colour_by and (level := getattr(record, register.colour_by)):
        properties["level"] = level
    geometry = {"type": "Point", "coordinates": [round(record.lon, 6), round(record.lat, 6)]}
    return {"type": "Feature", "geometry": geometry, "properties": properties}


def _card(register: Register, record: Any) -> Card:
    kind = record.get_kind_display() if hasattr(record, "get_kind_display") else ""
    lines = (kind, str(record.region), getattr(record, "address", ""))
    return Card(
        title=record.name,
        lines=tuple(line for line in lines if line),
        level=getattr(record, register.colour_by) if register.colour_by else None,
        url=reverse("registers:archive", args=[register.code, record.code]),
        lon=record.lon,
        lat=record.lat,
    )
