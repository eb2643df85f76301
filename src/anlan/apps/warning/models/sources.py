"""Where warnings come from: addresses that are asked, doors that others push to, and the senders behind them."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class Signature(models.TextChoices):
    """What a source's messages must show of a signature."""

    REQUIRED = "required", _("Must hold; others are set aside")
    ANY = "any", _("Taken without one, and said to be unsigned")


class Source(models.Model):
    """One place that messages come from. Whoever may push has a token of the source; both ways may stand together.

    url          feed (Atom, RSS) or single CAP file; "" for a source that only pushes
    period_s     seconds between two looks
    enabled      off until a person switches it on; off takes nothing in, by neither way
    token_hash   SHA-256 of the token, "" while nobody may push
    etag, last_modified  of the last answer that was worked through wholly
    next_poll    when it is asked next; None: at once
    failures     how often in a row that failed, and `last_error` why, as `code: words`
    heard_at     when it last answered, or pushed
    dropped      messages that were not even kept, because too many were set aside already
    """

    name = models.CharField(_("name"), max_length=80, unique=True)
    url = models.CharField(_("address"), max_length=500, blank=True)
    period_s = models.PositiveIntegerField(_("seconds between two looks"), default=120)
    signature = models.CharField(_("signature"), max_length=10, choices=Signature.choices, default=Signature.REQUIRED)
    enabled = models.BooleanField(_("open to messages"), default=False)
    token_hash = models.CharField(max_length=64, blank=True, db_index=True)
    etag = models.CharField(max_length=200, blank=True)
    last_modified = models.CharField(max_length=60, blank=True)
    next_poll = models.DateTimeField(null=True)
    failures = models.PositiveIntegerField(default=0)
    last_error = models.CharField(max_length=300, blank=True)
    heard_at = models.DateTimeField(null=True)
    opened_at = models.DateTimeField(null=True)
    dropped = models.PositiveIntegerField(default=0)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name


class SenderStanding(models.TextChoices):
    WAITING = "waiting", _("Waits for a decision")
    ALLOWED = "allowed", _("Genuine")
    REFUSED = "refused", _("Not believed")


class Sender(models.Model):
    """Somebody who is named as sender by messages of one source. Nobody counts as genuine until a person says so.

    certificates  PEM, one after the other; with them only what is signed by them holds
    """

    source = models.ForeignKey(Source, on_delete=models.CASCADE, related_name="senders")
    sender = models.CharField(_("sender"), max_length=200)
    name = models.CharField(_("name"), max_length=120, blank=True)
    standing = models.CharField(max_length=10, choices=SenderStanding.choices, default=SenderStanding.WAITING)
    certificates = models.TextField(_("certificates"), blank=True)
    reason = models.CharField(_("reason"), max_length=200, blank=True)
    first_at = models.DateTimeField()
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    decided_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("sender", "id")
        constraints = [models.UniqueConstraint(fields=("source", "sender"), name="one_sender_a_source")]

    def __str__(self) -> str:
        return self.name or self.sender


class Seen(models.Model):
    """An entry of a feed that was worked through, so that its file is fetched once, or given up after some tries.

    mark    SHA-256 of the entry's name, address and time
    """

    source = models.ForeignKey(Source, on_delete=models.CASCADE, related_name="seen")
    mark = models.CharField(max_length=64)
    tries = models.PositiveSmallIntegerField(default=0)
    done = models.BooleanField(default=False)
    error = models.CharField(max_length=300, blank=True)
    address = models.CharField(max_length=500, blank=True)
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=("source", "mark"), name="one_row_an_entry")]
        indexes = [models.Index(fields=("at",))]
