"""The rulebook's word on tasks and appraisals: when a month is reported, how papers are numbered, score sheets."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import Any

from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from anlan.kernel.regions import queries as regions
from anlan.kernel.rulebook.models import Entry
from anlan.kernel.rulebook.queries import entries, lookup
from anlan.kernel.rulebook.schemas import register_schema
from anlan.kernel.rulebook.wording import KIND_LABELS, Field, register_wording
from anlan.science.appraisal import Item, ItemKind, Scale, Step

KIND, SHEET = "goals", "appraisal"
PROGRESS, PAPERS = "GOAL-PROGRESS", "GOAL-PAPERS"
#: Kinds of papers that have numbers of their own.
SERIES = ("supervise", "interview", "criticism", "notice")
SUBJECTS = ("town", "department")

KIND_WORDS = {
    ItemKind.COMPUTED: gettext_lazy("Computed from data"),
    ItemKind.MANUAL: gettext_lazy("Entered by hand"),
    ItemKind.VETO: gettext_lazy("Veto"),
}


def register() -> None:
    """Called once at start."""
    register_schema(KIND, _checked(_goal_faults))
    register_schema(SHEET, _checked(_sheet_faults))
    register_wording(KIND, _goal_lines)
    register_wording(SHEET, _sheet_lines)
    KIND_LABELS.setdefault(KIND, gettext_lazy("Tasks"))
    KIND_LABELS.setdefault(SHEET, gettext_lazy("Score sheets"))


def report_day(at: datetime) -> int:
    """The day of the next month until which a month is to be reported."""
    return int(lookup(KIND, PROGRESS, at=at, region=regions.root()).body["day"])


def remind_days(at: datetime) -> int:
    """How many days before that day who has not reported is reminded."""
    return int(lookup(KIND, PROGRESS, at=at, region=regions.root()).body["remind_before_days"])


def paper_number(series: str, serial: int, day: date, *, place: str, at: datetime) -> str:
    """ "安应急督〔2026〕3号": the year in full in hexagonal brackets, the serial without leading zeros.

    GB/T 9704-2012, 7.2.5. The letters of the organ are the bureau's own (`GOAL-PAPERS`).
    """
    body = lookup(KIND, PAPERS, at=at, region=regions.root()).body
    return f"{place[:1]}{body['organ']}{body['series'][series]}〔{day.year}〕{serial}号"


def sheets(day: date, at: datetime) -> list[Entry]:
    """The score sheets in force here at `at` for the year of a day and the one before, which is appraised in it."""
    return [entry for entry in entries(SHEET, at, regions.root()) if day.year - 1 <= entry.body["year"] <= day.year]


def items_of(entry: Entry) -> list[Item]:
    """The items of a sheet as the reckoning takes them."""
    return [_item(raw) for raw in entry.body["items"]]


def _item(raw: Mapping[str, Any]) -> Item:
    scale = raw.get("scale")
    return Item(
        code=raw["code"],
        kind=ItemKind(raw["kind"]),
        points=float(raw.get("points", 0)),
        value=raw.get("value", ""),
        scale=_scale(scale) if scale else None,
    )


def _scale(raw: Mapping[str, Any]) -> Scale:
    steps = tuple(Step(float(one["at_least"]), float(one["share"])) for one in raw.get("steps", ()))
    return Scale(zero=raw.get("zero"), full=raw.get("full"), steps=steps)


def in_words(raw: Mapping[str, Any], name: str) -> str:
    """A text of a rule in the reader's language: `name_zh` for Chinese, else `name`."""
    chinese = (get_language() or "").startswith("zh")
    return str((raw.get(f"{name}_zh") if chinese else None) or raw.get(name) or raw.get(f"{name}_zh") or "")


