"""How a kind of work runs: its states, its steps, who may take each and what each needs. Data, checked when loaded.

RECTIFY = workflow(Workflow(kind="danger.rectify", title=_("Rectify a danger"), start="reported", …))
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal

from anlan.kernel.cases import registry
from anlan.kernel.cases.proofs import is_proof


class BadWorkflow(ValueError):
    """A declaration that cannot work; names all faults, so that the program stops at start and not at night."""

    def __init__(self, kind: str, faults: list[str]) -> None:
        super().__init__(f"workflow {kind!r}: " + "; ".join(faults))
        self.faults = tuple(faults)


@dataclass(frozen=True, slots=True)
class Step:
    """One act on a case.

    do           name of the act, once in its workflow ("submit")
    label        what the button says
    frm, to      states it leads from, and the one it leads to (the same one where nothing moves)
    verb         the right it needs in the region of the case ("case.work")
    needs        roles of evidence that must be there ("photo_after")
    needs_note   the actor must write something; `note_label` asks for it
    names_unit   the actor names the unit that has the next move
    takes        whoever does it answers for the case from then on
    clock        what happens to the running clocks: nothing, "pause", "resume" or "stop"; an end stops them anyway
    effects      names of functions registered with `effects.register`, called in the same transaction
    """

    do: str
    label: Any
    frm: tuple[str, ...]
    to: str
    verb: str
    needs: tuple[str, ...] = ()
    needs_note: bool = False
    note_label: Any = ""
    names_unit: bool = False
    takes: bool = False
    clock: Literal["", "pause", "resume", "stop"] = ""
    effects: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Workflow:
    """One kind of case.

    kind       "alarm.handle"
    title      words for a person
    start      state of a new case; `done` those in which it is over
    states     code -> label, all of them
    open_verb  the right that opening needs
    clock      rulebook code of the clock that a case starts with; blank: none. Whoever opens may give another.
    prefix     of the number; exercises get "EX-" before it
    proofs     roles of evidence that may be added beside those that steps need
    effects    names of functions called when a case is opened
    page       name of the address of its own page, with the number as argument; blank: the page of the desk
    """

    kind: str
    title: Any
    start: str
    done: tuple[str, ...]
    states: Mapping[str, Any]
    steps: tuple[Step, ...]
    open_verb: str = "case.open"
    clock: str = ""
    prefix: str = "CZ"
    proofs: tuple[str, ...] = ()
    effects: tuple[str, ...] = ()
    page: str = ""
    _by_do: Mapping[str, Step] = field(init=False, repr=False, compare=False, default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "states", MappingProxyType(dict(self.states)))
        object.__setattr__(self, "_by_do", MappingProxyType({step.do: step for step in self.steps}))

    def step(self, do: str) -> Step:
        """The step of that name. Raises KeyError when there is none."""
        return self._by_do[do]

    def has_step(self, do: str) -> bool:
        return do in self._by_do

    def steps_from(self, state: str) -> list[Step]:
        """What can be done in `state`, in the order of the declaration."""
        return [step for step in self.steps if state in step.frm]

    def state_label(self, state: str) -> Any:
        """Words for a state; the code itself for one that was dropped from the declaration after cases stood in it."""
        return self.states.get(state, state)

    def named_effects(self) -> set[str]:
        return set(self.effects).union(*(step.effects for step in self.steps)) if self.steps else set(self.effects)


def workflow(declared: Workflow) -> Workflow:
    """Check a workflow and make it known. Raises BadWorkflow with every fault, ValueError for a kind that is taken."""
    if faults := list(_faults(declared)):
        raise BadWorkflow(declared.kind, faults)
    registry.add(declared)
    return declared


def _faults(w: Workflow) -> Iterator[str]:
    named = {w.start, *w.done}.union(*({*step.frm, step.to} for step in w.steps))
    for state in sorted(named - set(w.states)):
        yield f"state {state!r} is not declared in states"
    if w.start in w.done:
        yield f"a case would be over when it is opened ({w.start!r})"
    if not w.done:
        yield "it has no state in which it is over"
    for do in sorted({step.do for step in w.steps if sum(step.do == other.do for other in w.steps) > 1}):
        yield f"step {do!r} is declared twice; give one step several states in frm"
    for step in w.steps:
        yield from _step_faults(step, w)
    reached = _reached(w)
    for state in sorted(set(w.states) - reached):
        yield f"state {state!r} cannot be reached from {w.start!r}"
    for state in sorted(reached - set(w.done)):
        if not set(w.done) & _reached(w, state):
            yield f"state {state!r} never comes to an end"


def _step_faults(step: Step, w: Workflow) -> Iterator[str]:
    if not step.frm:
        yield f"step {step.do!r} leads from no state"
    if step.do in ("open", "extend", "hand_over"):
        yield f"{step.do!r} is the kernel's own act; call the step otherwise"
    for state in step.frm:
        if state in w.done:
            yield f"step {step.do!r} leads out of {state!r}, in which the case is over"
    noun, _, word = step.verb.partition(".")
    if not (noun.isidentifier() and word.isidentifier()):
        yield f"step {step.do!r} needs a verb like 'case.work', not {step.verb!r}"
    for role in step.needs:
        if not is_proof(role):
            yield f"step {step.do!r} needs {role!r}, which is no registered proof"


def _reached(w: Workflow, start: str = "") -> set[str]:
    """States that can be reached from `start`, itself included."""
    reached, edge = set(), [start or w.start]
    while edge:
        state = edge.pop()
        if state not in reached:
            reached.add(state)
            edge.extend(step.to for step in w.steps if state in step.frm)
    return reached
