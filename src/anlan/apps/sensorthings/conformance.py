"""The requirements classes that hold. What does not hold is told in docs/how-to/use-sensorthings.md."""

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
