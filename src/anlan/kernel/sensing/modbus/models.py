"""Who is asked by Modbus TCP and for what; `anlan.gateways.modbus` reads and writes these tables without Django."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class RegisterFunction(models.IntegerChoices):
    """The four functions that read; there is none that writes."""

    COILS = 1, _("Coils (1)")
    INPUTS = 2, _("Discrete inputs (2)")
    HOLDING = 3, _("Holding registers (3)")
    REGISTERS = 4, _("Input registers (4)")


class RegisterType(models.TextChoices):
    """Values as in `formats.modbus`; labels as the manuals of devices write them."""

    BIT = "bit", "bit"
    U16 = "u16", "uint16"
    I16 = "i16", "int16"
    U32 = "u32", "uint32"
    I32 = "i32", "int32"
    F32 = "f32", "float32"
    U64 = "u64", "uint64"
    I64 = "i64", "int64"
    F64 = "f64", "float64"


class RegisterOrder(models.TextChoices):
    """Of the bytes of a value in several registers; A is the highest."""

    ABCD = "ABCD", "ABCD"
    CDAB = "CDAB", "CDAB"
    BADC = "BADC", "BADC"
    DCBA = "DCBA", "DCBA"


class ModbusConnection(models.Model):
    """One unit of a host that is asked for a device. `version` rises with every change, so that the gateway sees it."""

    device = models.ForeignKey("sensing.Device", on_delete=models.CASCADE, related_name="modbus")
    host = models.CharField(_("host"), max_length=120)
    port = models.PositiveIntegerField(_("port"), default=502)
    unit = models.PositiveSmallIntegerField(_("unit number"), default=1)
    period_s = models.PositiveIntegerField(_("period"), default=10)
    timeout_ms = models.PositiveIntegerField(_("timeout"), default=1_000)
    gap = models.PositiveSmallIntegerField(default=0)  # registers nobody wants that may be read between two wanted
    enabled = models.BooleanField(_("enabled"), default=True)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        ordering = ("device__code", "host", "port", "unit")
        constraints = [models.UniqueConstraint(fields=("host", "port", "unit"), name="one_connection_a_unit")]

    def __str__(self) -> str:
        return f"{self.host}:{self.port} #{self.unit}"


class ModbusLine(models.Model):
    """One value of the map: value = number * scale + offset, in the unit of its point."""

    connection = models.ForeignKey(ModbusConnection, on_delete=models.CASCADE, related_name="lines")
    function = models.PositiveSmallIntegerField(choices=RegisterFunction.choices)
    address = models.PositiveIntegerField()  # from 0, as in the frame
    type = models.CharField(max_length=3, choices=RegisterType.choices)
    order = models.CharField(max_length=4, choices=RegisterOrder.choices, default=RegisterOrder.ABCD)
    scale = models.FloatField(default=1.0)
    offset = models.FloatField(default=0.0)
    point = models.ForeignKey(  # null: read when somebody tries the map, else not
        "sensing.Point", null=True, blank=True, on_delete=models.CASCADE, related_name="modbus_lines"
    )
    unit = models.CharField(max_length=20, blank=True)
    name = models.CharField(max_length=60, blank=True)

    class Meta:
        ordering = ("function", "address", "id")
        constraints = [models.UniqueConstraint(fields=("point",), name="one_line_a_point")]
        indexes = [models.Index(fields=("connection", "function", "address"), name="modbus_map")]

    def __str__(self) -> str:
        return f"{self.function}:{self.address}"


class ModbusState(models.Model):
    """What came of asking, written by the gateway: counted once it is on disk."""

    connection = models.OneToOneField(ModbusConnection, on_delete=models.CASCADE, related_name="state")
    answered_at = models.DateTimeField(null=True)  # readings of it are on disk, or a refusal was understood
    round_trip_ms = models.FloatField(null=True)  # of its last answer
    polls = models.BigIntegerField(default=0)
    readings = models.BigIntegerField(default=0)
    missed = models.BigIntegerField(default=0)  # periods in which it was not asked though it should have been
    fault = models.CharField(max_length=30, blank=True)  # of the last poll; "": all was well
    failing_since = models.DateTimeField(null=True)
    next_at = models.DateTimeField(null=True)  # asked again then, when it is silent
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.connection_id} {self.fault or 'ok'}"


class TrialState(models.TextChoices):
    ASKED = "asked", _("waits for the gateway")
    TAKEN = "taken", _("is being read")
    DONE = "done", _("read")


class ModbusTrial(models.Model):
    """Somebody pressed "Read once": the gateway asks for every line and says what came; nothing becomes a reading."""

    connection = models.ForeignKey(ModbusConnection, on_delete=models.CASCADE, related_name="trials")
    state = models.CharField(max_length=5, choices=TrialState.choices, default=TrialState.ASKED)
    asked_at = models.DateTimeField()
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    done_at = models.DateTimeField(null=True)
    result = models.JSONField(default=dict)

    class Meta:
        ordering = ("-id",)
        indexes = [models.Index(fields=("asked_at",), condition=models.Q(state="asked"), name="modbus_trials_asked")]

    def __str__(self) -> str:
        return f"{self.connection_id} {self.state}"
