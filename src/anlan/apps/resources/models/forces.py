"""Who can be sent: teams with vehicles and equipment, experts, fire stations, volunteers and social forces."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from anlan.kernel.people.sealed import SealedField
from anlan.kernel.registers.fields import ChoicesField
from anlan.kernel.registers.models import Record


class TeamKind(models.TextChoices):
    GENERAL = "general", _("General rescue")
    FIRE = "fire", _("Fire and rescue")
    FOREST_FIRE = "forest_fire", _("Forest fire")
    MINE = "mine", _("Mine rescue")
    CHEMICAL = "chemical", _("Dangerous chemicals")
    FLOOD = "flood", _("Flood fighting")
    GEOLOGY = "geology", _("Geological disasters")
    MEDICAL = "medical", _("Medical rescue")
    ROAD = "road", _("Road clearing")
    POWER = "power", _("Power repair")
    COMMUNICATION = "communication", _("Emergency communication")
    ENTERPRISE = "enterprise", _("Enterprise team")


class Rank(models.TextChoices):
    """Whose force or store it is."""

    COUNTY = "county", _("County")
    TOWN = "town", _("Town")
    VILLAGE = "village", _("Village")
    ENTERPRISE = "enterprise", _("Enterprise")


class Readiness(models.TextChoices):
    READY = "ready", _("Ready")
    OUT = "out", _("Sent out")
    TRAINING = "training", _("Training")
    RESTING = "resting", _("Resting")
    NOT_READY = "not_ready", _("Not ready")


class Skill(models.TextChoices):
    SEARCH = "search", _("Search and rescue")
    ROPE = "rope", _("Rope rescue")
    WATER = "water", _("Water rescue")
    DIVING = "diving", _("Diving")
    FIRE = "fire", _("Fire fighting")
    WILDFIRE = "wildfire", _("Forest fire fighting")
    HAZMAT = "hazmat", _("Leaks of dangerous chemicals")
    CONFINED = "confined", _("Confined space rescue")
    COLLAPSE = "collapse", _("Collapsed buildings")
    MINE = "mine", _("Mine rescue")
    DYKE = "dyke", _("Dyke defence")
    FIRST_AID = "first_aid", _("First aid")
    EVACUATION = "evacuation", _("Evacuation")
    DRONE = "drone", _("Drones")
    RADIO = "radio", _("Radio")
    MACHINERY = "machinery", _("Heavy machinery")
    LOGISTICS = "logistics", _("Logistics")


class Team(Record):
    """A rescue team; `members` counts against the norm of its rank."""

    kind = models.CharField(_("kind"), max_length=16, choices=TeamKind.choices)
    rank = models.CharField(_("level of the team"), max_length=12, choices=Rank.choices)
    members = models.PositiveIntegerField(_("members"))
    full_time = models.PositiveIntegerField(_("of them full-time"), null=True, blank=True)
    skills = ChoicesField(_("skills"), kinds=Skill)
    readiness = models.CharField(_("readiness"), max_length=12, choices=Readiness.choices, default=Readiness.READY)
    minutes = models.PositiveSmallIntegerField(_("time to turn out"), null=True, blank=True)
    unit = models.CharField(_("belongs to"), max_length=80, blank=True)
    founded_on = models.DateField(_("founded"), null=True, blank=True)
    drilled_on = models.DateField(_("last drill"), null=True, blank=True)
    leader = models.CharField(_("leader A"), max_length=60, blank=True)
    leader_phone = SealedField(_("phone of leader A"), length=30, blank=True)
    deputy = models.CharField(_("leader B"), max_length=60, blank=True)
    deputy_phone = SealedField(_("phone of leader B"), length=30, blank=True)

    class Meta(Record.Meta):
        verbose_name = _("rescue team")
        verbose_name_plural = _("rescue teams")


class Condition(models.TextChoices):
    FIT = "fit", _("Fit for use")
    REPAIR = "repair", _("Under repair")
    SCRAPPED = "scrapped", _("Scrapped")


class VehicleKind(models.TextChoices):
    ENGINE = "engine", _("Fire engine")
    TANKER = "tanker", _("Water tanker")
    RESCUE = "rescue", _("Rescue vehicle")
    COMMAND = "command", _("Command vehicle")
    TRANSPORT = "transport", _("Transport vehicle")
    AMBULANCE = "ambulance", _("Ambulance")
    BOAT = "boat", _("Rescue boat")
    PUMP = "pump", _("Pump truck")
    RADIO = "radio", _("Communication vehicle")
    OTHER = "other", _("Other")


class TeamVehicle(Record):
    """A vehicle of a team."""

    team = models.ForeignKey(Team, verbose_name=_("rescue team"), on_delete=models.PROTECT, related_name="vehicles")
    kind = models.CharField(_("kind"), max_length=12, choices=VehicleKind.choices)
    plate = models.CharField(_("plate"), max_length=20, blank=True)
    seats = models.PositiveSmallIntegerField(_("seats"), null=True, blank=True)
    load_t = models.FloatField(_("load"), null=True, blank=True)
    condition = models.CharField(_("condition"), max_length=10, choices=Condition.choices, default=Condition.FIT)
    inspected_until = models.DateField(_("inspection valid until"), null=True, blank=True)
    driver = models.CharField(_("driver"), max_length=60, blank=True)
    driver_phone = SealedField(_("phone of the driver"), length=30, blank=True)

    class Meta(Record.Meta):
        verbose_name = _("team vehicle")
        verbose_name_plural = _("team vehicles")


class TeamEquipment(Record):
    """Equipment that a team keeps itself, in pieces of one sort."""

    team = models.ForeignKey(Team, verbose_name=_("rescue team"), on_delete=models.PROTECT, related_name="equipment")
    supply = models.CharField(
        _("class of supplies"), max_length=40, blank=True, help_text=_("Name or code of the class, as in the rulebook.")
    )
    model = models.CharField(_("model"), max_length=80, blank=True)
    quantity = models.PositiveIntegerField(_("quantity"))
    condition = models.CharField(_("condition"), max_length=10, choices=Condition.choices, default=Condition.FIT)
    bought_on = models.DateField(_("bought"), null=True, blank=True)
    checked_on = models.DateField(_("last check"), null=True, blank=True)

    class Meta(Record.Meta):
        verbose_name = _("team equipment")
        verbose_name_plural = _("team equipment")


class ExpertField(models.TextChoices):
    CHEMICAL = "chemical", _("Dangerous chemicals")
    MINE = "mine", _("Mines")
    FIREWORKS = "fireworks", _("Fireworks")
    FIRE = "fire", _("Fire fighting")
    GEOLOGY = "geology", _("Geology")
    FLOOD = "flood", _("Floods and dams")
    WEATHER = "weather", _("Weather")
    EARTHQUAKE = "earthquake", _("Earthquakes")
    BUILDING = "building", _("Buildings")
    DEVICE = "device", _("Special equipment")
    MEDICAL = "medical", _("Medicine")
    TRAFFIC = "traffic", _("Traffic")
    LAW = "law", _("Law")
    MEDIA = "media", _("Public information")


class Expert(Record):
    """Somebody who is asked for advice; the name of the record is the person's name."""

    fields = ChoicesField(_("fields of expertise"), kinds=ExpertField)
    title = models.CharField(_("professional title"), max_length=60, blank=True)
    employer = models.CharField(_("employer"), max_length=120, blank=True)
    phone = SealedField(_("phone"), length=30, blank=True)
    appointed_until = models.DateField(_("appointed until"), null=True, blank=True)
    busy = models.BooleanField(_("busy"), default=False)
    busy_until = models.DateField(_("busy until"), null=True, blank=True)

    class Meta(Record.Meta):
        verbose_name = _("expert")
        verbose_name_plural = _("experts")


