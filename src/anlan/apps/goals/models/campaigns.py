"""Campaigns (专项行动) with their two lists: the problems that were found, and the measures against them."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from anlan.kernel.regions.scope import ScopedManager


class Campaign(models.Model):
    number = models.CharField(_("number"), max_length=30, unique=True)
    title = models.CharField(_("title"), max_length=160)
    basis = models.CharField(_("basis"), max_length=200, blank=True)
    words = models.TextField(_("aim"), blank=True)
    region = models.ForeignKey("regions.Region", on_delete=models.PROTECT, related_name="+")
    unit = models.ForeignKey("people.Department", on_delete=models.PROTECT, related_name="+")
    begins_on = models.DateField(_("begins"))
    ends_on = models.DateField(_("ends"))
    closed_at = models.DateTimeField(null=True)
    conclusion = models.TextField(_("conclusion"), blank=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()

    objects = ScopedManager()
    records = models.Manager()

    class Meta:
        base_manager_name = "records"
        default_manager_name = "records"
        ordering = ("-begins_on", "-id")

    def __str__(self) -> str:
        return self.title


class Sort(models.TextChoices):
    PROBLEM = "problem", _("Problem")
    MEASURE = "measure", _("Measure taken")


class Listed(models.TextChoices):
    OPEN = "open", _("Not begun")
    DOING = "doing", _("In hand")
    DONE = "done", _("Done, to be verified")
    VERIFIED = "verified", _("Verified and closed")


class ListItem(models.Model):
    """One line of one of the two lists; `answers` is the problem that a measure goes against."""

    campaign = models.ForeignKey(Campaign, on_delete=models.CASCADE, related_name="items")
    sort = models.CharField(max_length=10, choices=Sort.choices)
    serial = models.PositiveIntegerField(_("no."))
    title = models.CharField(_("title"), max_length=300)
    region = models.ForeignKey("regions.Region", on_delete=models.PROTECT, related_name="+")
    unit = models.ForeignKey("people.Department", on_delete=models.PROTECT, related_name="+")
    officer = models.CharField(_("officer"), max_length=60, blank=True)
    due_on = models.DateField(_("by"), null=True)
    state = models.CharField(_("state"), max_length=10, choices=Listed.choices, default=Listed.OPEN)
    answers = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="measures")
    result = models.CharField(_("result"), max_length=300, blank=True)
    done_on = models.DateField(_("done on"), null=True)

    class Meta:
        ordering = ("sort", "serial")
        constraints = [models.UniqueConstraint(fields=("campaign", "sort", "serial"), name="one_line_a_serial")]

    def __str__(self) -> str:
        return f"{self.serial} {self.title}"
