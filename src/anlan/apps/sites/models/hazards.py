"""Hazard points: ground, flood, fire; who watches them, and the patrols that were made."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from anlan.kernel.people.sealed import SealedField
from anlan.kernel.regions.scope import ScopedManager
from anlan.kernel.registers.fields import LevelField
from anlan.kernel.registers.models import Record


class Finding(models.TextChoices):
    """What a patrol finds."""

    NORMAL = "normal", _("Nothing new")
    CHANGED = "changed", _("Something changed")
    DANGER = "danger", _("Danger")


class Watched(models.Model):
    """What hazard points have in common: whom they threaten, who watches them, when somebody was there last.

    level        risk, on which the rhythm of patrols stands
    watcher      watches the point and gives the first warning (群测群防监测员)
    responsible  answers for moving the people (防灾责任人)
    patrolled_at, finding   of the last patrol, written by the verb alone
    """

    level = LevelField(_("risk level"), null=True, blank=True)
    people = models.PositiveIntegerField(_("people threatened"), null=True, blank=True)
    households = models.PositiveIntegerField(_("households threatened"), null=True, blank=True)
    property_wan = models.FloatField(_("property threatened (10,000 yuan)"), null=True, blank=True)
    watcher = models.CharField(_("watcher"), max_length=60, blank=True)
    watcher_phone = SealedField(_("phone of the watcher"), length=30, blank=True)
    responsible = models.CharField(_("responsible for moving people"), max_length=60, blank=True)
    responsible_phone = SealedField(_("phone of the responsible"), length=30, blank=True)
    signal = models.CharField(_("warning signal"), max_length=80, blank=True)
    refuge = models.CharField(_("place of refuge"), max_length=120, blank=True)
    way_out = models.CharField(_("way of evacuation"), max_length=200, blank=True)
    patrolled_at = models.DateTimeField(_("last patrol"), null=True, blank=True, editable=False)
    finding = models.CharField(_("finding"), max_length=10, choices=Finding.choices, blank=True, editable=False)

    class Meta:
        abstract = True


class GeoKind(models.TextChoices):
    """Kinds of geological hazard points, as the code list HAZARD-POINTS has them."""

    LANDSLIDE = "landslide", _("Landslide")
    COLLAPSE = "collapse", _("Rockfall or collapse")
    DEBRIS_FLOW = "debris-flow", _("Debris flow")
    GROUND_COLLAPSE = "ground-collapse", _("Ground collapse")
    GROUND_FISSURE = "ground-fissure", _("Ground fissure")
    SUBSIDENCE = "subsidence", _("Land subsidence")
    UNSTABLE_SLOPE = "unstable-slope", _("Unstable slope")


class Grade(models.TextChoices):
    """Size and danger of a geological hazard, as the rulebook's gradings have them."""

    VERY_LARGE = "very-large", _("Very large")
    LARGE = "large", _("Large")
    MEDIUM = "medium", _("Medium")
    SMALL = "small", _("Small")


class Stability(models.TextChoices):
    UNSTABLE = "unstable", _("Unstable")
    LESS_STABLE = "less-stable", _("Less stable")
    BASIC = "basic", _("Basically stable")
    STABLE = "stable", _("Stable")


class Trigger(models.TextChoices):
    RAIN = "rain", _("Rain")
    CUT = "cut", _("Cutting of the slope")
    MINING = "mining", _("Mining")
    RIVER = "river", _("Erosion by a river")
    QUAKE = "quake", _("Earthquake")
    THAW = "thaw", _("Freezing and thawing")


class GeoHazard(Watched, Record):
    """A geological hazard point. `scale` and `danger` are derived by the rulebook from volume, people and property."""

    kind = models.CharField(_("kind"), max_length=20, choices=GeoKind.choices)
    volume_m3 = models.FloatField(_("volume"), null=True, blank=True)
    height_m = models.FloatField(_("height difference"), null=True, blank=True)
    angle = models.FloatField(_("angle of the slope"), null=True, blank=True)
    stability = models.CharField(_("stability"), max_length=20, choices=Stability.choices, blank=True)
    trigger = models.CharField(_("trigger"), max_length=20, choices=Trigger.choices, blank=True)
    found_on = models.DateField(_("found"), null=True, blank=True)
    card_given = models.BooleanField(_("cards given to the households"), default=False)
    scale = models.CharField(_("size"), max_length=20, choices=Grade.choices, blank=True, editable=False)
    danger = models.CharField(_("danger grade"), max_length=20, choices=Grade.choices, blank=True, editable=False)

    class Meta(Record.Meta):
        verbose_name = _("geological hazard point")
        verbose_name_plural = _("geological hazard points")


