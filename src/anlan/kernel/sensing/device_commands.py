"""What the rulebook says of commands to devices: how long they wait, how often they are sent; and that in words."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from anlan.kernel.regions.models import Region
from anlan.kernel.rulebook.models import Entry
from anlan.kernel.rulebook.queries import lookup
from anlan.kernel.rulebook.schemas import UNITS, register_schema
from anlan.kernel.rulebook.wording import KIND_LABELS, Field, register_wording, span

VERB = "device.command"
RULE_KIND, RULE = "device_command", "CMD-01"
#: Fields of the entry and the most that each may be: a week, an hour, ten times, a day, a year, a hundred.
FIELDS: Mapping[str, int] = {
    "wait_h": 168,
    "answer_s": 3_600,
    "most_tries": 10,
    "result_s": 86_400,
    "most_days": 366,
    "most_open": 100,
}


def register() -> None:
    """Called once at start."""
    register_schema(RULE_KIND, faults_of)
    register_wording(RULE_KIND, lines)
    KIND_LABELS.setdefault(RULE_KIND, gettext_lazy("Commands to devices"))


def rule(at: datetime, region: Region) -> Entry:
    """The entry that decides at a moment and a place. Raises NoRule."""
    return lookup(RULE_KIND, RULE, at=at, region=region)


def faults_of(body: Mapping[str, Any]) -> list[str]:
    """What is wrong with an entry of this kind."""
    return [
        f"{name} is a whole number from 1 to {most}"
        for name, most in FIELDS.items()
        if isinstance(body.get(name), bool) or not isinstance(body.get(name), int) or not 1 <= body[name] <= most
    ]


def lines(body: Mapping[str, Any]) -> list[Field]:
    """An entry in words."""
    return [
        Field(_("A command waits for a device that is not connected"), span(body["wait_h"] * UNITS["hours"])),
        Field(_("Sent again without an answer after"), span(body["answer_s"])),
        Field(_("Sent so often in all"), str(body["most_tries"])),
        Field(_("Taken up and no further sign: no answer after"), span(body["result_s"])),
        Field(_("Old data asked for at once"), span(body["most_days"] * UNITS["days"])),
        Field(_("Open commands of one device at most"), str(body["most_open"])),
    ]
