"""Which column of a file is which field of a register: by last time, by names in both languages, by common synonyms."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Mapping, Sequence

from django.utils.translation import override

from anlan.kernel.registers.declarations import Register
from anlan.kernel.registers.info import FieldInfo, Kind

#: Headings under which bureaus keep what every register has, by field.
_SYNONYMS: Mapping[str, tuple[str, ...]] = {
    "code": ("编码", "编号", "代码", "唯一编码", "id", "no"),
    "name": ("名称", "单位名称", "企业名称", "单位", "场所名称", "对象名称", "点位名称", "姓名", "title"),
    "region": (
        "区域", "行政区划", "行政区", "所属区域", "所在乡镇", "乡镇", "所属乡镇", "乡镇街道", "镇街", "街道", "村",
        "村社区", "所在村", "行政村", "社区", "所属村社区", "行政区划代码", "区划代码", "town", "village",
    ),
    "kind": ("类型", "类别", "种类", "分类", "type"),
    "address": ("地址", "详细地址", "所在地址", "地点", "位置", "坐落", "经营地址", "生产地址", "住址"),
    "lon": ("经度", "东经", "东经度", "longitude", "lng", "经度e", "中心点经度", "y坐标", "横坐标", "easting", "x"),
    "lat": ("纬度", "北纬", "北纬度", "latitude", "纬度n", "中心点纬度", "x坐标", "纵坐标", "northing", "y"),
    "remark": ("备注", "说明", "其他", "note", "remarks", "description"),
}  # fmt: skip
_CONTACT = ("联系人", "负责人", "责任人", "管理员", "主要负责人", "法定代表人", "安全负责人")
_PHONE = ("电话", "联系电话", "手机", "手机号", "手机号码", "联系方式", "负责人电话", "责任人电话")
_NOISE = re.compile(r"[\s*＊:：_\-—/、,，.。]+|[(（\[【].*?[)）\]】]")
#: Guesses below this are not made.
_SURE = 0.6


def fingerprint(names: Sequence[str]) -> str:
    """What tells one kind of sheet from another: its headings in order."""
    return hashlib.sha256("\n".join(map(plain, names)).encode()).hexdigest()


def plain(heading: str) -> str:
    """A heading without unit, stars, blanks and marks: 经度(°)* is 经度."""
    text = unicodedata.normalize("NFKC", heading).casefold()
    return _NOISE.sub("", text) or text.strip()


def called(register: Register) -> dict[str, frozenset[str]]:
    """Every plain heading that means a field, by field."""
    found: dict[str, set[str]] = {name: {plain(name)} for name in fields(register)}
    for language in ("zh-hans", "en"):
        with override(language):
            for name in found:
                found[name].add(plain(register.info(name).label))
    for name, words in _SYNONYMS.items():
        if name in found:
            found[name] |= set(map(plain, words))
    people = [name for name in found if _is_person(register.info(name))]
    phones = [name for name in found if register.sensitive.get(name) == "phone"]
    for names, words in ((people, _CONTACT), (phones, _PHONE)):
        common = set(map(plain, words))
        # Of several persons the one that is called by no more than such a word is meant, or nobody can know.
        meant = names if len(names) == 1 else [name for name in names if found[name] & common]
        if len(meant) == 1:
            found[meant[0]] |= common
    return {name: frozenset(words - {""}) for name, words in found.items()}


def _is_person(info: FieldInfo) -> bool:
    return info.name in ("keeper", "leader", "contact", "manager") and info.kind in (Kind.TEXT, Kind.PERSON)


def fields(register: Register) -> list[str]:
    """Fields that a file may fill, in order. Parts without a place of their own have no coordinates."""
    bare = () if register.located else ("lon", "lat", "outline")
    return [name for name in register.fields if register.info(name).editable and name not in bare]


def guess(register: Register, names: Sequence[str]) -> dict[int, str]:
    """Column → field, each field once but for the region, which a town and a village may say together."""
    known = called(register)
    scored = sorted(
        (
            (-score, at, order, field)
            for at, heading in enumerate(names)
            if heading
            for order, (field, words) in enumerate(known.items())
            if (score := _likeness(plain(heading), plain(heading.rpartition("/")[2]), words)) >= _SURE
        ),
    )
    chosen: dict[int, str] = {}
    for _score, at, _order, field in scored:
        if at not in chosen and (field not in chosen.values() or field == "region"):
            chosen[at] = field
    return chosen


def _likeness(whole: str, last: str, words: frozenset[str]) -> float:
    """1 for a heading that is one of the words, less for one that contains it or is contained."""
    best = 0.0
    for said, most in ((whole, 1.0), (last, 0.95)):
        if said in words:
            return most
        if len(said) > 1:
            for word in words:
                if len(word) > 1 and (word in said or said in word):
                    best = max(best, 0.9 * min(len(word), len(said)) / max(len(word), len(said)) + 0.05)
    return best
