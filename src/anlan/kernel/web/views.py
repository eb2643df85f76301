"""Health, the words for scripts, the index of the system desk, and the pages that say what went wrong."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import get_language, override
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from anlan.kernel.web import health, nav, texts
from anlan.kernel.web.gate import holds


@never_cache
@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    """The process answers; nothing else is promised here."""
    return JsonResponse({"alive": True, "at": timezone.now().isoformat(timespec="seconds")})


@never_cache
@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """Every registered check; 200 when all hold, else 503. Says what, never where: no path, address or query."""
    with override("en"):  # read by machines: the same words whatever the browser speaks
        answers = health.run_checks()
    ready = all(answer["ok"] for answer in answers.values())
    return JsonResponse({"ready": ready, "checks": answers}, status=200 if ready else 503)


@require_safe
def script_texts(request: HttpRequest) -> HttpResponse:
    """`/i18n.js`: the words of our scripts in the language of the page."""
    language = get_language() or "en"
    answer = HttpResponse(texts.script(language), content_type="text/javascript; charset=utf-8")
    # The address carries the digest of its own content, so it may be kept; it differs by language.
    fresh = request.GET.get("v") == texts.digest(language)
    answer["Cache-Control"] = "private, max-age=31536000, immutable" if fresh else "no-cache"
    return answer


@require_safe
def system_index(request: HttpRequest) -> HttpResponse:
    """The system desk: its pages as far as the viewer may open them, and the state of the machine."""
    pages = [(page, nav.address(page)) for page in nav.system_pages(request.user)]
    if not pages and not holds(request.user, "system.see"):
        return render(request, "web/denied.html", status=403)
    return render(request, "web/system.html", {"pages": pages, "checks": health.in_words(health.run_checks())})


@require_safe
def system_health(request: HttpRequest) -> HttpResponse:
    """The rows of the state of the machine, asked again every few seconds by the open page."""
    if not holds(request.user, "system.see"):
        return render(request, "web/denied.html", status=403)
    return render(request, "web/parts/health.html", {"checks": health.in_words(health.run_checks())})


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """404: not there or not yours, which look the same."""
    return _failed(request, 404)


def denied(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """403 with words; the text of a refused right comes with the exception."""
    return _failed(request, 403, str(exception) if exception else "")


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """400: the request cannot be read."""
    return _failed(request, 400)


def server_error(request: HttpRequest) -> HttpResponse:
    """500 without stack, path or query; the log has them."""
    return _failed(request, 500)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """403 when a form was sent from another page or after its session."""
    return _failed(request, 403, csrf=True)


def _failed(request: HttpRequest, status: int, words: str = "", *, csrf: bool = False) -> HttpResponse:
    template = "web/parts/failed.html" if request.headers.get("HX-Request") else "web/failed.html"
    context: dict[str, Any] = {"status": status, "words": words, "csrf": csrf}
    return render(request, template, context, status=status)
