"""Compound files (OLE2), the wrapping of old Excel workbooks and of encrypted new ones: just enough to find a stream.

Source: [MS-CFB], version 3 and 4 headers.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from anlan.formats.faults import Refused

MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
#: From here on a sector number means something else: a free sector, the end of a chain.
_SPECIAL = 0xFFFF_FFFA
_ENTRY_BYTES = 128


@dataclass(frozen=True, slots=True)
class Entry:
    """A stream (kind 2), storage (1) or the root (5) of the directory."""

    name: str
    kind: int
    start: int
    size: int


class Compound:
    """A compound file in memory. Every chain of sectors is walked once at most, whatever the file says."""

    def __init__(self, data: bytes) -> None:
        """Raises Refused("broken_workbook") for a header or directory that contradicts the file."""
        if len(data) < 512 or not data.startswith(MAGIC):
            raise Refused("broken_workbook")
        self._data = data
        shift, mini_shift = struct.unpack_from("<HH", data, 30)
        if shift not in (9, 12) or mini_shift != 6:
            raise Refused("broken_workbook")
        self._sector = 1 << shift
        directory, self._cutoff, first_mini = struct.unpack_from("<I4xII", data, 48)
        self._fat = self._table(self._fat_sectors())
        self._mini_fat = self._table(self._chain(first_mini, self._fat))
        self.entries = tuple(self._entries(directory))
        root = next((entry for entry in self.entries if entry.kind == 5), None)
        self._mini = b"".join(map(self._at, self._chain(root.start, self._fat))) if root else b""

    def stream(self, entry: Entry) -> bytes:
        """The bytes of a stream. Raises Refused("broken_workbook") when they are not all there."""
        if entry.size < self._cutoff:
            pieces = [self._mini[64 * at : 64 * at + 64] for at in self._chain(entry.start, self._mini_fat)]
        else:
            pieces = [self._at(at) for at in self._chain(entry.start, self._fat)]
        found = b"".join(pieces)[: entry.size]
        if len(found) < entry.size:
            raise Refused("broken_workbook", entry.name)
        return found

    def _at(self, sector: int) -> bytes:
        begin = (sector + 1) * self._sector
        return self._data[begin : begin + self._sector]

    def _fat_sectors(self) -> Iterator[int]:
        yield from (at for at in struct.unpack_from("<109I", self._data, 76) if at < _SPECIAL)
        following, seen = struct.unpack_from("<I", self._data, 68)[0], 0
        while following < _SPECIAL and seen * self._sector < len(self._data):
            numbers = _numbers(self._at(following))
            if not numbers:
                raise Refused("broken_workbook")
            yield from (at for at in numbers[:-1] if at < _SPECIAL)
            following, seen = numbers[-1], seen + 1

    def _table(self, sectors: Iterator[int]) -> list[int]:
        table: list[int] = []
        for at in sectors:
            table.extend(_numbers(self._at(at)))
            # Four bytes for each sector: a table larger than the file is a loop.
            if len(table) * 4 > len(self._data) + 4 * self._sector:
                raise Refused("broken_workbook")
        return table

    def _chain(self, first: int, table: list[int]) -> Iterator[int]:
        at, walked = first, 0
        while at < _SPECIAL:
            if at >= len(table) or walked > len(table):
                raise Refused("broken_workbook")
            yield at
            at, walked = table[at], walked + 1

    def _entries(self, first: int) -> Iterator[Entry]:
        for sector in self._chain(first, self._fat):
            block = self._at(sector)
            for begin in range(0, len(block) - _ENTRY_BYTES + 1, _ENTRY_BYTES):
                raw = block[begin : begin + _ENTRY_BYTES]
                length, kind = struct.unpack_from("<HB", raw, 64)
                if kind in (1, 2, 5):
                    name = raw[: max(0, min(length, 64) - 2)].decode("utf-16-le", "replace")
                    start, size = struct.unpack_from("<II", raw, 116)
                    yield Entry(name, kind, start, size)


def _numbers(block: bytes) -> tuple[int, ...]:
    return struct.unpack(f"<{len(block) // 4}I", block[: len(block) // 4 * 4])
