"""What holds for sites at a moment: rules of the rulebook, what lies in an installation, licences that end.

A check is asked for each of fifty thousand rows of an import, so what it needs of the rulebook goes through `lately`.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, TypeVar

from anlan.apps.sites.models import Chemical, Enterprise, Licence, MajorHazard, Unit
from anlan.apps.sites.models.plants import UnitKind
from anlan.kernel.regions.models import Region
from anlan.kernel.registers.models import VISIBLE
from anlan.kernel.rulebook.codes import CodeList, code_list
from anlan.kernel.rulebook.models import Entry
from anlan.kernel.rulebook.queries import NoRule, entries, lookup
from anlan.science.grades import Scale
from anlan.science.major_hazard import Rules
from anlan.science.norms import Norm

#: A licence of which the rulebook does not say when to renew it is looked at so many days before its end.
LOOK_DAYS = 30


#: How long a check may see a rule that was changed since, seconds; answers kept at most.
FRESH_S, MOST_KEPT = 5.0, 5_000

#: Kinds of rules that are asked for here.
_KINDS = ("norm", "grading", "code_list", "enterprise_scale", "licence", "major_hazard")

T = TypeVar("T")
_answers: dict[tuple[Any, ...], tuple[float, Any]] = {}


def lately(ask: Callable[..., T], *args: Any, at: datetime, region: Region | None) -> T:
    """What a question to the rulebook answered for today in a place, at most `FRESH_S` old."""
    here = region.pk if region is not None and _recent(("local",), _any_local) else None
    return _recent((ask.__name__, *args, at.date(), here), lambda: ask(*args, at, region))


def _recent(key: tuple[Any, ...], ask: Callable[[], T]) -> T:
    held = _answers.get(key)
    if held is None or time.monotonic() - held[0] > FRESH_S:
        if len(_answers) > MOST_KEPT:
            _answers.clear()
        held = _answers[key] = (time.monotonic(), ask())
    found: T = held[1]
    return found


def _any_local() -> bool:
    """Is a rule written for a place of its own? While none is, every place has the same answers."""
    return Entry.objects.filter(region__isnull=False, kind__in=_KINDS).exists()


@dataclass(frozen=True, slots=True)
class HazardRules:
    """The tables of GB 18218 in force, and the entries that hold them."""

    rules: Rules
    entries: tuple[Entry, ...]


_kept: dict[tuple[int, ...], Rules] = {}


def hazard_rules(at: datetime, region: Region) -> HazardRules:
    """The tables that decide at a moment in a place. Raises NoRule while one of them is missing."""
    found = tuple(entries("major_hazard", at, region))
    key = tuple(entry.pk for entry in found)
    if key not in _kept:
        try:
            rules = Rules.of(entry.body for entry in found)
        except KeyError as missing:
            raise NoRule("major_hazard", str(missing.args[0]), at, region) from missing
        while len(_kept) > 7:
            _kept.pop(next(iter(_kept)))
        _kept[key] = rules
    return HazardRules(_kept[key], found)


def norm(code: str, at: datetime, region: Region | None) -> tuple[Norm, Entry] | None:
    """A norm in force, with its entry; None where the rulebook has none."""
    try:
        entry = lookup("norm", code, at=at, region=region)
    except NoRule:
        return None
    return Norm.of(entry.body), entry


def age_limit(kind: str, at: datetime, region: Region | None) -> float | None:
    """Years after which a unit of a kind is ageing plant; None where the rulebook does not say."""
    found = norm("AGE-VESSEL" if kind in (UnitKind.SPHERE, UnitKind.REACTOR) else "AGE-PLANT", at, region)
    return found[0].most if found else None


def years_between(since: date, until: date) -> float:
    """Whole years that have passed, the day of the year included."""
    return until.year - since.year - ((until.month, until.day) < (since.month, since.day))


def is_older(since: date, years: float, today: date) -> bool:
    """More than `years` whole years have passed; on the very day of the anniversary they have not."""
    passed = years_between(since, today)
    return passed > years or (passed == years and (today.month, today.day) != (since.month, since.day))


def pond_scale(at: datetime, region: Region | None) -> Scale | None:
    """How tailings ponds are graded; None where the rulebook does not say."""
    try:
        return Scale.of(lookup("grading", "TAILINGS-POND", at=at, region=region).body)
    except NoRule:
        return None


def industries(at: datetime, region: Region | None) -> CodeList | None:
    """The list of industries; None where the rulebook has none."""
    try:
        return code_list("INDUSTRIES", at=at, region=region)
    except NoRule:
        return None


def enterprise_scales(at: datetime, region: Region | None) -> list[tuple[Sequence[str], Scale]]:
    """How enterprises are graded by size, with the industries for which each holds."""
    rows = entries("enterprise_scale", at, region)
    return [(entry.body["industries"], Scale.of(entry.body)) for entry in rows]


def lineage(industry: str, known: CodeList) -> tuple[str, ...]:
    """A code as typed and those above it, from the narrowest up; () for one that the list does not know."""
    return known.lineage(industry.lstrip("ABCDEFGHIJKLMNOPQRST") or industry)


def industry_names(codes: Sequence[str], at: datetime) -> dict[str, str]:
    """Words of industries by their codes as typed; without those that the list does not know."""
    known = lately(industries, at=at, region=None)
    found: dict[str, str] = {}
    for code in codes if known is not None else ():
        named = next((one for one in lineage(code, known) if one in known), None)
        if named is not None:
            found[code] = f"{known[named]} ({code})"
    return found


def name_in_table(name: str, cas: str, rules: Rules) -> str:
    """What finds a substance in table 1: its name, or its CAS number where the name does not say which row."""
    return cas if cas and len(rules.find(name)) != 1 and rules.find(cas) else name


def chemicals_in(installation: MajorHazard) -> list[Chemical]:
    """What is held in the units of an installation, by number."""
    inside = Unit.present.filter(installation=installation).values("pk")
    return list(Chemical.present.filter(unit__in=inside).select_related("unit").order_by("pk"))


def renewal_days(at: datetime, region: Region | None = None) -> dict[str, int]:
    """Kind of licence → days before its end on which renewal is asked for; only kinds of which the rulebook says."""
    rows = entries("licence", at, region)
    return {row.code: int(row.body["renew_before_days"]) for row in rows if row.body.get("renew_before_days")}


def licence_years(kind: str, at: datetime, region: Region | None) -> float | None:
    """For how many years a kind of licence is given; None where the rulebook does not say."""
    try:
        return float(lookup("licence", kind, at=at, region=region).body["years"])
    except NoRule:
        return None


def years_later(since: date, years: float) -> date:
    """The same day so many years on, the day before a 29th of February that is not there."""
    year = since.year + int(years)
    try:
        later = since.replace(year=year)
    except ValueError:
        later = since.replace(year=year, day=28)
    return later + timedelta(days=round((years - int(years)) * 365))


@dataclass(frozen=True, slots=True)
class Ending:
    """Licences of an enterprise that ended, and those that are to be renewed by now."""

    ended: int = 0
    ending: int = 0


def licences_ending(pks: Sequence[int], today: date, renew: dict[str, int]) -> dict[int, Ending]:
    """Enterprise → how many of its licences ended or are to be renewed; those without any are left out."""
    ended: Counter[int] = Counter()
    ending: Counter[int] = Counter()
    most = max([LOOK_DAYS, *renew.values()])
    rows = Licence.present.filter(enterprise__in=pks, until__lte=today + timedelta(days=most))
    for owner, kind, until in rows.values_list("enterprise_id", "kind", "until"):
        if until < today:
            ended[owner] += 1
        elif until <= today + timedelta(days=renew.get(kind, LOOK_DAYS)):
            ending[owner] += 1
    return {pk: Ending(ended[pk], ending[pk]) for pk in {*ended, *ending}}


def hazard_grades(pks: Sequence[int]) -> dict[int, list[int]]:
    """Enterprise → grades of its installations, gravest first."""
    found: dict[int, list[int]] = {}
    rows = MajorHazard.present.filter(enterprise__in=pks, level__isnull=False)
    for owner, level in rows.order_by("level").values_list("enterprise_id", "level"):
        found.setdefault(owner, []).append(level)
    return found


def installations_of(enterprise: Enterprise) -> Any:
    """The installations of an enterprise that exist for people."""
    return MajorHazard.records.filter(VISIBLE, enterprise=enterprise).select_related("region", "enterprise")


def with_installations(pks: Sequence[int]) -> set[int]:
    """Those enterprises that have installations which exist for people."""
    return set(MajorHazard.records.filter(VISIBLE, enterprise__in=pks).values_list("enterprise_id", flat=True))
