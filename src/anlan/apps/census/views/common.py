"""What the pages of the census begin with."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest
from django.utils.translation import gettext as _

from anlan.apps.census.queries.report import MODELS, TABLES
from anlan.kernel.people.rights import holds, may
from anlan.kernel.regions import queries as regions
from anlan.kernel.registers.declarations import of_model


def open_to(request: HttpRequest) -> None:
    """Raises Http404 for those who may not see the census anywhere: for them it is not there."""
    if not holds(request.user, "census.see"):
        raise Http404


def may_edit_all(request: HttpRequest) -> bool:
    """May the viewer take in a grid, which is one for the whole county?"""
    return may(request.user, "census.edit", regions.root())


def table_title(table: str) -> str:
    """What a table is called on screen."""
    if table == "grid":
        return _("Exposure on the grid")
    register = of_model(MODELS[table])
    assert register is not None
    return str(register.title)


def tables() -> list[tuple[str, str]]:
    """Every table with its title."""
    return [(table, table_title(table)) for table in TABLES]


def frame(request: HttpRequest, on: str) -> dict[str, Any]:
    """What every page needs: its tabs, the tables, whether the viewer may change them."""
    return {
        "on": on,
        "tables": tables(),
        "may_edit": holds(request.user, "census.edit"),
        "may_edit_all": may_edit_all(request),
    }
