"""A record as JSON, a field as JSON Schema; a sent value taken back."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.utils.translation import override

from anlan.kernel.registers import values
from anlan.kernel.registers.declarations import Fault, Register
from anlan.kernel.registers.info import FieldInfo, Kind

_JSON_TYPES: Mapping[Kind, Mapping[str, Any]] = {
    Kind.TEXT: {"type": "string"},
    Kind.LONG: {"type": "string"},
    Kind.CHOICE: {"type": "string"},
    Kind.CHOICES: {"type": "array"},
    Kind.LEVEL: {"type": "integer"},
    Kind.FLAG: {"type": "boolean"},
    Kind.INTEGER: {"type": "integer"},
    Kind.NUMBER: {"type": "number"},
    Kind.DATE: {"type": "string", "format": "date"},
    Kind.MOMENT: {"type": "string", "format": "date-time"},
    Kind.REGION: {"type": "string"},
    Kind.RECORD: {"type": "string"},
    Kind.PERSON: {"type": "string"},
    Kind.OUTLINE: {"type": "object"},
}


def value_of(info: FieldInfo, record: Any, *, clear: bool = False) -> Any:
    """One field as the API gives it: codes, ISO times, GeoJSON; personal values masked unless `clear`."""
    value = getattr(record, info.name)
    if info.mask and value and not clear:
        return values.words_of(info, value)
    if info.kind is Kind.OUTLINE:
        return None if value is None else json.loads(values.as_json(info, value))
    return values.as_json(info, value)


def record_json(
    register: Register, record: Any, names: Sequence[str] | None = None, *, clear: Iterable[str] = ()
) -> dict[str, Any]:
    """A record; `names` are the fields that are wanted, all when None; `clear` those in clear."""
    infos = register.infos()
    shown = set(clear)
    chosen = infos if names is None else names
    found = {name: value_of(infos[name], record, clear=name in shown) for name in ("code", "name")}
    found |= {name: value_of(infos[name], record, clear=name in shown) for name in chosen}
    found["revision"] = record.revision
    return found


def listed_fields(register: Register) -> list[str]:
    """Fields that a list gives: all but outlines, which only a single record and the features have."""
    return [name for name, info in register.infos().items() if info.kind is not Kind.OUTLINE]


def sent_values(register: Register, sent: Any, record: Any = None) -> dict[str, Any]:
    """What a body says, by field; what a client cannot set is left out, so that it may send back what it read.

    A masked value that comes back as it was shown means no change.
    """
    infos = register.infos()
    found = {}
    for name, value in sent.items():
        info = infos.get(name)
        if info is None or not info.editable:
            continue
        if info.mask and record is not None and value and value == value_of(info, record):
            continue
        found[name] = value
    return found


def unknown_faults(register: Register, sent: Mapping[str, Any], words: str) -> list[Fault]:
    """A fault for each name that the register does not have; `words` with %(name)s."""
    known = {*register.infos(), "revision"}
    return [Fault(name, "unknown", words % {"name": name}) for name in sent if name not in known]


def in_both(words: Any) -> str:
    """Words in Chinese and English: programs are written by people who read one of the two."""
    with override("zh-hans"):
        chinese = str(words).strip()
    with override("en"):
        english = str(words).strip()
    return chinese if chinese == english else f"{chinese} / {english}"


def field_schema(info: FieldInfo) -> dict[str, Any]:
    """A field as JSON Schema (OpenAPI 3.1), described in both languages."""
    found = dict(_JSON_TYPES[info.kind])
    if info.kind is Kind.CHOICES:
        found["items"] = {"type": "string", "enum": [value for value, _words in info.choices]}
    elif info.kind is Kind.LEVEL:
        found["enum"] = [1, 2, 3, 4]
    elif info.kind is Kind.CHOICE:
        found["enum"] = [value for value, _words in info.choices]
        found["type"] = "integer" if all(isinstance(value, int) for value, _words in info.choices) else "string"
    if info.kind in (Kind.TEXT, Kind.LONG) and (most := getattr(info.field, "length", None) or info.field.max_length):
        found["maxLength"] = most
    if not info.required:
        found["type"] = [found["type"], "null"]
        if "enum" in found:
            found["enum"] = [*found["enum"], None]
    found["title"] = in_both(info.field.verbose_name)
    if described := _described(info):
        found["description"] = described
    if not info.editable:
        found["readOnly"] = True
    if info.unit:
        found["x-unit"] = info.unit
    if info.mask:
        found["x-masked"] = info.mask
    return found


def _described(info: FieldInfo) -> str:
    parts = [in_both(info.field.help_text)] if info.field.help_text else []
    if info.kind in (Kind.CHOICE, Kind.CHOICES, Kind.LEVEL):
        parts += [f"{value}: {in_both(words)}" for value, words in info.choices]
    if info.unit:
        parts.append(info.unit)
    return "; ".join(parts)
