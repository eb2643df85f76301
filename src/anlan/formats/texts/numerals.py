"""Chinese numerals of laws and headings: 一百二十三, 十二, 〇, 12, １２."""

from __future__ import annotations

#: Signs that a numeral of a heading is made of, for patterns.
SIGNS = "〇零一二三四五六七八九十百千两0-9０-９"
_DIGITS = {sign: value for value, sign in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2}
_UNITS = {"十": 10, "百": 100, "千": 1000}


def value_of(numeral: str) -> int | None:
    """The number that a numeral means; None for signs that are none."""
    if not numeral:
        return None
    if numeral.isdigit() and numeral.isdecimal():
        return int(numeral)
    if all(sign in _DIGITS for sign in numeral):  # 二〇二四
        return int("".join(str(_DIGITS[sign]) for sign in numeral))
    total, digit, last = 0, -1, 10_000
    for sign in numeral:
        if sign in _UNITS:
            unit = _UNITS[sign]
            if unit >= last:
                return None
            total += (1 if digit < 0 else digit) * unit
            digit, last = -1, unit
        elif sign in _DIGITS and (digit < 0 or digit == 0):
            digit = _DIGITS[sign]
        else:
            return None
    return total + max(digit, 0)
