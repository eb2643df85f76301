"""One worksheet of a workbook: its XML to cells, and what is said of it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from math import isfinite

from anlan.formats.faults import Refused
from anlan.formats.markup import BLOCK, Readable, local, read_xml
from anlan.formats.tables.cells import DIGITS_KEPT, Flag, Kind, address, column_of, letters
from anlan.formats.tables.drafts import Draft
from anlan.formats.tables.limits import HEADROOM, Limits
from anlan.formats.tables.sheets import number_of
from anlan.formats.tables.styles import PLAIN, Format, Shown, dated
from anlan.formats.tables.texts import Texts

#: A sign written by its code, `_x000D_`.
_CODED = re.compile("_x([0-9A-Fa-f]{4})_")
#: How XML says yes.
TRUE = frozenset({"1", "true", "on"})
_RANGE = re.compile(r"\$?([A-Z]{1,3})\$?([0-9]{1,7})(?::\$?([A-Z]{1,3})\$?([0-9]{1,7}))?")


def decoded(text: str) -> str:
    """A text with the signs that XML cannot hold, written as `_x000D_`, put back."""
    return _CODED.sub(lambda found: chr(int(found[1], 16)), text) if "_x" in text else text


@dataclass(frozen=True, slots=True)
class Setting:
    """What the sheets of a workbook share.

    shared   so many first texts are the shared ones
    formats  what each style shows, by its number
    """

    texts: Texts
    shared: int
    formats: Sequence[Format]
    from_1904: bool
    limits: Limits


def read_worksheet(stream: Readable, draft: Draft, setting: Setting) -> None:
    """Read the cells of a sheet into its draft.

    One long function of closures, and no call that can be avoided: they run five times for each of a million cells.

    Raises Refused: `broken_workbook` where the sheet contradicts itself (cells out of order, a text that is not there,
    a number that is none), and the limits.
    """
    limits, texts, shared = setting.limits, setting.texts, setting.shared
    add, longest = texts.add, limits.text
    put_code, put_value = draft.cells.codes.append, draft.cells.values.append
    styles = {str(number): shown for number, shown in enumerate(setting.formats) if shown != PLAIN}
    far_row, far_column = limits.rows + HEADROOM, limits.columns
    names = [letters(column) for column in range(1, far_column + 1)]
    c = v = t = f = row_name = ""
    row, row_text, column, base = 0, "", 0, 0
    given: dict[str, str] = {}
    formula = spoken = 0
    text = value = ""

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal c, v, t, f, row_name, row, row_text, column, base, given, formula, spoken, text, value
        if name == c:
            given, formula, value = attributes, 0, ""
        elif name in (v, t):
            text = ""
        elif name == f:
            formula = Flag.FORMULA.value
        elif name == row_name:
            row_text = attributes.get("r") or str(row + 1)
            row, column = _next_row(row_text, row, draft), 0
            base = row << 32
            if attributes.get("hidden") in TRUE and row <= far_row:
                draft.hidden_rows.append(row)
        elif not c:
            prefix, colon, _root = name.rpartition(":")
            c, v, t, f, row_name = (prefix + colon + part for part in ("c", "v", "t", "f", "row"))
        else:
            kind = local(name)
            if kind == "mergeCell":
                draft.merge(*_corners(attributes.get("ref", "")))
            elif kind == "col" and attributes.get("hidden") in TRUE:
                draft.hidden_columns.extend(_hidden(attributes, far_column))
            elif kind == "rPh":
                # How the text is read aloud, beside the text.
                spoken += 1

    def end(name: str) -> None:
        nonlocal value, column, spoken
        if name == c:
            place = given.get("r")
            if place is None or (column < far_column and place == names[column] + row_text):
                column += 1
            else:
                column = _farther(place, row_text, column)
            if not (value or formula):
                return
            if row > far_row or column > far_column:
                limits.refuse_far(row, column)
            kind = given.get("t")
            number: float
            if kind == "s":
                number = int(value) if value.isdecimal() and len(value) < 10 else shared
                if number >= shared:
                    raise Refused("broken_workbook", address(row, column))
                put_code(base | column << 16 | _TEXT | formula)
            elif kind is None or kind == "n":
                try:
                    number = float(value or 0)
                except ValueError:
                    raise Refused("broken_workbook", address(row, column)) from None
                shown = styles.get(given.get("s", ""))
                if shown is None and -DIGITS_KEPT < number < DIGITS_KEPT:
                    put_code(base | column << 16 | (_NUMBER if value else 0) | formula)
                else:
                    code, number = _as_shown(number, shown or PLAIN, setting, address(row, column))
                    put_code(base | column << 16 | code | formula)
            elif kind in _OWN_TEXT:
                if len(value) > longest:
                    where = address(row, column)
                    raise Refused("text_too_long", where, length=len(value), limit=longest)
                number = add(decoded(value))
                put_code(base | column << 16 | _TEXT | formula)
            else:
                code, number = _other(kind, value, texts, address(row, column))
                put_code(base | column << 16 | code | formula)
            put_value(number)
        elif name == v:
            value = text
        elif name == t:
            if not spoken:
                value += text
        elif spoken and local(name) == "rPh":
            spoken -= 1

    def data(piece: str) -> None:
        nonlocal text
        text += piece
        if len(text) > BLOCK:
            raise Refused("text_too_long", given.get("r", draft.name)[:40], length=len(text), limit=limits.text)

    read_xml(stream, draft.name, start=start, end=end, text=data)


def _next_row(text: str, before: int, draft: Draft) -> int:
    row = int(text) if text.isdecimal() and len(text) < 8 else 0
    if row <= before:
        raise Refused("broken_workbook", f"{draft.name}: row {text[:20]}")
    draft.cells.refuse_more()
    return row


def _farther(place: str, row_text: str, before: int) -> int:
    """The column of a cell that is not the next one; the cells of a row come in order."""
    name = place.rstrip("0123456789")
    try:
        column = column_of(name)
    except ValueError:
        column = 0
    if column <= before or place[len(name) :] != row_text:
        raise Refused("broken_workbook", place[:20])
    return column


def _code(kind: Kind, flags: int = 0) -> int:
    """The part of a cell's code in `Cells` that is the same in every place."""
    return kind << 8 | flags


