"""A stored condition in sentences, in the reader's language."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from anlan.kernel.rulebook.wording import span
from anlan.kernel.sensing.conditions.types import (
    CROSSINGS,
    IMPLAUSIBLE,
    LADDERS,
    LEVEL,
    RATE,
    SILENCE,
    STUCK,
    TOGETHER,
    VOTE,
    WINDOW,
)
from anlan.kernel.web.formatting import COLOURS


def limit_of(condition: Mapping[str, Any], step: int) -> float | None:
    """The limit of one step of a level condition, to be read beside a value of the point.

    None for other conditions, whose limits are of another quantity, and for a step that is not there.
    """
    steps = condition["steps"] if condition["type"] == LEVEL else ()
    return float(steps[step]["limit"]) if 0 <= step < len(steps) else None


def unit_of(condition: Mapping[str, Any], unit: str) -> str:
    """The unit of the limits of a condition over points of this unit: "m/h" for a rate, none for a count."""
    if condition["type"] == RATE:
        return f"{unit}/{_per(condition['per_s'])}"
    if condition["type"] == WINDOW and all(term["of"] == "count" for term in condition["terms"]):
        return ""
    return unit


def _per(seconds: float) -> str:
    """The time that a rate is told in, as a unit."""
    return {1: "s", 60: "min", 3600: "h", 86_400: "d"}.get(int(seconds), span(seconds))


def severities_of(condition: Mapping[str, Any]) -> list[int]:
    """The severities that a condition may raise, mildest first."""
    ladder = condition.get("steps") or condition.get("rungs") or (condition,)
    return [int(step["severity"]) for step in ladder]


def number(value: float) -> str:
    """A limit as people write it: 25 rather than 25.0."""
    return f"{value:.6g}"


def with_unit(value: float, unit: str) -> str:
    return f"{number(value)} {unit}".rstrip()


def in_words(condition: Mapping[str, Any], unit: str) -> list[str]:
    """The condition as sentences for a page, in the reader's language: first one for each step, then the rest."""
    return [*step_words(condition, unit), *rest_words(condition, unit)]


def step_words(condition: Mapping[str, Any], unit: str) -> list[str]:
    """What raises the alarm, a sentence for each step (mildest first), or one where there are no steps."""
    if condition["type"] in LADDERS:
        return [_ladder_words(condition, step["limit"], unit) for step in condition["steps"]]
    if condition["type"] == VOTE:
        return [_rung_words(condition, rung) for rung in condition["rungs"]]
    return [_WORDS[condition["type"]](condition, unit)]


def rest_words(condition: Mapping[str, Any], unit: str) -> list[str]:
    """How long it must hold, how it clears, when in the week it counts and what holds it down."""
    words = []
    if condition.get("on_s"):
        words.append(_("held for %(span)s") % {"span": span(condition["on_s"])})
    if condition.get("deadband"):
        band = with_unit(condition["deadband"], unit_of(condition, unit))
        words.append(_("clears with a deadband of %(value)s") % {"value": band})
    if condition.get("off_s"):
        words.append(_("clears after %(span)s") % {"span": span(condition["off_s"])})
    if condition.get("floor") is not None:
        words.append(_("values at or below %(value)s do not count") % {"value": with_unit(condition["floor"], unit)})
    if schedule := condition.get("schedule"):
        words.append(schedule_words(schedule))
    for inhibit in condition.get("inhibits", ()):
        words.append(inhibit_words(inhibit))
    return words


def beside_limits(condition: Mapping[str, Any], unit: str) -> list[str]:
    """The words for a page that shows the limits of a level condition by themselves."""
    return rest_words(condition, unit) if condition["type"] == LEVEL else in_words(condition, unit)


