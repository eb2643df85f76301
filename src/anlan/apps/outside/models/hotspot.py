"""Hotspots that satellites saw in the county."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from anlan.apps.outside.models.feed import Feed
from anlan.kernel.regions.scope import ScopedManager


class Confidence(models.TextChoices):
    LOW = "low", _("low")
    NOMINAL = "nominal", _("nominal")
    HIGH = "high", _("high")
    UNKNOWN = "", _("not stated")


class Hotspot(models.Model):
    """A pixel in which a satellite saw something hot. It need not be a fire: a person finds out.

    key         the same for the same pixel of the same overpass
    confidence  by the rulebook where the file gives a number, which stands in `stated`
    frp         MW; brightness K; scan and track the size of the pixel in km
    kind        of what is seen again and again: vegetation, volcano, static, offshore; "" not said
    case        the check that a person ordered
    """

    feed = models.ForeignKey(Feed, on_delete=models.PROTECT, related_name="hotspots")
    key = models.CharField(max_length=100)
    at = models.DateTimeField(_("seen by the satellite"))
    lon = models.FloatField()
    lat = models.FloatField()
    region = models.ForeignKey("regions.Region", on_delete=models.PROTECT, related_name="+")
    satellite = models.CharField(_("satellite"), max_length=30)
    instrument = models.CharField(max_length=20, blank=True)
    confidence = models.CharField(max_length=10, choices=Confidence.choices, blank=True)
    stated = models.CharField(max_length=10, blank=True)
    frp = models.FloatField(null=True)
    brightness = models.FloatField(null=True)
    scan = models.FloatField(null=True)
    track = models.FloatField(null=True)
    day = models.BooleanField(null=True)
    kind = models.CharField(max_length=20, blank=True)
    version = models.CharField(max_length=20, blank=True)
    seen_at = models.DateTimeField()
    changed_at = models.DateTimeField()
    case = models.ForeignKey(
        "cases.Case", null=True, blank=True, on_delete=models.PROTECT, related_name="hotspots", db_index=False
    )

    objects = ScopedManager()
    records = models.Manager()

    class Meta:
        base_manager_name = "records"
        default_manager_name = "records"
        ordering = ("-at", "-id")
        verbose_name = _("hotspot")
        verbose_name_plural = _("hotspots")
        constraints = [models.UniqueConstraint(fields=("feed", "key"), name="one_hotspot_a_pixel")]
        indexes = [
            models.Index(fields=("-at",), name="hotspots_by_time"),
            models.Index(fields=("case",), condition=models.Q(case__isnull=False), name="hotspots_of_case"),
        ]

    def __str__(self) -> str:
        return f"{self.satellite} {self.lon:.4f}, {self.lat:.4f}"

    @property
    def power(self) -> str:
        """The radiative power with its unit; ? where the satellite did not say."""
        return "?" if self.frp is None else f"{self.frp:.1f} MW"