#: Types of cells that bring their own text, instead of pointing to a shared one.
_OWN_TEXT = frozenset({"str", "inlineStr"})
_TEXT, _NUMBER = _code(Kind.TEXT), _code(Kind.NUMBER)


def _as_shown(value: float, shown: Format, setting: Setting, where: str) -> tuple[int, float]:
    """Code and stored number of a number that is long or has a format of its own."""
    if not isfinite(value):
        raise Refused("broken_workbook", where)
    if shown.shown is not Shown.NUMBER:
        found = dated(value, shown.shown, from_1904=setting.from_1904) if abs(value) < DIGITS_KEPT else None
        return (_code(found[0]), found[1]) if found else (_code(Kind.NUMBER, Flag.IMPOSSIBLE_DATE), value)
    if value.is_integer() and abs(value) >= DIGITS_KEPT:
        return _code(Kind.NUMBER, Flag.DIGITS_LOST), value
    if shown.digits and value.is_integer() and value >= 0:
        padded = f"{value:0{shown.digits}.0f}"
        if padded.startswith("0"):
            return _code(Kind.TEXT, Flag.PADDED), setting.texts.add(padded, where)
    return _NUMBER, value


def _other(kind: str, value: str, texts: Texts, where: str) -> tuple[int, float]:
    """Code and stored number of a cell that is neither a number nor a text."""
    if kind == "b":
        return _code(Kind.BOOL), float(value in TRUE)
    if kind == "e":
        return _code(Kind.ERROR), texts.add(value, where)
    if kind == "d":
        found, number = _iso(value, where)
        return _code(found), number
    raise Refused("broken_workbook", where)


def _iso(text: str, where: str) -> tuple[Kind, float]:
    """A cell of type date: ISO 8601, with or without a time."""
    try:
        return number_of(date.fromisoformat(text) if len(text) <= 10 else datetime.fromisoformat(text))
    except (ValueError, TypeError):
        raise Refused("broken_workbook", where) from None


def _corners(said: str) -> tuple[int, int, int, int]:
    """(top, left, bottom, right) of `B2:D5`."""
    found = _RANGE.fullmatch(said)
    if found is None:
        raise Refused("broken_workbook", said[:40])
    left, top = column_of(found[1]), int(found[2])
    return top, left, int(found[4] or top), column_of(found[3]) if found[3] else left


def _hidden(given: Mapping[str, str], most: int) -> range:
    """Columns of a `col` element, as far as they are read."""
    first, last = given.get("min", ""), given.get("max", "")
    if not (first.isdecimal() and last.isdecimal() and len(first + last) < 16):
        raise Refused("broken_workbook", "col")
    return range(max(int(first), 1), min(int(last), most) + 1)
