"""Photos, files and signatures: stored once by content, hung on what they prove."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class Blob(models.Model):
    """One content, kept under its SHA-256. `lon`/`lat` from the photo's own metadata are personal data."""

    sha256 = models.CharField(max_length=64, unique=True)
    size = models.PositiveBigIntegerField()
    mime = models.CharField(max_length=100)
    width = models.PositiveIntegerField(null=True)
    height = models.PositiveIntegerField(null=True)
    taken_at = models.DateTimeField(null=True)
    lon = models.FloatField(null=True)
    lat = models.FloatField(null=True)
    created_at = models.DateTimeField()

    @property
    def is_image(self) -> bool:
        """Has a copy for showing and a small one."""
        return self.mime.startswith("image/")


class Evidence(models.Model):
    """A blob as proof of something: `ref` names the subject ("case:12"), `role` what it shows ("photo_after")."""

    blob = models.ForeignKey(Blob, on_delete=models.PROTECT, related_name="uses")
    ref = models.CharField(max_length=80, db_index=True)
    role = models.CharField(_("proof of"), max_length=40)
    name = models.CharField(_("file name"), max_length=200)
    note = models.CharField(max_length=200, blank=True)
    region = models.ForeignKey("regions.Region", on_delete=models.PROTECT)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        ordering = ("at", "id")
        indexes = [models.Index(fields=("by", "at"))]  # the day's quota of a person

    def __str__(self) -> str:
        return self.name
