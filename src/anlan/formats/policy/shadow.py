"""The text that the finders of edits look at, and which places of it are taken already."""

from __future__ import annotations

from bisect import bisect_left, insort
from functools import cached_property

from anlan.formats.policy.tables import find_tables, lines_of

#: start, end, and what is to stand there instead.
Span = tuple[int, int, str]


class Shadow:
    """The source sign for sign in simplified characters, with the stretches that an edit has taken."""

    def __init__(self, text: str, kind: str) -> None:
        self.text = text
        self.kind = kind
        self._taken: list[tuple[int, int]] = []

    @cached_property
    def in_tables(self) -> list[tuple[int, int]]:
        """Stretches that are tables."""
        return [(table.start, table.end) for table in find_tables(self.text)]

    def lines(self) -> list[tuple[int, int]]:
        """Lines that no edit has taken, without the white space around them."""
        return [(start, end) for start, end in lines_of(self.text) if self.is_free(start, end)]

    def is_table(self, start: int) -> bool:
        """Does this place lie in a table?"""
        at = bisect_left(self.in_tables, (start + 1, -1))
        return at > 0 and start < self.in_tables[at - 1][1]

    def is_free(self, start: int, end: int) -> bool:
        """True where no edit lies yet."""
        at = bisect_left(self._taken, (end, -1))
        return at == 0 or self._taken[at - 1][1] <= start

    def free_stretches(self, start: int, end: int) -> list[tuple[int, int]]:
        """What no edit has taken between two places."""
        at = max(0, bisect_left(self._taken, (start, -1)) - 1)
        found = []
        while start < end:
            while at < len(self._taken) and self._taken[at][1] <= start:
                at += 1
            begin, until = self._taken[at] if at < len(self._taken) else (end, end)
            if start < min(begin, end):
                found.append((start, min(begin, end)))
            start = max(start, until)
        return found

    def take(self, start: int, end: int) -> None:
        """An edit lies here now."""
        insort(self._taken, (start, end))
