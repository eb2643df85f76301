"""What the rules room tells the rooms below at start."""

from __future__ import annotations

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from anlan.kernel.audit.words import name_acts
from anlan.kernel.people.rights import may
from anlan.kernel.people.verbs import declare_verb
from anlan.kernel.sensing.models import RuleChange
from anlan.kernel.sensing.ruling.services import APPROVE, PROPOSE
from anlan.kernel.web.refs import register_ref


def register() -> None:
    declare_verb(PROPOSE, _("Propose changes of alarm rules"))
    declare_verb(APPROVE, _("Put alarm rules in force, or reject them"))
    name_acts(
        {
            PROPOSE: _("Alarm rule proposed"),
            APPROVE: _("Alarm rule put in force"),
            "rule.reject": _("Alarm rule rejected"),
            "rule.withdraw": _("Proposal of an alarm rule withdrawn"),
        }
    )
    register_ref(
        RuleChange,
        name="rulechange",
        url=lambda change: reverse("sensing:rule_change", args=[change.pk]),
        label=lambda change: f"{change.code} {change.title}",
        gate=lambda actor, change: may(actor, "rulebook.see", change.region),
    )
