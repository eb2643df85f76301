"""A value as people and machines write it, and as the database keeps it: one reading for forms, imports and the API."""

from __future__ import annotations

import functools
import math
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import shapely
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxLengthValidator
from django.db import models
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.utils.translation import override

from anlan.kernel.people import masks
from anlan.kernel.people.models import User
from anlan.kernel.regions import queries as regions
from anlan.kernel.regions.models import Level, Region
from anlan.kernel.registers.info import FieldInfo, Kind
from anlan.kernel.web.formatting import COLOURS, NUMERALS, bureau_time

MASKS: Mapping[str, Callable[[str], str]] = {
    "phone": masks.phone,
    "person": masks.person,
    "identity": masks.identity,
}
#: Kinds whose writings repeat from row to row.
_REPEATED = frozenset({
    Kind.TEXT, Kind.CHOICE, Kind.CHOICES, Kind.LEVEL, Kind.FLAG, Kind.DATE, Kind.REGION, Kind.RECORD, Kind.PERSON,
})  # fmt: skip
#: Kinds whose writings may be another in each row, and how many of them are remembered then.
_TEXTS = frozenset({Kind.TEXT})
_MOST_KNOWN = 4_096
#: Vertices of one outline.
MOST_VERTICES = 10_000
_DATE = re.compile(r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?")
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})")
_WIDE = re.compile("[\uff10-\uff5a\u3000]")
_YES = frozenset({"1", "true", "yes", "y", "on", "是", "有", "√", "✓", "对"})
_NO = frozenset({"0", "false", "no", "n", "off", "否", "无", "没有", "×", "✗"})
_LEVELS = {
    **{str(n): n for n in NUMERALS},
    **dict(zip("一二三四", (1, 2, 3, 4), strict=True)),
    **dict(zip("红橙黄蓝", (1, 2, 3, 4), strict=True)),
    **dict(zip(("重大", "较大", "一般", "低"), (1, 2, 3, 4), strict=True)),
    **dict(zip(("i", "ii", "iii", "iv"), (1, 2, 3, 4), strict=True)),
    **dict(zip(("red", "orange", "yellow", "blue"), (1, 2, 3, 4), strict=True)),
}


class BadValue(ValueError):
    """A value that cannot stand in its field; `code` is stable, the words are for whoever typed it."""

    def __init__(self, code: str, words: str) -> None:
        super().__init__(words)
        self.code = code
        self.words = words


