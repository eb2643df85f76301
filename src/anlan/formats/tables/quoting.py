"""Texts that a spreadsheet program would run as a formula, and the apostrophe that keeps it from doing so.

Promise S10 of the reliability promises: cells that start with = + - @, tab, CR or their full-width forms.
"""

from __future__ import annotations

import re

#: An apostrophe before a danger is quoted too, so that taking one off gives back exactly what was written. Spaces
#: before it do not help: some programs drop them.
_DANGER = re.compile(r"'*\s*[=+\-@＝＋－＠]|'*[\t\r\n]")


def is_dangerous(text: str) -> bool:
    """True when a spreadsheet program could take the text for a formula, or for one that was quoted."""
    return _DANGER.match(text) is not None


def quoted(text: str) -> str:
    """The text with an apostrophe before it when it is dangerous."""
    return f"'{text}" if is_dangerous(text) else text


def unquoted(text: str) -> str:
    """What `quoted` was given."""
    return text[1:] if text.startswith("'") and is_dangerous(text[1:]) else text
