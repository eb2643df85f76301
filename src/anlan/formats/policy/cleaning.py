"""What of a text is its page and not its words: proposed as edits that are seen one by one and can each be undone.

An edit never touches the source; the cleaned text is the source with the edits put in, and every place in it leads back
to a place in the source.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from anlan.formats.policy.doubling import doubled_stretches
from anlan.formats.policy.furniture import navigation, page_numbers
from anlan.formats.policy.joining import broken_lines, spare_spaces
from anlan.formats.policy.reading import Source
from anlan.formats.policy.shadow import Shadow, Span
from anlan.formats.policy.simplified import is_traditional, simplify

#: Kinds of edits, in the order in which they claim a place: what an earlier one takes out, a later one leaves alone.
KINDS = ("navigation", "doubled", "page_number", "broken_line", "spaces", "traditional")
_FINDERS: dict[str, Callable[[Shadow], Iterable[Span]]] = {
    "navigation": navigation, "doubled": doubled_stretches, "page_number": page_numbers, "broken_line": broken_lines,
    "spaces": spare_spaces,
}  # fmt: skip
#: A proposal about traditional characters is one sentence long.
_SENTENCE = re.compile(r"[^。；;！？\n\f]+[。；;！？]?")


@dataclass(frozen=True, slots=True)
class Edit:
    """One proposal: `before` stands at `start` to `end` of the source and becomes `after`.

    id  the same for the same source, whatever other edits are undone
    """

    id: str
    kind: str
    start: int
    end: int
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Cleaned:
    """A source with edits put in. `edits` are all proposals, `undone` the ids of those that were not put in."""

    source: Source
    text: str
    edits: tuple[Edit, ...]
    undone: frozenset[str]
    #: Starts of the stretches of `text`, the places in the source where they begin, and whether they run sign by sign.
    _starts: tuple[int, ...] = field(repr=False)
    _places: tuple[tuple[int, bool], ...] = field(repr=False)

    @property
    def original(self) -> str:
        """The source's characters, untouched."""
        return self.source.text

    @property
    def applied(self) -> tuple[Edit, ...]:
        """The edits that were put in."""
        return tuple(edit for edit in self.edits if edit.id not in self.undone)

    def place(self, offset: int) -> int:
        """Where in the source stands what stands at `offset` of the cleaned text; its length leads to its end.

        Raises ValueError for an offset outside the text.
        """
        if not 0 <= offset <= len(self.text):
            raise ValueError(f"{offset} is outside a text of {len(self.text)} signs")
        at = bisect_right(self._starts, offset) - 1
        start, signs = self._places[at]
        return start + (offset - self._starts[at] if signs else 0)

    def span(self, start: int, end: int) -> tuple[int, int]:
        """The stretch of the source that holds `start` to `end` of the cleaned text."""
        if end <= start:
            return self.place(start), self.place(start)
        return self.place(start), self.place(end - 1) + 1


def clean(source: Source, *, keep: Collection[str] = ()) -> Cleaned:
    """Propose edits and put them in.

    keep  ids of edits to undo
    """
    edits = tuple(_proposals(source))
    undone = frozenset(keep) & {edit.id for edit in edits}
    out: list[str] = []
    starts: list[int] = [0]
    places: list[tuple[int, bool]] = [(0, True)]
    length = at = 0

    def stretch(piece: str, place: int, signs: bool) -> None:
        nonlocal length
        if not piece:
            return
        if starts[-1] == length:
            starts.pop()
            places.pop()
        out.append(piece)
        starts.append(length)
        places.append((place, signs))
        length += len(piece)

    for edit in edits:
        if edit.id in undone:
            continue
        stretch(source.text[at : edit.start], at, True)
        stretch(edit.after, edit.start, len(edit.after) == len(edit.before))
        at = edit.end
    stretch(source.text[at:], at, True)
    starts.append(length)
    places.append((len(source.text), True))
    return Cleaned(source, "".join(out), edits, undone, tuple(starts), tuple(places))


def _proposals(source: Source) -> list[Edit]:
    """All edits in order; none overlaps another."""
    text = source.text
    simple = simplify(text)
    traditional = is_traditional(text, simple)
    shadow = Shadow(simple if traditional else text, source.kind)
    found: list[Edit] = []
    for kind, finder in _FINDERS.items():
        for start, end, after in finder(shadow):
            if shadow.is_free(start, end) and text[start:end] != after:
                shadow.take(start, end)
                found.append(_edit(kind, start, end, text, after))
    if traditional:
        found += (_edit("traditional", start, end, text, simple[start:end])
                  for start, end in _differing(text, simple, sorted(found, key=lambda edit: edit.start)))  # fmt: skip
    return sorted(found, key=lambda edit: (edit.start, edit.end))


def _edit(kind: str, start: int, end: int, text: str, after: str) -> Edit:
    return Edit(f"{kind}-{start}", kind, start, end, text[start:end], after)


def _differing(text: str, simple: str, taken: Sequence[Edit]) -> Iterator[tuple[int, int]]:
    """Stretches between other edits, one a sentence, from the first sign that differs to the last."""
    at = 0
    for start, end in [*((edit.start, edit.end) for edit in taken), (len(text), len(text))]:
        for found in _SENTENCE.finditer(text, at, start):
            signs = [n for n in range(*found.span()) if text[n] != simple[n]]
            if signs:
                yield signs[0], signs[-1] + 1
        at = end
