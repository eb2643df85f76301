"""Tables to download: what a spreadsheet would reckon stays text."""

from __future__ import annotations

import csv
import io

from hypothesis import given
from hypothesis import strategies as st

from anlan.kernel.web.sheets import FORMULA, csv_sheet


def rows_of(answer):
    text = answer.content.decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text, newline="")))


def test_S10_no_cell_begins_like_a_formula_and_numbers_stay_numbers():
    hostile = ["=1+1", "+x", "-x", "@x", "\tx", "\rx", "＝1", "＋1", "－1", "＠1"]
    answer = csv_sheet("x", ["甲"], [[one] for one in hostile] + [[-3], [None], [2.5]])
    assert answer["Content-Disposition"] == 'attachment; filename="x.csv"'
    head, *lines = rows_of(answer)
    assert head == ["甲"]
    assert [line[0] for line in lines[: len(hostile)]] == [f"'{one}" for one in hostile]
    assert [line[0] if line else "" for line in lines[len(hostile) :]] == ["-3", "", "2.5"]


@given(st.lists(st.text(max_size=20), min_size=1, max_size=5))
def test_any_text_comes_back_from_the_table(cells):
    _head, line = rows_of(csv_sheet("x", ["c"] * len(cells), [cells]))
    assert [cell.removeprefix("'") for cell in line] == [cell.removeprefix("'") for cell in cells]
    assert not any(cell.startswith(FORMULA) for cell in line)
