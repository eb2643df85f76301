"""What the life of alarms tells the rooms below it at start: its verb, the words of its acts, its rules, its ticks."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from anlan.kernel.audit.words import name_acts
from anlan.kernel.jobs import ticks
from anlan.kernel.people.verbs import declare_verb
from anlan.kernel.rulebook.schemas import register_schema
from anlan.kernel.rulebook.wording import KIND_LABELS, register_wording
from anlan.kernel.sensing import alarm_life, chattering, shelving


def register() -> None:
    declare_verb(shelving.VERB, _("Shelve alarms, confirm and end a shelving"))
    name_acts(
        {
            "alarm.shelve_ask": _("Shelving asked for"),
            "alarm.shelve": _("Alarm shelved"),
            "alarm.shelve_refuse": _("Shelving refused"),
            "alarm.shelve_lapse": _("Shelving lapsed: nobody confirmed it"),
            "alarm.unshelve": _("Shelving ended"),
        }
    )
    register_schema(alarm_life.KIND, alarm_life.faults_of)
    register_wording(alarm_life.KIND, alarm_life.lines_of)
    KIND_LABELS.setdefault(alarm_life.KIND, _("Life of alarms"))
    ticks.register_tick("alarms.shelving", shelving.keep, every_s=1)
    ticks.register_tick("alarms.chattering", chattering.settle, every_s=5)
