"""The hash chain: what is hashed, and the marks of its head outside the database.

An entry's hash covers the hash before it and the entry in canonical form (JSON, keys sorted, no blanks, UTF-8, time in
UTC to the microsecond). Columns are read as the database holds them, so that SQLite and PostgreSQL give one hash.

Outside the database, in `settings.AUDIT_ROOT` (the data directory unless set), stand
    audit-head        one line "seq hash", replaced after every sealing: notices a tail that was cut
    audit-anchor.log  one line "time seq hash" an hour at most, only ever appended; to be printed or copied elsewhere
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
from django.conf import settings

#: Stands before the first entry.
GENESIS = "0" * 64

#: The columns under the seal, in the order in which `canonical` takes them.
COLUMNS = (
    "seq", "at", "actor_id", "actor_name", "verb", "ref", "region_path", "before", "after", "note", "source",
    "outcome", "nonce",
)  # fmt: skip

_encode = msgspec.json.Encoder(order="sorted").encode
_decode = msgspec.json.Decoder().decode


@dataclass(frozen=True, slots=True)
class Head:
    """The last entry of the chain."""

    seq: int
    hash: str


EMPTY = Head(0, GENESIS)


def moment(value: Any) -> str:
    """A time as either database gives it (datetime, or SQLite's text in UTC) → "2026-11-22T03:25:18.000000Z"."""
    if not isinstance(value, datetime):
        value = datetime.fromisoformat(value)
    value = value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    return str(value.strftime("%Y-%m-%dT%H:%M:%S.%fZ"))


def canonical(row: Sequence[Any]) -> bytes:
    """The bytes under the seal for one row in the order of `COLUMNS`.

    Raises msgspec.DecodeError when `before` or `after` is not JSON any more.
    """
    fields = dict(zip(COLUMNS, row, strict=True))
    fields["at"] = moment(fields["at"])
    for name in ("before", "after"):
        if isinstance(fields[name], str | bytes):
            fields[name] = _decode(fields[name])
    return _encode(fields)


def hash_of(before: str, row: Sequence[Any]) -> str:
    """The hash of a row that follows the hash `before`."""
    return hashlib.sha256(before.encode() + canonical(row)).hexdigest()


def root() -> Path:
    """Where the marks outside the database stand."""
    return Path(getattr(settings, "AUDIT_ROOT", None) or settings.DATA)


def write_head(head: Head) -> None:
    """Replace the head's mark; it may lag behind the table after a crash, but never runs ahead of it."""
    path = root() / "audit-head"
    draft = path.with_name(f".audit-head.{os.getpid()}")
    with draft.open("w", encoding="ascii") as file:
        file.write(f"{head.seq} {head.hash}\n")
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def read_head(folder: Path | None = None) -> Head | None:
    """The head as marked outside; None when nothing was sealed yet. Raises ValueError when it is not readable."""
    try:
        text = ((folder or root()) / "audit-head").read_text(encoding="ascii")
    except FileNotFoundError:
        return None
    return _head(text.split())


def append_anchor(at: datetime, head: Head) -> None:
    """Add one line to the anchor log, on disk when this returns."""
    with (root() / "audit-anchor.log").open("a", encoding="ascii") as file:
        file.write(f"{moment(at)} {head.seq} {head.hash}\n")
        file.flush()
        os.fsync(file.fileno())


def read_anchors(folder: Path | None = None) -> Iterator[Head]:
    """The heads in the anchor log. A last line without its end is a crash while writing, and left out.

    Raises ValueError for a line that is none.
    """
    with (
        contextlib.suppress(FileNotFoundError),
        ((folder or root()) / "audit-anchor.log").open(encoding="ascii") as file,
    ):
        for line in file:
            if line.endswith("\n"):
                yield _head(line.split()[1:])


def _head(words: list[str]) -> Head:
    if len(words) != 2 or not words[0].isdigit() or len(words[1]) != 64:
        raise ValueError("a mark of the audit chain outside the database is damaged")
    return Head(int(words[0]), words[1])
