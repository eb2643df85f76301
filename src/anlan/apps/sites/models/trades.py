"""Fireworks shops and filling stations."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from anlan.apps.sites.models.enterprises import Enterprise
from anlan.kernel.people.sealed import SealedField
from anlan.kernel.registers.fields import ChoicesField, LevelField
from anlan.kernel.registers.models import Record


class FireworksKind(models.TextChoices):
    WHOLESALE = "wholesale", _("Wholesale store")
    RETAIL = "retail", _("Retail shop, all year")
    SEASONAL = "seasonal", _("Seasonal stall")


class FireworksShop(Record):
    """A place where fireworks are sold or stored.

    stock_boxes   the most that its licence allows
    apart_m       to the nearest school, hospital, station or other shop
    """

    enterprise = models.ForeignKey(
        Enterprise, verbose_name=_("enterprise"), on_delete=models.PROTECT, related_name="fireworks_shops", null=True,
        blank=True,
    )  # fmt: skip
    kind = models.CharField(_("kind"), max_length=10, choices=FireworksKind.choices)
    area = models.FloatField(_("floor area"), null=True, blank=True)
    stock_boxes = models.PositiveIntegerField(_("licensed stock, boxes"), null=True, blank=True)
    charge_kg = models.FloatField(_("licensed charge"), null=True, blank=True)
    apart_m = models.FloatField(_("distance to sensitive places"), null=True, blank=True)
    only_shop = models.BooleanField(_("no dwelling under the same roof"), null=True, blank=True)
    extinguishers = models.PositiveSmallIntegerField(_("extinguishers"), null=True, blank=True)
    licence_until = models.DateField(_("licence ends"), null=True, blank=True)
    risk = LevelField(_("risk level"), null=True, blank=True)
    head = models.CharField(_("person in charge"), max_length=60, blank=True)
    head_phone = SealedField(_("phone"), length=30, blank=True)

    class Meta(Record.Meta):
        verbose_name = _("fireworks shop")
        verbose_name_plural = _("fireworks shops")


class Fuel(models.TextChoices):
    PETROL = "petrol", _("Petrol")
    DIESEL = "diesel", _("Diesel")
    METHANOL = "methanol", _("Methanol")
    CNG = "cng", _("CNG")
    LNG = "lng", _("LNG")
    LPG = "lpg", _("LPG")
    HYDROGEN = "hydrogen", _("Hydrogen")


class StationGrade(models.TextChoices):
    FIRST = "1", _("First class")
    SECOND = "2", _("Second class")
    THIRD = "3", _("Third class")


class FillingStation(Record):
    """A station that fills vehicles with fuel or gas; tanks stand as units of the enterprise."""

    enterprise = models.ForeignKey(
        Enterprise, verbose_name=_("enterprise"), on_delete=models.PROTECT, related_name="stations", null=True,
        blank=True,
    )  # fmt: skip
    fuels = ChoicesField(_("fuels"), kinds=Fuel)
    grade = models.CharField(_("class of the station"), max_length=2, choices=StationGrade.choices, blank=True)
    brand = models.CharField(_("brand"), max_length=60, blank=True)
    tanks = models.PositiveSmallIntegerField(_("tanks"), null=True, blank=True)
    tank_volume = models.FloatField(_("volume of the tanks"), null=True, blank=True)
    double_walled = models.BooleanField(_("double-walled tanks or lined pits"), default=False)
    dispensers = models.PositiveSmallIntegerField(_("dispensers"), null=True, blank=True)
    vapour_recovery = models.BooleanField(_("vapour recovery"), default=False)
    charging = models.PositiveSmallIntegerField(_("charging points"), null=True, blank=True)
    licence_until = models.DateField(_("licence ends"), null=True, blank=True)
    risk = LevelField(_("risk level"), null=True, blank=True)
    head = models.CharField(_("person in charge"), max_length=60, blank=True)
    head_phone = SealedField(_("phone"), length=30, blank=True)

    class Meta(Record.Meta):
        verbose_name = _("filling station")
        verbose_name_plural = _("filling stations")
