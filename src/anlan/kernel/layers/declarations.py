"""What a map can draw: a layer is declared once, by the room that owns its rows, and every map shows it.

A layer's `source` answers with GeoJSON. The map reads these properties of a feature, all but `id` optional:

    id        str, unique in the layer; the card is asked for with it
    title     str, the name on hover and beside a pulse
    level     1 red … 4 blue, or None: the colour of the mark (level colours mean level and nothing else)
    pulse     True: unacknowledged, the mark pulses and carries its label
    label     str, short words on the flag beside a pulsing mark ("tailings dam displacement")
    t         ms since 1970 UTC of the newest value or of the raising; shown as an age or a time
    value     str, the newest value as it is to be read, with its unit
    silent    True: no data; the mark is hatched, never "normal"
    icon      name of an icon, over the layer's own
    course    degrees clockwise from north: an arrow at the mark says where it is heading
    group     value that the legend filters by; `level` when absent
    size      factor on the size of a mark or dot of GeoJSON; 1 when absent
    stay      minutes or any other number that the room wants on its own card; ignored by the map
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from anlan.formats.mvt import Tile
    from anlan.kernel.layers.surroundings import Inside
    from anlan.kernel.registers.tiles import Tiled
    from anlan.science.areas import Area

#: lon/lat degrees WGS-84: west, south, east, north.
Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Window:
    """What the map looks at.

    bbox    west, south, east, north in degrees, or None for everything
    zoom    web map zoom, 0 the world … 22
    at      the moment shown: None is now, else an aware UTC datetime in the past (the slider)
    now     aware UTC datetime of the question
    limit   most features that may come back; more are cut and the answer says so
    """

    now: datetime
    bbox: Box | None = None
    zoom: float = 10.0
    at: datetime | None = None
    limit: int = 5000

    @property
    def moment(self) -> datetime:
        """The moment shown, now included."""
        return self.at or self.now


@dataclass(frozen=True, slots=True)
class LegendItem:
    """One line of a legend: the value that features carry (`group`, else `level`), its words, its level colour.

    tint  for areas without a level, as their property `tint`: "accent" or "gap" (what is missing, in grey)
    """

    value: str
    label: Any  # str or lazy translation
    level: int | None = None
    icon: str = ""
    tint: str = ""


#: actor, window -> GeoJSON FeatureCollection, scoped to the actor's rights by the room that owns the rows.
Source = Callable[[Any, Window], Mapping[str, Any]]
#: actor, id -> what the detail card shows (see `Card`); None: not there or not yours, which look the same.
CardOf = Callable[[Any, str], "Card | Mapping[str, Any] | None"]
#: actor -> how many rows are in the layer for this actor.
Count = Callable[[Any], int | None]
#: actor, tile, values of the legend that are switched off -> the vector tile.
Tiles = Callable[[Any, "Tile", frozenset[str]], "Tiled"]
#: actor -> how many rows have which value of the legend.
Sums = Callable[[Any], Mapping[str, int]]
#: actor -> the box of all rows, None when there are none.
Extent = Callable[[Any], "Box | None"]
#: actor, area -> what lies inside, from columns; for layers with more rows than GeoJSON carries.
Within = Callable[[Any, "Area"], "Inside"]
#: actor, text, limit -> hits for the map's search box.
Search = Callable[[Any, str, int], Sequence["Hit"]]


@dataclass(frozen=True, slots=True)
class Hit:
    """One answer of the search box. `id` is the feature's id in its layer; blank when it is only a place."""

    title: str
    note: str = ""
    lon: float | None = None
    lat: float | None = None
    layer: str = ""
    id: str = ""
    zoom: float = 13.0


