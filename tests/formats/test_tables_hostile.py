"""Workbooks that mean harm or are broken: each is refused with its code, quickly, and nothing else ever happens."""

from __future__ import annotations

import io
import struct
import time
import zipfile

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from anlan.formats.faults import Refused
from anlan.formats.tables.limits import Limits
from tests.formats.old_workbooks import (
    begin,
    compound,
    error,
    formula,
    merge,
    number,
    old_workbook,
    record,
    stream,
    text,
)
from tests.formats.workbooks import (
    MAIN,
    cell_xml,
    links_xml,
    parts_of,
    read,
    rows_xml,
    sheet_xml,
    styles_xml,
    table,
    workbook,
    zipped,
)

#: Seconds in which every one of these is answered.
QUICK = 2.0
PLAIN = sheet_xml(rows_xml([["名称", "人数"], ["甲", 12]]))
DOCTYPE = b'<!DOCTYPE x [<!ENTITY a "b"><!ENTITY c SYSTEM "file:///etc/passwd">]>'


def with_parts(**more: bytes) -> bytes:
    """A plain workbook with more parts; `__` in a name is a slash, `_0_` a dot."""
    return zipped(
        parts_of({"台账": PLAIN}) | {name.replace("__", "/").replace("_0_", "."): one for name, one in more.items()}
    )


def with_part(name: str, content: bytes) -> bytes:
    return zipped(parts_of({"台账": PLAIN}) | {name: content})


def changed(name: str, old: bytes, new: bytes) -> bytes:
    parts = parts_of({"台账": PLAIN})
    assert old in parts[name]
    return zipped(parts | {name: parts[name].replace(old, new)})


def one_cell(xml: str, **given) -> bytes:
    return workbook(sheet_xml(f'<row r="1">{xml}</row>'), **given)


def lying_size() -> bytes:
    """A part that says it is ten bytes."""
    data = bytearray(zipped(parts_of({"台账": PLAIN}), zipfile.ZIP_STORED))
    at = data.rfind(b"PK\x01\x02", 0, data.rfind(b"PK\x05\x06"))
    struct.pack_into("<I", data, at + 24, 10)
    return bytes(data)


def encrypted_entry() -> bytes:
    data = bytearray(table([["甲"]]))
    at = data.find(b"PK\x01\x02")
    data[at + 8] |= 1
    return bytes(data)


def doubled_part() -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name, content in parts_of({"台账": PLAIN}).items():
            archive.writestr(name, content)
        with pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr("xl/workbook.xml", b"<x/>")
    return target.getvalue()


def many_cells(count: int) -> str:
    return "".join(f'<row r="{row}"><c><v>1</v></c></row>' for row in range(1, count + 1))


