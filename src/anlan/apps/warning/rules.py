"""The rulebook's word on warnings: levels, categories, validity; and the code lists that CAP is read with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from anlan.formats.cap import CodeBook
from anlan.formats.cap.values import CATEGORY, CERTAINTY, SEVERITY, URGENCY
from anlan.kernel.regions import queries as regions
from anlan.kernel.rulebook.codes import Code, CodeList, code_list
from anlan.kernel.rulebook.models import Entry
from anlan.kernel.rulebook.queries import lookup
from anlan.kernel.rulebook.schemas import FieldFault, by_field, register_schema, whole
from anlan.kernel.rulebook.wording import KIND_LABELS, Field, register_wording, span
from anlan.kernel.web.formatting import COLOURS

KIND = "warning"
LEVELS, CATEGORIES, VALIDITY = "WRN-01", "WRN-02", "WRN-03"
EVENTS, COLOUR_LIST, INSTITUTIONS = "WARNING-EVENTS", "WARNING-COLOURS", "WARNING-INSTITUTIONS"

_HOURS = {"open_end_h": 3_600, "longest_h": 3_600, "feed_days": 86_400, "keep_days": 86_400}


def rule(code: str, at: datetime) -> Entry:
    """The entry that decides at a moment. Raises NoRule."""
    return lookup(KIND, code, at=at)


def span_of(name: str, at: datetime) -> timedelta:
    """A span of `WRN-03`: open_end_h, longest_h, feed_days or keep_days."""
    return timedelta(seconds=rule(VALIDITY, at).body[name] * _HOURS[name])


def silent_after(period_s: int, at: datetime) -> timedelta:
    """After how long a source is silent, at least ten minutes: one slow answer is no silence."""
    return timedelta(seconds=max(600, period_s * int(rule(VALIDITY, at).body["silent_periods"])))


def levels(at: datetime) -> dict[int, dict[str, str]]:
    """Severity, urgency and certainty of each level."""
    return {int(level): dict(values) for level, values in rule(LEVELS, at).body["levels"].items()}


def events(at: datetime) -> CodeList:
    """The events that may be warned of, by the code of our list; `official` is the code of the standard."""
    return code_list(EVENTS, at=at)


def event_of(official: str, at: datetime) -> Code | None:
    """The event of a code of the standard, None for one that is not in the list."""
    return next((one for one in events(at).values() if one.official == official), None)


def category(official: str, at: datetime) -> str:
    """The CAP category of an event by the longest beginning of its code."""
    known = rule(CATEGORIES, at).body["categories"]
    return str(known[max((part for part in known if official.startswith(part)), key=len)])


def colours(at: datetime) -> dict[int, Code]:
    """Level → CAP severity (`code`) and colour (`official`), gravest first as the list has them."""
    return dict(enumerate(code_list(COLOUR_LIST, at=at).values(), 1))


@dataclass(frozen=True, slots=True)
class Known:
    """What a message is read with, looked up once.

    book      the codes that are known here: lists of the rulebook, and our tree of regions
    levels    CAP severity → 1 red … 4 blue
    open_end  how long a message counts that does not say when it ends
    """

    book: CodeBook
    levels: Mapping[str, int]
    open_end: timedelta


def known(at: datetime) -> Known:
    """Everything that reading a message asks the rulebook for."""
    by_level = colours(at)
    return Known(
        _book(at, by_level), {one.code: level for level, one in by_level.items()}, span_of("open_end_h", at)
    )  # fmt: skip


def _book(at: datetime, by_level: Mapping[int, Code]) -> CodeBook:
    return CodeBook(
        events={one.official: one.name_zh for one in events(at).values() if one.official},
        colours={one.official: one.code for one in by_level.values() if one.official},
        institutions={one.official: one.name_zh for one in code_list(INSTITUTIONS, at=at).values() if one.official},
        regions=_regions(),
    )


def _regions() -> dict[str, str]:
    """Our regions by code, also as they are written with empty lower steps: 5107 is 510700."""
    found = {}
    for code, node in regions.tree().by_code.items():
        found[code] = node.name
        if len(code) < 6:
            found[code.ljust(6, "0")] = node.name
    return found


def register() -> None:
    """Called once at start."""
    register_schema(KIND, by_field(_FAULTS))
    register_wording(KIND, lines)
    KIND_LABELS.setdefault(KIND, gettext_lazy("Warnings"))


def _levels_fault(value: Any) -> str:
    lists = {"severity": SEVERITY, "urgency": URGENCY, "certainty": CERTAINTY}
    fine = (
        isinstance(value, Mapping)
        and {str(level) for level in value} == {"1", "2", "3", "4"}
        and all(
            isinstance(said, Mapping)
            and set(said) == set(lists)
            and all(said[name] in values for name, values in lists.items())
            for said in value.values()
        )
    )
    return "" if fine else "levels gives severity, urgency and certainty of CAP to each of 1, 2, 3, 4"


def _categories_fault(value: Any) -> str:
    fine = isinstance(value, Mapping) and "" in value and all(one in CATEGORY for one in value.values())
    return "" if fine else 'categories gives a category of CAP to beginnings of event codes, and to "" for the rest'


_FAULTS: dict[str, FieldFault] = {
    "levels": _levels_fault,
    "categories": _categories_fault,
    **{name: whole(name) for name in (*_HOURS, "silent_periods")},
}


def lines(body: Mapping[str, Any]) -> list[Field]:
    """An entry in words."""
    found = [
        Field(str(COLOURS[int(level)]), " · ".join(said.values()))
        for level, said in sorted(body.get("levels", {}).items(), key=lambda one: str(one[0]))
        if str(level) in ("1", "2", "3", "4")
    ]
    found += [Field(part or _("All others"), name) for part, name in body.get("categories", {}).items()]
    words = {
        "open_end_h": _("Counts without an end for"),
        "longest_h": _("Longest validity of our own"),
        "feed_days": _("Stays in the feed for"),
        "keep_days": _("Set-aside messages are kept for"),
    }
    found += [Field(label, span(body[name] * _HOURS[name])) for name, label in words.items() if name in body]
    if "silent_periods" in body:
        found.append(Field(_("A source is silent after so many periods"), str(body["silent_periods"])))
    return found
