"""Codes of the fictional county's sites, with check signs that are right."""

from __future__ import annotations

from anlan.formats.codes import credit_check, organisation_check


def credit_code(kind: str, region: str, serial: int) -> str:
    """A code with both check signs right.

    kind    two signs: 91 enterprise, 92 individual household, 12 public institution
    region  six digits after GB/T 2260
    serial  0 … 99,999,999
    """
    body = f"{serial:08d}"
    start = kind + region + body + organisation_check(body)
    return start + credit_check(start)
