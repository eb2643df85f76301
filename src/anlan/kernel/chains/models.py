"""One chain, one number: from what was noticed to what changed in the year's account."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from anlan.kernel.regions.scope import ScopedManager


class Chain(models.Model):
    """`number` is "AL-20261122-0007"; a merged chain keeps its number and points to the other."""

    number = models.CharField(_("chain"), max_length=40, unique=True)
    title = models.CharField(_("title"), max_length=200)
    kind = models.CharField(_("kind"), max_length=40)  # "alarm", "replay", …
    region = models.ForeignKey("regions.Region", on_delete=models.PROTECT, related_name="+")
    level = models.PositiveSmallIntegerField(null=True)  # the highest it reached, 1 red … 4 blue
    exercise = models.BooleanField(default=False)
    lon = models.FloatField(null=True)
    lat = models.FloatField(null=True)
    opened_at = models.DateTimeField(_("opened"))
    closed_at = models.DateTimeField(_("closed"), null=True, blank=True)
    merged_into = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="merged")

    objects = ScopedManager()
    records = models.Manager()

    class Meta:
        base_manager_name = "records"
        default_manager_name = "records"
        ordering = ("-opened_at",)

    def __str__(self) -> str:
        return self.number


class Link(models.Model):
    """`cause` led to `effect` (both refs, "alarm:12" → "case:3"). An empty cause is the chain's beginning."""

    chain = models.ForeignKey(Chain, on_delete=models.CASCADE, related_name="links")
    cause = models.CharField(max_length=80, blank=True)
    effect = models.CharField(max_length=80)
    at = models.DateTimeField()

    class Meta:
        ordering = ("at", "id")
        constraints = [models.UniqueConstraint(fields=("chain", "cause", "effect"), name="one_link_each")]
        indexes = [models.Index(fields=("effect",)), models.Index(fields=("cause",))]


class Counter(models.Model):
    """The last number given to a prefix on a day."""

    prefix = models.CharField(max_length=40, primary_key=True)
    last = models.PositiveIntegerField(default=0)
