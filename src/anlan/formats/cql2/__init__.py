"""CQL2, the filter language of OGC API Features: text to a tree of frozen values and back, and the same as JSON.

    filter = parse("level IN (1, 2) AND S_INTERSECTS(geom, BBOX(118, 31, 119, 32)) AND name LIKE '%库'")
    to_text(filter), to_json(filter)

Known are the comparisons = <> < <= > >=, LIKE, BETWEEN, IN and IS NULL with their NOT forms, AND, OR, NOT and
parentheses, CASEI, the spatial and temporal operators, properties on either side, and literals of every kind.
Functions, arithmetic, arrays and ACCENTI are refused by name, and so is a geometry that lies off the globe (CRS84
degrees) or is not valid. A text has at most 4,000 characters and 32 levels of parentheses, which leaves room for a
thousand vertices; JSON has at most 100 objects within one another and 1,000 vertices.

Source: OGC 21-065r2 (CQL2 1.0), clauses 6 to 8 and annex B (grammar).
"""

from .json_form import from_json, to_json
from .nodes import (
    COMPARISONS,
    SPATIAL,
    TEMPORAL,
    And,
    Between,
    Box,
    CaseI,
    Comparison,
    CqlError,
    Filter,
    In,
    Interval,
    IsNull,
    Like,
    Not,
    Or,
    Property,
    Spatial,
    Temporal,
)
from .reading import LONGEST, parse
from .writing import to_text

__all__ = [
    "COMPARISONS", "LONGEST", "SPATIAL", "TEMPORAL", "And", "Between", "Box", "CaseI", "Comparison", "CqlError",
    "Filter", "In", "Interval", "IsNull", "Like", "Not", "Or", "Property", "Spatial", "Temporal", "from_json", "parse",
    "to_json", "to_text",
]  # fmt: skip
