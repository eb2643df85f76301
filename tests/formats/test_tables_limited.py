"""The reading process may hang, die or eat memory: its caller gets a refusal in time, and the same book otherwise."""

from __future__ import annotations

import os
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from anlan.formats import limited
from anlan.formats.faults import Refused
from anlan.formats.packed import open_packed, write_packed
from anlan.formats.tables.limited import open_table
from anlan.formats.tables.limits import Limits
from anlan.formats.tables.sheets import Book
from anlan.formats.tables.writing import Column, Workbook
from tests.formats.workbooks import cell_xml, read, rows_xml, sheet_xml, table, workbook

#: A module of its own that does what it is asked to.
MISCHIEF = """
import os, sys, time
from anlan.formats.limited import serve
def work(path, options):
    if options["do"] == "hang":
        time.sleep(60)
    if options["do"] == "spin":
        while True: pass
    if options["do"] == "die":
        os.kill(os.getpid(), 9)
    if options["do"] == "leave":
        os._exit(7)
    if options["do"] == "fail":
        raise RuntimeError("a fault of ours")
    if options["do"] == "eat":
        kept = [bytes(1 << 20) for _ in range(4096)]
    if options["do"] == "tell":
        django = [name for name in sys.modules if name.startswith("django")]
        return {"environ": sorted(os.environ), "modules": django}, {}
serve(work)
"""


@pytest.fixture
def mischief(tmp_path, monkeypatch):
    (tmp_path / "anlan_mischief.py").write_text(MISCHIEF, encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), *filter(None, sys.path)]))
    return "anlan_mischief"


def ask(module: str, do: str, **given):
    return limited.read_apart(module, b"x", {"do": do}, **({"seconds": 5.0, "mebibytes": 64} | given))


@pytest.mark.parametrize("do", ["hang", "spin"])
def test_a_process_that_hangs_is_ended_in_time(mischief, do):
    began = time.perf_counter()
    with pytest.raises(Refused, match=r"too_slow \(seconds=1.0\)"):
        ask(mischief, do, seconds=1.0)
    assert time.perf_counter() - began < 3


def test_what_works_without_end_is_refused_though_its_caller_would_wait(mischief):
    began = time.perf_counter()
    with pytest.raises(Refused, match=r"too_slow \(seconds=1.0\)") as refused:
        ask(mischief, "spin", seconds=1.0, wait_s=30.0)
    assert not isinstance(refused.value, limited.NotInTime)
    assert time.perf_counter() - began < 10


def test_what_only_waits_is_not_called_hostile(mischief):
    with pytest.raises(limited.NotInTime):
        ask(mischief, "hang", seconds=5.0, wait_s=1.0)


@pytest.mark.parametrize(
    ("do", "code"),
    [("die", "too_much_memory"), ("eat", "too_much_memory"), ("leave", "unreadable"), ("fail", "unreadable")],
)
def test_a_process_that_dies_is_a_refusal(mischief, caplog, do, code):
    began = time.perf_counter()
    with pytest.raises(Refused, match=code):
        ask(mischief, do)
    assert time.perf_counter() - began < 5
    assert ("a fault of ours" in caplog.text) == (do == "fail")


def test_a_process_knows_neither_django_nor_the_secrets_of_its_caller(mischief, monkeypatch):
    monkeypatch.setenv("ANLAN_DATABASE_URL", "postgresql://user:secret@host/db")
    header, _arrays = ask(mischief, "tell")
    assert header["modules"] == []
    assert not [name for name in header["environ"] if "ANLAN" in name]


def test_nothing_is_left_behind(mischief, tmp_path, monkeypatch):
    room = tmp_path / "rooms"
    room.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(room))
    ask(mischief, "tell")
    with pytest.raises(Refused):
        ask(mischief, "die")
    assert list(room.iterdir()) == []


def test_a_book_comes_back_as_it_was_read(tmp_path):
    merges = '<mergeCells><mergeCell ref="A1:B1"/></mergeCells>'
    rows = rows_xml([["企业台账", None], ["名称", "９１３"], ["甲", 914403007152672600], ["乙", 1.5]])
    data = workbook(sheet_xml(rows, after=merges))
    here, there = read(data, tmp_path), open_table(data, "台账.xlsx")
    for ours, theirs in zip(here.sheets, there.sheets, strict=True):
        assert list(ours.filled()) == list(theirs.filled())
        assert (ours.name, ours.merges, ours.notes, ours.hidden) == (
            theirs.name,
            theirs.merges,
            theirs.notes,
            theirs.hidden,
        )
    assert open_table("名称,值\n甲,1\n".encode("gbk"), "a.csv").encoding == "gb18030"


def test_a_refusal_comes_back_with_its_place_and_numbers():
    with pytest.raises(Refused) as refused:
        open_table(table([[1, 2, 3]]), "a.xlsx", limits=Limits(columns=2))
    assert str(refused.value) == "too_many_columns at C1 (column=3, limit=2)"
    with pytest.raises(Refused, match="too_large"):
        open_table(b"x" * 11, "a.csv", limits=Limits(bytes=10))


def test_one_text_in_a_million_cells_costs_little():
    cells = "".join(f'<row r="{row}">' + '<c t="s"><v>0</v></c>' * 20 + "</row>" for row in range(1, 2_001))
    data = workbook(sheet_xml(cells), shared=f"<si><t>{'长' * 32_000}</t></si>")
    sheet = open_table(data, "a.xlsx", limits=replace(Limits(), memory=64)).sheets[0]
    assert len(sheet.cell(2_000, 20).value) == 32_000


def test_texts_larger_than_memory_are_refused():
    rows = "".join(f'<row r="{row}">{cell_xml(row, 1, "长" * 30_000)}</row>' for row in range(1, 900))
    with pytest.raises(Refused, match="too_much_memory"):
        open_table(workbook(sheet_xml(rows)), "a.xlsx", limits=Limits(memory=8, ratio=10_000))


def test_a_table_of_fifty_thousand_rows_is_read_in_a_small_process(tmp_path):
    path = tmp_path / "large.xlsx"
    with Workbook(path) as book:
        page = book.page("台账", [Column(f"列{at}") for at in range(12)])
        for row in range(50_000):
            page.row(
                [
                    f"企业{row}",
                    f"91330100{row:010d}",
                    118.5 + row / 1e6,
                    31.5,
                    row,
                    None,
                    "一级",
                    True,
                    "甲",
                    "乙",
                    1.5,
                    "",
                ]
            )
    watch = Path("/proc/self/status")
    if not watch.exists():
        pytest.skip("this system does not tell how much memory a process has")
    # The limit of memory is the measure: the process could not have had more.
    sheet = open_table(path, "large.xlsx", limits=Limits(seconds=30, memory=200)).sheets[0]
    assert sheet.rows == range(1, 50_002) and sheet.cell(50_001, 2).value == "913301000000049999"


def test_a_packed_file_that_was_not_written_whole_is_no_result(tmp_path):
    header, arrays = read(table([["甲", 1]]), tmp_path).packed()
    write_packed(tmp_path / "whole", header, arrays)
    assert Book.unpacked(*open_packed(tmp_path / "whole")).sheets[0].cell(1, 2).value == 1
    whole = (tmp_path / "whole").read_bytes()
    for size in (4, len(whole) // 2, len(whole) - 20):
        (tmp_path / "part").write_bytes(whole[:size])
        with pytest.raises(ValueError):
            open_packed(tmp_path / "part")
