"""How a task runs: given, in hand, checked, done. The clock, its ladder and its extensions are rulebook entries."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from anlan.kernel.cases.declarations import Step, Workflow, workflow
from anlan.kernel.cases.proofs import register_proof

#: What shows that a task was done.
RESULT = "task_result"
register_proof(RESULT, _("Proof of the result"))

#: Rulebook codes of the clocks.
TASK_CLOCK, LETTER_CLOCK = "goals.task", "goals.letter"
APPEAL_CLOCK, DECIDE_CLOCK = "goals.appeal", "goals.decide"

TASK = workflow(
    Workflow(
        kind="goals.task",
        title=_("Task"),
        start="assigned",
        done=("done", "cancelled"),
        open_verb="task.assign",
        clock=TASK_CLOCK,
        prefix="RW",
        page="goals:task",
        states={
            "assigned": _("Given, not taken up"),
            "doing": _("In hand"),
            "checking": _("Submitted, to be checked"),
            "done": _("Done"),
            "cancelled": _("Cancelled"),
        },
        steps=(
            Step(
                do="accept",
                label=_("Take it up"),
                frm=("assigned",),
                to="doing",
                verb="task.report",
                effects=("goals.own_hands",),
            ),
            Step(
                do="submit",
                label=_("Submit for checking"),
                frm=("doing",),
                to="checking",
                verb="task.report",
                needs=(RESULT,),
                needs_note=True,
                note_label=_("What was achieved"),
                clock="pause",
                effects=("goals.own_hands", "goals.submitted"),
            ),
            Step(
                do="close",
                label=_("Confirm it is done"),
                frm=("checking",),
                to="done",
                verb="task.check",
                needs_note=True,
                note_label=_("What was checked"),
            ),
            Step(
                do="send_back",
                label=_("Send back"),
                frm=("checking",),
                to="doing",
                verb="task.check",
                needs_note=True,
                note_label=_("What is missing"),
                clock="resume",
            ),
            Step(
                do="cancel",
                label=_("Cancel the task"),
                frm=("assigned", "doing"),
                to="cancelled",
                verb="task.assign",
                needs_note=True,
                note_label=_("Why it is cancelled"),
            ),
        ),
    )
)
