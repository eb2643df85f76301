"""Makes enterprises and what hangs on them known to the kernel: checks, effects, figures, tabs, acts and the night."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from anlan.apps.sites import enterprise_queries as queries
from anlan.apps.sites import enterprise_tabs, jobs
from anlan.apps.sites.models import FormerSite
from anlan.apps.sites.services import effects, enterprise_checks, figures
from anlan.kernel.audit.words import name_acts
from anlan.kernel.registers.declarations import (
    register_check,
    register_effect,
    register_figures,
    register_tabs,
)
from anlan.kernel.web import refs


def register() -> None:
    """Called once at start: the names that the declarations use, and what the audit trail calls the acts."""
    for check in (
        enterprise_checks.enterprise, enterprise_checks.licence, enterprise_checks.unit, enterprise_checks.chemical,
        enterprise_checks.major_hazard, enterprise_checks.tailings_pond,
    ):  # fmt: skip
        register_check(f"sites.{check.__name__}", check)
    register_effect("sites.enterprise", effects.enterprise_changed, concerned=queries.with_installations)
    register_effect("sites.unit", effects.unit_changed)
    register_effect("sites.chemical", effects.chemical_changed)
    register_effect("sites.major_hazard", effects.major_hazard_changed)
    register_effect("sites.tailings_pond", effects.tailings_pond_changed)
    register_figures("sites.industry", figures.industry)
    register_figures("sites.licences_ending", figures.licences_ending)
    register_figures("sites.hazard_grades", figures.hazard_grades)
    register_tabs(enterprise_tabs.tabs)
    name_acts(
        {
            "site.compute": _("Computed values written"),
            "hazard.assess": _("Major hazard installation assessed"),
        }
    )
    refs.register_ref(
        FormerSite,
        name="site",
        url=lambda row: refs.url_of(row.ref),
        label=lambda row: refs.label_of(row.ref),
        gate=lambda actor, row: refs.may_see(actor, row.ref),
    )
    jobs.register()
