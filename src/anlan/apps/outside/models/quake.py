"""Earthquakes that catalogues told of, and everything each catalogue said of them."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from anlan.apps.outside.models.feed import Feed


class Quake(models.Model):
    """An event of one catalogue as that says it now; what it does not say is None or "".

    depth_m      metres, as stated
    depth_doubt  the stated depth looks like kilometres written as metres
    mode         automatic or manual; status: preliminary, confirmed, reviewed, final, rejected
    updated      when the catalogue says it changed it last
    county_km    from the nearest place of the source's region, 0 inside; None where that has no boundary
    town, town_km  the nearest seat of a town
    told_at      that the duty desk was told, with the magnitude then; told_off that it was told of the rejection
    """

    feed = models.ForeignKey(Feed, on_delete=models.PROTECT, related_name="quakes")
    public_id = models.CharField(max_length=250)
    type = models.CharField(max_length=60, blank=True)
    at = models.DateTimeField(_("time of origin"))
    lon = models.FloatField()
    lat = models.FloatField()
    depth_m = models.FloatField(null=True)
    depth_doubt = models.BooleanField(default=False)
    magnitude = models.FloatField(null=True)
    magnitude_type = models.CharField(max_length=20, blank=True)
    place = models.CharField(max_length=200, blank=True)
    agency = models.CharField(max_length=60, blank=True)
    mode = models.CharField(max_length=20, blank=True)
    status = models.CharField(max_length=20, blank=True)
    updated = models.DateTimeField(null=True)
    revision = models.PositiveIntegerField(default=1)
    seen_at = models.DateTimeField()
    changed_at = models.DateTimeField()
    county_km = models.FloatField(null=True)
    town = models.CharField(max_length=60, blank=True)
    town_km = models.FloatField(null=True)
    told_at = models.DateTimeField(null=True)
    told_magnitude = models.FloatField(null=True)
    told_off = models.DateTimeField(null=True)

    class Meta:
        ordering = ("-at", "-id")
        verbose_name = _("earthquake")
        verbose_name_plural = _("earthquakes")
        constraints = [models.UniqueConstraint(fields=("feed", "public_id"), name="one_quake_a_public_id")]
        indexes = [
            models.Index(fields=("-at",), name="quakes_by_time"),
            models.Index(fields=("told_at",), condition=models.Q(told_at__isnull=False), name="quakes_told"),
        ]

    def __str__(self) -> str:
        size = "M ?" if self.magnitude is None else f"M {self.magnitude:.1f}"
        return f"{size} {self.place or self.public_id[:60]}"

    @property
    def is_rejected(self) -> bool:
        """The catalogue says that there was no such earthquake."""
        return self.status == "rejected" or self.type == "not existing"


class Revision(models.Model):
    """What a catalogue said of an event at one time. `body` holds the fields of `Quake` that it says.

    number   in the order of coming; `current` of them is the one that the quake shows
    updated  when the catalogue says it made it; one that comes late is kept and shows nothing
    """

    quake = models.ForeignKey(Quake, on_delete=models.CASCADE, related_name="revisions")
    number = models.PositiveIntegerField()
    body = models.JSONField()
    updated = models.DateTimeField(null=True)
    seen_at = models.DateTimeField()
    late = models.BooleanField(default=False)

    class Meta:
        ordering = ("number",)
        constraints = [models.UniqueConstraint(fields=("quake", "number"), name="one_revision_a_number")]

    def __str__(self) -> str:
        return f"{self.quake_id} · {self.number}"
