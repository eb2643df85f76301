"""A kept assessment as people read it: every term with its place in the standard."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from anlan.apps.sites.models import Assessment
from anlan.apps.sites.models.plants import Counting, HazardClass
from anlan.kernel.web.formatting import NUMERALS

#: Table of GB 18218-2018 → code of the rulebook entry that holds it.
_ENTRIES = {1: "MH-SUBSTANCES", 2: "MH-CLASSES", 3: "MH-GASES", 4: "MH-CLASSES", 5: "MH-ALPHA", 6: "MH-LEVELS"}
_CLASSES = dict(HazardClass.choices)
_COUNTING = dict(Counting.choices)


@dataclass(frozen=True, slots=True)
class Value:
    """A number with its clause, the rulebook entry and what else is to be said; `text` "" when it is missing."""

    text: str
    clause: str = ""
    entry: int | None = None
    note: str = ""
    verified: bool = True


@dataclass(frozen=True, slots=True)
class Line:
    """One stock."""

    name: str
    url_code: str
    unit: str
    tonnes: str
    counting: str
    threshold: Value
    share: str
    beta: Value
    weighted: str
    missing: tuple[str, ...]
    counts: bool


@dataclass(frozen=True, slots=True)
class Reading:
    """An assessment in words."""

    kept: Assessment
    lines: tuple[Line, ...]
    s: str
    r: str
    alpha: Value
    people: str
    people_note: str
    grade: Value
    possible: str
    missing: tuple[str, ...]
    verified: bool


def read(kept: Assessment) -> Reading:
    """An assessment in the language of the reader."""
    lines = tuple(_line(term, kept.rules) for term in kept.terms)
    alpha = _of_table(kept, 5, number(kept.alpha))
    missing = [words for line in lines for words in line.missing]
    if not lines:
        missing.append(_("No chemical is entered in its units."))
    people = kept.people.get("number")
    if people is None:
        missing.append(_why(kept.people))
    return Reading(
        kept=kept,
        lines=lines,
        s=number(kept.s) or _("at least %(s)s") % {"s": number(kept.s_known) or "0"},
        r=number(kept.r) or _span(kept),
        alpha=alpha,
        people="" if people is None else f"{people:,d}",
        people_note=_people_note(kept.people),
        grade=_of_table(kept, 6, NUMERALS[kept.level] if kept.level else ""),
        possible=" / ".join(NUMERALS[level] for level in kept.levels) if kept.level is None else "",
        missing=tuple(missing),
        verified=all(value.verified for line in lines for value in (line.threshold, line.beta)) and alpha.verified,
    )


def number(value: float | None) -> str:
    """A number with up to six digits, "" for none."""
    return "" if value is None else f"{value:,.6g}"


def _span(kept: Assessment) -> str:
    if kept.r_least is None:
        return ""
    if kept.r_most is None:
        return _("at least %(s)s") % {"s": number(kept.r_least) or "0"}
    return f"{number(kept.r_least)} … {number(kept.r_most)}"


def _line(term: Mapping[str, Any], rules: Mapping[str, Any]) -> Line:
    return Line(
        name=str(term["name"]),
        url_code=str(term["code"]),
        unit=str(term["unit"]),
        tonnes=number(term["tonnes"]),
        counting=str(_COUNTING.get(term["form"], term["form"])),
        threshold=_value(term["threshold"], rules, str(term["row"])),
        share=number(term["share"]),
        beta=_value(term["beta"], rules, ""),
        weighted=number(term["weighted"]),
        missing=tuple(_missing(str(term["name"]), lack, which) for lack, which in term["missing"]),
        counts=term["form"] != Counting.OUTSIDE,
    )


def _value(taken: Mapping[str, Any] | None, rules: Mapping[str, Any], row: str) -> Value:
    if taken is None:
        return Value("")
    rule = rules.get(_ENTRIES[taken["table"]], {})
    where = row or str(_CLASSES.get(taken["row"], taken["row"]))
    clause = _("%(standard)s table %(table)d, %(row)s") % {
        "standard": rule.get("standard", ""), "table": taken["table"], "row": where,
    }  # fmt: skip
    notes = []
    if taken["ours"]:
        considered = _(", ").join(f"{symbol} {value:g}" for symbol, value in taken["considered"])
        notes.append(_("highest of %(considered)s: our safe choice") % {"considered": considered})
    return Value(number(taken["value"]), clause, rule.get("id"), _("; ").join(notes), bool(taken["verified"]))


def _of_table(kept: Assessment, table: int, text: str) -> Value:
    rule = kept.rules.get(_ENTRIES[table], {})
    clause = f"{rule.get('standard', '')} {rule.get('clause', '')}".strip()
    return Value(text, clause, rule.get("id"), verified=bool(rule.get("verified", True)))


def _missing(name: str, lack: str, which: list[str]) -> str:
    """What has to be found out about one stock, and where it is mended."""
    words = {
        "quantity": _("%(name)s: the design maximum is missing."),
        "substance": _("%(name)s: not in table 1 and no hazard class given; choose its classes."),
        "row": _("%(name)s: several rows of table 1 fit (%(which)s); give the CAS number."),
        "class": _("%(name)s: the class %(which)s is not in table 2."),
        "classes": _("%(name)s: a mixture counted by its own classes needs them."),
        "beta": _("%(name)s: β is not in table 3 and no hazard class is given; choose its classes."),
    }
    return words[lack] % {"name": name, "which": _(", ").join(which)}


def _why(people: Mapping[str, Any]) -> str:
    """Why the number of people is not known."""
    if people.get("why") == "partly":
        words = _(
            "People within 500 m: the census covers only %(share)d %% of the surroundings; enter a surveyed number."
        )
        return words % {"share": int(100 * (people.get("covered") or 0))}
    return {
        "census": _("People within 500 m: there is no census; enter a surveyed number with its day."),
        "boundary": _(
            "People within 500 m: the boundary of the plant is missing; draw it, or enter a surveyed number."
        ),
        "distance": _("People within 500 m: the rulebook lacks the distance."),
    }.get(str(people.get("why")), _("People within 500 m are not known."))


def _people_note(people: Mapping[str, Any]) -> str:
    if people.get("source") == "survey":
        return _("surveyed on %(day)s") % {"day": people.get("as_of") or "—"}
    if people.get("source") == "census" and people.get("number") is not None:
        return _("%(source)s of %(day)s, %(metres)g m around the boundary") % {
            "source": people.get("title") or _("census"), "day": people.get("as_of"),
            "metres": people.get("distance_m") or 0,
        }  # fmt: skip
    return ""
