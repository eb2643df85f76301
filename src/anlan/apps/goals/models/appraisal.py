"""Appraisals: one run of a year's score sheet, what people entered by hand, what was published, who appealed."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from anlan.kernel.regions.scope import ScopedManager


class Phase(models.TextChoices):
    RUNNING = "running", _("Running")
    PUBLISHED = "published", _("Published")
    CLOSED = "closed", _("Closed")


class Appraisal(models.Model):
    """One score sheet of one year, over the towns or the departments of `region`.

    entry  the version of the sheet that is applied from beginning to end, whatever the rulebook says later
    of     "town" or "department"
    """

    code = models.CharField(_("code"), max_length=60, unique=True)
    entry = models.ForeignKey("rulebook.Entry", on_delete=models.PROTECT, related_name="+")
    year = models.PositiveSmallIntegerField(_("year"))
    of = models.CharField(max_length=12)
    region = models.ForeignKey("regions.Region", on_delete=models.PROTECT, related_name="+")
    phase = models.CharField(_("state"), max_length=10, choices=Phase.choices, default=Phase.RUNNING)
    opened_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    opened_at = models.DateTimeField()

    objects = ScopedManager()
    records = models.Manager()

    class Meta:
        base_manager_name = "records"
        default_manager_name = "records"
        ordering = ("-year", "of")

    def __str__(self) -> str:
        return self.code


class Mark(models.Model):
    """What a person entered for one item and one subject: points of a manual item, or a veto.

    subject  "region:990123101" or "department:yjj-whk"
    points   of a manual item, or of an item that an appeal corrected; None for a veto
    lifted   a veto that was taken back: it stays on record and counts no longer
    """

    appraisal = models.ForeignKey(Appraisal, on_delete=models.CASCADE, related_name="marks")
    item = models.CharField(max_length=40)
    subject = models.CharField(max_length=60)
    points = models.DecimalField(_("points"), max_digits=6, decimal_places=2, null=True)
    words = models.CharField(_("reason"), max_length=300)
    lifted = models.BooleanField(default=False)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        ordering = ("item", "subject", "-at")
        constraints = [models.UniqueConstraint(fields=("appraisal", "item", "subject"), name="one_mark_each")]

    def __str__(self) -> str:
        return f"{self.item} {self.subject}"


class Result(models.Model):
    """A publication: everything as it stood, frozen. A corrected one is a further edition; the first one stays."""

    appraisal = models.ForeignKey(Appraisal, on_delete=models.CASCADE, related_name="results")
    edition = models.PositiveSmallIntegerField(_("edition"))
    body = models.JSONField()
    digest = models.CharField(max_length=64)
    note = models.CharField(_("note"), max_length=300, blank=True)
    published_at = models.DateTimeField()
    published_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    appeal_until = models.DateTimeField()

    class Meta:
        ordering = ("-edition",)
        constraints = [models.UniqueConstraint(fields=("appraisal", "edition"), name="one_edition_each")]

    def __str__(self) -> str:
        return f"{self.appraisal} {self.edition}"


class AppealState(models.TextChoices):
    OPEN = "open", _("To be decided")
    UPHELD = "upheld", _("Upheld")
    REJECTED = "rejected", _("Rejected")


class Appeal(models.Model):
    """A subject says that one item of a publication is wrong; `points` are those that the decision gives instead."""

    result = models.ForeignKey(Result, on_delete=models.PROTECT, related_name="appeals")
    region = models.ForeignKey("regions.Region", on_delete=models.PROTECT, related_name="+")
    item = models.CharField(max_length=40)
    subject = models.CharField(max_length=60)
    words = models.TextField(_("reason"))
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    state = models.CharField(_("state"), max_length=10, choices=AppealState.choices, default=AppealState.OPEN)
    points = models.DecimalField(_("points"), max_digits=6, decimal_places=2, null=True)
    decision = models.TextField(_("decision"), blank=True)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    decided_at = models.DateTimeField(null=True)

    objects = ScopedManager()
    records = models.Manager()

    class Meta:
        base_manager_name = "records"
        default_manager_name = "records"
        ordering = ("-at", "-id")

    def __str__(self) -> str:
        return f"{self.subject} {self.item}"
