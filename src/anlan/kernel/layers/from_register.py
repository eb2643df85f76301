"""A map layer of any declared register: its records as marks, coloured by the level the register names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from django.utils import timezone

from anlan.kernel.layers import columns
from anlan.kernel.layers.declarations import Card, Hit, Layer, LegendItem, Window, declare, get
from anlan.kernel.registers import selecting, tiles, values
from anlan.kernel.registers.conditions import Question
from anlan.kernel.registers.declarations import Marks, Register, declared
from anlan.kernel.registers.info import Kind
from anlan.kernel.web.formatting import COLOURS
from anlan.kernel.web.refs import address_of


def declare_marked() -> None:
    """Put every register that says how it is drawn on every map; called once, when all registers are declared."""
    for register in declared():
        if register.marks is not None and register.located and get(register.code) is None:
            _declare(
                register,
                register.marks,
                code=register.code,
                title=register.title,
                chosen=(),
                on=register.marks.on,
                minzoom=register.marks.minzoom,
                order=register.marks.order,
            )


def declare_register_layer(
    register: Register,
    *,
    code: str,
    title: Any,
    group: Any,
    icons: Mapping[str, str],
    field: str = "",
    chosen: Sequence[str] = (),
    on: bool = True,
    minzoom: float = 0.0,
    order: int = 200,
) -> Layer:
    """Put a part of a register on every map, or the register in another way than its declaration says.

    icons   value of `field` → icon of the sprite; "" is the icon of all others
    chosen  show only records whose `field` is one of these; all when empty
    """
    marks = Marks(group=group, icons=icons, field=field)
    return _declare(register, marks, code=code, title=title, chosen=chosen, on=on, minzoom=minzoom, order=order)


def _declare(
    register: Register, marks: Marks, *, code: str, title: Any, chosen: Sequence[str], on: bool, minzoom: float,
    order: int,
) -> Layer:  # fmt: skip
    narrowed = {marks.field: ",".join(chosen)} if chosen else {}
    placed = {} if marks.draw in ("line", "fill") else {"place": "some"}

    def question(actor: Any, **more: str) -> Question:
        return selecting.question(register, actor, {**narrowed, **placed, **more}, timezone.now())

    def source(actor: Any, window: Window) -> dict[str, Any]:
        asked = replace(question(actor), box=window.bbox)
        found = selecting.select(register, asked, count=window.limit + 1)
        rows = selecting.records(register, found.pks, related=False)
        features = [_feature(register, row, marks) for row in rows if row.lon is not None and row.lat is not None]
        return {"type": "FeatureCollection", "features": features}

    def card(actor: Any, key: str) -> Card | None:
        record = register.rows(actor).filter(pk=int(key)).first() if key.isdecimal() else None
        return record_card(register, record) if record is not None else None

    def search(actor: Any, text: str, limit: int) -> list[Hit]:
        found = selecting.select(register, question(actor, q=text), count=limit)
        rows = selecting.records(register, found.pks, related=False)
        return [Hit(r.name, values.place_words(r.region), r.lon, r.lat, code, str(r.pk), 15.0) for r in rows]

    return declare(
        Layer(
            code=code,
            title=title,
            group=marks.group,
            verb=register.see,
            source=source,
            legend=_legend(register, marks, chosen),
            card=card,
            on=on,
            minzoom=minzoom,
            icon=marks.icons.get("", register.icon),
            draw="mark",
            count=lambda actor: selecting.count(register, question(actor)),
            search=search,
            order=order,
            tiles=lambda actor, at, hidden: tiles.tile(register, question(actor), at, marks, hidden=hidden),
            sums=lambda actor: columns.sums(register, question(actor), marks),
            extent=lambda actor: tiles.extent(register, question(actor)),
            inside=lambda actor, area: columns.inside(register, question(actor), area),
            register=register.code,
        )
    )


def _legend(register: Register, marks: Marks, chosen: Sequence[str]) -> tuple[LegendItem, ...]:
    """Levels where the register has them, else the values that decide the icon."""
    if register.colour_by:
        return tuple(LegendItem(str(level), word, level) for level, word in COLOURS.items())
    if not marks.field or register.info(marks.field).kind is not Kind.CHOICE:
        return ()
    common = marks.icons.get("", register.icon)
    return tuple(
        LegendItem(str(value), words, icon=marks.icons.get(str(value), common))
        for value, words in register.info(marks.field).choices
        if not chosen or value in chosen
    )


def _feature(register: Register, record: Any, marks: Marks) -> dict[str, Any]:
    value = getattr(record, marks.field) if marks.field else ""
    icon = marks.icons.get(value, marks.icons.get("", register.icon))
    properties = {"id": str(record.pk), "title": record.name, "icon": icon}
    if register.colour_by and (level := getattr(record, register.colour_by)):
        properties["level"] = level
    geometry = {"type": "Point", "coordinates": [round(record.lon, 6), round(record.lat, 6)]}
    return {"type": "Feature", "geometry": geometry, "properties": properties}


def record_card(register: Register, record: Any) -> Card:
    """What the map says of a record that was clicked on."""
    kinds = [
        values.shown(info, record)
        for name, info in register.infos().items()
        if info.kind is Kind.CHOICE and name in register.columns
    ]
    lines = (*kinds[:1], values.place_words(record.region), record.address)
    return Card(
        title=record.name,
        lines=tuple(line for line in lines if line),
        level=getattr(record, register.colour_by) if register.colour_by else None,
        url=address_of(record),
        lon=record.lon,
        lat=record.lat,
    )
