"""What a client said of a Thing or a Datastream that devices and points have no column for."""

from __future__ import annotations

from django.db import models


class ThingWords(models.Model):
    """`body`: description, properties, and the Sensor as it was sent."""

    device = models.OneToOneField("sensing.Device", on_delete=models.CASCADE, related_name="sensorthings")
    body = models.JSONField(default=dict)


class StreamWords(models.Model):
    """`body`: description, properties, unitOfMeasurement."""

    point = models.OneToOneField("sensing.Point", on_delete=models.CASCADE, related_name="sensorthings")
    body = models.JSONField(default=dict)
