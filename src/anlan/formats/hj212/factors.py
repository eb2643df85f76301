"""The code table of factors: name and unit of what a code measures, of the edition of 2017 and of 2005."""

from __future__ import annotations

import csv
import re
from functools import cache, lru_cache
from pathlib import Path

import msgspec

#: Codes of equipment end with the number of the device: e10101 is the first of e101xx.
_NUMBERED = re.compile(r"[eg]\d{5}")
_PLACED = re.compile(r"i333[1-4]\d")


class Factor(msgspec.Struct, frozen=True, gc=False):
    """What a code measures.

    code           of the edition of 2017; with x where the number of a device stands
    name           in Chinese, as the table has it
    unit           of what is measured, "" for none
    emission_unit  of what is summed up (`-Cou`)
    """

    code: str
    name: str
    unit: str
    emission_unit: str


@cache
def _table() -> tuple[dict[str, Factor], dict[str, Factor]]:
    """By code, and by code of 2005. What the table has twice with different meanings is left out: nobody knows."""
    by_code: dict[str, Factor] = {}
    by_old: dict[str, Factor] = {}
    twice: set[str] = set()
    with Path(__file__).with_name("factors.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            made = Factor(row["code"], row["name"], row["unit"], row["emission_unit"])
            if made.code in by_code:
                twice.add(made.code)
            by_code[made.code] = made
            if row["old_code"]:
                by_old[row["old_code"]] = made
    return {code: made for code, made in by_code.items() if code not in twice}, by_old


@lru_cache(maxsize=1024)
def factor(code: str) -> Factor | None:
    """The factor of a code of either edition; None for one that the table does not have."""
    by_code, by_old = _table()
    if (found := by_code.get(code) or by_old.get(code)) is not None:
        return found
    if _NUMBERED.fullmatch(code):
        return by_code.get(f"{code[:4]}xx")
    return by_code.get(f"{code[:5]}x") if _PLACED.fullmatch(code) else None
