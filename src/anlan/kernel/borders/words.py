"""What readers of files found wrong, in words of the person who sent the file."""

from __future__ import annotations

from collections.abc import Iterable

from django.utils.translation import gettext as _

from anlan.formats.faults import Fault


def words_of(fault: Fault) -> str:
    """A finding as a sentence; one that seldom occurs by its code."""
    why = fault.why
    known = {
        "too_large": _("The file is too large."),
        "empty_file": _("The file holds nothing."),
        "wrong_type": _("The content is not what the name of the file says."),
        "unsupported": _("Files of this kind are not read."),
        "unreadable": _("The file could not be read; it is damaged."),
        "too_slow": _("Reading took too long."),
        "too_much_memory": _("Reading needed too much memory."),
        "broken_zip": _("The archive is damaged."),
        "zip_bomb": _("The archive unpacks to far more than it says."),
        "encrypted": _("The file is protected by a password."),
        "not_json": _("The file is no JSON."),
        "not_geojson": _("The file is no GeoJSON."),
        "no_features": _("The file holds no feature."),
        "no_table": _("No sheet holds a value."),
        "unknown_encoding": _("The encoding of the file is not known."),
        "too_many_rows": _("The table has too many rows."),
        "too_many_features": _("The file has too many features."),
        "too_many_vertices": _("A feature has too many vertices."),
        "impossible_coordinates": _("There are no such places in the coordinate system you chose."),
        "unknown_system": _("The coordinate system is not known."),
        "no_geometry": _("There is no outline."),
        "bad_geometry": _("The outline is malformed."),
        "unknown_geometry": _("This kind of geometry is not read."),
        "not_finite": _("A coordinate is no number."),
        "empty_geometry": _("The outline is empty."),
        "zero_area": _("The outline encloses no area."),
        "ring_closed": _("A ring was not closed; it is closed now."),
        "ring_turned": _("A ring ran the wrong way round; it was turned."),
        "ring_dropped": _("A ring of fewer than three points was left out."),
        "part_dropped": _("A part without area was left out."),
        "hole_outside": _("A hole lay outside its outline and was left out."),
        "overlapping_parts": _("Parts lay over each other and were joined."),
        "mixed_collection": _("Points, lines and areas are mixed."),
        "swapped": _("Longitude and latitude seem to be swapped."),
        "outside": _("Some features lie outside of the county: is the coordinate system right?"),
        "projected": _("The coordinates are metres: choose their projection."),
        "heights_dropped": _("Heights were left out."),
    }
    if fault.code == "duplicate_points":
        return _("%(n)s repeated points were left out.") % {"n": why.get("points", 1)}
    if fault.code == "crossed":
        words = _("The outline crossed itself; it was repaired, %(lost)s %% of its area changed.")
        return words % {"lost": why["lost"]}
    if fault.code == "touching":
        words = _("The outline touched itself; it was repaired, %(lost)s %% of its area changed.")
        return words % {"lost": why["lost"]}
    return known.get(fault.code, fault.code)


def lines_of(faults: Iterable[Fault]) -> list[str]:
    """Each finding once, in order."""
    return list(dict.fromkeys(map(words_of, faults)))
