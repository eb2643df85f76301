"""Our own messages before they are issued."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from anlan.apps.warning.models.messages import Message
from anlan.kernel.regions.scope import ScopedManager


class DraftState(models.TextChoices):
    DRAFT = "draft", _("Being drafted")
    PROPOSED = "proposed", _("Waits for a second person")
    ISSUED = "issued", _("Was issued")
    DISCARDED = "discarded", _("Discarded")


class DraftKind(models.TextChoices):
    ALERT = "Alert", _("Warning")
    UPDATE = "Update", _("Update")
    CANCEL = "Cancel", _("Cancellation")


class Draft(models.Model):
    """What will be said. `region` holds all the places it is about: whoever drafts and issues has the right there.

    of          the message that an update or a cancellation speaks of
    exercise    status Exercise and never Actual
    places      codes of our regions
    polygon     GeoJSON Polygon or MultiPolygon, WGS-84, or None
    author      who wrote or last changed it; `writers` everyone who did, none of whom may issue it
    """

    kind = models.CharField(_("type"), max_length=10, choices=DraftKind.choices, default=DraftKind.ALERT)
    of = models.ForeignKey(Message, null=True, on_delete=models.PROTECT, related_name="drafts")
    exercise = models.BooleanField(_("exercise"), default=False)
    region = models.ForeignKey("regions.Region", on_delete=models.PROTECT, related_name="+")
    places = models.JSONField(default=list)
    polygon = models.JSONField(null=True)
    event = models.CharField(_("event"), max_length=40)
    level = models.PositiveSmallIntegerField(_("level"))
    urgency = models.CharField(_("urgency"), max_length=12)
    severity = models.CharField(_("severity"), max_length=12)
    certainty = models.CharField(_("certainty"), max_length=12)
    onset = models.DateTimeField(_("onset"), null=True)
    expires = models.DateTimeField(_("expires"))
    headline = models.CharField(_("headline"), max_length=160)
    description = models.TextField(_("description"), max_length=4000)
    instruction = models.TextField(_("what to do"), max_length=4000, blank=True)
    headline_en = models.CharField(max_length=160, blank=True)
    description_en = models.TextField(max_length=4000, blank=True)
    instruction_en = models.TextField(max_length=4000, blank=True)
    state = models.CharField(max_length=10, choices=DraftState.choices, default=DraftState.DRAFT)
    writers = models.JSONField(default=list)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    written_at = models.DateTimeField()
    proposed_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    proposed_at = models.DateTimeField(null=True)
    returned_why = models.CharField(max_length=200, blank=True)
    issued_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    issued_at = models.DateTimeField(null=True)
    message = models.OneToOneField(Message, null=True, on_delete=models.PROTECT, related_name="draft")

    objects = ScopedManager()
    records = models.Manager()

    class Meta:
        base_manager_name = default_manager_name = "records"
        ordering = ("-written_at", "-id")
        indexes = [models.Index(fields=("state", "-written_at"))]

    def __str__(self) -> str:
        return self.headline
