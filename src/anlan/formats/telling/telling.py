"""Any bytes, told in one form."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from anlan.formats.faults import Refused
from anlan.formats.findings import BadMessage
from anlan.formats.telling import documents, frames
from anlan.formats.telling.detecting import FORMATS, detect
from anlan.formats.telling.told import MOST_ITEMS, MOST_NOTES, MOST_ROWS, Item, Layer, Note, Told


def tell(data: bytes, *, now_ms: int, format: str = "") -> Told:
    """What is in the bytes.

    now_ms  epoch ms: what messages say relative to now, and by which warnings have ended
    format  a key of `FORMATS`; "" to find it out. Raises ValueError for another word.

    Never raises for what the bytes may hold.
    """
    if format and format not in FORMATS:
        raise ValueError(f"{format} is no format that is told")
    if not data.strip(b" \t\r\n"):
        return Told("", len(data), notes=(Note("empty_file"),))
    format = format or detect(data)
    if not format:
        return Told("", len(data))
    notes: tuple[Note, ...] = ()
    layers: tuple[Layer, ...] = ()
    counts: dict[str, int] = {}
    try:
        if format in frames.TELLERS:
            made, counts = frames.items(frames.TELLERS[format], data, now_ms)
        else:
            now = datetime.fromtimestamp(now_ms / 1000, UTC)
            made, notes, layers = documents.TELLERS[format](data, now)
        items, total, rows = _first(made)
    except (BadMessage, Refused) as error:
        return Told(format, len(data), notes=documents.notes_of(error)[:MOST_NOTES])
    return Told(format, len(data), items, notes[:MOST_NOTES], layers, dict(sorted(counts.items())), total, rows)


def _first(made: Iterator[Item]) -> tuple[tuple[Item, ...], int, int]:
    """The items that are told, with as many of their readings as there is room for, and how many there are."""
    told: list[Item] = []
    total = rows = 0
    for one in made:
        total += 1
        room = max(0, MOST_ROWS - rows)
        rows += len(one.rows)
        if len(told) < MOST_ITEMS:
            told.append(Item(one.kind, one.at, one.head, one.rows[:room], one.notes[:MOST_NOTES], one.raw))
    return tuple(told), total, rows
