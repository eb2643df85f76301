"""Kinds of field that registers know beside Django's own."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

from anlan.kernel.web.formatting import COLOURS, NUMERALS


class LevelField(models.PositiveSmallIntegerField):
    """A level 1 red … 4 blue; shown with numeral and colour word, the only thing that colours a mark."""

    description = _("Level")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs["choices"] = [(level, f"{numeral} {COLOURS[level]}") for level, numeral in NUMERALS.items()]
        super().__init__(*args, **kwargs)

    def deconstruct(self) -> Any:
        name, path, args, kwargs = super().deconstruct()
        del kwargs["choices"]
        return name, path, args, kwargs


class ChoicesField(models.JSONField):
    """Several of a closed list, kept as a list of codes in the list's own order: the hazards a shelter suits.

    kinds  the TextChoices they are taken from, at most 62
    """

    description = _("Several of a list")

    def __init__(self, *args: Any, kinds: type[models.TextChoices] | None = None, **kwargs: Any) -> None:
        self.kinds = kinds
        kwargs.setdefault("default", list)
        kwargs.setdefault("blank", True)
        super().__init__(*args, **kwargs)

    def deconstruct(self) -> Any:
        return super().deconstruct()  # what may be chosen is code, not a migration

    def to_python(self, value: Any) -> Any:
        """Sorted and without doubles. Raises ValidationError naming what is not on the list."""
        value = super().to_python(value)
        if value in (None, ""):
            return []
        if isinstance(value, str):
            value = [value]
        known = list(self.kinds.values) if self.kinds else []
        wrong = [str(one) for one in value if one not in known]
        if wrong:
            raise ValidationError(_("Not on the list: %(what)s"), params={"what": ", ".join(wrong)})
        return sorted(set(value), key=known.index)
