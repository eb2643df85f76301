"""What places, cameras, hazard points and stations bring along at start: verbs, rules, checks, tabs, pages."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from anlan.apps.sites import queries, rules, tabs
from anlan.apps.sites.models import CheckList, Patrol
from anlan.apps.sites.services import checks, grading, patrols, spot_checks
from anlan.kernel.audit.words import name_acts
from anlan.kernel.people.rights import may
from anlan.kernel.people.verbs import declare_verb
from anlan.kernel.registers.declarations import register_figures, register_move, register_tabs
from anlan.kernel.registers.pages import register_page
from anlan.kernel.web import refs


def register() -> None:
    """Called once at start, when models and declarations are there."""
    declare_verb("camera.look", _("Look at the live picture of cameras"), kind="see")
    declare_verb("camera.check", _("Draw and answer spot checks of cameras"), kind="act")
    declare_verb("patrol.record", _("Record patrols of hazard points"), kind="act")
    name_acts(
        {
            "camera.access": _("Access to a camera changed"),
            "camera.look": _("Live picture looked at"),
            "camera.snapshot": _("Picture of a camera kept"),
            "camera.draw": _("Spot check of cameras drawn"),
            "camera.state": _("Condition of a camera noted"),
            "patrol.state": _("State of a hazard point noted"),
        }
    )
    rules.register()
    checks.register()
    grading.register()
    for code in queries.POINTS:
        register_figures(f"{code}.next_patrol", functools.partial(_next_patrols, code))
    register_tabs(tabs.tabs_of)
    register_move("patrols", patrols.move)
    register_move("camera checks", spot_checks.move)
    register_page("patrols", _("Patrols of hazard points"), "sites:patrols", "site.see", beside=tuple(queries.POINTS))
    register_page("spot-checks", _("Spot checks of cameras"), "sites:spot_checks", "camera.check", beside=("camera",))
    refs.register_ref(
        CheckList,
        url=lambda row: reverse("sites:spot_check", args=[row.pk]),
        gate=lambda actor, row: may(actor, "camera.check", row.region),
    )
    refs.register_ref(
        Patrol,
        url=lambda row: f"{refs.url_of(row.ref)}?tab=patrols",
        label=lambda row: f"{refs.label_of(row.ref)} · {row.get_finding_display()}",
        gate=lambda actor, row: may(actor, "site.see", row.region),
    )


def _next_patrols(register: str, pks: list[int]) -> Mapping[int, Any]:
    return queries.next_patrols(register, pks, timezone.now())
