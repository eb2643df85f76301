"""Size and danger of a geological hazard point, by the gradings of the rulebook."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from anlan.apps.sites.models import GeoHazard, GeoKind
from anlan.kernel.people.models import User
from anlan.kernel.registers.declarations import Register, register_effect
from anlan.kernel.rulebook.models import Entry
from anlan.kernel.rulebook.queries import NoRule, lookup
from anlan.science.grades import Graded, Scale, grade

DANGER = "GEOHAZARD-DANGER"
#: Which scale tells the size of a kind; the others have none.
SIZES = {
    GeoKind.LANDSLIDE: "LANDSLIDE-SIZE",
    GeoKind.UNSTABLE_SLOPE: "LANDSLIDE-SIZE",
    GeoKind.COLLAPSE: "COLLAPSE-SIZE",
    GeoKind.DEBRIS_FLOW: "DEBRIS-FLOW-SIZE",
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """A grade with the entry that gives it and the values that went in."""

    entry: Entry
    values: Mapping[str, float | None]
    graded: Graded


def register() -> None:
    """Called once at start."""
    register_effect("geo-hazard.grade", _regrade)


def danger_of(point: GeoHazard, at: datetime) -> Verdict | None:
    """The danger grade by people and property; None where the rulebook has no scale."""
    return _verdict(point, DANGER, {"people": point.people, "loss_wan": point.property_wan}, at)


def size_of(point: GeoHazard, at: datetime) -> Verdict | None:
    """The size by volume; None for a kind that has no scale."""
    code = SIZES.get(GeoKind(point.kind))
    volume = None if point.volume_m3 is None else point.volume_m3 / 10_000
    return _verdict(point, code, {"volume_wan_m3": volume}, at) if code else None


def _verdict(point: GeoHazard, code: str, values: dict[str, float | None], at: datetime) -> Verdict | None:
    try:
        entry = lookup("grading", code, at=at, region=point.region)
    except NoRule:
        return None
    return Verdict(entry, values, grade(values, Scale.of(entry.body)))


def _regrade(register: Register, record: GeoHazard, *, actor: User, now: datetime) -> None:
    """Bring both grades up to the values; what cannot be told yet is empty."""
    found = {"danger": danger_of(record, now), "scale": size_of(record, now)}
    grades = {name: (one.graded.grade or "") if one is not None else "" for name, one in found.items()}
    if any(getattr(record, name) != value for name, value in grades.items()):
        for name, value in grades.items():
            setattr(record, name, value)
        GeoHazard.records.filter(pk=record.pk).update(**grades)
