"""Text of many rows as one run of code units, searched for a substring by comparing whole arrays."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

#: Share of changed rows at which the run is built anew, and the fewest that are worth it.
REBUILD_SHARE, REBUILD_LEAST = 0.02, 2_000
#: Rows compared at once: what they hold stays in the processor's cache from one comparison to the next.
ROWS_AT_ONCE = 16_384
_ROW_END = "\x00"


def normal(text: str) -> str:
    """As rows and needles are compared: full-width forms made plain, lower case, without control characters."""
    return unicodedata.normalize("NFKC", text).lower().replace(_ROW_END, "")


class TextColumn:
    """The searched text of n rows, several fields a row.

    dtype  numpy.uint16 for any text (UTF-16 units), numpy.uint8 for text that is known to be ASCII, at half the room
    """

    def __init__(self, dtype: Any = np.uint16) -> None:
        self.dtype = dtype
        self.patched: dict[int, str] = {}
        self.build(())

    def build(self, chunks: Iterable[Sequence[str]]) -> None:
        """Take all rows anew, in order."""
        runs = [self._units(_together(rows)) for rows in chunks if rows]
        self.units = np.concatenate([np.zeros(0, self.dtype), *runs])
        self.starts = np.concatenate(([0], np.flatnonzero(self.units == 0) + 1))
        self.frequency = np.bincount(self.units, minlength=1 << 8 * np.dtype(self.dtype).itemsize)
        self.patched.clear()

    def _units(self, text: str) -> NDArray[Any]:
        if self.dtype is np.uint8:
            return np.frombuffer(text.encode("ascii", "replace"), np.uint8)
        return np.frombuffer(text.encode("utf-16-le", "surrogatepass"), np.uint16)

    def __len__(self) -> int:
        return max(self.starts.size - 1, max(self.patched, default=-1) + 1)

    def row(self, slot: int) -> str:
        """The text of one row, normalised."""
        if slot in self.patched:
            return self.patched[slot]
        units = self.units[self.starts[slot] : self.starts[slot + 1] - 1]
        return units.tobytes().decode("ascii" if self.dtype is np.uint8 else "utf-16-le", "surrogatepass")

    def put(self, changed: Mapping[int, str]) -> None:
        """Give rows another text, or rows behind the last their first one; slots without text are empty rows."""
        self.patched.update((slot, normal(text)) for slot, text in changed.items())
        if len(self.patched) > max(REBUILD_LEAST, REBUILD_SHARE * len(self)):
            self.build([[self.row(slot) if self._has(slot) else "" for slot in range(len(self))]])

    def _has(self, slot: int) -> bool:
        return slot in self.patched or slot < self.starts.size - 1

    def containing(self, needle: str, n: int) -> NDArray[np.bool_]:
        """Which of the first n rows contain `needle` (normalised already)."""
        found = np.zeros(max(n, len(self)), np.bool_)
        if self.dtype is np.uint8 and not needle.isascii():
            return found[:n]
        wanted = self._units(needle)
        rarest = np.argsort(self.frequency[wanted], kind="stable").tolist()
        starts = self.starts if self.frequency[wanted[rarest[0]]] else self.starts[:1]
        for first in range(0, starts.size - 1, ROWS_AT_ONCE):
            bounds = starts[first : first + ROWS_AT_ONCE + 1]
            run = self.units[bounds[0] : bounds[-1]]
            if (span := run.size - wanted.size + 1) <= 0:
                continue
            standing = np.ones(span, np.bool_)
            for k in rarest[:2]:
                standing &= run[k : k + span] == wanted[k]
            # The others are compared only where the two rarest stand.
            places = np.flatnonzero(standing)
            for k in rarest[2:]:
                places = places[run[places + k] == wanted[k]]
            found[first + np.searchsorted(bounds, bounds[0] + places, "right") - 1] = True
        for slot, text in self.patched.items():
            found[slot] = needle in text
        return found[:n]


def _together(rows: Sequence[str]) -> str:
    """Rows as one text, normalised at once, which is many times faster than one by one."""
    text = unicodedata.normalize("NFKC", _ROW_END.join([*rows, ""])).lower()
    if text.count(_ROW_END) == len(rows):
        return text
    return _ROW_END.join([*map(normal, rows), ""])


def joined(fields: Iterable[Any]) -> str:
    """The searched text of a row from its fields; a line break keeps a needle from reaching over two of them."""
    return "\n".join(str(one) for one in fields if one)
