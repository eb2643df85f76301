"""What we write reads back as it was, and nothing in it runs."""

from __future__ import annotations

import io
import re
import zipfile
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from anlan.formats.faults import Refused
from anlan.formats.tables.cells import Flag, Kind
from anlan.formats.tables.headers import headers
from anlan.formats.tables.quoting import is_dangerous, quoted, unquoted
from anlan.formats.tables.writing import Column, FaultWords, Workbook, csv_lines, sheet_name, write_faults
from tests.formats.workbooks import read, rows_xml, sheet_xml, workbook

DANGEROUS = [
    "=1+1",
    "+86",
    "-1",
    "@SUM(A1)",
    "\tx",
    "\rx",
    "\nx",
    "＝1",
    "＋1",
    "－1",
    "＠x",
    " =1",
    "'=1",
    "''=1",
    "=cmd|' /C calc'!A0",
]
HARMLESS = ["安澜化工", "1-2", "a=b", "'甲", "", "张三@单位", "5"]


def xlsx(rows, columns=None) -> bytes:
    target = io.BytesIO()
    with Workbook(target) as book:
        page = book.page("台账", columns or [Column(f"列{at}") for at in range(max(map(len, rows)))])
        for row in rows:
            page.row(row)
    return target.getvalue()


def part(data: bytes, name: str) -> str:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return archive.read(name).decode()


@pytest.mark.parametrize("text", DANGEROUS)
def test_s10_a_dangerous_text_is_quoted_and_comes_back(text):
    assert is_dangerous(text) and quoted(text) == f"'{text}" and unquoted(quoted(text)) == text


@pytest.mark.parametrize("text", HARMLESS)
def test_s10_other_texts_stay_as_they_are(text):
    assert quoted(text) == text == unquoted(text)


@given(st.text(max_size=8))
def test_s10_quoting_is_undone_exactly(text):
    assert unquoted(quoted(text)) == text
    assert quoted(text)[:1] not in tuple("=+-@\t\r＝＋－＠")


def test_s10_a_workbook_holds_no_live_formula(tmp_path):
    data = xlsx([[text] for text in DANGEROUS])
    xml = part(data, "xl/worksheets/sheet1.xml")
    assert "<f>" not in xml and "hyperlink" not in xml
    styles = part(data, "xl/styles.xml").split("<cellXfs")[1]
    quote = [at for at, style in enumerate(re.findall(r"<xf [^>]*>", styles)) if 'quotePrefix="1"' in style]
    used = {int(style) for style in re.findall(r'<c r="A(?!1")\d+" s="(\d+)"', xml)}
    assert used and used <= set(quote)
    sheet = read(data, tmp_path).sheets[0]
    assert [row[0].original for row in sheet.filled(2)] == DANGEROUS
    assert not any(row[0].flags & Flag.FORMULA for row in sheet.filled())


def test_s10_a_text_file_holds_no_live_formula(tmp_path):
    data = b"".join(csv_lines(["=名称"], [[text] for text in DANGEROUS]))
    sheet = read(data, tmp_path, "a.csv").sheets[0]
    assert [row[0].original for row in sheet.filled()] == ["=名称", *DANGEROUS]
    assert data.startswith(b"\xef\xbb\xbf'=") and data.count(b"\r\n") >= len(DANGEROUS)


def test_numbers_stay_numbers_and_long_codes_stay_whole(tmp_path):
    rows = [[-1, 1.5, Decimal("2.25"), 914403007152672645, True, float("nan"), None, 0]]
    row = read(xlsx(rows), tmp_path).sheets[0].row(2)
    assert [cell.value for cell in row] == [-1, 1.5, 2.25, "914403007152672645", True, None, None, 0]
    assert b"\r\n-1,1.5,2.25,914403007152672645,TRUE,,,0\r\n" in b"".join(csv_lines(["a"] * 8, rows))


def test_days_and_times_are_real_ones(tmp_path):
    rows = [[date(2026, 11, 22), datetime(2026, 11, 22, 8, 30), time(8, 30), timedelta(hours=30), date(1850, 1, 2)]]
    row = read(xlsx(rows), tmp_path).sheets[0].row(2)
    assert [cell.value for cell in row] == [*rows[0][:4], "1850-01-02"]
    assert b"2026-11-22,2026-11-22 08:30:00,08:30:00" in b"".join(csv_lines(["a"] * 5, rows))


@pytest.mark.parametrize(
    ("value", "error"),
    [(datetime(2026, 11, 22, tzinfo=UTC), ValueError), (float("inf"), ValueError), ([1], TypeError), (b"x", TypeError)],
)
def test_what_has_no_place_in_a_cell_is_an_error_of_the_caller(value, error):
    with pytest.raises(error):
        xlsx([[value]])
    with pytest.raises(error):
        list(csv_lines(["a"], [[value]]))
    with pytest.raises(ValueError, match="2 values for 1 columns"):
        xlsx([[1, 2]], [Column("a")])


def test_a_workbook_that_failed_leaves_no_file(tmp_path):
    with pytest.raises(TypeError), Workbook(tmp_path / "a.xlsx") as book:
        book.page("台账", [Column("a")]).row([object()])
    assert list(tmp_path.iterdir()) == []


def test_a_text_that_is_too_long_is_cut_and_counted(tmp_path):
    target = io.BytesIO()
    with Workbook(target) as book:
        book.page("台账", [Column("a")]).row(["长" * 40_000])
    assert book.cut == 1
    value = read(target.getvalue(), tmp_path).sheets[0].cell(2, 1).value
    assert len(value) == 32_767 and value.endswith("长…")


