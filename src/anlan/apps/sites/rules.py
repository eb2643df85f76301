"""The rulebook's word on hazard points and cameras: rhythm of patrols, size of a day's sample."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from anlan.apps.sites import rhythm
from anlan.apps.sites.models import Finding
from anlan.kernel.regions.models import Region
from anlan.kernel.rulebook.models import Entry
from anlan.kernel.rulebook.queries import entries, in_force, lookup
from anlan.kernel.rulebook.schemas import UNITS, register_schema
from anlan.kernel.rulebook.wording import KIND_LABELS, Field, register_wording, span
from anlan.kernel.web.formatting import COLOURS

PATROL, CAMERA_CHECK = "patrol", "camera_check"
CAMERA_CHECK_DAY = "CAMERA-CHECK-DAY"


def register() -> None:
    """Called once at start."""
    register_schema(PATROL, rhythm.faults_of)
    register_schema(CAMERA_CHECK, _sample_faults)
    register_wording(PATROL, _patrol_lines)
    register_wording(CAMERA_CHECK, _sample_lines)
    KIND_LABELS.setdefault(PATROL, gettext_lazy("Patrols of hazard points"))
    KIND_LABELS.setdefault(CAMERA_CHECK, gettext_lazy("Spot checks of cameras"))


class Rhythms:
    """The rhythms that hold at a moment, looked up once for many points."""

    def __init__(self, at: datetime) -> None:
        self.at = at
        #: Without an override anywhere the same entries decide everywhere.
        self._differs = in_force(PATROL, at).exclude(region=None).exists()
        self._known: dict[int | None, dict[str, tuple[rhythm.Rhythm, Entry]]] = {}

    def of(self, register: str, region: Region) -> tuple[rhythm.Rhythm, Entry] | None:
        """The rhythm for the points of a register in a region, with its entry; None when no entry is for them."""
        key = region.pk if self._differs else None
        if key not in self._known:
            found = entries(PATROL, self.at, region)
            self._known[key] = {entry.body["register"]: (rhythm.Rhythm.of(entry.body), entry) for entry in found}
        return self._known[key].get(register)


def sample_size(pool: int, *, at: datetime, region: Region | None = None) -> tuple[int, Entry]:
    """How many of so many cameras are looked at on a day, and the entry that says so. Raises NoRule."""
    entry = lookup(CAMERA_CHECK, CAMERA_CHECK_DAY, at=at, region=region)
    wanted = max(entry.body["least"], math.ceil(pool * entry.body["share"]))
    return min(pool, wanted, entry.body["most"]), entry


def _sample_faults(body: Mapping[str, Any]) -> list[str]:
    faults = []
    for name in ("least", "most"):
        if not isinstance(body.get(name), int) or body[name] < 1:
            faults.append(f"{name} is a whole number above 0")
    if not faults and body["least"] > body["most"]:
        faults.append("least is not above most")
    share = body.get("share")
    if not isinstance(share, int | float) or isinstance(share, bool) or not 0 <= share <= 1:
        faults.append("share lies between 0 and 1")
    return faults


def _sample_lines(body: Mapping[str, Any]) -> list[Field]:
    return [
        Field(_("At least"), str(body["least"])),
        Field(_("Share of all cameras"), f"{100 * body['share']:g} %"),
        Field(_("At most"), str(body["most"])),
    ]


def _patrol_lines(body: Mapping[str, Any]) -> list[Field]:
    found = _table(_("Outside of seasons"), body["every"])
    for season in body.get("seasons", ()):
        name = season["name_zh"] if (get_language() or "").startswith("zh") else season["name"]
        found += _table(f"{name} {season['first']} – {season['last']}", season["every"])
    for finding, days in body.get("after", {}).items():
        found.append(Field(_("After: %(what)s") % {"what": Finding(finding).label}, span(days * UNITS["days"])))
    return found


def _table(title: str, days: Mapping[str, int]) -> list[Field]:
    words = {str(level): str(word) for level, word in COLOURS.items()} | {"0": _("without level")}
    return [
        Field(f"{title} · {words[level]}", _("every %(span)s") % {"span": span(days[level] * UNITS["days"])})
        for level in ("1", "2", "3", "4", "0")
    ]
