"""What a document asks for becomes the target of the indicator that answers it, with the clause as its source."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime

from django.utils import translation

from anlan.apps.goals.models import Clause, Draft, DraftKind, DraftState
from anlan.kernel.indicators.declarations import Better, Indicator, indicator
from anlan.kernel.indicators.models import Comparator, Target
from anlan.kernel.indicators.services import aiming
from anlan.kernel.people.models import User
from anlan.kernel.people.rights import may

#: How documents compare, as targets do. A bare number is what is to be reached: at least, or at most.
COMPARED: Mapping[str, Comparator] = {
    "<": Comparator.LESS,
    ">": Comparator.MORE,
    "<=": Comparator.AT_MOST,
    ">=": Comparator.AT_LEAST,
}


def aim(clause: Clause, code: str, *, actor: User, now: datetime) -> list[Target]:
    """Set the targets that the clause's accepted indicators name, a year each, for the document's place.

    Nothing is set for an indicator of another name or unit, without a number or with two numbers for one year, where
    another document set the target, or by one who may set none: a person then sets it on the page of the indicator.
    Raises as `indicators.services.aiming.set_target`.
    """
    one = indicator(code)
    document = clause.edition.document
    if one is None or not may(actor, "indicator.target", document.region):
        return []
    by_year: dict[int, set[tuple[Comparator, float, str]]] = {}
    for draft in clause.drafts.filter(kind=DraftKind.INDICATOR, state=DraftState.ACCEPTED).order_by("id"):
        if _same_thing(draft, one):
            comparator = COMPARED.get(draft.body.get("comparator", ""), _reached(one))
            year = int(draft.body.get("year") or document.last_year)
            by_year.setdefault(year, set()).add((comparator, float(draft.body["value"]), draft.words))
    found = []
    for year, said in by_year.items():
        held = Target.records.filter(indicator=code, region=document.region, year=year, ended_at=None).first()
        (comparator, value, words), *others = said
        same = held is not None and (held.comparator, held.value) == (comparator, value)
        if others or same or (held is not None and held.standard != document.title[:120]):
            continue
        found.append(
            aiming.set_target(
                code=code, region=document.region, year=year, comparator=comparator, value=value, words=words,
                standard=document.title, clause=clause.number, actor=actor, now=now,
            )
        )  # fmt: skip
    return found


def _reached(one: Indicator) -> Comparator:
    return Comparator.AT_LEAST if one.better is Better.HIGHER else Comparator.AT_MOST


def _same_thing(draft: Draft, one: Indicator) -> bool:
    """Does the draft name just this indicator, in its unit? Likeness is not enough: deaths are not accidents."""
    if draft.body.get("value") in (None, "") or draft.body.get("rank"):
        return False
    with translation.override("zh-hans"):
        title, unit = _plain(str(one.title)), str(one.unit)
    name, said = _plain(draft.body.get("name", "")), str(draft.body.get("unit") or "").replace("％", "%")
    return len(name) > 3 and (name in title or title in name) and said in (unit, "" if unit != "%" else unit)


def _plain(name: str) -> str:
    """A name without its remarks in brackets."""
    return "".join(re.sub(r"[（(][^）)]*[）)]", "", name).split())
