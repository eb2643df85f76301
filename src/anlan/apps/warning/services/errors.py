"""What a verb of this room refuses."""

from __future__ import annotations


class Refused(ValueError):
    """What was asked cannot be done; says why in words for the person who asked."""


class Overrun(Exception):
    """A source sends more than is taken in its time; nothing of it was kept."""
