"""Coordinate systems that files state in their own words, as `coordinates` names them."""

from __future__ import annotations

import re

from pyproj import CRS
from pyproj.exceptions import CRSError

from anlan.formats.coordinates import CGCS2000, SYSTEMS, WEB_MERCATOR, WGS84
from anlan.formats.faults import Fault

_BY_EPSG = {4326: WGS84, 4979: WGS84, 4490: CGCS2000, 3857: WEB_MERCATOR, 900913: WEB_MERCATOR}
#: Datums that are moved by parameters which only the surveying authorities have.
_OTHER_DATUMS = re.compile(r"beijing|xi.?an.?(19)?80|krasovsky", re.IGNORECASE)
#: How sure PROJ must be that a description is a number's, of 100: names differ, parameters may not.
_SURE = 70


def system_of(said: str) -> tuple[str, tuple[Fault, ...]]:
    """The system that a file states, and what there is to say of it.

    said     a name such as `urn:ogc:def:crs:OGC:1.3:CRS84` or a description (WKT); "" for none
    returns  one of `coordinates.SYSTEMS`, or "" with a fault: `other_datum`, `unknown_system`; nothing for ""
    """
    if not said.strip():
        return "", ()
    if "CRS84" in said:
        return WGS84, ()
    name = said.strip()[:80]
    try:
        crs = CRS.from_user_input(said)
        number = crs.to_epsg(_SURE)
        name = crs.name
    except (CRSError, ValueError, UnicodeError):
        number = None
    system = _BY_EPSG.get(number or 0, f"EPSG:{number}")
    if system in SYSTEMS:
        return system, (Fault("stated_system", "", {"system": system}),)
    code = "other_datum" if _OTHER_DATUMS.search(f"{said} {name}") else "unknown_system"
    return "", (Fault(code, "", {"system": name}),)
