"""The topics of MQTT: a device publishes under its own code, `anlan/v1/<device>/readings`, and nowhere else."""

from __future__ import annotations

#: What the gateway subscribes to.
EVERY_DEVICE = "anlan/v1/+/readings"


def topic_of(device: str) -> str:
    """Where a device publishes its readings."""
    return f"anlan/v1/{device}/readings"


def device_of(topic: str) -> str:
    """The device that a topic belongs to, "" when it is none of ours."""
    parts = topic.split("/")
    if len(parts) != 4 or parts[:2] != ["anlan", "v1"] or parts[3] != "readings":
        return ""
    return parts[2]
