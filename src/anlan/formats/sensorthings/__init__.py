"""OGC SensorThings API 1.1: entities and data arrays as values and as JSON, and the options of a query.

    thing = read("Thing", body)
    body = as_json(thing)
    for array in read_arrays(body):
        for row in array.rows:
            take(row.observation) if row.observation else tell(row.findings)

Nothing here speaks HTTP. What a body lacks or says wrongly is told all at once, by its path. Source: OGC 18-088.
"""

from .arrays import DataArray, Row, arrays_as_json, read_arrays
from .entities import Entity, Mode, Ref, as_json, linked, read
from .model import ENTITIES, EntityType, Property, Relation, fits_result
from .times import Time

__all__ = [
    "ENTITIES", "DataArray", "Entity", "EntityType", "Mode", "Property", "Ref", "Relation", "Row", "Time",
    "arrays_as_json", "as_json", "fits_result", "linked", "read", "read_arrays",
]  # fmt: skip
