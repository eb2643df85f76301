"""Files from which boundaries or the tree of places are brought up to date, with what was found in them."""

from __future__ import annotations

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.utils.translation import gettext_lazy as _


class Kind(models.TextChoices):
    BOUNDARIES = "boundaries", _("Boundaries")
    TABLE = "table", _("Table of codes")


class State(models.TextChoices):
    READ = "read", _("Read, not in force")
    APPLIED = "applied", _("In force")
    DROPPED = "dropped", _("Dropped")


class Intake(models.Model):
    """One file that was read. Nothing of it counts before somebody has seen the report and put it in force.

    content  the file as it came; read again when it is put in force, so that what was reported is what happens
    system   coordinate system of a map file, as `formats.coordinates` names it
    report   rows and counts as the reader of the kind gives them
    """

    kind = models.CharField(_("kind"), max_length=12, choices=Kind.choices)
    name = models.CharField(_("file"), max_length=120)
    content = models.BinaryField()
    digest = models.CharField(max_length=64)
    system = models.CharField(_("coordinate system"), max_length=20, blank=True)
    report = models.JSONField(default=dict)
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.READ)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    applied_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("-id",)
        verbose_name = _("file for regions")
        verbose_name_plural = _("files for regions")

    def __str__(self) -> str:
        return self.name


class MergerState(models.TextChoices):
    PLANNED = "planned", _("Planned")
    DONE = "done", _("In force")
    UNDONE = "undone", _("Undone")
    OFF = "off", _("Called off")
    FAILED = "failed", _("Could not be carried out")


class Merger(models.Model):
    """A place that becomes part of another from a day on: planned ahead, carried out, perhaps undone.

    kept   what stood before, as `borders.undoing` reads it; empty until it is carried out and after it was undone
    moved  how many rows of each model moved
    why    what kept it from being carried out
    """

    region = models.ForeignKey("regions.Region", on_delete=models.PROTECT, related_name="+")
    into = models.ForeignKey("regions.Region", on_delete=models.PROTECT, related_name="+")
    on = models.DateField(_("from"))
    recode = models.BooleanField(default=True)
    note = models.CharField(_("document or reason"), max_length=200, blank=True)
    state = models.CharField(_("state"), max_length=10, choices=MergerState.choices, default=MergerState.PLANNED)
    kept = models.JSONField(default=dict, encoder=DjangoJSONEncoder)
    moved = models.JSONField(default=dict)
    why = models.TextField(blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("-id",)
        verbose_name = _("merger")
        verbose_name_plural = _("mergers")
        constraints = [
            models.UniqueConstraint(
                fields=("region",), condition=models.Q(state=MergerState.PLANNED), name="one_planned_merger_a_place"
            )
        ]

    def __str__(self) -> str:
        return f"{self.region} → {self.into}"
