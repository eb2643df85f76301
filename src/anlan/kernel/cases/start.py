"""Cases at start: their verbs, names of their rows, timeline source, clock ladder, and what keeps a chain open."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from anlan.kernel.audit.words import name_acts
from anlan.kernel.cases import sources, telling
from anlan.kernel.cases.models import Case
from anlan.kernel.chains import timeline
from anlan.kernel.chains.models import Chain
from anlan.kernel.chains.services import register_open_part
from anlan.kernel.clocks.services import on_rung
from anlan.kernel.people.rights import may
from anlan.kernel.people.verbs import declare_verb
from anlan.kernel.web.refs import register_ref


def register() -> None:
    declare_verb("case.see", _("See cases"), kind="see")
    declare_verb("case.open", _("Open a case"))
    declare_verb("case.assign", _("Give a case to another unit, or withdraw it"))
    declare_verb("case.work", _("Work on a case"))
    declare_verb("case.check", _("Check the work on a case"))
    declare_verb("case.extend", _("Give a case more time"))
    name_acts(
        {
            "case.open": _("Case opened"),
            "case.accept": _("Case taken up"),
            "case.submit": _("Case submitted for checking"),
            "case.send_back": _("Case sent back"),
            "case.close": _("Case closed"),
            "case.withdraw": _("Case withdrawn"),
            "case.reassign": _("Case given to another unit"),
            "case.extend": _("Clock of a case extended"),
            "case.hand_over": _("Case handed over to another person"),
            "chain.open": _("Chain opened"),
            "chain.close": _("Chain closed"),
            "chain.merge": _("Chains merged"),
        }
    )
    register_ref(Case, url=telling.url_of, gate=_may_see)
    timeline.register_source("cases", sources.of_chain)
    register_open_part("cases", _has_open_case)
    on_rung("", telling.of_rung, subject="case")


def _may_see(actor: Any, case: Case) -> bool:
    return may(actor, "case.see", case.region)


def _has_open_case(chain: Chain) -> bool:
    return bool(Case.records.filter(chain=chain, closed_at=None).exists())
