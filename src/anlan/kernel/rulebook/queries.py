"""Which rule decides: always asked for a moment and a place."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet

from anlan.kernel.regions.models import Region
from anlan.kernel.regions.queries import prefixes
from anlan.kernel.rulebook.models import Entry, Origin


class NoRule(LookupError):
    """No entry of this kind and code is in force then and there."""

    def __init__(self, kind: str, code: str, at: datetime, region: Region | None = None) -> None:
        super().__init__(kind, code, at, region)
        self.kind, self.code, self.at, self.region = kind, code, at, region

    def __str__(self) -> str:
        place = f" in {self.region}" if self.region else ""
        return f"the rulebook has no {self.kind} rule {self.code} in force at {self.at.isoformat()}{place}"


def in_force(kind: str, at: datetime) -> QuerySet[Entry]:
    """Every version of `kind` whose days contain `at`, of all regions and origins."""
    now = Q(valid_from__lte=at) & (Q(valid_to=None) | Q(valid_to__gt=at))
    return Entry.objects.filter(now, kind=kind).select_related("region")


def lookup(kind: str, code: str, *, at: datetime, region: Region | None = None) -> Entry:
    """The one entry that decides at `at` in `region`.

    The nearest region wins over a wider one and over entries for everywhere; then the bureau's over the shipped;
    then the newer version. `at` is the time of the event for thresholds, of the acceptance for deadlines.

    Raises NoRule.
    """
    candidates = _around(in_force(kind, at).filter(code=code), region)
    best = max(candidates, key=_nearness, default=None)
    if best is None:
        raise NoRule(kind, code, at, region)
    return best


def entries(kind: str, at: datetime, region: Region | None = None) -> list[Entry]:
    """With a region: the entries that decide there, one per code, as `lookup` would choose each.

    Without a region: every entry in force at `at`, overrides of all regions among them.
    """
    rows = in_force(kind, at)
    if region is None:
        return list(rows.order_by("code", "version"))
    deciding: dict[str, Entry] = {}
    for entry in _around(rows, region):
        held = deciding.get(entry.code)
        if held is None or _nearness(entry) > _nearness(held):
            deciding[entry.code] = entry
    return [deciding[code] for code in sorted(deciding)]


def versions(entry: Entry) -> QuerySet[Entry]:
    """All versions of the rule that `entry` is one of, newest first."""
    return Entry.objects.filter(kind=entry.kind, code=entry.code).select_related("region").order_by("-version")


def _around(rows: QuerySet[Entry], region: Region | None) -> QuerySet[Entry]:
    here = Q(region=None)
    if region is not None:
        here |= Q(region__path__in=prefixes(region.path))
    return rows.filter(here)


def _nearness(entry: Entry) -> tuple[Any, ...]:
    depth = len(entry.region.path) if entry.region else 0
    return (depth, entry.origin == Origin.BUREAU, entry.valid_from, entry.version)
