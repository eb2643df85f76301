"""The shared kinds in words: each row of a table is a line in the reader's language, marked where unverified."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import get_language, gettext_lazy, ngettext
from django.utils.translation import gettext as _

from anlan.kernel.rulebook.wording import KIND_LABELS, Field, joined, register_wording, span
from anlan.science.grades import Join
from anlan.science.norms import Per

Body = Mapping[str, Any]

_LABELS = {
    "code_list": gettext_lazy("Code lists"),
    "norm": gettext_lazy("Norms"),
    "grading": gettext_lazy("Grades"),
    "enterprise_scale": gettext_lazy("Scale of enterprises"),
    "shelter_type": gettext_lazy("Types of shelters"),
    "licence": gettext_lazy("Licences"),
    "major_hazard": gettext_lazy("Major hazards"),
}
_JOINS = {
    Join.ANY: gettext_lazy("the highest grade that any criterion reaches"),
    Join.ALL: gettext_lazy("the highest grade all of whose bounds are reached"),
    Join.NEAR: gettext_lazy("the higher grade; one lower where the two are more than one apart"),
}

#: The kinds that this module puts into words.
KINDS = ("calendar", *_LABELS)


def register() -> None:
    """Called once at start."""
    KIND_LABELS.update(_LABELS)
    for kind, words in _WORDS.items():
        register_wording(kind, words)


def _calendar(body: Body) -> list[Field]:
    lines = []
    for one in body.get("holidays") or ():
        first, last = one["first"], one["last"]
        lines.append(Field(_name(one), first if first == last else f"{first} – {last}"))
    if body.get("worked"):
        lines.append(Field(_("Worked weekends"), joined(body["worked"])))
    return lines


def _code_list(body: Body) -> list[Field]:
    """Children stand under their parents by an indent of their codes."""
    depth: dict[str, int] = {}
    lines = []
    for item in body["items"]:
        depth[item["code"]] = depth.get(item.get("parent") or "", -1) + 1
        facts = [item["official"]] if item.get("official") else []
        facts += [_unit(item)] if item.get("unit") else []
        label = "\u3000" * depth[item["code"]] + item["code"]
        lines.append(Field(label, _marked(" · ".join([_name(item), *facts]), item)))
    return lines


def _norm(body: Body) -> list[Field]:
    """What it is asked of; a norm of places names them in its title."""
    bounds = ((_("At least"), body.get("least")), (_("At most"), body.get("most")))
    lines = [Field(label, f"{bound:g} {_unit(body)}".rstrip()) for label, bound in bounds if bound is not None]
    each = int(body.get("each", 1))
    if body["per"] == Per.PERSON:
        each_of_them = _("each person") if each == 1 else _("every %(n)d people") % {"n": each}
        lines.append(Field(_("Reckoned for"), each_of_them))
    elif body["per"] == Per.PERSON_DAY:
        lines.append(Field(_("Reckoned for"), _("each person and day")))
    return lines


def _grading(body: Body) -> list[Field]:
    criteria = {one["code"]: one for one in body["criteria"]}
    lines = []
    for one in body["grades"]:
        bounds = [
            f"{_name(criteria[code])} ≥ {bound:g} {_unit(criteria[code])}"
            for code, bound in (one.get("at_least") or {}).items()
        ]
        lines.append(Field(_name(one), joined(bounds) if bounds else _("all others")))
    if len(criteria) > 1:
        lines.append(Field(_("Decides"), str(_JOINS[Join(body["join"])])))
    return lines


def _enterprise_scale(body: Body) -> list[Field]:
    return [Field(_("Holds for industries"), joined(body["industries"])), *_grading(body)]


def _shelter_type(body: Body) -> list[Field]:
    return [
        Field(_("Effective area for each person"), f"{body['m2_per_person']:g} m²"),
        Field(_("Longest opening"), span(body["days_most"] * 86400)),
        Field(_("Service radius"), f"{body['radius_km']:g} km"),
    ]


def _licence(body: Body) -> list[Field]:
    years = body["years"]
    held = ngettext("%(n)g year", "%(n)g years", years) % {"n": years}
    label = _("Valid for at most") if body.get("years_at_most") else _("Valid for")
    lines = [Field(label, held)]
    if "renew_before_days" in body:
        lines.append(Field(_("Renewal is asked for before its end by"), span(body["renew_before_days"] * 86400)))
    if "review_years" in body:
        review = body["review_years"]
        lines.append(Field(_("Reviewed every"), ngettext("%(n)g year", "%(n)g years", review) % {"n": review}))
    return lines


def _major_hazard(body: Body) -> list[Field]:
    lines = []
    for row in body.get("substances", ()):
        facts = [f"Q = {row['q_t']:g} t", *(f"CAS {cas}" for cas in row.get("cas") or ())]
        lines.append(Field(f"{row['row']} {_name(row)}", _marked(" · ".join(facts), row)))
    for row in body.get("classes", ()):
        lines.append(
            Field(f"{row['symbol']} {_name(row)}", _marked(f"Q = {row['q_t']:g} t · β = {row['beta']:g}", row))
        )
    for row in body.get("gases", ()):
        label = _("Row %(row)s of table 1") % {"row": row["row"]}
        lines.append(Field(label, _marked(f"β = {row['beta']:g}", row)))
    for row in body.get("assumed", ()):
        label = _("Rows %(rows)s of table 1") % {"rows": joined(row["rows"])}
        lines.append(Field(label, joined(row["classes"])))
    for row in body.get("alpha", ()):
        label = _("People within 500 m ≥ %(n)d") % {"n": row["at_least"]}
        lines.append(Field(label, _marked(f"α = {row['alpha']:g}", row)))
    for row in body.get("levels", ()):
        lines.append(Field(f"R ≥ {row['at_least']:g}", _("level %(n)d") % {"n": row["level"]}))
    return lines


def _name(row: Body) -> str:
    return str(row["name_zh"] if (get_language() or "").startswith("zh") else row["name"])


def _unit(row: Body) -> str:
    """The unit in the reader's language; a bare number has the unit 1, which nobody writes."""
    chinese = (get_language() or "").startswith("zh")
    unit = str(row.get("unit_zh", row["unit"]) if chinese else row["unit"])
    return "" if unit == "1" else unit


def _marked(words: str, row: Body) -> str:
    return f"{words} · {_('Unverified')}" if row.get("verified") is False else words


_WORDS = {
    "calendar": _calendar,
    "code_list": _code_list,
    "norm": _norm,
    "grading": _grading,
    "enterprise_scale": _enterprise_scale,
    "shelter_type": _shelter_type,
    "licence": _licence,
    "major_hazard": _major_hazard,
}