@dataclass(slots=True)
class Lookups:
    """What names of regions, records and people mean, remembered over many rows of one act."""

    records: dict[tuple[type[models.Model], str], Any] = field(default_factory=dict)
    people: dict[str, User | None] = field(default_factory=dict)
    regions: dict[str, Region] = field(default_factory=dict)
    names: dict[str, list[regions.Node]] = field(default_factory=dict)
    outlines: dict[int, Any] = field(default_factory=dict)
    read: dict[tuple[type[models.Model], str], dict[str | None, Any]] = field(default_factory=dict)

    columns: dict[str, list[tuple[str, FieldInfo, dict[str | None, Any]]]] = field(default_factory=dict)

    def known(self, info: FieldInfo) -> dict[str | None, Any]:
        """What the writings of a field that came before mean, None for nothing: a sheet repeats the same few words."""
        return self.read.setdefault((info.field.model, info.name), {})

    def expect(self, model: type[models.Model], words: Iterable[str]) -> None:
        """Fetch the records that many rows will name, by code and by name, in few questions."""
        wanted = [word for word in dict.fromkeys(words) if word and (model, word) not in self.records]
        for at in range(0, len(wanted), 400):
            part = wanted[at : at + 400]
            found: dict[str, list[Any]] = {}
            for name in ("name", "code"):  # a code wins over a name
                for row in model._default_manager.filter(**{f"{name}__in": part}, removed_at=None):
                    word = getattr(row, name)
                    found[word] = [row] if name == "code" else [*found.get(word, ()), row]
            for word in part:
                rows = found.get(word, [])
                self.records[model, word] = rows[0] if len(rows) == 1 else len(rows)

    def record(self, model: type[models.Model], word: str) -> Any:
        """The record of a code or a name. Raises BadValue when there is none or several have the name."""
        if (model, word) not in self.records:
            self.expect(model, [word])
        found = self.records[model, word]
        if isinstance(found, int):
            words = _("Several are called “%(word)s”; give the code.") if found else _("There is no “%(word)s”.")
            raise BadValue("several" if found else "unknown", words % {"word": word})
        return found

    def region(self, word: str) -> Region:
        """The region of a code or a name; "丹崖镇柳湾村" and "丹崖镇/柳湾村" name a village in its town.

        Raises BadValue when there is none or several fit.
        """
        node = regions.resolve(word)
        found = [node] if node else self._called(word)
        if len(found) != 1:
            words = _("Several places are called “%(word)s”; write the town before it, or the code.")
            if not found:
                words = _("No place is called “%(word)s”; write a name from the list of places, or its code.")
            raise BadValue("several" if found else "unknown", words % {"word": word})
        return self._coded(found[0].code)

    def _coded(self, code: str) -> Region:
        if code not in self.regions:
            self.regions[code] = Region.objects.defer("boundary").get(code=code)
        return self.regions[code]

    def region_at(self, lon: float, lat: float) -> Region | None:
        """The narrowest region that contains a place, None outside every boundary."""
        node = regions.node_at(lon, lat)
        return self._coded(node.code) if node else None

    def outside_m(self, region: Region, lon: float, lat: float) -> float | None:
        """How far a place lies outside a region, metres; None when no boundary is known."""
        if region.pk not in self.outlines:
            boundary = Region.objects.filter(pk=region.pk).values_list("boundary", flat=True).first()
            shape = None if boundary is None else shapely.from_wkb(bytes(boundary))
            shapely.prepare(shape)
            self.outlines[region.pk] = shape
        shape = self.outlines[region.pk]
        if shape is None:
            return None
        return 0.0 if shapely.intersects_xy(shape, lon, lat) else regions.outside_m(shape, lon, lat)

    def _called(self, word: str) -> list[regions.Node]:
        tree = regions.tree()
        if not self.names:
            for node in tree.by_id.values():
                if node.level != Level.GRID or not self.names.get(node.name):
                    self.names.setdefault(node.name, []).append(node)
        flat = re.sub(r"[\s/·,，、]+", "", word)
        found = self.names.get(flat, [])
        if found:
            return found
        # A longer writing ends in the name of the place and begins with those above it.
        fits = []
        for name, nodes in self.names.items():
            if flat.endswith(name) and flat != name:
                before = flat[: -len(name)]
                fits += [node for node in nodes if _above_reads(tree, node, before)]
        deepest = max((len(node.path) for node in fits), default=0)
        return [node for node in fits if len(node.path) == deepest]

    def person(self, word: str) -> User:
        """The account of a user name, or of a name that only one has. Raises BadValue."""
        if word not in self.people:
            rows = list(User.objects.filter(username=word, is_system=False)[:1])
            rows = rows or list(User.objects.filter(name=word, is_system=False)[:2])
            self.people[word] = rows[0] if len(rows) == 1 else None
        found = self.people[word]
        if found is None:
            raise BadValue("unknown", _("No account, or more than one, is called “%(word)s”.") % {"word": word})
        return found


def _above_reads(tree: regions.Tree, node: regions.Node, before: str) -> bool:
    """Whether `before` is the names of places above, the lowest last, with any of the wider ones left out."""
    for above in reversed(tree.ancestors(node.path)):
        if before.endswith(above.name):
            before = before[: -len(above.name)]
    return not before


# --- reading ----------------------------------------------------------------------------------------------------------
def parse(info: FieldInfo, raw: Any, lookups: Lookups) -> Any:
    """The value that `raw` (typed text, a cell, JSON) means in a field; None or "" where it says nothing.

    Raises BadValue in words of the reader; the same for a missing value that is required.
    """
    if isinstance(raw, str):
        raw = plain(raw) if info.kind is not Kind.LONG else _lines(raw)
    if raw in (None, "", [], ()):
        return unsaid(info)
    if not isinstance(raw, str) or info.kind not in _REPEATED:
        return _read(info, raw, lookups)
    known = lookups.known(info)
    if raw in known:
        found = known[raw]
    else:
        try:
            found = _read(info, raw, lookups)
        except BadValue as bad:
            found = bad
        if len(known) < _MOST_KNOWN or info.kind not in _TEXTS:
            known[raw] = found
    if isinstance(found, BadValue):
        raise BadValue(found.code, found.words)
    return list(found) if isinstance(found, list) else found


def parse_all(info: FieldInfo, raws: Iterable[str], lookups: Lookups) -> dict[str, Any]:
    """What each of these writings means in a field, by writing; the `BadValue` of one that means nothing."""
    most = _most(info) if info.kind is Kind.TEXT and _is_bounded(info.field) else 0
    meant: dict[str, Any] = {}
    for raw in raws:
        text = plain(raw) if most else ""
        if text and len(text) <= most:  # all that is asked of a text
            meant[raw] = text
            continue
        try:
            meant[raw] = parse(info, raw, lookups)
        except BadValue as bad:
            meant[raw] = bad
    return meant


