"""Work to be done at least once, held in the database, taken under a lease."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class State(models.TextChoices):
    WAITING = "waiting", _("Waiting")
    DONE = "done", _("Done")
    FAILED = "failed", _("Put aside")  # after the last try; visible, may be run again


class Job(models.Model):
    name = models.CharField(_("job"), max_length=80)
    args = models.JSONField(_("called with"), default=dict)
    key = models.CharField(max_length=160, unique=True, null=True)  # the same key is enqueued once
    run_at = models.DateTimeField(_("not before"))
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.WAITING)
    attempts = models.PositiveSmallIntegerField(_("tries"), default=0)
    lease_until = models.DateTimeField(_("taken until"), null=True)
    lease_by = models.CharField(_("taken by"), max_length=60, blank=True)
    error = models.TextField(_("why it failed"), blank=True)
    created_at = models.DateTimeField(_("put in"))
    done_at = models.DateTimeField(_("ended"), null=True)

    class Meta:
        ordering = ("run_at", "id")
        indexes = [models.Index(fields=("state", "run_at"))]
        verbose_name = _("job")
        verbose_name_plural = _("jobs")

    def __str__(self) -> str:
        return f"{self.name} {self.pk}"
