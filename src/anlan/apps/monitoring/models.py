"""Runs of demo scenarios: what the simulator is asked to play."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class ScenarioRun(models.Model):
    """One request to play a scenario. The simulator takes it, drives readings through the door, and ends it."""

    code = models.CharField(_("scenario"), max_length=40)
    started_at = models.DateTimeField()
    started_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    taken_at = models.DateTimeField(null=True)  # when the simulator began to play it
    ended_at = models.DateTimeField(null=True)  # played to its end, or stopped
    stopped_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ("-started_at", "-id")
        constraints = [
            models.UniqueConstraint(
                fields=("code",), condition=models.Q(ended_at=None), name="one_run_of_a_scenario_at_a_time"
            )
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.started_at:%Y-%m-%d %H:%M}"
