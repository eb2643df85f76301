"""What every page of resources begins with."""

from __future__ import annotations

import secrets
from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from anlan.kernel.people.models import User
from anlan.kernel.people.rights import NotAllowed, holds

#: Rows of one page of a list.
ROWS = 50


def guard(request: HttpRequest, verb: str = "resource.see") -> User:
    """The signed-in person. Raises NotAllowed for one who holds `verb` nowhere; each act asks for its own region."""
    assert isinstance(request.user, User)
    if not holds(request.user, verb):
        raise NotAllowed(verb)
    return request.user


def tabs(on: str) -> list[dict[str, Any]]:
    """The pages beside each other, `on` the one that is shown."""
    pages = (
        ("stores", _("Stores"), "resources:stores"),
        ("items", _("Items"), "resources:items"),
        ("documents", _("Vouchers"), "resources:documents"),
        ("reservations", _("Reservations"), "resources:reservations"),
        ("ending", _("Ending soon"), "resources:ending"),
        ("gaps", _("Norms and gaps"), "resources:gaps"),
        ("requisitions", _("Requisitions"), "resources:requisitions"),
        ("shelters", _("Shelters in use"), "resources:shelters"),
        ("coverage", _("Fire coverage"), "resources:coverage"),
    )
    return [{"label": label, "url": url, "on": code == on} for code, label, url in pages]


def show(request: HttpRequest, template: str, on: str, *, status: int = 200, **context: Any) -> HttpResponse:
    """A page under the tab `on`."""
    return render(request, f"resources/{template}", {"tabs": tabs(on), **context}, status=status)


def page_of(request: HttpRequest, rows: Any) -> dict[str, Any]:
    """The stretch of a list that the address asks for, and the rest of the address for its other pages."""
    kept = request.GET.copy()
    kept.pop("page", None)
    return {"page": Paginator(rows, ROWS).get_page(request.GET.get("page")), "query": kept.urlencode()}


def new_key() -> str:
    """A key for a form that is opened now, so that sending it twice enters one document."""
    return secrets.token_hex(16)


def key_of(request: HttpRequest, actor: User) -> str:
    """The key that came with a form, known apart by who sent it."""
    return f"{actor.pk}:{request.POST.get('key', '')[:40] or new_key()}"
