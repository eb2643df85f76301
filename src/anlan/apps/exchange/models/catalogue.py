"""What is known about each register beside its declaration: whose it is, how fresh, how good."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class Card(models.Model):
    """One register in the catalogue.

    owner         the department that answers for what stands in it
    promise_days  days within which it is changed or confirmed; None: as the rulebook says
    confirmed_at  somebody looked through it and found nothing to change, which is as good as a change
    activity      changes on each of the 30 days up to `measured_at`, the oldest first
    """

    register = models.CharField(max_length=40, unique=True)
    owner = models.ForeignKey(
        "people.Department", verbose_name=_("owner"), null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    note = models.TextField(_("what it is for"), blank=True, max_length=500)
    promise_days = models.PositiveSmallIntegerField(_("changed or confirmed within"), null=True, blank=True)
    confirmed_at = models.DateTimeField(null=True)
    confirmed_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    measured_at = models.DateTimeField(null=True)
    activity = models.JSONField(default=list)

    class Meta:
        ordering = ("register",)

    def __str__(self) -> str:
        return self.register


class FindingKind(models.TextChoices):
    EMPTY = "empty", _("Empty")
    MISSING = "missing", _("Required and empty")
    INVALID = "invalid", _("Not valid")
    UNPLACED = "unplaced", _("Without place")
    OUTSIDE = "outside", _("Outside of its region")
    DOUBLE = "double", _("Likely double")


class Measure(models.Model):
    """The quality of one register in one town on one day; the last measurement of a day stands for it.

    town    a town, or the region of records that lie in none (those of the county itself)
    score   0 … 100, None without a record
    counts  how many records of which finding: {"empty": {field: n}, "missing": n, "invalid": n, …}
    """

    register = models.CharField(max_length=40)
    town = models.ForeignKey("regions.Region", on_delete=models.CASCADE, related_name="+")
    day = models.DateField()
    records = models.PositiveIntegerField()
    score = models.FloatField(null=True)
    counts = models.JSONField(default=dict)

    class Meta:
        ordering = ("day", "town")
        constraints = [models.UniqueConstraint(fields=("register", "town", "day"), name="one_measure_a_day")]
        indexes = [models.Index(fields=("register", "day"))]


class Finding(models.Model):
    """The records behind a figure of the last measurement, so that it leads to the very rows.

    field  name of the field, "" where a finding has none
    pks    numbers of the records, ascending, as int64 packed with zlib
    """

    register = models.CharField(max_length=40)
    kind = models.CharField(max_length=10, choices=FindingKind.choices)
    field = models.CharField(max_length=60, blank=True)
    count = models.PositiveIntegerField()
    pks = models.BinaryField()

    class Meta:
        ordering = ("register", "kind", "field")
        constraints = [models.UniqueConstraint(fields=("register", "kind", "field"), name="one_finding_a_field")]
