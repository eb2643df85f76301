"""Devices, points, the rules over them and the alarms they raised. Readings themselves live in the reading store."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from anlan.kernel.regions.scope import ScopedManager


class PointKind(models.TextChoices):
    COMBUSTIBLE_GAS = "combustible_gas", _("Combustible gas")
    TOXIC_GAS = "toxic_gas", _("Toxic gas")
    TANK_LEVEL = "tank_level", _("Tank level")
    TANK_TEMPERATURE = "tank_temperature", _("Tank temperature")
    TANK_PRESSURE = "tank_pressure", _("Tank pressure")
    RAIN = "rain", _("Rain intensity")
    RIVER_STAGE = "river_stage", _("River stage")
    DISPLACEMENT = "displacement", _("Slope displacement")
    OTHER = "other", _("Other")


class Device(models.Model):
    """One sender with one credential. `code` is its user name at the door; the key itself is never kept."""

    code = models.CharField(_("device"), max_length=60, unique=True)
    name = models.CharField(_("device name"), max_length=120)
    region = models.ForeignKey("regions.Region", on_delete=models.PROTECT, related_name="+")
    key_hash = models.CharField(max_length=64)  # SHA-256 hex of a random 256-bit key
    enabled = models.BooleanField(_("enabled"), default=True)
    hold_ms = models.PositiveIntegerField(default=0)  # L of engine.md: delivers out of order within
    lane = models.CharField(max_length=40, default="live")  # "live", or the exercise lane it may write to
    last_seen = models.DateTimeField(null=True, blank=True)
    declared = models.CharField(max_length=80, blank=True)  # what the log knows of `hold_ms`; "": in order

    objects = ScopedManager()
    records = models.Manager()

    class Meta:
        base_manager_name = "records"
        default_manager_name = "records"
        ordering = ("code",)
        verbose_name = _("device")
        verbose_name_plural = _("devices")

    def __str__(self) -> str:
        return self.code


class Point(models.Model):
    """One measured quantity at one place; `id` is the point number used in the log (int32)."""

    code = models.CharField(_("point"), max_length=60, unique=True)
    name = models.CharField(_("point name"), max_length=120)
    pinyin = models.CharField(max_length=200, blank=True)
    kind = models.CharField(_("kind"), max_length=30, choices=PointKind.choices)
    unit = models.CharField(_("unit"), max_length=20, blank=True)
    digits = models.PositiveSmallIntegerField(default=1)
    region = models.ForeignKey("regions.Region", on_delete=models.PROTECT, related_name="+")
    device = models.ForeignKey(Device, on_delete=models.PROTECT, related_name="points")
    site_ref = models.CharField(max_length=80, blank=True, db_index=True)  # "site:12": where it hangs
    site_name = models.CharField(max_length=120, blank=True)
    lon = models.FloatField(null=True)
    lat = models.FloatField(null=True)
    period_s = models.PositiveIntegerField(default=60)  # the sampling period, seconds
    low = models.FloatField(null=True)  # physical range of the instrument
    high = models.FloatField(null=True)
    enabled = models.BooleanField(default=True)
    exercise = models.BooleanField(default=False)  # of a replay; never in real lists

    objects = ScopedManager()
    records = models.Manager()

    class Meta:
        base_manager_name = "records"
        default_manager_name = "records"
        ordering = ("code",)
        verbose_name = _("point")
        verbose_name_plural = _("points")

    def __str__(self) -> str:
        return f"{self.code} {self.name}"


class RuleVersion(models.Model):
    """A rulebook entry of kind "alarm" put in force over points; `id` is the engine's rule version."""

    entry = models.ForeignKey("rulebook.Entry", on_delete=models.PROTECT, related_name="+")
    condition = models.JSONField()  # as the engine got it, limits in the point's unit
    lane = models.CharField(max_length=40, default="live")
    from_at = models.DateTimeField()
    to_at = models.DateTimeField(null=True, blank=True)
    points = models.JSONField(default=list)  # point ids
    logged = models.BooleanField(default=False)  # written to the reading log
    ended_logged = models.BooleanField(default=False)


class AlarmState(models.TextChoices):
    """ISA-18.2 without shelving: what is on and who has seen it."""

    UNACKNOWLEDGED = "unacknowledged", _("Unacknowledged")
    ACKNOWLEDGED = "acknowledged", _("Acknowledged")
    CLEARED = "cleared", _("Cleared, unacknowledged")
    CLOSED = "closed", _("Closed")


