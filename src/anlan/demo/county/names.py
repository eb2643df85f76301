"""Made-up names. Characters are drawn from short lists by hash, so that nobody real is meant and nothing repeats."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from anlan.demo.county.noise import even, scramble

_FAMILY = "顾沈阮叶陆祝闻程苏梁傅温卓颜裴俞骆简桑晏翁柯甘辛窦虞霍蓝柏詹宁荆"
_GIVEN_1 = "怀知清观景长采砚思望临听予书若南念亦禾映润舒远立牧含澄汀砺初向闲"
_GIVEN_2 = "远微和澜行庚薇舟齐川野溪桥朗谷遥衡岚秋松屿白简竹声帆青宁年原禾"

_WORD_1 = "柳桐松竹梅杏枫桂榆槐石青红银鹿云月星泉井麻茶药漆稻莲苇芦鹭雁橙柿栗棠椿桑兰芷苔砚笔弓犁磨碾"
_WORD_2 = "湾坪坝垭岭沟坡塘桥岗湖坎林园田渡岩冲坳寨畈浦洲滩垄"

#: Never issued: 190 0000 with the last four digits drawn.
_PHONE = "1900000"


def _pick(text: str, *keys: int) -> str:
    return text[int(scramble(*keys)) % len(text)]


def person_name(seed: int, number: int) -> str:
    """Name of three characters."""
    first, last = _pick(_GIVEN_1, seed, number, 2), _pick(_GIVEN_2, seed, number, 3)
    if first == last:
        last = "安"
    return _pick(_FAMILY, seed, number, 1) + first + last


def phone(seed: int, number: int) -> str:
    """Eleven digits that no operator has given to anyone; the last four from the person."""
    return f"{_PHONE}{int(scramble(seed, number, 4)) % 10000:04d}"


def grid_worker(seed: int, grid: int) -> tuple[str, str]:
    """Name and phone of the worker of a grid."""
    return person_name(seed + 1, grid), phone(seed + 1, grid)


def village_names(seed: int) -> Iterator[str]:
    """Words of two characters, each once."""
    words = [a + b for a in _WORD_1 for b in _WORD_2]
    for index in np.argsort(even(seed, 500, np.arange(len(words))), kind="stable").tolist():
        yield words[index]


def firm_words(seed: int) -> Iterator[str]:
    """First words of firms' names, each once: 澜润, 恒砺, …"""
    words = [a + b for a in "恒瑞砺宏晟朗润泽沐汇盛源嘉辰川岳腾凌昱臻" for b in "澜润泰丰禾晟达远成信安昌沣源和旭诚川"]
    words = [word for word in words if word[0] != word[1]]
    for index in np.argsort(even(seed, 501, np.arange(len(words))), kind="stable").tolist():
        yield words[index]
