"""A mapping tried on a message: what it gives, whose it would be, which point would take it. Nothing is stored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from anlan.apps.mappings import queries, words
from anlan.apps.mappings.models import Example, Link
from anlan.formats.devices import Value
from anlan.formats.vendor_json import Mapped, evaluate
from anlan.formats.vendor_json import Mapping as Rules
from anlan.kernel.sensing.door.bodies import Sender
from anlan.kernel.sensing.door.mapped import Fate, Linked, bytes_of, placed
from anlan.kernel.sensing.models import Device, Point
from anlan.kernel.sensing.queries import moment
from anlan.kernel.web.formatting import bureau_time

#: Readings of an example, and characters of its message.
MOST_GIVEN, LONGEST = 500, 20_000


@dataclass(frozen=True, slots=True)
class Tried:
    """A reading as the page shows it. `other_unit`: the point is not in the unit of the reading."""

    value: Value
    at: datetime
    device: str
    point: Point | None
    fate: Fate
    code: str
    other_unit: bool


@dataclass(frozen=True, slots=True)
class Given:
    """An example and what the mapping gives for it now.

    missing, extra    lines of readings and faults that differ
    readings, faults  how many of them were confirmed, or come now where nobody has confirmed any
    """

    example: Example
    fits: bool
    missing: tuple[str, ...] = ()
    extra: tuple[str, ...] = ()
    readings: int = 0
    faults: int = 0


def try_message(rules: Rules, topic: str, text: str, at_ms: int) -> Mapped:
    """What a message gives that came at `at_ms`. Raises ValueError for a text that is no message (hex that is none)."""
    return evaluate(rules, topic, bytes_of(text, rules.body.text), at_ms)


def tried(code: str, mapped: Mapped, actor: Any) -> list[Tried]:
    """Each reading with the point that would take it, for devices in the actor's reach."""
    numbers = {value.device for value in mapped.values}
    links: dict[str, Link] = {
        link.number: link for link in queries.links_of(actor, code).filter(number__in=numbers, device__enabled=True)
    }
    devices: list[Device] = [link.device for link in links.values()]
    points = queries.points_of(devices)
    made = []
    for value in mapped.values:
        link = links.get(value.device)
        linked = sender = None
        if link is not None:
            mine = points[link.device.code]
            linked = Linked(link.device.code, link.sensors)
            sender = Sender(link.device.code, link.device.lane, {one: point.pk for one, point in mine.items()})
        one = placed(value, linked, sender)
        point = points[one.device].get(one.code) if one.fate is Fate.TAKEN else None
        other = point is not None and bool(value.unit) and value.unit != point.unit
        made.append(Tried(value, moment(value.time_ms or 0), one.device, point, one.fate, one.code, other))
    return made


def plain_result(mapped: Mapped) -> dict[str, Any]:
    """What a message gives, as JSON: what a person confirms, and what is compared later."""
    return {
        "readings": [[one.device, one.sensor, one.time_ms, one.value, one.unit, one.quality] for one in mapped.values],
        "faults": [[one.kind, one.path] for one in mapped.faults],
    }


def given(rules: Rules, examples: Sequence[Example]) -> list[Given]:
    """Every example against the mapping as it is."""
    return [_given(rules, example) for example in examples]


def _given(rules: Rules, example: Example) -> Given:
    confirmed = example.confirmed_by_id is not None
    try:
        now = plain_result(try_message(rules, example.topic, example.payload, example.at_ms))
    except ValueError as error:
        return Given(example, False, (), (str(error)[:120],))
    was, is_ = _rows(example.gives), _rows(now)
    missing = tuple(_line(row) for row in was if row not in is_)
    extra = tuple(_line(row) for row in is_ if row not in was)
    shown = example.gives if confirmed else now
    return Given(example, was == is_ and confirmed, missing, extra, len(shown["readings"]), len(shown["faults"]))


def _rows(result: dict[str, Any]) -> list[list[Any]]:
    return [list(row) for name in ("readings", "faults") for row in result.get(name, ())]


def _line(row: list[Any]) -> str:
    """A reading or a fault of a result as a person compares it."""
    if len(row) == 2:
        kind, path = row
        return f"{words.fault_words(kind)}: {words.path_words(path)}"
    device, sensor, time_ms, value, unit, quality = row
    at = bureau_time(moment(time_ms), seconds=True)
    told = f"{words.number_words(value)} {unit}".strip()
    return " · ".join((device, sensor, at, told, words.quality_words(quality)))
