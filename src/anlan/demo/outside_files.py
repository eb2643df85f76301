"""The demo's outside data: an earthquake catalogue, a list of hotspots and a table of stations, on a port of this
machine alone. All of it is invented and follows from the seed and the moment, so that it is the same on two machines.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from anlan.apps.outside.models import Feed
from anlan.apps.outside.services import feeds
from anlan.apps.outside.services.feeds import Said
from anlan.demo.camera_feed import HOST
from anlan.demo.county.model import LAT_0, LON_0
from anlan.formats import quakeml
from anlan.formats.quakeml import Quake
from anlan.kernel.people.services import system_user

#: Folder of the files, hours between two earthquakes, minutes between two measurements.
FOLDER = "outside"
QUAKE_EVERY_H, MEASURED_EVERY_MIN = 11, 10
#: Stations of the table, by the code of their town; TEM in tenths of a degree, PRE in mm in ten minutes.
STATIONS = {"57901": "990123101", "57902": "990123102", "57903": "990123201"}
#: Days of earthquakes, hours of hotspots and of measurements that the files hold.
QUAKE_DAYS, HOTSPOT_H, MEASURED_H = 10, 48, 6


def _noise(*parts: int) -> float:
    """A number from 0 to 1 that follows from whole numbers."""
    mixed = 2_166_136_261
    for part in parts:
        mixed = (mixed ^ (part & 0xFFFFFFFF)) * 16_777_619 & 0xFFFFFFFF
        mixed ^= mixed >> 13
    return (mixed * 2_654_435_761 & 0xFFFFFFFF) / 0x100000000


def quakes(now: datetime) -> bytes:
    """Earthquakes of the last days in QuakeML: mostly small and far, none that the shipped rule tells of."""
    hour = int(now.timestamp() // 3600)
    found = []
    for slot in range((hour - QUAKE_DAYS * 24) // QUAKE_EVERY_H + 1, hour // QUAKE_EVERY_H):
        turn = 2 * math.pi * _noise(slot, 1)
        far = 0.9 + 2.6 * _noise(slot, 2)  # degrees, outside the county and beyond what is told
        size = round(1.2 + 1.7 * _noise(slot, 3) ** 2, 1)
        at = datetime.fromtimestamp(slot * QUAKE_EVERY_H * 3600 + int(3600 * _noise(slot, 4)), UTC)
        found.append(
            Quake(
                id=f"smi:demo.anlan/event/{slot}", type="earthquake", description="演示数据：虚构地震", at=at,
                longitude=round(LON_0 + far * math.cos(turn), 3), latitude=round(LAT_0 + far * math.sin(turn) * 0.8, 3),
                depth_m=1000.0 * round(6 + 12 * _noise(slot, 5)), magnitude=size, magnitude_type="ML",
                agency="DEMO", status="manual", evaluation="reviewed", updated=at + timedelta(minutes=12),
            )
        )  # fmt: skip
    return quakeml.write(found, catalogue="smi:demo.anlan/catalogue")


def hotspots(now: datetime) -> bytes:
    """Hotspots of the last two days as VIIRS would see them: a pass every six hours, a pixel or two."""
    lines = [
        "latitude,longitude,bright_ti4,scan,track,acq_date,acq_time,satellite,instrument,confidence,version,bright_ti5,"
        "frp,daynight"
    ]
    last = int(now.timestamp() // 21_600)
    for turn in range(last - HOTSPOT_H // 6 + 1, last + 1):
        at = datetime.fromtimestamp(turn * 21_600 + 1_260, UTC)
        if at > now or _noise(turn, 6) < 0.35:
            continue
        lon, lat = LON_0 + 0.4 * (_noise(turn, 7) - 0.5), LAT_0 + 0.3 * (_noise(turn, 15) - 0.5)
        for pixel in range(1 + int(2 * _noise(turn, 8))):
            lines.append(
                f"{lat + 0.004 * pixel:.5f},{lon:.5f},{310 + 40 * _noise(turn, pixel, 9):.1f},0.4,0.4,"
                f"{at:%Y-%m-%d},{at:%H%M},N20,VIIRS,{'lnh'[int(3 * _noise(turn, pixel, 10))]},2.0NRT,290.0,"
                f"{2 + 30 * _noise(turn, pixel, 11):.1f},{'D' if 0 <= at.hour < 11 else 'N'}"
            )
    return "\n".join([*lines, ""]).encode()


def weather(now: datetime) -> bytes:
    """Measurements of the last hours of three stations, in Beijing time, with a gap now and then."""
    lines = ["Station_Id,Datetime,TEM,PRE"]
    last = int(now.timestamp() // 60) // MEASURED_EVERY_MIN
    for step in range(last - MEASURED_H * 60 // MEASURED_EVERY_MIN + 1, last + 1):
        at = datetime.fromtimestamp(step * MEASURED_EVERY_MIN * 60, UTC) + timedelta(hours=8)
        for number, station in enumerate(STATIONS):
            warm = 14 + 6 * math.sin((at.hour + at.minute / 60 - 9) / 24 * 2 * math.pi) - number
            tenths = round(10 * (warm + 0.4 * _noise(step, number, 12)))
            wet = round(max(0.0, _noise(step // 6, number, 13) - 0.8) * 3, 1)
            gap = _noise(step, number, 14) < 0.03
            lines.append(f"{station},{at:%Y%m%d%H%M},{999999 if gap else tenths},{wet}")
    return "\n".join([*lines, ""]).encode()


#: Content type and maker of each file.
FILES: Mapping[str, tuple[str, Callable[[datetime], bytes]]] = {
    f"{FOLDER}/quakes.xml": ("application/xml", quakes),
    f"{FOLDER}/hotspots.csv": ("text/csv", hotspots),
    f"{FOLDER}/weather.csv": ("text/csv", weather),
}


def address(name: str, port: int) -> str:
    """Where a file of FILES is in this run."""
    return f"http://{HOST}:{port}/{name}"


def readdress(port: int, *, now: datetime) -> int:
    """Let the demo's own sources say where they are in this run; returns how many had to."""
    changed = 0
    for feed in Feed.records.filter(url__startswith=f"http://{HOST}:").select_related("region", "device"):
        name = urlsplit(feed.url).path.strip("/")
        if name in FILES and feed.url != address(name, port):
            said = Said(
                name=feed.name, kind=feed.kind, url=address(name, port), region=feed.region, period_s=feed.period_s,
                attribution=feed.attribution, box=feed.box, device=feed.device, layout=feed.layout,
            )  # fmt: skip
            feeds.change_feed(feed, said, actor=system_user("demo"), now=now)
            changed += 1
    return changed
