"""A message told: what stands in it, which readings it gives, what is wrong with it and where."""

from __future__ import annotations

from typing import Final

import msgspec

#: What is told one by one; all of it is counted.
MOST_ITEMS, MOST_ROWS, MOST_HEAD, MOST_NOTES = 200, 2_000, 60, 100
#: Signs of a text that are told, and bytes of a broken frame.
MOST_TEXT: Final = 300
MOST_RAW: Final = 160


class Note(msgspec.Struct, frozen=True):
    """Something odd or wrong.

    code    of `devices.FAULTS`, `findings.SENTENCES` or `faults.MEANINGS`
    where   a path, or ""
    args    what a sentence about it needs, as texts
    blocks  False for what is read all the same
    layer   the judgement that it belongs to, of CAP
    """

    code: str
    where: str = ""
    args: dict[str, str | int | float] = {}
    blocks: bool = True
    layer: str = ""


class Row(msgspec.Struct, frozen=True):
    """One reading, as `devices.Value` has it, with what the code book says it measures."""

    device: str
    sensor: str
    meaning: str
    time_ms: int | None
    value: float | None
    unit: str
    quality: str
    known: bool = True


class Item(msgspec.Struct, frozen=True):
    """One message, record or broken piece.

    kind   frame, payload, record, event, track, warning, part, outline … or `bad`
    at     byte at which it begins; None where that says nothing
    head   what it says of itself, (name, text)
    raw    the first bytes of a broken piece, hexadecimal
    """

    kind: str
    at: int | None = None
    head: tuple[tuple[str, str], ...] = ()
    rows: tuple[Row, ...] = ()
    notes: tuple[Note, ...] = ()
    raw: str = ""


class Layer(msgspec.Struct, frozen=True):
    """One of several judgements on a message; ok is None for what was not judged."""

    name: str
    ok: bool | None


class Told(msgspec.Struct, frozen=True):
    """All of it.

    format   of `detecting.FORMATS`; "" when nothing fits
    size     bytes that were read
    items    the first of them; `total` all; `rows_total` all readings
    notes    on the whole
    layers   verdicts, of CAP
    counts   how often each fault was met
    """

    format: str
    size: int
    items: tuple[Item, ...] = ()
    notes: tuple[Note, ...] = ()
    layers: tuple[Layer, ...] = ()
    counts: dict[str, int] = {}
    total: int = 0
    rows_total: int = 0

    @property
    def verdict(self) -> str:
        """`unknown` form, `bad` throughout, `mixed` with some that is bad, `odd` but read, `good`, or `outline` for
        what is listed and not understood."""
        if not self.format:
            return "unknown"
        if self.format == "xml" and self.items:
            return "outline"
        wrong = any(note.blocks for note in self.notes) or any(layer.ok is False for layer in self.layers)
        good = [one for one in self.items if one.kind != "bad" and not any(note.blocks for note in one.notes)]
        if wrong or len(good) < len(self.items) or not good:
            return "mixed" if good and not wrong else "bad"
        return "odd" if self.counts or self.notes or any(one.notes for one in good) else "good"


def short(text: object) -> str:
    """A text as far as it is told."""
    said = str(text)
    return said if len(said) <= MOST_TEXT else f"{said[:MOST_TEXT]}…"
