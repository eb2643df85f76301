"""The rulebook's word on outside data: back-off, who is told of which earthquake, how sure a hotspot is, old data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from anlan.kernel.regions.models import Region
from anlan.kernel.rulebook.models import Entry
from anlan.kernel.rulebook.queries import lookup
from anlan.kernel.rulebook.schemas import UNITS, FieldFault, by_field, is_positive, positive, register_schema, waits
from anlan.kernel.rulebook.wording import KIND_LABELS, Field, joined, register_wording, span

KIND = "outside"
FETCHING, QUAKES, HOTSPOTS, STATIONS = "OUT-01", "OUT-02", "OUT-03", "OUT-04"


def rule(code: str, at: datetime, region: Region | None = None) -> Entry:
    """The entry that decides at a moment. Raises NoRule."""
    return lookup(KIND, code, at=at, region=region)


def back_off_s(failures: int, at: datetime) -> float:
    """Seconds until the next try after so many failures in a row."""
    waits = rule(FETCHING, at).body["back_off_s"]
    return float(waits[min(failures, len(waits)) - 1])


def told_after(at: datetime) -> int:
    """Failures in a row after which a person is told."""
    return int(rule(FETCHING, at).body["told_after"])


@dataclass(frozen=True, slots=True)
class Telling:
    """Of which earthquakes the duty desk is told.

    steps    (magnitude, km): from this magnitude on, when it is at most so far from the county
    within   of the origin; older ones are history
    again    a revision that changes the magnitude by so much is told again
    same     two catalogues speak of one event: origins so close in time, and so close in km
    most     notices of earthquakes in an hour; beyond them one says to open the list
    """

    steps: tuple[tuple[float, float], ...]
    within: timedelta
    again: float
    same: tuple[timedelta, float]
    most: int
    entry: Entry

    def tells(self, magnitude: float | None, km: float | None) -> bool:
        """Whether an earthquake of a magnitude at a distance is told; what is not known is not told."""
        if magnitude is None or km is None:
            return False
        # Magnitudes have one decimal; 4.5 written as 4.499999 is 4.5.
        return any(round(magnitude, 2) >= least and km <= far for least, far in self.steps)


def telling(at: datetime, region: Region) -> Telling:
    """The rule that holds in a region."""
    entry = rule(QUAKES, at, region)
    body = entry.body
    return Telling(
        tuple((float(step["magnitude"]), float(step["within_km"])) for step in body["tell"]),
        timedelta(seconds=body["within_s"]),
        float(body["again"]),
        (timedelta(seconds=body["same_s"]), float(body["same_km"])),
        int(body["most_an_hour"]),
        entry,
    )


def confidence(at: datetime, region: Region) -> Callable[[float], str]:
    """What gives low, nominal or high for a share of 0 to 100."""
    body = rule(HOTSPOTS, at, region).body
    nominal, high = float(body["nominal"]), float(body["high"])
    return lambda share: "high" if share >= high else "nominal" if share >= nominal else "low"


def register() -> None:
    """Called once at start."""
    register_schema(KIND, by_field(_FAULTS))
    register_wording(KIND, lines)
    KIND_LABELS.setdefault(KIND, gettext_lazy("Outside data"))


def _steps(value: Any) -> str:
    fine = isinstance(value, list) and all(
        isinstance(one, Mapping) and is_positive(one.get("magnitude")) and is_positive(one.get("within_km"))
        for one in value
    )
    return "" if fine else "tell is a list of magnitude and within_km"


_FAULTS: dict[str, FieldFault] = {
    "back_off_s": waits("back_off_s"),
    "tell": _steps,
    **{
        name: positive(name)
        for name in (
            "told_after", "keep_days", "within_s", "again", "same_s", "same_km", "most_an_hour", "nominal", "high",
            "shown_s", "near_km", "near_s", "late_s",
        )
    },
}  # fmt: skip


def lines(body: Mapping[str, Any]) -> list[Field]:
    """An entry in words."""
    found = [
        Field(_("Magnitude %(m)s and more") % {"m": f"{step['magnitude']:g}"},
              _("at most %(km)s km away") % {"km": f"{step['within_km']:g}"})
        for step in body.get("tell", ())
    ]  # fmt: skip
    if "back_off_s" in body:
        found.append(Field(_("Waits between tries"), joined(span(wait) for wait in body["back_off_s"])))
    words: tuple[tuple[str, str, Callable[[Any], str]], ...] = (
        ("told_after", _("A person is told after failures in a row"), "{:g}".format),
        ("within_s", _("Told within, after the origin"), span),
        ("again", _("Told again when the magnitude changes by"), "{:g}".format),
        ("same_s", _("Of two catalogues the same event: origins within"), span),
        ("same_km", _("and within (km)"), "{:g}".format),
        ("most_an_hour", _("Notices of earthquakes in an hour, at most"), "{:g}".format),
        ("nominal", _("Confidence nominal from (%)"), "{:g}".format),
        ("high", _("Confidence high from (%)"), "{:g}".format),
        ("shown_s", _("Shown on the map for"), span),
        ("near_km", _("Checked together: within (km)"), "{:g}".format),
        ("near_s", _("Checked together: within"), span),
        ("late_s", _("Old data after"), span),
    )
    found += [Field(label, spell(body[name])) for name, label, spell in words if name in body]
    if "keep_days" in body:
        found.append(Field(_("Kept for"), span(body["keep_days"] * UNITS["days"])))
    return found
