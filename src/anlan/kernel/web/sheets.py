"""A table to download, for a spreadsheet: CSV in UTF-8 in which no cell is reckoned (S10)."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from typing import Any

from django.http import HttpResponse

#: Cells that a spreadsheet would take for a formula begin so.
FORMULA = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")


def csv_sheet(name: str, head: Sequence[Any], rows: Iterable[Sequence[Any]]) -> HttpResponse:
    """An answer that a browser keeps as `name`.csv; None is an empty cell, numbers stay numbers."""
    answer = HttpResponse(content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    answer.write("\ufeff")  # so that a spreadsheet reads it as UTF-8
    out = csv.writer(answer)
    out.writerow([str(one) for one in head])
    for row in rows:
        out.writerow([_cell(value) for value in row])
    return answer


def _cell(value: Any) -> Any:
    if value is None or isinstance(value, int | float):
        return value
    text = str(value)
    return f"'{text}" if text.startswith(FORMULA) else text
