"""The ground of the map: pictures and features small enough to be sent, true to the county."""

import json

import numpy as np
import pytest
import shapely
from PIL import Image

from anlan.demo.county.ground import draw, picture_bounds


@pytest.fixture(scope="module")
def folder(county, tmp_path_factory):
    folder = tmp_path_factory.mktemp("ground")
    draw(county, folder)
    return folder


def test_the_files_are_small_enough_to_be_sent(folder):
    assert sorted(p.name for p in folder.iterdir()) == ["ground.json", "hillshade-dark.png", "hillshade.png"]
    assert (folder / "ground.json").stat().st_size < 3_000_000
    assert (folder / "hillshade.png").stat().st_size < 1_500_000
    assert (folder / "hillshade-dark.png").stat().st_size < 1_500_000


def test_shading_lets_the_paper_through_and_covers_the_county(folder, county):
    west, south, east, north = picture_bounds()
    inner = county.boundary.bounds
    assert west < inner[0] and south < inner[1] and east > inner[2] and north > inner[3]
    for name in ("hillshade.png", "hillshade-dark.png"):
        alpha = np.asarray(Image.open(folder / name).convert("RGBA"))[..., 3]
        assert 10 < alpha.mean() < 120
        assert alpha.max() <= 215
        assert (alpha[0] == 0).all() and (alpha[:, -1] == 0).all()  # no edge is seen


def test_slopes_to_the_north_west_are_the_light_ones(folder, county):
    """The picture is not upside down: ground that falls to the north-west is lit, to the south-east shaded."""
    rgba = np.asarray(Image.open(folder / "hillshade.png").convert("RGBA")).astype(float)
    lit = np.where(rgba[..., 0] > 128, 1, -1) * rgba[..., 3]
    tall, wide = lit.shape
    land = county.land
    down_y, down_x = np.gradient(land.height, 200.0)
    facing = (down_y < -0.15) & (down_x > 0.15), (down_y > 0.15) & (down_x < -0.15)  # rises to the SE; rises to the NW
    brightness = []
    for mask in facing:
        rows, columns = np.nonzero(mask)
        y = tall - 1 - np.round(rows / (land.height.shape[0] - 1) * (tall - 1)).astype(int)
        x = np.round(columns / (land.height.shape[1] - 1) * (wide - 1)).astype(int)
        brightness.append(lit[y, x].mean())
    assert brightness[0] > brightness[1] + 60


def test_the_layers_hold_the_county(folder, county):
    ground = json.loads((folder / "ground.json").read_text(encoding="utf-8"))
    layers = ground["layers"]
    assert list(layers) == ["mask", "county", "towns", "villages", "water", "rivers", "roads", "buildings", "labels"]
    assert ground["bounds"] == pytest.approx(county.boundary.bounds, abs=1e-5)
    assert [f["properties"]["name"] for f in layers["towns"]["features"]] == [town.name for town in county.towns]
    mask = shapely.geometry.shape(layers["mask"]["features"][0]["geometry"])
    whole = shapely.geometry.shape(layers["county"]["features"][0]["geometry"])
    assert mask.intersection(whole).area < 1e-6 * whole.area
    assert {"main", "county", "village"} == {f["properties"]["class"] for f in layers["roads"]["features"]}
    text = (folder / "ground.json").read_text(encoding="utf-8")
    assert not any(
        len(part.split(",")[0].split("]")[0]) > 6 for part in text.split("104.")[1:]
    )  # five decimals at most
