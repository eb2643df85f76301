"""The queue on the system desk: what waits, what was put aside, and running it again."""

from __future__ import annotations

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from anlan.kernel.jobs import services
from anlan.kernel.jobs.models import Job
from anlan.kernel.people.desk import DeskAdmin
from anlan.kernel.people.models import User


class JobAdmin(DeskAdmin):
    see = act = "jobs.manage"
    list_display = ("name", "state", "run_at", "attempts", "error", "done_at")
    list_filter = ("state",)
    search_fields = ("name", "error")
    ordering = ("-id",)
    actions = ("again",)

    @admin.action(description=gettext_lazy("Run again what was put aside"))
    def again(self, request: HttpRequest, chosen: QuerySet[Job]) -> None:
        assert isinstance(request.user, User)
        now = timezone.now()
        n = sum(services.try_again(job, actor=request.user, now=now) for job in chosen)
        if n:
            messages.success(request, ngettext("%(n)s job will run again.", "%(n)s jobs will run again.", n) % {"n": n})
        else:
            messages.warning(request, _("None of them was put aside."))


def register() -> None:
    """Called once at start."""
    if not admin.site.is_registered(Job):
        admin.site.register(Job, JobAdmin)