class FloodKind(models.TextChoices):
    DANGEROUS_REACH = "dangerous-reach", _("Dangerous reach of a dike")
    FERRY = "ferry", _("Ferry")
    LOW_HOUSES = "low-houses", _("Low-lying houses")
    SMALL_RESERVOIR = "small-reservoir", _("Small reservoir")
    POND = "pond", _("Hill pond")
    UNDERPASS = "underpass", _("Underpass")
    BASEMENT = "basement", _("Basement or underground car park")
    FLASH_FLOOD = "flash-flood", _("Valley with flash floods")
    WATERLOGGED = "waterlogged", _("Waterlogged street")
    FORD = "ford", _("Ford or submersible bridge")


class FloodHazard(Watched, Record):
    """A point that floods first."""

    kind = models.CharField(_("kind"), max_length=20, choices=FloodKind.choices)
    water = models.CharField(_("river or water"), max_length=60, blank=True)
    storage_wan_m3 = models.FloatField(_("storage capacity (10,000 m³)"), null=True, blank=True)
    dam_height_m = models.FloatField(_("height of the dam"), null=True, blank=True)
    flood_level_m = models.FloatField(_("level at which it floods"), null=True, blank=True)
    rain_mm_1h = models.FloatField(_("rain in an hour at which people leave"), null=True, blank=True)
    pumps = models.CharField(_("pumps and barriers"), max_length=120, blank=True)

    class Meta(Record.Meta):
        verbose_name = _("flood hazard point")
        verbose_name_plural = _("flood hazard points")


class FireKind(models.TextChoices):
    FOREST = "forest", _("Forest patch")
    GRASS = "grass", _("Grassland")
    OLD_QUARTER = "old-quarter", _("Old quarter of timber houses")
    WUI = "wui", _("Houses at the edge of the forest")
    GRAVES = "graves", _("Graves in the forest")
    VILLAGE = "village", _("Village of timber houses")
    RENTED = "rented", _("Crowded rented houses")


class FireHazard(Watched, Record):
    """A place that burns easily; its outline is the patch."""

    kind = models.CharField(_("kind"), max_length=20, choices=FireKind.choices)
    area_ha = models.FloatField(_("area"), null=True, blank=True)
    fuel = models.CharField(_("what burns"), max_length=80, blank=True)
    houses = models.PositiveIntegerField(_("houses"), null=True, blank=True)
    break_km = models.FloatField(_("length of fire breaks"), null=True, blank=True)
    water_source = models.CharField(_("water for fighting it"), max_length=120, blank=True)
    lane_m = models.FloatField(_("width of the way for engines"), null=True, blank=True)
    checkpoints = models.PositiveSmallIntegerField(_("checkpoints"), null=True, blank=True)

    class Meta(Record.Meta):
        verbose_name = _("fire hazard point")
        verbose_name_plural = _("fire hazard points")


class Patrol(models.Model):
    """Somebody was at a hazard point; never changed. `ref` names the point, `late_days` how late it was by the rule."""

    ref = models.CharField(max_length=80, db_index=True)
    region = models.ForeignKey("regions.Region", on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(_("when"))
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    finding = models.CharField(_("finding"), max_length=10, choices=Finding.choices)
    note = models.CharField(_("note"), max_length=500, blank=True)
    due_at = models.DateTimeField(null=True)
    rule = models.ForeignKey("rulebook.Entry", null=True, on_delete=models.PROTECT, related_name="+")
    recorded_at = models.DateTimeField()

    objects = ScopedManager()
    records = models.Manager()

    class Meta:
        base_manager_name = "records"
        default_manager_name = "records"
        ordering = ("-at", "-id")

    def __str__(self) -> str:
        return f"{self.ref} {self.get_finding_display()}"
