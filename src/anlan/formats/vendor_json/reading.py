"""A payload through a mapping: readings in normal form, and every fault with the path at which it lies.

What is wrong with one value costs that value, what is wrong with a moment or a device costs its item, and what is no
JSON costs the message. A message of which nothing comes says so.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final, NoReturn

from anlan.formats.devices import FAULTS as FRAME_FAULTS
from anlan.formats.devices import Value
from anlan.formats.vendor_json import times
from anlan.formats.vendor_json.mapping import (
    DeviceFrom,
    Group,
    GroupForm,
    Known,
    Mapping,
    Others,
    Shape,
    TimeForm,
    is_name,
)
from anlan.formats.vendor_json.paths import ABSENT, Path, Step, at, every, written

#: Bytes of a payload, arrays and objects inside each other, items, values, and names of objects in it.
MOST_BYTES: Final = 1 << 20
DEEPEST: Final = 32
MOST_ITEMS: Final = 5_000
MOST_VALUES: Final = 20_000
#: Faults that are told one by one; the rest is only counted. Characters of what stood there.
TOLD, SAID = 50, 60

_SHARED: Final = ("not_json", "bad_text", "too_deep", "wrong_shape", "encrypted")
#: What each kind of fault means, by the name under which it is counted.
FAULTS: Final = {kind: FRAME_FAULTS[kind] for kind in _SHARED} | {
    "too_long": "the payload is larger than is taken",
    "wrong_topic": "the topic is not one of this mapping",
    "too_many": "more items or values than are taken in one message",
    "duplicate_key": "an object holds one name twice",
    "no_items": "nothing stands where the items should",
    "no_device": "nothing says which device this is",
    "odd_device": "what stands for the device is no number or name",
    "no_time": "nothing says when this was measured",
    "odd_time": "a time that does not exist, is not written as declared, or cannot be meant",
    "two_times": "a time that the clocks of its zone showed twice",
    "no_zone": "a time without a zone, and none is declared",
    "absent": "a sensor that must be there is not",
    "not_number": "no number stands where one should",
    "out_of_range": "a number that no instrument gives",
    "odd_name": "what stands for the name of a sensor cannot be one",
    "unknown_name": "a sensor that the mapping does not list",
    "other_unit": "the message says another unit than the mapping",
    "unknown_quality": "a word for the quality that the mapping does not list",
    "no_quality": "nothing says how good the value is",
    "bad_observation": "an observation that the standard does not allow",
    "nothing_found": "none of the sensors of the mapping is in the message",
}  # fmt: skip

_NUMBER: Final = re.compile(r"[+-]?\d{1,30}(?:\.\d{1,30})?(?:[eE][+-]?\d{1,3})?", re.ASCII)
_BOM: Final = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault: a key of `FAULTS`, the path from the message on, and what stood there."""

    kind: str
    path: str = ""
    said: str = ""


@dataclass(frozen=True, slots=True)
class Mapped:
    """What came of a message. `counts`: every fault by kind, also those beyond the ones told."""

    values: tuple[Value, ...]
    faults: tuple[Fault, ...] = ()
    counts: Counter[str] = field(default_factory=Counter)


class _Unreadable(Exception):
    """The message as a whole; `fault` says why."""

    def __init__(self, kind: str, said: str = "") -> None:
        super().__init__(kind)
        self.fault = Fault(kind, "", said)


def evaluate(mapping: Mapping, topic: str, payload: bytes, at_ms: int) -> Mapped:
    """The readings of a message that came at `at_ms` under `topic`, and what could not be read.

    `device` of a value is the number by which the vendor knows it, `sensor` the name that the mapping gives.
    """
    parts = mapping.topic.parts(topic)
    notes = _Notes()
    if parts is None:
        notes.add("wrong_topic", (), topic)
        return notes.mapped([])
    try:
        if mapping.body.shape is Shape.PATHS:
            message = decoded(payload, mapping.body.text)
            values = list(_Reading(mapping, parts, message, at_ms, notes).values())
        else:
            # Imported where it is needed: the shapes bring readers that a mapping by paths does without.
            from anlan.formats.vendor_json.shapes import shaped

            values = shaped(mapping, parts, payload, at_ms, notes)
    except _Unreadable as unreadable:
        notes.put(unreadable.fault)
        return notes.mapped([])
    if not values and not notes.counts:
        notes.add("nothing_found", ())
    return notes.mapped(values)


