"""New workbooks: typed cells with their addresses, and what is odd about them."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

import pytest
import xlsxwriter
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook

from anlan.formats.faults import Refused
from anlan.formats.tables.cells import Flag, Kind
from anlan.formats.tables.limits import Limits
from anlan.formats.tables.styles import Shown, format_of
from tests.formats.workbooks import (
    MAIN,
    cell_xml,
    parts_of,
    read,
    rows_xml,
    sheet_xml,
    styles_xml,
    table,
    workbook,
    zipped,
)


def shown(sheet):
    return [(cell.address, cell.kind, cell.value) for row in sheet.filled() for cell in row if cell.value is not None]


def codes(sheet):
    return {note.code: note for note in sheet.notes}


def test_a_cell_keeps_its_address_wherever_the_table_begins(tmp_path):
    book = read(workbook(sheet_xml(rows_xml([["名称", "人数"], ["甲", 12]], top=11, left=3))), tmp_path)
    assert shown(book.sheets[0]) == [
        ("C11", Kind.TEXT, "名称"), ("D11", Kind.TEXT, "人数"), ("C12", Kind.TEXT, "甲"), ("D12", Kind.NUMBER, 12),
    ]  # fmt: skip
    assert book.sheets[0].rows == range(11, 13) and book.sheets[0].columns == range(3, 5)
    assert book.sheets[0].cell(1, 1).kind == Kind.EMPTY and book.sheets[0].row(1) == ()


def test_texts_come_from_all_the_places_where_a_workbook_keeps_them(tmp_path):
    shared = (
        "<si><t>共享</t></si><si><r><t>两</t></r><r><t xml:space='preserve'>段 </t></r>"
        "<rPh sb='0' eb='1'><t>liangduan</t></rPh></si><si><t>a_x000D_b_x005F_x0041_</t></si>"
    )
    cells = (
        '<c r="A1" t="s"><v>0</v></c><c r="B1" t="s"><v>1</v></c><c r="C1" t="s"><v>2</v></c>'
        '<c r="D1" t="inlineStr"><is><r><t>在</t></r><r><t>内</t></r></is></c>'
        '<c r="E1" t="str"><f>A1</f><v>算出</v></c>'
    )
    sheet = read(workbook(sheet_xml(f'<row r="1">{cells}</row>'), shared=shared), tmp_path).sheets[0]
    assert [cell.value for cell in sheet.row(1)] == ["共享", "两段", "a\rb_x0041_", "在内", "算出"]


def test_a_prefix_pretty_printing_and_missing_addresses_change_nothing(tmp_path):
    xml = (
        f'<x:worksheet xmlns:x="{MAIN}">\n <x:sheetData>\n  <x:row>\n   <x:c>\n    <x:v>5</x:v>\n   </x:c>\n'
        '   <x:c t="inlineStr">\n    <x:is>\n     <x:t>甲</x:t>\n    </x:is>\n   </x:c>\n  </x:row>\n'
        "  <x:row>\n   <x:c><x:v>7</x:v></x:c>\n  </x:row>\n </x:sheetData>\n</x:worksheet>"
    )
    assert shown(read(workbook(xml), tmp_path).sheets[0]) == [
        ("A1", Kind.NUMBER, 5), ("B1", Kind.TEXT, "甲"), ("A2", Kind.NUMBER, 7),
    ]  # fmt: skip


def test_days_and_times_are_what_the_format_shows(tmp_path):
    formats = [14, 'yyyy"年"m"月"d"日"', "yyyy/mm/dd hh:mm", 20, "[h]:mm", "0.00", "[$-804]yyyy/m/d;@", 31]
    serial = 46348.353472222225  # 2026-11-22 08:29
    cells = "".join(
        cell_xml(1, column, value, column)
        for column, value in enumerate([46348, 46348, serial, 0.353472222222222, 1.25, 46348, 46348, 46348], 1)
    )
    sheet = read(workbook(sheet_xml(f'<row r="1">{cells}</row>'), styles=styles_xml(formats)), tmp_path).sheets[0]
    day = date(2026, 11, 22)
    assert [cell.value for cell in sheet.row(1)] == [
        day, day, datetime(2026, 11, 22, 8, 29), time(8, 29), timedelta(hours=30), 46348, day, day,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("serial", "from_1904", "expected"),
    [
        (1, False, date(1900, 1, 1)), (59, False, date(1900, 2, 28)), (61, False, date(1900, 3, 1)),
        (2958465, False, date(9999, 12, 31)), (0, True, date(1904, 1, 1)), (44886, True, date(2026, 11, 22)),
    ],
)  # fmt: skip
def test_both_systems_of_counting_days_are_known(tmp_path, serial, from_1904, expected):
    properties = '<workbookPr date1904="1"/>' if from_1904 else ""
    xml = sheet_xml(f'<row r="1">{cell_xml(1, 1, serial, 1)}</row>')
    sheet = read(workbook(xml, styles=styles_xml([14]), properties=properties), tmp_path).sheets[0]
    assert sheet.cell(1, 1).value == expected


@pytest.mark.parametrize("serial", [60, 0, -1, 2958466, 1e14])
def test_a_day_that_does_not_exist_stays_the_number_and_is_flagged(tmp_path, serial):
    xml = sheet_xml(f'<row r="1">{cell_xml(1, 1, serial, 1)}</row>')
    cell = read(workbook(xml, styles=styles_xml([14])), tmp_path).sheets[0].cell(1, 1)
    assert cell.value == serial and cell.flags == Flag.IMPOSSIBLE_DATE


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("General", Shown.NUMBER), ("G/通用格式", Shown.NUMBER), ("0.00E+00", Shown.NUMBER), ('0"d"', Shown.NUMBER),
        ("#,##0.00_);[Red](#,##0.00)", Shown.NUMBER), ("@", Shown.NUMBER), ('[DBNum1]yyyy"年"', Shown.DAY),
        ("mm-dd-yy", Shown.DAY), ("m月", Shown.DAY), ("h:mm", Shown.CLOCK), ("mm:ss.0", Shown.CLOCK),
        ("yyyy-mm-dd hh:mm:ss", Shown.BOTH), ("[mm]:ss", Shown.ELAPSED), ('上午/下午h"时"mm"分"', Shown.CLOCK),
        ('"¥"#,##0', Shown.NUMBER), (r"#,##0\m", Shown.NUMBER), ("h:mm d", Shown.BOTH),
    ],
)  # fmt: skip
def test_a_format_shows_days_times_or_numbers(pattern, expected):
    assert format_of(pattern).shown == expected


def test_a_number_with_more_digits_than_a_spreadsheet_keeps_is_flagged(tmp_path):
    sheet = read(table([["代码"], [914403007152672600], [91440300715267], [0.1234567890123456789]]), tmp_path).sheets[0]
    assert [row[0].flags for row in sheet.filled(2)] == [Flag.DIGITS_LOST, 0, 0]
    assert codes(sheet)["digits_lost"].where == "A2" and codes(sheet)["digits_lost"].why["cells"] == 1


def test_leading_zeros_that_only_the_format_shows_are_read_as_shown(tmp_path):
    cells = cell_xml(1, 1, 123, 1) + cell_xml(1, 2, 123456, 1) + cell_xml(1, 3, 1.5, 1) + cell_xml(1, 4, -1, 1)
    xml = sheet_xml(f'<row r="1">{cells}</row>')
    row = read(workbook(xml, styles=styles_xml(["000000"])), tmp_path).sheets[0].row(1)
    assert [cell.value for cell in row] == ["000123", 123456, 1.5, -1]
    assert [bool(cell.flags & Flag.PADDED) for cell in row] == [True, False, False, False]


def test_a_text_of_digits_stays_a_text(tmp_path):
    cell = read(table([["00123"]]), tmp_path).sheets[0].cell(1, 1)
    assert (cell.kind, cell.value) == (Kind.TEXT, "00123")


def test_formulas_give_their_value_and_are_flagged(tmp_path):
    cells = (
        '<c r="A1"><f>1+1</f><v>2</v></c><c r="B1" t="str"><f>""</f><v></v></c><c r="C1"><f>A1*2</f></c>'
        '<c r="D1" t="e"><f>1/0</f><v>#DIV/0!</v></c>'
    )
    sheet = read(workbook(sheet_xml(f'<row r="1">{cells}</row>')), tmp_path).sheets[0]
    row = sheet.row(1)
    assert [(cell.kind, cell.value) for cell in row] == [
        (Kind.NUMBER, 2), (Kind.TEXT, None), (Kind.EMPTY, None), (Kind.ERROR, "#DIV/0!"),
    ]  # fmt: skip
    assert all(cell.flags & Flag.FORMULA for cell in row)
    assert codes(sheet)["formula"].why["cells"] == 4 and codes(sheet)["cell_error"].where == "D1"
    assert codes(sheet)["formula_without_value"].where == "C1"


def test_merged_cells_are_flagged_and_only_the_first_has_the_value(tmp_path):
    merges = '<mergeCells><mergeCell ref="A1:B1"/><mergeCell ref="B2:B3"/></mergeCells>'
    rows = [["企业台账", None, None], ["甲", "东门镇", 1], ["乙", None, 2]]
    sheet = read(workbook(sheet_xml(rows_xml(rows), after=merges)), tmp_path).sheets[0]
    flagged = [cell.address for row in sheet.filled() for cell in row if cell.flags & Flag.MERGED]
    assert flagged == ["A1", "B1", "B2", "B3"] and sheet.cell(3, 2).value is None
    assert sheet.merges == ((1, 1, 1, 2), (2, 2, 3, 2)) and codes(sheet)["merged"].why["columns"] == ("A", "B")


def test_fullwidth_signs_are_read_as_ordinary_ones_and_the_original_is_kept(tmp_path):
    sheet = read(table([["ＡＢ１２３（东）"], [" 　甲\u200b乙\xa0"], ["正常"]]), tmp_path).sheets[0]
    first, second, third = (sheet.cell(row, 1) for row in (1, 2, 3))
    assert (first.value, first.original, first.flags) == ("AB123（东）", "ＡＢ１２３（东）", Flag.FULLWIDTH)
    assert (second.value, second.original, second.flags) == ("甲乙", " 　甲\u200b乙\xa0", Flag.CLEANED)
    assert third.flags == 0


def test_a_text_of_spaces_is_an_empty_cell(tmp_path):
    sheet = read(table([["甲", "　 "], ["\u200b", None], ["乙", None]]), tmp_path).sheets[0]
    assert [row[0].value for row in sheet.filled()] == ["甲", "乙"] and sheet.cell(1, 2).kind == Kind.EMPTY


def test_hidden_sheets_rows_and_columns_are_read_and_told(tmp_path):
    rows = '<row r="1"><c r="A1"><v>1</v></c></row><row r="2" hidden="1"><c r="A2"><v>2</v></c></row>'
    columns = '<cols><col min="2" max="16384" hidden="1"/></cols>'
    data = workbook(sheet_xml(rows, before=columns), states='state="veryHidden"')
    sheet = read(data, tmp_path).sheets[0]
    assert sheet.hidden and codes(sheet).keys() == {"hidden_sheet", "hidden_rows", "hidden_columns"}
    assert codes(sheet)["hidden_rows"].where == "2" and codes(sheet)["hidden_columns"].why["columns"] == 199
    assert shown(sheet) == [("A1", Kind.NUMBER, 1), ("A2", Kind.NUMBER, 2)]


def test_cells_that_are_only_formatted_do_not_make_a_sheet_large(tmp_path):
    rows = '<row r="1"><c r="A1"><v>1</v></c><c r="XFD1" s="1"/></row><row r="1048576"><c r="A1048576" s="1"/></row>'
    sheet = read(workbook(sheet_xml(rows), styles=styles_xml([14])), tmp_path).sheets[0]
    assert sheet.rows == range(1, 2) and sheet.columns == range(1, 2)


def test_a_cell_with_a_link_to_the_web_is_honest(tmp_path):
    parts = parts_of({"台账": sheet_xml(rows_xml([["甲"]]))})
    parts["xl/worksheets/_rels/sheet1.xml.rels"] = (
        b'<Relationships><Relationship Id="r" Type="x/hyperlink" Target="https://example.org" TargetMode="External"/>'
        b"</Relationships>"
    )
    assert shown(read(zipped(parts), tmp_path).sheets[0]) == [("A1", Kind.TEXT, "甲")]


def test_an_iso_day_is_a_day(tmp_path):
    rows = '<row r="1"><c r="A1" t="d"><v>2026-11-22</v></c><c r="B1" t="d"><v>2026-11-22T08:30:00</v></c></row>'
    row = read(workbook(sheet_xml(rows)), tmp_path).sheets[0].row(1)
    assert [cell.value for cell in row] == [date(2026, 11, 22), datetime(2026, 11, 22, 8, 30)]


def test_the_limits_count_the_rows_below_the_headings(tmp_path):
    limits = Limits(rows=30, columns=3)
    fits = workbook(sheet_xml(rows_xml([["甲", 1, 2]] * 50)))
    assert len(list(read(fits, tmp_path, limits=limits).sheets[0].filled())) == 50
    with pytest.raises(Refused, match=r"too_many_rows at A51 \(row=51, limit=30\)"):
        read(workbook(sheet_xml(rows_xml([["甲"]] * 51))), tmp_path, limits=limits)
    with pytest.raises(Refused, match="too_many_columns at D1"):
        read(table([[1, 2, 3, 4]]), tmp_path, limits=limits)


VALUES = st.one_of(
    st.none(),
    st.integers(-(10**14), 10**14),
    st.floats(-1e14, 1e14, allow_nan=False).map(lambda number: float(f"{number:.12g}")),
    st.booleans(),
    st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc", "Cn", "Co", "Cf", "Zl", "Zp")), max_size=8),
    st.dates(date(1900, 3, 1), date(2200, 1, 1)),
    st.datetimes(datetime(1900, 3, 1), datetime(2200, 1, 1)).map(lambda moment: moment.replace(microsecond=0)),
)


@given(st.lists(st.lists(VALUES, min_size=1, max_size=5), min_size=1, max_size=6), st.booleans())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_values_are_those_that_calamine_reads(tmp_path, rows, is_streamed):
    path = tmp_path / "written.xlsx"
    book = xlsxwriter.Workbook(str(path), {"constant_memory": is_streamed})
    sheet = book.add_worksheet("台账")
    day, moment = book.add_format({"num_format": "yyyy-mm-dd"}), book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
    for row, values in enumerate(rows):
        for column, value in enumerate(values):
            if isinstance(value, datetime):
                sheet.write_datetime(row, column, value, moment)
            elif isinstance(value, date):
                sheet.write_datetime(row, column, value, day)
            elif isinstance(value, str):
                sheet.write_string(row, column, value)
            elif value is not None:
                sheet.write(row, column, value)
    book.close()
    theirs = CalamineWorkbook.from_path(path).get_sheet_by_index(0).to_python(skip_empty_area=False)
    if not any(str(value).strip() for row in theirs for value in row):
        with pytest.raises(Refused, match="no_table"):
            read(path.read_bytes(), tmp_path)
        return
    ours = read(path.read_bytes(), tmp_path).sheets[0]
    for row, values in enumerate(theirs, 1):
        for column, value in enumerate(values, 1):
            cell = ours.cell(row, column)
            if isinstance(value, str):
                assert cell.original == value if value.strip() else cell.value is None
            elif isinstance(value, datetime) and value.microsecond:
                assert abs(cell.value - value) < timedelta(milliseconds=1)
            else:
                assert cell.value == value or cell.value == datetime.combine(value, time())
