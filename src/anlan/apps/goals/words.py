"""Sentences for what was found in a file or a text, and for what its cleaning did."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from anlan.formats.texts.pieces import Finding

EDIT_WORDS = {
    "navigation": gettext_lazy("Navigation of the page it was copied from"),
    "doubled": gettext_lazy("Text that stands twice"),
    "page_number": gettext_lazy("Page numbers"),
    "broken_line": gettext_lazy("Broken lines joined"),
    "spaces": gettext_lazy("Spare spaces"),
    "traditional": gettext_lazy("Traditional characters made simplified"),
}

#: Why a rule proposes something, by its code (`anlan.formats.policy.drafts.REASONS`).
REASON_WORDS = {
    "table": gettext_lazy("a row of a table whose headings say what it is"),
    "comparator": gettext_lazy("a word of comparison stands before the number"),
    "rate": gettext_lazy("the name ends in a word of measure"),
    "rank": gettext_lazy("a place among others"),
    "deadline": gettext_lazy("a day or year is named"),
    "year_of_document": gettext_lazy("the year is that of the title"),
    "year_above": gettext_lazy("the year stands in the words before"),
    "quantity": gettext_lazy("a number with a unit"),
    "frequency": gettext_lazy("how often is said"),
    "coverage": gettext_lazy("a share of all is said"),
    "heading": gettext_lazy("the heading of a clause"),
    "verb": gettext_lazy("begins with a verb of work"),
    "role": gettext_lazy("a word for who answers stands before the names"),
    "sentence": gettext_lazy("read from a sentence without a marked list"),
    "borrowed_name": gettext_lazy("the name was completed from the words before it"),
    "short_name": gettext_lazy("the name is short and may be incomplete"),
    "zero": gettext_lazy("something must not happen"),
    "trend": gettext_lazy("a direction without a number"),
    "state_of_things": gettext_lazy("stands under a heading about how things are"),
    "time_limit": gettext_lazy("a span of time within which something is done"),
}


def of_finding(finding: Finding) -> dict[str, Any]:
    """A finding as an edition keeps it."""
    return {
        "code": finding.code, "level": finding.level, "under": finding.under, "numbers": list(finding.numbers),
        "n": finding.n,
    }  # fmt: skip


def sentence(finding: Mapping[str, Any]) -> str:
    """What a person should look at in a text that was cut."""
    numbers = _(", ").join(str(one) for one in finding.get("numbers") or ())
    where = {"under": finding.get("under") or "", "numbers": numbers, "n": finding.get("n") or 0}
    match finding.get("code"):
        case "missing" if where["under"]:
            return _("In %(under)s numbers are missing in the source: %(numbers)s") % where
        case "missing":
            return _("Numbers are missing in the source: %(numbers)s") % where
        case "repeated" if where["under"]:
            return _("In %(under)s numbers stand twice: %(numbers)s") % where
        case "repeated":
            return _("Numbers stand twice: %(numbers)s") % where
        case "disordered":
            return _("Numbers are out of order: %(numbers)s") % where
        case "doubled":
            return _("%(n)d signs stand twice in the source; they were read once.") % where
        case "unclear":
            return _("A number cannot be read: %(numbers)s") % where
        case "elided":
            return _("In %(n)d places the source itself leaves words out.") % where
        case "blank":
            return _("Pages that are pictures without text: %(numbers)s") % where
        case "unwritten":
            return (
                _("%(n)d paragraphs are numbered by Word itself; their numbers are not in the text and not made up.")
                % where
            )
        case "uncut":
            return _("No numbers to cut by were found; each paragraph stands by itself.")
        case code:
            return _("To be looked at: %(what)s") % {"what": code}
