"""Mines and tailings ponds."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from anlan.apps.sites.models.enterprises import Enterprise
from anlan.kernel.people.sealed import SealedField
from anlan.kernel.registers.fields import LevelField
from anlan.kernel.registers.models import Record


class MineKind(models.TextChoices):
    COAL = "coal", _("Coal mine")
    METAL = "metal", _("Metal mine")
    NON_METAL = "non_metal", _("Non-metal mine")
    QUARRY = "quarry", _("Quarry")


class Mining(models.TextChoices):
    OPEN = "open", _("Open pit")
    UNDERGROUND = "underground", _("Underground")
    BOTH = "both", _("Open pit and underground")


class GasGrade(models.TextChoices):
    NONE = "none", _("Not a gassy mine")
    LOW = "low", _("Low gas")
    HIGH = "high", _("High gas")
    OUTBURST = "outburst", _("Coal and gas outburst")


class WaterGrade(models.TextChoices):
    """Types of hydrogeology of a mine."""

    SIMPLE = "simple", _("Simple")
    MEDIUM = "medium", _("Medium")
    COMPLEX = "complex", _("Complex")
    EXTREME = "extreme", _("Extremely complex")


class MineState(models.TextChoices):
    PRODUCING = "producing", _("Producing")
    BUILDING = "building", _("Under construction")
    STOPPED = "stopped", _("Stopped")
    CLOSED = "closed", _("Closed, shafts sealed")


class Mine(Record):
    """A mine: a pit, its shafts and slopes."""

    enterprise = models.ForeignKey(
        Enterprise, verbose_name=_("enterprise"), on_delete=models.PROTECT, related_name="mines", null=True, blank=True
    )
    kind = models.CharField(_("kind"), max_length=10, choices=MineKind.choices)
    mining = models.CharField(_("way of mining"), max_length=12, choices=Mining.choices, blank=True)
    state = models.CharField(_("state"), max_length=10, choices=MineState.choices, default="producing")
    mineral = models.CharField(_("mineral"), max_length=40, blank=True)
    capacity = models.FloatField(_("licensed output"), null=True, blank=True)
    reserve = models.FloatField(_("reserve left"), null=True, blank=True)
    depth = models.FloatField(_("greatest depth"), null=True, blank=True)
    slope_height = models.FloatField(_("height of the pit slope"), null=True, blank=True)
    underground = models.PositiveIntegerField(_("people underground in a shift"), null=True, blank=True)
    gas = models.CharField(_("gas"), max_length=10, choices=GasGrade.choices, blank=True)
    water = models.CharField(_("water hazard"), max_length=10, choices=WaterGrade.choices, blank=True)
    exits = models.PositiveSmallIntegerField(_("safety exits"), null=True, blank=True)
    locates_people = models.BooleanField(_("locates people underground"), default=False)
    risk = LevelField(_("risk level"), null=True, blank=True)
    head = models.CharField(_("mine manager"), max_length=60, blank=True)
    head_phone = SealedField(_("phone"), length=30, blank=True)

    class Meta(Record.Meta):
        verbose_name = _("mine")
        verbose_name_plural = _("mines")


class PondGrade(models.TextChoices):
    """The grades of TAILINGS-POND in the rulebook."""

    GRADE_1 = "grade-1", _("Pond grade 1")
    GRADE_2 = "grade-2", _("Pond grade 2")
    GRADE_3 = "grade-3", _("Pond grade 3")
    GRADE_4 = "grade-4", _("Pond grade 4")
    GRADE_5 = "grade-5", _("Pond grade 5")


class DamMethod(models.TextChoices):
    UPSTREAM = "upstream", _("Upstream")
    CENTRE = "centre", _("Centre line")
    DOWNSTREAM = "downstream", _("Downstream")
    ONE_STEP = "one_step", _("Dam in one step")
    DRY = "dry", _("Dry stack")


class PondState(models.TextChoices):
    IN_USE = "in_use", _("In use")
    BUILDING = "building", _("Under construction")
    STOPPED = "stopped", _("Out of use, not closed")
    CLOSED = "closed", _("Closed")


class TailingsPond(Record):
    """A tailings pond. The grade follows from volume and height; a head pond (头顶库) has people close below.

    grade         computed from the rulebook; `filed_grade` may be one higher where an argued case raised it
    nearest_m     way down from the dam to the first house or works
    is_head_pond  people, or works, within the distance of the rulebook below the dam; computed, None while unknown
    """

    enterprise = models.ForeignKey(
        Enterprise, verbose_name=_("enterprise"), on_delete=models.PROTECT, related_name="ponds", null=True, blank=True
    )
    grade = models.CharField(
        _("grade by volume and height"), max_length=8, choices=PondGrade.choices, blank=True, editable=False
    )
    filed_grade = models.CharField(_("grade in the design"), max_length=8, choices=PondGrade.choices, blank=True)
    is_head_pond = models.BooleanField(_("head pond"), null=True, blank=True, editable=False)
    state = models.CharField(_("state"), max_length=10, choices=PondState.choices, default="in_use")
    method = models.CharField(_("way of damming"), max_length=10, choices=DamMethod.choices, blank=True)
    mineral = models.CharField(_("tailings of"), max_length=40, blank=True)
    built_on = models.DateField(_("first in use"), null=True, blank=True)
    volume = models.FloatField(_("whole storage capacity"), null=True, blank=True)
    stored = models.FloatField(_("stored so far"), null=True, blank=True)
    height = models.FloatField(_("height of the dam"), null=True, blank=True)
    designed_height = models.FloatField(_("designed height of the dam"), null=True, blank=True)
    slope_ratio = models.FloatField(_("outer slope 1 in"), null=True, blank=True)
    freeboard = models.FloatField(_("freeboard"), null=True, blank=True)
    beach = models.FloatField(_("length of the dry beach"), null=True, blank=True)
    flood_years = models.PositiveSmallIntegerField(_("designed for the flood of so many years"), null=True, blank=True)
    nearest_m = models.FloatField(_("way down to the first people or works"), null=True, blank=True)
    downstream_people = models.PositiveIntegerField(_("people downstream"), null=True, blank=True)
    downstream_households = models.PositiveIntegerField(_("households downstream"), null=True, blank=True)
    downstream_what = models.CharField(_("what lies downstream"), max_length=200, blank=True)
    risk = LevelField(_("risk level"), null=True, blank=True)
    head = models.CharField(_("person in charge"), max_length=60, blank=True)
    head_phone = SealedField(_("phone"), length=30, blank=True)
    official = models.CharField(_("leader who answers for it"), max_length=60, blank=True)
    official_phone = SealedField(_("phone of the leader"), length=30, blank=True)

    class Meta(Record.Meta):
        verbose_name = _("tailings pond")
        verbose_name_plural = _("tailings ponds")
