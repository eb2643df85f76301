"""The topics of our own form: a device publishes under its own code, `anlan/v1/<device>/readings`.

Topics of vendors are those of the mappings in force (`gateways.vendors`); none of them begins with `anlan/`.
"""

from __future__ import annotations

#: What the gateway subscribes to, and what begins like it and is never a vendor's.
EVERY_DEVICE = "anlan/v1/+/readings"
OURS = "anlan/"


def topic_of(device: str) -> str:
    """Where a device publishes its readings."""
    return f"anlan/v1/{device}/readings"


def device_of(topic: str) -> str:
    """The device that a topic belongs to, "" when it is none of ours."""
    parts = topic.split("/")
    if len(parts) != 4 or parts[:2] != ["anlan", "v1"] or parts[3] != "readings":
        return ""
    return parts[2]
