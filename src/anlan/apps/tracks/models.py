"""Carriers, where they were last, the fences they are held to, and who shares the place of a phone until when.

The positions themselves are readings like any other; here stands what they belong to.
"""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from anlan.formats.coordinates import BD09, GCJ02, WGS84
from anlan.kernel.regions.scope import ScopedManager


class CarrierKind(models.TextChoices):
    VEHICLE = "vehicle", _("Vehicle")
    BOAT = "boat", _("Boat")
    TEAM = "team", _("Team")
    DRONE = "drone", _("Drone")
    PERSON = "person", _("Person")


class System(models.TextChoices):
    """Coordinates in which a receiver gives its place; always said by a person, never guessed."""

    WGS84 = WGS84, _("WGS-84 or CGCS2000")
    GCJ02 = GCJ02, "GCJ-02"
    BD09 = BD09, "BD-09"


class Carrier(models.Model):
    """Something that moves and says where it is: the points that take its position, and what it is called.

    A person's carrier is shown under a right of its own (`track.person`).
    """

    code = models.CharField(_("carrier"), max_length=40, unique=True)
    name = models.CharField(_("name"), max_length=80)
    pinyin = models.CharField(max_length=200, blank=True)
    kind = models.CharField(_("kind"), max_length=10, choices=CarrierKind.choices)
    region = models.ForeignKey("regions.Region", on_delete=models.PROTECT, related_name="+")
    unit_ref = models.CharField(max_length=80, blank=True)  # "team:12": the record that it belongs to
    device = models.ForeignKey("sensing.Device", on_delete=models.PROTECT, related_name="+")
    lat = models.ForeignKey("sensing.Point", on_delete=models.PROTECT, related_name="+")
    lon = models.ForeignKey("sensing.Point", on_delete=models.PROTECT, related_name="+")
    speed = models.ForeignKey("sensing.Point", null=True, on_delete=models.PROTECT, related_name="+")  # km/h
    course = models.ForeignKey("sensing.Point", null=True, on_delete=models.PROTECT, related_name="+")  # degrees
    accuracy = models.ForeignKey("sensing.Point", null=True, on_delete=models.PROTECT, related_name="+")  # m
    system = models.CharField(_("coordinates"), max_length=10, choices=System.choices)
    person = models.OneToOneField(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="carrier"
    )
    enabled = models.BooleanField(_("enabled"), default=True)

    objects = ScopedManager()
    records: models.Manager[Any] = models.Manager()

    class Meta:
        base_manager_name = "records"
        default_manager_name = "records"
        ordering = ("code",)
        verbose_name = _("carrier")
        verbose_name_plural = _("carriers")

    def __str__(self) -> str:
        return f"{self.code} {self.name}"

    @property
    def personal(self) -> bool:
        return self.kind == CarrierKind.PERSON


class Place(models.Model):
    """Where a carrier was last, kept by `follow` from the log: WGS-84, whatever its receiver speaks.

    `t_ms` and what stands with it is the last position that was believed; `seen_ms` the newest of any, with what was
    to be said of it (`science.tracks`: 0 believed, 1 no fix, 2 no place on Earth, 3 a jump).
    """

    carrier = models.OneToOneField(Carrier, on_delete=models.CASCADE, related_name="place")
    t_ms = models.BigIntegerField(default=-1)  # epoch ms; -1: none was believed yet
    lon = models.FloatField(null=True)
    lat = models.FloatField(null=True)
    speed_kmh = models.FloatField(null=True)
    course_deg = models.FloatField(null=True)
    accuracy_m = models.FloatField(null=True)
    seen_ms = models.BigIntegerField(default=-1)
    seen_mark = models.PositiveSmallIntegerField(default=0)
    seen_lon = models.FloatField(null=True)  # of a position that was not believed
    seen_lat = models.FloatField(null=True)
    others = models.JSONField(default=list)  # [t, lon, lat, n]: what speaks for another place, see `science.tracks`

    class Meta:
        indexes = [models.Index(fields=("lon", "lat"), name="places_in_a_box")]


class Followed(models.Model):
    """Up to which record of the reading log places were followed; one row."""

    seq = models.BigIntegerField(default=0)


class FenceKind(models.TextChoices):
    STAY_IN = "stay_in", _("Must stay inside")
    KEEP_OUT = "keep_out", _("Must keep out")


class Fence(models.Model):
    """An area that carriers must not leave or not enter, at all times or between two times of the day."""

    name = models.CharField(_("name"), max_length=80)
    kind = models.CharField(_("kind"), max_length=10, choices=FenceKind.choices)
    region = models.ForeignKey("regions.Region", on_delete=models.PROTECT, related_name="+")
    shape = models.BinaryField(null=True)  # WKB of a polygon or multipolygon, WGS-84; null for a circle
    lon = models.FloatField()  # the middle
    lat = models.FloatField()
    radius_m = models.FloatField(null=True)  # of a circle
    begins = models.TimeField(_("from"), null=True, blank=True)  # in the bureau's zone; null: at all times
    ends = models.TimeField(_("until"), null=True, blank=True)  # before `begins`: over midnight
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    objects = ScopedManager()
    records: models.Manager[Any] = models.Manager()

    class Meta:
        base_manager_name = "records"
        default_manager_name = "records"
        ordering = ("name", "id")
        verbose_name = _("fence")
        verbose_name_plural = _("fences")

    def __str__(self) -> str:
        return self.name


class Watch(models.Model):
    """One carrier held to one fence, by a derived point that says how far it lies beyond what is allowed."""

    fence = models.ForeignKey(Fence, on_delete=models.CASCADE, related_name="watches")
    carrier = models.ForeignKey(Carrier, on_delete=models.CASCADE, related_name="watches")
    derived = models.OneToOneField("sensing.DerivedPoint", on_delete=models.PROTECT, related_name="+")
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("carrier__code", "id")
        constraints = [
            models.UniqueConstraint(
                fields=("fence", "carrier"), condition=models.Q(ended_at=None), name="one_watch_a_fence_and_carrier"
            )
        ]


class Sharing(models.Model):
    """One time of sharing the place of a phone: begun by its person, ended by them or by its hour."""

    carrier = models.ForeignKey(Carrier, on_delete=models.CASCADE, related_name="sharings")
    started_at = models.DateTimeField()
    until = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)  # earlier than `until`, by hand

    class Meta:
        ordering = ("-id",)
        indexes = [models.Index(fields=("carrier", "-until"), name="sharings_of_carrier")]
