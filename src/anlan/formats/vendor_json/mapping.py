"""The mapping itself: what may be declared, checked as a whole, and kept with its paths already read."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final
from zoneinfo import ZoneInfo

import msgspec

from anlan.formats.vendor_json.paths import BadPath, Path, read_path
from anlan.formats.vendor_json.times import PATTERNS, zone_of
from anlan.formats.vendor_json.topics import BadTopic, Pattern, read_topic

#: What each problem of a mapping means; `{said}` is what stands there.
PROBLEMS: Final = {
    "shape": "the mapping is not of the declared form: {said}",
    "bad_topic": "the topic cannot be used: levels stand between slashes, + or {{name}} for one, # only at the end",
    "bad_path": "{said} is no path: keys between dots, [n] for a place, [*] for every item",
    "one_place": "{said} may lead to one place only, without [*]",
    "list_last": "the path of a list ends with [*]",
    "no_part": "the topic has no level that is called {said}",
    "needed": "this must be given",
    "too_much": "{said} is longer or more than may be",
    "bad_name": "{said} is no name: 1 to 60 printable characters without a space at either end",
    "twice": "{said} stands twice",
    "bad_number": "{said} is no number that can be used here",
    "bad_pattern": "{said} is none of the forms of time",
    "bad_zone": "{said} is no time zone",
    "bad_word": "{said} is no quality: good, uncertain or bad",
    "no_sensors": "the mapping names no sensor",
    "not_here": "{said} belongs to the shape by paths only",
}

#: Sensors of a mapping, words of a table, characters of a unit.
MOST_SENSORS, MOST_WORDS, LONGEST_UNIT = 300, 100, 20
LONGEST_NAME = 60
QUALITIES: Final = ("good", "uncertain", "bad")


class Shape(StrEnum):
    """How a payload is built: by declared paths, or as one of the forms that are read without any."""

    PATHS = "paths"
    GEOHAZARD = "geohazard"
    SENML = "senml"
    SENSORTHINGS = "sensorthings"


class DeviceFrom(StrEnum):
    """Where the number of the device stands."""

    TOPIC = "topic"
    PATH = "path"
    MESSAGE = "message"  # of a built-in shape, which says it


class TimeForm(StrEnum):
    """How a moment is written. ARRIVAL stands only where a person chose it."""

    EPOCH_S = "epoch_s"
    EPOCH_MS = "epoch_ms"
    ISO = "iso"
    TEXT = "text"
    MESSAGE = "message"  # of a built-in shape, which says it
    ARRIVAL = "arrival"


class GroupForm(StrEnum):
    """Values that come together: a list of names with values, an object of them, a list by place."""

    PAIRS = "pairs"
    OBJECT = "object"
    ARRAY = "array"


class Others(StrEnum):
    """What becomes of names that the mapping does not list."""

    TAKE = "take"
    SKIP = "skip"
    FAULT = "fault"


class KnownBody(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """A sensor as it is declared. `name`: its path, key or place; `words`: text or number → number, null for none."""

    name: str
    sensor: str
    unit: str = ""
    scale: float = 1.0
    offset: float = 0.0
    words: dict[str, float | None] = {}
    required: bool = False


class DeviceBody(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """`part`: named level of the topic; `within`: named level that stands before the number, so that who may publish
    there speaks for no device of another one."""

    source: DeviceFrom = msgspec.field(name="from")
    part: str = ""
    path: str = ""
    within: str = ""


class TimeBody(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    form: TimeForm
    path: str = ""
    pattern: str = ""
    zone: str = ""


class GroupBody(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """`key`, `value`, `unit` and `quality` are paths from a pair on."""

    form: GroupForm
    path: str = ""
    key: str = ""
    value: str = ""
    unit: str = ""
    quality: str = ""
    others: Others = Others.TAKE
    known: list[KnownBody] = []


class QualityBody(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    path: str = ""
    words: dict[str, str] = {}


class Body(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """A mapping as data, in the form in which it is kept, exported and taken in."""

    topic: str
    device: DeviceBody
    time: TimeBody
    shape: Shape = Shape.PATHS
    text: str = "utf-8"
    numbers: str = "strict"
    items: str = ""
    sensors: list[KnownBody] = []
    group: GroupBody | None = None
    quality: QualityBody | None = None


@dataclass(frozen=True, slots=True)
class Known:
    """A sensor, ready to be read. `words` and `numbers`: what stands for a number, None for a missing value."""

    name: str
    sensor: str
    unit: str
    scale: float
    offset: float
    words: dict[str, float | None]
    numbers: dict[float, float | None]
    required: bool
    path: Path


@dataclass(frozen=True, slots=True)
class Group:
    """Values that come together, ready to be read."""

    form: GroupForm
    path: Path
    key: Path
    value: Path
    unit: Path | None
    quality: Path | None
    others: Others
    known: dict[str, Known]


@dataclass(frozen=True, slots=True)
class Mapping:
    """A mapping that was checked. `body` is its plain form."""

    body: Body
    topic: Pattern
    items: Path
    device: Path
    time: Path
    zone: ZoneInfo | None
    sensors: tuple[Known, ...]
    group: Group | None
    quality: Path | None
    words: dict[str, str]

    @property
    def is_by_arrival(self) -> bool:
        """Whether a reading may be dated by when its message came."""
        return self.body.time.form is TimeForm.ARRIVAL


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with a mapping: the field, a key of `PROBLEMS`, and what stands there."""

    where: str
    code: str
    said: str = ""


