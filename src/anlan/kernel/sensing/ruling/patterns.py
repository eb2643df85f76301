"""Templates of rules by kind of point: rulebook data with source and clause, a beginning for the editor."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import msgspec
import yaml
from django.utils.translation import get_language

from anlan.kernel.regions.models import Region
from anlan.kernel.rulebook.services import FOLDER
from anlan.kernel.sensing.models import PointKind
from anlan.kernel.sensing.ruling.services import Draft


class Source(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    standard: str = ""
    clause: str = ""


class Pattern(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One template; `kind` "group" for conditions about several points."""

    code: str
    title: str
    title_zh: str
    kind: str
    condition: dict[str, Any]
    source: Source
    verified: bool
    note: str = ""

    @property
    def label(self) -> str:
        """The title in the reader's language."""
        return self.title_zh if (get_language() or "").startswith("zh") else self.title

    @property
    def body(self) -> dict[str, Any]:
        """As a rulebook entry holds it."""
        chosen: Mapping[str, Any] = {} if self.kind == PointKind.GROUP else {"kind": self.kind}
        return {**chosen, "condition": self.condition}

    def draft(self, region: Region) -> Draft:
        """What the editor starts from; the code is the author's to give."""
        return Draft(
            code="",
            title=self.title,
            title_zh=self.title_zh,
            region=region,
            body=self.body,
            standard=self.source.standard,
            clause=self.source.clause,
            verified=self.verified,
            note=self.note,
        )


@cache
def patterns() -> tuple[Pattern, ...]:
    """All templates, in the order of the file."""
    text = (FOLDER / "alarm_templates.yaml").read_text(encoding="utf-8")
    return tuple(msgspec.convert(yaml.safe_load(text)["templates"], list[Pattern]))


def pattern_of(code: str) -> Pattern | None:
    """One template by its code."""
    return next((one for one in patterns() if one.code == code), None)
