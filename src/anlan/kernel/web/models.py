"""The event table that the browser's stream is read from."""

from __future__ import annotations

from django.db import models


class Event(models.Model):
    """Something changed that an open page may want to redraw; carries no personal data, only where to look.

    Written in the transaction of the change, so a browser never hears of what did not happen.
    """

    at = models.DateTimeField(db_index=True)
    kind = models.CharField(max_length=60)  # "alarm.raised", "case.moved", "notice.new" …
    ref = models.CharField(max_length=80, blank=True)  # "alarm:12"
    region_path = models.CharField(max_length=120, blank=True)  # blank: not bound to a place
    verb = models.CharField(max_length=60, blank=True)  # the right needed to hear of it; blank: every signed-in user
    user_id = models.BigIntegerField(null=True, blank=True)  # set: only this user hears it
    data = models.JSONField(default=dict, blank=True)  # small: level, title, sound …

    class Meta:
        ordering = ("id",)
