"""What differs between two editions of a text: clauses are paired by what they say, for numbers shift."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

#: Two clauses that share less of their pairs of signs than this are not the same clause.
LIKE = 0.4
#: In long documents a clause is looked for so many places around its own.
NEAR = 150
#: Longer texts are compared as a whole and not sign by sign.
LONG = 3_000


@dataclass(frozen=True, slots=True)
class Unit:
    """An article or numbered clause with all below it."""

    number: str
    heading: str
    text: str
    anchor: str


@dataclass(frozen=True, slots=True)
class Difference:
    """A clause of the new edition beside the one before it; None where there is none.

    kind    same, moved (another number only), changed, added, removed
    pieces  of a changed one: ("same" | "out" | "in", text) in reading order
    """

    kind: str
    old: Unit | None
    new: Unit | None
    pieces: tuple[tuple[str, str], ...] = ()


def compare(old: Sequence[Unit], new: Sequence[Unit]) -> list[Difference]:
    """Every clause of both, in the order of the new edition; what was removed stands where it stood."""
    partner = _paired(old, new)
    taken = {before for before in partner if before is not None}
    found: list[Difference] = []
    written = 0
    for after, before in zip(new, partner, strict=True):
        if before is not None:
            found += [Difference("removed", old[at], None) for at in range(written, before) if at not in taken]
            written = max(written, before + 1)
        found.append(_between(old[before] if before is not None else None, after))
    found += [Difference("removed", old[at], None) for at in range(written, len(old)) if at not in taken]
    return found


def _between(old: Unit | None, new: Unit) -> Difference:
    if old is None:
        return Difference("added", None, new)
    if (old.text, old.heading) == (new.text, new.heading):
        return Difference("same" if old.number == new.number else "moved", old, new)
    return Difference("changed", old, new, tuple(pieces(old.text, new.text)))


def pieces(old: str, new: str) -> Iterator[tuple[str, str]]:
    """Stretches of two texts that are the same, went out and came in."""
    if len(old) + len(new) > LONG:
        if old == new:
            yield "same", old
        else:
            yield "out", old
            yield "in", new
        return
    for tag, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag == "equal":
            yield "same", old[a:b]
            continue
        if a < b:
            yield "out", old[a:b]
        if c < d:
            yield "in", new[c:d]


def _paired(old: Sequence[Unit], new: Sequence[Unit]) -> list[int | None]:
    """For each new clause the old one: the same words first, then the likest, each old one once."""
    partner: list[int | None] = [None] * len(new)
    by_text: dict[str, list[int]] = defaultdict(list)
    for at, unit in enumerate(old):
        by_text[unit.text].append(at)
    for at, unit in enumerate(new):
        if unit.text and by_text[unit.text]:
            partner[at] = by_text[unit.text].pop(0)
    left = set(range(len(old))) - {at for at in partner if at is not None}
    bags = {at: _pairs(old[at].text) for at in left}
    likeness = []
    for at, unit in enumerate(new):
        if partner[at] is None:
            own = _pairs(unit.text)
            near = [before for before in left if abs(at - before) <= NEAR]
            likeness += [(-_share(own, bags[before]), abs(at - before), at, before) for before in near]
    for minus, _apart, at, before in sorted(likeness):
        if -minus < LIKE:
            break
        if partner[at] is None and before in left:
            partner[at] = before
            left.discard(before)
    numbers = {old[at].number: at for at in left if old[at].number}
    for at, unit in enumerate(new):  # rewritten throughout, under the same number and heading
        before = numbers.get(unit.number)
        if partner[at] is None and before in left and unit.heading and unit.heading == old[before].heading:
            partner[at] = before
            left.discard(before)
    return partner


def _pairs(text: str) -> frozenset[str]:
    return frozenset(text[at : at + 2] for at in range(len(text) - 1))


def _share(one: frozenset[str], other: frozenset[str]) -> float:
    """Shared pairs over all pairs."""
    together = len(one | other)
    return len(one & other) / together if together else 0.0