class Alarm(models.Model):
    """At most one open alarm per point and rule entry and lane; its level follows the highest step that is on."""

    point = models.ForeignKey(Point, on_delete=models.PROTECT, related_name="alarms")
    rule = models.ForeignKey(RuleVersion, on_delete=models.PROTECT, related_name="+")
    entry = models.ForeignKey("rulebook.Entry", on_delete=models.PROTECT, related_name="+")
    region = models.ForeignKey("regions.Region", on_delete=models.PROTECT, related_name="+")
    condition = models.CharField(max_length=20)  # "level", "silence"
    level = models.PositiveSmallIntegerField()  # now, or the last before clearing; 1 red … 4 blue
    level_max = models.PositiveSmallIntegerField()
    level_rung = models.PositiveSmallIntegerField()  # the most severe that rang since it was raised, or came again
    title = models.CharField(max_length=200)
    state = models.CharField(max_length=20, choices=AlarmState.choices, default=AlarmState.UNACKNOWLEDGED)
    retrospective = models.BooleanField(default=False)
    exercise = models.BooleanField(default=False)
    lane = models.CharField(max_length=40, default="live")
    value = models.FloatField(null=True)  # that raised it
    raised_at = models.DateTimeField()  # event time
    seen_at = models.DateTimeField()  # when Anlan knew
    cleared_at = models.DateTimeField(null=True, blank=True)
    acknowledged_at = models.DateTimeField(null=True, blank=True)
    acknowledged_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    close_note = models.CharField(max_length=200, blank=True)
    chain = models.ForeignKey(
        "chains.Chain", null=True, blank=True, on_delete=models.PROTECT, related_name="alarms", db_index=False
    )
    case = models.ForeignKey(
        "cases.Case", null=True, blank=True, on_delete=models.PROTECT, related_name="alarms", db_index=False
    )
    due = models.DateTimeField(null=True, blank=True)  # copy of the answer clock's due
    active = models.JSONField(default=list)  # [[rule version, step, severity], …] that are on

    objects = ScopedManager()
    records = models.Manager()

    class Meta:
        base_manager_name = "records"
        default_manager_name = "records"
        ordering = ("-id",)
        constraints = [
            models.UniqueConstraint(
                fields=("point", "entry", "condition", "lane"),
                condition=models.Q(cleared_at=None, closed_at=None, retrospective=False),
                name="one_open_alarm",
            )
        ]
        indexes = [
            # Open alarms are few among millions that are over; an index over the empty case of all would mislead.
            models.Index(fields=("level", "due"), condition=models.Q(closed_at=None), name="open_alarms"),
            models.Index(
                fields=("point", "level"),
                condition=models.Q(closed_at=None, cleared_at=None, retrospective=False),
                name="alarms_on",
            ),
            models.Index(fields=("case",), condition=models.Q(case__isnull=False), name="alarms_of_case"),
            models.Index(fields=("chain",), condition=models.Q(chain__isnull=False), name="alarms_of_chain"),
            models.Index(fields=("point", "raised_at")),
            models.Index(fields=("raised_at",)),
        ]


class AlarmStep(models.Model):
    """One transition of the engine as it changed an alarm; `transition` makes the consumer idempotent."""

    alarm = models.ForeignKey(Alarm, on_delete=models.CASCADE, related_name="steps")
    transition = models.CharField(max_length=40, unique=True)
    rule = models.ForeignKey(RuleVersion, on_delete=models.PROTECT, related_name="+")
    t = models.DateTimeField()  # event time
    seen_at = models.DateTimeField()
    step = models.PositiveSmallIntegerField()
    severity = models.PositiveSmallIntegerField()
    on = models.BooleanField()
    value = models.FloatField(null=True)

    class Meta:
        ordering = ("t", "id")


class AlarmDo(models.TextChoices):
    """What a person may do to an alarm."""

    ACKNOWLEDGE = "acknowledge", _("Acknowledged")
    UNDO = "undo", _("Acknowledgement undone")
    CLOSE = "close", _("Closed")
    OPEN_CASE = "open_case", _("Case opened")


class AlarmAct(models.Model):
    """One act of a person on an alarm; never changed. `was` is the state before it."""

    alarm = models.ForeignKey(Alarm, on_delete=models.CASCADE, related_name="acts")
    do = models.CharField(max_length=20, choices=AlarmDo.choices)
    at = models.DateTimeField()
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    was = models.CharField(max_length=20, choices=AlarmState.choices)
    note = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ("at", "id")
