"""Dangerous places of work inside an enterprise: dust, confined spaces, ammonia, molten metal."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from anlan.apps.sites.models.enterprises import Enterprise
from anlan.kernel.registers.fields import ChoicesField, LevelField
from anlan.kernel.registers.models import Record


class DustKind(models.TextChoices):
    METAL = "metal", _("Aluminium or magnesium")
    OTHER_METAL = "other_metal", _("Other metal")
    WOOD = "wood", _("Wood")
    GRAIN = "grain", _("Grain and flour")
    FEED = "feed", _("Feed")
    TEXTILE = "textile", _("Textile fibre")
    PLASTIC = "plastic", _("Rubber and plastic")
    SUGAR = "sugar", _("Sugar and starch")
    COAL = "coal", _("Coal")
    OTHER = "other", _("Other")


class DustCollection(models.TextChoices):
    DRY = "dry", _("Dry")
    WET = "wet", _("Wet")
    NONE = "none", _("None")


class DustSite(Record):
    """Work with combustible dust.

    workers    people at work there in the largest shift; many of them make it a place of the highest care
    """

    enterprise = models.ForeignKey(
        Enterprise, verbose_name=_("enterprise"), on_delete=models.PROTECT, related_name="dust_sites"
    )
    dust = models.CharField(_("dust"), max_length=12, choices=DustKind.choices)
    process = models.CharField(_("process"), max_length=60, blank=True)
    workers = models.PositiveIntegerField(_("people at work in a shift"), null=True, blank=True)
    area = models.FloatField(_("floor area"), null=True, blank=True)
    storeys = models.PositiveSmallIntegerField(_("storeys of the building"), null=True, blank=True)
    collection = models.CharField(_("dust collection"), max_length=5, choices=DustCollection.choices, blank=True)
    collectors = models.PositiveSmallIntegerField(_("collectors"), null=True, blank=True)
    relief = models.BooleanField(_("explosion relief or suppression"), default=False)
    spark_detection = models.BooleanField(_("spark detection"), default=False)
    cleaned_every = models.CharField(_("cleaned"), max_length=60, blank=True)
    risk = LevelField(_("risk level"), null=True, blank=True)

    class Meta(Record.Meta):
        verbose_name = _("dust site")
        verbose_name_plural = _("dust sites")


class SpaceKind(models.TextChoices):
    UNDERGROUND = "underground", _("Below ground: pit, sewer, tank")
    ABOVE = "above", _("Above ground: silo, kiln, store")
    EQUIPMENT = "equipment", _("Inside equipment: vessel, boiler, pipe")


class SpaceDanger(models.TextChoices):
    H2S = "h2s", _("Hydrogen sulfide")
    CO = "co", _("Carbon monoxide")
    METHANE = "methane", _("Methane")
    OXYGEN = "oxygen", _("Lack of oxygen")
    OTHER_TOXIC = "other_toxic", _("Other toxic gas")
    DROWNING = "drowning", _("Drowning or burial")
    FIRE = "fire", _("Fire and explosion")


class ConfinedSpace(Record):
    """A confined space of an enterprise; several of one kind are one record with their number."""

    enterprise = models.ForeignKey(
        Enterprise, verbose_name=_("enterprise"), on_delete=models.PROTECT, related_name="confined_spaces"
    )
    kind = models.CharField(_("kind"), max_length=12, choices=SpaceKind.choices)
    number = models.PositiveSmallIntegerField(_("how many"), null=True, blank=True)
    dangers = ChoicesField(_("dangers"), kinds=SpaceDanger)
    work = models.CharField(_("work done inside"), max_length=120, blank=True)
    entries_a_year = models.PositiveSmallIntegerField(_("entries a year"), null=True, blank=True)
    contracted = models.BooleanField(_("work given to contractors"), default=False)
    signed = models.BooleanField(_("warning sign in place"), default=False)
    locked = models.BooleanField(_("locked against entry"), default=False)
    has_detector = models.BooleanField(_("gas tester at hand"), default=False)
    has_breathing = models.BooleanField(_("breathing apparatus at hand"), default=False)
    has_winch = models.BooleanField(_("rescue tripod at hand"), default=False)
    risk = LevelField(_("risk level"), null=True, blank=True)

    class Meta(Record.Meta):
        verbose_name = _("confined space")
        verbose_name_plural = _("confined spaces")


class AmmoniaUse(models.TextChoices):
    COLD_STORE = "cold_store", _("Cold store")
    FOOD = "food", _("Food processing")
    ICE = "ice", _("Ice making")
    CHEMICAL = "chemical", _("Chemical process")


class AmmoniaSystem(Record):
    """Refrigeration with ammonia.

    charge    ammonia in the system, t; the design maximum that counts for S stands with the chemicals held
    """

    enterprise = models.ForeignKey(
        Enterprise, verbose_name=_("enterprise"), on_delete=models.PROTECT, related_name="ammonia_systems"
    )
    use = models.CharField(_("use"), max_length=10, choices=AmmoniaUse.choices)
    charge = models.FloatField(_("ammonia charge"), null=True, blank=True)
    built_on = models.DateField(_("first in use"), null=True, blank=True)
    receivers = models.PositiveSmallIntegerField(_("receivers"), null=True, blank=True)
    receiver_volume = models.FloatField(_("volume of the receivers"), null=True, blank=True)
    workers = models.PositiveIntegerField(_("people in rooms with ammonia"), null=True, blank=True)
    direct_in_workrooms = models.BooleanField(_("ammonia in crowded workrooms"), default=False)
    quick_freezer = models.BooleanField(_("quick freezer apart"), null=True, blank=True)
    detectors = models.PositiveSmallIntegerField(_("ammonia detectors"), null=True, blank=True)
    has_spray = models.BooleanField(_("water curtain or spray"), default=False)
    pipes_inspected_on = models.DateField(_("pipes inspected"), null=True, blank=True)
    risk = LevelField(_("risk level"), null=True, blank=True)

    class Meta(Record.Meta):
        verbose_name = _("ammonia refrigeration")
        verbose_name_plural = _("ammonia refrigeration")


class FurnaceKind(models.TextChoices):
    BLAST = "blast", _("Blast furnace")
    CONVERTER = "converter", _("Converter")
    ELECTRIC_ARC = "electric_arc", _("Electric arc furnace")
    INDUCTION = "induction", _("Induction furnace")
    CUPOLA = "cupola", _("Cupola")
    ALUMINIUM = "aluminium", _("Aluminium melting or holding furnace")
    CASTING = "casting", _("Deep-well casting")
    OTHER = "other", _("Other")


class MetalFurnace(Record):
    """A furnace or casting place with molten metal."""

    enterprise = models.ForeignKey(
        Enterprise, verbose_name=_("enterprise"), on_delete=models.PROTECT, related_name="furnaces"
    )
    kind = models.CharField(_("kind"), max_length=14, choices=FurnaceKind.choices)
    metal = models.CharField(_("metal"), max_length=40, blank=True)
    capacity = models.FloatField(_("melt"), null=True, blank=True)
    number = models.PositiveSmallIntegerField(_("how many"), null=True, blank=True)
    built_on = models.DateField(_("first in use"), null=True, blank=True)
    workers = models.PositiveIntegerField(_("people at work in a shift"), null=True, blank=True)
    gas_fired = models.BooleanField(_("fired with gas"), default=False)
    water_alarm = models.BooleanField(_("cooling water watched by flow and temperature"), default=False)
    cut_off = models.BooleanField(_("shut-off of gas and casting"), default=False)
    emergency_pit = models.BooleanField(_("dry pit for spilled melt"), default=False)
    crane = models.BooleanField(_("foundry crane for ladles"), default=False)
    risk = LevelField(_("risk level"), null=True, blank=True)

    class Meta(Record.Meta):
        verbose_name = _("metal furnace")
        verbose_name_plural = _("metal furnaces")
