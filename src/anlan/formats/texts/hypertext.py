"""HTML of strangers as lines of text: what a reader of the page sees, no script, no address followed."""

from __future__ import annotations

from collections.abc import Iterator
from html.parser import HTMLParser

#: Elements that begin and end a line.
_BLOCKS = frozenset(
    {
        "p", "div", "br", "li", "ul", "ol", "tr", "table", "section", "article", "h1", "h2", "h3", "h4", "h5", "h6",
        "dt", "dd", "blockquote", "pre", "hr", "header", "footer", "main", "title", "caption",
    }
)  # fmt: skip
#: Elements whose content nobody reads.
_UNREAD = frozenset({"script", "style", "head", "template", "noscript", "svg", "iframe", "select", "button", "nav"})


#: A row that holds more lines, or longer ones, is no row of a table but the layout of a page.
_MOST_LINES, _MOST_SIGNS = 40, 4_000
#: Tables nested deeper are layout; a cell spans no more rows or columns.
_DEEP, _WIDE = 8, 50
_Line = tuple[str, int]


class _Row:
    """A row that is being read: lines of its cells, and how deep its table lies."""

    def __init__(self, depth: int, above: dict[int, int]) -> None:
        self.depth = depth
        self.cells: list[list[_Line]] = []
        self.current: list[_Line] | None = None
        self.above = above
        self._fill()

    def open_cell(self, rows: int, columns: int) -> None:
        """A new cell, with empty ones for the columns that it spans beside it."""
        first = len(self.cells)
        self.cells += ([] for _column in range(columns))
        if rows > 1:
            self.above.update(dict.fromkeys(range(first, first + columns), rows - 1))
        self.current = self.cells[first]
        self._fill()

    def _fill(self) -> None:
        """Empty cells where one of an earlier row reaches down."""
        while self.above.get(len(self.cells), 0) > 0 and len(self.cells) < _WIDE:
            self.above[len(self.cells)] -= 1
            self.cells.append([])


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.lines: list[_Line] = []
        self._pieces: list[str] = []
        self._heading = 0
        self._unread = 0
        self._depth = 0
        self._rows: list[_Row] = []
        self._above: dict[int, dict[int, int]] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _UNREAD:
            self._unread += 1
        elif tag in ("td", "th"):
            self.end_line()
            if self._rows and self._rows[-1].depth == self._depth:
                self._rows[-1].open_cell(_span(attrs, "rowspan"), _span(attrs, "colspan"))
        elif tag in _BLOCKS:
            self.end_line()
            if len(tag) == 2 and tag[0] == "h" and tag[1].isdigit():
                self._heading = int(tag[1])
            elif tag == "table":
                self._depth += 1
                self._above[self._depth] = {}
            elif tag == "tr":
                self._close_rows(self._depth)
                if 0 < self._depth <= _DEEP:
                    self._rows.append(_Row(self._depth, self._above[self._depth]))

    def handle_endtag(self, tag: str) -> None:
        if tag in _UNREAD:
            self._unread = max(0, self._unread - 1)
        elif tag in _BLOCKS or tag in ("td", "th"):
            self.end_line()
            self._heading = 0
            if tag in ("tr", "table"):
                self._close_rows(self._depth)
            if tag == "table":
                self._depth = max(0, self._depth - 1)

    def handle_data(self, data: str) -> None:
        if not self._unread:
            self._pieces.append(data)

    def end_line(self) -> None:
        self._here().append(("".join(self._pieces), self._heading))
        self._pieces.clear()

    def end_page(self) -> None:
        self.end_line()
        self._close_rows(0)

    def _here(self) -> list[_Line]:
        """Where a line goes: into the cell that is open, else onto the page."""
        return next((row.current for row in reversed(self._rows) if row.current is not None), self.lines)

    def _close_rows(self, depth: int) -> None:
        while self._rows and self._rows[-1].depth >= depth:
            row = self._rows.pop()
            cells = [[line for line in cell if line[0].strip()] for cell in row.cells]
            lines = [line for cell in cells for line in cell]
            signs = sum(len(text) for text, _heading in lines)
            if len(cells) < 2 or len(lines) > _MOST_LINES or signs > _MOST_SIGNS:
                self._here().extend(lines)
            elif lines:
                self._here().append((" | ".join(" ".join(text for text, _heading in cell) for cell in cells), 0))


def _span(attrs: list[tuple[str, str | None]], name: str) -> int:
    said = dict(attrs).get(name) or ""
    return min(int(said), _WIDE) if said.isdecimal() and len(said) < 4 and int(said) > 0 else 1


def hypertext_lines(said: str) -> Iterator[tuple[str, int]]:
    """(text, heading level or 0) of every line; empty ones are left in."""
    page = _Page()
    page.feed(said)
    page.close()
    page.end_page()
    yield from page.lines
