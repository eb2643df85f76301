"""Earthquakes as event services of the FDSN write them with `format=text`: a line an event, cells divided by |.

    #EventID|Time|Latitude|Longitude|Depth/km|Author|Catalog|Contributor|ContributorID|MagType|Magnitude|MagAuthor|
    EventLocationName[|EventType]

Times are UTC, depths kilometres. Source: FDSN Web Service Specifications 1.2, fdsnws-event, text format.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime

from anlan.formats.faults import Refused
from anlan.formats.feeds.rows import MOST_CELL, MOST_ROWS, Bad, Refusals, WrongHeading, number, place, text_of
from anlan.formats.quakeml import Quake

COLUMNS = (
    "eventid", "time", "latitude", "longitude", "depth/km", "author", "catalog", "contributor", "contributorid",
    "magtype", "magnitude", "magauthor", "eventlocationname",
)  # fmt: skip
#: Longest identifier, and what can be meant: magnitudes of any scale, depths in km (above the sea below 0).
MOST_ID, MAGNITUDES, DEPTHS_KM = 250, (-3.0, 10.0), (-10.0, 800.0)
_FRACTION = re.compile(r"\.(\d+)")


def read(data: bytes, *, complete: bool = True) -> tuple[tuple[Quake, ...], Refusals]:
    """The events of a text, and the rows that were refused. Raises Refused and WrongHeading for what is no such text.

    complete  False: nobody said how long the file is, so a last line without an end is refused
    """
    text = text_of(data)
    lines = text.splitlines()
    heading = lines[0].lstrip("#").strip()
    if [cell.strip().casefold() for cell in heading.split("|")][: len(COLUMNS)] != list(COLUMNS):
        raise WrongHeading(["#EventID | Time | Latitude | …"])
    if len(lines) > MOST_ROWS:
        raise Refused("too_many_rows", row=len(lines), limit=MOST_ROWS)
    refusals, quakes = Refusals(), []
    for line, said in enumerate(lines[1:], 2):
        if not said.strip() or said.startswith("#"):
            continue
        if line == len(lines) and not complete and not text.endswith("\n"):
            refusals.add(line, "cut_off", said)
            continue
        cells = [cell.strip() for cell in said.split("|")]
        if len(cells) not in (len(COLUMNS), len(COLUMNS) + 1) or max(map(len, cells)) > MOST_CELL:
            refusals.add(line, "width", said)
            continue
        try:
            quakes.append(_quake(cells))
        except Bad as bad:
            refusals.add(line, bad.code, bad.said)
    return tuple(quakes), refusals


def _quake(cells: list[str]) -> Quake:
    if not cells[0] or len(cells[0]) > MOST_ID:
        raise Bad("id", cells[0])
    longitude, latitude = place(cells[3], cells[2])
    depth_km = number(cells[4], "depth", *DEPTHS_KM) if cells[4] else None
    return Quake(
        id=cells[0],
        type=cells[13] or None if len(cells) > len(COLUMNS) else None,
        description=cells[12] or None,
        at=_time(cells[1]),
        latitude=latitude,
        longitude=longitude,
        # To the metre: 12.2 km is not 12199.999999999998 m.
        depth_m=None if depth_km is None else round(depth_km * 1000, 3),
        magnitude=number(cells[10], "magnitude", *MAGNITUDES) if cells[10] else None,
        magnitude_type=cells[9] or None,
        agency=cells[5] or cells[7] or None,
    )


def _time(said: str) -> datetime:
    try:
        at = datetime.fromisoformat(_FRACTION.sub(lambda one: "." + one.group(1)[:6].ljust(6, "0"), said, count=1))
    except ValueError:
        raise Bad("time", said) from None
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