def unsaid(info: FieldInfo) -> Any:
    """The value of a field of which nothing is said. Raises BadValue where it must be filled in."""
    if info.required and info.name != "code":
        raise BadValue("missing", _("This must be filled in."))
    return _nothing(info)


def _read(info: FieldInfo, raw: Any, lookups: Lookups) -> Any:
    value = _PARSERS[info.kind](info, raw, lookups)
    if not _is_bounded(info.field):
        try:
            info.field.run_validators(value)
        except ValidationError as error:
            raise BadValue("invalid", " ".join(error.messages)) from error
    return value


@functools.cache
def _is_bounded(field: Any) -> bool:
    """Nothing is asked of a value beyond what reading it has looked at: the length of a text."""
    return all(
        type(one) is MaxLengthValidator and one.limit_value == (getattr(field, "length", None) or field.max_length)
        for one in field.validators
    )


def plain(text: str) -> str:
    """Text of one line: full-width letters and digits made plain, blanks and control characters at the ends dropped.

    Chinese punctuation stays as it was written.
    """
    if text.isprintable() and not _WIDE.search(text):
        return " ".join(text.split())
    kept = _WIDE.sub(lambda found: unicodedata.normalize("NFKC", found[0]), text)
    return " ".join("".join(sign if sign.isprintable() else " " for sign in kept).split())


def _lines(text: str) -> str:
    kept = text.replace("\r\n", "\n").replace("\r", "\n")
    return "".join(sign for sign in kept if sign == "\n" or sign.isprintable()).strip()


def _nothing(info: FieldInfo) -> Any:
    if info.kind in (Kind.TEXT, Kind.LONG) or (info.kind is Kind.CHOICE and not info.field.null):
        return info.field.get_default() if info.kind is Kind.CHOICE and info.field.has_default() else ""
    if info.kind is Kind.CHOICES:
        return []
    if info.kind is Kind.FLAG and not info.field.null:
        return bool(info.field.get_default())
    return None


def _most(info: FieldInfo) -> int:
    """Most signs of a text, 0 for any number."""
    return getattr(info.field, "length", None) or info.field.max_length or 0


def _text(info: FieldInfo, raw: Any, lookups: Lookups) -> str:
    if isinstance(raw, bool | list | dict):
        raise BadValue("type", _("A text is expected here."))
    if isinstance(raw, float) and raw.is_integer() and abs(raw) < 1e15:
        raw = int(raw)
    text = str(raw)
    most = _most(info)
    if most and len(text) > most:
        raise BadValue(
            "long", _("At most %(most)d characters; these are %(have)d.") % {"most": most, "have": len(text)}
        )
    return text


def _choice(info: FieldInfo, raw: Any, lookups: Lookups) -> Any:
    wanted = str(raw).strip().casefold()
    for value, words in info.choices:
        if wanted == str(value).casefold() or wanted in _in_both(words):
            return value
    listed = _(", ").join(str(words) for _value, words in info.choices[:12])
    raise BadValue("choice", _("“%(raw)s” is not on the list: %(listed)s") % {"raw": str(raw)[:40], "listed": listed})


def _in_both(words: Any) -> set[str]:
    """Words of a choice in both languages: a sheet in Chinese is read in an English session too."""
    found = set()
    for language in ("zh-hans", "en"):
        with override(language):
            found.add(str(words).casefold())
    return found


def _choices(info: FieldInfo, raw: Any, lookups: Lookups) -> list[Any]:
    parts = raw if isinstance(raw, list | tuple | set) else re.split(r"[,，;；、|\s]+", str(raw))
    chosen = {_choice(info, part, lookups) for part in parts if part not in (None, "")}
    return [value for value, _words in info.choices if value in chosen]


def _level(info: FieldInfo, raw: Any, lookups: Lookups) -> int:
    if isinstance(raw, float | int) and not isinstance(raw, bool) and raw in NUMERALS:
        return int(raw)
    text = (
        unicodedata.normalize("NFKC", str(raw))
        .strip()
        .lower()
        .removesuffix("色")
        .removesuffix("级")
        .removesuffix("风险")
        .split(" ")[0]
    )
    if text not in _LEVELS:
        raise BadValue(
            "choice", _("A level is 1 to 4, Ⅰ to Ⅳ or a colour; this is “%(raw)s”.") % {"raw": str(raw)[:40]}
        )
    return _LEVELS[text]


