"""A map file to mended features, in this process. Strangers' files go through `limited`."""

from __future__ import annotations

from pathlib import Path, PurePath

from anlan.formats.coordinates import Box
from anlan.formats.faults import Fault, Refused
from anlan.formats.geofiles.drafts import Draft
from anlan.formats.geofiles.features import Feature, Features
from anlan.formats.geofiles.geojson import read_geojson
from anlan.formats.geofiles.kml import read_kml, read_kmz
from anlan.formats.geofiles.limits import Limits
from anlan.formats.geofiles.mending import mended
from anlan.formats.geofiles.placing import placed
from anlan.formats.geofiles.shapefiles import read_shapefile
from anlan.formats.geofiles.systems import system_of

#: Endings of names and what they say the content is.
ENDINGS = {"geojson": "json", "json": "json", "kml": "xml", "kmz": "zip", "zip": "zip"}
_HEAD = 1024


def read_features(
    path: Path, name: str, limits: Limits, *, box: Box | None = None, layer: str = "", encoding: str = ""
) -> Features:
    """Read a map file.

    name             as the person's file was called; only its ending is used, and only to compare
    box              west, south, east, north of the county, to see what lies elsewhere; see `placing.placed`
    layer, encoding  of a shapefile, see `shapefiles.read_shapefile`

    Raises Refused.
    """
    size = path.stat().st_size
    if size > limits.bytes:
        raise Refused("too_large", bytes=size, limit=limits.bytes)
    if not size:
        raise Refused("empty_file")
    ending = PurePath(name).suffix.lower().removeprefix(".")
    if ending not in ENDINGS:
        raise Refused("unsupported", found=ending)
    with path.open("rb") as file:
        found = _content(file.read(_HEAD))
    if found != ENDINGS[ending]:
        raise Refused("wrong_type", said=ending, found=found)
    notes: list[Fault] = []
    if found == "json":
        kind = "geojson"
        drafts, said = read_geojson(path, limits)
    elif ending == "zip":
        kind = "shp"
        drafts, notes, said = read_shapefile(path, limits, layer=layer, encoding=encoding)
    else:
        kind, said = "kml", "CRS84"
        drafts, notes = read_kmz(path, limits) if ending == "kmz" else read_kml(path, limits)
    if not drafts:
        raise Refused("no_features")
    system, stated = system_of(said)
    heights = sum(draft.heights for draft in drafts)
    if heights:
        notes.append(Fault("heights_dropped", "", {"features": heights}))
    features = tuple(map(_feature, drafts))
    return placed(Features(kind, features, system, (*notes, *stated)), box)


def _feature(draft: Draft) -> Feature:
    geometry = mended(draft)
    return Feature(draft.number, draft.id, geometry, draft.properties, draft.place, tuple(draft.faults))


def _content(head: bytes) -> str:
    if head.startswith(b"PK"):
        return "zip"
    if b"\0" in head and not head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "binary"
    text = head.decode("utf-16" if head[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig", "replace").lstrip()
    return "json" if text.startswith(("{", "[")) else "xml" if text.startswith("<") else "text"
