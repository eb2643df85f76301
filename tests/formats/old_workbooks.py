"""Old Excel workbooks built from their records: BIFF8 in a compound file."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence

FREE, END, FAT = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD
SECTOR = 512

Streams = Mapping[str, bytes]


def compound(streams: Streams, *, storages: Sequence[str] = ()) -> bytes:
    """A compound file of streams, each padded to the 4,096 bytes from which streams have sectors of their own."""
    padded = {name: content + bytes(max(0, 4096 - len(content))) for name, content in streams.items()}
    table: list[int] = []
    body = b""

    def chain(content: bytes) -> int:
        nonlocal body
        first, count = len(table), -(-len(content) // SECTOR)
        table.extend([*range(first + 1, first + count), END])
        body += content + bytes(-len(content) % SECTOR)
        return first

    starts = {name: chain(content) for name, content in padded.items()}
    entries = [_entry("Root Entry", 5, END, 0, child=1)]
    entries += [_entry(name, 2, starts[name], len(padded[name])) for name in padded]
    entries += [_entry(name, 1, END, 0) for name in storages]
    directory = chain(b"".join(entries) + bytes(128) * (-len(entries) % 4))
    fat_first, sectors = len(table), -(-(len(table) + 8) // 128)
    table.extend([FAT] * sectors)
    table.extend([FREE] * (-len(table) % 128))
    body += struct.pack(f"<{len(table)}I", *table)
    fat = [*range(fat_first, fat_first + sectors)]
    head = struct.pack(
        "<8s16xHHHHH6xIIIIIIIII", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", 0x3E, 3, 0xFFFE, 9, 6,
        0, sectors, directory, 0, 4096, END, 0, END, 0,
    )  # fmt: skip
    return head + struct.pack("<109I", *fat, *[FREE] * (109 - len(fat))) + body


def _entry(name: str, kind: int, start: int, size: int, child: int = FREE) -> bytes:
    coded = name.encode("utf-16-le")
    raw = coded + bytes(64 - len(coded)) + struct.pack("<HBB3I", len(coded) + 2, kind, 1, FREE, FREE, child)
    return raw + bytes(36) + struct.pack("<IQ", start, size)


def record(kind: int, content: bytes = b"") -> bytes:
    """One record."""
    return struct.pack("<HH", kind, len(content)) + content


def begin(substream: int) -> bytes:
    """BOF of the whole (0x05) or of a sheet (0x10)."""
    return record(0x0809, struct.pack("<HHHHII", 0x0600, substream, 0x0DBB, 0x07CC, 0, 6))


def text(row: int, column: int, said: str) -> bytes:
    """LABEL, both places from 0."""
    return record(0x0204, struct.pack("<HHHHB", row, column, 0, len(said), 1) + said.encode("utf-16-le"))


def number(row: int, column: int, value: float, style: int = 0) -> bytes:
    """NUMBER."""
    return record(0x0203, struct.pack("<HHHd", row, column, style, value))


def error(row: int, column: int, code: int) -> bytes:
    """BOOLERR that shows an error."""
    return record(0x0205, struct.pack("<HHHBB", row, column, 0, code, 1))


def formula(row: int, column: int, result: float | bytes) -> bytes:
    """FORMULA with its last result: a number, or eight bytes that say what else."""
    last = struct.pack("<d", result) if isinstance(result, float) else result
    return record(0x0006, struct.pack("<HHH", row, column, 0) + last + struct.pack("<HIH", 0, 0, 3) + b"\x1e\x01\x00")


def merge(*ranges: tuple[int, int, int, int]) -> bytes:
    """MERGECELLS of (first row, last row, first column, last column)."""
    return record(0x00E5, struct.pack("<H", len(ranges)) + b"".join(struct.pack("<4H", *one) for one in ranges))


def hidden_row(row: int) -> bytes:
    """ROW with its height set to nothing."""
    return record(0x0208, struct.pack("<HHHHHHI", row, 0, 1, 0x00FF, 0, 0, 0x0120))


def stream(sheets: Mapping[str, bytes], *, more: bytes = b"", kinds: Mapping[str, int] | None = None) -> bytes:
    """A workbook stream of sheets' records by name; `more` goes among the records of the whole."""
    formats = record(0x00E0, struct.pack("<HHHBBBBIIH", 0, 0, 0xFFF5, 0x20, 0, 0, 0, 0, 0, 0x20C0)) + record(
        0x00E0, struct.pack("<HHHBBBBIIH", 0, 14, 1, 0x20, 0, 0, 0, 0, 0, 0x20C0)
    )
    heads = {name: 4 + 8 + 2 * len(name) for name in sheets}
    at = len(begin(5)) + len(more) + len(formats) + sum(heads.values()) + 4
    listed, bodies = b"", b""
    for name, records in sheets.items():
        sort = (kinds or {}).get(name, 0)
        coded = name.encode("utf-16-le")
        listed += record(0x0085, struct.pack("<IBBBB", at + len(bodies), 0, sort, len(name), 1) + coded)
        bodies += begin(0x10) + records + record(0x000A)
    return begin(5) + more + formats + listed + record(0x000A) + bodies


def old_workbook(records: bytes, **given: bytes) -> bytes:
    """A workbook of one sheet "台账"."""
    return compound({"Workbook": stream({"台账": records}, **given)})
