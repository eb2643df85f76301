"""Changes to the tree of places."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, cast

import shapely
from django.db import transaction
from django.utils.translation import gettext as _

from anlan.kernel.regions import queries
from anlan.kernel.regions.models import Region
from anlan.kernel.regions.pinyin import pinyin_key


class BadRegions(ValueError):
    """Rows that do not make a tree; names every bad row at once, and nothing was written."""

    def __init__(self, faults: Sequence[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = tuple(faults)


@dataclass(frozen=True, slots=True)
class Planting:
    """One region to be: codes after GB/T 2260 and longer, places in degrees WGS-84.

    level     a value of `Level`
    boundary  shapely polygon or multipolygon, or None
    """

    code: str
    name: str
    level: str
    parent_code: str | None = None
    boundary: Any = None
    lon: float | None = None
    lat: float | None = None
    population: int | None = None


def plant(rows: Iterable[Planting | Sequence[Any]]) -> list[Region]:
    """Build or refresh regions from rows in any order; returns them in the order given.

    A row is a `Planting` or a sequence in its order. A code that exists already is refreshed; it may not change
    its parent or level, since everything located there would move with it. A region without a place of its own
    gets a point inside its boundary. Path, pinyin and bounds are filled in.

    Raises BadRegions with all faults: doubled code, unknown parent, a child as wide as its parent, bad boundary.
    """
    plantings = [row if isinstance(row, Planting) else Planting(*row) for row in rows]
    with transaction.atomic():
        known = {r.code: r for r in Region.records.defer("boundary")}
        _refuse_faults(plantings, known)
        for planting in sorted(plantings, key=lambda p: queries.DEPTH.index(p.level)):
            _plant_one(planting, known)
    queries.forget()
    return [known[p.code] for p in plantings]


def _plant_one(planting: Planting, known: dict[str, Region]) -> None:
    parent = known[planting.parent_code] if planting.parent_code else None
    region = known.get(planting.code) or Region(code=planting.code, level=planting.level, parent=parent)
    region.name = planting.name
    region.pinyin = pinyin_key(planting.name, 200)
    region.path = (parent.path if parent else "/") + planting.code + "/"
    region.population = planting.population
    shape = planting.boundary
    if shape is not None:
        outline(region, shape)
    if planting.lon is not None and planting.lat is not None:
        region.lon, region.lat = planting.lon, planting.lat
    elif shape is not None:
        inside = shape.representative_point()
        region.lon, region.lat = inside.x, inside.y
    region.save()
    known[region.code] = region


def outline(region: Region, shape: Any) -> None:
    """Give a row its boundary, a valid area in WGS-84 degrees, with the bounds; nothing is saved yet."""
    region.boundary = cast("Any", shapely.to_wkb(shape))
    region.min_lon, region.min_lat, region.max_lon, region.max_lat = (float(v) for v in shape.bounds)


def _refuse_faults(plantings: list[Planting], known: dict[str, Region]) -> None:
    faults = []
    levels = {code: region.level for code, region in known.items()} | {p.code: p.level for p in plantings}
    seen: set[str] = set()
    for row in plantings:
        if row.code in seen:
            faults.append(_("%(code)s appears twice") % {"code": row.code})
        seen.add(row.code)
        if row.level not in queries.DEPTH:
            faults.append(_("%(code)s: no level is called %(level)s") % {"code": row.code, "level": row.level})
            continue
        if not row.code.isascii() or not row.code.isalnum():
            faults.append(_("%(code)s: a code has digits and letters only") % {"code": row.code})
        if row.parent_code is not None:
            above = levels.get(row.parent_code)
            if above is None:
                faults.append(_("%(code)s: no region %(parent)s") % {"code": row.code, "parent": row.parent_code})
            elif above not in queries.DEPTH or queries.DEPTH.index(above) >= queries.DEPTH.index(row.level):
                faults.append(
                    _("%(code)s: a %(level)s cannot lie in a %(above)s")
                    % {"code": row.code, "level": row.level, "above": above}
                )
        if (old := known.get(row.code)) is not None and old.valid_until is not None:
            words = _("%(code)s: ended on %(day)s; its code is not given again")
            faults.append(words % {"code": row.code, "day": old.valid_until})
        elif old is not None:
            parent = known.get(row.parent_code) if row.parent_code else None
            if old.level != row.level or old.parent_id != (parent.pk if parent else None):
                faults.append(_("%(code)s: exists already with another parent or level") % {"code": row.code})
        if row.boundary is not None and not is_area(row.boundary):
            faults.append(_("%(code)s: the boundary is not a valid area in degrees") % {"code": row.code})
    if faults:
        raise BadRegions(faults)


def is_area(shape: Any) -> bool:
    """A valid polygon or several of them, in degrees."""
    if getattr(shape, "geom_type", "") not in ("Polygon", "MultiPolygon") or shape.is_empty or not shape.is_valid:
        return False
    west, south, east, north = shape.bounds
    return bool(-180 <= west <= east <= 180 and -90 <= south <= north <= 90)
