"""Pieces of work that a plan asks for: a verb, its object, and how much, by when, how often, how far."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from anlan.formats.policy.drafts import Task
from anlan.formats.policy.sentences import Sentence
from anlan.formats.policy.times import deadline_of, number_of, plain, rhythm_of
from anlan.formats.policy.trees import Tree

_VERBS = (
    "建立健全", "建立完善", "建设完善", "健全完善", "制定实施", "贯彻落实", "组织开展", "探索建立", "建设完成",
    "完成", "建成", "建设", "建立", "健全", "完善", "构建", "开展", "组织", "制定", "修订", "编制", "印发", "出台",
    "推进", "推动", "推行", "推广", "落实", "实施", "加强", "强化", "深化", "提升", "提高", "加大", "加快", "培育",
    "组建", "新建", "新增", "增加", "配备", "配齐", "整合", "统筹", "打造", "创建", "举办", "召开", "启动", "实现",
    "督促", "指导", "排查", "整治", "治理", "检查", "督查", "巡查", "监督", "培训", "宣传", "演练", "储备", "更新",
    "改造", "升级", "拓展", "优化", "规范", "明确", "细化", "普及", "安装", "接入", "汇聚", "采购", "编写", "发布",
    "淘汰", "关停", "搬迁", "评估", "考核", "形成", "深入推进", "严格执行", "严格落实", "抓好", "做好", "用好",
    "引导", "支持", "鼓励", "探索", "试点", "设立", "挂牌", "聚焦", "持续推进",
)  # fmt: skip
_VERB = "|".join(sorted(_VERBS, key=len, reverse=True))
_LEADING = re.compile(
    r"(?:(?:力争|确保|争取|要|应|须|需|必须|并|同时|切实|全面|深入|进一步|继续|持续|积极|大力|扎实|认真|加快|着力"
    r"|不断|逐步|稳步|有序|重点|全力|"
    r"定期|及时|严格|统一|初步|基本|常态化|按时|在|到|于|至)\s*)*"
)
_TIME = re.compile(
    r"^(?:(?:力争|确保|争取)?(?:在|到|至|于"
    r"|自)?(?:20\d{2}\s*年)?(?:度)?(?:\d{1,2}\s*月(?:\d{1,2}\s*日)?)?(?:年)?(?:上半年|下半年)?[底末]?(?:之?前|以前"
    r"|内|期间|起)?)[，,]?"
)
_TASK = re.compile(rf"({_VERB})(?!时限|时间|情况|后|率)(?=[^，。；、的])")
_MEASURES = "个|支|家次|家|座|处|所|名|人次|人|次|件|台|套|辆|项|条|公里|平方米|万元|亿元|场|部|期|艘|架|批|顶|吨"
_QUANTITY = re.compile(rf"(?<![\d第年月.\-–—~])(\d[\d,]*(?:\.\d+)?)\s*(?:余|多)?\s*({_MEASURES})(?![月日年])")
_COVERAGE = re.compile(r"(\d{1,3}(?:\.\d+)?)\s*%|全覆盖(?![、的])|全员(?:培训|轮训|覆盖)|全部(?:完成|纳入|整改)")


def tasks(tree: Tree, found: list[Sentence], year: int | None) -> Iterator[Task]:
    """Headings that ask for work, then sentences that do; what is measurable is surer.

    year  of the document, for 3月底前
    """
    for sentence in found:
        clause = tree.clauses[sentence.clause]
        if clause.level == "lead":
            continue
        heading = bool(clause.heading) and sentence.first
        for n, piece in enumerate(_pieces(sentence)):
            task = _task(tree, sentence, piece, heading and n == 0, year)
            # What comes second in a sentence is a task of its own where it can be measured.
            if n == 0 or len(task.reasons) > 1:
                yield task
    yield from _rows(tree, year)


@dataclass(frozen=True, slots=True)
class _Piece:
    """A verb of work with what follows it; `text` begins with the words of time before the verb."""

    verb: str
    object: str
    text: str
    start: int
    end: int


def _pieces(sentence: Sentence) -> Iterator[_Piece]:
    """The sentence cut where fragments begin with a verb of work."""
    begun: list[tuple[int, str, str]] = []
    for fragment in sentence.fragments:
        text, start = fragment.text, fragment.start
        opening = _opening(text)
        if verb := _TASK.match(text, opening):
            if not begun and _is_time(fragment.before):
                start = sentence.fragments[len(fragment.before) - 1].start
            begun.append((start, verb[1], text[verb.end() :].lstrip("好").strip("、 ")))
    for n, (start, verb_, object_) in enumerate(begun):
        stop = begun[n + 1][0] if n + 1 < len(begun) else sentence.end
        text = sentence.text[start - sentence.start : stop - sentence.start]
        end = start + len(text.rstrip("，,；;。 "))
        yield _Piece(verb_, object_, text, start, end)


def _is_time(before: tuple[str, ...]) -> bool:
    """Is the fragment before only a time: 2022年，完成…?"""
    return bool(before) and _TIME.sub("", before[-1]) == ""


def _task(tree: Tree, sentence: Sentence, piece: _Piece, heading: bool, year: int | None) -> Task:
    due = deadline_of(piece.text, sentence.year_above or year)
    rhythm, times = rhythm_of(piece.text)
    quantity, unit = _quantity(piece.text)
    coverage = _coverage(piece.text)
    reasons = ["heading"] if heading else ["verb"]
    confidence = 0.55 if heading else 0.35
    for said, reason in ((due, "deadline"), (quantity, "quantity"), (rhythm, "frequency"), (coverage, "coverage")):
        if said:
            reasons.append(reason)
            confidence += 0.15
    if sentence.told:
        # What is told of the years before is no work to do.
        reasons.append("state_of_things")
        confidence /= 2
    return Task(clause=sentence.clause, start=piece.start, end=piece.end,
                words=tree.cleaned.text[piece.start : piece.end], confidence=round(min(confidence, 0.95), 2),
                reasons=tuple(reasons), verb=piece.verb, object=piece.object, quantity=quantity, unit=unit,
                deadline=due, frequency=rhythm, times=times, coverage=coverage)  # fmt: skip


def _opening(text: str) -> int:
    """Where the words of time and manner at the beginning end."""
    time = _TIME.match(text)
    at = time.end() if time else 0
    lead = _LEADING.match(text, at)
    end = lead.end() if lead else at
    # 加快推进 is a manner and a verb, 加快 alone is the verb.
    return end if _TASK.match(text, end) else at


def _quantity(text: str) -> tuple[Decimal | None, str]:
    found = _QUANTITY.search(text)
    return (number_of(found[1]), found[2]) if found else (None, "")


def _coverage(text: str) -> Decimal | None:
    found = _COVERAGE.search(text)
    if not found:
        return None
    return Decimal(found[1]) if found[1] else Decimal(100)


def _rows(tree: Tree, year: int | None) -> Iterator[Task]:
    """Rows of tables of work: a column of tasks beside one of deadlines or of who answers."""
    for at, clause in enumerate(tree.clauses):
        table = clause.table
        if table is None:
            continue
        what = table.column("工作任务", "重点任务", "任务", "工作内容", "工作事项", "主要措施", "措施", "事项", "举措")
        when = table.column("完成时限", "完成时间", "时限", "时间", "进度")
        who = table.column("责任", "牵头", "负责", "配合")
        if what < 0 or (when < 0 and who < 0) or what in (when, who):
            continue
        rows = range(at + 1, at + len(table.rows))
        for row, cells in zip(rows, table.rows[1:], strict=True):
            if what >= len(cells) or not cells[what].text:
                continue
            text = plain(cells[what].text)
            due = _due(plain(cells[when].text), year) if 0 <= when < len(cells) else deadline_of(text, year)
            found = _TASK.match(text, _opening(text))
            rhythm, times = rhythm_of(text)
            quantity, unit = _quantity(text)
            yield Task(clause=row, start=cells[what].start, end=cells[what].end,
                       words=tree.cleaned.text[cells[what].start : cells[what].end], confidence=0.9,
                       reasons=("table", "deadline") if due else ("table",), verb=found[1] if found else "",
                       object=text[found.end() :] if found else text, quantity=quantity, unit=unit, deadline=due,
                       frequency=rhythm, times=times, coverage=_coverage(text))  # fmt: skip


def _due(said: str, year: int | None) -> date | None:
    """A deadline of a cell: 2025年6月底前, 6月底, 2025.06."""
    found = re.fullmatch(r"\s*(20\d{2})[./-](\d{1,2})(?:[./-](\d{1,2}))?\s*", said)
    if found:
        said = f"{found[1]}年{found[2]}月" + (f"{found[3]}日" if found[3] else "")
    return deadline_of(said, year)
