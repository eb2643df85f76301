"""How rules read on a page, in the reader's language."""

from __future__ import annotations

from anlan.kernel.rulebook.models import Entry
from anlan.kernel.rulebook.wording import title_of as rule_title

__all__ = ["rule_label", "rule_title"]


def rule_label(entry: Entry) -> str:
    """Code, version and title: "GAS-01 v3 Combustible gas"."""
    return f"{entry.code} v{entry.version} {rule_title(entry)}"
