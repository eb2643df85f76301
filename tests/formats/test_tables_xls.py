"""Old workbooks: calamine's values together with what only their records tell."""

from __future__ import annotations

from datetime import date

from anlan.formats.tables.cells import Flag, Kind
from tests.formats.old_workbooks import (
    compound,
    error,
    formula,
    hidden_row,
    merge,
    number,
    old_workbook,
    stream,
    text,
)
from tests.formats.workbooks import read


def test_values_errors_formulas_and_merges_have_their_addresses(tmp_path):
    records = (
        text(2, 1, "名称") + text(2, 2, "人数") + text(2, 3, "日期")
        + text(3, 1, "甲") + number(3, 2, 12.0) + number(3, 3, 46348.0, 1)
        + formula(4, 2, 24.0) + error(4, 3, 0x17) + formula(5, 2, b"\x02\x00\x07\x00\x00\x00\xff\xff")
        + number(5, 3, 914403007152672600.0) + merge((0, 1, 1, 3), (2, 3, 1, 1)) + hidden_row(4)
    )  # fmt: skip
    sheet = read(old_workbook(records), tmp_path, "台账.xls").sheets[0]
    said = {cell.address: (cell.kind, cell.value, cell.flags) for row in sheet.filled() for cell in row}
    assert sheet.name == "台账"
    assert said["B3"] == (Kind.TEXT, "名称", Flag.MERGED) and said["C4"] == (Kind.NUMBER, 12, 0)
    assert said["D4"] == (Kind.DATE, date(2026, 11, 22), 0)
    assert said["C5"] == (Kind.NUMBER, 24, Flag.FORMULA) and said["D5"] == (Kind.ERROR, "#REF!", 0)
    assert said["C6"] == (Kind.ERROR, "#DIV/0!", Flag.FORMULA)
    assert said["D6"][2] == Flag.DIGITS_LOST
    assert sheet.merges == ((3, 2, 4, 2),)
    assert {note.code for note in sheet.notes} == {"hidden_rows", "formula", "merged", "digits_lost", "cell_error"}


def test_every_sheet_is_read(tmp_path):
    data = compound({"Workbook": stream({"一": text(0, 0, "甲"), "二": number(7, 5, 1.5)})})
    book = read(data, tmp_path, "a.xls")
    assert [(sheet.name, sheet.rows.start, sheet.columns.start) for sheet in book.sheets] == [
        ("一", 1, 1),
        ("二", 8, 6),
    ]
    assert book.sheets[1].cell(8, 6).value == 1.5
