"""Who leads, who answers, who takes part: 牵头领导：…, 责任单位：…, 由…牵头."""

from __future__ import annotations

import re
from collections.abc import Iterator

from anlan.formats.policy.drafts import Lead
from anlan.formats.policy.roles import ROLE, role_of
from anlan.formats.policy.tables import Table
from anlan.formats.policy.trees import Tree

_MARKED = re.compile(rf"(?P<open>[（(【\[]?)[ \t]{{0,2}}(?P<role>{ROLE.pattern})[ \t]{{0,2}}[:：][ \t]{{0,4}}")
#: A list is not longer.
_LONGEST = 600
#: Between names, outside brackets.
_PARTS = re.compile(r"[、，,;；\s/]+(?![^（(]*[）)])")
_BY = re.compile(
    r"由([^，。；：,;:（(]{2,24}?)(?:负责)?牵头(?!单位|部门"
    r"|领导)(?:[^，。；,;]{0,30}?[，,、]([^，。；,;：:]{2,40}?)(?:等)?(?:配合|参与|协助))?"
)
#: Endings of what is no person.
_UNIT = re.compile(
    r".*(?:局|委|办|办公室|科|室|队|中心|部|院|公司|政府|镇|乡|街道|村|社区|站|所|组|处|厅|会|校|区|县|市|园|集团"
    r"|单位|部门|企业|机构|大队|支队|总队|协会|银行|管委会|指挥部|专委会)"
)
_PERSON = re.compile(r"[\u4e00-\u9fff]{2,4}|[\u4e00-\u9fff]{1,8}·[\u4e00-\u9fff·]{1,12}")


def leads(tree: Tree) -> Iterator[Lead]:
    """Every list of names behind a word for who answers, wherever it stands, and columns of tables."""
    text = tree.cleaned.text
    taken = 0
    for found in _MARKED.finditer(text):
        if found.start() < taken:
            continue
        end = _end(text, found)
        people, units = _names(text[found.end() : end])
        clause = tree.at(found.start())
        if clause < 0 or not (people or units) or tree.clauses[clause].level in ("table", "row"):
            continue
        taken = end
        closed = end + 1 if found["open"] and end < len(text) else end
        yield Lead(clause=clause, start=found.start(), end=closed, words=text[found.start() : closed], confidence=0.95,
                   reasons=("role",), people=people, units=units, role=role_of(found["role"]))  # fmt: skip
    yield from _said(tree)
    for at, clause_ in enumerate(tree.clauses):
        if clause_.table is not None:
            yield from _columns(tree, at, clause_.table)


def _end(text: str, found: re.Match[str]) -> int:
    """Where a list ends: at the bracket that closes it, across lines; else at the end of its line, or the next role."""
    depth = 0
    end = min(len(text), found.end() + _LONGEST)
    for at in range(found.end(), end):
        if text[at] in "（(【[":
            depth += 1
        elif text[at] in "）)】]":
            depth -= 1
        if depth < 0 or (not found["open"] and text[at] in "。；;\n"):
            end = at
            break
    return _next_role(text, found.end(), end) or end


def _next_role(text: str, start: int, end: int) -> int:
    other = _MARKED.search(text, start, end)
    return other.start() if other else 0


def _names(said: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """People and units of a list."""
    people: list[str] = []
    units: list[str] = []
    parts = [part for part in _PARTS.split(said.strip("。；; ")) if part]
    at = 0
    while at < len(parts):
        part = parts[at]
        # A name of two signs is often spread: 王 宁.
        if len(part) == 1 and at + 1 < len(parts) and len(parts[at + 1]) == 1:
            part += parts[at + 1]
            at += 1
        at += 1
        part = re.sub(r"等$|^由(?=.{2})", "", part)
        if not part:
            continue
        bare = re.sub(r"[（(][^）)]*[)）]", "", part)
        if _PERSON.fullmatch(bare) and not _UNIT.fullmatch(bare):
            people.append(bare)
        elif re.search(r"[\u4e00-\u9fffA-Za-z]", part):
            units.append(part)
    return tuple(dict.fromkeys(people)), tuple(dict.fromkeys(units))


def _said(tree: Tree) -> Iterator[Lead]:
    """由应急局牵头，公安局、住建局配合."""
    text = tree.cleaned.text
    for found in _BY.finditer(text):
        clause = tree.at(found.start())
        if clause < 0:
            continue
        for part, role in ((1, "lead"), (2, "participant")):
            if not found[part]:
                continue
            people, units = _names(found[part])
            if units or people:
                yield Lead(clause=clause, start=found.start(part), end=found.end(part), words=found[part],
                           confidence=0.6, reasons=("sentence",), people=people, units=units, role=role)  # fmt: skip


def _columns(tree: Tree, at: int, table: Table) -> Iterator[Lead]:
    """Columns of a table whose heading is such a word."""
    rows = range(at + 1, at + len(table.rows))
    for column, head in enumerate(table.heads):
        role = role_of(head)
        if not role:
            continue
        for row, cells in zip(rows, table.rows[1:], strict=True):
            if column >= len(cells) or not cells[column].text:
                continue
            people, units = _names(cells[column].text)
            if people or units:
                yield Lead(clause=row, start=cells[column].start, end=cells[column].end,
                           words=tree.cleaned.text[cells[column].start : cells[column].end], confidence=0.9,
                           reasons=("table", "role"), people=people, units=units, role=role)  # fmt: skip
