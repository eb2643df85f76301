"""Faults of sources and refused rows, in words of the reader."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from anlan.apps.outside.models import Feed, Fetch
from anlan.formats.faults import Fault
from anlan.kernel.registers.importing import wording

_FAULTS: Mapping[str, Any] = {
    "place_host": gettext_lazy(
        "The host is not allowed. Whoever runs the server adds it to ANLAN_OUTSIDE_HOSTS; until then Anlan does not "
        "connect to it."
    ),
    "place_unknown": gettext_lazy("The host is not known on this network; check the address."),
    "place_scheme": gettext_lazy("Sources are fetched by http and https only."),
    "connect": gettext_lazy("The host cannot be reached."),
    "tls": gettext_lazy("The host's certificate is not trusted."),
    "time": gettext_lazy("The file did not come in time."),
    "broken": gettext_lazy("The answer broke off, or is no HTTP."),
    "large": gettext_lazy("The file is larger than %(said)s MiB."),
    "bomb": gettext_lazy("The packed file swells beyond all measure; it is not taken."),
    "packed": gettext_lazy("The packed file is damaged or cut off."),
    "redirect": gettext_lazy("The address leads elsewhere, which is not followed; enter the final address: %(said)s"),
    "status": gettext_lazy("The host refuses with HTTP %(said)s."),
    "file": gettext_lazy("The file cannot be read."),
    "heading": gettext_lazy("This is another file than expected: there is no column %(said)s."),
    "document": gettext_lazy("This is no QuakeML document (%(said)s)."),
    "area": gettext_lazy("The region has no boundary: enter a box, so that it is known which hotspots are yours."),
    "sender": gettext_lazy("The source's device is revoked or may not send."),
    "store": gettext_lazy("The reading store takes nothing at the moment; it is tried again."),
}
_ROWS: Mapping[str, Any] = {
    "width": gettext_lazy("Another number of cells than the heading"),
    "cut_off": gettext_lazy("The last line does not end; the file may have been cut off"),
    "cell": gettext_lazy("A cell is too long, or quotation marks do not fit"),
    "id": gettext_lazy("The identifier is missing or too long"),
    "time": gettext_lazy("No time that can be meant"),
    "time_zone_gap": gettext_lazy("This time does not exist or comes twice in its time zone"),
    "place": gettext_lazy("No longitude and latitude"),
    "number": gettext_lazy("No number"),
    "magnitude": gettext_lazy("No earthquake has this magnitude"),
    "depth": gettext_lazy("No earthquake has this depth"),
    "satellite": gettext_lazy("The satellite is not said"),
    "station": gettext_lazy("The station is not said"),
    "event": gettext_lazy("The event contradicts itself"),
}


def knows(code: str) -> bool:
    """Whether there are words for the fault of a source."""
    return code in _FAULTS


def knows_row(code: str) -> bool:
    """Whether there are words for the fault of a row."""
    return code in _ROWS


def fault_words(of: Feed | Fetch) -> str:
    """What is wrong with a source, "" for nothing."""
    if not of.fault:
        return ""
    if of.fault == "file" and isinstance(of, Fetch) and of.rows:
        return wording.words_of(Fault.of(of.rows[0]))
    return str(_FAULTS[of.fault]) % {"said": of.fault_said}


def row_lines(fetch: Fetch) -> list[tuple[int, str, str]]:
    """Refused rows of a fetch: line, why in words, what stood there."""
    if fetch.fault:
        return []
    return [(line, str(_ROWS[code]), said) for line, code, said in fetch.rows]


def state_words(feed: Feed) -> str:
    """How a source stands, in a few words."""
    if not feed.enabled:
        return _("off")
    if feed.failures:
        return _("does not come")
    return _("comes") if feed.good_at else _("waits for its first fetch")
