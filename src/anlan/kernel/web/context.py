"""What every page's frame shows: built once a request, each figure fetched only when a template asks for it."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from django.conf import settings
from django.db.models import Max
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from anlan.kernel.web import nav, texts
from anlan.kernel.web.models import Event

THEMES = ("light", "dark")
THEME_COOKIE = "anlan_theme"


class Frame:
    """The frame of one request: where am I, who is on duty, what waits."""

    def __init__(self, request: HttpRequest) -> None:
        self.request = request
        self.now = timezone.now()
        self.user = getattr(request, "user", None)

    @cached_property
    def desks(self) -> list[dict[str, Any]]:
        """Desks of the rail with address, badge and whether this page lies in it (the longest matching path)."""
        rows: list[dict[str, Any]] = []
        for desk in nav.desks(self.user):
            url = nav.address(desk)
            rows.append({"desk": desk, "url": url, "badge": desk.badge(self.user) if desk.badge else None, "on": False})
        places = [(row["url"], row["desk"].code) for row in rows if row["url"] != "/"] + nav.areas()
        inside = [(len(url), code) for url, code in places if self.request.path.startswith(url)]
        if inside:
            on = max(inside)[1]
            for row in rows:
                row["on"] = row["desk"].code == on
        return rows

    @cached_property
    def bureau(self) -> str:
        """Name of the bureau, or of the product while no region is planted."""
        return nav.figure("bureau", self.user) or _("Anlan")

    @cached_property
    def on_duty(self) -> str:
        """Name of the duty officer now; blank when nobody holds the post."""
        return nav.figure("on_duty", self.user) or ""

    @cached_property
    def mode(self) -> str:
        """Calm or emergency; a response in force switches it."""
        return nav.figure("mode", self.user) or _("Calm")

    @cached_property
    def unread(self) -> int:
        """Notices of this user that were not read."""
        return int(nav.figure("unread", self.user) or 0)

    @cached_property
    def event_since(self) -> int:
        """The newest event when this page was made: the stream goes on from here, so nothing falls between."""
        return Event.objects.aggregate(last=Max("id"))["last"] or 0

    @property
    def demo(self) -> bool:
        return bool(settings.DEMO)

    @property
    def theme(self) -> str:
        """Theme chosen in this browser; a page may set another with the block `theme`."""
        chosen = self.request.COOKIES.get(THEME_COOKIE, "")
        return chosen if chosen in THEMES else "light"

    @property
    def zone(self) -> str:
        return str(settings.TIME_ZONE)

    @property
    def language(self) -> str:
        return get_language() or settings.LANGUAGE_CODE

    @property
    def texts_url(self) -> str:
        """Address of the words that scripts use, with a digest, so that browsers keep them for good."""
        return f"{reverse('web:texts')}?v={texts.digest(self.language)}"


def frame(request: HttpRequest) -> dict[str, Any]:
    """Template context processor: `frame`."""
    return {"frame": Frame(request)}
