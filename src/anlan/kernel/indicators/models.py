"""Yearly figures that people enter, what was measured, what is aimed at, and when it was measured."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from anlan.kernel.indicators.asking import State
from anlan.kernel.regions.scope import ScopedManager


class Figure(models.Model):
    """One number of one region and year as somebody entered it, once. What it was before stands in the audit trail.

    upto    last day that it counts; None: the whole year
    source  where it comes from, in words
    """

    #: A number of a place that was merged is not one of the place that it lies in now.
    stays_with_place = True

    input = models.CharField(_("figure"), max_length=40)
    region = models.ForeignKey("regions.Region", verbose_name=_("region"), on_delete=models.PROTECT, related_name="+")
    year = models.PositiveSmallIntegerField(_("year"))
    value = models.FloatField(_("value"))
    upto = models.DateField(_("counts up to"), null=True, blank=True)
    source = models.CharField(_("where it comes from"), max_length=200, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    objects = ScopedManager()
    records = models.Manager()

    class Meta:
        base_manager_name = default_manager_name = "records"
        ordering = ("input", "region__code", "year")
        constraints = [models.UniqueConstraint(fields=("input", "year", "region"), name="one_figure_a_region_and_year")]
        verbose_name = _("yearly figure")
        verbose_name_plural = _("yearly figures")

    def __str__(self) -> str:
        return f"{self.input} {self.region} {self.year}"


class Measurement(models.Model):
    """What an indicator was in a region and year as of `at`. A new row only when something differs; never changed but
    for `latest`, which the newest of them has.

    reason   why it could not be measured: {input, year, known, of}
    inputs   key of each input → its value then; "key~" what it comes to at the year's end
    version  of the definition
    digest   of state, value, reason, inputs and version
    """

    stays_with_place = True

    indicator = models.CharField(max_length=20)
    region = models.ForeignKey("regions.Region", on_delete=models.PROTECT, related_name="+", db_index=False)
    year = models.PositiveSmallIntegerField()
    value = models.FloatField(null=True)
    state = models.CharField(max_length=10, choices=[(one.value, one.value) for one in State])
    reason = models.JSONField(default=dict)
    inputs = models.JSONField(default=dict)
    version = models.PositiveSmallIntegerField(default=1)
    at = models.DateTimeField()
    latest = models.BooleanField(default=True)
    digest = models.CharField(max_length=16)

    objects = ScopedManager()
    records = models.Manager()

    class Meta:
        base_manager_name = default_manager_name = "records"
        ordering = ("-id",)
        constraints = [
            models.UniqueConstraint(
                fields=("region", "year", "indicator"), condition=Q(latest=True), name="one_latest_measurement"
            )
        ]
        indexes = [
            models.Index(fields=("indicator", "region", "year", "id"), name="measurements_in_order"),
            # A night reads the newest of one indicator among many that are over.
            models.Index(fields=("indicator", "year"), condition=Q(latest=True), name="latest_measurements"),
        ]

    def __str__(self) -> str:
        return f"{self.indicator} {self.year}: {self.value}"


class Comparator(models.TextChoices):
    AT_LEAST = "ge", _("at least")
    MORE = "gt", _("more than")
    AT_MOST = "le", _("at most")
    LESS = "lt", _("less than")
    EXACTLY = "eq", _("exactly")


class Target(models.Model):
    """What an indicator is to be in a region and year. Setting another ends this one; none is changed or deleted.

    below             holds for each place inside the region too, where that has no target of its own
    standard, clause  what set it
    """

    stays_with_place = True

    indicator = models.CharField(max_length=20)
    region = models.ForeignKey("regions.Region", verbose_name=_("region"), on_delete=models.PROTECT, related_name="+")
    year = models.PositiveSmallIntegerField(_("year"))
    comparator = models.CharField(_("is to be"), max_length=2, choices=Comparator.choices)
    value = models.FloatField(_("value"))
    below = models.BooleanField(_("for each place inside too"), default=False)
    words = models.CharField(_("remark"), max_length=200, blank=True)
    standard = models.CharField(_("document"), max_length=120, blank=True)
    clause = models.CharField(_("clause"), max_length=80, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    objects = ScopedManager()
    records = models.Manager()

    class Meta:
        base_manager_name = default_manager_name = "records"
        ordering = ("indicator", "year", "region__code", "-id")
        constraints = [
            models.UniqueConstraint(
                fields=("indicator", "region", "year"), condition=Q(ended_at=None), name="one_target_in_force"
            )
        ]
        verbose_name = _("target")
        verbose_name_plural = _("targets")

    def __str__(self) -> str:
        return f"{self.indicator} {self.year} {self.comparator} {self.value}"


class Run(models.Model):
    """One measuring: which indicators (all when empty), how many numbers, how many differed, how long it took."""

    at = models.DateTimeField()
    codes = models.JSONField(default=list)
    first_year = models.PositiveSmallIntegerField()
    last_year = models.PositiveSmallIntegerField()
    cells = models.PositiveIntegerField()
    changed = models.PositiveIntegerField()
    seconds = models.FloatField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ("-id",)
