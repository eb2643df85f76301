"""Old Excel workbooks (.xls): values by calamine, everything else that matters by their records."""

from __future__ import annotations

import io
from datetime import date, time, timedelta
from pathlib import Path
from typing import Any

from python_calamine import CalamineError, CalamineWorkbook

from anlan.formats.faults import Refused
from anlan.formats.tables.biff import Found, walk
from anlan.formats.tables.cells import DIGITS_KEPT, Flag, Kind, address
from anlan.formats.tables.drafts import book_of
from anlan.formats.tables.limits import Limits
from anlan.formats.tables.ole import Compound, Entry
from anlan.formats.tables.sheets import Book, number_of
from anlan.formats.tables.texts import Texts

#: Directory entries of an encrypted new workbook, of macros, and of other documents.
_ENCRYPTED, _MACROS = "EncryptedPackage", "_VBA_PROJECT_CUR"
_OTHERS = {"WordDocument": "doc", "PowerPoint Document": "ppt", "VisioDocument": "vsd"}


def read_xls(path: Path, limits: Limits) -> Book:
    """All worksheets of an old workbook; refusals as of `xlsx.read_xlsx`."""
    data = path.read_bytes()
    compound = Compound(data)
    found = walk(compound.stream(_workbook(compound)), limits)
    texts = Texts(limits.text)
    try:
        with CalamineWorkbook.from_filelike(io.BytesIO(data)) as workbook:
            names = {meta.name for meta in workbook.sheets_metadata}
            for sheet in found:
                if sheet.draft.name not in names:
                    raise Refused("broken_workbook", sheet.draft.name)
                _take(workbook.get_sheet_by_name(sheet.draft.name), sheet, texts)
    except CalamineError as error:
        raise Refused("broken_workbook") from error
    except BaseException as error:
        # What is a panic in Rust comes as an exception beside Exception, whose class cannot be imported.
        if type(error).__name__ != "PanicException":
            raise
        raise Refused("broken_workbook") from error
    return book_of("xls", [sheet.draft for sheet in found], texts, limits)


def _workbook(compound: Compound) -> Entry:
    names = {entry.name: entry for entry in compound.entries}
    if _ENCRYPTED in names:
        raise Refused("encrypted")
    if _MACROS in names:
        raise Refused("macros", _MACROS)
    if any(name.startswith("MBD") and entry.kind == 1 for name, entry in names.items()):
        raise Refused("nested_archive")
    for name, kind in _OTHERS.items():
        if name in names:
            raise Refused("wrong_type", said="xls", found=kind)
    for name in ("Workbook", "Book"):
        if name in names and names[name].kind == 2:
            return names[name]
    raise Refused("wrong_type", said="xls", found="ole")


def _take(sheet: Any, found: Found, texts: Texts) -> None:
    """Put the values of a sheet into its draft. Errors and uncomputed formulas, which calamine gives as "", first."""
    cells = found.draft.cells
    for here, shown in found.errors.items():
        cells.put(*here, Kind.ERROR, texts.add(shown, address(*here)), found.flags.get(here, 0))
    if sheet.start is None:
        return
    # calamine gives the rows above the first one as empty ones, and no columns before the first.
    left = sheet.start[1]
    for row, values in enumerate(sheet.iter_rows(), 1):
        for column, value in enumerate(values, left + 1):
            here = (row, column)
            flags = found.flags.get(here, 0)
            if here in found.errors or (value == "" and not flags):
                continue
            if row > found.extent[0] or column > found.extent[1]:
                raise Refused("broken_workbook", address(row, column))
            if isinstance(value, bool):
                cells.put(*here, Kind.BOOL, float(value), flags)
            elif isinstance(value, int | float):
                lost = Flag.DIGITS_LOST if abs(value) >= DIGITS_KEPT and float(value).is_integer() else 0
                cells.put(*here, Kind.NUMBER, float(value), flags | lost)
            elif isinstance(value, date | time | timedelta):
                cells.put(*here, *number_of(value), flags)
            else:
                cells.put(*here, Kind.TEXT, texts.add(value, address(*here)), flags)
