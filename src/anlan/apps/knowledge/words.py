"""Sentences for what was found in a file or a text."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from anlan.formats.texts.pieces import Finding

LEVEL_WORDS = {
    "lead": gettext_lazy("Preamble"),
    "part": gettext_lazy("Parts"),
    "chapter": gettext_lazy("Chapters"),
    "section": gettext_lazy("Sections"),
    "article": gettext_lazy("Articles"),
    "annex": gettext_lazy("Annexes"),
    "clause": gettext_lazy("Numbered clauses"),
    "heading": gettext_lazy("Headings"),
    "sheet": gettext_lazy("Sections of the data sheet"),
    "paragraph": gettext_lazy("Paragraphs"),
    "item": gettext_lazy("Items"),
    "subitem": gettext_lazy("Sub-items"),
}

SCHEME_WORDS = {
    "articles": gettext_lazy("Articles (第一章, 第一条, （一）)"),
    "decimal": gettext_lazy("Numbered clauses (4.2.1)"),
    "headings": gettext_lazy("Headings (一、 （一） 1.)"),
    "sheet": gettext_lazy("Safety data sheet (16 sections)"),
    "paragraphs": gettext_lazy("Paragraphs only"),
}


def of_finding(finding: Finding) -> str:
    """What to look at in a text that was cut."""
    where = {
        "what": str(LEVEL_WORDS.get(finding.level, "")),
        "under": finding.under,
        "numbers": _(", ").join(finding.numbers),
        "n": finding.n,
    }
    match finding.code:
        case "missing" if finding.under:
            return _("%(what)s in %(under)s: numbers missing: %(numbers)s") % where
        case "missing":
            return _("%(what)s: numbers missing: %(numbers)s") % where
        case "repeated" if finding.under:
            return _("%(what)s in %(under)s: numbers that stand twice: %(numbers)s") % where
        case "repeated":
            return _("%(what)s: numbers that stand twice: %(numbers)s") % where
        case "disordered":
            return _("%(what)s out of order: %(numbers)s") % where
        case "contents":
            return _("A table of contents of %(n)d lines was left out.") % where
        case "unwritten":
            return (
                _(
                    "%(n)d paragraphs are numbered by Word itself; their numbers are not in the text and not made up. "
                    "Turn automatic numbers into text in Word when they matter."
                )
                % where
            )
        case _:
            return _("No numbers to cut by were found; each paragraph stands by itself.")