WORKBOOKS = {
    # Far and giant
    "one far cell": (lambda: one_cell('<c r="XFD1"><v>1</v></c>'), "too_many_columns"),
    "one low cell": (
        lambda: workbook(sheet_xml('<row r="1048576"><c r="A1048576"><v>1</v></c></row>')),
        "too_many_rows",
    ),
    "the farthest cell": (
        lambda: workbook(
            sheet_xml('<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>1</v></c></row>')
        ),
        "too_many_rows",
    ),
    "a far formula without a value": (lambda: one_cell('<c r="ZZ1"><f>1</f></c>'), "too_many_columns"),
    "a merge over everything": (
        lambda: workbook(
            sheet_xml(rows_xml([["甲"]]), after='<mergeCells><mergeCell ref="A1:XFD1048576"/></mergeCells>')
        ),
        "giant_merge",
    ),
    "a merge that runs backwards": (
        lambda: workbook(sheet_xml(rows_xml([["甲"]]), after='<mergeCells><mergeCell ref="C3:A1"/></mergeCells>')),
        "broken_workbook",
    ),
    "a merge of nowhere": (
        lambda: workbook(sheet_xml(rows_xml([["甲"]]), after='<mergeCells><mergeCell ref="here"/></mergeCells>')),
        "broken_workbook",
    ),
    "thousands of merges": (
        lambda: workbook(
            sheet_xml(rows_xml([["甲"]]), after="<mergeCells>" + '<mergeCell ref="A1:B1"/>' * 20_001 + "</mergeCells>")
        ),
        "too_many_merges",
    ),
    "a sheet with a hole as large as a field": (
        lambda: workbook(
            sheet_xml('<row r="1"><c r="A1"><v>1</v></c></row><row r="90000"><c r="GR90000"><v>1</v></c></row>')
        ),
        "too_many_cells",
    ),
    "a text longer than a cell": (lambda: one_cell(cell_xml(1, 1, "长" * 32_768)), "text_too_long"),
    "a text longer than a block": (lambda: one_cell(cell_xml(1, 1, "x" * 200_000)), "text_too_long"),
    "a shared text longer than a cell": (
        lambda: one_cell('<c r="A1" t="s"><v>0</v></c>', shared=f"<si><t>{'x' * 40_000}</t></si>"),
        "text_too_long",
    ),
    "hundreds of sheets": (lambda: zipped(parts_of({f"s{number}": PLAIN for number in range(65)})), "too_many_sheets"),
    # Archives
    "a bomb of one part": (lambda: with_part("xl/media/image1.png", bytes(60 << 20)), "zip_bomb"),
    "a bomb of many parts": (
        lambda: with_parts(**{f"xl__media__{number}": bytes(900 << 10) for number in range(120)}),
        "too_large_unpacked",
    ),
    "a bomb in a sheet": (lambda: workbook(sheet_xml(" " * (50 << 20))), "zip_bomb"),
    "thousands of parts": (lambda: with_parts(**{f"p{number}": b"" for number in range(2_100)}), "too_many_parts"),
    "a part that lies about its size": (lying_size, "broken_zip"),
    "a part twice": (doubled_part, "doubled_part"),
    "a part without a name": (lambda: with_part("", b"x"), "broken_zip"),
    "an encrypted part": (encrypted_entry, "encrypted"),
    "a workbook inside": (lambda: with_part("xl/embeddings/oleObject1.bin", b"x"), "nested_archive"),
    "an archive called a picture": (lambda: with_part("xl/media/image1.png", zipped({"a": b"b"})), "nested_archive"),
    "a compound file called settings": (
        lambda: with_part("xl/printerSettings/p.bin", b"\xd0\xcf\x11\xe0" + bytes(99)),
        "nested_archive",
    ),
    "cut in half": (lambda: table([["甲"] * 50] * 50)[:700], "broken_zip"),
    "no end": (lambda: table([["甲"]])[:-30], "broken_zip"),
    "only a beginning": (lambda: b"PK\x03\x04", "broken_zip"),
    "an archive of something else": (lambda: zipped({"readme.txt": b"hello"}), "wrong_type"),
    "a text document": (
        lambda: changed("[Content_Types].xml", b"spreadsheetml.sheet.main", b"wordprocessingml.document.main"),
        "wrong_type",
    ),
    "a binary workbook": (
        lambda: changed(
            "[Content_Types].xml",
            b"openxmlformats-officedocument.spreadsheetml.sheet.main+xml",
            b"ms-excel.sheet.binary.macroEnabled.main",
        ),
        "unsupported",
    ),
    # Programs and data from elsewhere
    "macros": (lambda: with_part("xl/vbaProject.bin", b"x"), "macros"),
    "macros by their type": (
        lambda: changed(
            "[Content_Types].xml",
            b"openxmlformats-officedocument.spreadsheetml.sheet.main",
            b"ms-excel.sheet.macroEnabled.main",
        ),
        "macros",
    ),
    "a sheet of macros": (lambda: with_part("xl/macrosheets/sheet1.xml", b"<x/>"), "macros"),
    "an ActiveX control": (lambda: with_part("xl/activeX/activeX1.bin", b"x"), "macros"),
    "another workbook's cells": (lambda: with_part("xl/externalLinks/externalLink1.xml", b"<x/>"), "external_link"),
    "a database connection": (lambda: with_part("xl/connections.xml", b"<x/>"), "external_link"),
    "a picture from the web": (
        lambda: with_part(
            "xl/drawings/_rels/drawing1.xml.rels",
            links_xml(
                [], '<Relationship Id="r" Type="x/image" Target="http://example.org/a.png" TargetMode="External"/>'
            ).encode(),
        ),
        "external_link",
    ),
    "a template from a share": (
        lambda: with_part(
            "xl/worksheets/_rels/sheet1.xml.rels",
            links_xml(
                [], '<Relationship Id="r" Type="x/attachedTemplate" Target="\\\\host\\share" TargetMode="External"/>'
            ).encode(),
        ),
        "external_link",
    ),
    # XML
    "a document type in the sheet": (
        lambda: changed("xl/worksheets/sheet1.xml", b"<worksheet", DOCTYPE + b"<worksheet"),
        "doctype",
    ),
    "a document type in the workbook": (
        lambda: changed("xl/workbook.xml", b"<workbook", DOCTYPE + b"<workbook"),
        "doctype",
    ),
    "a document type in the texts": (
        lambda: zipped(
            parts_of({"台账": PLAIN}, shared="<si><t>a</t></si>") | {"xl/sharedStrings.xml": DOCTYPE + b"<sst/>"}
        ),
        "doctype",
    ),
    "a document type in the links": (
        lambda: changed("_rels/.rels", b"<Relationships", DOCTYPE + b"<Relationships"),
        "doctype",
    ),
    "a document type where nobody looks": (lambda: with_part("docProps/app.xml", DOCTYPE + b"<x/>"), "doctype"),
    "a document type in UTF-16": (
        lambda: with_part(
            "docProps/app.xml", '<?xml version="1.0" encoding="UTF-16"?><!DOCTYPE x><x/>'.encode("utf-16")
        ),
        "doctype",
    ),
    "a billion laughs": (
        lambda: with_part("customXml/item1.xml", b'<!DOCTYPE l [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><l>&b;</l>'),
        "doctype",
    ),
    "an entity of nobody": (lambda: one_cell('<c r="A1" t="str"><v>&xxe;</v></c>'), "broken_xml"),
    "tags that cross": (lambda: one_cell('<c r="A1"><v>1</c></v>'), "broken_xml"),
    "XML that ends early": (lambda: changed("xl/worksheets/sheet1.xml", b"</worksheet>", b""), "broken_xml"),
    "an encoding of nobody": (
        lambda: changed("xl/worksheets/sheet1.xml", b'encoding="UTF-8"', b'encoding="klingon"'),
        "broken_xml",
    ),
    "an encoding that is a compression": (
        lambda: changed("xl/worksheets/sheet1.xml", b'encoding="UTF-8"', b'encoding="zlib_codec"'),
        "broken_xml",
    ),
    "bytes that are no text": (lambda: changed("xl/worksheets/sheet1.xml", "名称".encode(), b"\xff\xfe"), "broken_xml"),
    # Contradictions
    "a text that is not there": (lambda: one_cell('<c r="A1" t="s"><v>7</v></c>'), "broken_workbook"),
    "a text with a negative number": (
        lambda: one_cell('<c r="A1" t="s"><v>-1</v></c>', shared="<si><t>a</t></si>"),
        "broken_workbook",
    ),
    "a text number of a million digits": (
        lambda: one_cell(f'<c r="A1" t="s"><v>{"9" * 60_000}</v></c>'),
        "broken_workbook",
    ),
    "a number that is a word": (lambda: one_cell('<c r="A1"><v>twelve</v></c>'), "broken_workbook"),
    "a number that is none": (lambda: one_cell('<c r="A1"><v>NaN</v></c>'), "broken_workbook"),
    "a number without end": (lambda: one_cell('<c r="A1"><v>1e999</v></c>'), "broken_workbook"),
    "a day of nobody": (lambda: one_cell('<c r="A1" t="d"><v>2026-13-45</v></c>'), "broken_workbook"),
    "a cell of an unknown type": (lambda: one_cell('<c r="A1" t="q"><v>1</v></c>'), "broken_workbook"),
    "a cell twice": (lambda: one_cell('<c r="A1"><v>1</v></c><c r="A1"><v>2</v></c>'), "broken_workbook"),
    "cells out of order": (lambda: one_cell('<c r="B1"><v>1</v></c><c r="A1"><v>2</v></c>'), "broken_workbook"),
    "a cell of another row": (lambda: one_cell('<c r="A5"><v>1</v></c>'), "broken_workbook"),
    "a row twice": (lambda: workbook(sheet_xml('<row r="1"><c r="A1"><v>1</v></c></row>' * 2)), "broken_workbook"),
    "a row of nowhere": (lambda: workbook(sheet_xml('<row r="0"><c><v>1</v></c></row>')), "broken_workbook"),
    "a row with a number of a thousand digits": (
        lambda: workbook(sheet_xml(f'<row r="{"9" * 5000}"><c><v>1</v></c></row>')),
        "broken_workbook",
    ),
    "a column without end": (
        lambda: workbook(sheet_xml(rows_xml([["甲"]]), before='<cols><col min="x" max="9" hidden="1"/></cols>')),
        "broken_workbook",
    ),
    "a sheet that is not there": (
        lambda: changed("xl/_rels/workbook.xml.rels", b"worksheets/sheet1.xml", b"worksheets/no.xml"),
        "missing_part",
    ),
    "a sheet outside of the file": (
        lambda: changed("xl/_rels/workbook.xml.rels", b"worksheets/sheet1.xml", b"../../../etc/passwd"),
        "missing_part",
    ),
    "a sheet without a link": (lambda: changed("xl/workbook.xml", b'r:id="rId1"', b'r:id="rId9"'), "broken_workbook"),
    "no workbook": (
        lambda: zipped({name: one for name, one in parts_of({"台账": PLAIN}).items() if name != "xl/workbook.xml"}),
        "missing_part",
    ),
    "no sheet": (lambda: zipped(parts_of({})), "no_table"),
    "an empty sheet": (lambda: workbook(sheet_xml("")), "no_table"),
    "nothing but spaces": (lambda: table([[" ", "　"]]), "no_table"),
}

