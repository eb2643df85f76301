"""Work that someone must finish, step by step, before a clock runs out."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from anlan.kernel.regions.scope import ScopedManager

#: Ends of a case in which nothing was done: nobody was late with it, and it answers nothing.
UNDONE = ("withdrawn", "rejected", "cancelled")


class Case(models.Model):
    """One run of a declared workflow. Domain rows hang on it one-to-one."""

    number = models.CharField(_("number"), max_length=40, unique=True)
    kind = models.CharField(max_length=60)  # the workflow: "alarm.handle"
    state = models.CharField(max_length=40)
    title = models.CharField(_("title"), max_length=200)
    level = models.PositiveSmallIntegerField(null=True)
    region = models.ForeignKey("regions.Region", on_delete=models.PROTECT, related_name="cases")
    chain = models.ForeignKey("chains.Chain", on_delete=models.PROTECT, related_name="cases")
    unit = models.ForeignKey(  # the department whose move it is
        "people.Department", null=True, blank=True, on_delete=models.PROTECT, related_name="cases"
    )
    assignee = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="cases"
    )
    exercise = models.BooleanField(default=False)
    opened_at = models.DateTimeField()
    opened_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    due = models.DateTimeField(null=True, blank=True)  # copy of its clock's due, for lists
    closed_at = models.DateTimeField(null=True, blank=True)
    revision = models.PositiveIntegerField(default=0)  # raised by each step; a stale page is refused

    objects = ScopedManager()
    records = models.Manager()

    class Meta:
        base_manager_name = "records"
        default_manager_name = "records"
        ordering = ("due", "id")
        indexes = [
            models.Index(fields=("closed_at", "unit", "due")),
            models.Index(fields=("closed_at", "due")),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.title}"


class Trail(models.Model):
    """One step taken: who, when, from which state to which, with what words."""

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="trail")
    at = models.DateTimeField()
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    do = models.CharField(max_length=40)
    frm = models.CharField(max_length=40, blank=True)
    to = models.CharField(max_length=40)
    note = models.TextField(blank=True)
    data = models.JSONField(default=dict, blank=True)

    class Meta:
        ordering = ("at", "id")
