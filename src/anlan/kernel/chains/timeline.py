"""The story of a chain, told by every room that has a part in it.

A source is a function `(chain, viewer) -> steps`, registered at start. It shows only what the viewer may see: the same
chain reads differently for an enterprise and for the bureau.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from anlan.kernel.chains.models import Chain
from anlan.kernel.chains.queries import final


@dataclass(frozen=True, slots=True)
class Proof:
    """Something that can be opened beside a step. `kind` is the name of an icon: "photo", "file", "curve", "bell"."""

    label: str
    url: str
    kind: str


@dataclass(frozen=True, slots=True)
class Step:
    """One line of the story: when, what and who, by which rule, within which clock, with what proof.

    at          aware; event time where there is one
    rule_*      name, clause and page of the rulebook version that decided; `verified` False shows 未核实
    clock_*     time allowed and time used, in words; `late` when it was exceeded
    level       1 red … 4 blue when the step changed it
    mark        "level" a square in the colour of the level, "decision" a dot, "ring" the rest
    order       among steps of the same moment
    """

    at: datetime
    title: str
    detail: str = ""
    who: str = ""
    rule_label: str = ""
    rule_clause: str = ""
    rule_url: str = ""
    verified: bool = True
    clock_label: str = ""
    clock_used: str = ""
    late: bool = False
    proofs: tuple[Proof, ...] = ()
    level: int | None = None
    mark: Literal["ring", "level", "decision"] = "ring"
    order: int = 0


Source = Callable[[Chain, Any], Iterable[Step]]

_sources: dict[str, Source] = {}


def register_source(name: str, source: Source) -> None:
    """Add a teller; the same name again replaces it."""
    _sources[name] = source


def of(chain: Chain, viewer: Any) -> list[Step]:
    """The steps of the chain that `viewer` may see, in order of time; a merged number tells the chain it leads to."""
    chain = final(chain)
    steps = [step for source in _sources.values() for step in source(chain, viewer)]
    return sorted(steps, key=lambda step: (step.at, step.order))
