"""Codes with check digits, computed as their standards say."""

from __future__ import annotations

#: GB 32100-2015: 31 signs, without I O S V Z.
CREDIT_SIGNS = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_CREDIT_WEIGHTS = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)
_ORGANISATION_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)


def organisation_check(eight: str) -> str:
    """Check sign of an organisation code (GB 11714): eight digits or letters A–Z in, `0`–`9` or `X` out."""
    total = sum(w * int(sign, 36) for w, sign in zip(_ORGANISATION_WEIGHTS, eight, strict=True))
    check = 11 - total % 11
    return "X" if check == 10 else "0" if check == 11 else str(check)


def credit_check(seventeen: str) -> str:
    """Check sign of a unified social credit code (GB 32100): seventeen signs in, one of `CREDIT_SIGNS` out.

    Raises ValueError for a sign outside the alphabet or another length.
    """
    total = sum(w * CREDIT_SIGNS.index(sign) for w, sign in zip(_CREDIT_WEIGHTS, seventeen, strict=True))
    return CREDIT_SIGNS[(31 - total % 31) % 31]


def credit_code(kind: str, region: str, serial: int) -> str:
    """A code with both check signs right.

    kind    two signs: 91 enterprise, 92 individual household, 12 public institution
    region  six digits after GB/T 2260
    serial  0 … 99,999,999
    """
    body = f"{serial:08d}"
    start = kind + region + body + organisation_check(body)
    return start + credit_check(start)
