"""What every request goes through, whoever asks."""

from __future__ import annotations

from collections.abc import Callable

from django.http import Http404, HttpRequest, HttpResponse


class NoZeroBytes:
    """Leave zero bytes out of what is asked: nobody types them, and PostgreSQL compares no text with one.

    An address with one is the address of nothing (404). What is sent is judged where it is taken: a name with a zero
    byte must not become another name.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if "\x00" in request.path_info:
            raise Http404
        asked = request.META.get("QUERY_STRING", "")
        if "%00" in asked:
            request.META["QUERY_STRING"] = asked.replace("%00", "")
        return self.get_response(request)
