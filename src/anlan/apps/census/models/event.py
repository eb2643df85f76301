"""Disasters of the past with what they cost."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from anlan.kernel.registers.fields import LevelField
from anlan.kernel.registers.models import Record


class Hazard(models.TextChoices):
    FLOOD = "flood", _("Flood")
    FLASH = "flash", _("Flash flood")
    SLIDE = "slide", _("Landslide or debris flow")
    QUAKE = "quake", _("Earthquake")
    WIND = "wind", _("Wind and hail")
    DROUGHT = "drought", _("Drought")
    FROST = "frost", _("Frost and snow")
    FIRE = "fire", _("Wildfire")
    LIGHTNING = "lightning", _("Lightning")
    ACCIDENT = "accident", _("Accident at work")


class DisasterEvent(Record):
    """One event in the place that it hit worst.

    affected, relocated  people
    crops                hectares of crops hit
    loss                 direct loss, 10,000 yuan
    """

    hazard = models.CharField(_("hazard"), max_length=10, choices=Hazard.choices)
    began_on = models.DateField(_("began on"))
    ended_on = models.DateField(_("ended on"), null=True, blank=True)
    grade = LevelField(_("grade of the event"), null=True, blank=True)
    dead = models.PositiveIntegerField(_("dead"), null=True, blank=True)
    missing = models.PositiveIntegerField(_("missing people"), null=True, blank=True)
    injured = models.PositiveIntegerField(_("injured"), null=True, blank=True)
    affected = models.PositiveIntegerField(_("people affected"), null=True, blank=True)
    relocated = models.PositiveIntegerField(_("people relocated"), null=True, blank=True)
    collapsed = models.PositiveIntegerField(_("rooms collapsed"), null=True, blank=True)
    damaged = models.PositiveIntegerField(_("rooms damaged"), null=True, blank=True)
    crops = models.FloatField(_("crops hit"), null=True, blank=True)
    loss = models.FloatField(_("direct loss"), null=True, blank=True)
    cause = models.TextField(_("course and cause"), blank=True)
    reported_by = models.CharField(_("source of the record"), max_length=80, blank=True)

    class Meta(Record.Meta):
        app_label = "census"
        verbose_name = _("disaster of the past")
        verbose_name_plural = _("disasters of the past")
