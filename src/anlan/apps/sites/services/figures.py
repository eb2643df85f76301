"""Columns that are counted: industry in words, licences that end, grades of the installations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from anlan.apps.sites import enterprise_queries as queries
from anlan.apps.sites.models import Enterprise
from anlan.kernel.web.formatting import NUMERALS


def industry(pks: list[int]) -> Mapping[int, Any]:
    """The industry of an enterprise in words."""
    typed = dict(Enterprise.present.filter(pk__in=pks).exclude(industry="").values_list("pk", "industry"))
    names = queries.industry_names(list(dict.fromkeys(typed.values())), timezone.now())
    return {pk: names.get(code, code) for pk, code in typed.items()}


def licences_ending(pks: list[int]) -> Mapping[int, Any]:
    """“1 ended, 2 ending” for enterprises whose licences ended or are to be renewed."""
    now = timezone.now()
    found = queries.licences_ending(pks, timezone.localdate(now), queries.renewal_days(now))
    return {pk: ending_words(one) for pk, one in found.items()}


def ending_words(one: queries.Ending) -> str:
    """A count of licences as a column shows it."""
    parts = []
    if one.ended:
        parts.append(_("%(n)d ended") % {"n": one.ended})
    if one.ending:
        parts.append(_("%(n)d ending") % {"n": one.ending})
    return _(", ").join(parts)


def hazard_grades(pks: list[int]) -> Mapping[int, Any]:
    """Grades of the installations of an enterprise, gravest first: “Ⅰ Ⅲ”."""
    return {pk: " ".join(NUMERALS[one] for one in levels) for pk, levels in queries.hazard_grades(pks).items()}
