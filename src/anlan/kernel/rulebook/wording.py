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


def title_of(entry: Entry) -> str:
    """The title in the reader's language."""
    chinese = (get_language() or "").startswith("zh")
    return entry.title_zh if chinese and entry.title_zh else entry.title


def kind_label(kind: str) -> str:
    """Words for a kind of rule."""
    return str(KIND_LABELS.get(kind, kind))


def lines_of(entry: Entry) -> list[Field]:
    """The body as lines for a person; a kind without wording shows its fields as they are."""
    return words_of(entry.kind, entry.body)


def words_of(kind: str, body: Mapping[str, Any]) -> list[Field]:
    """A body that is not in the database yet, as lines for a person."""
    return _wordings.get(kind, _plain)(body)


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


def _plain(body: Mapping[str, Any]) -> list[Field]:
    return [Field(str(name), joined(v) if isinstance(v, list) else str(v)) for name, v in body.items()]


def _spoken(words: Any) -> str:
    if isinstance(words, Mapping):
        language = (get_language() or "en").split("-")[0]
        return str(words.get(language) or words.get("en") or "")
    return str(words or "")


def joined(words: Iterable[Any]) -> str:
    """Words in a row, with the comma of the reader's language."""
    comma = "、" if (get_language() or "").startswith("zh") else ", "
    return comma.join(str(word) for word in words)


register_wording("clock", clock_lines)
