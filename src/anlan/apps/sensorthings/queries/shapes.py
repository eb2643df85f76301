"""The kinds of points that are ObservedProperties, beside the shapes that the gateway for MQTT shares."""

from __future__ import annotations

from anlan.kernel.sensing.models import PointKind
from anlan.kernel.sensing.observed.shapes import (
    DEFINITION,
    MEASUREMENT,
    QUALITIES,
    Reading,
    as_json,
    id_of,
    moment,
    properties_of,
    quoted,
    self_link,
    written,
)

__all__ = [
    "DEFINITION", "MEASUREMENT", "OBSERVED", "QUALITIES", "Reading", "as_json", "id_of", "moment", "properties_of",
    "quoted", "self_link", "written",
]  # fmt: skip

#: Kinds of points; a group measures nothing by itself.
OBSERVED = tuple(one for one in PointKind if one is not PointKind.GROUP)
