"""`{% load registers %}`: what stands around the pages of a register."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django import template
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import Truncator
from django.utils.translation import gettext as _

from anlan.kernel.regions.pinyin import pinyin_key
from anlan.kernel.registers import exporting, pages
from anlan.kernel.registers.declarations import Register
from anlan.kernel.registers.listing import Cell, Option, Row
from anlan.kernel.web.templatetags.anlan import level

#: Characters of one value in a list; the archive has the whole.
LONGEST = 40
DEEP = ' class="deep"'

register = template.Library()

#: Cookie with the groups of the tree that its reader opened ("o-") or folded ("c-"), with dots between.
FOLDS = "anlan_folds"
#: With no more registers than this all groups stand open; with more, only the one that is looked at.
MOST_OPEN = 12


@dataclass(frozen=True, slots=True)
class Branch:
    """One group of the tree. `key` is the code of its first register, the same in every language.

    rows  register, number of its records, and by what its name is found besides: pinyin and initials
    """

    key: str
    title: str
    is_open: bool
    total: int
    rows: tuple[tuple[Register, int, str], ...]


@register.simple_tag(takes_context=True)
def register_tree(context: Any) -> list[Branch]:
    """The groups of registers as their reader left them; the group of the register that is looked at stands open."""
    groups, here = context["groups"], context["register"].code
    said = context["request"].COOKIES.get(FOLDS, "")[:2000].split(".")
    few = sum(len(group.registers) for group in groups) <= MOST_OPEN
    found = []
    for group in groups:
        key = group.registers[0][0].code
        holds_it = any(one.code == here for one, _n in group.registers)
        is_open = holds_it or f"o-{key}" in said or (few and f"c-{key}" not in said)
        rows = tuple((one, n, _sounds(str(one.title))) for one, n in group.registers)
        found.append(Branch(key, group.title, is_open, sum(n for _one, n in group.registers), rows))
    return found


@lru_cache(maxsize=512)
def _sounds(title: str) -> str:
    return pinyin_key(title, 200)


@register.simple_tag
def export_forms() -> list[exporting.Form]:
    """Kinds of file that a list can be taken away as."""
    return list(exporting.FORMS.values())


@register.simple_tag(takes_context=True)
def register_pages(context: Any) -> list[pages.Page]:
    """Pages at the foot of the list of registers that the viewer may open."""
    return pages.pages(context["request"].user)


@register.simple_tag
def record_rows(rows: Iterable[Row]) -> SafeString:
    """The rows of a list. Put together here, because a template takes three times as long for a page of fifty."""
    choose = _("Choose %(name)s")
    return mark_safe(
        "\n".join(
            f'<tr data-row><td class="ck"><input type="checkbox" name="pk" value="{row.record.pk}" '
            f'aria-label="{escape(choose % {"name": row.record.name})}"></td>'
            f"{''.join(_cell(cell, row.url) for cell in row.cells)}</tr>"
            for row in rows
        )
    )


def _cell(cell: Cell, url: str) -> str:
    classes = " ".join(name for name, on in (("n", cell.numeric), ("mut", cell.name == "code")) if on)
    if cell.name == "name":
        inside = f'<a class="nm" href="{escape(url)}">{escape(cell.text)}</a>'
    elif cell.level:
        inside = level(cell.level)
    elif cell.url:
        inside = f'<a class="sub" href="{escape(cell.url)}">{escape(cell.text)}</a>'
    elif not cell.text:
        inside = '<span class="mut">—</span>'
    else:
        short = cell.text if len(cell.text) <= LONGEST else Truncator(cell.text).chars(LONGEST)
        inside = escape(short) + (f' <span class="mut">{escape(cell.unit)}</span>' if cell.unit else "")
    return f'<td class="{classes}">{inside}</td>' if classes else f"<td>{inside}</td>"


@register.simple_tag
def filter_options(options: Iterable[Option], levels: bool) -> SafeString:
    """The boxes of a filter, which a county has hundreds of. `levels`: the values are levels of risk."""
    return mark_safe(
        "".join(
            f"<label{DEEP if one.depth else ''}>"
            f'<input type="checkbox" value="{escape(one.value)}"{" checked" if one.on else ""}>'
            f"{level(int(one.value)) if levels else f'<span>{escape(one.label)}</span>'}</label>"
            for one in options
        )
    )
