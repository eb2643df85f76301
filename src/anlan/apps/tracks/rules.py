"""The rulebook's word on carriers: when a place is old, how fast one can go, for how long a phone may be shared."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from anlan.apps.tracks.models import CarrierKind
from anlan.kernel.rulebook.queries import lookup
from anlan.kernel.rulebook.schemas import is_positive, register_schema
from anlan.kernel.rulebook.wording import KIND_LABELS, Field, register_wording

KIND, CODE = "tracks", "TRACKS"


def register() -> None:
    """Called once at start."""
    register_schema(KIND, faults_of)
    register_wording(KIND, _lines)
    KIND_LABELS.setdefault(KIND, gettext_lazy("Carriers on the map"))


@dataclass(frozen=True, slots=True)
class Rules:
    """The entry of kind "tracks" as it holds: seconds and km/h by kind of carrier, hours, days."""

    stale_s: Mapping[str, float]
    fastest_km_h: Mapping[str, float]
    trail_hours: float
    share_hours: tuple[int, ...]
    late_days: int


def rules(at: datetime) -> Rules:
    """What holds at a moment. Raises NoRule."""
    body = lookup(KIND, CODE, at=at).body
    return Rules(
        body["stale_s"], body["fastest_km_h"], body["trail_hours"], tuple(body["share_hours"]), body["late_days"]
    )


def faults_of(body: Mapping[str, Any]) -> list[str]:
    """What is wrong with a body."""
    faults = []
    for name in ("stale_s", "fastest_km_h"):
        said = body.get(name)
        if (
            not isinstance(said, Mapping)
            or set(said) != set(CarrierKind.values)
            or not all(map(is_positive, said.values()))
        ):
            faults.append(f"{name} is a number above 0 for each of {', '.join(CarrierKind.values)}")
    for name, most in (("trail_hours", 24), ("late_days", 30)):
        if not is_positive(body.get(name)) or body[name] > most:
            faults.append(f"{name} is a number above 0 and at most {most}")
    hours = body.get("share_hours")
    if not isinstance(hours, list) or not hours or not all(isinstance(one, int) and 0 < one <= 24 for one in hours):
        faults.append("share_hours are whole hours from 1 to 24")
    return faults


def _lines(body: Mapping[str, Any]) -> list[Field]:
    by_kind = {kind.value: str(kind.label) for kind in CarrierKind}
    return [
        Field(_("Old after"), "; ".join(f"{by_kind[k]} {v} s" for k, v in body["stale_s"].items())),
        Field(_("Doubted above"), "; ".join(f"{by_kind[k]} {v} km/h" for k, v in body["fastest_km_h"].items())),
        Field(_("Trail on the map"), f"{body['trail_hours']} h"),
        Field(_("Sharing may last"), ", ".join(f"{one} h" for one in body["share_hours"])),
        Field(_("A phone may deliver late by"), f"{body['late_days']} d"),
    ]
