"""The door: sign in and out, first start, password, language."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import authenticate, logout
from django.contrib.auth import update_session_auth_hash as keep_signed_in
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from anlan.kernel.people import first_start as first
from anlan.kernel.people import services, sessions, trail
from anlan.kernel.people.forms import ChangePasswordForm, FirstStartForm, SignInForm
from anlan.kernel.people.models import User
from anlan.kernel.people.queries import anybody_here
from anlan.kernel.regions import queries as regions
from anlan.kernel.regions.services import BadRegions, Planting, plant


def _next(request: HttpRequest) -> str:
    """Where to go on, inside this site only."""
    target = request.POST.get("next") or request.GET.get("next") or ""
    inside = url_has_allowed_host_and_scheme(target, {request.get_host()}, require_https=request.is_secure())
    return target if inside and target.startswith("/") else "/"


@sensitive_post_parameters()
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    """Five failures of one name from one address lock that pair for 15 minutes (settings, S4)."""
    if request.user.is_authenticated:
        return redirect(_next(request))
    if not anybody_here():
        return redirect("people:first_start")
    form = SignInForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        now = timezone.now()
        username = form.cleaned_data["username"].strip()
        user = authenticate(request, username=username, password=form.cleaned_data["password"])
        if isinstance(user, User):
            with transaction.atomic():
                sessions.begin(request, user, now)
                trail.record(actor=user, verb="people.sign_in", obj=user, now=now)
            return redirect(_next(request))
        if not getattr(request, "axes_locked_out", False):
            _note_refusal(username, "refused")
        form.add_error(None, _("User name and password do not match, or the account is closed."))
    context = {"form": form, "next": _next(request)}
    return render(request, "people/sign_in.html", context, status=422 if form.errors else 200)


def locked_out(request: HttpRequest, response: Any = None, credentials: Any = None) -> HttpResponse:
    """Shown instead of any answer while a name is locked for this address."""
    minutes = int(settings.AXES_COOLOFF_TIME * 60)
    _note_refusal((credentials or {}).get("username") or request.POST.get("username", ""), "locked", once=True)
    answer = render(request, "people/locked_out.html", {"minutes": minutes}, status=429)
    answer["Retry-After"] = str(minutes * 60)
    return answer


def _note_refusal(username: str, outcome: str, *, once: bool = False) -> None:
    """A name that nobody has is not kept: people type passwords into the wrong field."""
    user = User.objects.filter(username=username).first() if username else None
    trail.record(
        actor=user,
        verb="people.sign_in",
        obj=user,
        now=timezone.now(),
        outcome=outcome,
        note="" if user else "unknown name",
        once_in=timedelta(minutes=15) if once else None,
    )


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """End the session on the server, so that its cookie is good for nothing."""
    if isinstance(request.user, User):
        trail.record(actor=request.user, verb="people.sign_out", obj=request.user, now=timezone.now())
    logout(request)
    return redirect("people:sign_in")


@sensitive_post_parameters()
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def first_start(request: HttpRequest) -> HttpResponse:
    """The owner names the place, and sets a password of their own; needs the token of this machine."""
    if anybody_here():
        return redirect("people:sign_in")
    with_place = regions.root() is None
    form = FirstStartForm(request.POST or None, with_place=with_place)
    if request.method == "POST" and form.is_valid():
        if not first.is_token(form.cleaned_data["token"]):
            form.add_error("token", _("This is not the token of this installation."))
        else:
            owner = _make_owner(form, with_place)
            if owner is not None:
                sessions.begin(request, owner, timezone.now())
                return redirect("/")
    return render(request, "people/first_start.html", {"form": form}, status=422 if form.errors else 200)


def _make_owner(form: FirstStartForm, with_place: bool) -> User | None:
    data = form.cleaned_data
    try:
        with transaction.atomic():
            if with_place:
                plant([Planting(data["place_code"], data["place"], data["place_level"])])
            owner = services.create_owner(
                username=data["username"], name=data["name"], password=data["password"], now=timezone.now()
            )
            # Of two who press at once, one finds the token gone.
            if not first.use_up():
                raise services.Refused(_("This token has been used already."))
    except (services.Refused, BadRegions) as refused:
        form.add_error(None, str(refused))
        return None
    except ValidationError as weak:
        form.add_error("password", weak)
        return None
    return owner


@sensitive_post_parameters()
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def change_password(request: HttpRequest) -> HttpResponse:
    """One's own password; every other session of the account ends."""
    user = request.user
    form = ChangePasswordForm(user, request.POST or None)
    if request.method == "POST" and form.is_valid() and isinstance(user, User):
        now = timezone.now()
        services.change_password(user=user, password=form.cleaned_data["password"], actor=user, now=now)
        keep_signed_in(request, user)
        sessions.mark(request.session, user, now)
        messages.success(request, _("Your password is changed; other places where you were signed in are signed out."))
        return redirect("/")
    return render(request, "people/change_password.html", {"form": form}, status=422 if form.errors else 200)


@require_POST
def language(request: HttpRequest) -> HttpResponse:
    """Chinese or English, kept for the person and for this browser."""
    chosen = request.POST.get("language", "")
    answer = redirect(_next(request) if request.POST.get("next") else reverse("people:sign_in"))
    if chosen in dict(settings.LANGUAGES):
        answer.set_cookie(
            settings.LANGUAGE_COOKIE_NAME, chosen, max_age=365 * 86400, samesite="Lax", httponly=True,
            secure=settings.SESSION_COOKIE_SECURE,
        )  # fmt: skip
        if isinstance(request.user, User) and request.user.language != chosen:
            services.set_language(user=request.user, language=chosen, now=timezone.now())
    return answer
