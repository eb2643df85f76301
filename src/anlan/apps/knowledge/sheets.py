"""What the rulebook says of safety data sheets and accidents: names of sections, kinds of accident."""

from __future__ import annotations

from datetime import datetime

from anlan.kernel.rulebook.codes import CodeList, code_list
from anlan.kernel.rulebook.queries import NoRule


def section_titles(at: datetime) -> tuple[str, ...]:
    """Chinese titles of the sections of a safety data sheet, in order; empty where the rulebook has none."""
    try:
        return tuple(item.name_zh for item in code_list("SHEET-SECTIONS", at=at).values())
    except NoRule:
        return ()


def accident_kinds(at: datetime) -> CodeList | None:
    """Kinds of accident in force; None where the rulebook has none."""
    try:
        return code_list("ACCIDENT-KINDS", at=at)
    except NoRule:
        return None
