"""The register of shelters. How many people fit is computed from the area by the rulebook, never typed."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from anlan.kernel.people.sealed import SealedField
from anlan.kernel.registers.fields import ChoicesField
from anlan.kernel.registers.models import Record


class ShelterKind(models.TextChoices):
    """The types of the building code; each has its space per person in the rulebook (`RULES`)."""

    EMERGENCY = "emergency", _("Emergency shelter")
    SHORT = "short", _("Fixed shelter, short stay")
    MEDIUM = "medium", _("Fixed shelter, medium stay")
    LONG = "long", _("Fixed shelter, long stay")
    CENTRAL = "central", _("Central shelter")


#: Code of the rulebook entry of kind "shelter_type" for each kind.
RULES = {
    ShelterKind.EMERGENCY: "SHELTER-EMERGENCY",
    ShelterKind.SHORT: "SHELTER-FIXED-SHORT",
    ShelterKind.MEDIUM: "SHELTER-FIXED-MEDIUM",
    ShelterKind.LONG: "SHELTER-FIXED-LONG",
    ShelterKind.CENTRAL: "SHELTER-CENTRAL",
}


class Setting(models.TextChoices):
    INDOOR = "indoor", _("Indoors")
    OUTDOOR = "outdoor", _("Outdoors")
    MIXED = "mixed", _("Indoors and outdoors")


class Facility(models.TextChoices):
    WATER = "water", _("Water supply")
    POWER = "power", _("Power supply")
    GENERATOR = "generator", _("Generator")
    TOILETS = "toilets", _("Toilets")
    KITCHEN = "kitchen", _("Kitchen")
    MEDICAL = "medical", _("Medical point")
    BEDS = "beds", _("Beds")
    STORE = "store", _("Supplies store")
    BROADCAST = "broadcast", _("Broadcasting")
    NETWORK = "network", _("Network")
    FIRE = "fire", _("Fire fighting")
    HELIPAD = "helipad", _("Landing place")
    ACCESS = "access", _("Step-free access")
    SIGNS = "signs", _("Signs")
    CAMERA = "camera", _("Cameras")


class Hazard(models.TextChoices):
    EARTHQUAKE = "earthquake", _("Earthquake")
    FLOOD = "flood", _("Flood")
    GEOLOGY = "geology", _("Landslide and debris flow")
    TYPHOON = "typhoon", _("Typhoon")
    CHEMICAL = "chemical", _("Chemical leak")
    COLD = "cold", _("Cold wave and snow")


class Shelter(Record):
    """A place for people who had to leave their homes."""

    kind = models.CharField(_("type"), max_length=10, choices=ShelterKind.choices)
    setting = models.CharField(_("indoors or outdoors"), max_length=10, choices=Setting.choices, blank=True)
    usable_m2 = models.FloatField(_("effective area"))
    stated_places = models.PositiveIntegerField(_("places on the sign"), null=True, blank=True)
    facilities = ChoicesField(_("facilities"), kinds=Facility)
    hazards = ChoicesField(_("suits"), kinds=Hazard)
    toilets = models.PositiveSmallIntegerField(_("toilets"), null=True, blank=True)
    taps = models.PositiveSmallIntegerField(_("taps"), null=True, blank=True)
    owner = models.CharField(_("owner"), max_length=120, blank=True)
    built_on = models.DateField(_("in service since"), null=True, blank=True)
    checked_on = models.DateField(_("last check"), null=True, blank=True)
    keeper = models.CharField(_("person in charge"), max_length=60, blank=True)
    keeper_phone = SealedField(_("phone"), length=30, blank=True)

    class Meta(Record.Meta):
        verbose_name = _("shelter")
        verbose_name_plural = _("shelters")
