"""How moments, ages and spans of time read on a screen, in words of the current language."""

from __future__ import annotations

from datetime import datetime

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

#: Levels 1 … 4 by numeral, colour word and CSS name. The numeral and the word carry the meaning, not the colour.
NUMERALS = {1: "Ⅰ", 2: "Ⅱ", 3: "Ⅲ", 4: "Ⅳ"}
COLOURS = {
    1: gettext_lazy("Red"),
    2: gettext_lazy("Orange"),
    3: gettext_lazy("Yellow"),
    4: gettext_lazy("Blue"),
}
CSS_NAMES = {1: "red", 2: "orange", 3: "yellow", 4: "blue"}


def bureau_time(moment: datetime | None, *, seconds: bool = False) -> str:
    """`2026-11-22 03:25` in the bureau's zone; "—" for no moment."""
    if moment is None:
        return "—"
    return timezone.localtime(moment).strftime("%Y-%m-%d %H:%M:%S" if seconds else "%Y-%m-%d %H:%M")


def short_time(moment: datetime | None, now: datetime | None = None) -> str:
    """`03:25` today, `11-21 03:25` this year, with the year otherwise, in the bureau's zone."""
    if moment is None:
        return "—"
    local, today = timezone.localtime(moment), timezone.localtime(now)
    if local.date() == today.date():
        return local.strftime("%H:%M")
    return local.strftime("%m-%d %H:%M" if local.year == today.year else "%Y-%m-%d %H:%M")


def span(seconds: float) -> str:
    """A span in its two largest units, sign dropped: `2 d 4 h`, `13 min 05 s`, `8 s`."""
    whole = int(abs(seconds))
    days, rest = divmod(whole, 86400)
    hours, rest = divmod(rest, 3600)
    minutes, left = divmod(rest, 60)
    if days:
        return _("%(days)d d %(hours)d h") % {"days": days, "hours": hours}
    if hours:
        return _("%(hours)d h %(minutes)d min") % {"hours": hours, "minutes": minutes}
    if minutes:
        return _("%(minutes)d min %(seconds)02d s") % {"minutes": minutes, "seconds": left}
    return _("%(seconds)d s") % {"seconds": left}


def coarse_span(seconds: float) -> str:
    """A span in one unit, as an age is read: `3 min`, `2 h`, `5 d`."""
    whole = int(abs(seconds))
    if whole < 60:
        return _("%(seconds)d s") % {"seconds": whole}
    if whole < 3600:
        return _("%(minutes)d min") % {"minutes": whole // 60}
    if whole < 86400:
        return _("%(hours)d h") % {"hours": whole // 3600}
    return _("%(days)d d") % {"days": whole // 86400}


def age(moment: datetime | None, now: datetime) -> str:
    """How long ago, in one unit: `12 s ago`; a moment ahead of now reads `in 3 min`."""
    if moment is None:
        return "—"
    seconds = (now - moment).total_seconds()
    if seconds < -5:
        return _("in %(span)s") % {"span": coarse_span(seconds)}
    return _("%(span)s ago") % {"span": coarse_span(max(seconds, 0))}


def digits(seconds: float) -> str:
    """A running clock: `00:03:54`, past due `-00:06:20`, from one day on in words."""
    if abs(seconds) >= 86400:
        return ("-" if seconds < 0 else "") + span(seconds)
    whole = int(abs(seconds))
    return f"{'-' if seconds < 0 else ''}{whole // 3600:02d}:{whole // 60 % 60:02d}:{whole % 60:02d}"
