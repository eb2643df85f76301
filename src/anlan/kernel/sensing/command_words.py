"""Commands to devices in words: what is asked, and what the device said of it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from django.utils import timezone
from django.utils.translation import get_language, gettext_lazy, ngettext
from django.utils.translation import gettext as _

from anlan.formats import sl651
from anlan.formats.hj212 import asking as hj212
from anlan.kernel.sensing.door import commands
from anlan.kernel.sensing.models import DeviceCommand

#: What HJ 212 can be asked for, by its command.
HISTORY = {
    hj212.MINUTES: gettext_lazy("Data of minutes"),
    hj212.HOURS: gettext_lazy("Data of hours"),
    hj212.DAYS: gettext_lazy("Data of days"),
    hj212.RAN: gettext_lazy("Times the equipment ran"),
}
#: Steps of time of SL 651, minutes.
STEPS = {
    5: gettext_lazy("5 minutes"),
    10: gettext_lazy("10 minutes"),
    15: gettext_lazy("15 minutes"),
    30: gettext_lazy("30 minutes"),
    60: gettext_lazy("1 hour"),
    1440: gettext_lazy("1 day"),
}
#: Codes of answers: name of the field, code.
CODES = {
    ("QnRtn", "1"): gettext_lazy("the device is ready"),
    ("QnRtn", "2"): gettext_lazy("the device refuses"),
    ("QnRtn", "3"): gettext_lazy("wrong password, says the device"),
    ("ExeRtn", "1"): gettext_lazy("it was carried out"),
    ("ExeRtn", "2"): gettext_lazy("it failed in the device"),
    ("ExeRtn", "100"): gettext_lazy("the device has no such data"),
    ("result", "0"): gettext_lazy("done by the terminal"),
    ("result", "1"): gettext_lazy("failed in the terminal"),
    ("result", "2"): gettext_lazy("wrong message, says the terminal"),
    ("result", "3"): gettext_lazy("not supported by the terminal"),
}


def element_words(element: str) -> str:
    """An element of SL 651: identifier, symbol, and its Chinese name for a Chinese reader."""
    found = sl651.meaning(int(element, 16))
    if found is None:
        return element
    chinese = (get_language() or "").startswith("zh")
    return f"{element} {found.name if chinese else found.symbol}".strip()


def asked_words(command: DeviceCommand) -> str:
    """What is asked beyond the kind: the span, the text; "" for nothing more."""
    told = command.arguments
    if command.kind == commands.HISTORY:
        what = str(HISTORY.get(told.get("of", ""), "")) or element_words(told["element"])
        step = f" · {STEPS[told['step_min']]}" if told.get("step_min") in STEPS else ""
        return f"{what}{step} · {_moment(told['from_ms'])} – {_moment(told['to_ms'])}"
    if command.kind == commands.TRACK:
        return _("every %(every)d s for %(long)d min") % {"every": told["every_s"], "long": told["for_s"] // 60}
    return str(told.get("words", ""))


def answer_words(command: DeviceCommand) -> list[str]:
    """What the device said, the codes of its protocol behind their words."""
    told: Mapping[str, Any] = command.answer
    found = []
    for name in ("QnRtn", "ExeRtn", "result"):
        if name in told:
            words = CODES.get((name, told[name]))
            found.append(f"{words} ({name}={told[name]})" if words else f"{name}={told[name]}")
    if isinstance(told.get("ahead_ms"), int):
        found.append(clock_words(told["ahead_ms"]))
    if told.get("unread"):
        found.append(_("nothing in its answer could be read"))
    if told.get("unsaid"):
        found.append(_("could not be written as a frame: %(why)s") % {"why": told["unsaid"]})
    if command.readings:
        n = command.readings
        found.append(ngettext("%(n)d reading came", "%(n)d readings came", n) % {"n": n})
    return found


def clock_words(ahead_ms: int) -> str:
    """How the clock of a device goes against ours; frames travel for a second or two."""
    seconds = round(abs(ahead_ms) / 1000)
    if seconds <= 2:
        return _("its clock is right to 2 s")
    words = _("its clock is %(n)d s ahead") if ahead_ms > 0 else _("its clock is %(n)d s behind")
    return words % {"n": seconds}


def _moment(ms: int) -> str:
    return timezone.localtime(datetime.fromtimestamp(ms / 1000, UTC)).strftime("%Y-%m-%d %H:%M")
