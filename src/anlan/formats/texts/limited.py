"""Documents of strangers, read in a process of their own: the door for uploads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from anlan.formats.faults import Refused
from anlan.formats.limited import read_apart, serve
from anlan.formats.packed import Array
from anlan.formats.texts.reading import Limits, Text, read_text

_LIMITS = Limits()


def open_text(source: Path | bytes, *, limits: Limits = _LIMITS) -> Text:
    """Read a document that a stranger sent: a file as it was stored, or its bytes.

    Raises Refused, for a process that hangs, dies or needs too much memory as well.
    """
    if isinstance(source, bytes) and len(source) > limits.bytes:
        raise Refused("too_large", bytes=len(source), limit=limits.bytes)
    header, _arrays = read_apart(
        "anlan.formats.texts.limited", source, {"limits": asdict(limits)},
        seconds=limits.seconds, mebibytes=limits.memory,
    )  # fmt: skip
    return Text.of(header)


def _work(path: Path, options: Mapping[str, Any]) -> tuple[Mapping[str, Any], Mapping[str, Array]]:
    return read_text(path, Limits(**options["limits"])).plain(), {}


if __name__ == "__main__":
    serve(_work)
