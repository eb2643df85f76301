"""How a verb of this app says no."""

from __future__ import annotations


class Refused(ValueError):
    """What was asked cannot be done; says what, where and how to mend it, in words for the person who asked.

    field  the field of the form it belongs to, "" for the whole
    """

    def __init__(self, words: str, field: str = "") -> None:
        super().__init__(words)
        self.field = field
