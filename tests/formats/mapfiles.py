"""Map files built in the tests, and their reader in this process."""

from __future__ import annotations

import io
import json
import os
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import shapefile

from anlan.formats.coordinates import Box
from anlan.formats.geofiles.features import Features
from anlan.formats.geofiles.limits import Limits
from anlan.formats.geofiles.reading import read_features

SHARED = Path(os.environ.get("ANLAN_SHARED_DATA", Path(__file__).parents[3] / "shared" / "data"))
#: Round the fictional county; west, south, east, north.
BOX: Box = (118.0, 31.0, 119.0, 32.0)
SQUARE = [[118.2, 31.2], [118.4, 31.2], [118.4, 31.4], [118.2, 31.4], [118.2, 31.2]]
WGS84 = (
    'GEOGCS["GCS_WGS_1984",DATUM["D_WGS_1984",SPHEROID["WGS_1984",6378137.0,298.257223563]],'
    'PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]]'
)
ZONE_40 = (
    'PROJCS["CGCS2000_3_Degree_GK_Zone_40",GEOGCS["GCS_China_Geodetic_Coordinate_System_2000",DATUM["D_China_2000",'
    'SPHEROID["CGCS2000",6378137.0,298.257222101]],PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]],'
    'PROJECTION["Gauss_Kruger"],PARAMETER["False_Easting",40500000.0],PARAMETER["False_Northing",0.0],'
    'PARAMETER["Central_Meridian",120.0],PARAMETER["Scale_Factor",1.0],PARAMETER["Latitude_Of_Origin",0.0],'
    'UNIT["Meter",1.0]]'
)
BEIJING = ZONE_40.replace("China_Geodetic_Coordinate_System_2000", "Beijing_1954").replace(
    "D_China_2000", "D_Beijing_1954"
)


def recording(*parts: str) -> Path:
    """A recording of others; a test that needs one that is not on this machine is skipped with a word."""
    path = SHARED.joinpath(*parts)
    if not path.exists():
        pytest.skip(f"the recording {'/'.join(parts)} is not on this machine (ANLAN_SHARED_DATA)")
    return path


def read(data: bytes, folder: Path, name: str = "a.geojson", limits: Limits | None = None, **given: Any) -> Features:
    """Read bytes in this process, where a fault of ours would show as what it is."""
    path = folder / "stored"
    path.write_bytes(data)
    return read_features(path, name, limits or Limits(), **given)


def feature(kind: str, coordinates: Any, **properties: Any) -> dict[str, Any]:
    """A GeoJSON feature."""
    return {"type": "Feature", "properties": properties, "geometry": {"type": kind, "coordinates": coordinates}}


def collection(*features: Any, **more: Any) -> bytes:
    """A GeoJSON file."""
    return json.dumps({"type": "FeatureCollection", "features": features, **more}, ensure_ascii=False).encode()


def area(*rings: Sequence[Sequence[float]], **properties: Any) -> bytes:
    """A GeoJSON file of one polygon."""
    return collection(feature("Polygon", rings, **properties))


def kml(inside: str, *, head: str = '<?xml version="1.0" encoding="UTF-8"?>\n') -> bytes:
    """A KML document."""
    return f'{head}<kml xmlns="http://www.opengis.net/kml/2.2"><Document>{inside}</Document></kml>'.encode()


def placemark(geometry: str, name: str = "甲", more: str = "") -> str:
    """A placemark of KML."""
    return f"<Placemark><name>{name}</name>{more}{geometry}</Placemark>"


def layer(
    shapes: Sequence[Any], kind: int = shapefile.POINT, *, rows: Sequence[Sequence[Any]] | None = None,
    fields: Sequence[tuple[Any, ...]] = (("名称", "C", 20), ("人数", "N", 8, 0)), encoding: str = "utf-8",
) -> dict[str, bytes]:  # fmt: skip
    """The parts of a shapefile by their ending."""
    shp, shx, dbf = io.BytesIO(), io.BytesIO(), io.BytesIO()
    with shapefile.Writer(shp=shp, shx=shx, dbf=dbf, shapeType=kind, encoding=encoding) as writer:
        for field in fields:
            writer.field(*field)
        for number, shape in enumerate(shapes):
            if shape is None:
                writer.null()
            else:
                writer.shape(
                    {"type": _NAMES[kind], "coordinates": list(shape)} if not isinstance(shape, dict) else shape
                )
            writer.record(*(rows[number] if rows else (f"点{number}", number)))
    return {"shp": shp.getvalue(), "shx": shx.getvalue(), "dbf": dbf.getvalue()}


_NAMES = {shapefile.POINT: "Point", shapefile.POLYLINE: "LineString", shapefile.POLYGON: "Polygon",
          shapefile.MULTIPOINT: "MultiPoint", shapefile.POINTZ: "Point"}  # fmt: skip


def archive(parts: Mapping[str, bytes], stem: str = "层") -> bytes:
    """A zip archive of a layer's parts, or of files under their own names when the stem is ""."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in parts.items():
            packed.writestr(zipfile.ZipInfo(f"{stem}.{name}" if stem else name), content, zipfile.ZIP_DEFLATED)
    return target.getvalue()
