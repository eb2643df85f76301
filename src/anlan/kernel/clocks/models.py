"""Deadlines of anything, one row each, scanned by one job."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class Calendar(models.TextChoices):
    NATURAL = "natural", _("Calendar time")
    WORKING = "working", _("Working time")


class Clock(models.Model):
    """Time allowed for `ref` by a rulebook entry. Running while `stopped_at` is empty."""

    ref = models.CharField(max_length=80, db_index=True)
    code = models.CharField(_("clock"), max_length=60)  # rulebook code, kind "clock"
    entry = models.ForeignKey("rulebook.Entry", on_delete=models.PROTECT, related_name="+")
    region = models.ForeignKey("regions.Region", on_delete=models.PROTECT, related_name="+")
    chain_id = models.BigIntegerField(null=True, db_index=True)
    exercise = models.BooleanField(default=False)
    calendar = models.CharField(max_length=10, choices=Calendar.choices, default=Calendar.NATURAL)
    started_at = models.DateTimeField()
    due = models.DateTimeField(_("due"))
    original_due = models.DateTimeField()
    paused_at = models.DateTimeField(null=True, blank=True)
    paused_s = models.PositiveBigIntegerField(default=0)  # seconds paused so far
    next_at = models.DateTimeField(null=True, blank=True, db_index=True)  # when the ladder speaks next; null: never
    rung = models.PositiveSmallIntegerField(default=0)  # rungs of the ladder already spoken
    stopped_at = models.DateTimeField(null=True, blank=True)
    extensions = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ("due", "id")
        indexes = [models.Index(fields=("ref", "code"))]
