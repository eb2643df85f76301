"""What a list shows, as a file to take away: workbook, text or features, with its filter, order and columns.

Personal values are masked as in the list. Rows are fetched and written a few hundred at a time, so that a register of
any size goes through little memory.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, BinaryIO

import shapely
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from anlan.formats.geofiles.writing import geojson_pieces
from anlan.formats.tables.writing import Column, Value, Workbook, csv_lines
from anlan.kernel.audit import services as audit
from anlan.kernel.people.models import User
from anlan.kernel.registers import selecting, values
from anlan.kernel.registers.declarations import Register, figures_named
from anlan.kernel.registers.info import FieldInfo, Kind

_REPEATED = (Kind.REGION, Kind.CHOICE, Kind.LEVEL, Kind.FLAG)
#: Records fetched at once.
AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Form:
    """A kind of file: `code` in the address, words on the button, ending and type of the file."""

    code: str
    words: Any
    ending: str
    kind: str


FORMS: Mapping[str, Form] = {
    form.code: form
    for form in (
        Form("xlsx", _("Excel workbook"), "xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        Form("csv", _("CSV, UTF-8"), "csv", "text/csv; charset=utf-8"),
        Form("csv-gb18030", _("CSV, GB 18030 (older Chinese programs)"), "csv", "text/csv; charset=gb18030"),
        Form("geojson", _("GeoJSON (maps)"), "geojson", "application/geo+json"),
    )
}


@dataclass(frozen=True, slots=True)
class Take:
    """What is taken: records of a register in order, and which columns of them."""

    register: Register
    pks: Sequence[int]
    columns: tuple[str, ...]


def write_workbook(take: Take, target: BinaryIO) -> None:
    """The rows as a workbook of one sheet. Raises ValueError for more than a sheet holds."""
    with Workbook(target) as book:
        page = book.page(str(take.register.title), [Column(title, text=text) for title, text in _titles(take)])
        for row in _rows(take):
            page.row(row)


def csv_pieces(take: Take, *, gb18030: bool = False) -> Iterator[bytes]:
    """The rows as a text file in pieces."""
    titles = [title for title, _text in _titles(take)]
    return csv_lines(titles, _rows(take), encoding="gb18030" if gb18030 else "utf-8")


def feature_pieces(take: Take) -> Iterator[bytes]:
    """The records as a GeoJSON feature collection in pieces; columns by their names in the API."""
    return geojson_pieces(_features(take))


def note(take: Take, form: Form, query: str, *, actor: User, now: datetime) -> None:
    """Write down who took what and how many."""
    after = {
        "register": take.register.code, "rows": len(take.pks), "as": form.code, "columns": list(take.columns),
        "query": query[:500],
    }  # fmt: skip
    audit.record(actor=actor, verb="record.export", obj=f"register:{take.register.code}", after=after, now=now)


def _titles(take: Take) -> list[tuple[str, bool]]:
    """Heading of each column with its unit, and whether its cells are texts even where they look like numbers."""
    infos = take.register.infos()
    figures = {figure.name: str(figure.label) for figure in take.register.figures}
    found = []
    for name in take.columns:
        if name in figures:
            found.append((figures[name], False))
            continue
        info = infos[name]
        unit = f" ({info.unit})" if info.unit else ""
        found.append((info.label + unit, info.kind in (Kind.TEXT, Kind.LONG)))
    return found


def _parts(take: Take, *, outlines: bool = False) -> Iterator[list[Any]]:
    # Regions are few: their words are kept, so that they are not read with every row.
    wanted = [name for name in take.columns if outlines or name != "region"]
    for at in range(0, len(take.pks), AT_ONCE):
        pks = take.pks[at : at + AT_ONCE]
        yield selecting.records(take.register, pks, fields=wanted, outlines=outlines)


def _counted(take: Take, records: Sequence[Any]) -> dict[str, Mapping[int, Any]]:
    return {
        figure.name: figures_named(figure.of)([record.pk for record in records])
        for figure in take.register.figures
        if figure.name in take.columns
    }


def _rows(take: Take) -> Iterator[list[Value]]:
    infos = take.register.infos()
    said: dict[tuple[str, Any], str] = {}
    for records in _parts(take):
        counted = _counted(take, records)
        for record in records:
            yield [
                _counted_cell(counted[name].get(record.pk)) if name in counted else _cell(infos[name], record, said)
                for name in take.columns
            ]


def _counted_cell(value: Any) -> Value:
    return value if value is None or isinstance(value, int | float) else str(value)


def _cell(info: FieldInfo, record: Any, said: dict[tuple[str, Any], str]) -> Value:
    """A value as a cell: numbers and days as such, everything else in words, personal values masked.

    said  words of values that come up again and again: places and choices
    """
    if info.kind in _REPEATED and not info.mask:
        key = (info.name, getattr(record, info.field.attname))
        if key not in said:
            said[key] = values.words_of(info, getattr(record, info.name))
        return said[key] or None
    value = getattr(record, info.name)
    if value is None or value == "" or value == []:
        return None
    if info.mask or info.kind not in (Kind.INTEGER, Kind.NUMBER, Kind.DATE, Kind.MOMENT):
        return values.words_of(info, value)
    if info.kind is Kind.MOMENT:
        return timezone.localtime(value).replace(tzinfo=None, microsecond=0)
    return value  # type: ignore[no-any-return]


def _features(take: Take) -> Iterator[tuple[Any, Mapping[str, Any], str]]:
    infos = take.register.infos()
    for records in _parts(take, outlines=True):
        counted = _counted(take, records)
        for record in records:
            properties: dict[str, Any] = {"code": record.code}
            for name in take.columns:
                if name in counted:
                    properties[name] = counted[name].get(record.pk)
                elif (value := getattr(record, name)) and infos[name].mask:
                    properties[name] = values.words_of(infos[name], value)
                else:
                    properties[name] = values.as_json(infos[name], value)
            yield _shape(record), properties, record.code


def _shape(record: Any) -> Any:
    if record.outline:
        return shapely.from_wkb(bytes(record.outline))
    return None if record.lon is None or record.lat is None else shapely.Point(record.lon, record.lat)
