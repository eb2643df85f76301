"""The records of an old Excel workbook (BIFF5, BIFF8), walked for what calamine does not tell.

calamine gives the values; errors and formulas, merged cells, hidden lines, far cells, passwords and links are found
here, before it parses anything. Source: [MS-XLS] 2.1.4, 2.4.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from anlan.formats.faults import Refused
from anlan.formats.tables.cells import Flag, address
from anlan.formats.tables.drafts import Draft
from anlan.formats.tables.limits import HEADROOM, Limits

_BOF, _EOF, _FILEPASS, _BOUNDSHEET, _SUPBOOK, _OBPROJ = 0x0809, 0x000A, 0x002F, 0x0085, 0x01AE, 0x00D3
_EXTERNSHEET = 0x0017
_ROW, _COLINFO, _MERGECELLS, _BOOLERR, _FORMULA = 0x0208, 0x007D, 0x00E5, 0x0205, 0x0006
#: Records of one cell with a value that is no formula: LABELSST, NUMBER, RK, LABEL, RSTRING, BOOLERR.
_VALUES = frozenset({0x00FD, 0x0203, 0x027E, 0x0204, 0x00D6, _BOOLERR})
_FORMULAS = frozenset({_FORMULA, 0x0206, 0x0406})
_MULRK = 0x00BD
_BIFF5, _BIFF8 = 0x0500, 0x0600
_WORKSHEET, _MACRO_SHEET, _VBA_MODULE = 0, 1, 6
#: What a SUPBOOK says that leads nowhere: this workbook, functions of add-ins.
_INSIDE = (0x0401, 0x3A01)
_ERRORS = {0x00: "#NULL!", 0x07: "#DIV/0!", 0x0F: "#VALUE!", 0x17: "#REF!", 0x1D: "#NAME?", 0x24: "#NUM!", 0x2A: "#N/A"}


@dataclass(slots=True)
class Found:
    """What the records of one sheet tell.

    draft     hidden lines and merges
    flags     bits of `Flag` by (row, column)
    errors    the error shown by (row, column)
    extent    last row and column that hold a value
    """

    draft: Draft
    flags: dict[tuple[int, int], int] = field(default_factory=dict)
    errors: dict[tuple[int, int], str] = field(default_factory=dict)
    extent: tuple[int, int] = (0, 0)


def walk(stream: bytes, limits: Limits) -> list[Found]:
    """Look through all worksheets of a workbook stream, in order.

    Raises Refused: `encrypted`, `macros`, `external_link`, `broken_workbook`, `unsupported` and the limits.
    """
    places = list(_sheets(stream))
    if len(places) > limits.sheets:
        raise Refused("too_many_sheets", sheets=len(places), limit=limits.sheets)
    return [_sheet(stream, at, Found(Draft(name, hidden, limits)), limits) for name, at, hidden in places]


def _records(stream: bytes, at: int) -> Iterator[tuple[int, bytes]]:
    """Type and content of each record of one substream, those of charts inside it left out."""
    depth = 0
    while at + 4 <= len(stream):
        kind, size = struct.unpack_from("<HH", stream, at)
        content = stream[at + 4 : at + 4 + size]
        if len(content) < size:
            break
        at += 4 + size
        depth += (kind == _BOF) - (kind == _EOF)
        if depth == 0:
            return
        if depth == 1:
            yield kind, content
    raise Refused("broken_workbook")


def _sheets(stream: bytes) -> Iterator[tuple[str, int, bool]]:
    """Name, place and whether it is hidden of each worksheet."""
    version = 0
    try:
        for kind, content in _records(stream, 0):
            if kind == _BOF:
                version = struct.unpack_from("<H", content)[0]
                if version not in (_BIFF5, _BIFF8):
                    raise Refused("unsupported", found="xls")
            elif kind == _FILEPASS:
                raise Refused("encrypted")
            elif kind == _OBPROJ:
                raise Refused("macros")
            elif _leads_out(kind, content, version):
                raise Refused("external_link")
            elif kind == _BOUNDSHEET:
                at, hidden, sort, length = struct.unpack_from("<IBBB", content)
                if sort in (_MACRO_SHEET, _VBA_MODULE):
                    raise Refused("macros")
                if sort == _WORKSHEET:
                    yield _name(content[7:], length, version), at, bool(hidden & 3)
    except struct.error as error:
        raise Refused("broken_workbook") from error


def _leads_out(kind: int, content: bytes, version: int) -> bool:
    """True for a record that names another workbook."""
    if kind == _SUPBOOK:
        return struct.unpack_from("<H", content, 2)[0] not in _INSIDE
    return kind == _EXTERNSHEET and version == _BIFF5 and content[1:2] == b"\x01"


def _name(raw: bytes, length: int, version: int) -> str:
    if version == _BIFF5:
        return raw[:length].decode("gb18030", "replace")
    if raw[:1] == b"\x01":
        return raw[1 : 1 + 2 * length].decode("utf-16-le", "replace")
    return raw[1 : 1 + length].decode("latin-1")


def _sheet(stream: bytes, at: int, found: Found, limits: Limits) -> Found:
    draft = found.draft
    last_row = last_column = 0
    try:
        for kind, content in _records(stream, at):
            if kind in _VALUES or kind in _FORMULAS or kind == _MULRK:
                row, column = struct.unpack_from("<HH", content)
                here = (row + 1, column + 1)
                last = struct.unpack_from("<H", content, len(content) - 2)[0] + 1 if kind == _MULRK else here[1]
                last_row, last_column = max(last_row, here[0]), max(last_column, last)
                if last_row > limits.rows + HEADROOM or last_column > limits.columns:
                    limits.refuse_far(here[0], last)
                if kind in _FORMULAS:
                    found.flags[here] = Flag.FORMULA
                    _computed(content, here, found)
                elif kind == _BOOLERR and content[7]:
                    found.errors[here] = _error(content[6], here)
            elif kind == _MERGECELLS:
                for number in range(struct.unpack_from("<H", content)[0]):
                    top, bottom, left, right = struct.unpack_from("<4H", content, 2 + 8 * number)
                    draft.merge(top + 1, left + 1, bottom + 1, right + 1)
            elif kind == _ROW and content[12] & 0x20:
                draft.hidden_rows.append(struct.unpack_from("<H", content)[0] + 1)
            elif kind == _COLINFO and content[8] & 1:
                first, last = struct.unpack_from("<HH", content)
                draft.hidden_columns.extend(range(first + 1, min(last + 1, limits.columns) + 1))
    except (struct.error, IndexError) as error:
        raise Refused("broken_workbook", draft.name) from error
    found.extent = (last_row, last_column)
    return found


def _computed(content: bytes, here: tuple[int, int], found: Found) -> None:
    """A formula's last result, eight bytes: a float, or 0xFFFF at the end and its kind at the beginning."""
    if content[12:14] == b"\xff\xff" and content[6] == 2:
        found.errors[here] = _error(content[8], here)


def _error(code: int, here: tuple[int, int]) -> str:
    if code not in _ERRORS:
        raise Refused("broken_workbook", address(*here))
    return _ERRORS[code]
