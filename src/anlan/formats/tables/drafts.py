"""A sheet while it is read: cells, merges, what is hidden; and the book that drafts become."""

from __future__ import annotations

from collections.abc import Sequence

from anlan.formats.faults import Fault, Refused
from anlan.formats.tables.cells import address, letters
from anlan.formats.tables.limits import HEADROOM, Limits
from anlan.formats.tables.sheets import Book, Cells, Merge, sheet_of
from anlan.formats.tables.texts import Texts


class Draft:
    """A sheet that is being read."""

    def __init__(self, name: str, hidden: bool, limits: Limits) -> None:
        self.name = name
        self.hidden = hidden
        self.cells = Cells(limits)
        self.merges: list[Merge] = []
        self.hidden_rows: list[int] = []
        self.hidden_columns: list[int] = []
        self._limits = limits

    def merge(self, top: int, left: int, bottom: int, right: int) -> None:
        """Take a merged range. Raises Refused for one that reaches far, or one too many."""
        where = f"{address(top, left)}:{address(bottom, right)}"
        if not (0 < top <= bottom and 0 < left <= right):
            raise Refused("broken_workbook", where)
        if bottom > self._limits.rows + HEADROOM or right > self._limits.columns:
            raise Refused("giant_merge", where)
        self.merges.append((top, left, bottom, right))
        if len(self.merges) > self._limits.merges:
            raise Refused("too_many_merges", where, merges=len(self.merges), limit=self._limits.merges)

    def notes(self) -> list[Fault]:
        """What is said of the sheet as a whole."""
        notes = [Fault("hidden_sheet")] if self.hidden else []
        if self.hidden_rows:
            notes.append(Fault("hidden_rows", str(self.hidden_rows[0]), {"rows": len(self.hidden_rows)}))
        if self.hidden_columns:
            names = letters(self.hidden_columns[0])
            notes.append(Fault("hidden_columns", names, {"columns": len(self.hidden_columns)}))
        return notes


def book_of(kind: str, drafts: Sequence[Draft], texts: Texts, limits: Limits) -> Book:
    """The book of some drafts. Raises Refused("no_table") when no sheet holds a cell, "too_many_cells"."""
    kept = texts.done()
    sheets = []
    left = limits.cells
    for draft in drafts:
        grid = draft.cells.grid(left)
        left -= grid.width * grid.height
        sheets.append(
            sheet_of(
                draft.name, grid, kept, hidden=draft.hidden, merges=tuple(draft.merges), notes=tuple(draft.notes())
            )
        )
    if all(sheet.empty for sheet in sheets):
        raise Refused("no_table")
    return Book(kind, tuple(sheets), texts=kept)
