"""Moments as vendors write them, to epoch ms: every form is chosen, none is guessed, and no zone is assumed."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, Final
from zoneinfo import ZoneInfo

#: Texts without a zone that may be chosen.
PATTERNS: Final = (
    "yyyy-MM-dd HH:mm:ss",
    "yyyy-MM-dd HH:mm:ss.SSS",
    "yyyy-MM-dd HH:mm",
    "yyyy-MM-dd'T'HH:mm:ss",
    "yyyy/MM/dd HH:mm:ss",
    "yyyyMMddHHmmss",
    "yyyyMMddHHmmssSSS",
    "yyyy年MM月dd日 HH:mm:ss",
)
#: Moments that can be meant, as at the door: 1990-01-01 to 2089-01-01. Seconds read as milliseconds are outside.
EARLIEST_MS, LATEST_MS = 631_152_000_000, 3_755_289_600_000

_PARTS: Final = {"yyyy": "Y", "MM": "M", "dd": "D", "HH": "h", "mm": "m", "ss": "s", "SSS": "f"}
_ISO: Final = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:[.,]\d{1,9})?)?(?P<zone>Z|[+-]\d\d:?\d\d)?", re.ASCII)
_EPOCH: Final = re.compile(r"-?\d{1,16}(?:\.\d{1,9})?", re.ASCII)
_ZERO: Final = datetime(1970, 1, 1, tzinfo=UTC)
_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_+-]*(?:/[A-Za-z0-9_+-]+){0,2}", re.ASCII)


class BadTime(ValueError):
    """A moment that cannot be read; `kind` is the fault."""

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.kind = kind


@lru_cache(maxsize=256)
def zone_of(name: str) -> ZoneInfo | None:
    """The zone of a name such as Asia/Shanghai; None when there is none of it."""
    if not _NAME.fullmatch(name):
        return None
    try:
        return ZoneInfo(name)
    except (LookupError, ValueError, OSError):
        return None


def epoch_ms(said: Any, per: int, *, text: bool) -> int:
    """Epoch ms of a number that counts `per` ms (1 or 1000); `text`: it may be written as text. Raises BadTime."""
    if text and type(said) is str and _EPOCH.fullmatch(said):
        said = float(said)
    if type(said) not in (int, float) or not -1e16 < said < 1e16:
        raise BadTime("odd_time")
    return _meant(round(said * per))


def iso_ms(said: Any, zone: ZoneInfo | None) -> int:
    """Epoch ms of an ISO 8601 text; `zone` is for those that name none, None: they are refused. Raises BadTime."""
    found = _ISO.fullmatch(said) if type(said) is str else None
    if found is None:
        raise BadTime("odd_time")
    try:
        moment = datetime.fromisoformat(said.replace(",", "."))
        if moment.tzinfo is None:
            if zone is None:
                raise BadTime("no_zone")
            return _meant(_local(moment, zone))
        return _meant((moment - _ZERO) // timedelta(milliseconds=1))
    except (ValueError, OverflowError) as error:
        raise error if isinstance(error, BadTime) else BadTime("odd_time") from error


def text_ms(said: Any, pattern: str, zone: ZoneInfo) -> int:
    """Epoch ms of a text in one of `PATTERNS`, in a zone. Raises BadTime."""
    if type(said) is int:
        said = str(said)  # yyyyMMddHHmmss is sent as a number by some
    found = _regex(pattern).fullmatch(said) if type(said) is str else None
    if found is None:
        raise BadTime("odd_time")
    told = found.groupdict()
    try:
        moment = datetime(
            int(told["Y"]), int(told["M"]), int(told["D"]), int(told["h"]), int(told["m"]), int(told.get("s") or 0),
            int(told.get("f") or 0) * 1000,
        )  # fmt: skip
        return _meant(_local(moment, zone))
    except (ValueError, OverflowError) as error:
        raise error if isinstance(error, BadTime) else BadTime("odd_time") from error


def _local(moment: datetime, zone: ZoneInfo) -> int:
    """Epoch ms of a clock on a wall. One that shows this moment twice, or never, is not believed."""
    first = moment.replace(tzinfo=zone).utcoffset()
    second = moment.replace(tzinfo=zone, fold=1).utcoffset()
    if first is None or second is None or second > first:
        raise BadTime("odd_time")
    if first > second:
        raise BadTime("two_times")
    return (moment.replace(tzinfo=UTC) - first - _ZERO) // timedelta(milliseconds=1)


def _meant(ms: int) -> int:
    if not EARLIEST_MS <= ms < LATEST_MS:
        raise BadTime("odd_time")
    return ms


@lru_cache(maxsize=32)
def _regex(pattern: str) -> re.Pattern[str]:
    made = ""
    for piece in re.split(r"(yyyy|MM|dd|HH|mm|ss|SSS)", pattern.replace("'", "")):
        made += f"(?P<{_PARTS[piece]}>\\d{{{len(piece)}}})" if piece in _PARTS else re.escape(piece)
    return re.compile(made, re.ASCII)
