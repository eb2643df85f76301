"""What every page of warnings begins with."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.paginator import Page, Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from anlan.apps.warning import gates
from anlan.apps.warning.models import Draft, DraftState, Sender, SenderStanding
from anlan.kernel.people.rights import holds

#: Rows of one page of a list.
ROWS = 50


def tabs(viewer: Any, on: str) -> list[dict[str, Any]]:
    """Every page that the viewer may open, `on` the one that is shown."""
    found = [
        ("list", _("Warnings"), "warning:list", None),
        ("played", _("Exercises and tests"), "warning:played", None),
    ]
    if holds(viewer, "warning.draft") or holds(viewer, "warning.issue"):
        found.append(("drafts", _("Our own"), "warning:drafts", _to_issue(viewer)))
    if gates.looks_after(viewer):
        found.append(("aside", _("Not taken"), "warning:aside", None))
        found.append(("sources", _("Sources and senders"), "warning:sources", _undecided()))
    return [{"label": label, "url": url, "on": code == on, "n": n} for code, label, url, n in found]


def _to_issue(viewer: Any) -> int | None:
    rows = Draft.objects.for_actor(viewer, "warning.issue", exercise=None).filter(state=DraftState.PROPOSED)
    return len([writers for writers in rows.values_list("writers", flat=True) if viewer.pk not in writers]) or None


def _undecided() -> int | None:
    return Sender.objects.filter(standing=SenderStanding.WAITING).count() or None


def _hillshade() -> str:
    """Address of the shading under small maps; "" where none was drawn."""
    return reverse("layers:hillshade") if (settings.DATA / "ground" / "hillshade.png").is_file() else ""


def show(request: HttpRequest, template: str, on: str, *, status: int = 200, **context: Any) -> HttpResponse:
    """A page under the tab `on`."""
    return render(
        request,
        f"warning/{template}",
        {"tabs": tabs(request.user, on), "on": on, "hillshade": _hillshade(), **context},
        status=status,
    )


def page_of(request: HttpRequest, rows: Any) -> dict[str, Any]:
    """The stretch of a list that the address asks for, with the rest of the address for the other pages."""
    params = request.GET.copy()
    params.pop("page", None)
    page: Page[Any] = Paginator(rows, ROWS).get_page(request.GET.get("page"))
    return {"page": page, "query": params.urlencode()}
