"""Projects: period, stages, budget and spending, acceptance."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from anlan.kernel.regions.scope import ScopedManager


class Standing(models.TextChoices):
    PLANNED = "planned", _("Planned")
    RUNNING = "running", _("Under way")
    FINISHED = "finished", _("Finished, to be accepted")
    ACCEPTED = "accepted", _("Accepted")
    STOPPED = "stopped", _("Halted")


class Project(models.Model):
    """Amounts are in yuan."""

    number = models.CharField(_("number"), max_length=30, unique=True)
    title = models.CharField(_("title"), max_length=160)
    words = models.TextField(_("what is built"), blank=True)
    basis = models.CharField(_("basis"), max_length=200, blank=True)
    region = models.ForeignKey("regions.Region", on_delete=models.PROTECT, related_name="+")
    unit = models.ForeignKey("people.Department", on_delete=models.PROTECT, related_name="+")
    lead = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    begins_on = models.DateField(_("begins"))
    ends_on = models.DateField(_("ends"))
    budget = models.DecimalField(_("budget (yuan)"), max_digits=14, decimal_places=2)
    money_from = models.CharField(_("money from"), max_length=120, blank=True)
    state = models.CharField(_("state"), max_length=10, choices=Standing.choices, default=Standing.PLANNED)
    finished_on = models.DateField(_("finished on"), null=True)
    accepted_on = models.DateField(_("accepted on"), null=True)
    accepted_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    conclusion = models.TextField(_("conclusion"), blank=True)
    created_at = models.DateTimeField()

    objects = ScopedManager()
    records = models.Manager()

    class Meta:
        base_manager_name = "records"
        default_manager_name = "records"
        ordering = ("-begins_on", "-id")
        constraints = [
            models.CheckConstraint(condition=Q(budget__gt=0), name="a_project_has_a_budget"),
            models.CheckConstraint(
                condition=Q(ends_on__gte=models.F("begins_on")), name="a_project_ends_after_it_began"
            ),
        ]

    def __str__(self) -> str:
        return self.title


class Stage(models.Model):
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="stages")
    title = models.CharField(_("stage"), max_length=160)
    due_on = models.DateField(_("by"))
    done_on = models.DateField(_("done on"), null=True)
    words = models.CharField(_("result"), max_length=300, blank=True)

    class Meta:
        ordering = ("due_on", "id")

    def __str__(self) -> str:
        return self.title


class Spending(models.Model):
    """Money that left for a project; a wrong line is answered by one of the opposite sign, never struck out."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="spendings")
    on = models.DateField(_("paid on"))
    amount = models.DecimalField(_("amount (yuan)"), max_digits=14, decimal_places=2)
    words = models.CharField(_("for what"), max_length=200)
    voucher = models.CharField(_("voucher"), max_length=60)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        ordering = ("on", "id")
        constraints = [
            models.CheckConstraint(condition=~Q(amount=0), name="a_spending_is_not_nothing"),
            models.UniqueConstraint(fields=("project", "voucher"), name="a_voucher_stands_once_a_project"),
        ]

    def __str__(self) -> str:
        return f"{self.on} {self.amount}"
