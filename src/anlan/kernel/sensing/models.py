"""Devices, points, the rules over them and the alarms they raised. Readings themselves live in the reading store."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from anlan.kernel.regions.scope import ScopedManager
from anlan.kernel.sensing.door import commands
from anlan.kernel.sensing.door.links import HJ212, JT808, MODBUS, SL651
from anlan.kernel.sensing.modbus.models import ModbusConnection, ModbusLine, ModbusState, ModbusTrial  # noqa: F401
from anlan.kernel.sensing.sealed import PointManager


class PointKind(models.TextChoices):
    COMBUSTIBLE_GAS = "combustible_gas", _("Combustible gas")
    TOXIC_GAS = "toxic_gas", _("Toxic gas")
    TANK_LEVEL = "tank_level", _("Tank level")
    TANK_TEMPERATURE = "tank_temperature", _("Tank temperature")
    TANK_PRESSURE = "tank_pressure", _("Tank pressure")
    RAIN = "rain", _("Rain intensity")
    RIVER_STAGE = "river_stage", _("River stage")
    DISPLACEMENT = "displacement", _("Slope displacement")
    DISPLACEMENT_RATE = "displacement_rate", _("Displacement rate")
    TANGENT_ANGLE = "tangent_angle", _("Tangent angle")
    FAILURE_TIME = "failure_time", _("Time to failure")
    EFFECTIVE_RAIN = "effective_rain", _("Effective rain")
    RAIN_DEPTH = "rain_depth", _("Rain over a window")
    FLOW = "flow", _("Flow")
    HOTSPOT = "hotspot", _("Forest fire hotspot")
    SEISMIC_INTENSITY = "seismic_intensity", _("Seismic intensity")
    POSITION = "position", _("Position")  # latitude, longitude, speed or course of a carrier
    PERSON_POSITION = "person_position", _("Position of a person")
    FENCE_DISTANCE = "fence_distance", _("Distance beyond a fence")
    PERSON_FENCE = "person_fence", _("Distance of a person beyond a fence")
    GROUP = "group", _("Several points")  # an anchor: rules over several points hang on it, nobody sends to it
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
    battery = models.FloatField(null=True, blank=True)  # charge that it told last, percent
    battery_at = models.DateTimeField(null=True, blank=True)

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

    objects = PointManager()
    records = models.Manager()

    class Meta:
        base_manager_name = "records"
        default_manager_name = "records"
        ordering = ("code",)
        verbose_name = _("point")
        verbose_name_plural = _("points")

    def __str__(self) -> str:
        return f"{self.code} {self.name}"


class LinkProtocol(models.TextChoices):
    """Protocols other than ours; values as in `door.links`."""

    HJ212 = HJ212, "HJ 212"
    SL651 = SL651, "SL 651"
    JT808 = JT808, "JT/T 808"


class DeviceLink(models.Model):
    """How a device is known in a protocol of its own: by its number, and by a credential of which a digest is kept."""

    device = models.OneToOneField(Device, on_delete=models.CASCADE, related_name="link")
    protocol = models.CharField(_("protocol"), max_length=10, choices=LinkProtocol.choices)
    number = models.CharField(_("number"), max_length=40)
    secret_hash = models.CharField(max_length=64, blank=True)  # "": a terminal that may still register
    sensors = models.JSONField(default=dict)  # sensor → code of a point, "" for one that nobody needs
    address = models.CharField(max_length=60, blank=True)  # it spoke from last
    heard_at = models.DateTimeField(null=True, blank=True)
    frames = models.BigIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=("protocol", "number"), name="one_link_a_number")]

    def __str__(self) -> str:
        return f"{self.protocol} {self.number}"


class CommandKind(models.TextChoices):
    """What can be asked of a device; values as in `door.commands`."""

    SET_CLOCK = commands.SET_CLOCK, _("Set the clock")
    READ_CLOCK = commands.READ_CLOCK, _("Read the clock")
    HISTORY = commands.HISTORY, _("Ask for old data")
    LOCATE = commands.LOCATE, _("Ask where it is")
    TRACK = commands.TRACK, _("Report its place more often")
    TEXT = commands.TEXT, _("Show a text")


class CommandState(models.TextChoices):
    """How far a command is; values as in `door.commands`."""

    WAITING = commands.WAITING, _("waits for the device")
    SENT = commands.SENT, _("sent to the device")
    ACCEPTED = commands.ACCEPTED, _("taken up by the device")
    DONE = commands.DONE, _("carried out")
    REFUSED = commands.REFUSED, _("refused or failed")
    NO_ANSWER = commands.NO_ANSWER, _("no answer")
    EXPIRED = commands.EXPIRED, _("not connected in time")
    WITHDRAWN = commands.WITHDRAWN, _("taken back")


class DeviceCommand(models.Model):
    """Something that a person asks of a device that speaks TCP; sent by the gateway, which writes what became of it."""

    device = models.ForeignKey(Device, on_delete=models.CASCADE, related_name="commands", db_index=False)
    protocol = models.CharField(_("protocol"), max_length=10, choices=LinkProtocol.choices)
    number = models.CharField(_("number"), max_length=40)  # for which it was asked
    kind = models.CharField(_("command"), max_length=20, choices=CommandKind.choices)
    arguments = models.JSONField(default=dict)  # by kind, see `door.commands`
    state = models.CharField(_("state"), max_length=12, choices=CommandState.choices, default=CommandState.WAITING)
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    expires_at = models.DateTimeField()  # it waits so long for its device
    entry = models.ForeignKey("rulebook.Entry", on_delete=models.PROTECT, related_name="+")  # that gave the spans
    answer_s = models.PositiveIntegerField()  # until the first answer, then it is sent again
    most_tries = models.PositiveSmallIntegerField()
    result_s = models.PositiveIntegerField()  # from one sign of the work on it to the next
    mark = models.CharField(max_length=40, blank=True)  # by which its answers are known
    tries = models.PositiveSmallIntegerField(default=0)  # how often it was sent
    sent_at = models.DateTimeField(null=True, blank=True)  # last
    accepted_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    answer = models.JSONField(default=dict)  # in the words of its protocol
    readings = models.PositiveIntegerField(default=0)  # that came in answer

    class Meta:
        ordering = ("-id",)
        indexes = [
            models.Index(fields=("device", "-id"), name="commands_of_a_device"),
            models.Index(fields=("state", "id"), name="commands_by_state"),
        ]
        verbose_name = _("command to a device")
        verbose_name_plural = _("commands to devices")

    def __str__(self) -> str:
        return f"{self.kind} {self.number}"

    @property
    def is_open(self) -> bool:
        """Whether something may still come of it."""
        return self.state in commands.OPEN


class Caller(models.Model):
    """A number that spoke to us and that nobody has registered; written by the gateway, the latest 500."""

    protocol = models.CharField(_("protocol"), max_length=10, choices=LinkProtocol.choices)
    number = models.CharField(_("number"), max_length=40)
    secret_hash = models.CharField(max_length=64, blank=True)  # of the password in its last frame
    address = models.CharField(max_length=60)
    frames = models.BigIntegerField(default=0)
    raw = models.TextField(blank=True)  # its last frame in hex
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=("protocol", "number"), name="one_caller_a_number")]

    def __str__(self) -> str:
        return f"{self.protocol} {self.number}"


class FrameFault(models.Model):
    """How often a sender's frames showed a fault on a day, and the bytes that last did; written by the gateway."""

    day = models.DateField()  # in Beijing
    protocol = models.CharField(_("protocol"), max_length=10, choices=[*LinkProtocol.choices, (MODBUS, "Modbus TCP")])
    sender = models.CharField(max_length=60)  # code of the device, else the address
    fault = models.CharField(max_length=30)
    count = models.BigIntegerField()
    raw = models.TextField(blank=True)  # hex
    last_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=("day", "protocol", "sender", "fault"), name="one_count_a_day_and_fault")
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.sender} {self.fault}"


