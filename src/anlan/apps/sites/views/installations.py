"""Acts on sites that a register has no button for."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from anlan.apps.sites.declarations import MAJOR_HAZARDS
from anlan.apps.sites.services import assessing
from anlan.kernel.people.models import User
from anlan.kernel.registers.views.common import record_or_404
from anlan.kernel.rulebook.queries import NoRule
from anlan.kernel.web import refs


@require_POST
def assess(request: HttpRequest, code: str) -> HttpResponse:
    """Assess a major hazard installation now."""
    record = record_or_404(MAJOR_HAZARDS, request, code)
    assert isinstance(request.user, User)
    try:
        assessing.assess(record, actor=request.user, now=timezone.now())
    except NoRule:
        words = _("The rulebook lacks a table of GB 18218 for today; load the shipped rules or enter the table.")
        messages.error(request, words)
    else:
        messages.success(request, _("Assessed."))
    return redirect(f"{refs.address_of(record)}?tab=assessment")
