"""Monitoring stations that stand in the open: rivers, rain, weather, ground."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from anlan.kernel.people.sealed import SealedField
from anlan.kernel.registers.fields import ChoicesField
from anlan.kernel.registers.models import Record


class StationKind(models.TextChoices):
    HYDRO = "hydro", _("Hydrological station")
    STAGE = "stage", _("Water level station")
    RAIN = "rain", _("Rain station")
    WEATHER = "weather", _("Weather station")
    GEOLOGY = "geology", _("Geological monitoring station")
    SEISMIC = "seismic", _("Seismic station")
    FOREST = "forest", _("Forest fire watch")


class Element(models.TextChoices):
    """What a station measures."""

    STAGE = "stage", _("Water level")
    FLOW = "flow", _("Discharge")
    RAIN = "rain", _("Rain")
    WIND = "wind", _("Wind")
    TEMPERATURE = "temperature", _("Temperature")
    HUMIDITY = "humidity", _("Humidity")
    SOIL = "soil", _("Soil moisture")
    DISPLACEMENT = "displacement", _("Displacement")
    SHAKING = "shaking", _("Ground shaking")
    IMAGE = "image", _("Image")


class Station(Record):
    """A monitoring station. Levels are metres above the datum that the station names."""

    kind = models.CharField(_("kind"), max_length=20, choices=StationKind.choices)
    number = models.CharField(_("station number"), max_length=20, blank=True)
    elements = ChoicesField(_("measures"), kinds=Element)
    river = models.CharField(_("river or water"), max_length=60, blank=True)
    basin_km2 = models.FloatField(_("catchment above it"), null=True, blank=True)
    altitude_m = models.FloatField(_("altitude"), null=True, blank=True)
    datum = models.CharField(_("datum of levels"), max_length=40, blank=True)
    warning_m = models.FloatField(_("warning level of water"), null=True, blank=True)
    guarantee_m = models.FloatField(_("guaranteed level of water"), null=True, blank=True)
    report_min = models.PositiveIntegerField(_("reports every"), null=True, blank=True)
    since = models.DateField(_("in operation since"), null=True, blank=True)
    owner = models.CharField(_("owner"), max_length=120, blank=True)
    keeper = models.CharField(_("person in charge"), max_length=60, blank=True)
    keeper_phone = SealedField(_("phone"), length=30, blank=True)

    class Meta(Record.Meta):
        verbose_name = _("monitoring station")
        verbose_name_plural = _("monitoring stations")
