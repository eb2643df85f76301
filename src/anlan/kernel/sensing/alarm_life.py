"""What the rulebook says about the life of alarms (kind "alarm_life"): shelving, groups, chattering, floods, targets.

Each is asked for a moment and a place, so that a county may set its own. A rulebook without one of them still raises
alarms: nothing is grouped, counted as chattering or shelved then.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _

from anlan.kernel.regions.models import Region
from anlan.kernel.rulebook import queries as rulebook
from anlan.kernel.rulebook.models import Entry
from anlan.kernel.rulebook.wording import Field, span

KIND = "alarm_life"
SHELVE = "ALARM-SHELVE"
GROUP = "ALARM-GROUP"
CHATTER = "ALARM-CHATTER"
FLOOD = "ALARM-FLOOD"
STALE = "ALARM-STALE"

#: W5: nothing is muted for longer than this, whatever a bureau writes; seconds.
LONGEST_SHELVING_S = 86_400

#: How a figure stands to its target.
RELATIONS = ("at_most", "below", "at_least")

#: code -> field -> least number that makes sense
_FIELDS: dict[str, dict[str, float]] = {
    SHELVE: {"longest_s": 60, "confirm_within_s": 10},
    GROUP: {"within_s": 0},
    CHATTER: {"count": 2, "within_s": 1},
    FLOOD: {"begin": 1, "end": 1, "window_s": 60},
    STALE: {"after_s": 60},
}


@dataclass(slots=True)
class LifeRules:
    """The entries of one moment, read once per region."""

    at: datetime
    _known: dict[int | None, dict[str, Entry]] = field(default_factory=dict)

    def entry(self, code: str, region: Region | None) -> Entry | None:
        """The entry that decides there; None when the rulebook has none."""
        key = region.pk if region is not None else None
        if key not in self._known:
            self._known[key] = {entry.code: entry for entry in rulebook.entries(KIND, self.at, region)}
        return self._known[key].get(code)

    def body(self, code: str, region: Region | None) -> Mapping[str, Any] | None:
        entry = self.entry(code, region)
        return entry.body if entry is not None else None

    def span(self, code: str, name: str, region: Region | None) -> timedelta | None:
        """A length of time by the name of its field, seconds; None without such an entry."""
        body = self.body(code, region)
        return timedelta(seconds=float(body[name])) if body is not None else None


def faults_of(body: Mapping[str, Any]) -> list[str]:
    """What is wrong with the body of such an entry, for the rulebook. Its shape tells which one it is."""
    if "relation" in body or "measure" in body:
        return _target_faults(body)
    wanted = next((fields for fields in _FIELDS.values() if set(fields) <= set(body)), None)
    if wanted is None:
        return ["write the fields of one of " + "; ".join(f"{code}: {', '.join(f)}" for code, f in _FIELDS.items())]
    faults = [
        f"{name} is a number, {least:g} or more"
        for name, least in wanted.items()
        if isinstance(body[name], bool) or not isinstance(body[name], int | float) or body[name] < least
    ]
    if not faults and body.get("longest_s", 0) > LONGEST_SHELVING_S:
        faults.append(f"longest_s is at most {LONGEST_SHELVING_S}: nothing is muted for more than a day")
    if any(level not in (1, 2, 3, 4) for level in body.get("second_person_levels", ())):
        faults.append("second_person_levels are levels 1 to 4")
    if "longest_s" in body and not {1, 2} <= set(body.get("second_person_levels", ())):
        faults.append("second_person_levels hold 1 and 2: red and orange are never muted by one person alone")
    if not faults and body.get("end", 0) > body.get("begin", 0):
        faults.append("a flood ends at or below the number at which it begins")
    return faults


def _target_faults(body: Mapping[str, Any]) -> list[str]:
    faults = []
    if body.get("relation") not in RELATIONS:
        faults.append(f"relation is one of {', '.join(RELATIONS)}")
    if not body.get("measure"):
        faults.append("name the measure")
    if isinstance(body.get("target"), bool) or not isinstance(body.get("target"), int | float):
        faults.append("target is a number")
    return faults


def lines_of(body: Mapping[str, Any]) -> list[Field]:
    """The body as lines for a person."""
    if "relation" in body:
        words = {"at_most": _("at most"), "below": _("below"), "at_least": _("at least")}
        return [Field(_("Target"), f"{words.get(body['relation'], '')} {body['target']:g}".strip())]
    lines = []
    for name, label in (
        ("longest_s", _("At most for")),
        ("confirm_within_s", _("A second person confirms within")),
        ("within_s", _("Within")),
        ("window_s", _("Counted over")),
        ("after_s", _("Longer than")),
    ):
        if name in body:
            lines.append(Field(label, span(body[name])))
    for name, label in (
        ("count", _("How often")),
        ("begin", _("Begins above")),
        ("end", _("Ends below")),
    ):
        if name in body:
            lines.append(Field(label, f"{body[name]:g}"))
    lines.extend(Field(_("Needs a second person"), "", level=level) for level in body.get("second_person_levels", ()))
    return lines
