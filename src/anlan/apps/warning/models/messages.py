"""Messages as they came or were issued, with the verdict on them, the places they are about and what they refer to."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from anlan.apps.warning.models.sources import Source


class Standing(models.TextChoices):
    """What became of a message. Only `taken` ones are ever warnings."""

    TAKEN = "taken", _("Taken")
    WAITING = "waiting", _("Sender unknown")
    ASIDE = "aside", _("Not taken")


class MessageStatus(models.TextChoices):
    """CAP status, with the words that keep the real and the played apart."""

    ACTUAL = "Actual", _("Actual")
    EXERCISE = "Exercise", _("Exercise")
    SYSTEM = "System", _("System message")
    TEST = "Test", _("Technical test")
    DRAFT = "Draft", _("Draft of the sender")


class Reached(models.TextChoices):
    """How a message lies to our regions."""

    HERE = "here", _("About our regions")
    WORDS = "words", _("Place said in words or in codes that are not known here")
    ELSEWHERE = "elsewhere", _("About other regions")


#: Fields that change after a message was kept; everything else is what came, and stays.
CHANGING = frozenset(
    {"standing", "reason", "superseded_by", "thread", "noted_by", "noted_at", "chain", "verdict", "signed", "taken_at",
     "judged_at"}
)  # fmt: skip


class Message(models.Model):
    """One message, with its bytes. `source` None: issued here.

    sent         the instant of `sent_text`
    level        1 red … 4 blue by colour, else by severity; None when neither is known
    begins_at    earliest onset, else effective, else sent
    ends_at      latest expiry; without one, as long as the rulebook lets a warning without end stand
    has_end      the message itself says when it ends
    lifts        all it says is that the danger is over
    standing     with `reason`, a code of `words.REASONS`, when it is not taken
    verdict      the four layers: [{"layer", "ok", "findings": [{"code", "where", "args", "blocks"}]}]
    signed       the signature holds, by a certificate that stands with its sender here
    shape        WKB of all polygons and circles, WGS-84; None when there are none
    unknown      geocodes that are not known here, as "list value"
    judged_at    when the verdict was made, if that was later than the message came
    superseded_by  the update or cancellation that stands for it now
    thread       the smallest number of the messages that follow each other
    """

    source = models.ForeignKey(Source, null=True, on_delete=models.PROTECT, related_name="messages")
    identifier = models.CharField(_("identifier"), max_length=200, blank=True)
    sender = models.CharField(_("sender"), max_length=200, blank=True)
    sent = models.DateTimeField(_("sent"), null=True)
    sent_text = models.CharField(max_length=60, blank=True)
    status = models.CharField(_("status"), max_length=10, choices=MessageStatus.choices, blank=True)
    msg_type = models.CharField(_("type"), max_length=10, blank=True)
    scope = models.CharField(_("scope of the message"), max_length=12, blank=True)
    level = models.PositiveSmallIntegerField(_("level"), null=True)
    event = models.CharField(_("event"), max_length=120, blank=True)
    event_code = models.CharField(max_length=40, blank=True)
    headline = models.CharField(_("headline"), max_length=300, blank=True)
    sender_name = models.CharField(max_length=200, blank=True)
    area_words = models.CharField(max_length=400, blank=True)
    begins_at = models.DateTimeField(null=True)
    ends_at = models.DateTimeField(null=True)
    has_end = models.BooleanField(default=False)
    lifts = models.BooleanField(default=False)
    data = models.BinaryField()
    digest = models.CharField(max_length=64)
    standing = models.CharField(max_length=10, choices=Standing.choices)
    reason = models.CharField(max_length=20, blank=True)
    verdict = models.JSONField(default=list)
    signed = models.BooleanField(default=False)
    reached = models.CharField(max_length=10, choices=Reached.choices, default=Reached.ELSEWHERE)
    shape = models.BinaryField(null=True)
    lon = models.FloatField(null=True)
    lat = models.FloatField(null=True)
    unknown = models.JSONField(default=list)
    superseded_by = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="supersedes")
    thread = models.BigIntegerField(default=0, db_index=True)
    came_at = models.DateTimeField()
    judged_at = models.DateTimeField(null=True)
    taken_at = models.DateTimeField(null=True)
    noted_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    noted_at = models.DateTimeField(null=True)
    chain = models.ForeignKey("chains.Chain", null=True, on_delete=models.PROTECT, related_name="warnings")

    class Meta:
        ordering = ("-sent", "-id")
        constraints = [
            models.UniqueConstraint(
                fields=("sender", "identifier", "sent"), condition=models.Q(standing="taken"), name="one_taken_a_name"
            ),
        ]
        indexes = [
            models.Index(fields=("standing", "status", "ends_at")),
            models.Index(fields=("source", "digest")),
            models.Index(fields=("source", "came_at")),
            models.Index(fields=("sender", "identifier")),
        ]

    def __str__(self) -> str:
        return self.headline or self.event or self.identifier or f"#{self.pk}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """As Django does, but what came is never written over: only what became of it changes."""
        if self.pk is not None and not kwargs.get("force_insert"):
            wanted = kwargs.get("update_fields")
            if wanted is None or not set(wanted) <= CHANGING:
                raise ValueError(f"a message stays as it came; only {sorted(CHANGING)} change")
        super().save(*args, **kwargs)

    @property
    def exercise(self) -> bool:
        """Anything that is not the real thing."""
        return self.status != MessageStatus.ACTUAL

    @property
    def is_own(self) -> bool:
        return self.source_id is None


class Place(models.Model):
    """A region that a message is about; a wider one stands for all inside."""

    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="places")
    region = models.ForeignKey("regions.Region", on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ("id",)
        constraints = [models.UniqueConstraint(fields=("message", "region"), name="one_place_a_region")]


class Reference(models.Model):
    """Another message that a message names, whether it is here or not: an update may come before what it updates."""

    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="references")
    sender = models.CharField(max_length=200)
    identifier = models.CharField(max_length=200)
    sent = models.DateTimeField()

    class Meta:
        ordering = ("id",)
        indexes = [models.Index(fields=("sender", "identifier"))]
