"""What the map lies on: hill shading as pictures, everything else as GeoJSON. Drawn once, when the county is built."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from PIL import Image
from shapely.geometry.base import BaseGeometry

from anlan.demo.county.model import KM_PER_LAT, KM_PER_LON, County, to_lonlat
from anlan.demo.county.noise import hills
from anlan.demo.county.relief import HALF_X, HALF_Y

#: Width of the pictures, pixels: 60 m of land each.
WIDTH = 1480

#: Where the light comes from (degrees clockwise from north) and how much of it: mostly north-west, as maps do.
LIGHTS = ((315.0, 0.58), (270.0, 0.14), (0.0, 0.14), (225.0, 0.14))
SUN_HEIGHT_DEG = 42.0
STEEPEN = 2.5

#: Colours of shade and light, and how strongly they may cover the paper, for the two themes.
LIGHT_THEME = ((40, 54, 64), 205, (255, 255, 255), 215)
DARK_THEME = ((0, 6, 9), 205, (150, 186, 196), 74)

#: Line width in px at zoom 11 by width class of a river; road class by rank.
RIVER_PX = {4: 6.0, 3: 3.2, 2: 2.0, 1: 1.0}
ROAD_CLASS = {1: "main", 2: "county", 3: "county", 4: "village"}

#: Brooks and village roads are simplified to this, degrees (about 15 m).
ROUGH = 0.00015


def draw(county: County, folder: Path) -> None:
    """Write `ground.json`, `hillshade.png` and `hillshade-dark.png` into a folder, each whole or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    shade = _shade(county)
    for name, theme in (("hillshade.png", LIGHT_THEME), ("hillshade-dark.png", DARK_THEME)):
        part = folder / f"{name}.part"
        _picture(shade, theme).save(part, format="PNG", optimize=True)
        os.replace(part, folder / name)
    part = folder / "ground.json.part"
    part.write_text(json.dumps(features(county), ensure_ascii=False, separators=(",", ":")), encoding="utf-8")
    os.replace(part, folder / "ground.json")


# --- pictures -----------------------------------------------------------------------------------------------------


def picture_bounds() -> tuple[float, float, float, float]:
    """West, south, east, north of the pictures, degrees."""
    (west, east), (south, north) = to_lonlat(np.array([-HALF_X, HALF_X]), np.array([-HALF_Y, HALF_Y]))
    return float(west), float(south), float(east), float(north)


def _mercator(lat: Any) -> Any:
    return np.log(np.tan(np.pi / 4 + np.radians(lat) / 2))


def _shade(county: County) -> NDArray[np.float64]:
    """How light the ground is against level ground, −1 … 1; rows go from north to south evenly in web mercator."""
    west, south, east, north = picture_bounds()
    tall = round(WIDTH * float(_mercator(north) - _mercator(south)) / np.radians(east - west))
    land = county.land.height
    # Finer than the grid by cubic interpolation, with a grain that only steep ground has.
    source = Image.fromarray(land.astype(np.float32))
    fine = np.asarray(source.resize((WIDTH, tall), Image.Resampling.BICUBIC), dtype=np.float64)
    cell_x, cell_y = 2000 * HALF_X / WIDTH, 2000 * HALF_Y / tall
    x, y = np.meshgrid(np.linspace(-HALF_X, HALF_X, WIDTH), np.linspace(-HALF_Y, HALF_Y, tall))
    down_y, down_x = np.gradient(fine, cell_y, cell_x)
    steep = np.clip(np.hypot(down_x, down_y) / 0.35, 0, 1.3)
    fine = fine + 20.0 * steep * hills(x / 0.75, y / 0.75, county.seed + 901, 3, 0.55)
    down_y, down_x = np.gradient(fine, cell_y, cell_x)
    down_x, down_y = down_x * STEEPEN, down_y * STEEPEN
    length = np.sqrt(1 + down_x**2 + down_y**2)
    high = np.radians(SUN_HEIGHT_DEG)
    light = np.zeros(fine.shape)
    for turn, weight in LIGHTS:
        a = np.radians(turn)
        facing = (np.sin(high) - np.cos(high) * (down_x * np.sin(a) + down_y * np.cos(a))) / length
        light += weight * np.clip(facing, 0, None)
    light -= np.sin(high)
    # Valleys lie a little deeper than their surroundings, crests a little higher.
    small = source.resize((64, 52), Image.Resampling.BOX).resize((WIDTH, tall), Image.Resampling.BICUBIC)
    light += 0.09 * np.tanh((fine - np.asarray(small, dtype=np.float64)) / 160)
    # From even steps of latitude to even steps of mercator, north on top.
    lat = np.degrees(2 * np.arctan(np.exp(np.linspace(_mercator(north), _mercator(south), tall))) - np.pi / 2)
    rows = np.clip(np.round((lat - south) / (north - south) * (tall - 1)).astype(int), 0, tall - 1)
    return light[rows]


