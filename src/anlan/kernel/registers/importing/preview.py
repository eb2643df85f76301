"""What the page of an import shows of its rows: some of one sort, faults at their cells, words to explain."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.utils.translation import gettext as _

from anlan.kernel.people.models import User
from anlan.kernel.people.rights import may
from anlan.kernel.registers import forms, values
from anlan.kernel.registers.declarations import Register
from anlan.kernel.registers.importing import guessing, steps
from anlan.kernel.registers.importing.files import Table, open_table_of
from anlan.kernel.registers.importing.judging import Judge, Judged
from anlan.kernel.registers.importing.models import OPEN, Import, Line, Verdict
from anlan.kernel.registers.importing.rows import Naming, Raw, raw_rows
from anlan.kernel.registers.importing.sheets import double_words
from anlan.kernel.registers.info import FieldInfo, Kind

#: Rows of one page; words offered for explaining at once; marks of the map.
ROWS, MOST_WORDS, MOST_MARKS = 30, 40, 20_000
#: Faults that a word of the file causes for every row that has it.
_WORDS = frozenset({"unknown", "several", "choice"})
#: What may be shown: each with the verdicts of its rows.
SORTS: dict[str, tuple[Verdict, ...]] = {
    "open": OPEN,
    "new": (Verdict.NEW,),
    "changed": (Verdict.CHANGED,),
    "same": (Verdict.SAME,),
    "skipped": (Verdict.SKIPPED,),
    "warned": (),
}


@dataclass(frozen=True, slots=True)
class Mending:
    """A cell that may be typed anew: where it stands in the file, what stands there, what is wrong, its choices."""

    info: FieldInfo
    where: str
    text: str
    faults: tuple[str, ...]
    options: tuple[tuple[str, str], ...] = ()
    suggest: str = ""


@dataclass(frozen=True, slots=True)
class Shown:
    """One row on the page."""

    number: int
    verdict: Verdict
    name: str
    record: Any
    faults: tuple[str, ...]
    warnings: tuple[str, ...]
    mendings: tuple[Mending, ...]
    doubles: tuple[tuple[dict[str, Any], str, Any], ...]
    cells: tuple[tuple[str, str, str], ...]
    decision: str
    placeless: bool


def numbers_of(row: Import, sort: str) -> list[int]:
    """Numbers of the rows of a sort, in the file's order."""
    if sort == "open":
        return list(row.lines.filter(verdict__in=OPEN).values_list("row", flat=True))
    if sort == "warned":
        return list(row.lines.exclude(verdict__in=OPEN).exclude(faults=[]).values_list("row", flat=True))
    kinds, _matches = row.judged()
    table = open_table_of(row.pk, row.sources, row.options)
    return np.asarray(table.numbers)[np.isin(kinds, SORTS[sort])].tolist()


def shown(register: Register, row: Import, numbers: Sequence[int], viewer: User, *, every: bool = False) -> list[Shown]:
    """Rows as the page shows them. `every`: all fields may be mended, not only those with faults."""
    table = open_table_of(row.pk, row.sources, row.options)
    decisions = steps.decisions_of(row, numbers)
    naming = Naming.of(row.options)
    raws = list(raw_rows(register, table, naming, numbers=numbers, edits=steps.edits_of(decisions)))
    judged = {one.number: one for one in Judge(register, row.by).judge(raws, decisions, before=True)}
    lines = {line.row: line for line in row.lines.filter(row__in=numbers)}
    kinds, matches = row.judged()
    place = {number: at for at, number in enumerate(table.numbers)}
    wanted = {int(matches[place[number]]) for number in numbers}
    wanted |= {double["pk"] for line in lines.values() for double in line.doubles if double["pk"]}
    records = register.model.present.select_related("region").in_bulk(list(wanted - {0}))
    seen = {pk: record for pk, record in records.items() if may(viewer, register.see, record.region)}
    return [
        _shown(register, table, naming, raw, judged[raw.number], lines.get(raw.number),
               Verdict(int(kinds[place[raw.number]])), seen, int(matches[place[raw.number]]), every)
        for raw in raws
    ]  # fmt: skip


