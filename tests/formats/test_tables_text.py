"""Text files: their encoding and delimiter are found, their cells are texts, the broken ones are refused."""

from __future__ import annotations

import csv
import io
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from anlan.formats.faults import Refused
from anlan.formats.tables.cells import Flag, Kind
from anlan.formats.tables.limits import Limits
from tests.formats.workbooks import read

QUICK = 2.0
ROWS = [["名称", "编码", "地址"], ["安澜化工", "00123", "东门镇，三号"], ["鹤水油站", "９１３", '引号"与\n换行']]


def written(rows, delimiter=",", **given) -> str:
    target = io.StringIO(newline="")
    csv.writer(target, delimiter=delimiter, **given).writerows(rows)
    return target.getvalue()


def values(book):
    return [[cell.value for cell in row] for row in book.sheets[0].filled()]


@pytest.mark.parametrize(
    ("encoding", "found"),
    [
        ("utf-8", "utf-8"), ("utf-8-sig", "utf-8-sig"), ("gb18030", "gb18030"), ("gbk", "gb18030"),
        ("gb2312", "gb18030"), ("utf-16", "utf-16"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_encoding_and_delimiter_are_found(tmp_path, encoding, found, delimiter):
    book = read(written(ROWS, delimiter).encode(encoding), tmp_path, "a.csv")
    assert (book.kind, book.encoding, book.delimiter) == ("csv", found, delimiter)
    assert values(book) == [ROWS[0], ROWS[1], ["鹤水油站", "913", '引号"与\n换行']]


def test_utf_16_of_the_other_order_is_read(tmp_path):
    data = b"\xfe\xff" + written(ROWS).encode("utf-16-be")
    assert values(read(data, tmp_path, "a.txt"))[1] == ROWS[1]


def test_rare_characters_of_names_are_read(tmp_path):
    # 㛃 is in the part of GB18030 with four bytes, 䶮 in that of two.
    data = written([["姓名"], ["张㛃"], ["刘䶮"]]).encode("gb18030")
    assert values(read(data, tmp_path, "a.csv")) == [["姓名"], ["张㛃"], ["刘䶮"]]


def test_a_person_may_say_the_encoding_and_the_delimiter(tmp_path):
    data = "联通;1,2".encode("gbk")
    book = read(data, tmp_path, "a.csv", encoding="gb18030", delimiter=";")
    assert values(book) == [["联通", "1,2"]]
    with pytest.raises(Refused, match="unknown_encoding"):
        read("é".encode("latin-1"), tmp_path, "a.csv", encoding="utf-8")


def test_every_cell_is_a_text_with_the_address_that_a_spreadsheet_shows(tmp_path):
    sheet = read(b"a,b\r\n\r\n1.50,2026-11-22\r\n", tmp_path, "a.csv").sheets[0]
    said = [(cell.address, cell.kind, cell.value) for row in sheet.filled() for cell in row]
    assert said == [
        ("A1", Kind.TEXT, "a"), ("B1", Kind.TEXT, "b"), ("A3", Kind.TEXT, "1.50"), ("B3", Kind.TEXT, "2026-11-22"),
    ]  # fmt: skip


def test_codes_that_a_spreadsheet_has_spoilt_are_flagged(tmp_path):
    text = "代码\n9.14403E+17\n914403007152672600\n1.5E+01\nE+17\n"
    sheet = read(text.encode(), tmp_path, "a.csv").sheets[0]
    assert [row[0].flags for row in sheet.filled(2)] == [Flag.DIGITS_LOST, 0, 0, 0]
    assert next(note for note in sheet.notes if note.code == "digits_lost").where == "A2"


def test_the_tricks_that_keep_zeros_are_undone(tmp_path):
    text = "=\"00123\",'=1+1,'+86 138,\t00456,'正常,=SUM(A1)\n"
    row = read(text.encode(), tmp_path, "a.csv").sheets[0].row(1)
    assert [cell.value for cell in row] == ["00123", "=1+1", "+86 138", "00456", "'正常", "=SUM(A1)"]
    assert [bool(cell.flags & Flag.FORMULA) for cell in row] == [True, False, False, False, False, True]


def test_error_texts_are_errors(tmp_path):
    row = read("#REF!,#N/A,#1,# 备注".encode(), tmp_path, "a.csv").sheets[0].row(1)
    assert [cell.kind for cell in row] == [Kind.ERROR, Kind.ERROR, Kind.TEXT, Kind.TEXT]


def test_rows_longer_than_the_first_are_told(tmp_path):
    sheet = read(b"a,b\n1,2,3\n4,5,,\n6\n", tmp_path, "a.csv").sheets[0]
    assert [(note.code, note.where, note.why) for note in sheet.notes] == [("ragged", "2", {"rows": 1})]
    assert sheet.cell(2, 3).value == "3"


def test_delimiters_without_anything_between_are_no_cells(tmp_path):
    data = ("a,b" + "," * 500 + "\n" + ("," * 502 + "\n") * 2_000).encode()
    sheet = read(data, tmp_path, "a.csv", Limits(rows=50)).sheets[0]
    assert sheet.columns == range(1, 3) and sheet.rows == range(1, 2)


def test_the_delimiter_is_not_the_sign_that_stands_in_the_texts(tmp_path):
    rows = [["名称", "说明"], *[[f"企业{at}", "一,二,三"[: at % 6 + 1]] for at in range(50)]]
    assert (
        read(written(rows, "\t", quoting=csv.QUOTE_NONE, escapechar="\\").encode(), tmp_path, "a.tsv").delimiter == "\t"
    )


def test_a_title_above_the_table_does_not_hide_the_delimiter(tmp_path):
    book = read(f"企业台账\n{written(ROWS, ';')}".encode(), tmp_path, "a.csv")
    assert book.delimiter == ";" and values(book)[1] == ROWS[0]


def test_one_column_is_a_table(tmp_path):
    assert values(read("名称\n甲\n".encode(), tmp_path, "a.csv")) == [["名称"], ["甲"]]


def test_the_line_by_which_excel_names_its_delimiter_is_none_of_the_rows(tmp_path):
    book = read("sep=;\r\n名称;值\r\n甲,乙;1\r\n".encode(), tmp_path, "a.csv")
    assert book.delimiter == ";" and values(book) == [["名称", "值"], ["甲,乙", "1"]]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_every_kind_of_line_end_is_one(tmp_path, end):
    assert values(read(end.join(["名称,值", "甲,1"]).encode(), tmp_path, "a.csv")) == [["名称", "值"], ["甲", "1"]]


GOOD = written(ROWS)
REFUSED = {
    "an open quote": (b'a,b\n1,"x\n2,3\n', "open_quote", "2"),
    "an open quote over a large file": (b'a\n"' + b"x\n" * 60_000, "open_quote", "2"),
    "a quote within a quoted text": (b'a,b\n1,2\n"x"y,2\n', "bad_quotes", "3"),
    "a quoted text longer than the module takes": (b'a\n"' + b"x" * 140_000 + b'"\n', "text_too_long", "2"),
    "a text longer than a cell": (b"a,b\n1," + b"x" * 32_768 + b"\n", "text_too_long", "B2"),
    "a long text of Chinese": (("名\n" + "长" * 40_000).encode("gb18030"), "text_too_long", "A2"),
    "too many columns": (b",".join([b"x"] * 201), "too_many_columns", "GS1"),
    "a far cell": (b"a\n" + b"," * 900 + b"x\n", "too_many_columns", "AHQ2"),
    "too many rows": (b"a\n" * 100_021, "too_many_rows", "A100021"),
    "a row far below": (b"a\n" + b"\n" * 110_000 + b"b\n", "too_many_rows", "A110002"),
    "NUL among the texts": (b"a,b\n" * 400 + b"1,\0\n", "wrong_type", ""),
    "UTF-16 without a mark": (GOOD.encode("utf-16-le"), "wrong_type", ""),
    "UTF-32": (GOOD.encode("utf-32"), "wrong_type", ""),
    "half a sign of UTF-16": ("名称,值".encode("utf-16")[:-1], "unknown_encoding", ""),
    "a UTF-8 text that is cut": ("名称,说明,地址\n安澜,化工,东门".encode()[:-1], "unknown_encoding", ""),
    "a UTF-8 text with a broken sign": (GOOD.encode().replace("化".encode(), b"\xe5\x8c"), "unknown_encoding", ""),
    "UTF-8 with a mark and a broken sign": (b"\xef\xbb\xbf" + GOOD.encode() + b"\xff", "unknown_encoding", ""),
    "a GBK text that is cut": ("名称,值".encode("gbk") + b"\xb0", "unknown_encoding", ""),
    "Latin-1": ("caf\u00e9,na\u00efve\n".encode("latin-1"), "unknown_encoding", ""),
    "signs of nobody": ("名\n".encode("gbk") + b"\xaa\xa1\xaa\xa2\xf8\xa1\n" * 50, "unknown_encoding", ""),
    "random bytes": (bytes((at * 89 + 13) % 255 + 1 for at in range(4_000)), "unknown_encoding", ""),
    "only a mark": (b"\xef\xbb\xbf", "no_table", ""),
    "only line ends": (b"\r\n" * 1_000, "no_table", ""),
    "only delimiters": (b",,,,\n" * 100, "no_table", ""),
    "only spaces": ("　, \u200b\n".encode(), "no_table", ""),
    "a million delimiters": (b"," * 1_000_000, "no_table", ""),
    "a million quotes": (b'"' * 1_000_001, "text_too_long", "1"),
    "a PDF": (b"%PDF-1.7\n1 0 obj", "wrong_type", ""),
    "a picture": (b"\x89PNG\r\n\x1a\n" + bytes(64), "wrong_type", ""),
    "a photograph": (b"\xff\xd8\xff\xe0" + bytes(64), "wrong_type", ""),
    "a program": (b"MZ\x90\x00" + bytes(64), "wrong_type", ""),
    "another program": (b"\x7fELF\x02\x01\x01" + bytes(64), "wrong_type", ""),
    "an archive": (b"PK\x03\x04" + bytes(64), "wrong_type", ""),
    "a RAR archive": (b"Rar!\x1a\x07\x01\x00", "wrong_type", ""),
    "a 7z archive": (b"7z\xbc\xaf\x27\x1c" + bytes(64), "wrong_type", ""),
    "a gzip": (b"\x1f\x8b\x08\x00" + bytes(64), "wrong_type", ""),
    "an old workbook": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "wrong_type", ""),
    "a page": (b"<!DOCTYPE html><html><body>", "wrong_type", ""),
    "a table of a page": (b"\r\n <TABLE><tr><td>1", "wrong_type", ""),
    "XML": (b'<?xml version="1.0"?><a/>', "wrong_type", ""),
    "rich text": (b"{\\rtf1\\ansi", "wrong_type", ""),
    "nothing": (b"", "empty_file", ""),
}


@pytest.mark.parametrize(("data", "code", "where"), REFUSED.values(), ids=REFUSED)
def test_a_hostile_text_file_is_refused(tmp_path, data, code, where):
    began = time.perf_counter()
    with pytest.raises(Refused) as refused:
        read(data, tmp_path, "a.csv")
    assert (refused.value.code, refused.value.fault.where) == (code, where)
    assert time.perf_counter() - began < QUICK


TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=6)


@given(st.lists(st.lists(TEXTS, min_size=1, max_size=4), min_size=1, max_size=6), st.sampled_from(",;\t|"))
@settings(max_examples=150, deadline=2_000, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_the_csv_module_writes_is_what_is_read(tmp_path, rows, delimiter):
    rows = [[text.replace("=", "").replace("'", "").replace("#", "") for text in row] for row in rows]
    data = written(rows, delimiter, quoting=csv.QUOTE_ALL).encode()
    try:
        sheet = read(data, tmp_path, "a.csv", delimiter=delimiter).sheets[0]
    except Refused as refused:
        assert_nothing_to_see(refused, rows)
        return
    for row, texts in enumerate(rows, 1):
        for column, text in enumerate(texts, 1):
            cell = sheet.cell(row, column)
            assert cell.original == text or cell.value is None


def assert_nothing_to_see(refused: Refused, rows) -> None:
    """The refusal of a table whose texts are all invisible, or that begins like a page."""
    first = next((text.strip() for row in rows for text in row if text.strip()), "")
    assert refused.code == "no_table" or first.startswith("<") or refused.code == "wrong_type"


EDITS = st.lists(
    st.tuples(st.sampled_from(["set", "cut", "double"]), st.integers(0, 1 << 12), st.integers(0, 255)), max_size=8
)


@given(EDITS, st.sampled_from(["utf-8-sig", "gb18030", "utf-16"]))
@settings(max_examples=200, deadline=2_000, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_text_file_with_bytes_changed_is_read_or_refused(tmp_path, edits, encoding):
    data = bytearray(GOOD.encode(encoding))
    for what, place, value in edits:
        at = place % max(len(data), 1)
        if what == "set":
            data[at : at + 1] = bytes([value])
        elif what == "cut":
            del data[at : at + value]
        else:
            data[at:at] = data[at : at + value]
    try:
        book = read(bytes(data), tmp_path, "a.csv")
    except Refused:
        return
    assert all(cell.address for row in book.sheets[0].filled() for cell in row)