class BadMapping(ValueError):
    """A mapping that cannot be used; `problems` has all that is wrong."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(f"{one.where}: {one.code} {one.said}".strip() for one in self.problems))


def plain(mapping: Mapping) -> dict[str, Any]:
    """The mapping as JSON values, what is usual left out; `read_mapping` takes it again."""
    found: dict[str, Any] = msgspec.to_builtins(mapping.body)
    return found


def read_mapping(body: Any) -> Mapping:
    """Check a mapping. Raises BadMapping with every problem."""
    try:
        found = msgspec.convert(body, Body)
    except msgspec.ValidationError as error:
        raise BadMapping([Problem("", "shape", str(error)[:200])]) from error
    return _Check(found).mapping()


class _Check:
    """Reads what a body declares and notes what is wrong with it."""

    def __init__(self, body: Body) -> None:
        self.body = body
        self.problems: list[Problem] = []

    def mapping(self) -> Mapping:
        body = self.body
        topic = self._topic()
        if body.text not in ("utf-8", "gb18030"):
            self._wrong("text", "shape", body.text)
        if body.numbers not in ("strict", "text"):
            self._wrong("numbers", "shape", body.numbers)
        items = self._path("items", body.items)
        device = self._device(topic)
        time, zone = self._time()
        sensors = self._sensors("sensors", body.sensors, paths=True)
        group = self._group()
        quality, words = self._quality()
        if body.shape is not Shape.PATHS:
            for name, given in (("items", body.items), ("group", body.group), ("quality", body.quality)):
                if given:
                    self._wrong(name, "not_here", name)
        elif not sensors and group is None:
            self._wrong("sensors", "no_sensors")
        if self.problems:
            raise BadMapping(self.problems)
        return Mapping(body, topic, items, device, time, zone, sensors, group, quality, words)

    def _wrong(self, where: str, code: str, said: object = "") -> None:
        self.problems.append(Problem(where, code, str(said)[:120]))

    def _topic(self) -> Pattern:
        try:
            return read_topic(self.body.topic)
        except BadTopic:
            self._wrong("topic", "bad_topic", self.body.topic)
            return Pattern(("",), {})

    def _path(self, where: str, text: str, *, many: bool = False, needed: bool = False) -> Path:
        """A path; `many`: it may hold [*]."""
        if needed and not text:
            self._wrong(where, "needed")
        try:
            found = read_path(text)
        except BadPath:
            self._wrong(where, "bad_path", text)
            return Path()
        if found.is_many and not many and where != "items":
            self._wrong(where, "one_place", text)
        return found

    def _device(self, topic: Pattern) -> Path:
        given = self.body.device
        built_in = self.body.shape in (Shape.GEOHAZARD, Shape.SENML)
        if given.source is DeviceFrom.TOPIC and given.part not in topic.names:
            self._wrong("device.part", "no_part" if given.part else "needed", given.part)
        if given.source is DeviceFrom.MESSAGE and not built_in:
            self._wrong("device.from", "not_here", "message")
        if given.source is not DeviceFrom.MESSAGE and built_in:
            # Such a message may speak of several devices: one name for all of them would mix their sensors.
            self._wrong("device.from", "not_here", given.source.value)
        if given.source is DeviceFrom.PATH and self.body.shape is not Shape.PATHS:
            self._wrong("device.from", "not_here", "path")
        if given.within and given.within not in topic.names:
            self._wrong("device.within", "no_part", given.within)
        return self._path("device.path", given.path, needed=given.source is DeviceFrom.PATH)

    def _time(self) -> tuple[Path, ZoneInfo | None]:
        given = self.body.time
        by_paths = self.body.shape is Shape.PATHS
        if by_paths and given.form is TimeForm.MESSAGE:
            self._wrong("time.form", "not_here", "message")
        if not by_paths and given.form not in (TimeForm.MESSAGE, TimeForm.ARRIVAL):
            self._wrong("time.form", "not_here", given.form.value)
        written = given.form not in (TimeForm.MESSAGE, TimeForm.ARRIVAL)
        path = self._path("time.path", given.path, needed=written)
        zone = zone_of(given.zone) if given.zone else None
        if given.zone and zone is None:
            self._wrong("time.zone", "bad_zone", given.zone)
        if given.form is TimeForm.TEXT:
            if given.pattern not in PATTERNS:
                self._wrong("time.pattern", "bad_pattern" if given.pattern else "needed", given.pattern)
            if not given.zone:
                self._wrong("time.zone", "needed")
        return path, zone

    def _sensors(self, where: str, given: list[KnownBody], *, paths: bool) -> tuple[Known, ...]:
        if len(given) > MOST_SENSORS:
            self._wrong(where, "too_much", len(given))
            return ()
        seen: set[str] = set()
        made = []
        for place, one in enumerate(given):
            here = f"{where}[{place}]"
            if one.name in seen:
                self._wrong(f"{here}.name", "twice", one.name)
            seen.add(one.name)
            if not is_name(one.sensor):
                self._wrong(f"{here}.sensor", "bad_name", one.sensor)
            if len(one.unit) > LONGEST_UNIT:
                self._wrong(f"{here}.unit", "too_much", one.unit)
            if not (math.isfinite(one.scale) and one.scale and abs(one.scale) < 1e100):
                self._wrong(f"{here}.scale", "bad_number", one.scale)
            if not (math.isfinite(one.offset) and abs(one.offset) < 1e100):
                self._wrong(f"{here}.offset", "bad_number", one.offset)
            if len(one.words) > MOST_WORDS or any(len(word) > LONGEST_NAME for word in one.words):
                self._wrong(f"{here}.words", "too_much", len(one.words))
            for word, number in one.words.items():
                if number is not None and not (math.isfinite(number) and abs(number) < 1e300):
                    self._wrong(f"{here}.words", "bad_number", word)
            by_path = paths and self.body.shape is Shape.PATHS
            path = self._path(f"{here}.name", one.name) if by_path else Path()
            if not by_path and not one.name:
                self._wrong(f"{here}.name", "needed")
            made.append(
                Known(
                    one.name, one.sensor, one.unit, one.scale, one.offset, one.words, _numbers(one.words),
                    one.required, path,
                )
            )  # fmt: skip
        sensors = [one.sensor for one in given]
        for sensor in sorted({one for one in sensors if sensors.count(one) > 1}):
            self._wrong(where, "twice", sensor)
        return tuple(made)

    def _group(self) -> Group | None:
        given = self.body.group
        if given is None:
            return None
        path = self._path("group.path", given.path, many=given.form is GroupForm.PAIRS)
        if given.form is GroupForm.PAIRS:
            if given.path and path.steps[-1:] != (None,):
                self._wrong("group.path", "list_last")
            key = self._path("group.key", given.key, needed=True)
            value = self._path("group.value", given.value, needed=True)
        else:
            key = value = Path()
            for name in ("key", "value", "unit", "quality"):
                if getattr(given, name):
                    self._wrong(f"group.{name}", "not_here", name)
        unit = self._path("group.unit", given.unit) if given.unit else None
        quality = self._path("group.quality", given.quality) if given.quality else None
        if quality is not None and (self.body.quality is None or not self.body.quality.words):
            self._wrong("quality.words", "needed")
        known = self._sensors("group.known", given.known, paths=False)
        taken = {one.sensor for one in self.body.sensors}
        for one in known:
            if one.sensor in taken:
                self._wrong("group.known", "twice", one.sensor)
            if given.form is GroupForm.ARRAY and not (one.name.isdecimal() and one.name.isascii()):
                self._wrong("group.known", "bad_number", one.name)
        if given.others is not Others.TAKE and not known:
            self._wrong("group.known", "no_sensors")
        return Group(given.form, path, key, value, unit, quality, given.others, {one.name: one for one in known})

    def _quality(self) -> tuple[Path | None, dict[str, str]]:
        given = self.body.quality
        if given is None:
            return None, {}
        if len(given.words) > MOST_WORDS:
            self._wrong("quality.words", "too_much", len(given.words))
        for word, quality in given.words.items():
            if quality not in QUALITIES or len(word) > LONGEST_NAME:
                self._wrong("quality.words", "bad_word", quality)
        if not given.words:
            self._wrong("quality.words", "needed")
        return (self._path("quality.path", given.path) if given.path else None), given.words


#: No control characters, no surrogates, no space at either end.
_NAME: Final = re.compile(r"\S(?:.{0,58}\S)?")


def is_name(text: str) -> bool:
    """Whether a text can be the number of a device or the name of a sensor."""
    return text.isprintable() and _NAME.fullmatch(text) is not None


def _numbers(words: dict[str, float | None]) -> dict[float, float | None]:
    """The words that are numbers, so that -9999 and -9999.0 are the same."""
    found = {}
    for word, number in words.items():
        try:
            place = float(word)
        except ValueError:
            continue
        if math.isfinite(place):
            found[place] = number
    return found
