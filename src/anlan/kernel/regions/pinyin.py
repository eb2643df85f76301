"""Search keys: a name is found by its Chinese text, its pinyin, or the initials of its pinyin."""

from __future__ import annotations

import functools
import importlib
import re
from collections.abc import Callable

from django.db.models import Q

_NOT_WORD = re.compile(r"[^0-9a-z]+")


@functools.cache
def _reader() -> Callable[[str], list[str]]:
    # The pronunciation tables cost each process 60 MB; only the ones that write names pay for them.
    reader: Callable[[str], list[str]] = importlib.import_module("pypinyin").lazy_pinyin
    return reader


def pinyin_key(text: str, size: int = 160) -> str:
    """ "full|initials" of a name, lower case: 沧浦镇 → "cangpuzhen|cpz", 3号罐 → "3haoguan|3hg".

    size  most characters of the result; the full form is cut first, since initials are what people type
    """
    if not text:
        return ""
    parts = [_NOT_WORD.sub(" ", part.lower()).split() for part in _reader()(text)]
    words = [word for part in parts for word in part]
    # A Latin word or a number is typed whole: V203 stays v203 in both forms.
    initials = "".join(word if word[0].isdigit() or word in text.lower() else word[0] for word in words)
    initials = initials[: size // 2]
    return "".join(words)[: size - len(initials) - 1] + "|" + initials if words else ""


def matching(typed: str, *, name: str = "name", key: str = "pinyin") -> Q:
    """Rows whose name contains what was typed, or whose pinyin or initials contain it; nothing typed, everything.

    name, key  names of the fields with the text and with `pinyin_key` of it
    """
    typed = typed.strip()
    if not typed:
        return Q()
    condition = Q(**{f"{name}__icontains": typed})
    latin = _NOT_WORD.sub("", typed.lower())
    if latin and typed.isascii():
        condition |= Q(**{f"{key}__contains": latin})
    return condition