class _Notes:
    """Faults as they are met."""

    def __init__(self) -> None:
        self.told: list[Fault] = []
        self.counts: Counter[str] = Counter()

    def add(self, kind: str, steps: tuple[Step, ...], said: Any = ABSENT) -> None:
        self.counts[kind] += 1
        if len(self.told) < TOLD:
            self.told.append(Fault(kind, _printable(written(steps, whole=True)) if steps else "", excerpt(said)))

    def put(self, fault: Fault) -> None:
        self.counts[fault.kind] += 1
        if len(self.told) < TOLD:
            self.told.append(fault)

    def mapped(self, values: list[Value]) -> Mapped:
        return Mapped(tuple(values), tuple(self.told), self.counts)


def excerpt(said: Any) -> str:
    """What stood somewhere, short and printable."""
    if said is ABSENT:
        return ""
    if isinstance(said, dict):
        return "{…}" if said else "{}"
    if isinstance(said, list):
        return "[…]" if said else "[]"
    text = said if isinstance(said, str) else json.dumps(said)
    return _printable(text[:SAID])


def _printable(text: str) -> str:
    """Without what no database and no page takes: control characters and halves of characters."""
    return text if text.isprintable() else "".join(sign if sign.isprintable() else "�" for sign in text)


# --- from bytes to values -------------------------------------------------------------------------------------------


class _Twice(ValueError):
    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        keys = Counter(key for key, _said in pairs)
        raise _Twice(next(key for key, n in keys.items() if n > 1))
    return found


_decoder: Final = json.JSONDecoder(object_pairs_hook=_object)


def decoded(payload: bytes, encoding: str) -> Any:
    """The JSON of a payload within the bounds. NaN and Infinity, which some write, stay and are no numbers later."""
    if len(payload) > MOST_BYTES:
        raise _Unreadable("too_long")
    try:
        text = payload.removeprefix(_BOM).decode(encoding)
    except UnicodeDecodeError:
        raise _Unreadable("bad_text") from None
    try:
        message = _decoder.decode(text)
    except _Twice as twice:
        raise _Unreadable("duplicate_key", excerpt(twice.key)) from None
    except RecursionError:
        raise _Unreadable("too_deep") from None
    except ValueError as error:
        raise _Unreadable("not_json", str(error)[:SAID]) from None
    if payload.count(b"[") + payload.count(b"{") > DEEPEST and _is_deep(message):
        raise _Unreadable("too_deep")
    return message


def _is_deep(message: Any) -> bool:
    """Whether arrays and objects lie more than DEEPEST inside each other."""
    layer = [message]
    for _depth in range(DEEPEST):
        layer = [
            inner
            for one in layer
            for inner in (one.values() if type(one) is dict else one)
            if type(inner) is dict or type(inner) is list
        ]
        if not layer:
            return False
    return True


# --- by declared paths ----------------------------------------------------------------------------------------------


