"""Personal data as it is shown to whoever has no reason to see all of it."""

from __future__ import annotations


def phone(number: str) -> str:
    """ "19000001234" → "190****1234"; a short number shows its last two digits only."""
    if len(number) >= 11:
        return number[:-8] + "****" + number[-4:]
    return "*" * max(0, len(number) - 2) + number[-2:] if number else ""


def person(name: str) -> str:
    """A name with its given part hidden: 王小明 → 王**."""
    return name[:1] + "*" * (len(name) - 1)


def identity(number: str) -> str:
    """An identity number with the birthday hidden: first six and last two stay."""
    return number[:6] + "*" * (len(number) - 8) + number[-2:] if len(number) > 8 else "*" * len(number)
