"""Units of a plant and the chemicals held in them."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from anlan.apps.sites.models.enterprises import Enterprise
from anlan.apps.sites.models.major_hazards import MajorHazard
from anlan.kernel.registers.fields import ChoicesField
from anlan.kernel.registers.models import Record
from anlan.science.major_hazard import Form


class UnitKind(models.TextChoices):
    PROCESS = "process", _("Process plant")
    REACTOR = "reactor", _("Reactor")
    TANK = "tank", _("Atmospheric tank")
    SPHERE = "sphere", _("Pressure tank or sphere")
    TANK_AREA = "tank_area", _("Tank area")
    WAREHOUSE = "warehouse", _("Warehouse building")
    LOADING = "loading", _("Loading place")
    PIPELINE = "pipeline", _("Pipeline in the plant")
    UTILITY = "utility", _("Utilities")


class UnitState(models.TextChoices):
    IN_USE = "in_use", _("In use")
    STANDBY = "standby", _("Standby")
    REPAIR = "repair", _("Under repair")
    OUT = "out", _("Out of use")


class Unit(Record):
    """A process plant, tank or warehouse of an enterprise.

    installation   the major hazard installation that it belongs to: a plant between shut-off valves, a bunded tank area
    built_on       first in use; the age of ageing plant counts from it
    ageing         older than the rulebook allows without a look; computed
    """

    enterprise = models.ForeignKey(
        Enterprise, verbose_name=_("enterprise"), on_delete=models.PROTECT, related_name="units"
    )
    installation = models.ForeignKey(
        MajorHazard, verbose_name=_("major hazard installation"), on_delete=models.PROTECT, related_name="units",
        null=True, blank=True,
    )  # fmt: skip
    kind = models.CharField(_("kind"), max_length=12, choices=UnitKind.choices)
    state = models.CharField(_("state"), max_length=8, choices=UnitState.choices, default="in_use")
    medium = models.CharField(_("medium"), max_length=80, blank=True)
    built_on = models.DateField(_("first in use"), null=True, blank=True)
    design_years = models.PositiveSmallIntegerField(_("design life, years"), null=True, blank=True)
    ageing = models.BooleanField(_("ageing plant"), default=False, editable=False)
    inspected_on = models.DateField(_("last statutory inspection"), null=True, blank=True)
    inspect_by = models.DateField(_("next inspection"), null=True, blank=True)
    volume = models.FloatField(_("capacity of the vessel"), null=True, blank=True)
    area = models.FloatField(_("floor area"), null=True, blank=True)
    height = models.FloatField(_("height"), null=True, blank=True)
    design_pressure = models.FloatField(_("design pressure"), null=True, blank=True)
    working_pressure = models.FloatField(_("working pressure"), null=True, blank=True)
    design_temperature = models.FloatField(_("design temperature"), null=True, blank=True)
    material = models.CharField(_("material"), max_length=60, blank=True)
    bund_volume = models.FloatField(_("volume of the bund"), null=True, blank=True)
    has_emergency_stop = models.BooleanField(_("emergency shut-off"), default=False)
    has_sis = models.BooleanField(_("independent safety system (SIS)"), default=False)
    has_gas_alarm = models.BooleanField(_("gas detection"), default=False)

    class Meta(Record.Meta):
        verbose_name = _("plant, tank or store")
        verbose_name_plural = _("plant, tanks and stores")


class HazardClass(models.TextChoices):
    """Symbols of tables 2 and 4 of GB 18218-2018; Q and β stand in the rulebook."""

    J1 = "J1", _("J1 acute toxicity 1, gas")
    J2 = "J2", _("J2 acute toxicity 1, solid or liquid")
    J3 = "J3", _("J3 acute toxicity 2–3, gas")
    J4 = "J4", _("J4 acute toxicity 2–3, liquid boiling below 35 °C")
    J5 = "J5", _("J5 acute toxicity 2, other")
    W1_1 = "W1.1", _("W1.1 explosive, unstable or 1.1")
    W1_2 = "W1.2", _("W1.2 explosive 1.2, 1.3, 1.5, 1.6")
    W1_3 = "W1.3", _("W1.3 explosive 1.4")
    W2 = "W2", _("W2 flammable gas")
    W3 = "W3", _("W3 aerosol")
    W4 = "W4", _("W4 oxidising gas")
    W5_1 = "W5.1", _("W5.1 flammable liquid 1, or above its boiling point")
    W5_2 = "W5.2", _("W5.2 flammable liquid in a special process")
    W5_3 = "W5.3", _("W5.3 other flammable liquid 2")
    W5_4 = "W5.4", _("W5.4 other flammable liquid 3")
    W6_1 = "W6.1", _("W6.1 self-reactive A–B")
    W6_2 = "W6.2", _("W6.2 self-reactive C–E")
    W7_1 = "W7.1", _("W7.1 organic peroxide A–B")
    W7_2 = "W7.2", _("W7.2 organic peroxide C–F")
    W8 = "W8", _("W8 pyrophoric")
    W9_1 = "W9.1", _("W9.1 oxidiser 1")
    W9_2 = "W9.2", _("W9.2 oxidiser 2–3")
    W10 = "W10", _("W10 flammable solid")
    W11 = "W11", _("W11 water-reactive")


class Counting(models.TextChoices):
    """How a stock counts: the forms of the science room (GB 18218-2018, 4.2.3), or not at all."""

    PURE = Form.PURE.value, _("the substance itself")
    LIKE_PURE = Form.LIKE_PURE.value, _("mixture of the same hazard class")
    OWN_CLASS = Form.OWN_CLASS.value, _("mixture counted by its own classes")
    OUTSIDE = "outside", _("not counted: none of the hazard classes")


class Chemical(Record):
    """A chemical held at an enterprise; the name of the record is the substance's.

    unit         where it is held; only what is held in a unit of an installation counts for S and R
    design_max   the most that vessel, tank or store is designed to hold: what counts
    inventory    what lies there, and when that was; never used for S and R
    threshold    Q that the rulebook gives for it, and `found_as` the row or class; computed
    """

    enterprise = models.ForeignKey(
        Enterprise, verbose_name=_("enterprise"), on_delete=models.PROTECT, related_name="chemicals"
    )
    unit = models.ForeignKey(
        Unit, verbose_name=_("plant, tank or store"), on_delete=models.PROTECT, related_name="chemicals", null=True,
        blank=True,
    )  # fmt: skip
    cas = models.CharField(_("CAS number"), max_length=12, blank=True)
    un_number = models.CharField(_("UN number"), max_length=4, blank=True)
    classes = ChoicesField(_("hazard classes (GB 18218)"), kinds=HazardClass)
    counting = models.CharField(_("counts as"), max_length=10, choices=Counting.choices, default=Form.PURE.value)
    concentration = models.FloatField(_("concentration"), null=True, blank=True)
    design_max = models.FloatField(_("design maximum"), null=True, blank=True)
    inventory = models.FloatField(_("live inventory"), null=True, blank=True)
    inventory_at = models.DateTimeField(_("inventory as of"), null=True, blank=True)
    threshold = models.FloatField(_("critical quantity Q"), null=True, blank=True, editable=False)
    found_as = models.CharField(_("found in GB 18218 as"), max_length=80, blank=True, editable=False)
    highly_toxic = models.BooleanField(_("highly toxic"), default=False)
    precursor = models.BooleanField(_("precursor for explosives"), default=False)
    key_supervised = models.BooleanField(_("under key supervision"), default=False)

    class Meta(Record.Meta):
        verbose_name = _("chemical held")
        verbose_name_plural = _("chemicals held")