def test_headings_stay_in_sight_and_columns_are_as_wide_as_chinese_is(tmp_path):
    data = xlsx(
        [["安澜县化学工业有限公司", 1]],
        [Column("名称"), Column("人数", width=9), Column("代码", text=True, note="十八位")],
    )
    xml = part(data, "xl/worksheets/sheet1.xml")
    assert '<pane ySplit="1"' in xml and "<autoFilter" in xml
    widths = [float(width) for width in re.findall(r'<col [^>]*width="([\d.]+)"', xml)]
    assert 24 <= widths[0] <= 25 and 9 <= widths[1] < 10
    assert "十八位" in part(data, "xl/comments1.xml")


def test_choices_are_a_list_and_long_ones_stand_on_a_hidden_sheet(tmp_path):
    short, long = ("一级", "二级"), tuple(f"乡镇第{at}号的长名称" for at in range(60))
    columns = [
        Column("等级", choices=short),
        Column("乡镇", choices=long),
        Column("也是", choices=long),
        Column("逗", choices=("a,b", "c")),
    ]
    data = xlsx([["一级", None, None, None]], columns)
    xml = part(data, "xl/worksheets/sheet1.xml")
    assert '<formula1>"一级,二级"</formula1>' in xml
    assert xml.count("'_choices'!$A$1:$A$60") == 2 and "'_choices'!$B$1:$B$2" in xml
    choices = read(data, tmp_path).sheets[1]
    assert choices.hidden and [row[0].value for row in choices.filled()] == list(long)


@pytest.mark.parametrize(
    ("wanted", "name"),
    [
        ("企业/台账", "企业 台账"), ("", "Sheet"), ("[]:*?/\\", "Sheet"), ("长" * 40, "长" * 31), ("'甲'", "甲"),
        ("History", "History (2)"), ("台账", "台账 (2)"), ("a\x00b", "a b"),
    ],
)  # fmt: skip
def test_a_sheet_gets_a_name_that_it_may_have(wanted, name):
    assert sheet_name(wanted, ["台账"]) == name


def test_the_sheet_of_faults_gives_back_the_rows_and_marks_the_cells(tmp_path):
    rows = [["标题", None, None], ["名称", "代码", "人数"], ["甲", "00123", 1], ["乙", "=1", 2], ["丙", "x", 3]]
    sheet = read(workbook(sheet_xml(rows_xml(rows))), tmp_path).sheets[0]
    header = next(one for one in headers(sheet) if one.rows == (2, 2))
    target = io.BytesIO()
    faults = {4: [(2, "代码长度不对"), (2, "校验位不对"), (0, "重复")], 5: [(3, "人数过多")]}
    write_faults(target, sheet, header, faults, FaultWords("问题", "原行号", "问题说明"))
    back = read(target.getvalue(), tmp_path).sheets[0]
    assert [[cell.value for cell in row] for row in back.filled()] == [
        ["原行号", "名称", "代码", "人数", "问题说明"],
        [4, "乙", "=1", 2, "代码长度不对\n校验位不对\n重复"],
        [5, "丙", "x", 3, "人数过多"],
    ]
    comments = part(target.getvalue(), "xl/comments1.xml")
    assert re.findall(r'ref="(\w+)"', comments) == ["C2", "D3"] and "代码长度不对\n校验位不对" in comments
    marked = re.findall(r'<c r="(\w+)" s="(\d+)"', part(target.getvalue(), "xl/worksheets/sheet1.xml"))
    plain = dict(marked)
    assert plain["C2"] != plain.get("B2") and "B3" not in plain


VALUES = st.one_of(
    st.none(),
    st.integers(-(10**14), 10**14),
    st.floats(-1e14, 1e14, allow_nan=False).map(lambda number: float(f"{number:.10g}")),
    st.booleans(),
    st.text(max_size=10),
    st.dates(date(1900, 3, 1), date(9999, 12, 31)),
    st.datetimes(datetime(1900, 3, 1), datetime(2400, 1, 1)).map(lambda moment: moment.replace(microsecond=0)),
)
QUIET = settings(max_examples=100, deadline=2_000, suppress_health_check=[HealthCheck.function_scoped_fixture])


@given(st.lists(st.lists(VALUES, min_size=3, max_size=3), min_size=1, max_size=5))
@QUIET
def test_a_workbook_of_ours_reads_back_as_it_was(tmp_path, rows):
    sheet = read(xlsx(rows, [Column("a"), Column("b", text=True), Column("c")]), tmp_path).sheets[0]
    for row, values in enumerate(rows, 2):
        for column, value in enumerate(values, 1):
            cell = sheet.cell(row, column)
            if isinstance(value, str):
                assert cell.original == value or (cell.kind == Kind.EMPTY and cell.value is None)
            elif isinstance(value, datetime) and value.time() == time():
                assert cell.value == value.date()
            else:
                assert cell.value == value


@given(st.lists(st.lists(st.text(max_size=10), min_size=2, max_size=2), min_size=1, max_size=5))
@QUIET
def test_a_text_file_of_ours_reads_back_as_it_was(tmp_path, rows):
    data = b"".join(csv_lines(["名称", "值"], rows))
    try:
        sheet = read(data, tmp_path, "a.csv", delimiter=",").sheets[0]
    except Refused as refused:
        pytest.fail(str(refused))
    for row, texts in enumerate(rows, 2):
        for column, text in enumerate(texts, 1):
            cell = sheet.cell(row, column)
            assert cell.original == text.replace("\0", "") or cell.value is None
