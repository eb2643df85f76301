"""Major hazard installations and every assessment that was made of them."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from anlan.apps.sites.models.enterprises import Enterprise
from anlan.kernel.people.sealed import SealedField
from anlan.kernel.registers.fields import LevelField
from anlan.kernel.registers.models import Record


class InstallationKind(models.TextChoices):
    PRODUCTION = "production", _("Production unit")
    STORAGE = "storage", _("Storage unit")


class Standing(models.TextChoices):
    """What the last assessment found; the outcomes of the science room."""

    GRADED = "graded", _("Major hazard, graded")
    NOT_MAJOR = "not_major", _("No major hazard (S below 1)")
    UNKNOWN = "unknown", _("Cannot be said yet")


class MajorHazard(Record):
    """A unit in the sense of GB 18218 that is, or may be, a major hazard installation.

    surveyed_people   residents within 500 m of the plant boundary as somebody counted them; wins over the census
    filed_level       the grade in the filing with the bureau; differences from the computed one are shown
    s … level         of the last assessment; computed
    """

    enterprise = models.ForeignKey(
        Enterprise, verbose_name=_("enterprise"), on_delete=models.PROTECT, related_name="installations"
    )
    kind = models.CharField(_("kind"), max_length=12, choices=InstallationKind.choices)
    level = LevelField(_("computed grade"), null=True, blank=True, editable=False)
    standing = models.CharField(
        _("result of the assessment"), max_length=10, choices=Standing.choices, blank=True, editable=False
    )
    s = models.FloatField(_("S"), null=True, blank=True, editable=False)
    r = models.FloatField(_("R"), null=True, blank=True, editable=False)
    alpha = models.FloatField(_("α"), null=True, blank=True, editable=False)
    people = models.PositiveIntegerField(_("people within 500 m"), null=True, blank=True, editable=False)
    assessed_at = models.DateTimeField(_("assessed"), null=True, blank=True, editable=False)
    surveyed_people = models.PositiveIntegerField(_("surveyed people within 500 m"), null=True, blank=True)
    surveyed_on = models.DateField(_("day of the survey"), null=True, blank=True)
    filed_level = LevelField(_("filed grade"), null=True, blank=True)
    filing_number = models.CharField(_("filing number"), max_length=60, blank=True)
    filed_on = models.DateField(_("filed"), null=True, blank=True)
    filed_until = models.DateField(_("filing ends"), null=True, blank=True)
    differs = models.BooleanField(_("differs from the filing"), default=False, editable=False)
    evaluated_on = models.DateField(_("last safety evaluation"), null=True, blank=True)
    principal = models.CharField(_("principal person responsible"), max_length=60, blank=True)
    principal_phone = SealedField(_("phone of the principal person"), length=30, blank=True)
    technical = models.CharField(_("technical person responsible"), max_length=60, blank=True)
    technical_phone = SealedField(_("phone of the technical person"), length=30, blank=True)
    operator = models.CharField(_("operating person responsible"), max_length=60, blank=True)
    operator_phone = SealedField(_("phone of the operating person"), length=30, blank=True)
    online = models.BooleanField(_("monitored online"), default=False)

    class Meta(Record.Meta):
        verbose_name = _("major hazard installation")
        verbose_name_plural = _("major hazard installations")


class Cause(models.TextChoices):
    """Why an assessment was made."""

    CHANGE = "change", _("Something it stands on changed")
    NIGHT = "night", _("Nightly look")
    ASKED = "asked", _("Asked for")


class Assessment(models.Model):
    """One assessment with all that went into it. Never changed or deleted.

    terms    each stock: name, q, Q with table and row, β with table and row, its shares, what is missing
    people   {number, source, as_of, why}: why it is not known, where it is not
    rules    id of each rulebook entry used → [code, version, source, clause, verified]
    digest   of all inputs and results; the next assessment is kept only when it differs, or when a person asks
    """

    installation = models.ForeignKey(MajorHazard, on_delete=models.PROTECT, related_name="assessments")
    at = models.DateTimeField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    cause = models.CharField(max_length=8, choices=Cause.choices)
    standing = models.CharField(max_length=10, choices=Standing.choices)
    s = models.FloatField(null=True)
    s_known = models.FloatField()
    r = models.FloatField(null=True)
    r_least = models.FloatField(null=True)
    r_most = models.FloatField(null=True)
    alpha = models.FloatField(null=True)
    level = models.PositiveSmallIntegerField(null=True)
    levels = models.JSONField(default=list)
    people = models.JSONField(default=dict)
    terms = models.JSONField(default=list)
    rules = models.JSONField(default=dict)
    digest = models.CharField(max_length=64)

    class Meta:
        ordering = ("-id",)

    def __str__(self) -> str:
        return f"{self.installation} {self.at:%Y-%m-%d}"
