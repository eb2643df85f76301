"""A rule in words: its body as fields, never as code."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import get_language, gettext_lazy, ngettext
from django.utils.translation import gettext as _

from anlan.kernel.rulebook.models import Entry
from anlan.kernel.rulebook.schemas import UNITS


@dataclass(frozen=True, slots=True)
class Field:
    """One line of a rule: what, how much, and the level it means, if any."""

    label: str
    value: str
    level: int | None = None


#: body -> its lines.
Wording = Callable[[Mapping[str, Any]], list[Field]]

_wordings: dict[str, Wording] = {}
_point_kinds: dict[str, tuple[Any, str]] = {}

KIND_LABELS = {
    "alarm": gettext_lazy("Alarm rules"),
    "clock": gettext_lazy("Clocks"),
    "calendar": gettext_lazy("Calendars"),
}
HEARERS = {
    "assignee": gettext_lazy("whoever has it in hand"),
    "unit": gettext_lazy("the unit"),
    "duty": gettext_lazy("the duty officer"),
    "leader": gettext_lazy("the leader on duty"),
}


def register_wording(kind: str, wording: Wording) -> None:
    """Name the function that puts a kind of rule into words; called once at start."""
    _wordings[kind] = wording


def register_point_kind(code: str, label: Any, unit: str = "") -> None:
    """Words and unit for a kind of point in alarm rules; called at start by the room that owns the kinds."""
    _point_kinds[code] = (label, unit)


def title_of(entry: Entry) -> str:
    """The title in the reader's language."""
    chinese = (get_language() or "").startswith("zh")
    return entry.title_zh if chinese and entry.title_zh else entry.title


def kind_label(kind: str) -> str:
    """Words for a kind of rule."""
    return str(KIND_LABELS.get(kind, kind))


def lines_of(entry: Entry) -> list[Field]:
    """The body as lines for a person; a kind without wording shows its fields as they are."""
    wording = _wordings.get(entry.kind, _plain)
    return wording(entry.body)


def span(seconds: float) -> str:
    """A length of time in its largest whole unit: "15 s", "3 min", "4 h", "60 days"."""
    if seconds >= UNITS["days"] and seconds % UNITS["days"] == 0:
        days = int(seconds // UNITS["days"])
        return ngettext("%(n)d day", "%(n)d days", days) % {"n": days}
    if seconds >= UNITS["hours"] and seconds % UNITS["hours"] == 0:
        return _("%(n)d h") % {"n": seconds // UNITS["hours"]}
    if seconds >= UNITS["minutes"] and seconds % UNITS["minutes"] == 0:
        return _("%(n)d min") % {"n": seconds // UNITS["minutes"]}
    return _("%(n)g s") % {"n": seconds}


def clock_lines(body: Mapping[str, Any]) -> list[Field]:
    """Time allowed, calendar, who hears when, extensions."""
    unit = next(unit for unit in UNITS if body.get(unit))
    working = body.get("calendar") == "working"
    lines = [
        Field(_("Time allowed"), span(body[unit] * UNITS[unit])),
        Field(_("Counted in"), _("Working time") if working else _("Calendar time")),
    ]
    for rung in body.get("ladder") or ():
        to = str(HEARERS.get(rung["to"], rung["to"]))
        if "before_s" in rung:
            when = _("%(span)s before it is due") % {"span": span(rung["before_s"])}
        elif rung["after_s"]:
            when = _("%(span)s after it was due") % {"span": span(rung["after_s"])}
        else:
            when = _("When it is due")
        said = _spoken(rung.get("words"))
        lines.append(Field(when, _("%(who)s hears: %(words)s") % {"who": to, "words": said} if said else to))
    most = body.get("extensions_max", 0)
    if most:
        days = body.get("extension_max_days", 0)
        words = ngettext("once, by at most %(days)d days", "%(n)d times, by at most %(days)d days each", most)
        lines.append(Field(_("May be extended"), words % {"n": most, "days": days}))
    else:
        lines.append(Field(_("May be extended"), _("not extendable")))
    return lines


def alarm_lines(body: Mapping[str, Any]) -> list[Field]:
    """Which points, which limits with their level, dead band and delays, or how long a silence."""
    kinds = body.get("kinds") or [body.get("kind", "")]
    named = [_point_kinds.get(str(kind), (kind, "")) for kind in kinds]
    unit = next((unit for _label, unit in named if unit), str(body.get("unit", "")))
    lines = [Field(_("Holds for points of kind"), _joined(label for label, _unit in named))]
    for condition in body.get("conditions") or [body.get("condition") or {}]:
        lines += _silence(condition) if condition.get("type") == "silence" else _levels(condition, unit)
    return lines


def _levels(condition: Mapping[str, Any], unit: str) -> list[Field]:
    high = condition.get("direction", "high") == "high"
    lines = [
        Field(
            _("Raised at or above") if high else _("Raised at or below"),
            f"{_number(step['limit'])} {unit}".strip(),
            level=step["severity"],
        )
        for step in condition.get("steps", ())
    ]
    if condition.get("deadband"):
        words = _("%(band)s below the limit") if high else _("%(band)s above the limit")
        lines.append(Field(_("Falls back only"), words % {"band": f"{_number(condition['deadband'])} {unit}".strip()}))
    lines.append(Field(_("Must last before it is raised"), span(condition.get("on_s", 0))))
    lines.append(Field(_("Must be over before it clears"), span(condition.get("off_s", 0))))
    return lines


def _silence(condition: Mapping[str, Any]) -> list[Field]:
    if "after_periods" in condition:
        n = int(condition["after_periods"])
        words = ngettext("%(n)d sampling period of the point", "%(n)d sampling periods of the point", n) % {"n": n}
    else:
        words = span(condition.get("after_s", 0))
    return [Field(_("No reading for"), words, level=condition.get("severity"))]


def _plain(body: Mapping[str, Any]) -> list[Field]:
    return [Field(str(name), _joined(v) if isinstance(v, list) else str(v)) for name, v in body.items()]


def _spoken(words: Any) -> str:
    if isinstance(words, Mapping):
        language = (get_language() or "en").split("-")[0]
        return str(words.get(language) or words.get("en") or "")
    return str(words or "")


def _joined(words: Iterable[Any]) -> str:
    comma = "、" if (get_language() or "").startswith("zh") else ", "
    return comma.join(str(word) for word in words)


def _number(value: float) -> str:
    return f"{value:g}"


register_wording("clock", clock_lines)
register_wording("alarm", alarm_lines)
