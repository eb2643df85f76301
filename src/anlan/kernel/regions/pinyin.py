"""Search and sort keys of Chinese names: found by text, pinyin or initials, sorted as a Chinese dictionary sorts."""

from __future__ import annotations

import functools
import importlib
import itertools
import re
from collections.abc import Callable
from dataclasses import dataclass

from django.db.models import Q

_NOT_WORD = re.compile(r"[^0-9a-z]+")

#: Characters of names that people read in more than one way, with their other readings: 重庆 is found by zq and by cq.
#: Only readings that occur in names of places, firms and persons; the dictionary's rare ones would find too much.
POLYPHONES: dict[str, tuple[str, ...]] = {
    "阿": ("e",), "柏": ("bo",), "蚌": ("bang", "beng"), "薄": ("bo", "bao"), "堡": ("bao", "pu", "bu"),
    "泊": ("bo", "po"), "埔": ("pu", "bu"), "藏": ("cang", "zang"), "曾": ("zeng", "ceng"), "查": ("cha", "zha"),
    "长": ("chang", "zhang"), "朝": ("chao", "zhao"), "车": ("che", "ju"), "澄": ("cheng", "deng"),
    "乘": ("cheng", "sheng"), "盛": ("sheng", "cheng"), "晟": ("sheng", "cheng"), "仇": ("chou", "qiu"),
    "重": ("zhong", "chong"), "传": ("chuan", "zhuan"), "单": ("dan", "shan"), "都": ("du", "dou"),
    "洞": ("dong", "tong"), "峒": ("dong", "tong"), "调": ("diao", "tiao"), "番": ("fan", "pan"), "佛": ("fo", "fu"),
    "盖": ("gai", "ge"), "谷": ("gu", "yu"), "莞": ("guan", "wan"), "涡": ("wo", "guo"), "行": ("xing", "hang"),
    "合": ("he", "ge"), "虹": ("hong", "jiang"), "浒": ("hu", "xu"), "会": ("hui", "kuai"), "解": ("jie", "xie"),
    "降": ("jiang", "xiang"), "角": ("jiao", "jue"), "觉": ("jue", "jiao"), "校": ("xiao", "jiao"),
    "句": ("ju", "gou"), "乐": ("le", "yue"), "六": ("liu", "lu"), "陆": ("lu", "liu"), "绿": ("lv", "lu"),
    "缪": ("miao", "mou"), "秘": ("mi", "bi"), "弄": ("nong", "long"), "陂": ("bei", "pi"), "朴": ("pu", "piao"),
    "栖": ("qi", "xi"), "期": ("qi", "ji"), "铅": ("qian", "yan"), "强": ("qiang", "jiang"), "覃": ("qin", "tan"),
    "区": ("qu", "ou"), "厦": ("xia", "sha"), "色": ("se", "shai"), "省": ("sheng", "xing"), "石": ("shi", "dan"),
    "宿": ("su", "xiu"), "术": ("shu", "zhu"), "汤": ("tang", "shang"), "拓": ("tuo", "ta"), "万": ("wan", "mo"),
    "圩": ("wei", "xu"), "尉": ("wei", "yu"), "系": ("xi", "ji"), "纤": ("xian", "qian"), "巷": ("xiang", "hang"),
    "荥": ("xing", "ying"), "殷": ("yin", "yan"), "员": ("yuan", "yun"), "翟": ("zhai", "di"), "轧": ("zha", "ya"),
    "粘": ("zhan", "nian"), "种": ("zhong", "chong"),
}  # fmt: skip

#: Words of which the sounds are remembered.
_WORDS = 8_192
#: Most readings kept of one name; a name with more polyphones keeps those of its first ones.
MOST_READINGS = 8


@dataclass(frozen=True, slots=True)
class NameKeys:
    """What is kept beside a name: `pinyin` to search by, `sort` to sort by."""

    pinyin: str
    sort: str