class RuleVersion(models.Model):
    """A rulebook entry of kind "alarm" put in force over points; `id` is the engine's rule version."""

    entry = models.ForeignKey("rulebook.Entry", on_delete=models.PROTECT, related_name="+")
    condition = models.JSONField()  # as the engine got it, limits in the point's unit
    lane = models.CharField(max_length=40, default="live")
    from_at = models.DateTimeField()
    to_at = models.DateTimeField(null=True, blank=True)
    points = models.JSONField(default=list)  # point ids
    inhibits = models.JSONField(default=list)  # [[rule version, point id, severity], …] that hold it down
    logged = models.BooleanField(default=False)  # written to the reading log
    ended_logged = models.BooleanField(default=False)


class AlarmState(models.TextChoices):
    """ISA-18.2: what is on and who has seen it. Shelving stands beside it, as `Alarm.shelved_until`."""

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
    due = models.DateTimeField(null=True, blank=True)  # copy of the answer clock's due, while it runs
    answer_due = models.DateTimeField(null=True, blank=True)  # the same, kept when it was answered
    first = models.ForeignKey(  # the first-up (首出) that this one followed; null: nothing went before it
        "self", null=True, blank=True, on_delete=models.SET_NULL, related_name="followers", db_index=False
    )
    raises = models.PositiveIntegerField(default=1, db_default=1)  # how often it came since it was opened
    recent_raises = models.JSONField(null=True, blank=True)  # event times in ms, as far back as chattering is counted
    rang_at = models.DateTimeField(null=True, blank=True)  # event time at which it rang last
    chattering_since = models.DateTimeField(null=True, blank=True)  # event time
    shelved_until = models.DateTimeField(null=True, blank=True)  # set while it is shelved
    shelved_level = models.PositiveSmallIntegerField(null=True, blank=True)  # the level for which that was allowed
    shelved_s = models.PositiveIntegerField(default=0, db_default=0)  # seconds of shelving that are over
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
            models.Index(fields=("first",), condition=models.Q(first__isnull=False), name="alarms_that_follow"),
            models.Index(
                fields=("shelved_until",), condition=models.Q(shelved_until__isnull=False), name="shelved_alarms"
            ),
            models.Index(fields=("point", "raised_at")),
            models.Index(fields=("raised_at",)),
        ]


