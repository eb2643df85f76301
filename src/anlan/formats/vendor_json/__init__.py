"""JSON of vendors' devices, read by a mapping that is declared as data.

    mapping = read_mapping(body)                    # raises BadMapping with everything that is wrong
    found = evaluate(mapping, topic, payload, at_ms)
    found.values, found.faults, found.counts

The language is closed: dotted paths with `[*]` and `[n]`, a scale and an offset, tables of words. There are no
expressions. What is read is bounded in bytes, depth, items and values, and whatever cannot be read is a fault with its
path; nothing is guessed.
"""

from .mapping import (
    PROBLEMS,
    BadMapping,
    DeviceFrom,
    GroupForm,
    Mapping,
    Others,
    Problem,
    Shape,
    TimeForm,
    plain,
    read_mapping,
)
from .paths import BadPath, Path, read_path
from .reading import FAULTS, MOST_BYTES, Fault, Mapped, evaluate
from .times import PATTERNS, zone_of
from .topics import BadTopic, Pattern, overlap, read_topic

__all__ = [
    "FAULTS", "MOST_BYTES", "PATTERNS", "PROBLEMS", "BadMapping", "BadPath", "BadTopic", "DeviceFrom", "Fault",
    "GroupForm", "Mapped", "Mapping", "Others", "Path", "Pattern", "Problem", "Shape", "TimeForm", "evaluate",
    "overlap", "plain", "read_mapping", "read_path", "read_topic", "zone_of",
]  # fmt: skip
