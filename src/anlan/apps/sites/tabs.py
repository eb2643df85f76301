"""The tabs that the archives of hazard points and cameras have beside those of every record."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from anlan.apps.sites import queries
from anlan.apps.sites.models import Condition, Finding
from anlan.apps.sites.services import grading
from anlan.kernel.evidence import queries as evidence
from anlan.kernel.people.rights import may
from anlan.kernel.registers.declarations import Register, Tab
from anlan.kernel.web.refs import ref_of

#: Lines of one tab; the page of all patrols shows the rest.
MOST = 50


def tabs_of(register: Register, record: Any, viewer: Any) -> Iterator[Tab]:
    """What the archive of a record of these registers adds."""
    if register.code in queries.POINTS:
        yield _patrols(register, record, viewer)
    if register.code == "geo-hazard":
        yield Tab("grade", _("Grade"), "sites/tabs/grade.html", context=lambda: _grades(record), panel=True, order=32)
    if register.code == "camera":
        yield _camera(register, record, viewer)


def _patrols(register: Register, record: Any, viewer: Any) -> Tab:
    rows = queries.patrols_of(ref_of(record))

    def context() -> dict[str, Any]:
        now = timezone.now()
        found = list(rows[:MOST])
        pictures: dict[str, list[Any]] = {}
        for one in evidence.of_all([ref_of(patrol) for patrol in found]):
            pictures.setdefault(one.ref, []).append(one)
        due = queries.due_of(register.code, record, now)
        return {
            "register": register,
            "record": record,
            "due": due,
            "late": due.late_days(now),
            "lines": [(patrol, pictures.get(ref_of(patrol), [])) for patrol in found],
            "may_record": may(viewer, "patrol.record", record.region),
            "findings": Finding.choices,
            "now": now,
        }

    return Tab(
        "patrols", _("Patrols"), "sites/tabs/patrols.html", count=rows.count(), panel=True, order=30, context=context
    )


def _camera(register: Register, record: Any, viewer: Any) -> Tab:
    rows = record.checks.exclude(condition="").select_related("by", "list").order_by("-at")

    def context() -> dict[str, Any]:
        return {
            "register": register,
            "record": record,
            "rows": list(rows[:MOST]),
            "tally": queries.tally(rows.values_list("condition", flat=True)),
            "may_look": queries.may_look(viewer, record),
            "may_edit": may(viewer, register.edit, record.region),
            "faulty": record.condition not in ("", Condition.ONLINE),
        }

    return Tab(
        "picture", _("Picture and checks"), "sites/tabs/camera.html", count=rows.count(), panel=True, order=30,
        context=context,
    )  # fmt: skip


def _grades(record: Any) -> dict[str, Any]:
    at = timezone.now()
    found = ((_("Danger"), grading.danger_of(record, at)), (_("Size"), grading.size_of(record, at)))
    return {"grades": [_grade(title, one) for title, one in found if one is not None]}


def _grade(title: str, verdict: grading.Verdict) -> dict[str, Any]:
    """A verdict in words: which value reaches which bound, by which clause."""
    body, graded = verdict.entry.body, verdict.graded
    chinese = (get_language() or "").startswith("zh")
    names = {one["code"]: one["name_zh" if chinese else "name"] for one in body["grades"]}
    return {
        "title": title,
        "entry": verdict.entry,
        "grade": names.get(graded.grade or "", ""),
        "possible": [names[code] for code in graded.possible],
        "bounds": [
            (one["name_zh" if chinese else "name"], list(_bounds(one.get("at_least") or {}, body["criteria"], chinese)))
            for one in body["grades"]
        ],
        "criteria": [
            {
                "name": one["name_zh" if chinese else "name"],
                "unit": one["unit_zh" if chinese else "unit"],
                "value": verdict.values[one["code"]],
                "by": names.get(graded.by.get(one["code"], ""), ""),
            }
            for one in body["criteria"]
        ],
    }


def _bounds(at_least: dict[str, float], criteria: Iterable[dict[str, Any]], chinese: bool) -> Iterator[str]:
    for one in criteria:
        if one["code"] in at_least:
            unit = one["unit_zh" if chinese else "unit"]
            yield f"{one['name_zh' if chinese else 'name']} ≥ {at_least[one['code']]:g} {unit}"
