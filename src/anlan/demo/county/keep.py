"""Files beside the databases: the points, so that the simulator starts without building the land again, and keys."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from anlan.demo.county.model import Point


def write_points(points: Sequence[Point], path: Path) -> None:
    """Write points as JSON; numbers come back exactly as they were. A half-written file is never seen."""
    draft = path.with_suffix(".part")
    draft.write_text(json.dumps([asdict(point) for point in points], ensure_ascii=False), encoding="utf-8")
    draft.replace(path)


def read_points(path: Path) -> tuple[Point, ...]:
    """The points of `write_points`.

    Raises FileNotFoundError when the county was not built there, ValueError when the file is not of this release.
    """
    try:
        return tuple(Point(**row) for row in json.loads(path.read_text(encoding="utf-8")))
    except (TypeError, json.JSONDecodeError) as error:
        raise ValueError(f"{path} does not hold points of this release; build the county again") from error


def keep_private(path: Path, text: str) -> None:
    """Write a file that only its owner may read; whole or not at all."""
    part = path.with_name(path.name + ".part")
    handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