SHEET = text(0, 0, "甲") + number(0, 1, 1.0)


def old(records: bytes = SHEET, **given) -> bytes:
    return old_workbook(records, **given)


def old_changed(place: int, pattern: str, *values: int) -> bytes:
    data = bytearray(old())
    struct.pack_into(pattern, data, place, *values)
    return bytes(data)


OLD_WORKBOOKS = {
    "a far column": (lambda: old(number(0, 255, 1.0)), "too_many_columns"),
    "a merge over everything": (lambda: old(SHEET + merge((0, 65535, 0, 255))), "giant_merge"),
    "a list of merges that ends early": (
        lambda: old(SHEET + record(0x00E5, struct.pack("<H4H", 9, 0, 1, 0, 1))),
        "broken_workbook",
    ),
    "a password": (lambda: old(more=record(0x002F, bytes(6))), "encrypted"),
    "a workbook that needs a password to open": (
        lambda: compound({"EncryptedPackage": b"x", "EncryptionInfo": b"x"}),
        "encrypted",
    ),
    "macros": (lambda: compound({"Workbook": stream({"台账": SHEET})}, storages=["_VBA_PROJECT_CUR"]), "macros"),
    "macros by their record": (lambda: old(more=record(0x00D3)), "macros"),
    "a sheet of macros": (
        lambda: compound({"Workbook": stream({"台账": SHEET, "宏": SHEET}, kinds={"宏": 1})}),
        "macros",
    ),
    "another workbook's cells": (
        lambda: old(more=record(0x01AE, struct.pack("<HH", 1, 8) + b"\x00file.xls")),
        "external_link",
    ),
    "a document inside": (
        lambda: compound({"Workbook": stream({"台账": SHEET})}, storages=["MBD0001A"]),
        "nested_archive",
    ),
    "a text document": (lambda: compound({"WordDocument": b"x"}), "wrong_type"),
    "slides": (lambda: compound({"PowerPoint Document": b"x"}), "wrong_type"),
    "something else": (lambda: compound({"Letters": b"x"}), "wrong_type"),
    "an older format": (
        lambda: compound({"Workbook": record(0x0809, struct.pack("<HHHHII", 0x0200, 5, 0, 0, 0, 0)) + record(0x000A)}),
        "unsupported",
    ),
    "an error of nobody": (lambda: old(SHEET + error(1, 1, 0x99)), "broken_workbook"),
    "a formula with an error of nobody": (
        lambda: old(SHEET + formula(1, 1, b"\x02\x00\x99\x00\x00\x00\xff\xff")),
        "broken_workbook",
    ),
    "a record that is cut": (lambda: old(SHEET + record(0x0203, b"\x01")), "broken_workbook"),
    "sheets that are not there": (
        lambda: compound(
            {"Workbook": begin(5) + record(0x0085, struct.pack("<IBBBB", 99_999, 0, 0, 1, 0) + b"A") + record(0x000A)}
        ),
        "broken_workbook",
    ),
    "a head without a body": (lambda: compound({"Workbook": begin(5)[:4]}), "unsupported"),
    "hundreds of sheets": (
        lambda: compound({"Workbook": stream({f"s{at}": SHEET for at in range(65)})}),
        "too_many_sheets",
    ),
    "nothing in it": (lambda: old(b""), "no_table"),
    "cut to its head": (lambda: old()[:512], "broken_workbook"),
    "cut in half": (lambda: old()[:2000], "broken_workbook"),
    "only a beginning": (lambda: old()[:40], "broken_workbook"),
    "sectors of a strange size": (lambda: old_changed(30, "<H", 31), "broken_workbook"),
    "a directory that is nowhere": (lambda: old_changed(48, "<I", 0x7FFFFFF0), "broken_workbook"),
    "a directory in a loop": (lambda: old_changed(512 + 4096 + 512, "<I", 0), "broken_workbook"),
    "a table of sectors in a loop": (lambda: old_changed(68, "<II", 0, 5), "broken_workbook"),
    "a workbook larger than its file": (
        lambda: old_changed(512 + 4096 + 128 + 120, "<I", 0x7FFFFFFF),
        "broken_workbook",
    ),
    "a workbook that begins nowhere": (
        lambda: old_changed(512 + 4096 + 128 + 116, "<I", 0x00FFFFFF),
        "broken_workbook",
    ),
}