class _Reading:
    """One message under way."""

    def __init__(self, mapping: Mapping, parts: dict[str, str], message: Any, at_ms: int, notes: _Notes) -> None:
        self.mapping, self.parts, self.message, self.at_ms, self.notes = mapping, parts, message, at_ms, notes
        self.left = MOST_VALUES

    def values(self) -> Iterator[Value]:
        count = 0
        for here, item in every(self.message, self.mapping.items.steps):
            count += 1
            if count > MOST_ITEMS:
                raise _Unreadable("too_many")
            if type(item) is not dict and type(item) is not list:
                self.notes.add("no_items", here, item)
                continue
            yield from self._item(here, item)
        if not count and not self.notes.counts:
            self.notes.add("no_items", self.mapping.items.steps)

    def _item(self, here: tuple[Step, ...], item: Any) -> Iterator[Value]:
        device = self._device(here, item)
        if device is None:
            return
        moment = self._moment(here, item)
        if moment is None:
            return
        quality = self._quality(here, item)
        for known in self.mapping.sensors:
            said = self._at(known.path, item)
            if said is ABSENT:
                if known.required:
                    self.notes.add("absent", self._steps(known.path, here))
                continue
            steps = self._steps(known.path, here)
            number = self._number(said, known, steps)
            if number is not ABSENT:
                yield self._value(device, known.sensor, moment, number, known.unit, quality, known.name, listed=True)
        if self.mapping.group is not None:
            yield from self._group(self.mapping.group, here, item, (device, moment, quality))

    def _value(
        self, device: str, sensor: str, moment: int, number: float | None, unit: str, quality: str, raw: str, *,
        listed: bool,
    ) -> Value:  # fmt: skip
        self.left -= 1
        if self.left < 0:
            raise _Unreadable("too_many")
        return Value(device, sensor, moment, number, unit, "missing" if number is None else quality, raw, listed)

    def _at(self, path: Path, item: Any) -> Any:
        return at(self.message if path.whole else item, path.steps)

    def _steps(self, path: Path, here: tuple[Step, ...]) -> tuple[Step, ...]:
        return path.steps if path.whole else here + path.steps

    def _device(self, here: tuple[Step, ...], item: Any) -> str | None:
        given = self.mapping.body.device
        if given.source is DeviceFrom.TOPIC:
            said: Any = self.parts[given.part]
            steps: tuple[Step, ...] = ()
        else:
            said = self._at(self.mapping.device, item)
            steps = self._steps(self.mapping.device, here)
            if said is ABSENT or said is None or said == "":
                self.notes.add("no_device", steps)
                return None
        number = device_number(said, self.parts, given.within)
        if number is None:
            self.notes.add("odd_device", steps, said)
        return number

    def _moment(self, here: tuple[Step, ...], item: Any) -> int | None:
        given = self.mapping.body.time
        if given.form is TimeForm.ARRIVAL:
            return self.at_ms
        said = self._at(self.mapping.time, item)
        if said is ABSENT or said is None or said == "":
            self.notes.add("no_time", self._steps(self.mapping.time, here))
            return None
        try:
            if given.form is TimeForm.TEXT and self.mapping.zone is not None:
                return times.text_ms(said, given.pattern, self.mapping.zone)
            if given.form is TimeForm.ISO:
                return times.iso_ms(said, self.mapping.zone)
            per = 1000 if given.form is TimeForm.EPOCH_S else 1
            return times.epoch_ms(said, per, text=self.mapping.body.numbers == "text")
        except times.BadTime as bad:
            self.notes.add(bad.kind, self._steps(self.mapping.time, here), said)
            return None

    def _quality(self, here: tuple[Step, ...], item: Any) -> str:
        path = self.mapping.quality
        if path is None:
            return "good"
        return self._worded(self._at(path, item), self._steps(path, here))

    def _worded(self, said: Any, steps: tuple[Step, ...]) -> str:
        """The quality of a word. One that is not there leaves the value in doubt; one that is not listed is no good."""
        if said is ABSENT or said is None:
            self.notes.add("no_quality", steps)
            return "uncertain"
        found = self.mapping.words.get(as_word(said))
        if found is None:
            self.notes.add("unknown_quality", steps, said)
            return "bad"
        return found

    def _number(self, said: Any, known: Known | None, steps: tuple[Step, ...]) -> Any:
        """A number in the unit of the mapping, None for a missing one, ABSENT for what is none."""
        number = number_of(said, known, text=self.mapping.body.numbers == "text")
        if number is ABSENT:
            kind = "out_of_range" if type(said) in (int, float) and said == said else "not_number"
            self.notes.add(kind, steps, said)
        return number

    def _group(self, group: Group, here: tuple[Step, ...], item: Any, of: tuple[str, int, str]) -> Iterator[Value]:
        if group.form is GroupForm.PAIRS:
            yield from self._pairs(group, here, item, of)
            return
        inside = self._at(group.path, item)
        if inside is ABSENT or inside is None:
            return
        steps = self._steps(group.path, here)
        if group.form is GroupForm.OBJECT and type(inside) is dict:
            named: Any = inside.items()
        elif group.form is GroupForm.ARRAY and type(inside) is list:
            named = enumerate(inside)
        else:
            self.notes.add("wrong_shape", steps, inside)
            return
        device, moment, quality = of
        seen = set()
        for step, said in named:
            name = str(step)
            seen.add(name)
            known = group.known.get(name)
            sensor = self._sensor(group, known, name, (*steps, step))
            if sensor is None:
                continue
            if known is None and type(said) not in (int, float, bool) and not isinstance(said, str | None):
                continue  # what is not listed and holds more than a value is no sensor
            number = self._number(said, known, (*steps, step))
            if number is not ABSENT:
                unit = known.unit if known else ""
                yield self._value(device, sensor, moment, number, unit, quality, name, listed=known is not None)
        self._missing(group, seen, steps)

    def _pairs(self, group: Group, here: tuple[Step, ...], item: Any, of: tuple[str, int, str]) -> Iterator[Value]:
        device, moment, quality = of
        source = self.message if group.path.whole else item
        seen = set()
        begin = () if group.path.whole else here
        for inner, pair in every(source, group.path.steps):
            steps = begin + inner
            name_said = at(pair, group.key.steps)
            name = str(name_said) if type(name_said) in (str, int) else ""
            if not is_name(name):
                self.notes.add("odd_name", steps + group.key.steps, name_said)
                continue
            known = group.known.get(name)
            seen.add(name)
            sensor = self._sensor(group, known, name, steps)
            if sensor is None:
                continue
            said = at(pair, group.value.steps)
            where = steps + group.value.steps
            if said is ABSENT:
                self.notes.add("not_number", where)
                continue
            number = self._number(said, known, where)
            if number is ABSENT:
                continue
            unit = self._unit(group, known, pair, steps)
            if unit is None:
                continue
            own = quality
            if group.quality is not None:
                own = self._worded(at(pair, group.quality.steps), steps + group.quality.steps)
            yield self._value(device, sensor, moment, number, unit, own, name, listed=known is not None)
        self._missing(group, seen, begin + group.path.steps)

    def _unit(self, group: Group, known: Known | None, pair: Any, steps: tuple[Step, ...]) -> str | None:
        """The unit of a pair; None when the message contradicts the mapping."""
        declared = known.unit if known else ""
        if group.unit is None:
            return declared
        told = at(pair, group.unit.steps)
        if type(told) is not str:
            return declared
        if known is None:
            return told[:20] if told.isprintable() else ""
        # A mapping that scales makes another unit of the one that is told.
        if declared and told != declared and known.scale == 1.0:
            self.notes.add("other_unit", steps + group.unit.steps, told)
            return None
        return declared

    def _sensor(self, group: Group, known: Known | None, name: str, steps: tuple[Step, ...]) -> str | None:
        """What a name stands for; None when the value is not taken."""
        if known is not None:
            return known.sensor
        if group.others is Others.SKIP:
            return None
        if group.others is Others.FAULT:
            self.notes.add("unknown_name", steps, name)
            return None
        if not is_name(name):
            self.notes.add("odd_name", steps, name)
            return None
        return name

    def _missing(self, group: Group, seen: set[str], steps: tuple[Step, ...]) -> None:
        for name, known in group.known.items():
            if known.required and name not in seen:
                self.notes.add("absent", steps, name)


