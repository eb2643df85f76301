"""Policy texts of strangers, read in a process of their own: the door for uploads."""

from __future__ import annotations

from dataclasses import asdict

from anlan.formats.faults import Refused
from anlan.formats.limited import read_apart
from anlan.formats.policy.reading import Bounds, Source

_BOUNDS = Bounds()


def read(name: str, data: bytes, *, bounds: Bounds = _BOUNDS) -> Source:
    """Read a file that a stranger sent.

    name  as the sender called it; only for messages, what the file is tells its content

    Raises Refused: as `reading.read_source`, and `too_slow`, `too_much_memory`, `unreadable` for a process that hangs,
    dies or needs too much memory.
    """
    if len(data) > bounds.bytes:
        raise Refused("too_large", name, bytes=len(data), limit=bounds.bytes)
    header, _arrays = read_apart(
        "anlan.formats.policy.limited", data, {"name": name, "bounds": asdict(bounds)},
        seconds=bounds.seconds, mebibytes=bounds.memory,
    )  # fmt: skip
    return Source.of(header)
