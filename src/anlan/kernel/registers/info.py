"""What the register kernel knows of a field: its kind decides how it is shown, typed, filtered, sorted and exported."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from django.db import models

from anlan.kernel.people.models import User
from anlan.kernel.people.sealed import SealedField
from anlan.kernel.regions.models import Region
from anlan.kernel.registers.fields import ChoicesField, LevelField

if TYPE_CHECKING:
    from anlan.kernel.registers.declarations import Register


class Kind(StrEnum):
    TEXT = "text"
    LONG = "long"  # text of several lines
    CHOICE = "choice"
    CHOICES = "choices"
    LEVEL = "level"
    FLAG = "flag"
    INTEGER = "integer"
    NUMBER = "number"
    DATE = "date"
    MOMENT = "moment"
    REGION = "region"
    RECORD = "record"  # of another register
    PERSON = "person"  # an account
    OUTLINE = "outline"


@dataclass(frozen=True, slots=True)
class FieldInfo:
    """One field of a register.

    unit_said unit shown behind the number, "" for none; may be a lazy translation
    mask      kind of mask, "" for a field that everyone may read
    required  a record cannot be without it
    choices   (value, words) of the closed list, in its order; empty where there is none
    related   model that a RECORD points to
    """

    name: str
    kind: Kind
    field: Any
    unit_said: Any = ""
    mask: str = ""
    required: bool = False
    choices: tuple[tuple[Any, Any], ...] = ()
    related: type[models.Model] | None = None

    @property
    def label(self) -> str:
        """Words of the field in the language of the reader, the first letter large."""
        words = str(self.field.verbose_name)
        return words[:1].upper() + words[1:]

    @property
    def unit(self) -> str:
        """The unit in the language of the reader."""
        return str(self.unit_said)

    @property
    def help(self) -> str:
        return str(self.field.help_text)

    @property
    def editable(self) -> bool:
        """People may type it: an outline too, which is bytes to Django and GeoJSON to them."""
        return bool(self.field.editable) or self.kind is Kind.OUTLINE

    @property
    def is_numeric(self) -> bool:
        """Shown at the right edge, filtered by a span."""
        return self.kind in (Kind.INTEGER, Kind.NUMBER)


#: The first that fits, so narrower kinds stand before wider ones.
_KINDS: tuple[tuple[type[models.Field[Any, Any]], Kind], ...] = (
    (LevelField, Kind.LEVEL),
    (ChoicesField, Kind.CHOICES),
    (models.BooleanField, Kind.FLAG),
    (models.IntegerField, Kind.INTEGER),
    (models.FloatField, Kind.NUMBER),
    (models.DecimalField, Kind.NUMBER),
    (models.DateTimeField, Kind.MOMENT),
    (models.DateField, Kind.DATE),
    (models.BinaryField, Kind.OUTLINE),
    (SealedField, Kind.TEXT),
    (models.CharField, Kind.TEXT),
    (models.TextField, Kind.LONG),
)


def describe(register: Register, name: str) -> FieldInfo:
    """What is known of field `name` of a register. Raises TypeError for a kind of field that registers do not know."""
    field: Any = register.model._meta.get_field(name)
    related = field.related_model if field.is_relation else None
    kind = _kind(field, related)
    choices: tuple[tuple[Any, Any], ...] = ()
    if kind is Kind.CHOICES:
        choices = tuple(field.kinds.choices)
    elif field.choices:
        choices = tuple(field.flatchoices)
        kind = kind if kind is Kind.LEVEL else Kind.CHOICE
    return FieldInfo(
        name=name,
        kind=kind,
        field=field,
        unit_said=register.units.get(name, ""),
        mask=register.sensitive.get(name, ""),
        required=not field.blank and not field.has_default() and kind is not Kind.FLAG,
        choices=choices,
        related=related if kind is Kind.RECORD else None,
    )


def _kind(field: Any, related: type[models.Model] | None) -> Kind:
    if related is not None:
        if issubclass(related, Region):
            return Kind.REGION
        return Kind.PERSON if issubclass(related, User) else Kind.RECORD
    for sort, kind in _KINDS:
        if isinstance(field, sort):
            return kind
    raise TypeError(f"{field.model.__name__}.{field.name}: registers do not know {type(field).__name__}")
