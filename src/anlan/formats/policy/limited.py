"""The program that reads one policy text in a process of its own, for `uploads.read`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from anlan.formats.limited import serve
from anlan.formats.packed import Array
from anlan.formats.policy.reading import Bounds, read_source


def work(path: Path, options: Mapping[str, Any]) -> tuple[Mapping[str, Any], Mapping[str, Array]]:
    """A source as JSON values."""
    return read_source(options["name"], path, Bounds(**options["bounds"])).plain(), {}


if __name__ == "__main__":
    serve(work)