def as_word(said: Any) -> str:
    """A value as a table of words has it: true, 1, text."""
    if said is True or said is False:
        return "true" if said else "false"
    if type(said) is float and said.is_integer() and abs(said) < 1e15:
        return str(int(said))
    return said if type(said) is str else excerpt(said)


def device_number(said: Any, parts: dict[str, str], within: str) -> str | None:
    """The number of a device, with the level of the topic before it where one is declared; None for what is none."""
    number = str(said) if type(said) is int and -1e18 < said < 1e18 else said
    if type(number) is not str:
        return None
    if within:
        number = f"{parts[within]}/{number}"
    return number if is_name(number) else None


def number_of(said: Any, known: Known | None, *, text: bool) -> Any:
    """What is said as a number after words, scale and offset; None for none, ABSENT for what cannot be one.

    true and false are numbers only where the words say which.
    """
    kind = type(said)
    if kind is float or kind is int:
        if known is not None and known.numbers and said in known.numbers:
            return known.numbers[said]
        number = said
    elif said is None:
        return None
    elif kind is str or kind is bool:
        word = as_word(said)
        if known is not None and word in known.words:
            return known.words[word]
        if kind is bool or not text or not _NUMBER.fullmatch(word):
            return ABSENT
        number = float(word)
        if known is not None and known.numbers and number in known.numbers:
            return known.numbers[number]
    else:
        return ABSENT
    # JSON has no infinity, but 1e999 is one, and an integer may be too large for a float.
    if not -1e300 < number < 1e300:
        return ABSENT
    if known is not None and (known.scale != 1.0 or known.offset):
        number = number * known.scale + known.offset
        if not -1e300 < number < 1e300:
            return ABSENT
    return float(number)


def unreadable(kind: str, said: str = "") -> NoReturn:
    """Give up a message as a whole; for the shapes."""
    raise _Unreadable(kind, said)
