"""What the demo's cameras see: drawn pictures that follow from a key and a moment, so that a stream is never the same
twice and always the same again."""

from __future__ import annotations

import io
import math
import zlib
from datetime import datetime
from functools import cache

from PIL import Image, ImageDraw, ImageFont

WIDTH, HEIGHT = 640, 360
#: The line between land and sky, and where what the camera watches begins; pixels from the top.
_HORIZON, _GROUND = 150, 215
_LETTERS = ("NotoSansCJK-Regular.ttc", "NotoSerifCJK-Bold.ttc", "wqy-zenhei.ttc", "msyh.ttc", "PingFang.ttc")

Colour = tuple[int, int, int]
Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


def picture(kind: str, key: str, name: str, at: datetime) -> bytes:
    """A JPEG of 640 × 360.

    kind  what the camera watches, a code of `Watches`
    key   which camera: chooses hills, tanks and trees
    name  written into the picture where this machine has letters for it, else `key`
    at    local time: chooses light and where moving things are
    """
    light = _light(at)
    image = Image.new("RGB", (WIDTH, HEIGHT), _lit((150, 186, 214), light))
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 60, WIDTH, _GROUND), fill=_lit((186, 208, 222), light))
    seed, second = zlib.crc32(key.encode()), at.timestamp()
    _clouds(draw, seed, second, light)
    for depth, (shade, high) in enumerate((((110, 138, 128), 60), ((84, 116, 92), 32))):
        ridge = [(x, _HORIZON + depth * 34 - _ridge(seed + depth, x) * high) for x in range(0, WIDTH + 16, 16)]
        draw.polygon([(0, HEIGHT), *ridge, (WIDTH, HEIGHT)], fill=_lit(shade, light))
    draw.rectangle((0, _GROUND, WIDTH, HEIGHT), fill=_lit((104, 120, 84), light))
    _SCENES.get(kind, _square)(draw, seed, second, light)
    _written(draw, key, name, at)
    kept = io.BytesIO()
    image.save(kept, "JPEG", quality=72)
    return kept.getvalue()


def _light(at: datetime) -> float:
    """0.22 at night to 1 at noon."""
    return max(0.22, math.sin((at.hour + at.minute / 60 - 6) / 12 * math.pi) ** 0.5 if 6 < at.hour < 18 else 0.22)


def _lit(colour: Colour, light: float) -> Colour:
    red, green, blue = (round(part * light) for part in colour)
    return red, green, min(255, blue + round(18 * (1 - light)))


def _ridge(seed: int, x: int) -> float:
    """Height of a ridge, 0..1."""
    return 0.5 + 0.3 * math.sin(x / 90 + seed % 7) + 0.2 * math.sin(x / 37 + seed % 11)


def _clouds(draw: ImageDraw.ImageDraw, seed: int, second: float, light: float) -> None:
    for n in range(3):
        x = (seed % 400 + n * 260 + second * (1.5 + n)) % (WIDTH + 160) - 160
        draw.ellipse((x, 24 + n * 18, x + 150, 46 + n * 18), fill=_lit((214, 222, 228), light))


