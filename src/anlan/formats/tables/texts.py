"""All texts of a book, each once, as bytes with their ends: cells refer to them by number."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from anlan.formats.faults import Refused
from anlan.formats.tables.cells import text_flags

#: Bytes of all texts together. A text that a million cells share counts once.
MOST_BYTES = 200 << 20
_BATCH = 10_000


class Texts:
    """Texts by number, on their way in.

    limit  signs of one text
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._count = 0
        #: Texts that are not yet bytes: a batch at a time is several times as quick.
        self._waiting: list[str] = []
        self._bytes = bytearray()
        self._ends = array("Q")
        self._flags = array("H")

    def __len__(self) -> int:
        return self._count

    def add(self, text: str, where: str = "") -> int:
        """The number of a text. Raises Refused("text_too_long")."""
        if len(text) > self._limit:
            raise Refused("text_too_long", where, length=len(text), limit=self._limit)
        self._waiting.append(text)
        self._count += 1
        if len(self._waiting) >= _BATCH:
            self._code()
        return self._count - 1

    def add_all(self, texts: Sequence[str]) -> int:
        """Take many texts; returns the number of the first, the others follow it. Raises Refused("text_too_long")."""
        longest = max(map(len, texts), default=0)
        if longest > self._limit:
            raise Refused("text_too_long", length=longest, limit=self._limit)
        self._waiting.extend(texts)
        self._count += len(texts)
        self._code()
        return self._count - len(texts)

    def done(self) -> KeptTexts:
        """The texts, to be looked up."""
        self._code()
        return KeptTexts(
            np.frombuffer(bytes(self._bytes), np.uint8),
            np.frombuffer(self._ends.tobytes(), np.uint64),
            np.frombuffer(self._flags.tobytes(), np.uint16),
        )

    def _code(self) -> None:
        # A half of a surrogate pair is not text; it shows as the sign for what cannot be shown.
        coded = [text.encode("utf-8", "replace") for text in self._waiting]
        lengths = np.fromiter(map(len, coded), np.uint64, len(coded))
        self._ends.frombytes((np.cumsum(lengths) + np.uint64(len(self._bytes))).astype(np.uint64).tobytes())
        self._bytes += b"".join(coded)
        self._flags.extend(map(text_flags, self._waiting))
        self._waiting.clear()
        if len(self._bytes) > MOST_BYTES:
            raise Refused("text_too_long", length=len(self._bytes), limit=MOST_BYTES)


class KeptTexts:
    """Texts by number, ready to be read: in memory or mapped from a file."""

    def __init__(self, signs: NDArray[np.uint8], ends: NDArray[np.uint64], flags: NDArray[np.uint16]) -> None:
        self.signs, self.ends, self.flags = signs, ends, flags
        self._view = signs.data

    def __getitem__(self, number: int) -> str:
        begin = self.ends.item(number - 1) if number else 0
        return str(self._view[begin : self.ends.item(number)], "utf-8", "replace")

    def arrays(self) -> dict[str, NDArray[Any]]:
        """By name, to be packed."""
        return {"texts": self.signs, "text_ends": self.ends, "text_flags": self.flags}
