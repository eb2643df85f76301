"""Buildings as the census counted them."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from anlan.kernel.registers.fields import LevelField
from anlan.kernel.registers.models import Record


class Structure(models.TextChoices):
    FRAME = "frame", _("Reinforced concrete")
    BRICK = "brick", _("Brick with ring beams")
    BARE = "bare", _("Brick without ring beams")
    STEEL = "steel", _("Steel")
    TIMBER = "timber", _("Timber")
    EARTH = "earth", _("Earth")
    OTHER = "other", _("Other structure")


class Use(models.TextChoices):
    HOME = "home", _("Dwelling")
    FARM = "farm", _("Farmhouse")
    SHOP = "shop", _("Shop or office")
    FACTORY = "factory", _("Factory or store")
    SCHOOL = "school", _("School use")
    HEALTH = "health", _("Health and care")
    PUBLIC = "public", _("Public hall")
    OTHER = "other", _("Other use")


class Building(Record):
    """One building, or one farmstead.

    floor_area  m² over all storeys
    quake_proof built to a seismic standard; None when not known
    weakness    level of danger by structure, age and state; None when not judged
    """

    structure = models.CharField(_("structure"), max_length=10, choices=Structure.choices, blank=True)
    use = models.CharField(_("use"), max_length=10, choices=Use.choices, blank=True)
    storeys = models.PositiveSmallIntegerField(_("storeys"), null=True, blank=True)
    built = models.PositiveSmallIntegerField(_("year of building"), null=True, blank=True)
    floor_area = models.FloatField(_("floor area"), null=True, blank=True)
    people_day = models.PositiveIntegerField(_("people by day"), null=True, blank=True)
    people_night = models.PositiveIntegerField(_("people by night"), null=True, blank=True)
    quake_proof = models.BooleanField(_("built against earthquakes"), null=True, blank=True)
    weakness = LevelField(_("vulnerability"), null=True, blank=True)

    class Meta(Record.Meta):
        app_label = "census"
        verbose_name = _("building")
        verbose_name_plural = _("buildings")
