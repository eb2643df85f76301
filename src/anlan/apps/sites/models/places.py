"""Places where many people are: schools, hospitals, malls, hotels, homes for the old."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from anlan.kernel.people.sealed import SealedField
from anlan.kernel.registers.models import Record


class SchoolKind(models.TextChoices):
    KINDERGARTEN = "kindergarten", _("Kindergarten")
    PRIMARY = "primary", _("Primary school")
    JUNIOR = "junior", _("Junior middle school")
    NINE_YEAR = "nine-year", _("Nine-year school")
    SENIOR = "senior", _("Senior middle school")
    VOCATIONAL = "vocational", _("Vocational school")
    SPECIAL = "special", _("School for special needs")
    HIGHER = "higher", _("College or university")
    TRAINING = "training", _("Training centre")


class School(Record):
    """A school: who is there by day and who sleeps there."""

    kind = models.CharField(_("kind"), max_length=20, choices=SchoolKind.choices)
    students = models.PositiveIntegerField(_("students"), null=True, blank=True)
    boarders = models.PositiveIntegerField(_("boarders"), null=True, blank=True)
    staff = models.PositiveIntegerField(_("staff"), null=True, blank=True)
    buildings = models.PositiveIntegerField(_("buildings"), null=True, blank=True)
    floors = models.PositiveSmallIntegerField(_("storeys of the highest building"), null=True, blank=True)
    built_year = models.PositiveSmallIntegerField(_("year of the oldest building in use"), null=True, blank=True)
    canteen = models.BooleanField(_("canteen"), default=False)
    buses = models.PositiveSmallIntegerField(_("school buses"), null=True, blank=True)
    drill_on = models.DateField(_("last evacuation drill"), null=True, blank=True)
    head = models.CharField(_("head of the school"), max_length=60, blank=True)
    head_phone = SealedField(_("phone of the head"), length=30, blank=True)
    contact = models.CharField(_("emergency contact"), max_length=60, blank=True)
    contact_phone = SealedField(_("phone of the emergency contact"), length=30, blank=True)

    class Meta(Record.Meta):
        verbose_name = _("school")
        verbose_name_plural = _("schools")


class HospitalKind(models.TextChoices):
    GENERAL = "general", _("General hospital")
    CHINESE = "chinese", _("Hospital of Chinese medicine")
    SPECIAL = "special", _("Specialised hospital")
    MOTHER_CHILD = "mother-child", _("Maternity and child care hospital")
    TOWNSHIP = "township", _("Township health centre")
    COMMUNITY = "community", _("Community health centre")
    AMBULANCE = "ambulance", _("Ambulance station")
    BLOOD = "blood", _("Blood station")


class HospitalLevel(models.TextChoices):
    A3 = "3a", _("Grade 3, class A")
    B3 = "3b", _("Grade 3, class B")
    A2 = "2a", _("Grade 2, class A")
    B2 = "2b", _("Grade 2, class B")
    ONE = "1", _("Grade 1")
    NONE = "none", _("Not graded")


class Hospital(Record):
    """A hospital: what it can take in after an accident."""

    kind = models.CharField(_("kind"), max_length=20, choices=HospitalKind.choices)
    level = models.CharField(_("hospital grade"), max_length=10, choices=HospitalLevel.choices, blank=True)
    beds = models.PositiveIntegerField(_("beds"), null=True, blank=True)
    icu_beds = models.PositiveIntegerField(_("intensive care beds"), null=True, blank=True)
    burn_beds = models.PositiveIntegerField(_("burns beds"), null=True, blank=True)
    isolation_beds = models.PositiveIntegerField(_("isolation beds"), null=True, blank=True)
    theatres = models.PositiveSmallIntegerField(_("operating theatres"), null=True, blank=True)
    ambulances = models.PositiveSmallIntegerField(_("ambulances"), null=True, blank=True)
    doctors = models.PositiveIntegerField(_("doctors"), null=True, blank=True)
    nurses = models.PositiveIntegerField(_("nurses"), null=True, blank=True)
    blood_units = models.PositiveIntegerField(_("blood in stock"), null=True, blank=True)
    decontamination = models.BooleanField(_("decontamination of people"), default=False)
    helicopter = models.BooleanField(_("helicopter landing place"), default=False)
    power_hours = models.FloatField(_("own power supply lasts"), null=True, blank=True)
    director = models.CharField(_("director"), max_length=60, blank=True)
    director_phone = SealedField(_("phone of the director"), length=30, blank=True)
    emergency_phone = models.CharField(_("emergency line"), max_length=30, blank=True)

    class Meta(Record.Meta):
        verbose_name = _("hospital")
        verbose_name_plural = _("hospitals")


class CrowdedKind(models.TextChoices):
    MALL = "mall", _("Shopping mall")
    MARKET = "market", _("Market")
    HOTEL = "hotel", _("Hotel or guesthouse")
    CINEMA = "cinema", _("Cinema or theatre")
    ENTERTAINMENT = "entertainment", _("Place of entertainment")
    RESTAURANT = "restaurant", _("Large restaurant")
    STADIUM = "stadium", _("Sports ground")
    ELDERLY = "elderly", _("Home for the elderly")
    WELFARE = "welfare", _("Welfare home")
    STATION = "station", _("Passenger station")
    SCENIC = "scenic", _("Scenic area")
    RELIGIOUS = "religious", _("Place of worship")
    LIBRARY = "library", _("Library or museum")
    OTHER = "other", _("Other")


class FireGrade(models.TextChoices):
    """Fire resistance of a building (耐火等级)."""

    ONE = "1", _("Fire resistance grade 1")
    TWO = "2", _("Fire resistance grade 2")
    THREE = "3", _("Fire resistance grade 3")
    FOUR = "4", _("Fire resistance grade 4")


class CrowdedPlace(Record):
    """A place where many people come together or sleep."""

    kind = models.CharField(_("kind"), max_length=20, choices=CrowdedKind.choices)
    capacity = models.PositiveIntegerField(_("people at most"), null=True, blank=True)
    sleepers = models.PositiveIntegerField(_("people who sleep there"), null=True, blank=True)
    helpless = models.PositiveIntegerField(_("people who cannot leave alone"), null=True, blank=True)
    area_m2 = models.FloatField(_("floor area"), null=True, blank=True)
    floors = models.PositiveSmallIntegerField(_("storeys"), null=True, blank=True)
    basements = models.PositiveSmallIntegerField(_("storeys below ground"), null=True, blank=True)
    exits = models.PositiveSmallIntegerField(_("emergency exits"), null=True, blank=True)
    opening = models.CharField(_("opening hours"), max_length=80, blank=True)
    fire_grade = models.CharField(_("fire resistance grade"), max_length=4, choices=FireGrade.choices, blank=True)
    sprinklers = models.BooleanField(_("sprinklers"), default=False)
    fire_key_unit = models.BooleanField(_("key unit of fire safety"), default=False)
    keeper = models.CharField(_("safety manager"), max_length=60, blank=True)
    keeper_phone = SealedField(_("phone"), length=30, blank=True)

    class Meta(Record.Meta):
        verbose_name = _("crowded place")
        verbose_name_plural = _("crowded places")
