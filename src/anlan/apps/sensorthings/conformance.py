"""The requirements classes that hold. What does not hold is told in docs/how-to/use-sensorthings.md."""

from __future__ import annotations

from typing import Any

from anlan import environment

_BASE = "http://www.opengis.net/spec/iot_sensing/1.1/req/"

CONFORMANCE = tuple(
    _BASE + name
    for name in (
        "datamodel/thing", "datamodel/location", "datamodel/datastream", "datamodel/sensor",
        "datamodel/observed-property", "datamodel/observation", "datamodel/feature-of-interest",
        "resource-path/resource-path-to-entities", "request-data/order", "request-data/filter",
        "request-data/select", "request-data/expand", "request-data/count", "request-data/top", "request-data/skip",
        "request-data/pagination", "request-data/status-code", "data-array/data-array",
    )
)  # fmt: skip

_CREATE = _BASE + "create-observations-via-mqtt/observations-creation"
_RECEIVE = _BASE + "receive-updates-via-mqtt/receive-updates"


def server_settings() -> dict[str, Any]:
    """What the root of the service says of itself. The classes of MQTT hold with the own broker, so with another one
    they are not named; `endpoints` says where it listens."""
    settings: dict[str, Any] = {"conformance": list(CONFORMANCE)}
    wanted = environment.sta_mqtt()
    if environment.broker() is None:
        host, port = environment.text("ANLAN_HOST"), environment.port("ANLAN_MQTT_PORT")
        for word, name in (("create", _CREATE), ("receive", _RECEIVE)):
            if word in wanted:
                settings["conformance"].append(name)
                settings[name] = {"endpoints": [f"mqtt://{host}:{port}"]}
    return settings
