"""How good a register is: every record looked at with the register's own checks, every figure with its records.

The score of a town is the mean of the parts in PARTS, each the share of its records without that finding, weighted by
the rulebook. Every part is a share of records, so the score of several towns is the mean of theirs weighted by records.
"""

from __future__ import annotations

import zlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import shapely

from anlan.apps.exchange.models import FindingKind
from anlan.kernel.regions import queries as regions
from anlan.kernel.regions.models import Level, Region
from anlan.kernel.registers import doubles
from anlan.kernel.registers.declarations import Register
from anlan.kernel.registers.info import Kind
from anlan.kernel.registers.models import VISIBLE
from anlan.kernel.registers.services import clean
from anlan.kernel.registers.values import Lookups

#: Records read in one question: each is a short read, so that nobody waits for a register of a million.
CHUNK = 1_000
#: Groups of likely doubles looked for.
MOST_GROUPS = 100_000
#: A remark may well be empty, a flag never is, and a place is a part of its own.
_NOT_COUNTED = (Kind.LONG, Kind.OUTLINE, Kind.FLAG)

#: Part of the score → finding that counts against it.
AGAINST = {
    "required": FindingKind.MISSING,
    "valid": FindingKind.INVALID,
    "located": FindingKind.UNPLACED,
    "inside": FindingKind.OUTSIDE,
    "unique": FindingKind.DOUBLE,
}
_OF_PLACES = ("located", "inside")


@dataclass(slots=True)
class Scan:
    """What was found in a register.

    towns     town of each record, by its number
    findings  (kind, field) → numbers of the records; field is "" where a finding has none
    """

    towns: dict[int, int] = field(default_factory=dict)
    findings: dict[tuple[str, str], set[int]] = field(default_factory=lambda: defaultdict(set))

    def note(self, kind: FindingKind, name: str, pk: int) -> None:
        self.findings[kind, name].add(pk)

    def by_town(self) -> dict[int, tuple[int, dict[str, Any]]]:
        """Town → how many records, and how many of them with which finding, as `Measure.counts` keeps it."""
        records: dict[int, int] = defaultdict(int)
        for town in self.towns.values():
            records[town] += 1
        counts: dict[int, dict[str, Any]] = {town: {FindingKind.EMPTY.value: {}} for town in records}
        for kind in set(AGAINST.values()):
            for town, number in self._spread(self.of_kind(kind)).items():
                counts[town][kind.value] = number
        for (kind_, name), pks in self.findings.items():
            if kind_ == FindingKind.EMPTY:
                for town, number in self._spread(pks).items():
                    counts[town][FindingKind.EMPTY.value][name] = number
        return {town: (records[town], counts[town]) for town in records}

    def of_kind(self, kind: FindingKind) -> set[int]:
        """Records with a finding of this kind, in whichever field."""
        return set().union(*(pks for (of, _name), pks in self.findings.items() if of == kind))

    def _spread(self, pks: Iterable[int]) -> dict[int, int]:
        found: dict[int, int] = defaultdict(int)
        for pk in pks:
            found[self.towns[pk]] += 1
        return found


def counted_fields(register: Register) -> tuple[str, ...]:
    """Fields whose emptiness counts against a register."""
    return tuple(
        name
        for name in register.fields
        if name not in ("code", "name", "lon", "lat") and register.info(name).kind not in _NOT_COUNTED
    )


def scan(register: Register) -> Scan:
    """Look at every visible record of a register."""
    found = Scan()
    lookups = Lookups()
    counted = counted_fields(register)
    shapes: dict[int, Any] = {}
    for rows in _chunks(register):
        for row in rows:
            found.towns[row.pk] = town_of(row.region_id)
            for name in counted:
                if getattr(row, name) in (None, "", []):
                    found.note(FindingKind.EMPTY, name, row.pk)
            for fault in clean(register, _as_typed(register, row), record=row, lookups=lookups).faults:
                kind = FindingKind.MISSING if fault.code == "missing" else FindingKind.INVALID
                found.note(kind, fault.field, row.pk)
        if register.located:
            _judge_places(register, rows, found, shapes)
    for group in doubles.groups(register, list(found.towns), most=MOST_GROUPS):
        for pk in group:
            found.note(FindingKind.DOUBLE, "", pk)
    return found


