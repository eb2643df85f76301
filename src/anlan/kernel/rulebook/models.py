"""Rules as dated rows: what decided, since when, by which clause."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class Origin(models.TextChoices):
    SHIPPED = "shipped", _("Shipped")
    BUREAU = "bureau", _("Bureau")


class Entry(models.Model):
    """One version of one rule. Rows are never changed but for `valid_to`; a new version is a new row.

    `kind` groups by shape ("alarm", "clock", "calendar"); `body` is the rule itself, checked by the kind's schema.
    """

    kind = models.CharField(_("kind"), max_length=30)
    code = models.CharField(_("code"), max_length=60)
    version = models.PositiveIntegerField(_("version"))
    region = models.ForeignKey("regions.Region", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    origin = models.CharField(_("origin"), max_length=10, choices=Origin.choices, default=Origin.SHIPPED)
    title = models.CharField(_("title"), max_length=160)
    title_zh = models.CharField(max_length=160, blank=True)
    body = models.JSONField(default=dict)
    standard = models.CharField(_("standard"), max_length=120, blank=True)
    clause = models.CharField(_("clause"), max_length=80, blank=True)
    verified = models.BooleanField(_("verified"), default=False)
    note = models.TextField(blank=True)
    valid_from = models.DateTimeField(_("valid from"))
    valid_to = models.DateTimeField(_("valid to"), null=True, blank=True)
    digest = models.CharField(max_length=64)  # of the shipped text, to see what changed at an upgrade

    class Meta:
        ordering = ("kind", "code", "version")
        constraints = [models.UniqueConstraint(fields=("kind", "code", "version"), name="one_version_each")]
        verbose_name = _("rulebook entry")
        verbose_name_plural = _("rulebook entries")

    def __str__(self) -> str:
        return f"{self.code} v{self.version}"
