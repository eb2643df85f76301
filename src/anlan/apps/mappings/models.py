"""Mappings of vendors' messages, version by version, with their examples, devices, and what the gateway noted.

The gateway reads and writes these tables by plain SQL (`gateways.vendors.records`).
"""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from anlan.kernel.regions.scope import ScopedManager


class State(models.TextChoices):
    DRAFT = "draft", _("Draft")
    IN_FORCE = "in_force", _("In force")
    ENDED = "ended", _("Ended")


class Mapping(models.Model):
    """One version of a mapping. `code` stays the same over versions; a version that was in force is never changed."""

    code = models.CharField(_("code"), max_length=40)
    version = models.PositiveIntegerField(_("version"), default=1)
    name = models.CharField(_("name"), max_length=120)
    region = models.ForeignKey("regions.Region", on_delete=models.PROTECT, related_name="+")
    topic = models.CharField(_("topic"), max_length=200)  # as it stands in `body` too
    body = models.JSONField(default=dict)  # `formats.vendor_json.mapping.Body`
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.DRAFT)
    listening = models.BooleanField(default=False)  # a draft whose messages are set aside, to be looked at
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField()
    changed_at = models.DateTimeField()
    valid_from = models.DateTimeField(null=True, blank=True)
    put_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    valid_to = models.DateTimeField(null=True, blank=True)
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )

    objects = ScopedManager()
    records = models.Manager()

    class Meta:
        base_manager_name = "records"
        default_manager_name = "records"
        ordering = ("code", "-version")
        constraints = [
            models.UniqueConstraint(fields=("code", "version"), name="one_mapping_a_version"),
            models.UniqueConstraint(
                fields=("code",), condition=models.Q(state="in_force"), name="one_mapping_in_force"
            ),
            models.UniqueConstraint(fields=("code",), condition=models.Q(state="draft"), name="one_draft_a_mapping"),
        ]
        verbose_name = _("mapping of vendor messages")
        verbose_name_plural = _("mappings of vendor messages")

    def __str__(self) -> str:
        return f"{self.code} v{self.version}"


class Example(models.Model):
    """A message, and what a person confirmed that it gives."""

    mapping = models.ForeignKey(Mapping, on_delete=models.CASCADE, related_name="examples")
    topic = models.CharField(_("topic"), max_length=240)
    payload = models.TextField(_("message"))  # as text, or bytes as hex after `hex:`
    at_ms = models.BigIntegerField()  # when it is taken to have come, epoch ms
    gives = models.JSONField(default=dict)  # `trying.plain_result`; {}: nobody has looked at it yet
    confirmed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    confirmed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("pk",)


class Link(models.Model):
    """A device behind a mapping: the vendor's number of it, and which of its points take which sensor."""

    code = models.CharField(max_length=40, db_index=True)  # of the mapping
    number = models.CharField(_("number"), max_length=60)
    device = models.ForeignKey("sensing.Device", on_delete=models.CASCADE, related_name="mapping_links")
    sensors = models.JSONField(default=dict)  # sensor → code of a point, "" for one that nobody needs
    heard_at = models.DateTimeField(null=True, blank=True)
    messages = models.BigIntegerField(default=0)

    class Meta:
        ordering = ("number",)
        constraints = [
            models.UniqueConstraint(fields=("code", "number"), name="one_mapped_device_a_number"),
            models.UniqueConstraint(fields=("code", "device"), name="one_number_a_mapped_device"),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.number}"


class Caller(models.Model):
    """A number that came through a mapping and that nobody registered; written by the gateway, the latest 500."""

    code = models.CharField(max_length=40)
    number = models.CharField(_("number"), max_length=60)
    topic = models.CharField(max_length=200)
    messages = models.BigIntegerField(default=0)
    raw = models.TextField(blank=True)  # its last message
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=("code", "number"), name="one_caller_a_mapping_and_number")]

    def __str__(self) -> str:
        return f"{self.code} {self.number}"


class Fault(models.Model):
    """How often a fault was met on a day; written by the gateway. `code` "": of messages that no mapping takes."""

    day = models.DateField()  # in Beijing
    code = models.CharField(max_length=40, blank=True)
    number = models.CharField(max_length=60, blank=True)
    fault = models.CharField(max_length=30)
    count = models.BigIntegerField()
    path = models.CharField(max_length=240, blank=True)
    raw = models.TextField(blank=True)
    last_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=("day", "code", "number", "fault"), name="one_count_a_day_number_and_fault")
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.code} {self.number} {self.fault}"