def scale_words(raw: Mapping[str, Any]) -> str:
    """A scale in words: what brings nothing and what brings all points, or its steps."""
    scale, unit = raw.get("scale"), str(raw.get("unit", ""))
    if not scale:
        return ""
    if scale.get("steps"):
        parts = [
            _("%(value)s and more: %(share)s%%") % {"value": f"{one['at_least']:g}{unit}", "share": f"{one['share']:g}"}
            for one in scale["steps"]
        ]
        return _("; ").join(parts)
    words = _("from %(zero)s (no points) to %(full)s (all points), in between in proportion")
    return words % {"zero": f"{scale['zero']:g}{unit}", "full": f"{scale['full']:g}{unit}"}


def _checked(check: Any) -> Any:
    def faults(body: Mapping[str, Any]) -> list[str]:
        try:
            return list(check(body))
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            return [f"a part is missing or of another form: {error!r}"]

    return faults


def _goal_faults(body: Mapping[str, Any]) -> Iterator[str]:
    if "series" in body:
        if not body["organ"]:
            yield "organ gives the letters of the organ"
        if set(body["series"]) != set(SERIES):
            yield f"series gives a word for each of {', '.join(SERIES)}"
        return
    if not 1 <= int(body["day"]) <= 28:
        yield "day is a day that every month has, 1 to 28"
    if not 0 <= int(body["remind_before_days"]) < int(body["day"]):
        yield "remind_before_days is 0 or more and less than day: the reminder falls into the month of the report"


def _sheet_faults(body: Mapping[str, Any]) -> Iterator[str]:
    """Unique items that together have the full points, each with what its kind needs."""
    if body["of"] not in SUBJECTS:
        yield f"of is one of {', '.join(SUBJECTS)}"
    if not 2000 <= int(body["year"]) <= 2100:
        yield "year is a year"
    codes = [one["code"] for one in body["items"]]
    yield from (f"item {code} stands twice" for code, n in Counter(codes).items() if n > 1)
    total = sum(one.get("points", 0) for one in body["items"])
    if abs(total - body["full"]) > 1e-9:
        yield f"the items have {total:g} points together, not {body['full']:g}"
    for one in body["items"]:
        yield from _item_faults(one)
    bounds = [one["at_least"] for one in body["grades"]]
    if bounds != sorted(bounds, reverse=True) or bounds[-1:] != [0]:
        yield "the bounds of the grades fall, and the last is 0"


def _item_faults(raw: Mapping[str, Any]) -> Iterator[str]:
    item = _item(raw)
    if item.kind is ItemKind.VETO:
        if item.points:
            yield f"{item.code}: a veto has no points"
        return
    if item.points <= 0:
        yield f"{item.code}: points are above 0"
    if item.kind is ItemKind.COMPUTED:
        if not item.value or item.scale is None:
            yield f"{item.code}: a computed item names its value and its scale"
        else:
            yield from (f"{item.code}: {fault}" for fault in item.scale.faults())


def _goal_lines(body: Mapping[str, Any]) -> list[Field]:
    if "series" in body:
        return [
            Field(_("Letters of the organ"), body["organ"]),
            *(Field(str(_SERIES_WORDS[name]), word) for name, word in body["series"].items()),
        ]
    return [
        Field(_("A month is reported until the day of the next month"), str(body["day"])),
        Field(_("Reminder, days before"), str(body["remind_before_days"])),
    ]


_SERIES_WORDS = {
    "supervise": gettext_lazy("Supervision letter"),
    "interview": gettext_lazy("Interview"),
    "criticism": gettext_lazy("Notice of criticism"),
    "notice": gettext_lazy("Notice"),
}


def _sheet_lines(body: Mapping[str, Any]) -> list[Field]:
    lines = [Field(_("Year"), str(body["year"]))]
    for raw in body["items"]:
        kind = KIND_WORDS[ItemKind(raw["kind"])]
        points = _("%(n)s points") % {"n": f"{raw['points']:g}"} if raw.get("points") else ""
        text = " · ".join(part for part in (points, str(kind), scale_words(raw)) if part)
        lines.append(Field(in_words(raw, "title"), text))
    return lines