def drawn_limits(condition: Mapping[str, Any]) -> list[tuple[int, float, str]]:
    """(severity, value, direction) of each limit that is a value of the point itself, to be drawn on its curve."""
    if condition["type"] == LEVEL:
        return [(step["severity"], step["limit"], condition["direction"]) for step in condition["steps"]]
    if condition["type"] == CROSSINGS:
        return [(condition["severity"], condition["limit"], "high")]
    if condition["type"] == IMPLAUSIBLE:
        bounds = ((condition.get("low"), "low"), (condition.get("high"), "high"))
        return [(condition["severity"], value, direction) for value, direction in bounds if value is not None]
    return []


def _ladder_words(condition: Mapping[str, Any], limit: float, unit: str) -> str:
    high = condition["direction"] == "high"
    sign = "≥" if high else "≤"
    if condition["type"] == LEVEL:
        return f"{sign} {with_unit(limit, unit)}"
    if condition["type"] == RATE:
        return _rate_words(condition, limit, unit, sign)
    if condition["type"] == WINDOW:
        terms = condition["terms"]
        signal = " + ".join(_term_words(term, many=len(terms) > 1) for term in terms)
        return f"{signal} {sign} {with_unit(limit, unit_of(condition, unit))}"
    value = with_unit(abs(limit), unit)
    if "other" in condition:
        words = _("%(sign)s %(value)s above %(point)s") if limit >= 0 else _("%(sign)s %(value)s below %(point)s")
        return words % {"sign": sign if limit >= 0 else _turned(sign), "value": value, "point": condition["other"]}
    words = _("%(sign)s %(value)s above the curve (%(curve)s)")
    if limit < 0:
        words = _("%(sign)s %(value)s below the curve (%(curve)s)")
    return words % {
        "sign": sign if limit >= 0 else _turned(sign),
        "value": value,
        "curve": _curve_words(condition["curve"], unit),
    }


def _turned(sign: str) -> str:
    """Of a limit below zero people say its size, so the sign turns round."""
    return "≤" if sign == "≥" else "≥"


def _rate_words(condition: Mapping[str, Any], limit: float, unit: str, sign: str) -> str:
    if sign == "≥" and limit >= 0:
        words = _("rise ≥ %(value)s %(per)s over %(window)s")
    elif sign == "≤" and limit <= 0:
        words, limit = _("fall ≥ %(value)s %(per)s over %(window)s"), -limit
    elif sign == "≥":
        words = _("change ≥ %(value)s %(per)s over %(window)s")
    else:
        words = _("change ≤ %(value)s %(per)s over %(window)s")
    return words % {
        "value": with_unit(limit, unit),
        "per": _per_words(condition["per_s"]),
        "window": span(condition["window_s"]),
    }


def _per_words(seconds: float) -> str:
    named = {1: _("per second"), 60: _("per minute"), 3600: _("per hour"), 86_400: _("per day")}
    return named.get(int(seconds)) or _("per %(span)s") % {"span": span(seconds)}


def _term_words(term: Mapping[str, Any], *, many: bool) -> str:
    words = {
        "sum": _("%(span)s sum"),
        "mean": _("%(span)s mean"),
        "max": _("%(span)s greatest value"),
        "min": _("%(span)s least value"),
        "count": _("readings in %(span)s"),
    }[term["of"]] % {"span": _hours(term["span_s"])}
    if term["lag_s"]:
        words = _("%(term)s until %(span)s before") % {"term": words, "span": _hours(term["lag_s"])}
    return f"{number(term['weight'])} × {words}" if many or term["weight"] != 1 else words