def _picture(shade: NDArray[np.float64], theme: tuple[Any, int, Any, int]) -> Image.Image:
    """Palette picture: 31 depths of shade, level ground quite clear, 32 of light."""
    dark, dark_most, bright, bright_most = theme
    depth = np.clip(shade / np.where(shade < 0, 0.62, 0.34), -1, 1)
    # The ground that falls off at the frame fades out, so that no edge of a picture is seen.
    rows, columns = np.indices(shade.shape)
    edge = np.minimum.reduce([rows, columns, shade.shape[0] - 1 - rows, shade.shape[1] - 1 - columns])
    index = np.round(depth * np.clip(edge / 60.0, 0, 1) * 31).astype(int) + 32
    colours, alphas = [], []
    for i in range(64):
        share = (i - 32) / 31
        colour, most = (dark, dark_most) if share < 0 else (bright, bright_most)
        colours += colour
        alphas.append(round(most * min(abs(share), 1.0) ** 1.05))
    picture = Image.fromarray(index.astype(np.uint8), mode="P")
    picture.putpalette(colours)
    picture.info["transparency"] = bytes(alphas)
    return picture


# --- features -----------------------------------------------------------------------------------------------------


def features(county: County) -> dict[str, Any]:
    """The layers as GeoJSON feature collections, places rounded to 5 decimals (a metre).

    bounds     of the county; `hillshade.bounds` of the pictures
    layers     mask (all that is not the county), county, towns, villages, water, rivers, roads, buildings, labels
    """
    west, south, east, north = county.boundary.bounds
    around = shapely.box(west - 4, south - 4, east + 4, north + 4)
    reach = county.boundary.buffer(0.06)
    layers = {
        "mask": [_feature(shapely.difference(around, county.boundary))],
        "county": [_feature(county.boundary, name="安澜县")],
        "towns": [_feature(town.boundary, code=town.code, name=town.name) for town in county.towns],
        "villages": [_feature(shapely.simplify(v.boundary, ROUGH), code=v.code, name=v.name) for v in county.villages],
        "water": [_feature(lake.shape, name=lake.name) for lake in county.lakes],
        "rivers": list(_rivers(county, reach)),
        "roads": list(_roads(county)),
        "buildings": [_feature(block) for block in county.buildings],
        "labels": list(_labels(county)),
    }
    return {
        "version": 1,
        "bounds": [round(v, 5) for v in (west, south, east, north)],
        "hillshade": {"bounds": [round(v, 6) for v in picture_bounds()]},
        "layers": {name: {"type": "FeatureCollection", "features": rows} for name, rows in layers.items()},
    }


def _feature(shape: BaseGeometry, **properties: Any) -> dict[str, Any]:
    return {"type": "Feature", "properties": properties, "geometry": _rounded(shapely.geometry.mapping(shape))}


def _rounded(geometry: Mapping[str, Any]) -> dict[str, Any]:
    def walk(value: Any) -> Any:
        return round(value, 5) if isinstance(value, float) else [walk(part) for part in value]

    return {"type": geometry["type"], "coordinates": walk(geometry["coordinates"])}


def _rivers(county: County, reach: BaseGeometry) -> Iterable[dict[str, Any]]:
    """Widest last, so that a brook never lies over a river; far outside the county only the named ones."""
    for river in sorted(county.rivers, key=lambda r: r.width):
        if river.name or river.line.intersects(reach):
            name = {"name": river.name} if river.name else {}
            yield _feature(shapely.simplify(river.line, 0.00008), width=RIVER_PX[river.width], **name)


def _roads(county: County) -> Iterable[dict[str, Any]]:
    for road in sorted(county.roads, key=lambda r: -r.rank):
        number = {"ref": road.number} if road.number else {}
        line = shapely.simplify(road.line, ROUGH if road.rank == 4 else 0.00008)
        yield _feature(line, **{"class": ROAD_CLASS[road.rank]}, **number)


def _labels(county: County) -> Iterable[dict[str, Any]]:
    for town in county.towns:
        place = _label_place(town.boundary, town.lon, town.lat)
        yield _feature(place, name=town.name, kind="county" if town.code.endswith("101") else "town")
    seats = {(town.lon, town.lat) for town in county.towns}
    for village in county.villages:
        if (village.lon, village.lat) not in seats:
            yield _feature(shapely.Point(village.lon, village.lat), name=village.name, kind="village")
    for lake in county.lakes:
        yield _feature(lake.shape.representative_point(), name=lake.name, kind="water")


def _label_place(shape: BaseGeometry, lon: float, lat: float) -> shapely.Point:
    """A kilometre and a half above the seat, so that its houses stay visible, unless that is another town."""
    above = shapely.Point(lon, lat + 1.5 / KM_PER_LAT)
    return above if shape.buffer(-0.4 / KM_PER_LON).contains(above) else shapely.Point(lon, lat)
