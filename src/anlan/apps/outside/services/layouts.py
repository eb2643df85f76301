"""What stands where in a file of stations: from what a person types to what the reader needs, and back.

columns  a line a quantity: heading | unit | scale | offset        TEM | ℃ | 0.1
points   a line a value:    station | heading | code of the point   57447 | TEM | WS-57447-T
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.utils.translation import gettext as _

from anlan.formats.feeds.stations import EPOCH_MS, EPOCH_S, ISO, MISSING, Layout, Quantity

#: Lines of columns and of points, and signs of a heading, a station or a code.
MOST_COLUMNS, MOST_POINTS, MOST_SIGNS = 40, 2_000, 60


class Refused(ValueError):
    """What was typed cannot be meant; says which line and why, in words for the person who typed."""


def layout_of(said: Mapping[str, Any]) -> Layout:
    """What the reader needs, from the layout as it is kept."""
    return Layout(
        station=said.get("station", ""),
        time=tuple(said["time"]),
        quantities={
            name: Quantity(one["unit"], one["scale"], one["offset"]) for name, one in said["quantities"].items()
        },
        only=said.get("only", ""),
        form=said.get("form", ISO),
        zone=said.get("zone", "Asia/Shanghai"),
        missing=(*MISSING, *said.get("missing", ())),
        delimiter=said.get("delimiter", ","),
        encoding=said.get("encoding", ""),
    )


def points_of(said: Mapping[str, Any]) -> dict[tuple[str, str], str]:
    """Code of the point by station and heading."""
    return {(station, column): code for station, column, code in said.get("points", ())}


def kept(
    *, station: str, only: str, time: str, form: str, zone: str, missing: str, delimiter: str, columns: str, points: str
) -> dict[str, Any]:
    """The layout as it is kept, of what a person typed. Raises Refused."""
    station, only = station.strip(), only.strip()
    if bool(station) == bool(only):
        raise Refused(_("Name the column with the station, or the one station that the file is of."))
    times = [one.strip() for one in time.split("|") if one.strip()]
    if not times:
        raise Refused(_("Name the column with the time; several that belong together are divided by |."))
    form = form.strip() or ISO
    if form not in (ISO, EPOCH_S, EPOCH_MS) and "%" not in form:
        raise Refused(_("The form of the time is iso, epoch_s, epoch_ms or a pattern such as %Y%m%d%H."))
    try:
        ZoneInfo(zone.strip())
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise Refused(_("“%(zone)s” is no time zone; write Asia/Shanghai or UTC.") % {"zone": zone}) from error
    quantities = dict(_quantity(line) for line in _lines(columns, MOST_COLUMNS))
    if not quantities:
        raise Refused(_("Name at least one column with its unit: TEM | ℃"))
    places = [_point(line, only, quantities) for line in _lines(points, MOST_POINTS)]
    if len({(one, column) for one, column, _code in places}) < len(places):
        raise Refused(_("A column of a station is named twice among the points."))
    if len({code for _one, _column, code in places}) < len(places):
        raise Refused(_("A point is named twice; it can take one column of one station."))
    return {
        "station": station, "only": only, "time": times, "form": form, "zone": zone.strip(),
        "missing": [one.strip() for one in missing.split(",") if one.strip()],
        "delimiter": {"tab": "\t"}.get(delimiter, delimiter or ","), "quantities": quantities, "points": places,
    }  # fmt: skip


def typed(said: Mapping[str, Any]) -> dict[str, str]:
    """What a person would type for a layout, for the form."""
    if not said:
        return {"form": ISO, "zone": "Asia/Shanghai", "delimiter": ","}
    columns = (
        " | ".join([name, one["unit"], repr(one["scale"]), repr(one["offset"])])
        for name, one in said["quantities"].items()
    )
    return {
        "station": said["station"],
        "only": said["only"],
        "time": " | ".join(said["time"]),
        "form": said["form"],
        "zone": said["zone"],
        "missing": ", ".join(said["missing"]),
        "delimiter": {"\t": "tab"}.get(said["delimiter"], said["delimiter"]),
        "columns": "\n".join(columns),
        "points": "\n".join(" | ".join(one) for one in said["points"]),
    }


def _lines(said: str, most: int) -> list[str]:
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    if len(lines) > most:
        raise Refused(_("At most %(n)s lines.") % {"n": most})
    return lines


def _quantity(line: str) -> tuple[str, dict[str, Any]]:
    name, unit, scale, offset = ([cell.strip() for cell in line.split("|")] + [""] * 3)[:4]
    try:
        numbers = float(scale or 1), float(offset or 0)
    except ValueError:
        numbers = (math.nan, 0.0)
    if not name or len(name) > MOST_SIGNS or len(unit) > 20 or line.count("|") > 3:
        raise Refused(_("“%(line)s”: write heading | unit | scale | offset") % {"line": line[:80]})
    if not all(map(math.isfinite, numbers)) or numbers[0] == 0:
        raise Refused(_("“%(line)s”: scale and offset are numbers, the scale is not 0") % {"line": line[:80]})
    return name, {"unit": unit, "scale": numbers[0], "offset": numbers[1]}


def _point(line: str, only: str, quantities: Mapping[str, Any]) -> tuple[str, str, str]:
    cells = [cell.strip() for cell in line.split("|")]
    if len(cells) != 3 or not all(cells) or max(map(len, cells)) > MOST_SIGNS:
        raise Refused(_("“%(line)s”: write station | heading | code of the point") % {"line": line[:80]})
    if cells[1] not in quantities:
        raise Refused(_("“%(line)s”: no column is called %(name)s") % {"line": line[:80], "name": cells[1]})
    if only and cells[0] != only:
        raise Refused(_("“%(line)s”: the file is of the station %(name)s") % {"line": line[:80], "name": only})
    return cells[0], cells[1], cells[2]
