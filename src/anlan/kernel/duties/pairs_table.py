"""A and B of many places from one table: read, judged line by line, entered all or not at all."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePath

from django.db import transaction
from django.utils.translation import gettext as _

from anlan.formats import faults
from anlan.formats.tables.headers import headers
from anlan.formats.tables.limited import open_table
from anlan.formats.tables.sheets import Sheet
from anlan.formats.tables.values import as_text
from anlan.kernel.duties.errors import Refused
from anlan.kernel.duties.posts import enter_person, name_holder
from anlan.kernel.duties.rules import PostRule, post_rules
from anlan.kernel.people.models import Post, Slot, User
from anlan.kernel.people.rights import may
from anlan.kernel.regions import queries as regions
from anlan.kernel.regions.models import Region

#: Columns in the order of the template, with the headings under which they are found.
COLUMNS: dict[str, tuple[str, ...]] = {
    "code": ("区划代码", "代码", "code"),
    "post": ("岗位", "post"),
    "a": ("A角", "A岗", "A角姓名", "a"),
    "a_phone": ("A角电话", "A岗电话", "a phone"),
    "b": ("B角", "B岗", "B角姓名", "b"),
    "b_phone": ("B角电话", "B岗电话", "b phone"),
}
NEEDED = ("code", "post", "a")

#: Lines of one table.
MOST = 5000


@dataclass(frozen=True, slots=True)
class Line:
    """One line that can be entered."""

    number: int
    region: Region
    rule: PostRule
    people: tuple[tuple[str, str, str], ...]  # (slot, name, phone)


def read(content: bytes, name: str, *, actor: User, now: datetime) -> tuple[list[Line], list[str]]:
    """Lines of a table and everything that is wrong with the others, in words. Raises Refused for the file itself."""
    try:
        book = open_table(content, PurePath(name).name)
    except faults.Refused as refused:
        raise Refused(_("The file cannot be read (%(code)s).") % {"code": refused.code}) from refused
    for sheet in book.sheets:
        for header in headers(sheet):
            found = _columns(sheet, header.names)
            if all(column in found for column in NEEDED):
                return _judged(sheet, header.rows[1] + 1, found, actor, now)
    heads = _(", ").join(COLUMNS[column][0] for column in NEEDED)
    raise Refused(_("No sheet has the columns %(columns)s.") % {"columns": heads})


def _columns(sheet: Sheet, names: Iterable[str]) -> dict[str, int]:
    plain = ["".join(one.split()).lower() for one in names]
    found = {}
    for column, words in COLUMNS.items():
        known = {"".join(word.split()).lower() for word in words}
        at = next((n for n, one in enumerate(plain) if one in known), None)
        if at is not None:
            found[column] = sheet.columns.start + at
    return found


def _judged(
    sheet: Sheet, first: int, columns: dict[str, int], actor: User, now: datetime
) -> tuple[list[Line], list[str]]:
    lines: list[Line] = []
    wrong: list[str] = []
    kept = regions.tree()
    rows = [cells[0].row for cells in sheet.filled(first)]
    if len(rows) > MOST:
        raise Refused(_("At most %(n)d lines are taken at once.") % {"n": MOST})
    texts = [(number, _texts(sheet, number, columns)) for number in rows]
    nodes = {number: regions.resolve(said["code"]) for number, said in texts}
    wanted = {node.id for node in nodes.values() if node is not None}
    places = Region.objects.defer("boundary").in_bulk(list(wanted))
    rules: dict[str, list[PostRule]] = {}
    root = regions.root()
    if root is not None:
        for rule in post_rules(now, root):
            for word in (rule.duty, rule.title.lower(), rule.title_zh):
                rules.setdefault(word, []).append(rule)
    seen: set[tuple[int, str]] = set()
    for number, said in texts:
        for fault in _faults(said, kept, nodes[number], places, rules, seen, actor):
            wrong.append(_("Line %(line)d: %(fault)s") % {"line": number, "fault": fault})
            break
        else:
            node = nodes[number]
            assert node is not None
            rule = next(one for one in rules[said["post"].lower()] if node.level in one.levels)
            seen.add((node.id, rule.duty))
            people = tuple(
                (slot, said[slot.lower()], said[f"{slot.lower()}_phone"])
                for slot in (Slot.A.value, Slot.B.value)
                if said[slot.lower()]
            )
            lines.append(Line(number, places[node.id], rule, people))
    return lines, wrong


def _faults(
    said: dict[str, str], kept: regions.Tree, node: regions.Node | None, places: dict[int, Region],
    rules: dict[str, list[PostRule]], seen: set[tuple[int, str]], actor: User,
) -> Iterator[str]:  # fmt: skip
    if node is None:
        yield _("no region has the code %(code)s") % {"code": said["code"] or "—"}
        return
    found = [one for one in rules.get(said["post"].lower(), []) if node.level in one.levels]
    if not found:
        yield _("%(place)s keeps no post “%(post)s”") % {"place": node.name, "post": said["post"]}
        return
    if (node.id, found[0].duty) in seen:
        yield _("%(place)s stands in the table twice") % {"place": node.name}
    if not said["a"] and not said["b"]:
        yield _("nobody is named")
    if said["a"] and said["a"] == said["b"] and said["a_phone"] == said["b_phone"]:
        yield _("A and B are one person")
    if said["b"] and Slot.B not in found[0].slots:
        yield _("this post has no B")
    if not may(actor, "duty.manage", places[node.id]):
        yield _("%(place)s is outside of your posts") % {"place": node.name}


def _texts(sheet: Sheet, number: int, columns: dict[str, int]) -> dict[str, str]:
    found = dict.fromkeys(COLUMNS, "")
    for column, at in columns.items():
        try:
            found[column] = " ".join((as_text(sheet.cell(number, at)) or "").split())
        except faults.Refused:
            found[column] = ""
    return found


@transaction.atomic
def enter(lines: Iterable[Line], *, actor: User, now: datetime) -> int:
    """Name everyone of the lines; returns how many slots. Raises NotAllowed, Refused; then nothing is entered."""
    done = 0
    for line in lines:
        for slot, name, phone in line.people:
            held = Post.objects.filter(region=line.region, duty=line.rule.duty, slot=slot, holder__name=name)
            if (held.filter(holder__phone=phone) if phone else held).exists():
                continue
            person = enter_person(name=name, phone=phone, region=line.region, actor=actor, now=now)
            name_holder(
                region=line.region, duty=line.rule.duty, slot=slot, holder=person, actor=actor, now=now
            )  # fmt: skip
            done += 1
    return done
