"""What a town has to lessen disasters."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from anlan.kernel.registers.models import Record


class TownCapacity(Record):
    """The capacity of one town in one year (减灾能力).

    budget, stock_value  10,000 yuan
    warned               share of households that a warning reaches, %
    """

    year = models.PositiveSmallIntegerField(_("year"))
    staff = models.PositiveIntegerField(_("full-time staff"), null=True, blank=True)
    rescuers = models.PositiveIntegerField(_("members of rescue teams"), null=True, blank=True)
    volunteers = models.PositiveIntegerField(_("volunteers"), null=True, blank=True)
    budget = models.FloatField(_("yearly budget"), null=True, blank=True)
    stock_value = models.FloatField(_("value of supplies"), null=True, blank=True)
    shelter_places = models.PositiveIntegerField(_("places in shelters"), null=True, blank=True)
    beds = models.PositiveIntegerField(_("hospital beds"), null=True, blank=True)
    loudspeakers = models.PositiveIntegerField(_("emergency loudspeakers"), null=True, blank=True)
    warned = models.FloatField(_("households reached by warnings"), null=True, blank=True)
    plans = models.PositiveIntegerField(_("plans in force"), null=True, blank=True)
    drills = models.PositiveIntegerField(_("drills in the year"), null=True, blank=True)
    watchers = models.PositiveIntegerField(_("people who watch hazard points"), null=True, blank=True)

    class Meta(Record.Meta):
        app_label = "census"
        verbose_name = _("capacity of a town")
        verbose_name_plural = _("capacities of towns")
