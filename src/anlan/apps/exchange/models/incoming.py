"""What comes in: who may send to us, what they sent, and what became of it."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from anlan.apps.exchange.models.outgoing import Address
from anlan.kernel.people.sealed import SealedField


class Door(models.TextChoices):
    HTTP = "http", _("HTTP, they send")
    PULL = "pull", _("HTTP, we fetch")
    NATS = "nats", _("NATS, we fetch")


class Source(models.Model):
    """Another installation whose messages we take.

    sub          our code there, which each of its messages names
    public_key   its key, 43 characters of base64url
    kid          the name of that key
    address      where we fetch, of the list of addresses; None where they send or a broker brings it
    access       code and key of our subscription there ("EXC-0001:…"), sealed; only to fetch
    next_try     when we fetch next; None: at once
    failures     how often in a row that failed, and `last_error` why
    automatic    what stands against nothing here goes into the register by itself
    last_seq     number of the last message that was taken in
    schema       what its last beginning said of registers and fields
    """

    name = models.CharField(_("who"), max_length=80)
    sub = models.CharField(_("our code there"), max_length=40)
    door = models.CharField(_("how"), max_length=10, choices=Door.choices, default=Door.HTTP)
    subject = models.CharField(_("NATS subject"), max_length=200, blank=True)
    address = models.ForeignKey(Address, null=True, on_delete=models.PROTECT, related_name="+")
    access = SealedField(length=300, blank=True)
    next_try = models.DateTimeField(null=True)
    failures = models.PositiveIntegerField(default=0)
    last_error = models.CharField(max_length=300, blank=True)
    public_key = models.CharField(_("public key"), max_length=60)
    kid = models.CharField(max_length=60)
    automatic = models.BooleanField(_("take in by itself what contradicts nothing"), default=False)
    enabled = models.BooleanField(_("open"), default=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    last_seq = models.BigIntegerField(default=0)
    last_digest = models.CharField(max_length=64, blank=True)
    begun_seq = models.BigIntegerField(default=0)
    heard_at = models.DateTimeField(null=True)
    schema = models.JSONField(default=dict)
    repeated = models.PositiveIntegerField(default=0)  # messages that came again
    refused = models.PositiveIntegerField(default=0)
    last_refusal = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ("name",)
        constraints = [models.UniqueConstraint(fields=("kid", "sub"), name="one_source_a_key_and_code")]

    def __str__(self) -> str:
        return self.name

    @property
    def is_fetched(self) -> bool:
        """Whether we may ask there: the door is open, and the address is on the list still (S9)."""
        listed = self.address is not None and self.address.ended_at is None
        return listed and self.enabled and self.door == Door.PULL


class Standing(models.TextChoices):
    """What a received record is to ours."""

    NEW = "new", _("New here")
    UPDATE = "update", _("Changed there")
    CONFLICT = "conflict", _("Changed here and there")
    DOUBLE = "double", _("Likely one of ours")
    GONE = "gone", _("Gone there")
    SAME = "same", _("Same here")
    FOREIGN = "foreign", _("No such register here")
    REFUSED = "refused", _("Left aside")


class Received(models.Model):
    """The newest state of one record of a source, whether it is in our register or not.

    remote    number of the record there; it stays when the code changes
    values    the fields as JSON, sealed: any of them may be personal
    base      the values that were last taken into our register, sealed; "" when none were
    record    number of our record that it belongs to
    gone      it is not, or no longer, in what we get
    begun_seq  the beginning after which it was last heard of
    """

    source = models.ForeignKey(Source, on_delete=models.CASCADE, related_name="received")
    register = models.CharField(max_length=40)
    remote = models.BigIntegerField()
    code = models.CharField(_("code"), max_length=80)
    name = models.CharField(_("name"), max_length=120, blank=True)
    values = SealedField(length=1_000_000)
    base = SealedField(length=1_000_000, blank=True)
    gone = models.BooleanField(default=False)
    seq = models.BigIntegerField()
    begun_seq = models.BigIntegerField(default=0)
    at = models.DateTimeField()
    standing = models.CharField(max_length=10, choices=Standing.choices)
    record = models.BigIntegerField(null=True)
    done_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    done_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("-at", "-id")
        constraints = [models.UniqueConstraint(fields=("source", "register", "remote"), name="one_row_a_record")]
        indexes = [models.Index(fields=("standing", "-at")), models.Index(fields=("register", "record"))]

    def __str__(self) -> str:
        return self.name or self.code


class Arrival(models.Model):
    """A line as the gateway took it from a broker, until it is verified; the broker was told only after it was here."""

    source = models.ForeignKey(Source, on_delete=models.CASCADE, related_name="arrivals")
    line = models.TextField()
    digest = models.CharField(max_length=64)
    at = models.DateTimeField()

    class Meta:
        ordering = ("id",)
        constraints = [models.UniqueConstraint(fields=("source", "digest"), name="one_arrival_a_line")]
