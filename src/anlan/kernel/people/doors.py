"""How a view begins: who asks, and whether the page is theirs to open at all."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from anlan.kernel.people.models import User
from anlan.kernel.people.rights import holds

View = Callable[..., HttpResponse]


def needs(verb: str) -> Callable[[View], View]:
    """Show a page to those only who hold `verb` somewhere; each act asks for its own region."""

    def guard(view: View) -> View:
        @functools.wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if not holds(request.user, verb):
                return render(request, "web/denied.html", status=403)
            return view(request, *args, **kwargs)

        return guarded

    return guard


def actor_of(request: HttpRequest) -> User:
    """The signed-in person."""
    assert isinstance(request.user, User)
    return request.user
