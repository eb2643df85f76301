"""Home and my work (待办): every open case that waits for me or my unit, by clock."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from anlan.kernel.desks import inbox, sources


def home(request: HttpRequest) -> HttpResponse:
    """The desk this person works at: duty for whoever answers alarms, else my work."""
    return redirect("desks:duty" if sources.sees_duty(request.user) else "desks:work")


def _work(request: HttpRequest) -> dict[str, Any]:
    now = timezone.now()
    tab = "all" if request.GET.get("tab") == "all" else "mine"
    everything = sorted(sources.case_items(request.user, now), key=inbox.order)
    mine = [item for item in everything if item.mine]
    shown = everything if tab == "all" else mine
    return {
        "tab": tab,
        "mine": len(mine),
        "all": len(everything),
        "groups": inbox.grouped(shown, now),
        "total": sources.open_cases(request.user).count() if len(everything) >= inbox.LIMIT else len(everything),
        "limit": inbox.LIMIT,
    }


def work(request: HttpRequest) -> HttpResponse:
    return render(request, "desks/work.html", _work(request))


def work_part(request: HttpRequest) -> HttpResponse:
    return render(request, "desks/_work_list.html", _work(request))
