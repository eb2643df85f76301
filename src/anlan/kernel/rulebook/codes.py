"""Code lists of the rulebook: names by code, trees, and what code a standard gives."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import get_language

from anlan.kernel.regions.models import Region
from anlan.kernel.rulebook.queries import lookup


@dataclass(frozen=True, slots=True)
class Code:
    """One item. `official`: the code that the standard gives, None while unknown; `verified`: the item was checked."""

    code: str
    name: str
    name_zh: str
    parent: str | None
    official: str | None
    verified: bool
    unit: str
    unit_zh: str

    def __str__(self) -> str:
        return self.name_zh if _chinese() else self.name


class CodeList(Mapping[str, Code]):
    """The items of one list by code, in its order."""

    def __init__(self, body: Mapping[str, Any], *, verified: bool) -> None:
        self._items = {
            item["code"]: Code(
                code=item["code"],
                name=item["name"],
                name_zh=item["name_zh"],
                parent=item.get("parent"),
                official=item.get("official"),
                verified=item.get("verified", verified),
                unit=item.get("unit", ""),
                unit_zh=item.get("unit_zh", item.get("unit", "")),
            )
            for item in body["items"]
        }

    def __getitem__(self, code: str) -> Code:
        return self._items[code]

    def __iter__(self) -> Iterator[str]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)

    def lineage(self, code: str) -> tuple[str, ...]:
        """A code and those above it, from the narrowest up; empty for one that the list does not know.

        Digits narrower than the list count as far as they go: 2614 in a list of letters and two digits gives 2614, 261,
        26, C.
        """
        beyond = []
        while code.isdigit() and code not in self._items:
            beyond.append(code)
            code = code[:-1]
        if code not in self._items:
            return ()
        above = [code]
        while (parent := self._items[above[-1]].parent) is not None:
            above.append(parent)
        return (*beyond, *above)

    def below(self, code: str | None) -> tuple[Code, ...]:
        """The items directly under a code, or at the top for None, in the order of the list."""
        return tuple(item for item in self._items.values() if item.parent == code)


def code_list(code: str, *, at: datetime, region: Region | None = None) -> CodeList:
    """The code list in force at `at` in `region`. Raises NoRule."""
    entry = lookup("code_list", code, at=at, region=region)
    return CodeList(entry.body, verified=entry.verified)


def _chinese() -> bool:
    return (get_language() or "").startswith("zh")
