"""Lifelines: works and stations, lines between them, bridges and roads."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from anlan.kernel.people.sealed import SealedField
from anlan.kernel.registers.models import Record


class UtilityKind(models.TextChoices):
    WATER_WORKS = "water-works", _("Water works")
    WATER_SOURCE = "water-source", _("Source of drinking water")
    WATER_PUMP = "water-pump", _("Pumping station")
    SEWAGE = "sewage", _("Sewage works")
    GAS_STATION = "gas-station", _("Gas gate or regulating station")
    GAS_STORE = "gas-store", _("LNG or LPG station")
    POWER_PLANT = "power-plant", _("Power plant")
    SUBSTATION = "substation", _("Power substation")
    HEATING = "heating", _("Heating station")
    TELECOM = "telecom", _("Communication centre")
    MAST = "mast", _("Mobile base station")
    BROADCAST = "broadcast", _("Broadcasting station")


class Served(models.Model):
    """Who runs a lifeline and whom it serves: the same for works and lines."""

    operator = models.CharField(_("operator"), max_length=120, blank=True)
    served = models.PositiveIntegerField(_("people served"), null=True, blank=True)
    key_users = models.CharField(_("users that must not fail"), max_length=200, blank=True)
    built_year = models.PositiveSmallIntegerField(_("built in"), null=True, blank=True)
    keeper = models.CharField(_("person in charge"), max_length=60, blank=True)
    keeper_phone = SealedField(_("phone"), length=30, blank=True)
    duty_phone = models.CharField(_("line on duty day and night"), max_length=30, blank=True)

    class Meta:
        abstract = True


class Utility(Served, Record):
    """A works or station of a lifeline. `capacity` counts in what its kind gives: m³/d, MVA, MW, Nm³/h."""

    kind = models.CharField(_("kind"), max_length=20, choices=UtilityKind.choices)
    capacity = models.FloatField(_("capacity"), null=True, blank=True)
    capacity_unit = models.CharField(_("unit of the capacity"), max_length=20, blank=True)
    voltage_kv = models.FloatField(_("voltage"), null=True, blank=True)
    double_supply = models.BooleanField(_("supplied from two sides"), default=False)
    backup_hours = models.FloatField(_("own reserve lasts"), null=True, blank=True)
    repair_crew = models.PositiveSmallIntegerField(_("people of the repair crew"), null=True, blank=True)

    class Meta(Record.Meta):
        verbose_name = _("lifeline works")
        verbose_name_plural = _("lifeline works")


class LineKind(models.TextChoices):
    WATER = "water", _("Water main")
    GAS = "gas", _("Gas pipeline")
    OIL = "oil", _("Oil pipeline")
    POWER = "power", _("Power line")
    HEAT = "heat", _("Heat pipeline")
    CABLE = "cable", _("Communication cable")


class LifelineRun(Served, Record):
    """A pipeline, power line or cable; its outline is the line it takes."""

    kind = models.CharField(_("kind"), max_length=20, choices=LineKind.choices)
    length_km = models.FloatField(_("length"), null=True, blank=True)
    pressure_mpa = models.FloatField(_("design pressure"), null=True, blank=True)
    diameter_mm = models.FloatField(_("diameter"), null=True, blank=True)
    voltage_kv = models.FloatField(_("voltage"), null=True, blank=True)
    underground = models.BooleanField(_("under ground"), default=False)
    medium = models.CharField(_("what flows in it"), max_length=60, blank=True)
    valves = models.PositiveSmallIntegerField(_("shut-off valves"), null=True, blank=True)
    patrolled_on = models.DateField(_("last walked along"), null=True, blank=True)

    class Meta(Record.Meta):
        verbose_name = _("lifeline line")
        verbose_name_plural = _("lifeline lines")


class BridgeGrade(models.TextChoices):
    """Technical condition of a bridge (桥梁技术状况)."""

    ONE = "1", _("Class 1, intact")
    TWO = "2", _("Class 2, good")
    THREE = "3", _("Class 3, fair")
    FOUR = "4", _("Class 4, poor")
    FIVE = "5", _("Class 5, dangerous")


class DesignLoad(models.TextChoices):
    HIGHWAY_1 = "highway-1", _("Highway class I")
    HIGHWAY_2 = "highway-2", _("Highway class II")
    TRUCK_20 = "truck-20", _("Truck 20, trailer 100")
    TRUCK_10 = "truck-10", _("Truck 10, tracked 50")
    OTHER = "other", _("Other")


class Bridge(Record):
    """A bridge: what may cross it, and how it stands."""

    grade = models.CharField(_("technical condition"), max_length=2, choices=BridgeGrade.choices, blank=True)
    load = models.CharField(_("design load"), max_length=20, choices=DesignLoad.choices, blank=True)
    limit_t = models.FloatField(_("weight limit"), null=True, blank=True)
    limit_height_m = models.FloatField(_("height limit"), null=True, blank=True)
    width_m = models.FloatField(_("width of the carriageway"), null=True, blank=True)
    length_m = models.FloatField(_("length"), null=True, blank=True)
    span_m = models.FloatField(_("longest span"), null=True, blank=True)
    road = models.CharField(_("road"), max_length=60, blank=True)
    crosses = models.CharField(_("crosses"), max_length=80, blank=True)
    only_way = models.BooleanField(_("the only way to somewhere"), default=False)
    built_year = models.PositiveSmallIntegerField(_("built in"), null=True, blank=True)
    inspected_on = models.DateField(_("last inspection"), null=True, blank=True)
    keeper = models.CharField(_("maintained by"), max_length=120, blank=True)
    keeper_phone = SealedField(_("phone"), length=30, blank=True)

    class Meta(Record.Meta):
        verbose_name = _("bridge")
        verbose_name_plural = _("bridges")


class RoadRank(models.TextChoices):
    EXPRESS = "express", _("Motorway")
    NATIONAL = "national", _("National road")
    PROVINCIAL = "provincial", _("Provincial road")
    COUNTY = "county", _("County road")
    TOWN = "town", _("Town road")
    VILLAGE = "village", _("Village road")


class RoadSection(Record):
    """A stretch of road; its outline is its line."""

    rank = models.CharField(_("rank"), max_length=20, choices=RoadRank.choices)
    number = models.CharField(_("road number"), max_length=30, blank=True)
    length_km = models.FloatField(_("length"), null=True, blank=True)
    width_m = models.FloatField(_("width"), null=True, blank=True)
    lanes = models.PositiveSmallIntegerField(_("lanes"), null=True, blank=True)
    dead_end = models.BooleanField(_("dead end"), default=False)
    hazards = models.CharField(_("what can cut it"), max_length=200, blank=True)
    detour = models.CharField(_("way round"), max_length=200, blank=True)
    keeper = models.CharField(_("maintained by"), max_length=120, blank=True)
    keeper_phone = SealedField(_("phone"), length=30, blank=True)

    class Meta(Record.Meta):
        verbose_name = _("road section")
        verbose_name_plural = _("road sections")
