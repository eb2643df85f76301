"""Inputs for the fields of a register, filled from a record, from what was typed, or from the address."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from anlan.kernel.registers import values
from anlan.kernel.registers.declarations import Fault, Register, of_model
from anlan.kernel.registers.info import FieldInfo, Kind


@dataclass(frozen=True, slots=True)
class Option:
    value: str
    label: str
    on: bool


@dataclass(frozen=True, slots=True)
class Input:
    """One field of a form. `text` is what stands in it, `hint` what a name field resolves to.

    masked  what is kept of a personal value, as everybody may read it; the value itself never stands in a form
    """

    info: FieldInfo
    text: str
    hint: str
    options: tuple[Option, ...]
    faults: tuple[Fault, ...]
    suggest: str = ""
    masked: str = ""

    @property
    def name(self) -> str:
        return self.info.name

    @property
    def sort(self) -> str:
        """Which piece of the template draws it."""
        kind = self.info.kind
        if kind is Kind.CHOICES:
            return "boxes"
        if kind in (Kind.CHOICE, Kind.LEVEL, Kind.FLAG):
            return "select"
        if kind in (Kind.REGION, Kind.RECORD, Kind.PERSON):
            return "named"
        if kind in (Kind.LONG, Kind.OUTLINE):
            return "long"
        return {Kind.DATE: "date", Kind.MOMENT: "datetime-local"}.get(kind, "text")

    @property
    def is_wide(self) -> bool:
        return self.sort in ("long", "boxes")

    @property
    def is_broad(self) -> bool:
        """Takes two columns of the form."""
        return self.info.name in ("name", "address")


@dataclass(frozen=True, slots=True)
class FormSection:
    title: str
    inputs: tuple[Input, ...]


def form(
    register: Register,
    *,
    record: Any = None,
    typed: Mapping[str, Sequence[str]] | None = None,
    faults: Iterable[Fault] = (),
    names: Iterable[str] | None = None,
) -> list[FormSection]:
    """The form of a record.

    typed   lists of texts by name, as sent; wins over the record
    names   only these fields, for a change of many records
    """
    wanted = set(register.fields if names is None else names)
    by_field: dict[str, list[Fault]] = {}
    for fault in faults:
        by_field.setdefault(fault.field, []).append(fault)
    found = []
    for section in register.sections:
        inputs = [
            _input(register.info(name), record, typed, tuple(by_field.get(name, ())))
            for name in section.fields
            if name in wanted and register.info(name).editable
        ]
        if inputs:
            found.append(FormSection(str(section.title), tuple(inputs)))
    return found


def typed_values(register: Register, data: Any) -> dict[str, Any]:
    """What a sent form says, by field: texts, lists for several of a list; fields that were not sent are left out."""
    found: dict[str, Any] = {}
    for name in register.fields:
        info = register.info(name)
        if info.kind is Kind.CHOICES and f"{name}." in data:
            found[name] = data.getlist(name)
        elif name in data:
            found[name] = data.get(name)
    return found


def _input(info: FieldInfo, record: Any, typed: Mapping[str, Sequence[str]] | None, faults: tuple[Fault, ...]) -> Input:
    value = getattr(record, info.name) if record is not None else _default(info)
    if typed is not None and info.name in typed:
        texts = list(typed[info.name])
    else:
        texts = [] if info.mask else _texts(info, value)
    text = texts[0] if texts else ""
    hint, suggest = "", ""
    if info.kind is Kind.REGION:
        suggest = "regions"
        hint = values.place_words(value) if value is not None and text == value.code else ""
    elif info.kind is Kind.RECORD:
        suggest = register_named(info)
        hint = str(value) if value is not None and text == value.code else ""
    elif info.kind is Kind.PERSON:
        suggest = "people"
        hint = str(value) if value is not None and text == value.username else ""
    masked = values.words_of(info, value) if info.mask else ""
    return Input(info, text, hint, tuple(_options(info, texts)), faults, suggest, masked)


def register_named(info: FieldInfo) -> str:
    """Code of the register that a field points to."""
    assert info.related is not None
    related = of_model(info.related)
    return related.code if related is not None else ""


def _default(info: FieldInfo) -> Any:
    return info.field.get_default() if info.field.has_default() else None


def _texts(info: FieldInfo, value: Any) -> list[str]:
    """A value as its input holds it."""
    if value is None or value == "":
        return []
    if info.kind is Kind.CHOICES:
        return [str(one) for one in value]
    if info.kind is Kind.FLAG:
        return ["1" if value else "0"]
    if info.kind is Kind.MOMENT:
        return [timezone.localtime(value).strftime("%Y-%m-%dT%H:%M")]
    if info.kind is Kind.NUMBER:
        return [f"{float(value):.10g}"]
    kept = values.as_json(info, value)
    return [] if kept is None else [str(kept)]


def _options(info: FieldInfo, chosen: Sequence[str]) -> Iterable[Option]:
    if info.kind is Kind.FLAG:
        return [Option("1", _("yes"), "1" in chosen), Option("0", _("no"), "0" in chosen)]
    return [Option(str(value), str(words), str(value) in chosen) for value, words in info.choices]
