"""What is wrong with a file or a cell, in words of the reader; the room of formats words nothing itself.

A code of `formats.faults` that is about files or coordinates has its sentence here; a test holds the two together.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from anlan.formats.faults import Fault

_WORDS: Mapping[str, Any] = {
    "too_large": gettext_lazy("The file has %(bytes)s bytes; at most %(limit)s are taken."),
    "empty_file": gettext_lazy("The file holds nothing."),
    "wrong_type": gettext_lazy("The name says %(said)s, the content is %(found)s."),
    "unsupported": gettext_lazy("Files of the kind %(found)s are not read."),
    "unreadable": gettext_lazy("The file could not be read; it is damaged."),
    "too_slow": gettext_lazy("Reading took longer than %(seconds)s s."),
    "too_much_memory": gettext_lazy("Reading needed more than %(mebibytes)s MiB of memory."),
    "broken_zip": gettext_lazy("The archive is damaged."),
    "too_many_parts": gettext_lazy("The archive holds %(parts)s parts; at most %(limit)s are taken."),
    "doubled_part": gettext_lazy("The archive holds this part twice."),
    "too_large_unpacked": gettext_lazy("Unpacked the file has %(bytes)s bytes; at most %(limit)s are taken."),
    "zip_bomb": gettext_lazy("A part of the archive is packed %(ratio)s to one; at most %(limit)s to one is taken."),
    "encrypted": gettext_lazy("The file is protected by a password."),
    "nested_archive": gettext_lazy("The archive holds another file inside itself."),
    "broken_pdf": gettext_lazy("The PDF is damaged on page %(page)s (0: as a whole)."),
    "too_many_pages": gettext_lazy("The PDF has %(pages)s pages; at most %(limit)s are taken."),
    "no_text_layer": gettext_lazy(
        "None of the %(pages)s pages holds text: the PDF is a picture of paper. Send the document it was printed from."
    ),
    "broken_xml": gettext_lazy("Not well-formed XML in line %(line)s."),
    "doctype": gettext_lazy("The XML declares a document type (DOCTYPE), which is never taken."),
    "too_deep": gettext_lazy("Nested more than %(limit)s deep."),
    "macros": gettext_lazy("The workbook holds macros."),
    "external_link": gettext_lazy("The workbook takes data from elsewhere."),
    "broken_workbook": gettext_lazy("The workbook contradicts itself here."),
    "too_many_sheets": gettext_lazy("The workbook has %(sheets)s sheets; at most %(limit)s are taken."),
    "too_many_rows": gettext_lazy("A cell lies in row %(row)s; at most %(limit)s rows are taken."),
    "too_many_columns": gettext_lazy("A cell lies in column %(column)s; at most %(limit)s columns are taken."),
    "too_many_cells": gettext_lazy("The table has %(cells)s cells; at most %(limit)s are taken."),
    "text_too_long": gettext_lazy("A text of %(length)s signs; at most %(limit)s are taken."),
    "giant_merge": gettext_lazy("Merged cells reach beyond the rows and columns that are taken."),
    "too_many_merges": gettext_lazy("%(merges)s merged ranges; at most %(limit)s are taken."),
    "no_table": gettext_lazy("No sheet holds a cell with a value."),
    "unknown_encoding": gettext_lazy("Line %(line)s is neither UTF-8 nor GB18030 nor UTF-16 with a byte order mark."),
    "open_quote": gettext_lazy("A quotation mark is opened and never closed."),
    "bad_quotes": gettext_lazy("A quotation mark stands inside a quoted text without being doubled."),
    "formula": gettext_lazy("%(cells)s cells are formulas; their last computed value is used."),
    "formula_without_value": gettext_lazy(
        "%(cells)s formulas were never computed; open and save the file in a spreadsheet program."
    ),
    "merged": gettext_lazy("%(cells)s cells are merged; only the first of each range has the value."),
    "cell_error": gettext_lazy("%(cells)s cells show an error such as #REF!."),
    "digits_lost": gettext_lazy(
        "%(cells)s numbers have more digits than a spreadsheet keeps, or were written as 9.14E+17."
    ),
    "fullwidth": gettext_lazy("%(cells)s texts hold full-width digits or letters; the ordinary ones are used."),
    "cleaned": gettext_lazy("%(cells)s texts hold invisible signs; these are left out."),
    "padded": gettext_lazy("%(cells)s numbers are shown with leading zeros by their format; they are taken as shown."),
    "impossible_date": gettext_lazy("%(cells)s cells are formatted as a date that does not exist; the number is used."),
    "hidden_sheet": gettext_lazy("The sheet is hidden."),
    "hidden_rows": gettext_lazy("%(rows)s rows are hidden and read all the same."),
    "hidden_columns": gettext_lazy("%(columns)s columns are hidden and read all the same."),
    "ragged": gettext_lazy("%(rows)s rows have more cells than the first line."),
    "missing_header": gettext_lazy("Columns %(columns)s hold values and have no heading."),
    "doubled_header": gettext_lazy("The heading %(heading)s stands over columns %(columns)s."),
    "not_a_number": gettext_lazy("%(value)s is not a number."),
    "not_a_whole_number": gettext_lazy("%(value)s is not a whole number."),
    "not_a_date": gettext_lazy("%(value)s is not a date."),
    "date_is_a_number": gettext_lazy("%(value)s may be a date that lost its format: %(perhaps)s."),
    "year_of_two_digits": gettext_lazy("%(value)s does not say its century."),
    "not_yes_or_no": gettext_lazy("%(value)s is neither yes nor no."),
    "not_json": gettext_lazy("Not JSON at byte %(byte)s."),
    "not_geojson": gettext_lazy("No GeoJSON object of a known type."),
    "not_kml": gettext_lazy("No KML document."),
    "network_link": gettext_lazy("The file takes places from elsewhere (NetworkLink)."),
    "broken_shapefile": gettext_lazy("The shapefile is damaged or lacks a part."),
    "missing_part": gettext_lazy("The archive holds no %(part)s."),
    "several_layers": gettext_lazy("The archive holds several layers: %(layers)s."),
    "too_many_features": gettext_lazy("More than %(limit)s features."),
    "too_many_vertices": gettext_lazy("%(vertices)s vertices; at most %(limit)s are taken."),
    "no_features": gettext_lazy("The file holds no feature."),
    "no_geometry": gettext_lazy("The feature has no geometry."),
    "unknown_geometry": gettext_lazy("The geometry %(kind)s is not read."),
    "bad_geometry": gettext_lazy("The coordinates do not have the shape that the geometry's type asks for."),
    "bad_properties": gettext_lazy("The properties are not an object of names and values."),
    "not_finite": gettext_lazy("A coordinate is not a number, or no place on any map."),
    "ring_closed": gettext_lazy("A ring was not closed."),
    "ring_turned": gettext_lazy("A ring ran the wrong way round."),
    "ring_dropped": gettext_lazy("A ring of fewer than three different points was left out."),
    "duplicate_points": gettext_lazy("%(points)s repeated points were left out."),
    "part_dropped": gettext_lazy("A part without length or area was left out."),
    "crossed": gettext_lazy("The outline crossed itself; %(lost)s %% of its area changed."),
    "touching": gettext_lazy("The outline touched itself; %(lost)s %% of its area changed."),
    "hole_outside": gettext_lazy("A hole lay outside its outline and was left out."),
    "overlapping_parts": gettext_lazy("Parts lay over each other and were joined."),
    "empty_geometry": gettext_lazy("The geometry is empty."),
    "zero_area": gettext_lazy("The outline encloses no area."),
    "zero_length": gettext_lazy("The line has no length."),
    "mixed_collection": gettext_lazy("Points, lines and areas are mixed in one feature."),
    "deep_collection": gettext_lazy("Geometry collections inside collections were made one."),
    "heights_dropped": gettext_lazy("%(features)s features have heights or measures, which are not kept."),
    "text_damaged": gettext_lazy("%(values)s values hold signs that are not of the encoding %(encoding)s."),
    "ignored_elements": gettext_lazy("%(elements)s elements draw pictures or models and were left out."),
    "wrong_count": gettext_lazy("The table of properties has %(records)s rows for %(shapes)s shapes."),
    "swapped": gettext_lazy("Longitude and latitude seem to be swapped in %(features)s of %(all)s features."),
    "projected": gettext_lazy("The coordinates are metres, perhaps of %(systems)s."),
    "outside": gettext_lazy("%(features)s of %(all)s features lie outside the expected area."),
    "antimeridian": gettext_lazy("The feature crosses the 180th meridian or lies beyond it."),
    "stated_system": gettext_lazy("The file says that its coordinates are of %(system)s."),
    "unknown_system": gettext_lazy("The coordinate system %(system)s is not known here."),
    "other_datum": gettext_lazy("The coordinates are of %(system)s; moving them needs local parameters."),
    "impossible_coordinates": gettext_lazy("No such place in %(system)s."),
    "not_degrees": gettext_lazy("%(value)s is not an angle."),
}


def words_of(fault: Fault, *, place: bool = False) -> str:
    """A sentence in the reader's language; with `place` the cell, row or part stands before it."""
    why = {name: _list(value) for name, value in fault.why.items()}
    said = str(_WORDS[fault.code]) % why
    return _("%(where)s: %(what)s") % {"where": fault.where, "what": said} if place and fault.where else said


def _list(value: Any) -> str:
    if isinstance(value, tuple):
        return _(", ").join(map(str, value))
    return f"{value:,}" if isinstance(value, int) else str(value)


def knows(code: str) -> bool:
    """Whether there are words for a code."""
    return code in _WORDS
