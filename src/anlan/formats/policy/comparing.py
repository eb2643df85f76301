"""An older and a newer edition of a plan, clause by clause: what stayed, what changed, what moved, came and went."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from anlan.formats.policy.trees import Clause, Tree

#: Clauses of different places are the same with other words when so much of their pairs of signs is shared; at the
#: same place half of it does.
_ALIKE = 0.5
#: Pairs of signs that stand in more clauses than this tell nothing about one of them.
_COMMON = 40


@dataclass(frozen=True, slots=True)
class Match:
    """A clause of the old edition, of the new one, or of both.

    kind   same; changed (other words, at the same place or elsewhere); moved (same words at another place); new; gone
    old    place in the old tree's clauses, None for new
    new    place in the new tree's clauses, None for gone
    alike  0 to 1, how much of the words is shared
    """

    kind: str
    old: int | None
    new: int | None
    alike: float = 1.0


@dataclass(slots=True)
class _Pairing:
    old: Sequence[Clause]
    new: Sequence[Clause]
    ours: list[str] = field(init=False)
    theirs: list[str] = field(init=False)
    found: dict[int, Match] = field(default_factory=dict)
    taken: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.ours = [_said(clause) for clause in self.old]
        self.theirs = [_said(clause) for clause in self.new]

    def match(self, kind: str, a: int, b: int, alike: float = 1.0) -> None:
        self.found[b] = Match(kind, a, b, round(alike, 3))
        self.taken.add(a)

    def by_place(self) -> None:
        """Same words at the same place, then same words elsewhere."""
        anchors = {clause.anchor: at for at, clause in enumerate(self.old)}
        for b, clause in enumerate(self.new):
            a = anchors.get(clause.anchor)
            if a is not None and self.ours[a] == self.theirs[b]:
                self.match("same", a, b)
        waiting: dict[tuple[str, str], list[int]] = defaultdict(list)
        for a, said in enumerate(self.ours):
            if a not in self.taken:
                waiting[self.old[a].level, said].append(a)
        for b, said in enumerate(self.theirs):
            if b not in self.found and (same := waiting.get((self.new[b].level, said))):
                self.match("moved", same.pop(0), b)

    def by_words(self) -> None:
        """Other words: the most alike of all, and what stands at the same place and is alike enough."""
        anchors = {clause.anchor: at for at, clause in enumerate(self.old)}
        pairs = {a: _pairs(said) for a, said in enumerate(self.ours) if a not in self.taken}
        where: dict[str, list[int]] = defaultdict(list)
        for a, own in pairs.items():
            for pair in own:
                where[pair].append(a)
        offers: list[tuple[float, int, int]] = []
        for b, said in enumerate(self.theirs):
            if b in self.found:
                continue
            own = _pairs(said)
            votes = Counter(a for pair in own if len(where[pair]) <= _COMMON for a in where[pair])
            near = anchors.get(self.new[b].anchor)
            for one in {*(a for a, _votes in votes.most_common(8)), *({near} & pairs.keys())}:
                if one is not None and self.old[one].level == self.new[b].level:
                    alike = len(own & pairs[one]) / len(own | pairs[one])
                    if alike >= (_ALIKE / 2 if one == near else _ALIKE):
                        offers.append((alike, one, b))
        for alike, a, b in sorted(offers, key=lambda offer: (-offer[0], offer[1], offer[2])):
            if a not in self.taken and b not in self.found:
                self.match("changed", a, b, alike)

    def ordered(self) -> list[Match]:
        """In the order of the new edition; what is gone stands behind what it stood behind."""
        gone = [a for a in range(len(self.old)) if a not in self.taken]
        behind: dict[int, list[Match]] = defaultdict(list)
        places = {match.old: b for b, match in self.found.items()}
        for a in gone:
            before = next((places[n] for n in range(a - 1, -1, -1) if n in places), -1)
            behind[before].append(Match("gone", a, None, 0.0))
        matches = list(behind[-1])
        for b in range(len(self.new)):
            matches.append(self.found.get(b) or Match("new", None, b, 0.0))
            matches += behind[b]
        return matches


def compare(old: Tree, new: Tree) -> list[Match]:
    """Every clause of both editions once."""
    pairing = _Pairing(old.clauses, new.clauses)
    pairing.by_place()
    pairing.by_words()
    return pairing.ordered()


def _said(clause: Clause) -> str:
    """What a clause says, without its number and spaces."""
    return re.sub(r"\s", "", f"{clause.heading}|{clause.text}")


def _pairs(said: str) -> frozenset[str]:
    return frozenset(said[at : at + 2] for at in range(len(said) - 1)) or frozenset({said})
