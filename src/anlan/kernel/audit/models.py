"""Who did what, when, to what: written with the change, sealed into a hash chain within a second."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class Entry(models.Model):
    """One change of state, or one look at unmasked personal data. Never updated but for the seal."""

    at = models.DateTimeField(_("time"))
    actor_id = models.BigIntegerField(null=True)  # no foreign key: a person may go, the trail stays
    actor_name = models.CharField(_("who"), max_length=80, blank=True)
    verb = models.CharField(_("act"), max_length=60)
    ref = models.CharField(_("subject"), max_length=80, blank=True)
    region_path = models.CharField(max_length=120, blank=True)
    before = models.JSONField(default=dict, blank=True)
    after = models.JSONField(default=dict, blank=True)
    note = models.TextField(blank=True)
    source = models.CharField(_("from"), max_length=60, blank=True)  # address, "engine", "jobs", "console"
    outcome = models.CharField(_("result"), max_length=20, default="done")  # done, refused
    nonce = models.CharField(max_length=32, unique=True)
    seq = models.BigIntegerField(null=True, unique=True)  # place in the chain, given by the sealer
    hash = models.CharField(max_length=64, blank=True)

    class Meta:
        ordering = ("-id",)
        indexes = [models.Index(fields=("ref", "id"))]
        verbose_name = _("audit entry")
        verbose_name_plural = _("audit entries")


class Anchor(models.Model):
    """The head of the chain as it stood at a moment; the same line is appended to a file outside the database."""

    at = models.DateTimeField()
    seq = models.BigIntegerField()
    hash = models.CharField(max_length=64)

    class Meta:
        ordering = ("seq",)
