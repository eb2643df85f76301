"""What a file really is, told by its content; pictures are taken apart into copies that say nothing of the person.

Nothing here knows the database. A name is never believed and never becomes part of a path.
"""

from __future__ import annotations

import io
import math
import struct
import warnings
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, BinaryIO
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils.translation import gettext as _
from PIL import ExifTags, Image, ImageOps, UnidentifiedImageError

#: Largest file, bytes.
MAX_BYTES = 20 * 1024 * 1024
#: Largest picture, pixels: a JPEG of a phone has 50 million at most and is unpacked scaled down; others are unpacked
#: whole, 4 bytes a pixel, and a small file that claims more would fill the memory.
MAX_PIXELS = {"JPEG": 60_000_000, "PNG": 24_000_000, "WEBP": 24_000_000}
#: Longest side of the copy for showing, and of the small one, pixels.
SHOW_PX, THUMB_PX = 2560, 320

PICTURES = {"JPEG": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp"}
PDF, MP4 = "application/pdf", "video/mp4"
_MP4_BRANDS = frozenset(
    {b"isom", b"iso2", b"iso4", b"iso5", b"iso6", b"mp41", b"mp42", b"avc1", b"M4V ", b"3gp4", b"3gp5"}
)

#: What Pillow raises on hostile or cut files, of which it promises no single class.
_DAMAGED = (
    UnidentifiedImageError,
    Image.DecompressionBombError,
    OSError,
    ValueError,
    SyntaxError,
    EOFError,
    TypeError,
    KeyError,
    IndexError,
    OverflowError,
    ZeroDivisionError,
    struct.error,
)


class Refused(ValueError):
    """A file that is not taken; says why in words for the person who sent it."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture's size, its copies (JPEG, upright, without metadata) and what its metadata said."""

    width: int
    height: int
    show: bytes
    thumb: bytes
    taken_at: datetime | None
    lon: float | None
    lat: float | None


def read_all(file: BinaryIO | bytes) -> bytes:
    """The whole file, of which never more than `MAX_BYTES` + 1 are read. Raises Refused when empty or larger."""
    data = file if isinstance(file, bytes) else file.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise Refused(_("The file is larger than %(mb)d MB.") % {"mb": MAX_BYTES // 1024 // 1024})
    if not data:
        raise Refused(_("The file is empty."))
    return data


def type_of(data: bytes) -> str:
    """The type by content: JPEG, PNG, WebP, PDF or MP4. Raises Refused for everything else."""
    if data.startswith(b"\xff\xd8\xff"):
        return PICTURES["JPEG"]
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return PICTURES["PNG"]
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return PICTURES["WEBP"]
    if data.startswith(b"%PDF-") and b"%%EOF" in data[-2048:]:
        return PDF
    if data[4:8] == b"ftyp" and data[8:12] in _MP4_BRANDS:
        return MP4
    raise Refused(_("Only photos (JPEG, PNG, WebP), PDF and MP4 video are kept; this file is something else."))


def open_picture(data: bytes) -> Picture:
    """Decode a picture once and make its copies.

    Raises Refused for a damaged picture and for one with more than its `MAX_PIXELS`, before it is unpacked.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow warns of what is checked here by itself
            with Image.open(io.BytesIO(data), formats=tuple(PICTURES)) as image:
                width, height = image.size
                if width * height > MAX_PIXELS[image.format or "PNG"]:
                    raise Refused(_("The picture has too many pixels."))
                taken_at, lon, lat = _metadata(image)
                if image.getexif().get(ExifTags.Base.Orientation, 1) in (5, 6, 7, 8):
                    width, height = height, width
                # A JPEG is unpacked at the size that is needed and not larger.
                image.draft("RGB", (SHOW_PX, SHOW_PX))
                flat = _on_white(ImageOps.exif_transpose(image))
    except Refused:
        raise
    except _DAMAGED as error:
        raise Refused(_("The picture is damaged and cannot be opened.")) from error
    return Picture(width, height, _jpeg(flat, SHOW_PX), _jpeg(flat, THUMB_PX), taken_at, lon, lat)


def _on_white(image: Image.Image) -> Image.Image:
    """Without transparency and palette, so that it can be a JPEG."""
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        layer = image.convert("RGBA")
        ground = Image.new("RGB", layer.size, "white")
        ground.paste(layer, mask=layer.getchannel("A"))
        return ground
    return image.convert("RGB")


def _jpeg(image: Image.Image, side: int) -> bytes:
    copy = image.copy()
    copy.thumbnail((side, side))
    # A picture made from pixels alone carries nothing over: no position, no camera, no comment.
    copy.info.clear()
    out = io.BytesIO()
    copy.save(out, "JPEG", quality=85, optimize=True)
    return out.getvalue()


def _metadata(image: Image.Image) -> tuple[datetime | None, float | None, float | None]:
    """(taken_at UTC, lon, lat in degrees); what is missing or makes no sense is None and refuses nothing."""
    try:
        exif = image.getexif()
        detail = exif.get_ifd(ExifTags.IFD.Exif)
        gps = exif.get_ifd(ExifTags.IFD.GPSInfo)
    except (OSError, ValueError, SyntaxError, KeyError, TypeError):
        return None, None, None
    lon = _degrees(gps.get(ExifTags.GPS.GPSLongitude), gps.get(ExifTags.GPS.GPSLongitudeRef), "W", 180)
    lat = _degrees(gps.get(ExifTags.GPS.GPSLatitude), gps.get(ExifTags.GPS.GPSLatitudeRef), "S", 90)
    if lon is None or lat is None or (lon == 0 and lat == 0):  # (0, 0) is a receiver without a fix
        lon = lat = None
    return _taken_at(detail), lon, lat


def _taken_at(detail: Any) -> datetime | None:
    text = detail.get(ExifTags.Base.DateTimeOriginal)
    try:
        moment = datetime.strptime(str(text), "%Y:%m:%d %H:%M:%S")
    except ValueError:
        return None
    zone: Any = ZoneInfo(settings.TIME_ZONE)
    offset = str(detail.get(ExifTags.Base.OffsetTimeOriginal) or "")
    if len(offset) == 6 and offset[0] in "+-" and offset[1:3].isdigit() and offset[4:].isdigit():
        delta = timedelta(hours=int(offset[1:3]), minutes=int(offset[4:]))
        if delta <= timedelta(hours=14):
            zone = timezone(-delta if offset[0] == "-" else delta)
    try:
        return moment.replace(tzinfo=zone).astimezone(UTC)
    except OverflowError:
        return None


def _degrees(parts: Any, half: Any, negative: str, limit: float) -> float | None:
    try:
        degrees, minutes, seconds = (float(part) for part in parts)
    except (TypeError, ValueError, ZeroDivisionError):
        return None
    value = degrees + minutes / 60 + seconds / 3600
    if not math.isfinite(value) or not 0 <= value <= limit:
        return None
    return -value if str(half).strip("\x00 ").upper() == negative else value


def plain_name(name: str) -> str:
    """A file name for showing: its last part, without control characters, at most 200 long."""
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    return "".join(c for c in last if c.isprintable()).strip()[:200]
