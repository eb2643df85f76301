"""A clock that only tests move."""

from __future__ import annotations


class Clock:
    """Epoch ms; stands still."""

    def __init__(self, now: int) -> None:
        self.now = now

    def __call__(self) -> int:
        return self.now