@pytest.mark.parametrize(("build", "code"), WORKBOOKS.values(), ids=WORKBOOKS)
def test_a_hostile_workbook_is_refused(tmp_path, build, code):
    data = build()
    began = time.perf_counter()
    with pytest.raises(Refused) as refused:
        read(data, tmp_path)
    assert refused.value.code == code
    assert time.perf_counter() - began < QUICK


@pytest.mark.parametrize(("build", "code"), OLD_WORKBOOKS.values(), ids=OLD_WORKBOOKS)
def test_a_hostile_old_workbook_is_refused(tmp_path, build, code):
    data = build()
    began = time.perf_counter()
    with pytest.raises(Refused) as refused:
        read(data, tmp_path, "table.xls")
    assert refused.value.code == code
    assert time.perf_counter() - began < QUICK


@pytest.mark.parametrize(
    ("data", "name", "code"),
    [
        (table([["甲"]]), "a.xls", "wrong_type"),
        (old(), "a.xlsx", "wrong_type"),
        (compound({"EncryptedPackage": b"x"}), "a.xlsx", "encrypted"),
        (table([["甲"]]), "a.csv", "wrong_type"),
        (table([["甲"]]), "a.xlsm", "macros"),
        (table([["甲"]]), "a.xlsb", "unsupported"),
        (table([["甲"]]), "a.ods", "unsupported"),
        (table([["甲"]]), "a.exe", "unsupported"),
        (table([["甲"]]), "../../etc/passwd", "unsupported"),
        (table([["甲"]]), "", "unsupported"),
        (b"<html><table><tr><td>1</td></tr></table></html>", "a.xls", "wrong_type"),
        (b"\xef\xbb\xbf <!DOCTYPE HTML><html>", "a.csv", "wrong_type"),
        (b'<?xml version="1.0"?><Workbook/>', "a.xls", "wrong_type"),
        (b"%PDF-1.7", "a.xlsx", "wrong_type"),
        (b"\x89PNG\r\n\x1a\n", "a.csv", "wrong_type"),
        (b"\x7fELF" + bytes(100), "a.csv", "wrong_type"),
        (b"a,b\n1,\0\n", "a.csv", "wrong_type"),
        (b"", "a.xlsx", "empty_file"),
        (b"a" * 101, "a.csv", "too_large"),
    ],
)
def test_the_content_decides_and_the_name_has_to_agree(tmp_path, data, name, code):
    limits = Limits(bytes=100) if code == "too_large" else None
    with pytest.raises(Refused) as refused:
        read(data, tmp_path, name, limits)
    assert refused.value.code == code