@functools.cache
def _reader() -> Callable[[str], list[str]]:
    """What `lazy_pinyin` does, with the sounds of words remembered: names are made of the same few words."""
    # The pronunciation tables cost each process 60 MB; only the ones that write names pay for them.
    core = importlib.import_module("pypinyin.core")
    converter = core.UltimateConverter(neutral_tone_with_five=True)
    cut = core.Pinyin(converter).seg

    @functools.lru_cache(maxsize=_WORDS)
    def sounds(word: str) -> tuple[str, ...]:
        found = converter.convert(word, core.Style.TONE3, False, list, strict=True)
        return tuple(itertools.chain.from_iterable(found))

    return lambda text: [sound for word in cut(text) for sound in sounds(word)]


def pinyin_key(text: str, size: int = 160) -> str:
    """ "full|initials" of a name, lower case: 沧浦镇 → "cangpuzhen|cpz", 3号罐 → "3haoguan|3hg".

    A name with a polyphone has a pair a reading, the likeliest first: 重庆路 → "chongqinglu|cql|zhongqinglu|zql".

    size  most characters of the result; the first full form is cut first, since initials are what people type, and
          further readings are left out where they do not fit
    """
    return name_keys(text, size).pinyin


def sort_key(text: str, size: int = 200) -> str:
    """What a list sorts names by: pinyin with its tone, sign by sign, as a Chinese dictionary does.

    Numbers sort by value (3号罐 before 12号罐), before letters; Latin letters stand among the syllables.

    size  most characters of the result
    """
    return name_keys(text, sort_size=size).sort


def name_keys(text: str, size: int = 160, sort_size: int = 200) -> NameKeys:
    """Both keys of a name by one look into the dictionary; see `pinyin_key` and `sort_key`."""
    if not text:
        return NameKeys("", "")
    toned = _reader()(text)
    plain = [
        sound[:-1] if sign != sound and sound[-1:].isdigit() else sound for sign, sound in zip(text, toned, strict=True)
    ]
    return NameKeys(_search_key(text, plain, size), _sort_key(text, toned)[:sort_size])


def _sort_key(text: str, toned: list[str]) -> str:
    parts: list[str] = []
    digits = ""
    for sign, sound in zip(text, toned, strict=True):
        if sign.isascii() and sign.isdigit():
            digits += sign
            continue
        if digits:
            parts.append(digits.zfill(6))
            digits = ""
        # The blank ends a syllable, so that 西安 xi1 an1 stands before 先 xian1.
        parts.append(sign.lower() if sign == sound else sound + " ")
    return "".join([*parts, digits.zfill(6)] if digits else parts)


def _search_key(text: str, plain: list[str], size: int) -> str:
    pieces = [
        (sound, *(other for other in POLYPHONES.get(sign, ()) if other != sound))
        for sign, sound in zip(text, plain, strict=True)
    ]
    lower = text.lower()
    found = ""
    seen = set()
    for chosen in itertools.islice(itertools.product(*pieces), MOST_READINGS):
        words = _words(text, chosen)
        if not words:
            return ""
        full = "".join(words)
        # A Latin word or a number is typed whole: V203 stays v203 in both forms.
        initials = "".join(word if word[0].isdigit() or word in lower else word[0] for word in words)
        if full in seen:
            continue
        seen.add(full)
        if not found:
            initials = initials[: size // 2]
            found = full[: size - len(initials) - 1] + "|" + initials
        elif len(found) + len(full) + len(initials) + 2 <= size:
            found += f"|{full}|{initials}"
    return found


def _words(text: str, sounds: tuple[str, ...]) -> list[str]:
    """Sounds sign by sign as words: a run of Latin letters and digits is one word, a Chinese sign one syllable."""
    words: list[str] = []
    run = ""
    for sign, sound in zip(text, sounds, strict=True):
        if sign.isascii() and sign.isalnum():
            run += sign.lower()
            continue
        if run:
            words.append(run)
            run = ""
        if sound.isascii() and sound.isalnum():
            words.append(sound)
        else:
            words += _NOT_WORD.sub(" ", sound.lower()).split()
    return [*words, run] if run else words


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
