"""The workflow by which a unit handles an alarm, and the scenarios that a demo can play."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from anlan.kernel.cases.declarations import Step, Workflow, workflow

#: 处置单: a unit is told, goes, proves with a photo what it did, and the duty desk checks.
#: How long it may take stands in the rulebook ("alarm.handle.1" … "alarm.handle.4" by level); the structure is code.
ALARM_HANDLE = workflow(
    Workflow(
        kind="alarm.handle",
        title=_("Alarm handling"),
        start="assigned",
        done=("closed", "withdrawn"),
        states={
            "assigned": _("Assigned"),
            "working": _("Being handled"),
            "submitted": _("Submitted, to be checked"),
            "returned": _("Sent back"),
            "closed": _("Closed"),
            "withdrawn": _("Withdrawn"),
        },
        steps=(
            Step(do="accept", label=_("Accept"), frm=("assigned",), to="working", verb="case.work", takes=True),
            Step(
                do="submit",
                label=_("Submit for checking"),
                frm=("working", "returned"),
                to="submitted",
                verb="case.work",
                needs=("photo_after",),
                takes=True,
            ),
            Step(
                do="send_back",
                label=_("Send back"),
                frm=("submitted",),
                to="returned",
                verb="case.check",
                needs_note=True,
                note_label=_("What is missing"),
            ),
            Step(
                do="close",
                label=_("Close"),
                frm=("submitted",),
                to="closed",
                verb="case.check",
                needs_note=True,
                note_label=_("What was checked"),
                effects=("alarms.settle",),
            ),
            Step(
                do="reassign",
                label=_("Give to another unit"),
                frm=("assigned", "working", "returned"),
                to="assigned",
                verb="case.assign",
                names_unit=True,
            ),
            Step(
                do="withdraw",
                label=_("Withdraw"),
                frm=("assigned", "working", "returned"),
                to="withdrawn",
                verb="case.assign",
                needs_note=True,
                note_label=_("Why it is withdrawn"),
                effects=("alarms.release",),
            ),
        ),
    )
)


@dataclass(frozen=True, slots=True)
class Scenario:
    """Something that the simulator can play: readings that follow a script, through the real door.

    duration_s  seconds from the start to its quiet end
    expect      what a person then sees at a desk, and how it ends
    place       where on the map to look, in words
    """

    code: str
    title: Any
    text: Any
    duration_s: int
    place: str = ""
    expect: Any = ""


_scenarios: dict[str, Scenario] = {}


def declare_scenario(scenario: Scenario) -> Scenario:
    """Offer a scenario; called at start by the demo. Raises ValueError for a code that another one has."""
    known = _scenarios.setdefault(scenario.code, scenario)
    if known != scenario:
        raise ValueError(f"scenario {scenario.code!r} is declared twice")
    return scenario


def scenarios() -> list[Scenario]:
    """All scenarios, in the order of their declaration."""
    return list(_scenarios.values())


def scenario(code: str) -> Scenario | None:
    return _scenarios.get(code)