def test_more_cells_than_the_limit_are_refused_while_they_come(tmp_path):
    with pytest.raises(Refused, match="too_many_cells"):
        read(workbook(sheet_xml(many_cells(600))), tmp_path, limits=Limits(cells=500))


STYLED = workbook(
    sheet_xml(
        rows_xml([["名称", "日期", "人数"], ["甲", 46348, 1.5]]) + f'<row r="3">{cell_xml(3, 1, 46348, 1)}'
        '<c r="B3" t="s"><v>0</v></c><c r="C3"><f>1+1</f><v>2</v></c></row>',
        after=f'<mergeCells><mergeCell ref="A1:B1" xmlns:q="{MAIN}"/></mergeCells>',
    ),
    styles=styles_xml(["yyyy-mm-dd"]),
    shared="<si><t>共享</t></si>",
)
OLD = old(text(0, 0, "名称") + number(1, 0, 46348.0, 1) + formula(2, 0, 2.0) + error(3, 0, 0x17) + merge((0, 0, 0, 1)))


def bent(data: bytes, edits: list[tuple[str, int, int]]) -> bytes:
    """Bytes set, cut out and doubled at places counted round the end."""
    out = bytearray(data)
    for what, place, value in edits:
        at = place % max(len(out), 1)
        if what == "set":
            out[at : at + 1] = bytes([value])
        elif what == "cut":
            del out[at : at + value]
        else:
            out[at:at] = out[at : at + value]
    return bytes(out)


