"""What stands in the printed archive of a record, the same for PDF and Word: text only, personal values masked."""

from __future__ import annotations

import io
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import segno
from django.utils.translation import gettext as _

from anlan.kernel.registers import listing
from anlan.kernel.registers.archive import tabs_of
from anlan.kernel.registers.declarations import Register, parts_of
from anlan.kernel.registers.listing import Cell
from anlan.kernel.web import nav
from anlan.kernel.web.formatting import bureau_time

#: Signs of one cell of a table; the register has the rest.
MOST_SIGNS = 160


@dataclass(frozen=True, slots=True)
class Facts:
    """A heading with pairs of label and text; `long` ones take the whole width."""

    title: str
    pairs: tuple[tuple[str, str], ...]
    long: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Table:
    """A heading with rows of texts; `note` says what was left out."""

    title: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Content:
    """Everything on the paper.

    qr    PNG of the code that opens the phone page at `address`
    foot  who printed it and when
    """

    bureau: str
    title: str
    sub: str
    level: str
    facts: tuple[Facts, ...]
    tables: tuple[Table, ...]
    qr: bytes
    address: str
    foot: str


def content_of(register: Register, record: Any, viewer: Any, *, address: str, now: datetime) -> Content:
    """The archive of a record as `viewer` may read it."""
    tabs = {tab.code: tab for tab in tabs_of(register, record, viewer)}
    tables = [_part_table(part, tabs[part.code]) for part in parts_of(register) if part.code in tabs]
    tables += [_documents(tabs["documents"]), _links(tabs["links"]), _chains(tabs["chains"]), _history(tabs["history"])]
    level = listing.cell(register, record, register.colour_by).text if register.colour_by else ""
    sub = " · ".join(part for part in (str(register.title), record.code, str(record.region)) if part)
    return Content(
        bureau=str(nav.figure("bureau", viewer, "") or ""),
        title=record.name,
        sub=sub,
        level=level,
        facts=tuple(_facts(title, cells) for title, cells in listing.sections(register, record)),
        tables=tuple(tables),
        qr=_qr(address),
        address=address,
        foot=_("Printed by %(who)s on %(at)s · revision %(n)d")
        % {"who": str(viewer), "at": bureau_time(now), "n": record.revision},
    )


def _facts(title: str, cells: list[Cell]) -> Facts:
    pairs = [(one.label, _text(one)) for one in cells]
    long = [pair for pair, one in zip(pairs, cells, strict=True) if one.multiline and one.text]
    return Facts(title, tuple(pair for pair in pairs if pair not in long), tuple(long))


def _text(cell: Cell) -> str:
    return f"{cell.text} {cell.unit}".strip() if cell.text else "—"


def _part_table(part: Register, tab: Any) -> Table:
    found = tab.context()
    rows = tuple(tuple(_short(_text(cell)) for cell in cells) for _url, cells in found["rows"])
    return Table(str(part.title), tuple(info.label for info in found["heads"]), rows, _left_out(tab, rows))


def _left_out(tab: Any, rows: tuple[Any, ...]) -> str:
    left = (tab.count or 0) - len(rows)
    return _("and %(n)d more in the register") % {"n": left} if left > 0 else ""


def _documents(tab: Any) -> Table:
    rows = tuple(
        (_short(one.name), _short(one.note), bureau_time(one.at), str(one.by)) for one in tab.context()["rows"]
    )
    return Table(str(tab.title), (_("File"), _("What it is"), _("Kept"), _("By")), rows)


def _links(tab: Any) -> Table:
    rows = tuple(
        (_short(label), title, _short(link.words), bureau_time(link.at))
        for link, label, _url, title in tab.context()["rows"]
    )
    return Table(str(tab.title), (_("Record"), _("Register"), _("Relation"), _("Joined")), rows)


def _chains(tab: Any) -> Table:
    rows = tuple(
        (one.number, _short(one.title), bureau_time(one.opened_at), bureau_time(one.closed_at))
        for one in tab.context()["rows"]
    )
    return Table(str(tab.title), (_("Chain"), _("Title"), _("Opened"), _("Closed")), rows)


def _history(tab: Any) -> Table:
    rows = []
    for line in tab.context()["lines"]:
        changes = _("; ").join(
            f"{one.label}: {_short(one.before or '—', 60)} → {_short(one.after or '—', 60)}" for one in line.differences
        )
        rows.append((bureau_time(line.at), line.act, line.who, _short(" ".join((line.note, changes)).strip(), 600)))
    heads = (_("Time"), _("What"), _("By"), _("Before and after"))
    return Table(str(tab.title), heads, tuple(rows), _left_out(tab, tuple(rows)))


def _short(text: str, most: int = MOST_SIGNS) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"


def _qr(address: str) -> bytes:
    out = io.BytesIO()
    segno.make(address, error="m", micro=False).save(out, kind="png", scale=6, border=2)
    return out.getvalue()
