"""Workbooks that go with an import: the template to fill in, and the rows with faults to mend at home."""

from __future__ import annotations

import io
from typing import Any

from django.utils.translation import gettext as _

from anlan.formats.tables.headers import Header
from anlan.formats.tables.writing import Column, FaultWords, Workbook, write_faults
from anlan.kernel.people.models import User
from anlan.kernel.people.rights import reach
from anlan.kernel.regions import queries as regions
from anlan.kernel.regions.models import Level
from anlan.kernel.registers.declarations import Register
from anlan.kernel.registers.importing import guessing
from anlan.kernel.registers.importing.files import Broken, open_sheet, open_table_of
from anlan.kernel.registers.importing.models import OPEN, Import
from anlan.kernel.registers.importing.rows import Naming
from anlan.kernel.registers.info import FieldInfo, Kind

#: Places offered in the drop-down of a template; more would make the list useless.
_MOST_PLACES = 1_500


def template(register: Register, actor: User) -> bytes:
    """An empty sheet with the headings of a register, drop-downs where there is a list, a hint at each heading."""
    out = io.BytesIO()
    infos = [register.info(name) for name in guessing.fields(register) if register.info(name).kind is not Kind.OUTLINE]
    places = _places(register, actor)
    with Workbook(out) as book:
        columns = [
            Column(_heading(info), text=_is_text(info), choices=_choices(info, places), note=hint(register, info))
            for info in infos
        ]
        book.page(str(register.title), columns)
        headings = (_("Column"), _("required"), _("What to write"))
        page = book.page(_("How to fill it in"), [Column(heading) for heading in headings])
        for info in infos:
            page.row([info.label, _("yes") if info.required and info.name != "code" else "", hint(register, info)])
    return out.getvalue()


def _heading(info: FieldInfo) -> str:
    """A label as a column has it: unit behind, a star when it must be filled."""
    unit = f" ({info.unit})" if info.unit else ""
    return f"{info.label}{unit}{' *' if info.required and info.name != 'code' else ''}"


def _is_text(info: FieldInfo) -> bool:
    return info.kind in (Kind.TEXT, Kind.LONG, Kind.RECORD, Kind.PERSON, Kind.CHOICES)


def _choices(info: FieldInfo, places: tuple[str, ...]) -> tuple[str, ...]:
    if info.kind in (Kind.CHOICE, Kind.LEVEL):
        return tuple(str(words) for _value, words in info.choices)
    if info.kind is Kind.FLAG:
        return (_("yes"), _("no"))
    return places if info.kind is Kind.REGION else ()


def _places(register: Register, actor: User) -> tuple[str, ...]:
    """Towns and villages where the actor may enter records, as an import reads them."""
    paths = reach(actor, register.edit)
    tree = regions.tree()
    found = []
    for node in tree.by_code.values():
        if node.level in (Level.TOWN, Level.VILLAGE) and any(node.path.startswith(path) for path in paths):
            towns = [one.name for one in tree.ancestors(node.path) if one.level == Level.TOWN]
            found.append("/".join([*towns, node.name]))
    return tuple(found[:_MOST_PLACES])


def hint(register: Register, info: FieldInfo) -> str:
    """What may stand in a column, in a sentence or two."""
    listed = _(", ").join(str(words) for _value, words in info.choices)
    said = {
        Kind.CHOICE: _("One of: %(list)s") % {"list": listed},
        Kind.CHOICES: _("Any of these, with commas between: %(list)s") % {"list": listed},
        Kind.LEVEL: _("A level: 1 to 4, Ⅰ to Ⅳ or a colour."),
        Kind.FLAG: _("Yes or no."),
        Kind.INTEGER: _("A whole number."),
        Kind.NUMBER: _("A number."),
        Kind.DATE: _("A day as 2026-11-30."),
        Kind.MOMENT: _("A day and time as 2026-11-30 14:05."),
        Kind.REGION: _("Town and village, or a code of the place. May be empty when longitude and latitude are given."),
        Kind.RECORD: _("Name or code of the record that it belongs to."),
        Kind.PERSON: _("Name or user name of an account."),
    }.get(info.kind, _("Text."))
    if info.name == "code":
        said = _("Leave it empty for a new record. With a code that exists, the row changes that record.")
    elif info.name in ("lon", "lat"):
        said = _("Degrees. The coordinate system is asked for when the sheet is imported.")
    elif info.name in register.keys:
        said += " " + _("A row with a value that exists changes that record.")
    most = getattr(info.field, "max_length", None)
    if info.kind is Kind.TEXT and most and info.name != "code":
        said += " " + _("At most %(most)d characters.") % {"most": most}
    if info.unit:
        said += " " + _("Unit: %(unit)s.") % {"unit": info.unit}
    return " ".join([said, info.help]).strip()


def faults_of(row: Import) -> bytes:
    """The rows with faults as they came, what is wrong in the last column and at the cells."""
    out = io.BytesIO()
    words = FaultWords(_("To mend"), _("Row in the file"), _("What is wrong"))
    lines = list(row.lines.filter(verdict__in=OPEN))
    table = open_table_of(row.pk, row.sources, row.options)
    at_of: dict[str, int] = {}
    for at, name in Naming.of(row.options).columns.items():
        at_of.setdefault(name, at)
    if "sheets" in row.sources:
        sheet = open_sheet(row.pk, row.options["sheet"])
        chosen = row.sources["sheets"][row.options["sheet"]]["headers"][row.options["header"]]
        first = sheet.columns.start
        faults = {
            line.row: [(first + at_of[name] if name in at_of else 0, text) for name, text in said(line)]
            for line in lines
        }
        write_faults(out, sheet, Header(tuple(chosen["rows"]), tuple(chosen["names"]), (), 0.0), faults, words)
        return out.getvalue()
    with Workbook(out) as book:
        page = book.page(words.name, [Column(words.row), *map(Column, table.names), Column(words.fault)])
        for line in lines:
            cells = [value.text if isinstance(value, Broken) else value for value in table.values(line.row)]
            marks: dict[int, str] = {}
            for name, text in said(line):
                if name in at_of:
                    at = at_of[name] + 1
                    marks[at] = f"{marks[at]}\n{text}" if at in marks else text
            page.row([line.row, *cells, "\n".join(text for _name, text in said(line))], marks)
    return out.getvalue()


def said(line: Any) -> list[tuple[str, str]]:
    """(field, words) of all that is wrong with a row, likely doubles among it."""
    found = [(field, words) for field, _code, words, _blocks in line.faults]
    for double in line.doubles:
        found.append(("name", double_words(double)))
    return found


def double_words(double: dict[str, Any]) -> str:
    """Whom a row may double, and why."""
    share = round(100 * double["alike"])
    if double["row"]:
        words = _("Looks like row %(row)d “%(name)s” (names %(share)d %% alike)")
    elif double["why"] == "near":
        words = _("Looks like “%(name)s” nearby (names %(share)d %% alike)")
    else:
        words = _("Looks like “%(name)s” in the same place (names %(share)d %% alike)")
    return words % {"row": double["row"], "name": double["name"], "share": share}
