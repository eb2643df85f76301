"""A file with a grid on its way into an edition, so that a crash between any two steps loses nothing."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from anlan.apps.census.models.grid import Edition


class TakingState(models.TextChoices):
    READING = "reading", _("Being read")
    FAULTY = "faulty", _("With faults, nothing taken in")
    FAILED = "failed", _("Could not be read")
    TAKEN = "taken", _("Taken in as an edition")
    DROPPED = "dropped", _("Given up")


class Taking(models.Model):
    """One file. Until it is given up it lies in the folder `census` of the data directory under the number of its row.

    language  in which faults are said
    faults    [row, heading, words] of the first faults; `more` says how many there are beyond
    unread    headings that no column goes by
    note      why the file could not be read
    rounds    how often it was read; names its job
    """

    name = models.CharField(_("file name"), max_length=200)
    sha256 = models.CharField(max_length=64)
    size = models.PositiveBigIntegerField()
    title = models.CharField(_("title"), max_length=120)
    surveyed_on = models.DateField(_("surveyed on"))
    state = models.CharField(_("state"), max_length=10, choices=TakingState.choices, default=TakingState.READING)
    language = models.CharField(max_length=12)
    faults = models.JSONField(default=list)
    more = models.PositiveIntegerField(default=0)
    unread = models.JSONField(default=list)
    note = models.TextField(blank=True)
    rounds = models.PositiveIntegerField(default=0)
    edition = models.OneToOneField(Edition, null=True, on_delete=models.SET_NULL, related_name="origin")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("-id",)

    def __str__(self) -> str:
        return self.name
