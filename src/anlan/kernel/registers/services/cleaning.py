"""Values as they are typed, as cells or as JSON, made ready for the database: of one record, or of many at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from anlan.kernel.regions.models import Region
from anlan.kernel.registers import values as reading
from anlan.kernel.registers.declarations import Fault, Register, check_named
from anlan.kernel.registers.info import FieldInfo, Kind
from anlan.kernel.registers.values import BadValue, Lookups

#: Stands in a column where nothing is said of a field of a record that exists: it stays.
_LEFT = object()


@dataclass(frozen=True, slots=True)
class Cleaned:
    """Values ready for the database, and what stands against them: warnings only, or nothing can be kept."""

    values: Mapping[str, Any]
    faults: tuple[Fault, ...]

    @property
    def blocking(self) -> tuple[Fault, ...]:
        return tuple(fault for fault in self.faults if fault.blocks)

    @property
    def warnings(self) -> tuple[Fault, ...]:
        return tuple(fault for fault in self.faults if not fault.blocks)


def clean(register: Register, raw: Mapping[str, Any], *, record: Any = None, lookups: Lookups | None = None) -> Cleaned:
    """Values as they would be kept, with all faults at once; unknown and uneditable names are not looked at.

    raw     by field name, as typed, as cells or as JSON; for a record that exists only what changes
    record  the record they are for, None for a new one
    """
    lookups = lookups or Lookups()
    found: dict[str, Any] = {}
    faults: list[Fault] = []
    for name, info, known in _columns(register, lookups):
        value = raw.get(name)
        if value is None:
            if name not in raw and record is not None:
                continue
            if None in known:
                found[name] = known[None]
                continue
        elif type(value) is str and value in known:
            value = known[value]
            if not isinstance(value, BadValue | list):
                found[name] = value
                continue
            value = raw[name]
        try:
            found[name] = reading.unsaid(info) if value is None else reading.parse(info, value, lookups)
            if value is None and not isinstance(found[name], list):
                known[None] = found[name]
        except BadValue as bad:
            if name == "region" and bad.code == "missing":
                continue  # found by place or by parent below
            faults.append(Fault(name, bad.code, bad.words))
    return _as_a_whole(register, found, faults, record, lookups)


def clean_many(
    register: Register, rows: Sequence[Mapping[str, Any]], *, records: Sequence[Any], lookups: Lookups
) -> list[Cleaned]:
    """As `clean` of each row, but column by column: what repeats down a column is read once.

    records  of each row the record that it is for, None for a new one
    """
    columns = [(name, info) for name, info, _known in _columns(register, lookups)]
    names = [name for name, _info in columns]
    known = [at for at, record in enumerate(records) if record is not None]
    faults: list[list[Fault]] = [[] for _row in rows]
    odd: set[int] = set()  # rows that do not hold a value for every field
    read = []
    for name, info in columns:
        column = _read_column(info, [row.get(name) for row in rows], lookups)
        for at in known:
            if name not in rows[at]:
                column[at] = _LEFT
        for at, value in enumerate(column):
            if type(value) is BadValue:
                odd.add(at)
                if name != "region" or value.code != "missing":  # found by place or by parent below
                    faults[at].append(Fault(name, value.code, value.words))
                column[at] = _LEFT
        read.append(column)
    odd.update(known)
    cleaned = []
    for at, cells in enumerate(zip(*read, strict=True)):
        found = dict(zip(names, cells, strict=True))
        if at in odd:
            found = {name: value for name, value in found.items() if value is not _LEFT}
        cleaned.append(_as_a_whole(register, found, faults[at], records[at], lookups))
    return cleaned


def _read_column(info: FieldInfo, said: Sequence[Any], lookups: Lookups) -> list[Any]:
    """What the writings of one field mean, a `BadValue` where one means nothing."""
    words = {raw for raw in said if type(raw) is str}
    meant: dict[str | None, Any] = dict(reading.parse_all(info, words, lookups).items())
    meant[None] = _meant(info, None, lookups)
    column = [meant[raw] if raw is None or type(raw) is str else _meant(info, raw, lookups) for raw in said]
    if info.kind is Kind.CHOICES:  # no two records hold the same list
        column = [list(value) if isinstance(value, list) else value for value in column]
    return column


def _meant(info: FieldInfo, raw: Any, lookups: Lookups) -> Any:
    try:
        return reading.parse(info, raw, lookups)
    except BadValue as bad:
        return bad


def _as_a_whole(
    register: Register, found: dict[str, Any], faults: list[Fault], record: Any, lookups: Lookups
) -> Cleaned:
    """What the fields of one record say together: its place, and the checks of its register."""
    named = {fault.field for fault in faults}
    faults += _place_faults(register, found, record, named, lookups)
    whole = _whole(register, found, record)
    for name in register.checks:
        faults += [fault for fault in check_named(name)(whole, record) if fault.field not in named]
    return Cleaned(found, tuple(faults))


def _columns(register: Register, lookups: Lookups) -> list[tuple[str, FieldInfo, dict[str | None, Any]]]:
    """The fields that people may type, and what their writings are known to mean."""
    if register.code not in lookups.columns:
        infos = [(name, register.info(name)) for name in register.fields]
        lookups.columns[register.code] = [(name, info, lookups.known(info)) for name, info in infos if info.editable]
    return lookups.columns[register.code]


def _whole(register: Register, found: Mapping[str, Any], record: Any) -> dict[str, Any]:
    """What the record would be, for checks that look at several fields."""
    kept: dict[str, Any] = {}
    if record is not None:
        kept = {name: getattr(record, name) for name in register.fields}
    return {**kept, **found}


def _place_faults(
    register: Register, found: dict[str, Any], record: Any, named: set[str], lookups: Lookups
) -> list[Fault]:
    """Fill in the region from the parent or the place; what then is still missing or makes no sense is a fault."""
    faults: list[Fault] = []
    lon, lat = (found[name] if name in found else getattr(record, name, None) for name in ("lon", "lat"))
    if (lon is None) != (lat is None) and not named & {"lon", "lat"}:
        faults.append(Fault("lat", "missing", _("A place needs both longitude and latitude.")))
    region = found.get("region") or (record.region if record is not None and "region" not in found else None)
    parent = found.get(register.parent) or (getattr(record, register.parent, None) if register.parent else None)
    if not register.located and parent is not None:
        region = parent.region
    if region is None and parent is not None and lon is None:
        region = parent.region
    if region is None and lon is not None and lat is not None:
        region = lookups.region_at(lon, lat)
    if region is None and "region" not in named:
        faults.append(Fault("region", "missing", _("Say in which place this lies, or set it on the map.")))
    elif region is not None and (record is None or region.pk != record.region_id):
        found["region"] = region
    if region is not None and lon is not None and lat is not None and not faults and found.keys() & {"lon", "lat"}:
        faults += _far_faults(region, lon, lat, lookups)
    return faults


def _far_faults(region: Region, lon: float, lat: float, lookups: Lookups) -> list[Fault]:
    """A place outside the region it is said to lie in is told, not refused: borders in use are not always exact."""
    distance = lookups.outside_m(region, lon, lat)
    if distance is None or distance < 500:
        return []
    words = _("The place lies %(km).1f km outside of %(region)s; are longitude and latitude right?")
    return [Fault("lon", "outside", words % {"km": distance / 1000, "region": region.name}, blocks=False)]