def _flag(info: FieldInfo, raw: Any, lookups: Lookups) -> bool:
    if isinstance(raw, bool):
        return raw
    text = str(int(raw) if isinstance(raw, float) and raw.is_integer() else raw).strip().lower()
    if text in _YES or text in _NO:
        return text in _YES
    raise BadValue("choice", _("Yes or no is expected; this is “%(raw)s”.") % {"raw": str(raw)[:40]})


def _number(info: FieldInfo, raw: Any, lookups: Lookups) -> Any:
    value = raw
    if isinstance(raw, str):
        text = unicodedata.normalize("NFKC", raw).replace(",", "").removesuffix(info.unit).strip()
        try:
            value = float(text)
        except ValueError:
            raise BadValue("number", _("A number is expected; this is “%(raw)s”.") % {"raw": raw[:40]}) from None
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise BadValue("number", _("A number is expected; this is “%(raw)s”.") % {"raw": str(raw)[:40]})
    if info.name in ("lon", "lat") and abs(value) > (180 if info.name == "lon" else 90):
        raise BadValue("range", _("A longitude lies between -180 and 180, a latitude between -90 and 90 degrees."))
    if isinstance(info.field, models.DecimalField):
        return info.field.to_python(str(value))
    return float(value)


def _integer(info: FieldInfo, raw: Any, lookups: Lookups) -> int:
    value = _number(info, raw, lookups)
    if not float(value).is_integer() or abs(value) > 2**53:
        raise BadValue("number", _("A whole number is expected; this is “%(raw)s”.") % {"raw": str(raw)[:40]})
    if value < 0 and isinstance(info.field, models.PositiveIntegerField | models.PositiveSmallIntegerField):
        raise BadValue("range", _("This cannot be below zero."))
    if isinstance(info.field, models.PositiveSmallIntegerField) and value > 32_767:
        raise BadValue("range", _("This is larger than can be meant."))
    return int(value)


def _date(info: FieldInfo, raw: Any, lookups: Lookups) -> date:
    if isinstance(raw, datetime):
        return raw.date()
    if isinstance(raw, date):
        return raw
    text = str(int(raw)) if isinstance(raw, float) and raw.is_integer() else str(raw).strip()
    found = _DATE.fullmatch(text.split("T")[0].split(" ")[0]) or _COMPACT.fullmatch(text) or _DATE.fullmatch(text)
    try:
        if found is None:
            raise ValueError(text)
        day = date(*(int(part) for part in found.groups()))
    except ValueError:
        raise BadValue("date", _("A day is written 2026-11-30; this is “%(raw)s”.") % {"raw": text[:40]}) from None
    if not 1800 <= day.year <= 2999:
        raise BadValue("date", _("The year %(year)d cannot be meant.") % {"year": day.year})
    return day


def _moment(info: FieldInfo, raw: Any, lookups: Lookups) -> datetime:
    zone = ZoneInfo(settings.TIME_ZONE)
    if isinstance(raw, datetime):
        return raw if raw.tzinfo else raw.replace(tzinfo=zone)
    if isinstance(raw, date):
        return datetime(raw.year, raw.month, raw.day, tzinfo=zone)
    text = str(raw).strip()
    try:
        moment = parse_datetime(text.replace("/", "-"))
    except ValueError:
        moment = None
    if moment is None:
        day = _date(info, raw, lookups)
        return datetime(day.year, day.month, day.day, tzinfo=zone)
    return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)


def _region(info: FieldInfo, raw: Any, lookups: Lookups) -> Region:
    return raw if isinstance(raw, Region) else lookups.region(str(int(raw) if isinstance(raw, float) else raw).strip())


def _record(info: FieldInfo, raw: Any, lookups: Lookups) -> Any:
    assert info.related is not None
    return raw if isinstance(raw, info.related) else lookups.record(info.related, str(raw).strip())


def _person(info: FieldInfo, raw: Any, lookups: Lookups) -> User:
    return raw if isinstance(raw, User) else lookups.person(str(raw).strip())


