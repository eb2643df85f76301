"""Rulebook files as the pure rooms get them: bodies of entries, dates as text."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml

import anlan

FOLDER = Path(anlan.__file__).parent / "rulebook"


def entries(name: str) -> dict[str, dict[str, Any]]:
    """The entries of a file by code."""
    (rows,) = yaml.safe_load((FOLDER / f"{name}.yaml").read_text(encoding="utf-8")).values()
    return {row["code"]: json.loads(json.dumps(row, default=str)) for row in rows}
