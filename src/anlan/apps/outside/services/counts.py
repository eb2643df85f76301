"""What became of the rows of a file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from anlan.formats.feeds.rows import MOST_TOLD, BadRow, Refusals


@dataclass(slots=True)
class Counts:
    """new, changed, same: rows that were kept, changed what was kept, or said the same again; elsewhere: good ones
    that nobody asked for; missing: cells that say that there is no value; refused: rows that could not be meant."""

    new: int = 0
    changed: int = 0
    same: int = 0
    elsewhere: int = 0
    missing: int = 0
    refused: int = 0
    rows: list[BadRow] = field(default_factory=list)
    others: list[str] = field(default_factory=list)

    def refuse(self, refusals: Refusals) -> None:
        """Add what a reader refused."""
        self.refused += refusals.count
        self.rows += refusals.rows[: MOST_TOLD - len(self.rows)]

    def refuse_row(self, line: int, code: str, said: str) -> None:
        """Add one row."""
        self.refused += 1
        if len(self.rows) < MOST_TOLD:
            self.rows.append(BadRow(line, code, said[:120]))

    def add(self, other: Counts) -> None:
        """Add what became of a further part of the file."""
        for name in ("new", "changed", "same", "elsewhere", "missing", "refused"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.rows += other.rows[: MOST_TOLD - len(self.rows)]

    def plain_rows(self) -> Sequence[tuple[int, str, str]]:
        """The refused rows as JSON values."""
        return [(row.line, row.code, row.said) for row in self.rows]
