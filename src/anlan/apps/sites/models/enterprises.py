"""Enterprises, their licences and the people to call."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from anlan.kernel.people.sealed import SealedField
from anlan.kernel.registers.fields import LevelField
from anlan.kernel.registers.models import Record


class Sector(models.TextChoices):
    """What an enterprise is watched for; the map draws it by this."""

    CHEMICAL = "chemical", _("Dangerous chemicals")
    MINE = "mine", _("Mining")
    FILLING = "filling", _("Filling station")
    FIREWORKS = "fireworks", _("Fireworks")
    METAL = "metal", _("Metal smelting")
    DUST = "dust", _("Combustible dust")
    AMMONIA = "ammonia", _("Ammonia refrigeration")
    WAREHOUSE = "warehouse", _("Warehouse and logistics")
    LIGHT = "light", _("Industry and trade")
    OTHER = "other", _("Other")


class Scale(models.TextChoices):
    """The grades of the enterprise scales in the rulebook."""

    LARGE = "large", _("Large")
    MEDIUM = "medium", _("Medium")
    SMALL = "small", _("Small")
    MICRO = "micro", _("Micro")


class Standardisation(models.TextChoices):
    """The items of the code list STANDARDISATION in the rulebook."""

    LEVEL_1 = "level-1", _("Level 1")
    LEVEL_2 = "level-2", _("Level 2")
    LEVEL_3 = "level-3", _("Level 3")
    SMALL = "level-small", _("Small enterprise (level 4)")


class Operation(models.TextChoices):
    """Whether work goes on."""

    RUNNING = "running", _("In operation")
    BUILDING = "building", _("Under construction")
    TRIAL = "trial", _("Trial production")
    PAUSED = "paused", _("Stopped for a time")
    CLOSED = "closed", _("Closed down")


class Enterprise(Record):
    """A firm or household business. Its outline is the boundary of the plant, from which 500 m are counted.

    staff          people who work there
    revenue        ×10⁴ yuan a year; `assets` and `insured_person` in ×10⁴ yuan too
    insured_staff  heads that the liability insurance covers
    """

    kind = models.CharField(_("supervised as"), max_length=20, choices=Sector.choices)
    credit_code = models.CharField(_("unified social credit code"), max_length=18, blank=True)
    industry = models.CharField(_("industry (GB/T 4754)"), max_length=5, blank=True)
    state = models.CharField(_("state of operation"), max_length=10, choices=Operation.choices, default="running")
    park = models.CharField(_("industrial park"), max_length=60, blank=True)
    founded_on = models.DateField(_("day of founding"), null=True, blank=True)
    products = models.CharField(_("main products"), max_length=200, blank=True)
    scale = models.CharField(_("scale"), max_length=10, choices=Scale.choices, blank=True)
    staff = models.PositiveIntegerField(_("people employed"), null=True, blank=True)
    revenue = models.FloatField(_("yearly revenue, ×10⁴ yuan"), null=True, blank=True)
    assets = models.FloatField(_("total assets, ×10⁴ yuan"), null=True, blank=True)
    risk = LevelField(_("risk level"), null=True, blank=True)
    standardisation = models.CharField(
        _("work-safety standardisation"), max_length=12, choices=Standardisation.choices, blank=True
    )
    standardised_until = models.DateField(_("standardisation ends"), null=True, blank=True)
    safety_staff = models.PositiveIntegerField(_("full-time safety staff"), null=True, blank=True)
    safety_engineers = models.PositiveIntegerField(_("registered safety engineers"), null=True, blank=True)
    insurer = models.CharField(_("liability insurer"), max_length=80, blank=True)
    insurance_number = models.CharField(_("policy number"), max_length=60, blank=True)
    insured_until = models.DateField(_("insurance ends"), null=True, blank=True)
    insured_staff = models.PositiveIntegerField(_("insured heads"), null=True, blank=True)
    insured_person = models.FloatField(_("limit per person, ×10⁴ yuan"), null=True, blank=True)
    legal_person = models.CharField(_("legal representative"), max_length=60, blank=True)
    legal_phone = SealedField(_("phone of the legal representative"), length=30, blank=True)
    keeper = models.CharField(_("safety manager"), max_length=60, blank=True)
    keeper_phone = SealedField(_("phone"), length=30, blank=True)

    class Meta(Record.Meta):
        verbose_name = _("enterprise")
        verbose_name_plural = _("enterprises")


class LicenceKind(models.TextChoices):
    """The licences of the rulebook, and others that it says nothing about."""

    PRODUCTION = "LIC-PRODUCTION", _("Work-safety licence")
    CHEMICAL_TRADE = "LIC-CHEMICAL-TRADE", _("Licence to trade in dangerous chemicals")
    CHEMICAL_REGISTRATION = "LIC-CHEMICAL-REGISTRATION", _("Registration of dangerous chemicals")
    FIREWORKS_WHOLESALE = "LIC-FIREWORKS-WHOLESALE", _("Licence for wholesale of fireworks")
    FIREWORKS_RETAIL = "LIC-FIREWORKS-RETAIL", _("Licence for retail of fireworks")
    EVALUATION = "LIC-EVALUATION", _("Safety evaluation report")
    STANDARDISATION = "LIC-STANDARDISATION", _("Standardisation certificate")
    SPECIAL_WORK = "LIC-SPECIAL-WORK", _("Certificate of special operators")
    OTHER = "OTHER", _("Other licence")


class Licence(Record):
    """A licence, certificate or periodical evaluation of an enterprise. Its name says for what.

    scope  what it allows
    """

    enterprise = models.ForeignKey(
        Enterprise, verbose_name=_("enterprise"), on_delete=models.PROTECT, related_name="licences"
    )
    kind = models.CharField(_("licence"), max_length=30, choices=LicenceKind.choices)
    number = models.CharField(_("licence number"), max_length=60, blank=True)
    issuer = models.CharField(_("licence issued by"), max_length=80, blank=True)
    scope = models.CharField(_("scope"), max_length=200, blank=True)
    since = models.DateField(_("valid from"), null=True, blank=True)
    until = models.DateField(_("valid until"), null=True, blank=True)

    class Meta(Record.Meta):
        verbose_name = _("licence")
        verbose_name_plural = _("licences")


class ContactRole(models.TextChoices):
    PRINCIPAL = "principal", _("Person in charge")
    SAFETY = "safety", _("Safety manager")
    DUTY = "duty", _("Duty room, day and night")
    EMERGENCY = "emergency", _("Head of the emergency team")
    TECHNICAL = "technical", _("Technical contact")
    OTHER = "other", _("Other")


class Contact(Record):
    """Whom to call at an enterprise; the name of the record is the person's or the room's."""

    enterprise = models.ForeignKey(
        Enterprise, verbose_name=_("enterprise"), on_delete=models.PROTECT, related_name="contacts"
    )
    role = models.CharField(_("role"), max_length=10, choices=ContactRole.choices)
    post = models.CharField(_("post"), max_length=60, blank=True)
    phone = SealedField(_("phone"), length=30, blank=True)
    second_phone = SealedField(_("second phone"), length=30, blank=True)
    at_night = models.BooleanField(_("answers at night"), default=False)

    class Meta(Record.Meta):
        verbose_name = _("contact")
        verbose_name_plural = _("contacts")
