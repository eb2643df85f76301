"""Headings are proposed, the likeliest first; what is missing or doubled among them is told."""

from __future__ import annotations

from anlan.formats.tables.headers import headers
from tests.formats.workbooks import read, rows_xml, sheet_xml, table, workbook

HEAD = ["名称", "信用代码", "乡镇", "人数"]
DATA = [[f"企业{at}", f"9133010079965505{at % 10}B", "东门镇", at] for at in range(12)]


def best(tmp_path, data, name="a.xlsx"):
    sheet = read(data, tmp_path, name).sheets[0]
    return headers(sheet)[0]


def test_the_first_row_of_words_over_the_columns_is_the_heading(tmp_path):
    found = best(tmp_path, table([HEAD, *DATA]))
    assert found.rows == (1, 1) and found.names == tuple(HEAD) and found.faults == () and found.score > 0.9


def test_titles_and_notes_above_are_not_the_heading(tmp_path):
    above = [["安澜县企业台账", None, None, None], ["填报单位：东门镇", None, None, "单位：人"]]
    merged = '<mergeCells><mergeCell ref="A1:D1"/></mergeCells>'
    assert best(tmp_path, workbook(sheet_xml(rows_xml([*above, HEAD, *DATA]), after=merged))).rows == (3, 3)


def test_a_text_file_has_its_heading_where_the_words_are(tmp_path):
    rows = [["台账"], HEAD, *[list(map(str, row)) for row in DATA]]
    assert best(tmp_path, "\n".join(",".join(row) for row in rows).encode(), "a.csv").rows == (2, 2)


def test_headings_in_groups_are_read_with_their_group(tmp_path):
    rows = [["名称", "坐标", None, "人数"], [None, "经度", "纬度", None], *[["甲", 118.5, 31.5, at] for at in range(5)]]
    merges = "".join(f'<mergeCell ref="{one}"/>' for one in ("A1:A2", "B1:C1", "D1:D2"))
    found = best(tmp_path, workbook(sheet_xml(rows_xml(rows), after=f"<mergeCells>{merges}</mergeCells>")))
    assert found.rows == (1, 2) and found.names == ("名称", "坐标/经度", "坐标/纬度", "人数") and found.faults == ()


def test_missing_and_doubled_headings_are_told(tmp_path):
    found = best(tmp_path, table([["名称", None, "电话", "电话"], *DATA]))
    said = {fault.code: fault for fault in found.faults}
    assert said["missing_header"].why == {"columns": ("B",)} and said["missing_header"].where == "1"
    assert said["doubled_header"].why == {"heading": "电话", "columns": ("C", "D")}


def test_line_ends_in_a_heading_are_spaces(tmp_path):
    assert best(tmp_path, table([["企业\n名称", "人数"], ["甲", 1]])).names[0] == "企业 名称"


def test_a_sheet_of_one_row_has_no_heading_that_is_likely(tmp_path):
    assert best(tmp_path, table([["甲", 1]])).score == 0
