"""The outbox: what must reach a person, over which channel, and whether it did."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class Channel(models.TextChoices):
    APP = "app", _("In the app")


class State(models.TextChoices):
    WAITING = "waiting", _("Waiting")
    SENT = "sent", _("Sent")
    READ = "read", _("Read")
    FAILED = "failed", _("Not delivered")


class Notice(models.Model):
    message_id = models.UUIDField(unique=True)
    to = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="notices")
    channel = models.CharField(max_length=10, choices=Channel.choices, default=Channel.APP)
    title = models.CharField(max_length=160)
    body = models.TextField(blank=True)
    level = models.PositiveSmallIntegerField(null=True)  # 1 red … 4 blue
    ref = models.CharField(max_length=80, blank=True)
    url = models.CharField(max_length=200, blank=True)
    region_path = models.CharField(max_length=120, blank=True)
    exercise = models.BooleanField(default=False)
    sound = models.BooleanField(default=False)  # the browser rings when it arrives
    created_at = models.DateTimeField()
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    attempts = models.PositiveSmallIntegerField(default=0)
    error = models.CharField(max_length=200, blank=True)  # of the last try, in words for a person
    next_try = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)
    read_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("-id",)
        indexes = [
            models.Index(fields=("to", "state")),
            models.Index(fields=("state", "next_try")),
            models.Index(fields=("ref",)),
        ]
