"""Assess major hazard installations after GB 18218: gather what counts, compute, keep every term."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import shapely
from django.db import transaction

from anlan.apps.sites import enterprise_queries as queries
from anlan.apps.sites.declarations import MAJOR_HAZARDS
from anlan.apps.sites.models import Assessment, Cause, Chemical, Enterprise, MajorHazard, Standing
from anlan.apps.sites.models.plants import Counting
from anlan.apps.sites.services.derived import settle
from anlan.kernel.audit import services as audit
from anlan.kernel.layers.people_within import people_within
from anlan.kernel.people.models import User
from anlan.kernel.people.rights import require
from anlan.kernel.rulebook.models import Entry
from anlan.kernel.rulebook.queries import NoRule
from anlan.science.areas import grown
from anlan.science.major_hazard import Form, Grading, Rules, Stock, Taken, Term, grade, identify

#: Share of the surroundings that a census must cover; people in the rest would be missing.
COVERED = 0.98


@dataclass(frozen=True, slots=True)
class Around:
    """People within the distance of the rulebook from the plant boundary.

    number  None: not known, and `why` says what is missing: "boundary", "census", "partly" or "distance"
    source  "survey" or "census"
    """

    number: int | None
    source: str = ""
    title: str = ""
    as_of: str = ""
    why: str = ""
    distance_m: float | None = None
    covered: float | None = None

    def plain(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__slots__}


def assess(
    installation: MajorHazard, *, actor: User, now: datetime, cause: Cause = Cause.ASKED, own: bool = False
) -> Assessment | None:
    """Assess an installation; the result is kept when it differs from the last one, or when a person asked.

    own  the installation itself was changed in this transaction

    Raises NotAllowed when a person asks without the right to change it; NoRule without the tables of the standard.
    """
    if cause is Cause.ASKED:
        require(actor, MAJOR_HAZARDS.edit, installation.region)
    found = _found(installation, now)
    digest = hashlib.sha256(json.dumps(found, sort_keys=True, ensure_ascii=False).encode()).hexdigest()
    with transaction.atomic():
        row = MajorHazard.records.select_for_update(of=("self",)).get(pk=installation.pk)
        last = Assessment.objects.filter(installation=row).first()
        if cause is not Cause.ASKED and last is not None and last.digest == digest:
            return None
        kept = Assessment.objects.create(installation=row, at=now, by=actor, cause=cause, digest=digest, **found)
        level = kept.level
        filed = installation.filed_level
        known = kept.standing != Standing.UNKNOWN
        settle(
            MAJOR_HAZARDS,
            installation,
            {
                "level": level,
                "standing": kept.standing,
                "s": kept.s,
                "r": kept.r if kept.standing == Standing.GRADED else None,
                "alpha": kept.alpha,
                "people": found["people"]["number"],
                "assessed_at": now,
                "differs": known and filed != level,
            },
            actor=actor, now=now, own=own,
        )  # fmt: skip
        audit.record(
            actor=actor, verb="hazard.assess", obj=installation, region=installation.region, now=now,
            before={"level": last.level, "standing": last.standing} if last is not None else {},
            after={"level": level, "standing": kept.standing, "s": kept.s, "r": kept.r, "assessment": kept.pk},
            note=str(cause.label),
        )  # fmt: skip
    return kept


def refile(installation: MajorHazard, *, actor: User, now: datetime) -> None:
    """Compare the filed grade with the computed one again, after the filing was changed."""
    known = bool(installation.standing) and installation.standing != Standing.UNKNOWN
    found = {"differs": known and installation.filed_level != installation.level}
    settle(MAJOR_HAZARDS, installation, found, actor=actor, now=now, own=True)


def assess_quietly(
    installations: Sequence[MajorHazard], *, actor: User, now: datetime, cause: Cause, own: bool = False
) -> int:
    """Assess some installations as an effect; where the tables are missing the former result stays. How many changed.

    An effect never stops the change that it follows from.
    """
    changed = 0
    for one in installations:
        try:
            changed += assess(one, actor=actor, now=now, cause=cause, own=own) is not None
        except NoRule:
            continue
    return changed


def _found(installation: MajorHazard, now: datetime) -> dict[str, Any]:
    """Everything that an assessment keeps, as JSON."""
    table = queries.hazard_rules(now, installation.region)
    chemicals = queries.chemicals_in(installation)
    around = people_around(installation, now)
    inside = [one for one in chemicals if one.counting != Counting.OUTSIDE]
    counted = [one for one in inside if one.design_max is not None and one.design_max >= 0]
    stocks = [_stock(one, table.rules) for one in counted]
    grading = grade(identify(stocks, table.rules), around.number, table.rules)
    terms = [_term(one, term) for one, term in zip(counted, grading.identification.terms, strict=True)]
    terms += [_bare(one, "quantity") for one in inside if one not in counted]
    terms += [_bare(one) for one in chemicals if one not in inside]
    return {
        **_result(grading, complete=bool(chemicals) and len(counted) == len(inside)),
        "people": around.plain(),
        "terms": terms,
        "rules": {entry.code: _rule(entry) for entry in table.entries},
    }


def _result(grading: Grading, *, complete: bool) -> dict[str, Any]:
    """What was computed. While a quantity is missing, or nothing was entered, it is a lower bound and says no more."""
    alpha = grading.alpha
    found = {
        "standing": str(grading.outcome.value),
        "s": grading.identification.s,
        "s_known": grading.identification.s_known,
        "r": grading.r,
        "r_least": grading.r_least,
        "r_most": grading.r_most if math.isfinite(grading.r_most) else None,
        "alpha": alpha.value if alpha is not None else None,
        "level": grading.level,
        "levels": list(grading.levels),
    }
    if not complete:
        gravest_last = max(grading.levels, default=4)
        found |= {
            "standing": Standing.UNKNOWN.value, "s": None, "r": None, "r_most": None, "level": None,
            "levels": list(range(1, gravest_last + 1)),
        }  # fmt: skip
    return found


def _stock(chemical: Chemical, rules: Rules) -> Stock:
    name = queries.name_in_table(chemical.name, chemical.cas, rules)
    return Stock(name, float(chemical.design_max or 0), tuple(chemical.classes), Form(chemical.counting))


def _term(chemical: Chemical, term: Term) -> dict[str, Any]:
    return {
        **_held(chemical),
        "row": f"{term.named.row} {term.named.name_zh}" if term.named is not None else "",
        "threshold": _taken(term.threshold),
        "beta": _taken(term.beta),
        "share": term.share,
        "weighted": term.weighted,
        "missing": [[one.lack.value, list(one.which)] for one in term.missing],
    }


def _bare(chemical: Chemical, lack: str = "") -> dict[str, Any]:
    """A chemical without a share: nobody entered how much it may be, or the standard does not count it."""
    nothing = {"row": "", "threshold": None, "beta": None, "share": None, "weighted": None}
    return {**_held(chemical), **nothing, "missing": [[lack, []]] if lack else []}


def _held(chemical: Chemical) -> dict[str, Any]:
    return {
        "chemical": chemical.pk,
        "code": chemical.code,
        "name": chemical.name,
        "unit": chemical.unit.name if chemical.unit is not None else "",
        "tonnes": chemical.design_max,
        "classes": list(chemical.classes),
        "form": chemical.counting,
    }


def _taken(taken: Taken | None) -> dict[str, Any] | None:
    if taken is None:
        return None
    return {
        "value": taken.value,
        "table": taken.table,
        "row": taken.row,
        "verified": taken.verified,
        "ours": taken.ours,
        "considered": [list(one) for one in taken.considered],
    }


def _rule(entry: Entry) -> dict[str, Any]:
    return {
        "id": entry.pk,
        "version": entry.version,
        "standard": entry.standard,
        "clause": entry.clause,
        "verified": entry.verified,
    }


# --- people around ----------------------------------------------------------------------------------------------------
def people_around(installation: MajorHazard, now: datetime) -> Around:
    """Residents within the distance of the rulebook from the plant boundary: a survey wins, then the census.

    Without a boundary the answer is unknown: a circle around one point would leave people out.
    """
    found = queries.norm("MAJOR-HAZARD-SURROUNDINGS", now, installation.region)
    distance = found[0].most if found is not None else None
    if installation.surveyed_people is not None:
        as_of = installation.surveyed_on.isoformat() if installation.surveyed_on else ""
        return Around(installation.surveyed_people, "survey", "", as_of, distance_m=distance)
    if distance is None:
        return Around(None, why="distance")
    boundary = _boundary(installation)
    if boundary is None:
        return Around(None, why="boundary", distance_m=distance)
    counted = people_within(grown(boundary, distance), at="night")
    if counted is None:
        return Around(None, why="census", distance_m=distance)
    covered = round(counted.covered, 4)
    if covered < COVERED:
        return Around(None, "census", counted.source, counted.as_of.isoformat(), "partly", distance, covered)
    return Around(counted.whole, "census", counted.source, counted.as_of.isoformat(), "", distance, covered)


def _boundary(installation: MajorHazard) -> Any:
    """The outline of the plant, or else of the installation; None where nobody drew one that has an area."""
    plant: Enterprise = installation.enterprise
    for blob in (plant.outline, installation.outline):
        if blob:
            shape = shapely.from_wkb(bytes(blob))
            if shape.area > 0:
                return shape
    return None
