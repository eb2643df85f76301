"""What an address below `/sta/v1.1/` names: a set, one of it, what hangs on that, a property. Source: 18-088, 9.2."""

from __future__ import annotations

import re
from dataclasses import dataclass

from anlan.formats.sensorthings import ENTITIES, EntityType

Id = int | str

SETS = {one.plural: one for one in ENTITIES.values()}
#: Steps of one address.
DEEPEST = 8
_STEP = re.compile(r"(?P<name>[A-Za-z]+)(\((?P<id>\d{1,18}|'(?:[^']|'')*')\))?")


@dataclass(frozen=True, slots=True)
class Step:
    """One step: the kind that it leads to, by which name, whether to several, and which one of them."""

    kind: EntityType
    name: str
    many: bool
    id: Id | None = None

    @property
    def is_set(self) -> bool:
        """Whether the address so far means a set and not one entity."""
        return self.many and self.id is None


@dataclass(frozen=True, slots=True)
class Address:
    """The steps, then perhaps a property, its bare value, or only the links."""

    steps: tuple[Step, ...]
    named: str = ""
    value: bool = False
    ref: bool = False

    @property
    def last(self) -> Step:
        return self.steps[-1]


def parse(path: str) -> Address | None:
    """The address of a path without the service's own part; None for one that cannot be."""
    parts = path.strip("/").split("/")
    if not parts[0] or len(parts) > DEEPEST:
        return None
    steps: list[Step] = []
    for number, part in enumerate(parts):
        over = number == len(parts) - 1
        if part == "$ref" and over and steps:
            return Address(tuple(steps), ref=True)
        step = _step(part, steps[-1] if steps else None)
        if step is not None:
            steps.append(step)
            continue
        return _property(steps, parts[number:])
    return Address(tuple(steps))


def _step(part: str, before: Step | None) -> Step | None:
    match = _STEP.fullmatch(part)
    if match is None or (before is not None and before.is_set):
        return None
    name, id_ = match["name"], _id(match["id"])
    if before is None:
        return Step(SETS[name], name, True, id_) if name in SETS else None
    relation = before.kind.relation(name)
    if relation is None or (id_ is not None and not relation.many):
        return None
    return Step(ENTITIES[relation.target], name, relation.many, id_)


def _property(steps: list[Step], rest: list[str]) -> Address | None:
    if not steps or steps[-1].is_set or len(rest) > 2 or (len(rest) == 2 and rest[1] != "$value"):
        return None
    if steps[-1].kind.property(rest[0]) is None and rest[0] not in ("id", "@iot.id"):
        return None
    return Address(tuple(steps), rest[0], value=len(rest) == 2)


def _id(written: str | None) -> Id | None:
    if written is None:
        return None
    return written[1:-1].replace("''", "'") if written.startswith("'") else int(written)