def _hours(seconds: float) -> str:
    """The span of a window as people who measure rain say it: 24 h, 72 h, then days."""
    if seconds % 3600 == 0 and 3600 <= seconds <= 72 * 3600:
        return _("%(n)d h") % {"n": seconds // 3600}
    return span(seconds)


#: A curve of more dates than this is told by its first ones.
_DATES_TOLD = 6


def _curve_words(curve: Sequence[Mapping[str, Any]], unit: str) -> str:
    told = [f"{at['month']:02}-{at['day']:02} {with_unit(at['value'], unit)}" for at in curve[:_DATES_TOLD]]
    return ", ".join([*told, "…"] if len(curve) > _DATES_TOLD else told)


def _silence_words(condition: Mapping[str, Any], unit: str) -> str:
    if "after_s" not in condition:
        n = condition["after_periods"]
        return ngettext("no data for %(n)s sampling period", "no data for %(n)s sampling periods", n) % {"n": n}
    return _("no data for %(span)s") % {"span": span(condition["after_s"])}


def _stuck_words(condition: Mapping[str, Any], unit: str) -> str:
    if "after_s" in condition:
        time = span(condition["after_s"])
    else:
        n = condition["after_periods"]
        time = ngettext("%(n)s sampling period", "%(n)s sampling periods", n) % {"n": n}
    if not condition["within"]:
        return _("value unchanged for %(span)s") % {"span": time}
    return _("value within ±%(within)s for %(span)s") % {"within": with_unit(condition["within"], unit), "span": time}


def _implausible_words(condition: Mapping[str, Any], unit: str) -> str:
    words = []
    low, high = condition.get("low"), condition.get("high")
    if condition.get("range"):
        words.append(_("value outside the range of the instrument"))
    elif low is not None and high is not None:
        words.append(_("value outside %(low)s to %(high)s") % {"low": number(low), "high": with_unit(high, unit)})
    elif low is not None:
        words.append(_("value below %(low)s") % {"low": with_unit(low, unit)})
    elif high is not None:
        words.append(_("value above %(high)s") % {"high": with_unit(high, unit)})
    if condition["jump"] is not None:
        words.append(
            _("jump of more than %(jump)s between two readings") % {"jump": with_unit(condition["jump"], unit)}
        )
    return _(" or ").join(words)


def _crossings_words(condition: Mapping[str, Any], unit: str) -> str:
    return _("rises over %(limit)s %(n)d times within %(span)s") % {
        "limit": with_unit(condition["limit"], unit),
        "n": condition["count"],
        "span": span(condition["span_s"]),
    }


def _together_words(condition: Mapping[str, Any], unit: str) -> str:
    members = condition["members"]
    told = ", ".join(
        f"{member['point']} {'≥' if member['direction'] == 'high' else '≤'} {number(member['limit'])}"
        for member in members
    )
    if condition["need"] == len(members):
        return _("all of: %(members)s") % {"members": told}
    if condition["need"] == 1:
        return _("any of: %(members)s") % {"members": told}
    return _("%(need)d of %(n)d: %(members)s") % {"need": condition["need"], "n": len(members), "members": told}


def _rung_words(condition: Mapping[str, Any], rung: Mapping[str, int]) -> str:
    return _("%(count)d of %(n)d points %(of)s → %(severity)s") % {
        "count": rung["count"],
        "n": len(condition["members"]),
        "of": _colour(rung["of"]),
        "severity": _colour(rung["severity"]),
    }


def _colour(severity: int) -> str:
    """The word of a level inside a sentence."""
    return str(COLOURS[severity]).lower()


_WORDS: dict[str, Callable[[Mapping[str, Any], str], str]] = {
    SILENCE: _silence_words,
    STUCK: _stuck_words,
    IMPLAUSIBLE: _implausible_words,
    CROSSINGS: _crossings_words,
    TOGETHER: _together_words,
}


def schedule_words(schedule: Mapping[str, Any]) -> str:
    named = (_("Mon"), _("Tue"), _("Wed"), _("Thu"), _("Fri"), _("Sat"), _("Sun"))
    days = _("every day") if len(schedule["days"]) == 7 else ", ".join(named[day] for day in schedule["days"])
    return _("only %(days)s %(begin)s to %(end)s") % {
        "days": days,
        "begin": schedule["begin"],
        "end": schedule["end"],
    }


def inhibit_words(inhibit: Mapping[str, Any]) -> str:
    if inhibit["severity"] == 4:
        return _("held down while %(rule)s is on") % {"rule": inhibit["rule"]}
    return _("held down while %(rule)s is on at %(level)s or more severe") % {
        "rule": inhibit["rule"],
        "level": _colour(inhibit["severity"]),
    }