def _chunks(register: Register) -> Iterator[list[Any]]:
    names = [name for name, info in register.infos().items() if info.kind in (Kind.RECORD, Kind.PERSON)]
    if register.parent:
        names.append(f"{register.parent}__region")
    rows = register.model.records.filter(VISIBLE).select_related("region", *names)
    rows = rows.defer("outline", "region__boundary").order_by("pk")
    last = 0
    while some := list(rows.filter(pk__gt=last)[:CHUNK]):
        yield some
        last = some[-1].pk


def _as_typed(register: Register, row: Any) -> dict[str, Any]:
    """A record's values as a form would bring them, without place and outline, which are judged by themselves."""
    return {name: getattr(row, name) for name in register.fields if name not in ("lon", "lat", "outline")}


def _judge_places(register: Register, rows: Sequence[Any], found: Scan, shapes: dict[int, Any]) -> None:
    """Which records have no place, and which lie outside of their region in the eyes of the register kernel."""
    by_region: dict[int, list[Any]] = defaultdict(list)
    for row in rows:
        if row.lon is None or row.lat is None:
            found.note(FindingKind.UNPLACED, "", row.pk)
        else:
            by_region[row.region_id].append(row)
    for region, some in by_region.items():
        if region not in shapes:
            boundary = Region.objects.filter(pk=region).values_list("boundary", flat=True).first()
            shapes[region] = None if boundary is None else shapely.from_wkb(bytes(boundary))
            shapely.prepare(shapes[region])
        if shapes[region] is None:
            continue
        inside = shapely.intersects_xy(shapes[region], [row.lon for row in some], [row.lat for row in some])
        for row, is_inside in zip(some, inside, strict=True):
            # Only what lies outside is measured one by one; the kernel knows how far is too far.
            if not is_inside:
                cleaned = clean(register, {"lon": row.lon, "lat": row.lat}, record=row)
                if any(fault.code == "outside" for fault in cleaned.faults):
                    found.note(FindingKind.OUTSIDE, "", row.pk)


def town_of(region: int) -> int:
    """Number of the town that a region lies in; a region above the towns stands for itself."""
    tree = regions.tree()
    node = tree.by_id[region]
    for above in (node, *reversed(tree.ancestors(node.path))):
        if above.level == Level.TOWN:
            return above.id
    return region


def shares(register: Register, records: int, counts: Mapping[str, Any]) -> dict[str, float]:
    """Part → share of the records, 0 … 1, that are good in it; parts that the register does not have are left out."""
    if not records:
        return {}
    fields = len(counted_fields(register))
    empty = sum(counts.get(FindingKind.EMPTY, {}).values())
    found = {"complete": 1 - empty / (records * fields)} if fields else {}
    for part, kind in AGAINST.items():
        if register.located or part not in _OF_PLACES:
            found[part] = 1 - counts.get(kind, 0) / records
    return found


def score(found: Mapping[str, float], weights: Mapping[str, float]) -> float | None:
    """0 … 100 from the shares of `shares`; None without any."""
    if not found:
        return None
    total = sum(weights[part] for part in found)
    return 100 * sum(weights[part] * share for part, share in found.items()) / total


def added(parts: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """The counts of several towns as one."""
    whole: dict[str, Any] = {FindingKind.EMPTY.value: defaultdict(int)}
    for counts in parts:
        for kind, number in counts.items():
            if kind == FindingKind.EMPTY:
                for name, empty in number.items():
                    whole[kind][name] += empty
            else:
                whole[kind] = whole.get(kind, 0) + number
    return whole


def packed(pks: Iterable[int]) -> bytes:
    """Numbers of records as `Finding.pks` keeps them."""
    return zlib.compress(np.array(sorted(pks), np.int64).tobytes())


def unpacked(blob: bytes) -> list[int]:
    """The numbers that `packed` packed, ascending."""
    found: list[int] = np.frombuffer(zlib.decompress(blob), np.int64).tolist()
    return found