EDITS = st.lists(
    st.tuples(st.sampled_from(["set", "set", "cut", "double"]), st.integers(0, 1 << 16), st.integers(0, 255)),
    min_size=1, max_size=6,
)  # fmt: skip
MUTATED = settings(max_examples=150, deadline=2_000, suppress_health_check=[HealthCheck.function_scoped_fixture])


@given(EDITS)
@MUTATED
def test_a_workbook_with_bytes_changed_is_read_or_refused(tmp_path, edits):
    read_or_refused(bent(STYLED, edits), tmp_path, "a.xlsx")


@given(EDITS, st.sampled_from(["xl/worksheets/sheet1.xml", "xl/workbook.xml", "xl/styles.xml", "xl/sharedStrings.xml"]))
@MUTATED
def test_a_workbook_with_a_part_changed_is_read_or_refused(tmp_path, edits, name):
    with zipfile.ZipFile(io.BytesIO(STYLED)) as archive:
        parts = {part: archive.read(part) for part in archive.namelist()}
    read_or_refused(zipped(parts | {name: bent(parts[name], edits)}), tmp_path, "a.xlsx")


@given(EDITS)
@MUTATED
def test_an_old_workbook_with_bytes_changed_is_read_or_refused(tmp_path, edits):
    read_or_refused(bent(OLD, edits), tmp_path, "a.xls")


def read_or_refused(data: bytes, folder, name: str) -> None:
    try:
        book = read(data, folder, name)
    except Refused:
        return
    for sheet in book.sheets:
        for row in sheet.filled():
            assert all(cell.address for cell in row)
