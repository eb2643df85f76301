"""What the library's verbs refuse."""

from __future__ import annotations


class Refused(ValueError):
    """An act that is not done; says why in words for the person, and names the field where there is one."""

    def __init__(self, words: str, field: str = "") -> None:
        super().__init__(words)
        self.field = field
