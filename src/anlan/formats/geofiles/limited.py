"""Map files of strangers, read in a process of their own: the door for uploads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from anlan.formats.coordinates import Box
from anlan.formats.faults import Refused
from anlan.formats.geofiles.features import Features
from anlan.formats.geofiles.limits import Limits
from anlan.formats.limited import read_apart, serve
from anlan.formats.packed import Array

_LIMITS = Limits()


def open_features(
    source: Path | bytes, name: str, *, box: Box | None = None, limits: Limits = _LIMITS, layer: str = "",
    encoding: str = "", wait_s: float | None = None,
) -> Features:  # fmt: skip
    """Read a map file that a stranger sent; arguments as of `reading.read_features`.

    source  the file as it was stored, or its bytes
    limits  `seconds` of work: more for a job than for a page
    wait_s  how long the caller waits at most, on a busy machine too; as many seconds when None

    Raises Refused, for a process that hangs, dies or needs too much memory as well; `limited.NotInTime` after `wait_s`.
    """
    if isinstance(source, bytes) and len(source) > limits.bytes:
        raise Refused("too_large", bytes=len(source), limit=limits.bytes)
    options = {"name": name, "box": box, "limits": asdict(limits), "layer": layer, "encoding": encoding}
    header, arrays = read_apart(
        "anlan.formats.geofiles.limited",
        source,
        options,
        seconds=limits.seconds,
        mebibytes=limits.memory,
        wait_s=wait_s,
    )
    return Features.unpacked(header, arrays)


def _work(path: Path, options: Mapping[str, Any]) -> tuple[Mapping[str, Any], Mapping[str, Array]]:
    from anlan.formats.geofiles.reading import read_features  # only where it is read: costs the start of every process

    box: Box | None = tuple(options["box"]) if options["box"] else None
    features = read_features(
        path,
        options["name"],
        Limits(**options["limits"]),
        box=box,
        layer=options["layer"],
        encoding=options["encoding"],
    )
    return features.packed()


if __name__ == "__main__":
    serve(_work)
