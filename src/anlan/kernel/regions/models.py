"""The tree of places after GB/T 2260: province … county, town, village, grid."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class Level(models.TextChoices):
    PROVINCE = "province", _("Province")
    CITY = "city", _("City")
    COUNTY = "county", _("County")
    TOWN = "town", _("Town")
    VILLAGE = "village", _("Village")
    GRID = "grid", _("Grid")


class InForce(models.Manager["Region"]):
    """Places that exist today; those that were merged into another are left out."""

    def get_queryset(self) -> models.QuerySet[Region]:
        return super().get_queryset().filter(valid_until=None)


class Region(models.Model):
    """One place. `path` is "/99/9901/990123/990123101/": a prefix test answers "inside".

    valid_from   first day of the present code and name; None: as long as anybody knows
    valid_until  the day on which it was merged into `successor`; None for a place that exists
    """

    code = models.CharField(_("code"), max_length=20, unique=True)
    name = models.CharField(_("name"), max_length=80)
    pinyin = models.CharField(max_length=200, blank=True)  # "canglang zhen|clz": full and initials
    level = models.CharField(_("level"), max_length=10, choices=Level.choices)
    parent = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="children")
    path = models.CharField(max_length=120, unique=True)
    boundary = models.BinaryField(null=True, blank=True)  # WKB polygon or multipolygon, WGS-84
    min_lon = models.FloatField(null=True)
    min_lat = models.FloatField(null=True)
    max_lon = models.FloatField(null=True)
    max_lat = models.FloatField(null=True)
    lon = models.FloatField(null=True)  # the seat
    lat = models.FloatField(null=True)
    population = models.PositiveIntegerField(_("population"), null=True, blank=True)
    valid_from = models.DateField(_("valid from"), null=True, blank=True)
    valid_until = models.DateField(_("ended on"), null=True, blank=True)
    successor = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="merged")

    objects = InForce()
    records = models.Manager()

    class Meta:
        base_manager_name = "records"
        default_manager_name = "objects"
        ordering = ("code",)
        verbose_name = _("region")
        verbose_name_plural = _("regions")

    def __str__(self) -> str:
        return self.name


class Turn(models.TextChoices):
    """Why a code or a path is a former one."""

    RENAMED = "renamed", _("Renamed")
    RECODED = "recoded", _("New code")
    MOVED = "moved", _("Moved under another place")
    MERGED = "merged", _("Merged")


class Former(models.Model):
    """What a place was called before a day: its code, name and path then. Old codes and old trails find it by this.

    region  the place that stands for it today; follows when that one is merged in its turn
    since   the first day; None: as long as anybody knows
    until   the day from which it was something else
    """

    region = models.ForeignKey(Region, on_delete=models.PROTECT, related_name="former")
    code = models.CharField(_("code"), max_length=20, db_index=True)
    name = models.CharField(_("name"), max_length=80)
    path = models.CharField(max_length=120)
    turn = models.CharField(_("change"), max_length=10, choices=Turn.choices)
    since = models.DateField(_("from"), null=True)
    until = models.DateField(_("until"))

    class Meta:
        ordering = ("-until", "code", "-id")
        verbose_name = _("former code")
        verbose_name_plural = _("former codes")

    def __str__(self) -> str:
        return f"{self.code} {self.name}"


class TreeState(models.Model):
    """One row: a number drawn anew by each change of the tree. Two equal numbers are one and the same tree."""

    number = models.BigIntegerField(default=0)
