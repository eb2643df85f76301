"""What the body of each kind of rule must look like; rooms above add their kinds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

#: body -> faults in words, none when it is good.
Schema = Callable[[Mapping[str, Any]], list[str]]

#: The units in which a clock may give its time, in seconds.
UNITS = {"seconds": 1, "minutes": 60, "hours": 3600, "days": 86400}
HEARERS = ("assignee", "unit", "duty", "leader")

_schemas: dict[str, Schema] = {}


def register_schema(kind: str, schema: Schema) -> None:
    """Name the check of a kind; called once at start by the room that uses the kind."""
    _schemas[kind] = schema


def faults_of(kind: str, body: Mapping[str, Any]) -> list[str]:
    """What is wrong with a body; a kind without schema only needs to be a mapping."""
    schema = _schemas.get(kind)
    return schema(body) if schema else []


#: A field's value -> what is wrong with it, "" when nothing is.
FieldFault = Callable[[Any], str]


def by_field(faults: Mapping[str, FieldFault]) -> Schema:
    """A schema that checks each field by its name; at least one of them must be there."""

    def schema(body: Mapping[str, Any]) -> list[str]:
        known = sorted(name for name in body if name in faults)
        if not known:
            return [f"write one of {', '.join(faults)}"]
        return [words for name in known if (words := faults[name](body[name]))]

    return schema


def is_positive(value: Any) -> bool:
    """A number above 0; `True` is none."""
    return isinstance(value, int | float) and not isinstance(value, bool) and value > 0


def positive(name: str) -> FieldFault:
    """The field `name` is a number above 0."""
    return lambda value: "" if is_positive(value) else f"{name} is a number above 0"


def whole(name: str) -> FieldFault:
    """The field `name` is a whole number above 0."""
    return lambda value: "" if isinstance(value, int) and is_positive(value) else f"{name} is a whole number above 0"


def waits(name: str) -> FieldFault:
    """The field `name` is a list of seconds."""
    return lambda value: (
        "" if isinstance(value, list) and value and all(map(is_positive, value)) else f"{name} is a list of seconds"
    )


def clock_faults(body: Mapping[str, Any]) -> list[str]:
    """A clock names its time in exactly one unit, its calendar, and the rungs of its ladder."""
    faults = []
    given = [unit for unit in UNITS if body.get(unit) is not None]
    if len(given) != 1 or not isinstance(body[given[0]], int | float) or body[given[0]] <= 0:
        faults.append(f"write one positive time in one of {', '.join(UNITS)}")
    if body.get("calendar", "natural") not in ("natural", "working"):
        faults.append("calendar is natural or working")
    for rung in body.get("ladder") or ():
        if ("before_s" in rung) == ("after_s" in rung):
            faults.append(f"a rung stands before_s or after_s the due moment: {rung}")
        if rung.get("to") not in HEARERS:
            faults.append(f"a rung speaks to one of {', '.join(HEARERS)}: {rung}")
    for name in ("extensions_max", "extension_max_days"):
        if not isinstance(body.get(name, 0), int) or body.get(name, 0) < 0:
            faults.append(f"{name} is a whole number, 0 or more")
    return faults


register_schema("clock", clock_faults)
