"""Fire hotspots seen by satellites, as FIRMS writes them in CSV: MODIS and VIIRS, near real time and archive.

    latitude,longitude,brightness,scan,track,acq_date,acq_time,satellite,instrument,confidence,version,bright_t31,frp,…
    latitude,longitude,bright_ti4,scan,track,acq_date,acq_time,satellite,instrument,confidence,version,bright_ti5,frp,…

A row is the middle of a pixel of 375 m (VIIRS) to several kilometres (MODIS at the edge of its swath) in which
something was hot; it need not be a fire. Times are UTC. Confidence is a share of 0 to 100 for MODIS and one of low,
nominal, high for VIIRS. Source: FIRMS attribute tables, MODIS collection 6.1 and VIIRS 375 m.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from anlan.formats.feeds.rows import Bad, Refusals, columns_of, number, place, table_of, text_of

#: Names of satellites as the files have them, and as they are called.
SATELLITES = {
    "t": "Terra", "terra": "Terra", "a": "Aqua", "aqua": "Aqua", "n": "Suomi NPP", "npp": "Suomi NPP",
    "suomi npp": "Suomi NPP", "1": "NOAA-20", "n20": "NOAA-20", "noaa-20": "NOAA-20", "2": "NOAA-21", "n21": "NOAA-21",
    "noaa-21": "NOAA-21",
}  # fmt: skip
_WORDS = {"l": "low", "low": "low", "n": "nominal", "nominal": "nominal", "h": "high", "high": "high"}
_COLUMNS: dict[str, Sequence[str]] = {
    "lat": ("latitude",), "lon": ("longitude",), "date": ("acq_date",), "time": ("acq_time",),
    "satellite": ("satellite",), "instrument": ("instrument",), "confidence": ("confidence",), "frp": ("frp",),
    "brightness": ("brightness", "bright_ti4"), "daynight": ("daynight",), "scan": ("scan",), "track": ("track",),
    "type": ("type",), "version": ("version",),
}  # fmt: skip
#: Kinds of what is seen again and again; only the archive says them.
TYPES = {"0": "vegetation", "1": "volcano", "2": "static", "3": "offshore"}


@dataclass(frozen=True, slots=True)
class Hotspot:
    """One pixel in which something was hot. What the file does not say is None or "".

    at          UTC, to the minute
    lon, lat    degrees WGS-84, the middle of the pixel
    confidence  as the file says: 0 .. 100, or low, nominal, high
    share       the same as a number 0 .. 100; None for a word
    frp         MW, fire radiative power
    brightness  K, of the channel at 4 µm
    scan, track km, the size of the pixel
    day         True by day, False by night
    kind        vegetation, volcano, static, offshore
    """

    at: datetime
    lon: float
    lat: float
    satellite: str
    instrument: str
    confidence: str
    share: float | None
    frp: float | None
    brightness: float | None
    scan: float | None
    track: float | None
    day: bool | None
    kind: str
    version: str

    @property
    def key(self) -> str:
        """The same for the same pixel of the same overpass, however often and in whichever version it comes."""
        return f"{self.satellite}|{self.at:%Y%m%dT%H%M}|{self.lat:.5f}|{self.lon:.5f}"


def read(
    data: bytes, *, complete: bool = True, box: tuple[float, float, float, float] | None = None
) -> tuple[tuple[Hotspot, ...], int, Refusals]:
    """The hotspots of a file, how many good rows lie outside the box, and the rows that were refused.

    complete  False: nobody said how long the file is, so a last line without an end is refused
    box       west, south, east, north in degrees; None takes every place

    Raises Refused and WrongHeading for what is no such file. A file with a heading alone is one: nothing burns.
    """
    refusals = Refusals()
    rows = table_of(text_of(data), refusals, complete=complete)
    _line, heading = next(rows, (0, []))
    at = columns_of(heading, _COLUMNS, ("lat", "lon", "date", "time", "satellite", "confidence"))
    found: list[Hotspot] = []
    elsewhere = 0
    times: dict[tuple[str, str], datetime] = {}
    for line, cells in rows:
        if len(cells) != len(heading):
            refusals.add(line, "width", ",".join(cells))
            continue
        try:
            lon, lat = place(cells[at["lon"]], cells[at["lat"]])
            when = cells[at["date"]], cells[at["time"]]
            # A satellite passes a few times a day: thousands of rows share a minute.
            if when not in times:
                times[when] = _time(*when)
            spot = _hotspot(cells, at, times[when], lon, lat)
        except Bad as bad:
            refusals.add(line, bad.code, bad.said)
            continue
        if box is not None and not (box[0] <= lon <= box[2] and box[1] <= lat <= box[3]):
            elsewhere += 1
        else:
            found.append(spot)
    return tuple(found), elsewhere, refusals


def _hotspot(cells: Sequence[str], at: dict[str, int], when: datetime, lon: float, lat: float) -> Hotspot:
    def said(name: str) -> str:
        return cells[at[name]] if name in at else ""

    def maybe(name: str, low: float = 0.0) -> float | None:
        text = said(name)
        return number(text, "number", low) if text and text.upper() not in ("NA", "NAN", "NULL") else None

    satellite = said("satellite")
    if not satellite or len(satellite) > 30:
        raise Bad("satellite", satellite)
    confidence = said("confidence").lower()
    word = _WORDS.get(confidence, "")
    share = None if word or not confidence else number(confidence, "number", 0, 100)
    day = said("daynight").upper()
    return Hotspot(
        when, lon, lat,
        SATELLITES.get(satellite.lower(), satellite),
        said("instrument")[:20],
        word or confidence,
        share,
        maybe("frp"), maybe("brightness"), maybe("scan"), maybe("track"),
        {"D": True, "N": False}.get(day),
        TYPES.get(said("type"), ""),
        said("version")[:20],
    )  # fmt: skip


def _time(date: str, time: str) -> datetime:
    """`2017-06-16` and `1304`, `0059`, `59` or `13:04`, UTC. Raises Bad."""
    digits = time.replace(":", "")
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 4):
        raise Bad("time", f"{date} {time}")
    try:
        day = datetime.strptime(date, "%Y/%m/%d" if "/" in date else "%Y-%m-%d").replace(tzinfo=UTC)
        return day.replace(hour=int(digits.zfill(4)[:2]), minute=int(digits.zfill(4)[2:]))
    except ValueError:
        raise Bad("time", f"{date} {time}") from None
