"""What does not come through, shown to people until it does."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from anlan.apps.exchange.models.incoming import Source
from anlan.apps.exchange.models.outgoing import Subscription


class TroubleKind(models.TextChoices):
    UNDELIVERED = "undelivered", _("Cannot be delivered")
    UNTAKEN = "untaken", _("Not fetched in time")
    UNFETCHED = "unfetched", _("Cannot be fetched")
    MISSING = "missing", _("Numbers are missing")
    BROKEN = "broken", _("The chain does not fit")


class Trouble(models.Model):
    """One interruption, open while `closed_at` is None; one of a kind for each side at a time.

    seq_from, seq_to  messages concerned; both ends belong to it
    asked_at          when the sender was asked for them again
    """

    kind = models.CharField(max_length=12, choices=TroubleKind.choices)
    subscription = models.ForeignKey(Subscription, null=True, on_delete=models.CASCADE, related_name="troubles")
    source = models.ForeignKey(Source, null=True, on_delete=models.CASCADE, related_name="troubles")
    seq_from = models.BigIntegerField()
    seq_to = models.BigIntegerField()
    words = models.CharField(max_length=300, blank=True)
    opened_at = models.DateTimeField()
    asked_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("-opened_at", "-id")
        constraints = [
            models.UniqueConstraint(
                fields=("kind", "subscription"),
                condition=models.Q(closed_at=None, subscription__isnull=False),
                name="one_open_trouble_a_subscription",
            ),
            models.UniqueConstraint(
                fields=("kind", "source"),
                condition=models.Q(closed_at=None, source__isnull=False),
                name="one_open_trouble_a_source",
            ),
        ]
