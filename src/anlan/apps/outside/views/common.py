"""What every page of outside data begins with."""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from anlan.apps.outside.models import Feed
from anlan.apps.outside.words import fault_words
from anlan.kernel.sensing.views import tabs

#: Rows of one page of a list.
ROWS = 50
#: Spans that lists offer, days; 0 is all.
DAYS = (1, 3, 7, 30, 365, 0)


def show(request: HttpRequest, template: str, on: str, *, status: int = 200, **context: Any) -> HttpResponse:
    """A page under the tab `on` of Monitoring."""
    return render(request, f"outside/{template}", {"tabs": tabs(request, on), **context}, status=status)


def page_of(request: HttpRequest, rows: Any) -> dict[str, Any]:
    """The stretch of a list that the address asks for, with the rest of the address for the other pages."""
    params = request.GET.copy()
    params.pop("page", None)
    return {"page": Paginator(rows, ROWS).get_page(request.GET.get("page")), "query": params.urlencode()}


def number_of(text: str) -> float | None:
    """A number that was typed; None for none."""
    try:
        value = float(text.replace("，", ".").replace(",", "."))
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def since(text: str, now: datetime, default: int) -> tuple[int, datetime | None]:
    """How many days back, one of DAYS, and the moment that this means; None for all."""
    days = int(text) if text.isascii() and text.isdigit() and len(text) < 4 and int(text) in DAYS else default
    return days, now - timedelta(days=days) if days else None


def fresh(feeds: list[Feed]) -> list[dict[str, Any]]:
    """Sources of a list with what is wrong with each, so that nobody takes an old list for a quiet day."""
    return [{"feed": feed, "fault": fault_words(feed) if feed.failures else ""} for feed in feeds]
