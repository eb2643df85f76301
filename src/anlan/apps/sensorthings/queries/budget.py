"""What one question may bring along and judge, and how a batch shares that out among its requests."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

#: Entities that come along in one answer, and rows of one question that are judged one by one.
MOST_EXPANDED, MOST_JUDGED = 100_000, 200_000
#: A batch may use so many times what one question may.
BATCH_TIMES = 5


class TooMuch(Exception):
    """The question would read more than one answer is worth; `args[0]` says what."""


@dataclass(slots=True)
class Budget:
    """What is left."""

    entities: int = MOST_EXPANDED
    judged: int = MOST_JUDGED

    def bring(self, entities: int, what: str) -> None:
        """So many entities more come along. Raises TooMuch."""
        self.entities -= entities
        if self.entities < 0:
            raise TooMuch(what)

    def judge(self, rows: int, what: str) -> None:
        """So many rows more are judged one by one. Raises TooMuch."""
        self.judged -= rows
        if self.judged < 0:
            raise TooMuch(what)


def shares(requests: int) -> Iterator[Budget]:
    """The budgets of the requests of a batch, in turn: equal parts of what is left, so that what one does not use is
    left to those after it, and no request is left without. None gets more than a question alone."""
    whole = Budget(BATCH_TIMES * MOST_EXPANDED, BATCH_TIMES * MOST_JUDGED)
    for left in range(requests, 0, -1):
        part = Budget(min(MOST_EXPANDED, whole.entities // left), min(MOST_JUDGED, whole.judged // left))
        entities, judged = part.entities, part.judged
        yield part
        # One that asked for too much has used its part up, and not what it would have liked to use.
        whole.entities -= entities - max(part.entities, 0)
        whole.judged -= judged - max(part.judged, 0)
