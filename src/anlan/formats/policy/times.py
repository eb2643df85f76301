"""Numbers, years, days and rhythms as plans write them."""

from __future__ import annotations

import calendar
import re
from datetime import date
from decimal import Decimal

from anlan.formats.texts.numerals import value_of

_PERCENT = re.compile(r"百分之([零一二三四五六七八九十百\d]{1,5})(?:点([零一二三四五六七八九]{1,3}))?(?!点)")
_FULL = str.maketrans("０１２３４５６７８９．％，＜＞＝～", "0123456789.%,<>=~")
#: A number in figures, or a Chinese one before a measure.
NUMBER = r"(?:\d[\d,]*(?:\.\d+)?|[一二两三四五六七八九十百]{1,4})"
_YEAR = r"(20\d{2})\s*年"
_WITHIN = re.compile(
    rf"(?:{_YEAR}\s*(?:(\d{{1,2}})\s*月\s*(?:(\d{{1,2}})\s*日)?)?|(\d{{1,2}})\s*月\s*(?:(\d{{1,2}})\s*日|[底末])"
    rf"|(?:今年|本年|年)(?=底|末|内))\s*([底末])?(?:之?前|以前|内)?"
)
#: What a target is compared with: 较2025年, 同比.
BASE = re.compile(
    r"(?:较|(?<!占)比|与)\s*(?:20\d{2}\s*年|上年|上一年|去年|同期|基期)(?:度|同期|相比)?|同比|以\s*20\d{2}\s*年.{0,6}为(?:基数|基准|基期)"
)
_BOUND = re.compile(r"[底末内前]$")
_UP_TO = re.compile(r"(?:到|至|截至|力争|争取|确保|在|于|(?:时限|时间)[:：])\s*$")
_RANGE = re.compile(r"(20\d{2})\s*(?:年)?\s*(?:[-—–~～至到]+)\s*(20\d{2})\s*年")
_EVERY = re.compile(
    r"(?:每(?:个)?(半年|年度|年|季度|季|月|周|星期|日|天|两年)|按(半年|年|季|月|周|日)度?)[^，。；、]{0,12}?"
    rf"(?:(?:不少于|至少|开展|组织|召开)?[^，。；、]{{0,12}}?({NUMBER})\s*(?:次|家|轮|遍|场))?"
)
_RHYTHMS = {
    "半年": "half-year", "年度": "year", "年": "year", "季度": "quarter", "季": "quarter", "月": "month",
    "周": "week", "星期": "week", "日": "day", "天": "day", "两年": "two years",
}  # fmt: skip


def plain(text: str) -> str:
    """Full-width figures and signs as ordinary ones, 百分之十五 as 15%; of the same length."""
    return _PERCENT.sub(_in_figures, text.translate(_FULL))


def _in_figures(found: re.Match[str]) -> str:
    whole = value_of(found[1])
    part = "." + "".join(str(value_of(sign)) for sign in found[2]) if found[2] else ""
    return found[0] if whole is None else f"{whole}{part}%".rjust(len(found[0]))


def number_of(said: str) -> Decimal | None:
    """The number that figures or Chinese numerals mean."""
    said = plain(said).replace(",", "")
    if re.fullmatch(r"\d+(?:\.\d+)?", said):
        return Decimal(said)
    value = value_of(said)
    return None if value is None else Decimal(value)


def without_base(text: str) -> str:
    """The text with blanks where it names what a target is compared with; of the same length."""
    return BASE.sub(lambda found: " " * len(found[0]), text)


def period_of(text: str) -> tuple[int, int] | None:
    """First and last year of 2021-2023年."""
    found = _RANGE.search(text)
    return (int(found[1]), int(found[2])) if found and int(found[1]) <= int(found[2]) else None


def years_of(text: str) -> list[tuple[int, int]]:
    """Every single year with the place where it is named; a range gives its last year."""
    ranges = [(found.start(), int(found[2]), found.end()) for found in _RANGE.finditer(text)]
    single = [(found.start(), int(found[1]), found.end()) for found in re.finditer(_YEAR, text)
              if not any(start <= found.start() < end for start, _year, end in ranges)]  # fmt: skip
    return [(place, year) for place, year, _end in sorted(ranges + single)]


def deadline_of(text: str, year: int | None) -> date | None:
    """The last day that the words allow. `year`: for words that name none (3月底前, 年底前)."""
    last: date | None = None
    for found in _WITHIN.finditer(text):
        own = int(found[1]) if found[1] else year
        month, day = found[2] or found[4], found[3] or found[5]
        bound = bool(_BOUND.search(found[0])) or _UP_TO.search(text, 0, found.start()) is not None
        # 2022年，完成… is a deadline; 2019年检查的回头看 is none.
        if (
            own is None
            or not (bound or not text[: found.start()].strip("，,；;。 、"))
            or text[found.end() :][:1] == "度"
        ):
            continue
        last = _day(own, int(month) if month else 12, int(day) if day else None) or last
    return last


def _day(year: int, month: int, day: int | None) -> date | None:
    if not 1 <= month <= 12:
        return None
    longest = calendar.monthrange(year, month)[1]
    if day is not None and not 1 <= day <= longest:
        return None
    return date(year, month, day or longest)


def rhythm_of(text: str) -> tuple[str, Decimal | None]:
    """How often, and how many times each; ("", None) where nothing is said."""
    found = _EVERY.search(text)
    if not found:
        return "", None
    return _RHYTHMS[found[1] or found[2]], number_of(found[3]) if found[3] else None
