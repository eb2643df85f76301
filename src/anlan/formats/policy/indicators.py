"""Targets of a plan: rows of its tables of indicators, and sentences that set a number, a rank or a direction."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal

from anlan.formats.policy.drafts import Indicator
from anlan.formats.policy.sentences import Fragment, Sentence
from anlan.formats.policy.tables import Table
from anlan.formats.policy.targets import TARGETS, Found
from anlan.formats.policy.times import BASE, number_of, plain, without_base, years_of
from anlan.formats.policy.trees import Tree

_KINDS = {"约束": "binding", "预期": "expected"}
_CELL = re.compile(
    r"(?P<trend>下降|降低|减少|提升|提高|增长|增加)?\s*(?P<sign>≥|≤|>=|<=|>|<|=|不低于|不少于|不高于|不超过|低于"
    r"|高于|小于|大于|至少|达到|达)?"
    r"\s*(?P<value>\d[\d,]*(?:\.\d+)?)\s*(?P<unit>[^\d\s，。；、,;]{0,8}?)\s*(?P<more>以上|以下|以内"
    r"|左右)?\s*(?:[（(].*)?"
)
_SIGNS = {
    "≥": ">=", ">=": ">=", "≤": "<=", "<=": "<=", ">": ">", "<": "<", "=": "=", "不低于": ">=", "不少于": ">=",
    "不高于": "<=", "不超过": "<=", "低于": "<", "高于": ">", "小于": "<", "大于": ">", "至少": ">=", "达到": ">=",
    "达": ">=", "以上": ">=", "以下": "<=", "以内": "<=",
}  # fmt: skip
_RANK = re.compile(
    r"(?:国际|国内|全国|全省|全市|省内|市内|同类|世界)?[^\d，。]{0,4}(?:前列|一流|领先|先进|上游|前茅)(?:水平)?"
)
#: A direction without a number is held against so many exact targets.
_COMPARED = 500
#: A fragment longer than this is no sentence of a person.
_LONG = 400
#: A name no longer says too little by itself.
_SHORT = 3
_DOWN = ("下降", "降低", "减少")
#: Headings of columns that say what a number is, not what it must become.
_NOT_TARGETS = ("基期", "现状", "基数", "基准", "实际", "完成情况")


def indicators(tree: Tree, found: list[Sentence], year: int | None) -> list[Indicator]:
    """Targets in reading order, each once.

    year  of the document, for sentences that name none
    """
    drafts: list[Indicator] = []
    for at, clause in enumerate(tree.clauses):
        if clause.table is not None:
            drafts += _rows(tree, at, clause.table, year)
    for sentence in found:
        drafts += _of_sentence(tree, sentence, year)
    return _each_once(sorted(drafts, key=lambda draft: (draft.start, draft.end)))


#: A sentence of these sets a penalty and no target.
_PENALTY = re.compile(r"处[^，。；,;]{0,12}罚款|责令|吊销")


def _of_sentence(tree: Tree, sentence: Sentence, year: int | None) -> Iterator[Indicator]:
    if _PENALTY.search(sentence.text):
        return
    carried: int | None = None
    previous = ""
    for fragment in sentence.fragments:
        base = BASE.search(fragment.text)
        for part in _parts(fragment) if len(fragment.text) <= _LONG else ():
            years = years_of(without_base(part.text))
            carried = years[-1][1] if years else carried
            for target in TARGETS:
                hits = list(target(part, sentence, previous))
                for hit in hits:
                    own = hit.year or carried or sentence.year_above
                    reasons = (*hit.reasons, "deadline" if hit.year or carried else
                               "year_above" if own else "year_of_document")  # fmt: skip
                    yield _draft(tree, sentence, hit, own or year, reasons, base[0] if base else "")
                    previous = hit.name
                if hits:
                    break


def _parts(fragment: Fragment) -> list[Fragment]:
    """A fragment cut at 、 where what stands before it has a number of its own: 市级提前12小时、县级提前6小时."""
    parts: list[Fragment] = []
    start = 0
    for stop in [*(n for n, sign in enumerate(fragment.text) if sign == "、"), len(fragment.text)]:
        piece = fragment.text[start:stop]
        if stop == len(fragment.text) or re.search(r"\d\s*(?:%|[\u4e00-\u9fff])|[一二两三]次", piece):
            parts.append(Fragment(piece, fragment.start + start, (*fragment.before, *(part.text for part in parts))))
            start = stop + 1
    # What is left without a number belongs to what stands before it.
    if len(parts) > 1 and not re.search(r"\d|次", parts[-1].text):
        last = parts.pop()
        whole = fragment.text[parts[-1].start - fragment.start : last.end - fragment.start]
        parts[-1] = Fragment(whole, parts[-1].start, parts[-1].before)
    return parts


def _draft(
    tree: Tree, sentence: Sentence, hit: Found, year: int | None, reasons: tuple[str, ...], base: str
) -> Indicator:
    words = tree.cleaned.text[hit.start : hit.end]
    heading = tree.clauses[sentence.clause].heading
    if len(hit.name) <= _SHORT and hit.name[-1] not in "率数" and heading and hit.name not in heading:
        hit = replace(hit, name=f"{heading}：{hit.name}")
        reasons = (*reasons, "borrowed_name")
    confidence = 0.5 + 0.1 * sum(reason in ("comparator", "rate", "rank", "deadline") for reason in reasons)
    confidence -= 0.1 * sum(reason in ("borrowed_name", "short_name", "trend") for reason in reasons)
    if sentence.told:
        reasons = (*reasons, "state_of_things")
        confidence /= 2
    return Indicator(clause=sentence.clause, start=hit.start, end=hit.end, words=words,
                     confidence=round(min(0.9, max(0.2, confidence)), 2), reasons=reasons, name=hit.name,
                     comparator=hit.comparator, value=hit.value, unit=hit.unit, year=year, base=base, rank=hit.rank,
                     kind=_kind(sentence.text) if "性" in sentence.text else "")  # fmt: skip


def _kind(said: str) -> str:
    return next((kind for word, kind in _KINDS.items() if word in said), "")


def _rows(tree: Tree, at: int, table: Table, year: int | None) -> Iterator[Indicator]:
    """Rows of a table with a column of indicators and one or more of targets."""
    name = table.column("指标名称", "规划指标", "指标", "目标名称")
    kind = table.column("属性", "类型", "性质")
    measure = table.column("单位", without=("责任单位", "牵头单位", "配合单位"))
    targets = [
        n for n, head in enumerate(table.heads)
        if n not in (name, kind, measure) and re.search(r"目标|指标值|规划值|20\d{2}年", head)
        and not any(word in head for word in _NOT_TARGETS)
    ]  # fmt: skip
    if name < 0 or not targets:
        return
    base = next((n for n, head in enumerate(table.heads) if any(word in head for word in _NOT_TARGETS)), -1)
    rows = range(at + 1, at + len(table.rows))
    for row, cells in zip(rows, table.rows[1:], strict=True):
        said = [plain(cell.text) for cell in cells] + [""] * (len(table.heads) - len(cells))
        for column in targets:
            if column >= len(cells) or not said[name] or not said[column]:
                continue
            years = years_of(plain(table.heads[column])) or years_of(tree.clauses[at].heading)
            start, end = tree.clauses[row].start, tree.clauses[row].end
            draft = Indicator(clause=row, start=start, end=end, words=tree.cleaned.text[start:end], confidence=0.95,
                              reasons=("table", "deadline" if years else "year_of_document"), name=said[name],
                              comparator="", year=years[-1][1] if years else year,
                              kind=_kind(said[kind]) if kind >= 0 else "",
                              unit=said[measure] if measure >= 0 else "",
                              base=f"{table.heads[base]} {said[base]}" if base >= 0 and said[base] else "")  # fmt: skip
            filled = _filled(draft, said[column])
            if filled is not None:
                yield filled


def _filled(draft: Indicator, cell: str) -> Indicator | None:
    """The draft with what a cell of targets says; None for a cell that sets nothing."""
    if rank := _RANK.fullmatch(cell):
        return replace(draft, comparator="top", rank=rank[0])
    found = _CELL.fullmatch(cell)
    if found:
        value = number_of(found["value"])
        unit = found["unit"] or draft.unit
        if found["trend"]:
            return replace(draft, comparator="down" if found["trend"] in _DOWN else "up", value=value, unit=unit)
        sign = found["sign"] or found["more"] or ""
        return replace(draft, comparator=_SIGNS.get(sign, "="), value=value, unit=unit)
    if any(word in cell for word in _DOWN):
        return replace(draft, comparator="down")
    if cell in ("零", "不发生", "杜绝"):
        return replace(draft, comparator="=", value=Decimal(0))
    return None


def _each_once(drafts: list[Indicator]) -> list[Indicator]:
    """Without what an earlier draft says with the same numbers, or more exactly."""
    kept: dict[tuple[str, str, Decimal | None, int | None], Indicator] = {}
    for draft in drafts:
        kept.setdefault((draft.name, draft.comparator, draft.value, draft.year), draft)
    exact = [one for one in kept.values() if one.value is not None and one.comparator != "="][:_COMPARED]
    return [
        one for one in kept.values()
        if one.value is not None or one.comparator not in ("down", "up")
        or not any(_shares(one.name, other.name) for other in exact)
    ]  # fmt: skip


def _shares(one: str, other: str) -> bool:
    """Do two names speak of the same measure?"""
    return len(_pairs(one) & _pairs(other)) * 2 > min(len(_pairs(one)), len(_pairs(other)))


def _pairs(name: str) -> set[str]:
    return {name[at : at + 2] for at in range(len(name) - 1)}