class ShelvingState(models.TextChoices):
    ASKED = "asked", _("Asked, waits for a second person")
    SHELVED = "shelved", _("Shelved")
    ENDED = "ended", _("Ended")
    REFUSED = "refused", _("Refused")
    LAPSED = "lapsed", _("Nobody confirmed it in time")


class ShelvingEnd(models.TextChoices):
    """Why a shelving ended."""

    TIME = "time", _("Its time was over")
    HAND = "hand", _("Ended by hand")
    LEVEL = "level", _("The level rose")
    CLOSED = "closed", _("The alarm was closed")


class Shelving(models.Model):
    """One shelving (搁置) of an alarm: why, until when, who asked and, for the upper levels, who confirmed it."""

    alarm = models.ForeignKey(Alarm, on_delete=models.CASCADE, related_name="shelvings")
    state = models.CharField(max_length=10, choices=ShelvingState.choices)
    reason = models.CharField(max_length=200)
    level = models.PositiveSmallIntegerField()  # of the alarm when it was asked for
    entry = models.ForeignKey("rulebook.Entry", on_delete=models.PROTECT, related_name="+")  # the rule that allowed it
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    until = models.DateTimeField()
    expires_at = models.DateTimeField(null=True, blank=True)  # of a request that waits for a second person
    confirmed_by = models.ForeignKey(  # or refused
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    began_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    end = models.CharField(max_length=10, choices=ShelvingEnd.choices, blank=True)

    class Meta:
        ordering = ("asked_at", "id")
        constraints = [
            models.UniqueConstraint(
                fields=("alarm",), condition=models.Q(state__in=("asked", "shelved")), name="one_shelving_at_a_time"
            )
        ]
        indexes = [
            models.Index(fields=("until",), condition=models.Q(state="shelved"), name="shelvings_in_force"),
            models.Index(fields=("expires_at",), condition=models.Q(state="asked"), name="shelvings_asked"),
            models.Index(fields=("asked_at",)),
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


class ChangeState(models.TextChoices):
    """Where a proposal to change an alarm rule stands."""

    PROPOSED = "proposed", _("Proposed")
    APPROVED = "approved", _("Put in force")
    REJECTED = "rejected", _("Rejected")
    WITHDRAWN = "withdrawn", _("Proposal withdrawn")


class RuleChange(models.Model):
    """One proposal to make, change or end an alarm rule, by one person, decided by another.

    `base` is the version that its author saw; empty for a new rule. Approved, it becomes the rulebook entry `entry`.
    """

    code = models.CharField(_("rule code"), max_length=60, db_index=True)
    base = models.ForeignKey("rulebook.Entry", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    region = models.ForeignKey("regions.Region", on_delete=models.PROTECT, related_name="+")
    ends = models.BooleanField(default=False)  # the rule is to raise nothing more
    title = models.CharField(_("title"), max_length=160)
    title_zh = models.CharField(_("title in Chinese"), max_length=160, blank=True)
    body = models.JSONField(default=dict)
    standard = models.CharField(_("standard"), max_length=120, blank=True)
    clause = models.CharField(_("clause"), max_length=80, blank=True)
    verified = models.BooleanField(default=False)
    note = models.TextField(blank=True)
    reason = models.CharField(_("reason"), max_length=500)
    state = models.CharField(max_length=10, choices=ChangeState.choices, default=ChangeState.PROPOSED)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    proposed_at = models.DateTimeField()
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    decided_at = models.DateTimeField(null=True, blank=True)
    decision = models.CharField(_("reason of the decision"), max_length=500, blank=True)
    entry = models.ForeignKey("rulebook.Entry", null=True, blank=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ("-id",)
        indexes = [models.Index(fields=("state", "-id"), name="changes_by_state")]
        verbose_name = _("rule change")
        verbose_name_plural = _("rule changes")

    def __str__(self) -> str:
        return f"{self.code} {self.title}"


class PointDay(models.Model):
    """What came of a point on one day of the bureau, counted from the log as it arrived (`kernel.sensing.health`).

    Only the time that was watched is judged: while nobody counted, nothing is missed.
    """

    point = models.ForeignKey(Point, on_delete=models.CASCADE, related_name="days", db_index=False)
    day = models.DateField()
    watched_s = models.FloatField(default=0)  # seconds of the day that were counted
    came = models.PositiveIntegerField(default=0)  # readings with a time of their own
    gaps = models.PositiveIntegerField(default=0)  # pauses longer than three sampling periods
    longest_s = models.FloatField(default=0)  # the longest of them
    longest_from = models.DateTimeField(null=True)  # event time of the reading before it
    offset_ms = models.BigIntegerField(null=True)  # arrival minus event time, median of the last batches
    offset_worst_ms = models.BigIntegerField(null=True)  # the one furthest from 0
    last_ms = models.BigIntegerField(default=-1)  # newest event time counted, epoch ms; -1 none
    upto_ms = models.BigIntegerField(default=0)  # arrival time up to which the log was counted, epoch ms

    class Meta:
        constraints = [models.UniqueConstraint(fields=("point", "day"), name="one_row_a_point_and_day")]
        indexes = [models.Index(fields=("day",), name="point_days_by_day")]


class PointHealth(models.Model):
    """The days of a point in one row, for a page that is sorted by any of it; renewed by a job."""

    point = models.OneToOneField(Point, on_delete=models.CASCADE, related_name="health")
    rate_today = models.FloatField(null=True)  # share 0..1 of the samples that were due; null: not watched
    rate_week = models.FloatField(null=True)  # of the last 7 days
    rate_month = models.FloatField(null=True)  # of the last 30 days
    gaps = models.PositiveIntegerField(default=0)  # of the last 7 days
    longest_s = models.FloatField(default=0)
    longest_from = models.DateTimeField(null=True)
    offset_ms = models.BigIntegerField(null=True)
    offset_worst_ms = models.BigIntegerField(null=True)  # of the last 7 days
    last_at = models.DateTimeField(null=True)  # event time of the newest reading
    at = models.DateTimeField()  # when this was reckoned

    class Meta:
        indexes = [models.Index(fields=("rate_week",), name="health_by_rate")]


#: The device that derived points hang on, and the sender of what they give. It has no usable key.
DERIVED_SENDER = "derived"


class DerivedMode(models.TextChoices):
    SCHEDULE = "schedule", _("On schedule")
    ARRIVAL = "arrival", _("On arrival")


class DerivedPoint(models.Model):
    """How a point is computed from others: a named function, its inputs and parameters (docs/how-to/derived-points.md).

    `computed_ms` is the event time up to which it was computed; what comes in later for a time before it changes
    nothing and is counted in `late`.
    """

    point = models.OneToOneField(Point, on_delete=models.PROTECT, related_name="derivation")
    function = models.CharField(_("function"), max_length=40)
    parameters = models.JSONField(default=dict)
    mode = models.CharField(_("computed"), max_length=10, choices=DerivedMode.choices)
    every_s = models.PositiveIntegerField(default=60)  # of a schedule
    settle_s = models.PositiveIntegerField(default=5)  # a moment is computed so long after it
    from_ms = models.BigIntegerField()  # computed live from this event time on
    computed_ms = models.BigIntegerField()
    computed_at = models.DateTimeField(null=True, blank=True)  # when it was last computed
    late = models.PositiveIntegerField(default=0)  # readings of its inputs that came too late to count
    seen_seq = models.BigIntegerField(default=0)  # record of the log up to which late ones are counted
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("point__code",)


class DerivedInput(models.Model):
    """One input of a derived point, in the order in which its function takes them."""

    derived = models.ForeignKey(DerivedPoint, on_delete=models.CASCADE, related_name="inputs")
    place = models.PositiveSmallIntegerField()
    point = models.ForeignKey(Point, on_delete=models.PROTECT, related_name="uses")

    class Meta:
        ordering = ("place",)
        constraints = [models.UniqueConstraint(fields=("derived", "place"), name="one_input_a_place")]
