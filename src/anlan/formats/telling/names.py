"""Names of commands, functions and messages, in Chinese as the standards name them.

Source: HJ 212-2017, SL 651-2014 annex B, JT/T 808-2019; those are left out on which public codecs do not agree.
"""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path


@cache
def _names() -> dict[tuple[str, str], str]:
    with Path(__file__).with_name("names.csv").open(encoding="utf-8", newline="") as file:
        return {(row["protocol"], row["code"]): row["name"] for row in csv.DictReader(file)}


def named(protocol: str, code: str) -> str:
    """The code with its name; the code alone where none is in hand."""
    name = _names().get((protocol, code))
    return f"{code} {name}" if name else code
