"""The safety data sheet on the archive of every record that names a substance by its CAS number."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from anlan.apps.knowledge.queries import sheet_of
from anlan.kernel.people.rights import holds
from anlan.kernel.registers.declarations import Register, Tab, register_tabs

#: The field by which registers name a substance.
FIELD = "cas"
#: Sections that a first responder needs, shown in short.
FIRST = ("2", "4", "5", "6", "8")


def sheets(register: Register, record: Any, viewer: Any) -> Iterable[Tab]:
    """One tab for a record with a CAS number, whether the library has its data sheet or not."""
    if FIELD not in register.fields or not holds(viewer, "knowledge.see"):
        return ()
    cas = getattr(record, FIELD, "") or ""
    if not cas:
        return ()
    return (
        Tab("data-sheet", _("Safety data sheet"), "knowledge/tab_sheet.html", lambda: _context(cas, viewer), order=60),
    )


def _context(cas: str, viewer: Any) -> dict[str, Any]:
    sheet = sheet_of(cas, viewer, timezone.localdate())
    clauses = list(sheet.clauses.order_by("position")) if sheet else []
    first = {clause.position for clause in clauses if clause.level == "sheet" and clause.number in FIRST}
    return {
        "cas": cas,
        "sheet": sheet,
        "clauses": [clause for clause in clauses if clause.unit in first],
        "may_edit": holds(viewer, "knowledge.edit"),
    }


def register() -> None:
    """Called once at start."""
    register_tabs(sheets)
