"""Lengths of time as people write them into a form: "10 min", "2 h", "90 s", "15 d", 分, 小时, 秒, 天."""

from __future__ import annotations

import re

from django.utils.translation import gettext as _

_SPAN = re.compile(r"(\d+(?:[.,]\d+)?)\s*([a-z一-鿿]*)", re.IGNORECASE)
_UNITS = {
    "": 1, "s": 1, "sec": 1, "秒": 1,
    "min": 60, "m": 60, "分": 60, "分钟": 60,
    "h": 3600, "hour": 3600, "hours": 3600, "时": 3600, "小时": 3600,
    "d": 86_400, "day": 86_400, "days": 86_400, "天": 86_400, "日": 86_400,
}  # fmt: skip


def seconds(text: str) -> float:
    """The seconds that a text means; a number alone is seconds. Raises ValueError, in words."""
    found = _SPAN.fullmatch(text.strip())
    unit = _UNITS.get(found[2].lower()) if found else None
    if found is None or unit is None:
        raise ValueError(_("“%(text)s” is no length of time: write 30 s, 10 min, 2 h or 15 d") % {"text": text[:40]})
    return float(found[1].replace(",", ".")) * unit


def text(length_s: float) -> str:
    """A length as a form shows it, in its largest whole unit."""
    for unit, size in (("d", 86_400), ("h", 3600), ("min", 60)):
        if length_s >= size and length_s % size == 0 and (unit != "d" or length_s > 72 * 3600):
            return f"{length_s / size:g} {unit}"
    return f"{length_s:g} s"