def _outline(info: FieldInfo, raw: Any, lookups: Lookups) -> bytes:
    """A line or an area from GeoJSON (text or mapping), WKT or WKB."""
    try:
        if isinstance(raw, bytes | memoryview):
            shape = shapely.from_wkb(bytes(raw))
        elif isinstance(raw, Mapping):
            shape = shapely.geometry.shape(raw)
        else:
            text = str(raw).strip()
            shape = shapely.from_geojson(text) if text.startswith("{") else shapely.from_wkt(text)
    except (shapely.errors.ShapelyError, ValueError, TypeError, KeyError, AttributeError, IndexError) as error:
        raise BadValue("outline", _("This is no outline: GeoJSON or WKT is expected.")) from error
    if shape is None or shape.is_empty or shape.geom_type in ("GeometryCollection", "Point", "MultiPoint"):
        raise BadValue("outline", _("An outline is a line or an area."))
    if shapely.get_num_coordinates(shape) > MOST_VERTICES:
        raise BadValue("outline", _("An outline has at most %(most)d corners.") % {"most": MOST_VERTICES})
    west, south, east, north = shape.bounds
    if not (-180 <= west <= east <= 180 and -90 <= south <= north <= 90):
        raise BadValue("outline", _("The outline lies outside of the degrees of the Earth."))
    if not shape.is_valid:
        raise BadValue(
            "outline", _("The outline crosses itself: %(why)s") % {"why": shapely.is_valid_reason(shape)[:80]}
        )
    return bytes(shapely.to_wkb(shapely.force_2d(shape)))


_PARSERS: Mapping[Kind, Callable[[FieldInfo, Any, Lookups], Any]] = {
    Kind.TEXT: _text,
    Kind.LONG: _text,
    Kind.CHOICE: _choice,
    Kind.CHOICES: _choices,
    Kind.LEVEL: _level,
    Kind.FLAG: _flag,
    Kind.INTEGER: _integer,
    Kind.NUMBER: _number,
    Kind.DATE: _date,
    Kind.MOMENT: _moment,
    Kind.REGION: _region,
    Kind.RECORD: _record,
    Kind.PERSON: _person,
    Kind.OUTLINE: _outline,
}


# --- showing ----------------------------------------------------------------------------------------------------------
def shown(info: FieldInfo, record: Any, *, clear: bool = False) -> str:
    """A field of a record as a person reads it, masked unless `clear`; "" for no value. Units stand beside it."""
    return words_of(info, getattr(record, info.name), clear=clear)


def words_of(info: FieldInfo, value: Any, *, clear: bool = False) -> str:
    """A value as a person reads it; see `shown`."""
    if value in (None, "", []):
        return ""
    if info.mask and not clear:
        return MASKS[info.mask](str(value))
    if info.kind is Kind.LEVEL:
        return f"{NUMERALS[value]} {COLOURS[value]}"
    if info.kind is Kind.CHOICE:
        return next((str(words) for code, words in info.choices if code == value), str(value))
    if info.kind is Kind.CHOICES:
        return _(", ").join(str(words) for code, words in info.choices if code in value)
    if info.kind is Kind.FLAG:
        return _("yes") if value else _("no")
    if info.kind is Kind.NUMBER:
        if info.name in ("lon", "lat"):
            return f"{value:.6f}".rstrip("0").rstrip(".")
        return f"{float(value) if info.editable else round(float(value), 3):,.10g}"  # what is reckoned is rounded
    if info.kind is Kind.INTEGER:
        return f"{value:,d}"
    if info.kind is Kind.DATE:
        return str(value.isoformat())
    if info.kind is Kind.MOMENT:
        return bureau_time(value)
    if info.kind is Kind.REGION:
        return place_words(value)
    if info.kind is Kind.OUTLINE:
        return _outline_words(value)
    return str(value)


def place_words(region: Region) -> str:
    """A place with the town it lies in: 丹崖镇 柳湾村."""
    names = [node.name for node in regions.tree().ancestors(region.path) if node.level in (Level.TOWN, Level.VILLAGE)]
    return " ".join([*names, region.name])


def _outline_words(value: Any) -> str:
    shape = shapely.from_wkb(bytes(value))
    corners = int(shapely.get_num_coordinates(shape))
    return (
        _("line, %(n)d corners") % {"n": corners}
        if "Line" in shape.geom_type
        else _("area, %(n)d corners") % {"n": corners}
    )


def as_json(info: FieldInfo, value: Any) -> Any:
    """A value as JSON and history keep it: codes for regions and records, ISO for times, GeoJSON for outlines."""
    if value is None:
        return None
    if info.kind in (Kind.REGION, Kind.RECORD):
        return value.code
    if info.kind is Kind.PERSON:
        return value.username
    if info.kind is Kind.DATE:
        return value.isoformat()
    if info.kind is Kind.MOMENT:
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if info.kind is Kind.OUTLINE:
        return shapely.to_geojson(shapely.from_wkb(bytes(value)))
    if info.kind is Kind.NUMBER:
        return float(value)
    return value
