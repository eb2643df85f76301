"""Numbers, reasons and places of indicators in the reader's words, and where each leads."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext as _

from anlan.kernel.indicators.asking import State, code_of
from anlan.kernel.indicators.declarations import Indicator, Input, inputs

#: What a number shows while it is not known.
NOTHING = "—"

#: Groups of the list of a state, from the best to the worst.
STATES = tuple(State)


def number(value: float | None, digits: int) -> str:
    """A number with its digits, without needless zeros: "12.5", "0.0003"; "—" for none."""
    if value is None:
        return NOTHING
    text = f"{value:,.{digits}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def plain(value: float | None) -> str:
    """An entered number as it was typed: no more digits than it has."""
    return "" if value is None else f"{value:.10g}"


def amount(one: Indicator, value: float | None) -> str:
    """A number of an indicator with its unit."""
    if one.yes_no and value is not None:
        return _("yes") if value else _("no")
    return NOTHING if value is None else f"{number(value, one.digits)} {one.unit}".strip()


def reason_words(state: str, reason: Mapping[str, Any]) -> str:
    """Why a number is not there, as one sentence; empty for one that is."""
    one = inputs().get(reason.get("input", ""))
    words = {
        "input": one.title if one is not None else reason.get("input", ""),
        "register": register_of(one),
        "year": reason.get("year", ""),
        "known": reason.get("known", 0),
        "of": reason.get("of", 0),
    }
    if state == State.UNDATED:
        return _("Cannot be measured yet: no row of register “%(register)s” has the date by which it counts") % words
    if state == State.EMPTY:
        if one is not None and one.is_entered:
            return _("Cannot be measured yet: nobody has entered “%(input)s”") % words
        return _("Cannot be measured yet: register “%(register)s” is empty") % words
    sentence = {
        State.MISSING: _("“%(input)s” of %(year)s is not entered for this place"),
        State.PARTIAL: _("“%(input)s” of %(year)s: only %(known)s of %(of)s places in it have given it"),
        State.BEGINS: _("Register “%(register)s” begins in %(year)s"),
        State.PAST: _("Register “%(register)s” shows only today, and nothing was measured in that year"),
        State.AHEAD: _("The year has not begun"),
        State.NOTHING: _("Nothing to measure here: “%(input)s” is 0"),
        State.NOT_HERE: _("Means nothing at this level of places"),
    }.get(State(state))
    return sentence % words if sentence is not None else ""


def register_of(one: Input | None) -> str:
    """The name of the register that an input is counted from."""
    if one is None:
        return ""
    return str(one.source.title) if one.source is not None else _("Regions")


def input_title(key: str) -> str:
    """What an input is called, with the year when it is an earlier one: "deaths@1"."""
    code, back = code_of(key.strip("?~"))
    one = inputs().get(code)
    title = str(one.title) if one is not None else code
    if key.startswith("?"):
        return _("%(input)s: rows without a date, not counted") % {"input": title}
    if key.endswith("~"):
        return _("%(input)s, carried on to the year's end") % {"input": title}
    if back == 1:
        return _("%(input)s, the year before") % {"input": title}
    return _("%(input)s, %(n)d years before") % {"input": title, "n": back} if back else title


def where(code: str, region: str, year: int) -> str:
    """The page behind an input: its rows, the page of its register, or where it is entered."""
    one = inputs().get(code)
    if one is None or one.level:
        return ""
    if one.source is None:
        query = urlencode({"year": year, "in": region, "input": code})
        return f"{reverse('indicators:enter')}?{query}"
    if one.source.url:
        return reverse(one.source.url)
    return f"{reverse('indicators:rows', args=[code])}?{urlencode({'region': region, 'year': year})}"
