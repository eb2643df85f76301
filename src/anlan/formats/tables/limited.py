"""Tables of strangers, read in a process of their own: the door for uploads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from anlan.formats.faults import Refused
from anlan.formats.limited import read_apart, serve
from anlan.formats.packed import Array
from anlan.formats.tables.limits import Limits
from anlan.formats.tables.sheets import Book

_LIMITS = Limits()


def open_table(
    source: Path | bytes, name: str, *, limits: Limits = _LIMITS, encoding: str = "", delimiter: str = "",
    wait_s: float | None = None,
) -> Book:  # fmt: skip
    """Read a table that a stranger sent.

    source               the file as it was stored, or its bytes
    name                 what the person's file was called; only its ending is used, and only to compare
    limits               `seconds` of work: more for a job than for a page
    wait_s               how long the caller waits at most, on a busy machine too; as many seconds when None
    encoding, delimiter  of a text file, as a person says after looking at the first try; "" finds out

    Raises Refused, for a process that hangs, dies or needs too much memory as well; `limited.NotInTime` after `wait_s`.
    """
    if isinstance(source, bytes) and len(source) > limits.bytes:
        raise Refused("too_large", bytes=len(source), limit=limits.bytes)
    options = {"name": name, "limits": asdict(limits), "encoding": encoding, "delimiter": delimiter}
    header, arrays = read_apart(
        "anlan.formats.tables.limited", source, options, seconds=limits.seconds, mebibytes=limits.memory, wait_s=wait_s
    )
    return Book.unpacked(header, arrays)


def _work(path: Path, options: Mapping[str, Any]) -> tuple[Mapping[str, Any], Mapping[str, Array]]:
    from anlan.formats.tables.reading import read_table  # only where it is read: costs the start of every process

    limits = Limits(**options["limits"])
    book = read_table(path, options["name"], limits, encoding=options["encoding"], delimiter=options["delimiter"])
    return book.packed()


if __name__ == "__main__":
    serve(_work)