class StationClass(models.TextChoices):
    """Classes of the building standard; each has a norm of its area in the rulebook."""

    FIRST = "first", _("Ordinary, class 1")
    SECOND = "second", _("Ordinary, class 2")
    SMALL = "small", _("Ordinary, small")
    SUBURB = "suburb", _("In the suburbs")
    SPECIAL = "special", _("Special service")
    TOWN = "town", _("Town brigade")
    MICRO = "micro", _("Micro station")


class FireStation(Record):
    """A fire station; what it reaches is computed from where it stands."""

    kind = models.CharField(_("class of the station"), max_length=10, choices=StationClass.choices)
    firefighters = models.PositiveIntegerField(_("firefighters"), null=True, blank=True)
    engines = models.PositiveSmallIntegerField(_("fire engines"), null=True, blank=True)
    area_km2 = models.FloatField(_("area in charge"), null=True, blank=True)
    built_on = models.DateField(_("in service since"), null=True, blank=True)
    duty_phone = SealedField(_("duty phone"), length=30, blank=True)
    leader = models.CharField(_("station head"), max_length=60, blank=True)

    class Meta(Record.Meta):
        verbose_name = _("fire station")
        verbose_name_plural = _("fire stations")


class GroupKind(models.TextChoices):
    VOLUNTEERS = "volunteers", _("Volunteer group")
    RESCUE = "rescue", _("Social rescue force")
    SERVICE = "service", _("Social service organisation")
    COMPANY = "company", _("Company that helps by agreement")


class VolunteerGroup(Record):
    """Volunteers or a social force that comes when it is asked."""

    kind = models.CharField(_("kind"), max_length=12, choices=GroupKind.choices)
    members = models.PositiveIntegerField(_("members"), null=True, blank=True)
    trained = models.PositiveIntegerField(_("of them trained"), null=True, blank=True)
    skills = ChoicesField(_("skills"), kinds=Skill)
    registered_at = models.CharField(_("registered with"), max_length=80, blank=True)
    agreement_until = models.DateField(_("agreement valid until"), null=True, blank=True)
    insured = models.BooleanField(_("members insured"), default=False)
    contact = models.CharField(_("contact"), max_length=60, blank=True)
    contact_phone = SealedField(_("phone"), length=30, blank=True)

    class Meta(Record.Meta):
        verbose_name = _("volunteer group")
        verbose_name_plural = _("volunteers and social forces")
