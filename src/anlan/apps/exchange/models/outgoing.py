"""What leaves: who may have which fields of which registers, the messages made for them, who took what when."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from anlan.kernel.people.sealed import SealedField
from anlan.kernel.regions.scope import ScopedManager


class Way(models.TextChoices):
    HTTP = "http", _("HTTP address")
    NATS = "nats", _("NATS subject")


class Address(models.Model):
    """A place outside of this machine to which data may be sent; the system administrator puts it on this list (S9)."""

    kind = models.CharField(_("kind"), max_length=10, choices=Way.choices)
    place = models.CharField(_("address"), max_length=300)
    note = models.CharField(_("whose it is"), max_length=120)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("place", "-id")
        constraints = [
            models.UniqueConstraint(fields=("place",), condition=models.Q(ended_at=None), name="one_address_in_force")
        ]

    def __str__(self) -> str:
        return self.place


class Mode(models.TextChoices):
    PULL = "pull", _("They fetch (HTTP)")
    PUSH = "push", _("We send (HTTP)")
    NATS = "nats", _("We send (NATS)")


class State(models.TextChoices):
    WAITING = "waiting", _("Waits for approval")
    ACTIVE = "active", _("Active")
    PAUSED = "paused", _("Paused")
    ENDED = "ended", _("Ended")


class Subscription(models.Model):
    """A department or a system outside that gets a part of our registers, and how far it has come.

    code          its name at the door and in each message
    region        records in it and below are given, no others
    last_seq      number of the last message made; messages are numbered from 1 without a gap
    first_seq     number of the oldest message that can still be had
    acked_seq     everything up to here has arrived
    last_digest   digest of the last line, which the next one names
    begins        the next message starts anew with a full copy
    approved_for  digest of what the second person approved; personal fields leave only while it is still that
    """

    code = models.CharField(_("code"), max_length=40, unique=True)
    name = models.CharField(_("who"), max_length=80)
    department = models.ForeignKey(
        "people.Department", verbose_name=_("department"), null=True, blank=True, on_delete=models.PROTECT,
        related_name="+",
    )  # fmt: skip
    contact = models.CharField(_("contact"), max_length=60, blank=True)
    contact_phone = SealedField(_("phone"), length=30, blank=True)
    purpose = models.CharField(_("purpose"), max_length=200)
    region = models.ForeignKey("regions.Region", verbose_name=_("region"), on_delete=models.PROTECT, related_name="+")
    mode = models.CharField(_("how"), max_length=10, choices=Mode.choices)
    address = models.ForeignKey(
        Address, verbose_name=_("address"), null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    personal = models.BooleanField(_("with personal fields"), default=False)
    personal_reason = models.CharField(_("why personal fields are needed"), max_length=200, blank=True)
    valid_until = models.DateField(_("valid until"))
    state = models.CharField(_("state"), max_length=10, choices=State.choices)
    key_hash = models.CharField(max_length=64, blank=True)
    key_at = models.DateTimeField(null=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    approved_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    approved_at = models.DateTimeField(null=True)
    approved_for = models.CharField(max_length=64, blank=True)
    last_seq = models.BigIntegerField(default=0)
    first_seq = models.BigIntegerField(default=1)
    acked_seq = models.BigIntegerField(default=0)
    last_digest = models.CharField(max_length=64, blank=True)
    begins = models.BooleanField(default=True)
    acked_at = models.DateTimeField(null=True)
    failures = models.PositiveIntegerField(default=0)
    next_try = models.DateTimeField(null=True)
    last_error = models.CharField(max_length=300, blank=True)

    objects = ScopedManager()
    records = models.Manager()

    class Meta:
        base_manager_name = default_manager_name = "records"
        ordering = ("code",)

    def __str__(self) -> str:
        return self.name

    @property
    def backlog(self) -> int:
        """Messages that were made and have not arrived."""
        return self.last_seq - self.acked_seq


class Allowed(models.Model):
    """Which fields of one register a subscription gets, and how far the register has been put into messages.

    n         changes up to this number are in messages
    within    of a batch that is change n + 1: rows up to this revision are in messages
    copying   a full copy is on its way, ordered by number; `copied` is the last record in it
    page      pages of the copy so far
    """

    subscription = models.ForeignKey(Subscription, on_delete=models.CASCADE, related_name="allowed")
    register = models.CharField(max_length=40)
    fields = models.JSONField(default=list)
    n = models.BigIntegerField(default=0)
    within = models.BigIntegerField(default=0)
    copying = models.BooleanField(default=True)
    copied = models.BigIntegerField(default=0)
    page = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ("id",)
        constraints = [models.UniqueConstraint(fields=("subscription", "register"), name="one_allowance_a_register")]


class Message(models.Model):
    """One signed line for one subscription. Never changed; dropped when it is kept no longer.

    payload   what was signed, as JSON, packed with zlib; sealed where `personal`
    personal  there are personal fields in it
    """

    subscription = models.ForeignKey(Subscription, on_delete=models.CASCADE, related_name="messages")
    seq = models.BigIntegerField()
    register = models.CharField(max_length=40, blank=True)
    rows = models.PositiveIntegerField()
    size = models.PositiveIntegerField()  # of the payload, unpacked
    personal = models.BooleanField()
    header = models.CharField(max_length=512)
    payload = models.BinaryField()
    signature = models.CharField(max_length=100)
    digest = models.CharField(max_length=64)
    made_at = models.DateTimeField()

    class Meta:
        ordering = ("subscription", "seq")
        constraints = [models.UniqueConstraint(fields=("subscription", "seq"), name="one_message_a_number")]
        indexes = [models.Index(fields=("made_at",))]


class Outcome(models.TextChoices):
    GIVEN = "given", _("Handed over")  # fetched: the answer carried them
    SENDING = "sending", _("Being sent")
    ARRIVED = "arrived", _("Arrived")
    FAILED = "failed", _("Not delivered")  # may have arrived all the same


class Taken(models.Model):
    """Messages that left this machine: who had which of them when. Written before the first byte goes.

    origin  address they were fetched from, or sent to
    tries   how often the same messages were sent
    """

    subscription = models.ForeignKey(Subscription, on_delete=models.PROTECT, related_name="taken")
    at = models.DateTimeField()
    mode = models.CharField(max_length=10, choices=Mode.choices)
    registers = models.JSONField(default=dict)  # code → rows
    seq_from = models.BigIntegerField()
    seq_to = models.BigIntegerField()
    rows = models.PositiveIntegerField()
    personal = models.BooleanField()
    origin = models.CharField(max_length=300)
    outcome = models.CharField(max_length=10, choices=Outcome.choices)
    tries = models.PositiveIntegerField(default=1)

    class Meta:
        ordering = ("-id",)
        indexes = [models.Index(fields=("at",)), models.Index(fields=("subscription", "seq_to"))]