@dataclass(frozen=True, slots=True)
class Layer:
    """One thing that can be switched on in the layer tree.

    code     unique, also in the address: lower case, digits, hyphens
    group    heading in the tree; layers of one group stand together
    verb     the right needed to see it; without it the layer does not exist for the actor
    draw     "mark" (points with icon), "alarm" (points that may pulse), "dot" (small circles), "fill" (areas by level),
             "shade" (areas by `share` 0 … 1, in the accent), "line" (lines in the accent)
    tiles    vector tiles instead of GeoJSON; then `source` serves those who ask for GeoJSON, `sums` the legend and
             `extent` the button that shows all
    inside   what lies in an area, straight from columns; else `source` is asked
    register code of the register that the rows belong to; a change of it makes an open map ask again
    card     None: a click does nothing
    count    None: counted from the source; a function that gives None does not know
    every_s  seconds after which an open map asks again; 0 only on `events`
    events   prefixes of event kinds that make an open map ask again ("alarm.")
    past     True: the source honours `window.at`; False: hidden while the slider stands in the past
    around   True: counted in the circle search
    """

    code: str
    title: Any
    group: Any
    verb: str
    source: Source
    legend: tuple[LegendItem, ...] = ()
    card: CardOf | None = None
    on: bool = True
    minzoom: float = 0.0
    icon: str = "dot"
    draw: str = "mark"
    count: Count | None = None
    search: Search | None = None
    every_s: int = 0
    events: tuple[str, ...] = ()
    past: bool = False
    around: bool = True
    order: int = 100
    hint: Any = ""
    tiles: Tiles | None = None
    sums: Sums | None = None
    extent: Extent | None = None
    inside: Within | None = None
    register: str = ""


@dataclass(slots=True)
class _Registry:
    layers: dict[str, Layer] = field(default_factory=dict)


_registry = _Registry()
_DRAWS = frozenset({"mark", "alarm", "dot", "fill", "shade", "line"})


def declare(layer: Layer) -> Layer:
    """Put a layer on every map. Raises ValueError for a doubled or unfit code, so that the start fails, not a page."""
    if not layer.code or not all(c.isascii() and (c.isalnum() or c == "-") for c in layer.code):
        raise ValueError(f"layer code {layer.code!r}: use lower-case letters, digits and hyphens")
    if layer.code in _registry.layers and _registry.layers[layer.code] is not layer:
        raise ValueError(f"layer {layer.code!r} is declared twice")
    if layer.draw not in _DRAWS:
        raise ValueError(f"layer {layer.code!r}: draw {layer.draw!r} is none of {sorted(_DRAWS)}")
    _registry.layers[layer.code] = layer
    return layer


def layers() -> list[Layer]:
    """All declared layers, in the order of the tree."""
    return sorted(_registry.layers.values(), key=lambda layer: (layer.order, layer.code))


def get(code: str) -> Layer | None:
    """The layer of this code, or None."""
    return _registry.layers.get(code)


@dataclass(frozen=True, slots=True)
class Act:
    """One button of a card. `key` is its letter on the map; `method` "post" sends at once, "get" opens the page.

    `undo` is the address that takes a sent act back, offered for 10 s. A post is answered with JSON {"ok", "words"}.
    """

    label: Any
    url: str
    method: str = "post"
    key: str = ""
    primary: bool = False
    undo: str = ""
    data: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Figure:
    """One number on a card. `since` (aware UTC datetime) is shown as a running age."""

    label: Any
    value: str = ""
    unit: str = ""
    since: datetime | None = None
    silent: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """One row of a card's table: name, value, note at the right; `level` shows a badge instead of the note."""

    label: Any
    value: Any = ""
    note: Any = ""
    level: int | None = None
    url: str = ""
    silent: bool = False


@dataclass(frozen=True, slots=True)
class Moment:
    """One step of the small timeline at the foot of a card."""

    at: datetime
    words: Any
    level: int | None = None


@dataclass(frozen=True, slots=True)
class Card:
    """The detail card as `layers/card.html` draws it; a room with another need gives a dict with "template".

    A card function returns `Card(...)` or a dict `{"template": "sensing/card.html", …context}`.

    clock       (started, due) of the running clock, aware UTC datetimes, and its words in `clock_label`
    curve_url   address of curve data (see static/web/chart.js for its form); drawn when set
    rule        words of the rule that decided, with `rule_clause`, `rule_url`; `verified` False shows the mark
    chain       number of the chain and `chain_url`
    """

    title: Any
    lines: tuple[Any, ...] = ()  # one under the other below the title: firm, address, person
    level: int | None = None
    state: Any = ""
    clock: tuple[datetime | None, datetime] | None = None
    clock_label: Any = ""
    figures: tuple[Figure, ...] = ()
    curve_url: str = ""
    rule: Any = ""
    rule_clause: Any = ""
    rule_url: str = ""
    verified: bool = True
    table_head: tuple[Any, ...] = ()
    table: tuple[Line, ...] = ()
    chain: str = ""
    chain_url: str = ""
    steps: tuple[Moment, ...] = ()
    acts: tuple[Act, ...] = ()
    url: str = ""
    url_label: Any = ""
    lon: float | None = None
    lat: float | None = None
    exercise: bool = False
