"""Shelters in use: openings, people who come and go, and the names of those who gave them."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from anlan.kernel.people.sealed import SealedField
from anlan.kernel.regions.scope import ScopedManager


class Opening(models.Model):
    """A shelter open from one moment to another.

    people  who are in it now; `peak` the most at any time
    places  capacity as the rulebook had it when it was opened
    rule    which entry decided
    """

    shelter = models.ForeignKey("resources.Shelter", on_delete=models.PROTECT, related_name="openings")
    region = models.ForeignKey("regions.Region", on_delete=models.PROTECT, related_name="+")
    reason = models.CharField(_("reason"), max_length=200)
    opened_at = models.DateTimeField(_("opened"))
    opened_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    closed_at = models.DateTimeField(_("closed"), null=True)
    closed_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    close_note = models.CharField(_("note"), max_length=200, blank=True)
    places = models.PositiveIntegerField(_("places"))
    rule = models.ForeignKey("rulebook.Entry", on_delete=models.PROTECT, related_name="+")
    people = models.PositiveIntegerField(_("people now"), default=0)
    peak = models.PositiveIntegerField(_("most people"), default=0)

    objects = ScopedManager()
    records = models.Manager()

    class Meta:
        base_manager_name = "records"
        default_manager_name = "records"
        ordering = ("-opened_at", "-id")
        constraints = [
            models.UniqueConstraint(fields=("shelter",), condition=Q(closed_at=None), name="a_shelter_opens_once")
        ]

    def __str__(self) -> str:
        return f"{self.shelter} {self.opened_at:%Y-%m-%d}"


class Passage(models.Model):
    """People who came (positive) or left (negative) at one moment, and how many were in then."""

    opening = models.ForeignKey(Opening, on_delete=models.PROTECT, related_name="passages")
    count = models.IntegerField(_("people"))
    inside = models.PositiveIntegerField(_("people then"))
    origin = models.CharField(_("from or to"), max_length=80, blank=True)
    note = models.CharField(_("note"), max_length=200, blank=True)
    key = models.CharField(max_length=80, unique=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        ordering = ("-id",)


class Need(models.TextChoices):
    NONE = "", _("None")
    ELDERLY = "elderly", _("Elderly")
    CHILD = "child", _("Child")
    PREGNANT = "pregnant", _("Pregnant")
    DISABLED = "disabled", _("Disabled")
    PATIENT = "patient", _("Patient")


class Guest(models.Model):
    """One person in a shelter who gave a name; names and numbers are sealed."""

    opening = models.ForeignKey(Opening, on_delete=models.PROTECT, related_name="guests")
    name = SealedField(_("name"), length=60)
    identity = SealedField(_("identity number"), length=30, blank=True)
    phone = SealedField(_("phone"), length=30, blank=True)
    need = models.CharField(_("special need"), max_length=10, choices=Need.choices, blank=True)
    came = models.ForeignKey(Passage, on_delete=models.PROTECT, related_name="came")
    left = models.ForeignKey(Passage, null=True, on_delete=models.PROTECT, related_name="left")

    class Meta:
        ordering = ("id",)
