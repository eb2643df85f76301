"""Boundaries from a map file: mended, moved to WGS-84, matched to regions by code or name, told what was changed."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import PurePath
from typing import Any

import shapely
from django.db import transaction
from django.utils.translation import gettext as _
from shapely.geometry.base import BaseGeometry

from anlan.formats import faults
from anlan.formats.coordinates import CGCS2000, WGS84
from anlan.formats.geofiles.features import Feature, Features
from anlan.formats.geofiles.limited import open_features
from anlan.formats.geofiles.limits import Limits
from anlan.formats.geofiles.placing import moved
from anlan.kernel.audit import services as audit
from anlan.kernel.borders.services import Refused
from anlan.kernel.borders.words import lines_of, words_of
from anlan.kernel.people.models import User
from anlan.kernel.people.rights import may
from anlan.kernel.regions import queries
from anlan.kernel.regions.models import Region
from anlan.kernel.regions.services import is_area, outline

#: Properties that hold the code of a place, and those that hold its name, in the order in which they are believed.
CODES = ("code", "adcode", "gb", "pac", "xzqdm", "代码", "区划代码", "行政区划代码", "行政区代码", "id")
NAMES = ("name", "xzqmc", "mc", "名称", "行政区名称", "地名")

#: Shares that are pointed out: of an area that a repair or a new file changes, of a place that lies outside its parent.
CHANGED, OUTSIDE = 0.02, 0.01

#: A boundary may have more vertices than other features.
LIMITS = Limits(vertices=200_000, features=5_000, seconds=10.0)


@dataclass(frozen=True, slots=True)
class Row:
    """What becomes of one feature.

    outcome   "new" a first boundary, "replaced", "same", or why nothing becomes of it: "unmatched", "twice",
              "unusable", "forbidden"
    mended    what was repaired, in words
    warnings  what somebody should look at
    km2       its area; `km2_before` that of the boundary it replaces, None for a first one
    """

    number: int
    said: str
    outcome: str
    region: str = ""
    name: str = ""
    level: str = ""
    mended: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    vertices: int = 0
    km2: float = 0.0
    km2_before: float | None = None


@dataclass(slots=True)
class Reading:
    """Rows of a file, its notes, and the shape of each region that would get one."""

    rows: list[Row] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    shapes: dict[int, BaseGeometry] = field(default_factory=dict)

    def report(self) -> dict[str, Any]:
        """As JSON keeps it."""
        outcomes = Counter(row.outcome for row in self.rows)
        mended = sum(bool(row.mended) for row in self.rows)
        return {
            "rows": [asdict(row) for row in self.rows], "notes": self.notes, "counts": dict(outcomes), "mended": mended
        }  # fmt: skip


def read(content: bytes, name: str, system: str, *, actor: User) -> Reading:
    """Read a map file (GeoJSON, KML, KMZ, zipped shapefile); nothing is changed.

    system  of its coordinates, as `formats.coordinates` names it

    Raises Refused in words.
    """
    try:
        features = open_features(content, PurePath(name).name, limits=LIMITS)
        notes = lines_of(note for note in features.notes if note.code not in ("projected", "stated_system"))
        if system not in (WGS84, CGCS2000):
            features = moved(features, system)
    except faults.Refused as refused:
        raise Refused(words_of(refused.fault)) from refused
    found = Reading(notes=notes)
    if features.system and features.system not in (system, WGS84) and system != features.system:
        found.notes.append(_("The file says that its coordinates are %(system)s.") % {"system": features.system})
    _match(features, found, actor)
    _compare_neighbours(found)
    return found


def _match(features: Features, found: Reading, actor: User) -> None:
    kept = queries.tree()
    rows = {region.pk: region for region in Region.objects.filter(pk__in=[n.id for n in kept.by_code.values()])}
    taken: set[int] = set()
    for feature in features.features:
        node, said = _node_of(feature)
        mended = lines_of(feature.faults)
        shape = _area_of(feature.geometry)
        about: dict[str, Any] = {"number": feature.number, "said": said, "mended": tuple(mended)}
        if node is not None:
            about |= {"region": node.code, "name": node.name, "level": node.level}
        if shape is None:
            found.rows.append(Row(**about, outcome="unusable"))
        elif node is None:
            found.rows.append(Row(**about, outcome="unmatched", vertices=_vertices(shape), km2=km2(shape)))
        elif node.id in taken:
            found.rows.append(Row(**about, outcome="twice"))
        elif not may(actor, "region.manage", rows[node.id]):
            found.rows.append(Row(**about, outcome="forbidden"))
        else:
            taken.add(node.id)
            found.rows.append(_row(about, rows[node.id], shape))
            found.shapes[node.id] = shape


def _row(about: Mapping[str, Any], region: Region, shape: BaseGeometry) -> Row:
    area = km2(shape)
    before: float | None = None
    warnings: list[str] = []
    outcome = "new"
    if region.boundary is not None:
        old = shapely.from_wkb(bytes(region.boundary))
        before = km2(old)
        outcome = "same" if shapely.equals_exact(shape.normalize(), old.normalize(), 1e-9) else "replaced"
        if abs(area - before) > CHANGED * before:
            share = round(100 * (area - before) / before, 1)
            warnings.append(_("The area changes by %(share)s %%.") % {"share": share})
    above = region.parent
    if above is not None and above.boundary is not None:
        beyond = shapely.difference(shape, shapely.from_wkb(bytes(above.boundary)))
        if km2(beyond) > OUTSIDE * area:
            share = round(100 * km2(beyond) / area, 1)
            warnings.append(_("%(share)s %% lie outside of %(place)s.") % {"share": share, "place": above.name})
    return Row(
        **about, outcome=outcome, warnings=tuple(warnings), vertices=_vertices(shape), km2=area, km2_before=before
    )  # fmt: skip


def _node_of(feature: Feature) -> tuple[queries.Node | None, str]:
    """The region that a feature speaks of, and the words it uses: by its code, else by a name that only one has."""
    said = {str(key).lower(): str(value).strip() for key, value in feature.properties.items() if value is not None}
    if feature.id:
        said.setdefault("id", feature.id)
    name = next((said[key] for key in NAMES if said.get(key)), "")
    for key in CODES:
        code = said.get(key, "")
        for short in _shortened(code):
            node = queries.resolve(short)
            if node is not None:
                return node, f"{code} {name}".strip()
    alike = [node for node in queries.tree().by_path.values() if name and node.name == name]
    code = next((said[key] for key in CODES if said.get(key)), "")
    return (alike[0] if len(alike) == 1 else None), f"{code} {name}".strip()


def _shortened(code: str) -> Sequence[str]:
    """A code as it stands and without the zeros that fill it up: 990123000000 → 990123000000, 990123000, 990123."""
    if not code:
        return ()
    found = [code]
    while len(found[-1]) > 6 and found[-1].endswith("000"):
        found.append(found[-1][:-3])
    while 2 < len(found[-1]) <= 6 and found[-1].endswith("00"):
        found.append(found[-1][:-2])
    return found


def _area_of(shape: BaseGeometry | None) -> BaseGeometry | None:
    """A valid area in degrees; moving between systems may have made outlines touch again."""
    if shape is None:
        return None
    if not shape.is_valid:
        parts = [part for part in shapely.get_parts(shapely.make_valid(shape)) if part.geom_type == "Polygon"]
        shape = shapely.union_all(parts)
    return shape if is_area(shape) else None


def _compare_neighbours(found: Reading) -> None:
    """Neighbours of one level that lie over each other, or leave room between them that was not there before."""
    by_level: dict[str, list[BaseGeometry]] = defaultdict(list)
    for pk, shape in found.shapes.items():
        by_level[queries.tree().by_id[pk].level].append(shape)
    for shapes in by_level.values():
        both = sum(map(km2, shapes)) - km2(shapely.union_all(shapes))
        if both > 0.01:
            found.notes.append(_("Neighbours lie over each other on %(km2).2f km².") % {"km2": both})


def km2(shape: BaseGeometry) -> float:
    """Area of a shape in degrees, km², on a plane about its middle."""
    if shape.is_empty:
        return 0.0
    degree_km = queries.DEGREE_M / 1000
    south, north = shape.bounds[1], shape.bounds[3]
    return round(float(shape.area) * degree_km**2 * math.cos(math.radians((south + north) / 2)), 3)


def _vertices(shape: BaseGeometry) -> int:
    return int(shapely.get_num_coordinates(shape))


@transaction.atomic
def put_in_force(found: Reading, *, name: str, digest: str, actor: User, now: datetime) -> int:
    """Give every matched region its boundary; returns how many. Each leaves its entry in the audit trail."""
    said = {row.region: row for row in found.rows if row.outcome in ("new", "replaced")}
    done = 0
    for region in Region.objects.filter(pk__in=found.shapes):
        row = said.get(region.code)
        if row is None:
            continue
        shape = found.shapes[region.pk]
        outline(region, shape)
        if region.lon is None or region.lat is None:
            inside = shape.representative_point()
            region.lon, region.lat = inside.x, inside.y
        region.save()
        audit.record(
            actor=actor, verb="region.boundary", obj=region, region=region, now=now, note=name,
            before={"km2": row.km2_before},
            after={"km2": row.km2, "vertices": row.vertices, "mended": row.mended, "file": digest},
        )  # fmt: skip
        done += 1
    return done
