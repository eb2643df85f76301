"""Every declared workflow by its kind."""

from __future__ import annotations

from typing import TYPE_CHECKING

from anlan.kernel.cases import effects

if TYPE_CHECKING:
    from anlan.kernel.cases.declarations import Workflow

#: Where cases of every kind can be worked on.
DESK_PAGE = "desks:case"

_workflows: dict[str, Workflow] = {}


def add(workflow: Workflow) -> None:
    known = _workflows.setdefault(workflow.kind, workflow)
    if known is not workflow and known != workflow:
        raise ValueError(f"two workflows are called {workflow.kind!r}")


def get(kind: str) -> Workflow:
    """The workflow of a case. Raises LookupError when no installed room declares it."""
    try:
        return _workflows[kind]
    except KeyError:
        raise LookupError(f"no installed room declares the workflow {kind!r}") from None


def page_of(kind: str) -> str:
    """Name of the address at which cases of a kind are shown, with the number as its argument."""
    found = _workflows.get(kind)
    return found.page if found is not None and found.page else DESK_PAGE


def all_workflows() -> list[Workflow]:
    return list(_workflows.values())


def check() -> None:
    """Every effect that a declaration names is registered; called once when all rooms have started.

    Raises LookupError naming each workflow with what it lacks.
    """
    lacking = [
        f"{workflow.kind}: {name}"
        for workflow in _workflows.values()
        for name in sorted(workflow.named_effects())
        if not effects.is_registered(name)
    ]
    if lacking:
        raise LookupError("no room registered these effects: " + ", ".join(lacking))
