"""What is wrong with bytes or values: a stable code, the place, and what a sentence about it needs.

This room words nothing. `MEANINGS` says in English what each code means and which names stand in `why`; whoever shows a
fault words it in the reader's language, and a code that is not in the table cannot be raised.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

#: What stands in a sentence: a number, a text of the file, or several of them.
Why = str | int | float | tuple[str, ...] | tuple[int, ...]

MEANINGS: Mapping[str, str] = {
    # Any file
    "too_large": "the file has {bytes} bytes; at most {limit} are taken",
    "empty_file": "the file holds nothing",
    "wrong_type": "the name says {said}, the content is {found}",
    "unsupported": "files of the kind {found} are not read",
    "unreadable": "the file could not be read; it is damaged",
    "too_slow": "reading took longer than {seconds} s",
    "too_much_memory": "reading needed more than {mebibytes} MiB of memory",
    # Zip archives and XML
    "broken_zip": "the archive is damaged",
    "too_many_parts": "the archive holds {parts} parts; at most {limit} are taken",
    "doubled_part": "the archive holds this part twice",
    "too_large_unpacked": "unpacked the file has {bytes} bytes; at most {limit} are taken",
    "zip_bomb": "a part of the archive is packed {ratio} to one; at most {limit} to one is taken",
    "encrypted": "the file is protected by a password",
    "nested_archive": "the archive holds another file inside itself",
    "broken_xml": "not well-formed XML in line {line}",
    "doctype": "the XML declares a document type (DOCTYPE), which is never taken",
    "too_deep": "nested more than {limit} deep",
    # PDF
    "broken_pdf": "the PDF is damaged on page {page} (0: as a whole)",
    "too_many_pages": "the PDF has {pages} pages; at most {limit} are taken",
    "no_text_layer": "none of the {pages} pages holds text: the PDF is a picture of paper",
    # Tables
    "macros": "the workbook holds macros",
    "external_link": "the workbook takes data from elsewhere",
    "broken_workbook": "the workbook contradicts itself here",
    "too_many_sheets": "the workbook has {sheets} sheets; at most {limit} are taken",
    "too_many_rows": "a cell lies in row {row}; at most {limit} rows are taken",
    "too_many_columns": "a cell lies in column {column}; at most {limit} columns are taken",
    "too_many_cells": "the table has {cells} cells; at most {limit} are taken",
    "text_too_long": "a text of {length} signs; at most {limit} are taken",
    "giant_merge": "merged cells reach beyond the rows and columns that are taken",
    "too_many_merges": "{merges} merged ranges; at most {limit} are taken",
    "no_table": "no sheet holds a cell with a value",
    "unknown_encoding": "line {line} is neither UTF-8 nor GB18030 nor UTF-16 with a byte order mark",
    "open_quote": "a quotation mark is opened and never closed",
    "bad_quotes": "a quotation mark stands inside a quoted text without being doubled",
    "formula": "{cells} cells are formulas; their last computed value is used",
    "formula_without_value": "{cells} formulas were never computed; open and save the file in a spreadsheet program",
    "merged": "{cells} cells are merged; only the first of each range has the value",
    "cell_error": "{cells} cells show an error such as #REF!",
    "digits_lost": "{cells} numbers have more digits than a spreadsheet keeps, or were written as 9.14E+17",
    "fullwidth": "{cells} texts hold full-width digits or letters; the ordinary ones are used",
    "cleaned": "{cells} texts hold invisible signs; these are left out",
    "padded": "{cells} numbers are shown with leading zeros by their format; they are taken as shown",
    "impossible_date": "{cells} cells are formatted as a date that does not exist; the number is used",
    "hidden_sheet": "the sheet is hidden",
    "hidden_rows": "{rows} rows are hidden and read all the same",
    "hidden_columns": "{columns} columns are hidden and read all the same",
    "ragged": "{rows} rows have more cells than the first line",
    "missing_header": "columns {columns} hold values and have no heading",
    "doubled_header": "the heading {heading} stands over columns {columns}",
    "not_a_number": "{value} is not a number",
    "not_a_whole_number": "{value} is not a whole number",
    "not_a_date": "{value} is not a date",
    "date_is_a_number": "{value} may be a date that lost its format: {perhaps}",
    "year_of_two_digits": "{value} does not say its century",
    "not_yes_or_no": "{value} is neither yes nor no",
    # Map files
    "not_json": "not JSON at byte {byte}",
    "not_geojson": "no GeoJSON object of a known type",
    "not_kml": "no KML document",
    "network_link": "the file takes places from elsewhere (NetworkLink)",
    "broken_shapefile": "the shapefile is damaged or lacks a part",
    "missing_part": "the archive holds no {part}",
    "several_layers": "the archive holds several layers: {layers}",
    "too_many_features": "more than {limit} features",
    "too_many_vertices": "{vertices} vertices; at most {limit} are taken",
    "no_features": "the file holds no feature",
    "no_geometry": "the feature has no geometry",
    "unknown_geometry": "the geometry {kind} is not read",
    "bad_geometry": "the coordinates do not have the shape that the geometry's type asks for",
    "bad_properties": "the properties are not an object of names and values",
    "not_finite": "a coordinate is not a number, or no place on any map",
    "ring_closed": "a ring was not closed",
    "ring_turned": "a ring ran the wrong way round",
    "ring_dropped": "a ring of fewer than three different points was left out",
    "duplicate_points": "{points} repeated points were left out",
    "part_dropped": "a part without length or area was left out",
    "crossed": "the outline crossed itself; {lost} % of its area changed",
    "touching": "the outline touched itself; {lost} % of its area changed",
    "hole_outside": "a hole lay outside its outline and was left out",
    "overlapping_parts": "parts lay over each other and were joined",
    "empty_geometry": "the geometry is empty",
    "zero_area": "the outline encloses no area",
    "zero_length": "the line has no length",
    "mixed_collection": "points, lines and areas are mixed in one feature",
    "deep_collection": "geometry collections inside collections were made one",
    "heights_dropped": "{features} features have heights or measures, which are not kept",
    "text_damaged": "{values} values hold signs that are not of the encoding {encoding}",
    "ignored_elements": "{elements} elements draw pictures or models and were left out",
    "wrong_count": "the table of properties has {records} rows for {shapes} shapes",
    "swapped": "longitude and latitude seem to be swapped in {features} of {all} features",
    "projected": "the coordinates are metres, perhaps of {systems}",
    "outside": "{features} of {all} features lie outside the expected area",
    "antimeridian": "the feature crosses the 180th meridian or lies beyond it",
    "stated_system": "the file says that its coordinates are of {system}",
    "unknown_system": "the coordinate system {system} is not known here",
    "other_datum": "the coordinates are of {system}; moving them needs local parameters",
    # Coordinates
    "impossible_coordinates": "no such place in {system}",
    "not_degrees": "{value} is not an angle",
    # Codes
    "wrong_length": "{length} signs instead of {expected}",
    "wrong_sign": "{sign} does not occur in such a code",
    "wrong_check": "the check sign is {found} and should be {expected}",
    "wrong_birth_date": "{date} is no day that a person alive or dead in this register was born",
    "wrong_region": "{region} is no code of GB/T 2260",
    "wrong_division": "{division} is no division of GB/T 4754",
    "wrong_form": "the code has another form: {form}",
}


@dataclass(frozen=True, slots=True)
class Fault:
    """One finding.

    code   a key of `MEANINGS`
    where  the place as its reader knows it: a cell `C12`, a part `xl/workbook.xml`, a feature `17`, a position; or ""
    why    what the sentence needs, by the names in `MEANINGS`
    """

    code: str
    where: str = ""
    why: Mapping[str, Why] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.code not in MEANINGS:
            raise KeyError(f"no meaning is declared for the fault {self.code}")

    def plain(self) -> tuple[str, str, dict[str, Why]]:
        """As JSON values, for `of`."""
        return self.code, self.where, dict(self.why)

    @classmethod
    def of(cls, said: Sequence[Any]) -> Fault:
        """The fault of what `plain` gave, after JSON has made lists of its tuples."""
        code, where, why = said
        return cls(code, where, {name: tuple(part) if isinstance(part, list) else part for name, part in why.items()})

    def __str__(self) -> str:
        """For logs and tracebacks; never shown to people."""
        said = ", ".join(f"{name}={value}" for name, value in self.why.items())
        return self.code + (f" at {self.where}" if self.where else "") + (f" ({said})" if said else "")


class Refused(Exception):
    """A file or value is not taken. Nothing of it has been used."""

    def __init__(self, code: str, where: str = "", **why: Why) -> None:
        self.fault = Fault(code, where, why)
        super().__init__(str(self.fault))

    @property
    def code(self) -> str:
        """The fault's code."""
        return self.fault.code
