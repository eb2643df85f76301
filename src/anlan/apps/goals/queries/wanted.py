"""What a clause asks for, as the fields of a new task or project."""

from __future__ import annotations

from datetime import date
from typing import Any

from anlan.apps.goals.models import Clause, Draft, DraftKind, DraftState, Holder


def of_task(clause: Clause, today: date) -> dict[str, str]:
    """Title, words, basis, day, unit and lead officer, as far as the clause and its accepted drafts name them."""
    asked = _first(clause, DraftKind.TASK)
    found = {"basis": _cited(clause), "words": clause.text, "monthly": "1"}
    found["title"] = (f"{asked.get('verb') or ''}{asked.get('object') or ''}" or clause.heading or clause.text)[:200]
    if asked.get("deadline"):
        found["due"] = str(asked["deadline"])
    elif (last := date(clause.edition.document.last_year, 12, 31)) >= today:
        found["due"] = last.isoformat()
    return found | _who(clause)


def of_project(clause: Clause) -> dict[str, str]:
    """Title, words, basis, years, budget, unit and lead officer that the clause and its accepted drafts name."""
    asked = _first(clause, DraftKind.PROJECT)
    found = {"basis": _cited(clause), "words": str(asked.get("content") or clause.text)}
    found["title"] = str(asked.get("name") or clause.heading or clause.text)[:160]
    if asked.get("begins"):
        found["begins_on"] = f"{asked['begins']}-01-01"
    if asked.get("ends"):
        found["ends_on"] = f"{asked['ends']}-12-31"
    if asked.get("budget") and asked.get("unit") in ("", "元", None):
        found["budget"] = str(asked["budget"])
    elif asked.get("budget") and asked.get("unit") == "万元":
        found["budget"] = str(round(float(asked["budget"]) * 10_000))
    return found | _who(clause)


def _first(clause: Clause, kind: str) -> dict[str, Any]:
    draft: Draft | None = clause.drafts.filter(kind=kind, state=DraftState.ACCEPTED).order_by("id").first()
    return draft.body if draft is not None else {}


def _cited(clause: Clause) -> str:
    return f"《{clause.edition.document.title}》{clause.number}"[:200]


def _who(clause: Clause) -> dict[str, str]:
    """The first person and unit with an account, of the clause or the nearest one above that names any."""
    above: Clause | None = clause
    while above is not None:
        holders = list(Holder.objects.filter(clause=above).select_related("user__department", "department"))
        found = {}
        for one in holders:
            if one.user is not None and "lead" not in found:
                found["lead"] = one.user.username
                if one.user.department is not None:
                    found["unit"] = one.user.department.code
            if one.department is not None and "unit" not in found:
                found["unit"] = one.department.code
        if holders:
            return found
        above = above.parent
    return {}
