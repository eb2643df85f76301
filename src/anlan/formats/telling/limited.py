"""Bytes of strangers, told by a process of their own: the door for what a person uploads or pastes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from anlan.formats.faults import Refused
from anlan.formats.limited import read_apart, serve
from anlan.formats.packed import Array
from anlan.formats.telling.telling import tell
from anlan.formats.telling.told import Told

#: Bytes, seconds and MiB of memory of one telling.
MOST_BYTES, SECONDS, MEBIBYTES = 5_000_000, 20.0, 768


def tell_apart(data: bytes, *, now_ms: int, format: str = "") -> Told:
    """What is in the bytes. Raises Refused `too_large`, and for a process that hangs, dies or needs too much memory."""
    if len(data) > MOST_BYTES:
        raise Refused("too_large", bytes=len(data), limit=MOST_BYTES)
    options = {"now_ms": now_ms, "format": format}
    header, _arrays = read_apart(
        "anlan.formats.telling.limited", data, options, seconds=SECONDS, mebibytes=MEBIBYTES
    )  # fmt: skip
    return msgspec.convert(header, Told)


def _work(path: Path, options: Mapping[str, Any]) -> tuple[Mapping[str, Any], Mapping[str, Array]]:
    told = tell(path.read_bytes(), now_ms=int(options["now_ms"]), format=str(options["format"]))
    return msgspec.to_builtins(told), {}


if __name__ == "__main__":
    serve(_work)
