"""Projects of a plan: rows of its project tables, and sentences that name a sum; and mechanisms to be set up."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal

from anlan.formats.policy.drafts import Mechanism, Project
from anlan.formats.policy.sentences import Sentence
from anlan.formats.policy.tables import Table
from anlan.formats.policy.times import number_of, period_of, plain, years_of
from anlan.formats.policy.trees import Tree

_UNIT = re.compile(r"(万元|亿元|千元|元)")
_SUM = re.compile(r"([\d,]+(?:\.\d+)?)\s*(?:[-~–—至到]+\s*([\d,]+(?:\.\d+)?))?\s*(万元|亿元|千元|元)?")
_INVEST = re.compile(
    r"(?:总投资|计划投资|估算投资|投资|投入|安排资金|预算)(?:额)?(?:约|为|达"
    r"|不少于)?\s*([\d,]+(?:\.\d+)?)\s*(?:[-~–—至]\s*([\d,]+(?:\.\d+)?)\s*)?(万元|亿元)"
)
_NAMED = re.compile(r"[^，。；：、,;:]{2,40}(?:项目|工程|基地|中心)")
_USED_FOR = re.compile(r"^(?:主要)?(?:用于|投入)?(?:实施|建设|启动|推进|开展|完成|新建)?")
_MECHANISM = re.compile(
    r"(?:建立健全|建立完善|健全完善|建立|健全|完善|构建|形成|推行|实行|实施|落实|深化|推广|创新|优化|探索建立"
    r"|推进)(?:并)?"
    r"(?P<name>[^，。；：,;:!！\n]{2,40}?(?:机制|制度|责任制|负责制|清单制|模式))(?![建改设])"
)
#: Names of nothing in particular.
_GENERAL = re.compile(r"(?:相关|相应|有关|各项|各类|完善的?|良好的?|一系列|管理|工作|上述)*(?:体制)?(?:机制|制度|模式)")
_QUOTED = re.compile(r"[“\"「](?P<name>[^”\"」\n]{2,24}?(?:机制|制度|模式|工作法|闭环))[”\"」]")


def projects(tree: Tree, found: list[Sentence]) -> Iterator[Project]:
    """Rows of tables that list projects, then sentences that name a sum for one."""
    for at, clause in enumerate(tree.clauses):
        if clause.table is not None:
            yield from _rows(tree, at, clause.table)
    for sentence in found:
        money = _INVEST.search(sentence.text)
        name = _NAMED.search(sentence.text) if money else None
        if money and name:
            first, last = _sum(money[1], money[2])
            period = period_of(sentence.text)
            yield Project(clause=sentence.clause, start=sentence.start, end=sentence.end,
                          words=tree.cleaned.text[sentence.start : sentence.end], confidence=0.55,
                          reasons=("sentence", "quantity"), name=_USED_FOR.sub("", name[0]), budget=first,
                          budget_to=last, unit=money[3], begins=period[0] if period else None,
                          ends=period[1] if period else None)  # fmt: skip


def is_project_table(table: Table) -> bool:
    """Does a table list projects? One column names them, another says what, when or for how much."""
    name = table.column("项目名称", "工程名称", "项目", "工程")
    more = table.column("内容", "投资", "周期", "规模", "资金", "年限", "建设期", "建设时间", "预算")
    return name >= 0 and more >= 0 and name != more and "指标" not in table.heads[name]


def _rows(tree: Tree, at: int, table: Table) -> Iterator[Project]:
    if not is_project_table(table):
        return
    name = table.column("项目名称", "工程名称", "项目", "工程")
    content = table.column("内容", "规模", "任务")
    period = table.column("周期", "年限", "建设期", "时间", "时限", "起止")
    money = table.column("投资", "资金", "预算", "经费", without=("来源",))
    rows = range(at + 1, at + len(table.rows))
    for row, cells in zip(rows, table.rows[1:], strict=True):
        said = [plain(cell.text) for cell in cells] + [""] * (len(table.heads) - len(cells))
        if not said[name]:
            continue
        when = said[period] if period >= 0 else ""
        years = [year for _place, year in years_of(when)]
        span = period_of(when) or ((min(years), max(years)) if years else None)
        first, last = _money(said[money]) if money >= 0 else (None, None)
        unit = _UNIT.search(said[money] if money >= 0 else "") or _UNIT.search(table.heads[money] if money >= 0 else "")
        start, end = tree.clauses[row].start, tree.clauses[row].end
        yield Project(clause=row, start=start, end=end, words=tree.cleaned.text[start:end], confidence=0.95,
                      reasons=("table",), name=said[name], period=when, begins=span[0] if span else None,
                      ends=span[1] if span else None, content=said[content] if content >= 0 else "",
                      budget=first, budget_to=last, unit=unit[1] if unit and first is not None else "")  # fmt: skip


def _money(said: str) -> tuple[Decimal | None, Decimal | None]:
    found = _SUM.search(said)
    return _sum(found[1], found[2]) if found else (None, None)


def _sum(first: str, last: str | None) -> tuple[Decimal | None, Decimal | None]:
    return number_of(first), number_of(last) if last else None


def mechanisms(tree: Tree, found: list[Sentence]) -> Iterator[Mechanism]:
    """Mechanisms and rules of work that a sentence sets up, each once."""
    known: set[str] = set()
    for sentence in found:
        text = sentence.text
        for way, confidence in ((_QUOTED, 0.8), (_MECHANISM, 0.6)):
            for one in way.finditer(text):
                name = one["name"].strip('“”"「」').rpartition("、")[2] if way is _QUOTED else _own(one["name"])
                if len(name) < 4 or name in known or _GENERAL.fullmatch(name):
                    continue
                known.add(name)
                start = sentence.start + one.start()
                end = sentence.start + one.end()
                yield Mechanism(clause=sentence.clause, start=start, end=end, words=tree.cleaned.text[start:end],
                                confidence=confidence, reasons=("verb",) if way is _MECHANISM else ("sentence",),
                                name=name)  # fmt: skip


def _own(name: str) -> str:
    """The name without a second verb before it: 并推广运行…机制."""
    return re.sub(
        r"^.*(?:建立|健全|完善|形成|构建)(?=.{4})|^(?:实施|推广运行|推广)(?=.{4})|^[并和及的]+|[“”\"]", "", name
    )
