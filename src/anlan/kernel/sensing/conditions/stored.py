"""Read a condition as the rulebook writes it; every field is known, checked and filled in, or the entry is refused."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from anlan import engine
from anlan.engine.conditions import LONGEST_MS, MOST_PANES
from anlan.kernel.sensing.conditions.to_engine import engine_rule
from anlan.kernel.sensing.conditions.types import (
    CROSSINGS,
    DEVIATION,
    IMPLAUSIBLE,
    LADDERS,
    LEVEL,
    RATE,
    SEVERAL,
    SILENCE,
    STUCK,
    TOGETHER,
    VOTE,
    WINDOW,
)

#: A point that reports every few seconds is not silent when one message is late.
SHORTEST_SILENCE_S = 60
#: Beijing time: where a schedule or a curve names no zone, seconds.
ZONE_S = 28_800.0
#: Panes offered to a term that names none: the shortest that divides the span and stays under the engine's number.
PANES_S = (60, 300, 600, 3600, 86_400)

FUNCTIONS = ("sum", "mean", "max", "min", "count")


class BadCondition(ValueError):
    """A rulebook entry whose condition cannot be meant; says which entry and what is wrong."""


def conditions_of(body: Mapping[str, Any], *, code: str) -> list[dict[str, Any]]:
    """The conditions of one rulebook entry in their stored form: a `condition`, or several under `conditions`.

    Raises BadCondition for an unknown type, a missing field, an unknown field or a value that cannot be meant.
    """
    found = body.get("conditions") or [body.get("condition")]
    return [_stored(condition, code) for condition in found]


def _stored(condition: Any, code: str) -> dict[str, Any]:
    try:
        kind = condition["type"]
        if kind not in _READERS:
            raise BadCondition(f"{code}: a condition of type {kind!r} is not known; write one of {', '.join(_READERS)}")
        fields = _Fields(condition)
        stored: dict[str, Any] = {"type": fields.take("type")} | _READERS[kind](fields)
        if (schedule := fields.take("schedule", None)) is not None:
            stored["schedule"] = _schedule(_Fields(schedule))
        if inhibits := fields.take("inhibits", None):
            stored["inhibits"] = [_inhibit(_Fields(inhibit)) for inhibit in inhibits]
        fields.end()
        _check(stored)
    except BadCondition:
        raise
    except KeyError as error:
        raise BadCondition(f"{code}: the condition lacks {error.args[0]!r}") from error
    except (TypeError, ValueError, AttributeError) as error:
        raise BadCondition(f"{code}: {error}") from error
    return stored


class _Fields:
    """The fields of a mapping, taken one by one, so that a misspelt one is found at the end."""

    def __init__(self, given: Mapping[str, Any]) -> None:
        self._given = dict(given)

    def take(self, name: str, *default: Any) -> Any:
        """The field; without a default KeyError where it is missing."""
        return self._given.pop(name, *default)

    def has(self, name: str) -> bool:
        return self._given.get(name) is not None

    def number(self, name: str, *default: float) -> float:
        value = self.take(name, *default)
        if isinstance(value, bool):
            raise ValueError(f"{name} is a number, not {value}")
        return float(value)

    def whole(self, name: str, *default: int) -> int:
        value = self.take(name, *default)
        if isinstance(value, bool) or float(value) != int(value):
            raise ValueError(f"{name} is a whole number, not {value}")
        return int(value)

    def maybe(self, name: str) -> float | None:
        return self.number(name) if self.has(name) else self.take(name, None)

    def end(self) -> None:
        """Raises ValueError when a field is left that nobody asked for."""
        if self._given:
            raise ValueError(f"the condition has no field {', '.join(map(repr, self._given))}")


def _each(fields: _Fields, name: str, read: Callable[[_Fields], dict[str, Any]]) -> list[dict[str, Any]]:
    """A list of mappings, each read to its end."""
    found = []
    for given in fields.take(name):
        inner = _Fields(given)
        found.append(read(inner))
        inner.end()
    return found


def _delays(fields: _Fields) -> dict[str, Any]:
    return {"on_s": fields.number("on_s", 0), "off_s": fields.number("off_s", 0)}


def _ladder(fields: _Fields) -> dict[str, Any]:
    return {
        "direction": fields.take("direction", "high"),
        "steps": _each(fields, "steps", lambda s: {"severity": s.whole("severity"), "limit": s.number("limit")}),
        "deadband": fields.number("deadband", 0),
        **_delays(fields),
    }


def _rate(fields: _Fields) -> dict[str, Any]:
    return _ladder(fields) | {"window_s": fields.number("window_s"), "per_s": fields.number("per_s", 3600)}


def _window(fields: _Fields) -> dict[str, Any]:
    return _ladder(fields) | {"terms": _each(fields, "terms", _term)}


def _term(fields: _Fields) -> dict[str, Any]:
    of, span_s, lag_s = fields.take("of", "sum"), fields.number("span_s"), fields.number("lag_s", 0)
    pane_s = fields.maybe("pane_s") or _pane_of(span_s, lag_s)
    return {"of": of, "span_s": span_s, "pane_s": pane_s, "lag_s": lag_s, "weight": fields.number("weight", 1)}


def _pane_of(span_s: float, lag_s: float) -> float:
    for pane in PANES_S:
        if not span_s % pane and not lag_s % pane and (span_s + lag_s) / pane <= MOST_PANES:
            return float(pane)
    return span_s


def _deviation(fields: _Fields) -> dict[str, Any]:
    stored = _ladder(fields)
    if fields.has("other"):
        return stored | {"other": str(fields.take("other")), "stale_s": _stale(fields)}
    point = lambda at: {"month": at.whole("month"), "day": at.whole("day"), "value": at.number("value")}  # noqa: E731
    return stored | {
        "curve": _each(fields, "curve", point),
        "linear": bool(fields.take("linear", False)),
        "zone_s": fields.number("zone_s", ZONE_S),
    }


def _stale(fields: _Fields) -> float:
    return fields.number("stale_s", LONGEST_MS / 1000)


def _after(fields: _Fields) -> dict[str, Any]:
    """A length of time in seconds or in sampling periods, and the severity."""
    stored: dict[str, Any] = {"severity": fields.whole("severity")}
    if fields.has("after_periods"):
        stored["after_periods"] = fields.whole("after_periods")
        if stored["after_periods"] < 1:
            raise ValueError("after_periods is 1 or more")
    else:
        stored["after_s"] = fields.number("after_s")
    return stored


def _stuck(fields: _Fields) -> dict[str, Any]:
    return _after(fields) | {"within": fields.number("within", 0), "floor": fields.maybe("floor")}


def _implausible(fields: _Fields) -> dict[str, Any]:
    stored: dict[str, Any] = {"severity": fields.whole("severity"), "jump": fields.maybe("jump"), **_delays(fields)}
    low, high = fields.maybe("low"), fields.maybe("high")
    if fields.take("range", False):
        if low is not None or high is not None:
            raise ValueError("give either range or low and high, not both")
        return stored | {"range": True}
    return stored | {"low": low, "high": high}


def _crossings(fields: _Fields) -> dict[str, Any]:
    return {
        "severity": fields.whole("severity"),
        "limit": fields.number("limit"),
        "deadband": fields.number("deadband", 0),
        "span_s": fields.number("span_s"),
        "count": fields.whole("count"),
    }


def _together(fields: _Fields) -> dict[str, Any]:
    members = _each(fields, "members", _member)
    return {
        "severity": fields.whole("severity"),
        "members": members,
        "need": fields.whole("need", len(members)),
        **_delays(fields),
    }


def _member(fields: _Fields) -> dict[str, Any]:
    return {
        "point": str(fields.take("point")),
        "limit": fields.number("limit"),
        "direction": fields.take("direction", "high"),
        "deadband": fields.number("deadband", 0),
        "stale_s": _stale(fields),
    }


def _vote(fields: _Fields) -> dict[str, Any]:
    rung = lambda one: {name: one.whole(name) for name in ("count", "of", "severity")}  # noqa: E731
    return {
        "members": [str(code) for code in fields.take("members")],
        "rungs": _each(fields, "rungs", rung),
        **_delays(fields),
    }


_READERS: dict[str, Callable[[_Fields], dict[str, Any]]] = {
    LEVEL: _ladder,
    RATE: _rate,
    WINDOW: _window,
    DEVIATION: _deviation,
    SILENCE: _after,
    STUCK: _stuck,
    IMPLAUSIBLE: _implausible,
    CROSSINGS: _crossings,
    TOGETHER: _together,
    VOTE: _vote,
}
TYPES = tuple(_READERS)


def _schedule(fields: _Fields) -> dict[str, Any]:
    stored = {
        "days": sorted(int(day) for day in fields.take("days", range(7))),
        "begin": _clock(fields.take("begin", "00:00")),
        "end": _clock(fields.take("end", "24:00")),
        "zone_s": fields.number("zone_s", ZONE_S),
    }
    fields.end()
    return stored


def _clock(text: Any) -> str:
    """A time of day as "08:00". Raises ValueError for anything else; YAML may have read 08:30 as 510 minutes."""
    if isinstance(text, int) and not isinstance(text, bool) and 0 <= text <= 1440:
        return f"{text // 60:02}:{text % 60:02}"
    hours, colon, minutes = str(text).partition(":")
    if not (colon and hours.isdigit() and minutes.isdigit() and len(minutes) == 2 and int(minutes) < 60):
        raise ValueError(f"a time of day is written 08:00, not {text!r}")
    if int(hours) * 60 + int(minutes) > 1440:
        raise ValueError(f"a day ends at 24:00: {text!r}")
    return f"{int(hours):02}:{minutes}"


def _inhibit(fields: _Fields) -> dict[str, Any]:
    stored = {"rule": str(fields.take("rule")), "severity": fields.whole("severity", 4)}
    fields.end()
    return stored


def _check(stored: Mapping[str, Any]) -> None:
    """Let the engine judge what was read, with stand-ins for what only a point knows. Raises ValueError."""
    numbers = {code: number for number, code in enumerate(codes_of(stored), 1)}
    sample = for_period(stored, 60, low=-1.0, high=1.0)
    assert sample is not None  # the stand-in instrument has a range
    engine_rule(sample, version=1, points=(0,), numbers=numbers)
    for inhibit in stored.get("inhibits", ()):
        engine.Inhibit(version=1, point=0, severity=inhibit["severity"]).validate()
    for code in codes_of(stored):
        if not code.strip():
            raise ValueError("a point is named by its code")


def faults_of(body: Mapping[str, Any]) -> list[str]:
    """What is wrong with the body of an alarm rule, for the rulebook: none when the engine can take it.

    A body says which points: `kind` or `kinds`, `points` (codes), `site` (its reference), or, for a condition about
    several points, its members.
    """
    try:
        conditions = conditions_of(body, code="condition")
    except BadCondition as wrong:
        return [str(wrong)]
    faults = []
    several = [condition["type"] in SEVERAL for condition in conditions]
    if any(several) and not all(several):
        faults.append("a condition about several points needs an entry of its own")
    if not any(several) and not any(body.get(name) for name in ("kind", "kinds", "points", "site")):
        faults.append("name the kind of points, or several under kinds; or points by their codes; or a site")
    return faults + _faults_of_limits(body, conditions)


def _faults_of_limits(body: Mapping[str, Any], conditions: Sequence[Mapping[str, Any]]) -> list[str]:
    """`limits` gives single points limits of their own: {code: [limit of each step]}."""
    limits = body.get("limits")
    if not limits:
        return []
    if len(conditions) != 1 or conditions[0]["type"] not in LADDERS:
        return ["limits of single points need one condition with steps"]
    faults = []
    for code, own in limits.items():
        try:
            _check(with_limits(conditions[0], own))
        except (TypeError, ValueError) as error:
            faults.append(f"{code}: {error}")
    return faults


def with_limits(condition: Mapping[str, Any], limits: Sequence[float]) -> dict[str, Any]:
    """The condition with other limits, one for each step. Raises ValueError when their number differs."""
    if len(limits) != len(condition["steps"]):
        raise ValueError(f"{len(condition['steps'])} limits are needed, not {len(limits)}")
    steps = [
        {"severity": step["severity"], "limit": float(limit)}
        for step, limit in zip(condition["steps"], limits, strict=True)
    ]
    return {**condition, "steps": steps}


def for_period(
    condition: Mapping[str, Any], period_s: int, *, low: float | None = None, high: float | None = None
) -> dict[str, Any] | None:
    """The condition as it holds for a point: what hangs on its sampling period and on its instrument is filled in.

    period_s   seconds between two readings of the point: periods of silence become seconds
    low, high  range of the instrument, None: not known
    returns    None when the condition asks for the range of an instrument that has none
    """
    settled = dict(condition)
    if "after_periods" in settled:
        settled["after_s"] = float(max(SHORTEST_SILENCE_S, settled.pop("after_periods") * period_s))
    if settled.pop("range", False):
        if low is None and high is None and settled["jump"] is None:
            return None
        settled |= {"low": low, "high": high}
    return settled


def codes_of(condition: Mapping[str, Any]) -> list[str]:
    """The points that a condition names besides the one it is judged at, in order, each once."""
    named = [str(condition["other"])] if condition.get("other") else []
    named += [member if isinstance(member, str) else member["point"] for member in condition.get("members", ())]
    return list(dict.fromkeys(named))


def with_codes(condition: Mapping[str, Any], codes: Mapping[str, str]) -> dict[str, Any]:
    """The condition with the points that it names called otherwise; a code that is not there stays."""
    other = dict(condition)
    if "other" in other:
        other["other"] = codes.get(other["other"], other["other"])
    if "members" in other:
        other["members"] = [
            codes.get(one, one) if isinstance(one, str) else {**one, "point": codes.get(one["point"], one["point"])}
            for one in other["members"]
        ]
    return other


def canonical(condition: Mapping[str, Any]) -> str:
    """One text for one condition, so that equal conditions compare equal."""
    return json.dumps(condition, sort_keys=True, separators=(",", ":"))
