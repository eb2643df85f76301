"""What every page of the exchange begins with."""

from __future__ import annotations

from typing import Any

from django.core.paginator import Page, Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from anlan.apps.exchange.pages import tabs

#: Rows of one page of a list.
ROWS = 50


def show(request: HttpRequest, template: str, on: str, *, status: int = 200, **context: Any) -> HttpResponse:
    """A page under the tab `on`."""
    return render(request, f"exchange/{template}", {"tabs": tabs(request.user, on), **context}, status=status)


def page_of(request: HttpRequest, rows: Any) -> dict[str, Any]:
    """The stretch of a list that the address asks for, with the rest of the address for the other pages."""
    params = request.GET.copy()
    params.pop("page", None)
    page: Page[Any] = Paginator(rows, ROWS).get_page(request.GET.get("page"))
    return {"page": page, "query": params.urlencode()}
