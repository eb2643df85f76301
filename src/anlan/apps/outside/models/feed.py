"""Sources of outside data, and what their fetches brought."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from anlan.kernel.people.sealed import SealedField
from anlan.kernel.regions.scope import ScopedManager


class Kind(models.TextChoices):
    """What a source gives, and in which form."""

    QUAKEML = "quakeml", _("Earthquakes (QuakeML)")
    FDSN = "fdsn", _("Earthquakes (FDSN text)")
    FIRMS = "firms", _("Fire hotspots (FIRMS CSV)")
    STATIONS = "stations", _("Weather stations (CSV)")


class Feed(models.Model):
    """One address that is fetched again and again. Off until a person switches it on.

    url          http or https; {key} stands for the sealed key, {today}, {yesterday}, {week_ago} for dates in UTC
    region       whose source it is; its people see what it brings
    west … north the box within which something is taken, degrees WGS-84; all four or none
    device       the sender of what stations measure; its points take the values
    layout       what stands where in a file of stations, see `services.layouts`
    attribution  licence and thanks, shown wherever the data is
    etag, modified, digest   marks of the file that was taken last
    fault        code of what was wrong with the last fetch, "" for nothing; `fault_said` what a sentence needs
    """

    name = models.CharField(_("name"), max_length=80)
    kind = models.CharField(_("kind"), max_length=10, choices=Kind.choices)
    url = models.CharField(_("address"), max_length=500)
    key = SealedField(_("key"), length=200, blank=True, default="")
    region = models.ForeignKey("regions.Region", on_delete=models.PROTECT, related_name="+")
    period_s = models.PositiveIntegerField(_("fetched every"), default=300)
    west = models.FloatField(null=True, blank=True)
    south = models.FloatField(null=True, blank=True)
    east = models.FloatField(null=True, blank=True)
    north = models.FloatField(null=True, blank=True)
    device = models.ForeignKey("sensing.Device", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    layout = models.JSONField(default=dict, blank=True)
    attribution = models.CharField(_("licence and attribution"), max_length=300)
    enabled = models.BooleanField(_("on"), default=False)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    etag = models.CharField(max_length=200, blank=True)
    modified = models.CharField(max_length=60, blank=True)
    digest = models.CharField(max_length=64, blank=True)
    fetched_at = models.DateTimeField(null=True, blank=True)  # that it was asked last, whatever came
    good_at = models.DateTimeField(null=True, blank=True)  # that it answered as it should
    next_at = models.DateTimeField(null=True, blank=True)
    failures = models.PositiveIntegerField(default=0)  # in a row
    fault = models.CharField(max_length=20, blank=True)
    fault_said = models.CharField(max_length=300, blank=True)
    told_at = models.DateTimeField(null=True, blank=True)  # that a person was told of the failures

    objects = ScopedManager()
    records = models.Manager()

    class Meta:
        base_manager_name = "records"
        default_manager_name = "records"
        ordering = ("kind", "name", "id")
        verbose_name = _("outside source")
        verbose_name_plural = _("outside sources")
        indexes = [models.Index(fields=("next_at",), condition=models.Q(enabled=True), name="feeds_to_fetch")]

    def __str__(self) -> str:
        return self.name

    @property
    def gives_quakes(self) -> bool:
        return self.kind in (Kind.QUAKEML, Kind.FDSN)

    @property
    def box(self) -> tuple[float, float, float, float] | None:
        """West, south, east, north in degrees; None takes every place."""
        if self.west is None or self.south is None or self.east is None or self.north is None:
            return None
        return self.west, self.south, self.east, self.north


class Fetch(models.Model):
    """A file that was taken, or the beginning of a fault. A file that has not changed leaves no row.

    elsewhere  good rows outside the region or box, or of stations that nobody asked for
    refused    rows that could not be meant; the first of them stand in `rows` as [line, code, what stood there]
    others     names that nobody asked for, the first of them
    """

    feed = models.ForeignKey(Feed, on_delete=models.CASCADE, related_name="fetches")
    at = models.DateTimeField()
    took_ms = models.PositiveIntegerField(default=0)
    size = models.PositiveIntegerField(default=0)  # bytes, unpacked
    fault = models.CharField(max_length=20, blank=True)
    fault_said = models.CharField(max_length=300, blank=True)
    new = models.PositiveIntegerField(default=0)
    changed = models.PositiveIntegerField(default=0)
    same = models.PositiveIntegerField(default=0)
    elsewhere = models.PositiveIntegerField(default=0)
    missing = models.PositiveIntegerField(default=0)
    refused = models.PositiveIntegerField(default=0)
    rows = models.JSONField(default=list)
    others = models.JSONField(default=list)

    class Meta:
        ordering = ("-at", "-id")
        indexes = [models.Index(fields=("feed", "-at"), name="fetches_of_feed")]

    def __str__(self) -> str:
        return f"{self.feed_id} {self.at:%Y-%m-%d %H:%M:%S}"
