"""Sites: enterprises, facilities and hazard points, the first register."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from anlan.kernel.regions.scope import ScopedManager


class SiteKind(models.TextChoices):
    CHEMICAL = "chemical", _("Chemical enterprise")
    TAILINGS = "tailings", _("Tailings pond")
    MINE = "mine", _("Mine")
    FILLING = "filling", _("Filling station")
    FIREWORKS = "fireworks", _("Fireworks shop")
    DUST = "dust", _("Dust-explosive enterprise")
    AMMONIA = "ammonia", _("Ammonia refrigeration")
    WAREHOUSE = "warehouse", _("Warehouse")
    SCHOOL = "school", _("School")
    HOSPITAL = "hospital", _("Hospital")
    SHELTER = "shelter", _("Shelter")
    SLOPE = "slope", _("Geological hazard point")
    HYDRO = "hydro", _("Hydrological station")
    RAIN = "rain", _("Rain station")
    OTHER = "other", _("Other")


class Site(models.Model):
    code = models.CharField(_("code"), max_length=40, unique=True)
    name = models.CharField(_("name"), max_length=120)
    pinyin = models.CharField(max_length=240, blank=True)
    kind = models.CharField(_("kind"), max_length=20, choices=SiteKind.choices)
    credit_code = models.CharField(_("unified social credit code"), max_length=18, blank=True)
    region = models.ForeignKey("regions.Region", verbose_name=_("region"), on_delete=models.PROTECT, related_name="+")
    address = models.CharField(_("address"), max_length=200, blank=True)
    risk = models.PositiveSmallIntegerField(_("risk level"), null=True, blank=True)  # 1 red … 4 blue
    keeper = models.CharField(_("safety manager"), max_length=60, blank=True)
    keeper_phone = models.CharField(_("phone"), max_length=30, blank=True)
    lon = models.FloatField(_("longitude"), null=True, blank=True)
    lat = models.FloatField(_("latitude"), null=True, blank=True)

    objects = ScopedManager()
    records = models.Manager()

    class Meta:
        base_manager_name = "records"
        default_manager_name = "records"
        ordering = ("code",)
        verbose_name = _("site")
        verbose_name_plural = _("sites")

    def __str__(self) -> str:
        return self.name