def _shown(
    register: Register, table: Table, naming: Naming, raw: Raw, one: Judged, line: Line | None, verdict: Verdict,
    records: dict[int, Any], pk: int, every: bool,
) -> Shown:  # fmt: skip
    said: dict[str, list[str]] = {}
    warnings: list[str] = []
    for field, _code, words, blocks in line.faults if line is not None else ():
        said.setdefault(field, []).append(words) if blocks else warnings.append(words)
    codes = {(field, code) for field, code, _words, _blocks in (line.faults if line is not None else ())}
    placeless = bool({("region", "missing"), ("region", "unknown"), ("lon", "impossible")} & codes)
    fields = guessing.fields(register)
    names = [name for name in fields if name in said or every]
    if placeless and register.located:
        names += [name for name in ("region", "lon", "lat") if name in fields and name not in names]
    at_of: dict[str, int] = {}
    for at, name in naming.columns.items():
        at_of.setdefault(name, at)
    doubles = tuple(
        (double, double_words(double), records.get(double["pk"]))
        for double in (line.doubles if line is not None else ())
        if not double["pk"] or double["pk"] in records
    )
    return Shown(
        raw.number, verdict, raw.text("name") or raw.text("code"), records.get(pk),
        tuple(words for field, words_ in said.items() if field not in names for words in words_), tuple(warnings),
        tuple(_mending(register, table, raw, name, at_of, said.get(name, [])) for name in names), doubles,
        _cells(register, one), line.decision if line is not None else "", placeless,
    )  # fmt: skip


def _mending(
    register: Register, table: Table, raw: Raw, name: str, at_of: dict[str, int], said: Sequence[str]
) -> Mending:
    info = register.info(name)
    where = table.where(raw.number, at_of[name]) if name in at_of else ""
    return Mending(info, where, raw.text(name), tuple(said), choices_of(info), suggest_of(info))


def choices_of(info: FieldInfo) -> tuple[tuple[str, str], ...]:
    """What one of may be chosen for a field: value and words; empty where anything may be typed."""
    if info.kind is Kind.FLAG:
        return (("1", _("yes")), ("0", _("no")))
    return () if info.kind is Kind.CHOICES else tuple((str(value), str(words)) for value, words in info.choices)


def suggest_of(info: FieldInfo) -> str:
    """Which suggestions a field offers while it is typed."""
    if info.kind is Kind.RECORD:
        return forms.register_named(info)
    return {Kind.REGION: "regions", Kind.PERSON: "people"}.get(info.kind, "")


def _cells(register: Register, one: Judged) -> tuple[tuple[str, str, str], ...]:
    """(label, former, new) of the values that a row would put there; what is masked stays masked in what was there."""
    found = []
    for name in register.fields:
        if name not in one.values or (not one.before and one.values[name] in (None, "", [])):
            continue
        info = register.info(name)
        was = values.words_of(info, one.before[name]) if name in one.before else ""
        found.append((info.label, was, values.words_of(info, one.values[name], clear=True)))
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Unknown:
    """A word of the file that a field does not know, and how many rows have it."""

    info: FieldInfo
    word: str
    rows: int
    options: tuple[tuple[str, str], ...]
    suggest: str


def unknown_words(register: Register, row: Import) -> list[Unknown]:
    """Words that could be explained once for all their rows, the most frequent first."""
    lines = {line.row: line for line in row.lines.filter(verdict=Verdict.FAULTY)}
    wanted = {
        number: {field for field, code, _words, _blocks in line.faults if code in _WORDS and field not in line.edits}
        for number, line in lines.items()
    }
    wanted = {number: fields for number, fields in wanted.items() if fields}
    if not wanted:
        return []
    table = open_table_of(row.pk, row.sources, row.options)
    counted: dict[tuple[str, str], int] = {}
    for raw in raw_rows(register, table, Naming.of(row.options), numbers=wanted, edits={}):
        for field in wanted[raw.number]:
            if word := values.plain(raw.text(field)):
                counted[field, word] = counted.get((field, word), 0) + 1
    found = []
    for (field, word), rows in sorted(counted.items(), key=lambda one: -one[1])[:MOST_WORDS]:
        info = register.info(field)
        found.append(Unknown(info, word, rows, choices_of(info), suggest_of(info)))
    return found


def marks(register: Register, row: Import) -> dict[str, Any]:
    """Places of the rows as GeoJSON, for the map: number, name and sort of each; at most `MOST_MARKS`."""
    table = open_table_of(row.pk, row.sources, row.options)
    decisions = steps.decisions_of(row)
    kinds, _matches = row.judged()
    numbers = table.numbers[:MOST_MARKS]
    raws = raw_rows(register, table, Naming.of(row.options), numbers=numbers, edits=steps.edits_of(decisions))
    features = []
    for at, raw in enumerate(raws):
        lon, lat = (_degrees(raw.values.get(name)) for name in ("lon", "lat"))
        if lon is None or lat is None or not (abs(lon) <= 180 and abs(lat) <= 90):
            continue
        verdict = Verdict(int(kinds[at])) if at < kinds.size else Verdict.FAULTY
        features.append({
            "type": "Feature",
            "geometry": {"type": "Point", "coordinates": [lon, lat]},
            "properties": {
                "row": raw.number, "name": raw.text("name")[:60], "open": verdict in OPEN,
                "sort": str(verdict.label),
            },
        })  # fmt: skip
    return {"type": "FeatureCollection", "features": features, "rows": len(table.numbers)}


def _degrees(value: Any) -> float | None:
    try:
        return float(value)
    except (TypeError, ValueError):
        return None