def _water(draw: ImageDraw.ImageDraw, seed: int, second: float, light: float) -> None:
    """A river that runs to the right, and a staff gauge in it."""
    level = _GROUND + 22 + 3 * math.sin(second / 9)
    draw.rectangle((0, level, WIDTH, HEIGHT), fill=_lit((92, 124, 138), light))
    for n in range(26):
        x = (seed // (n + 1) % WIDTH + second * (30 + n % 5 * 9)) % (WIDTH + 60) - 60
        y = level + 10 + n * 5
        draw.line((x, y, x + 24 + n, y), fill=_lit((150, 176, 186), light), width=1 + n // 12)
    draw.rectangle((470, 170, 492, HEIGHT - 40), fill=_lit((236, 236, 230), light))
    for n in range(14):
        y = 174 + n * 10
        draw.rectangle((470, y, 484 if n % 2 else 478, y + 5), fill=_lit((190, 44, 40), light))
    draw.rectangle((462, level, 500, HEIGHT), fill=_lit((92, 124, 138), light))


def _tanks(draw: ImageDraw.ImageDraw, seed: int, second: float, light: float) -> None:
    """A row of tanks, and steam that the wind takes."""
    for n in range(4):
        left, top = 60 + n * 140, 150 + (seed >> n) % 30
        draw.rectangle((left, top, left + 104, HEIGHT - 70), fill=_lit((196, 200, 204), light))
        draw.ellipse((left, top - 12, left + 104, top + 12), fill=_lit((222, 226, 228), light))
        draw.line((left + 20, top, left + 20, HEIGHT - 70), fill=_lit((120, 126, 132), light), width=3)
    for n in range(6):
        age = (second / 3 + n / 6) % 1
        x, y, size = 330 + age * 120, 130 - age * 90, 8 + age * 26
        draw.ellipse((x, y, x + size, y + size), fill=_lit((210, 214, 218), light))
    draw.rectangle((0, HEIGHT - 70, WIDTH, HEIGHT - 62), fill=_lit((236, 190, 60), light))


def _terraces(draw: ImageDraw.ImageDraw, seed: int, second: float, light: float) -> None:
    """Benches of a pit, and a truck on one of them."""
    for n in range(4):
        top, step = 176 + n * 40, seed % 20 + n * 30
        bench = [(step, top), (WIDTH, top - 14), (WIDTH, top + 40), (0, top + 40)]
        draw.polygon(bench, fill=_lit((150 - n * 12, 132 - n * 10, 104 - n * 8), light))
    x = (second * 22 + seed) % (WIDTH + 60) - 60
    draw.rectangle((x, 282, x + 44, 300), fill=_lit((222, 160, 40), light))
    draw.rectangle((x + 32, 272, x + 44, 284), fill=_lit((222, 160, 40), light))


def _slope(draw: ImageDraw.ImageDraw, seed: int, second: float, light: float) -> None:
    """A bare slope over a road, with marks of a survey and grass that moves."""
    draw.polygon([(0, HEIGHT), (220, 110), (WIDTH, 190), (WIDTH, HEIGHT)], fill=_lit((158, 138, 106), light))
    for n in range(5):
        x, y = 240 + n * 74, 165 + (seed >> n) % 60
        draw.rectangle((x, y, x + 6, y + 22), fill=_lit((210, 60, 50), light))
    for n in range(40):
        x = n * 17 + seed % 13
        tip = x + 5 * math.sin(second * 2 + n)
        draw.line((x, HEIGHT, tip, HEIGHT - 20 - n % 9), fill=_lit((74, 110, 60), light), width=2)


def _forest(draw: ImageDraw.ImageDraw, seed: int, second: float, light: float) -> None:
    """Trees in three rows, the nearest swaying."""
    for row in range(3):
        for n in range(24):
            sway = row * 1.6 * math.sin(second * 1.4 + n + row)
            x, y, high = n * 28 + (seed >> row) % 20, _GROUND - 10 + row * 52, 40 + row * 22 + (seed >> n % 16) % 14
            tint = _lit((48 + row * 10, 92 + row * 8, 58), light)
            draw.polygon([(x - 13, y + 34), (x + sway, y - high + 34), (x + 13, y + 34)], fill=tint)


def _road(draw: ImageDraw.ImageDraw, seed: int, second: float, light: float) -> None:
    """A road into the distance, and what drives on it."""
    draw.polygon(
        [(300, _GROUND - 20), (340, _GROUND - 20), (600, HEIGHT), (40, HEIGHT)], fill=_lit((92, 94, 98), light)
    )
    for n in range(8):
        near = ((n + second * 0.8) % 8 / 8) ** 2
        dash = (318, 196 + near * 164, 320 + 6 * near, 200 + near * 176)
        draw.rectangle(dash, fill=_lit((226, 226, 216), light))
    for n, speed in enumerate((0.11, 0.07)):
        near = (second * speed + seed % 10 / 10 + n / 2) % 1
        near = (near if n else 1 - near) ** 2
        x, y, size = 320 + (90 if n else -110) * near, 196 + near * 140, 4 + 50 * near
        body = _lit((188, 60, 52) if n else (60, 96, 150), light)
        draw.rectangle((x - size / 2, y - size / 2, x + size / 2, y + size / 3), fill=body)


def _square(draw: ImageDraw.ImageDraw, seed: int, second: float, light: float) -> None:
    """A building behind a square, and people who walk there."""
    draw.rectangle((120, 96, 520, _GROUND + 10), fill=_lit((188, 178, 164), light))
    for n in range(24):
        x, y = 140 + n % 8 * 47, 112 + n // 8 * 34
        shine = light < 0.5 and (seed >> n) % 3 == 0
        draw.rectangle((x, y, x + 24, y + 20), fill=(236, 208, 130) if shine else _lit((92, 112, 130), light))
    draw.rectangle((0, _GROUND + 10, WIDTH, HEIGHT), fill=_lit((148, 146, 140), light))
    for n in range(14):
        pace = 12 + (seed >> n) % 16
        x = (seed // (n + 3) % WIDTH + second * pace * (1 if n % 2 else -1)) % WIDTH
        y, tall = 240 + n * 8, 12 + n
        coat = _lit(((seed >> n) % 160 + 50, (seed >> n + 3) % 140 + 50, (seed >> n + 6) % 140 + 60), light)
        draw.rectangle((x, y, x + tall / 3, y + tall), fill=coat)
        draw.ellipse((x, y - tall / 3, x + tall / 3, y), fill=_lit((206, 172, 146), light))


_SCENES = {
    "chemical": _tanks, "mine": _terraces, "water": _water, "slope": _slope, "forest": _forest, "road": _road,
}  # fmt: skip


def _written(draw: ImageDraw.ImageDraw, key: str, name: str, at: datetime) -> None:
    """Name and time as cameras write them, and that nothing of it is real."""
    letters, whole = _letters()
    lines = ((12, 8, f"{at:%Y-%m-%d %H:%M:%S}"), (12, HEIGHT - 30, f"{name} · 演示画面" if whole else f"{key} · demo"))
    for x, y, words in lines:
        draw.text((x, y), words, font=letters, fill=(255, 255, 255), stroke_width=2, stroke_fill=(20, 24, 28))


@cache
def _letters() -> tuple[Font, bool]:
    """A font of this machine with Chinese letters, else one without, and which it is."""
    for name in _LETTERS:
        try:
            return ImageFont.truetype(name, 18), True
        except OSError:
            continue
    return ImageFont.load_default(18), False
