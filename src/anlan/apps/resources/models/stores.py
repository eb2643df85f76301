"""What can be handed out or called in: stores, machines, reserves of companies; and where a helicopter lands."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from anlan.apps.resources.models.forces import Condition, Rank
from anlan.kernel.people.sealed import SealedField
from anlan.kernel.registers.fields import ChoicesField
from anlan.kernel.registers.models import Record


class StoreKind(models.TextChoices):
    WAREHOUSE = "warehouse", _("Warehouse")
    TOWN_POINT = "town_point", _("Town storage point")
    VILLAGE_POINT = "village_point", _("Village storage point")
    FRONT = "front", _("Forward storage point")


class Store(Record):
    """A warehouse or storage point; what lies in it stands in the stock ledger."""

    kind = models.CharField(_("kind"), max_length=14, choices=StoreKind.choices)
    rank = models.CharField(_("level of the store"), max_length=12, choices=Rank.choices)
    area_m2 = models.FloatField(_("area"), null=True, blank=True)
    volume_m3 = models.FloatField(_("room"), null=True, blank=True)
    unit = models.CharField(_("belongs to"), max_length=80, blank=True)
    open_all_hours = models.BooleanField(_("manned day and night"), default=False)
    truck_access = models.BooleanField(_("trucks can drive up"), default=True)
    checked_on = models.DateField(_("last check"), null=True, blank=True)
    keeper = models.CharField(_("keeper"), max_length=60, blank=True)
    keeper_phone = SealedField(_("phone of the keeper"), length=30, blank=True)

    class Meta(Record.Meta):
        verbose_name = _("store")
        verbose_name_plural = _("stores")


class MachineKind(models.TextChoices):
    EXCAVATOR = "excavator", _("Excavator")
    LOADER = "loader", _("Loader")
    BULLDOZER = "bulldozer", _("Bulldozer")
    CRANE = "crane", _("Crane")
    DUMP_TRUCK = "dump_truck", _("Dump truck")
    PUMP_TRUCK = "pump_truck", _("Pump truck")
    GENERATOR = "generator", _("Generator")
    LIGHT_TOWER = "light_tower", _("Light tower")
    DRILL = "drill", _("Drilling rig")
    BOAT = "boat", _("Boat")
    DRONE = "drone", _("Drone")
    BUS = "bus", _("Bus")
    OTHER = "other", _("Other")


class Machine(Record):
    """Equipment or heavy machinery with its owner and driver; it may be requisitioned."""

    kind = models.CharField(_("kind"), max_length=12, choices=MachineKind.choices)
    model = models.CharField(_("model"), max_length=80, blank=True)
    capacity = models.CharField(_("power or capacity"), max_length=60, blank=True)
    plate = models.CharField(_("plate or number"), max_length=30, blank=True)
    condition = models.CharField(_("condition"), max_length=10, choices=Condition.choices, default=Condition.FIT)
    owner = models.CharField(_("owner"), max_length=120, blank=True)
    owner_phone = SealedField(_("phone of the owner"), length=30, blank=True)
    driver = models.CharField(_("driver"), max_length=60, blank=True)
    driver_phone = SealedField(_("phone of the driver"), length=30, blank=True)
    day_rate = models.DecimalField(
        _("agreed price a day (yuan)"), max_digits=12, decimal_places=2, null=True, blank=True
    )
    agreement_until = models.DateField(_("agreement valid until"), null=True, blank=True)

    class Meta(Record.Meta):
        verbose_name = _("machine")
        verbose_name_plural = _("equipment and heavy machinery")


class Reserve(Record):
    """Goods that a company keeps for the bureau by agreement; they may be requisitioned."""

    company = models.CharField(_("company"), max_length=120)
    supply = models.CharField(
        _("class of supplies"), max_length=40, help_text=_("Name or code of the class, as in the rulebook.")
    )
    quantity = models.PositiveIntegerField(_("quantity"))
    unit = models.CharField(_("unit"), max_length=10, blank=True)
    ready_hours = models.FloatField(_("ready within"), null=True, blank=True)
    unit_price = models.DecimalField(_("agreed price (yuan)"), max_digits=12, decimal_places=2, null=True, blank=True)
    agreement = models.CharField(_("agreement"), max_length=60, blank=True)
    agreement_until = models.DateField(_("agreement valid until"), null=True, blank=True)
    contact = models.CharField(_("contact"), max_length=60, blank=True)
    contact_phone = SealedField(_("phone"), length=30, blank=True)

    class Meta(Record.Meta):
        verbose_name = _("company reserve")
        verbose_name_plural = _("company reserves")


class Surface(models.TextChoices):
    CONCRETE = "concrete", _("Concrete")
    ASPHALT = "asphalt", _("Asphalt")
    GRASS = "grass", _("Grass")
    GRAVEL = "gravel", _("Gravel")


class Aircraft(models.TextChoices):
    LIGHT = "light", _("Light helicopter")
    MEDIUM = "medium", _("Medium helicopter")
    HEAVY = "heavy", _("Heavy helicopter")
    DRONE = "drone", _("Large drone")


class LandingPlace(Record):
    """Where a helicopter can land or take water."""

    surface = models.CharField(_("surface"), max_length=10, choices=Surface.choices)
    length_m = models.FloatField(_("length"), null=True, blank=True)
    width_m = models.FloatField(_("width"), null=True, blank=True)
    altitude_m = models.FloatField(_("altitude"), null=True, blank=True)
    aircraft = ChoicesField(_("suits"), kinds=Aircraft)
    lights = models.BooleanField(_("lights for the night"), default=False)
    water = models.BooleanField(_("water can be taken"), default=False)
    obstacles = models.TextField(_("obstacles"), blank=True)
    surveyed_on = models.DateField(_("surveyed"), null=True, blank=True)
    keeper = models.CharField(_("person in charge"), max_length=60, blank=True)
    keeper_phone = SealedField(_("phone"), length=30, blank=True)

    class Meta(Record.Meta):
        verbose_name = _("landing place")
        verbose_name_plural = _("landing places")
