"""The condition of an alarm rule: from the rulebook's words to the engine's rule, and back into words for people.

In the rulebook a condition is a mapping, times in seconds, limits in the point's unit:

    {"type": "level", "direction": "high", "steps": [{"severity": 3, "limit": 25}, {"severity": 2, "limit": 50}],
     "deadband": 2.5, "on_s": 15, "off_s": 60}
    {"type": "silence", "after_s": 180, "severity": 4}      # or "after_periods": 3 of the point's own sampling period
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _

from anlan.engine import Level, LevelStep, Rule, Silence
from anlan.kernel.rulebook.wording import span

LEVEL = "level"
SILENCE = "silence"

#: A point that reports every few seconds is not silent when one message is late.
SHORTEST_SILENCE_S = 60


class BadCondition(ValueError):
    """A rulebook entry whose condition cannot be meant; says which entry and what is wrong."""


def conditions_of(body: Mapping[str, Any], *, code: str) -> list[dict[str, Any]]:
    """The conditions of one rulebook entry in their stored form: a `condition`, or several under `conditions`.

    Raises BadCondition for an unknown type or a missing field.
    """
    found = body.get("conditions") or [body.get("condition")]
    return [_stored(condition, code) for condition in found]


def _stored(condition: Any, code: str) -> dict[str, Any]:
    try:
        kind = condition["type"]
        if kind == LEVEL:
            stored: dict[str, Any] = {
                "type": LEVEL,
                "direction": condition.get("direction", "high"),
                "steps": [{"severity": int(s["severity"]), "limit": float(s["limit"])} for s in condition["steps"]],
                "deadband": float(condition.get("deadband", 0)),
                "on_s": float(condition.get("on_s", 0)),
                "off_s": float(condition.get("off_s", 0)),
            }
        elif kind == SILENCE:
            stored = {"type": SILENCE, "severity": int(condition["severity"])}
            if "after_periods" in condition:
                stored["after_periods"] = int(condition["after_periods"])
            else:
                stored["after_s"] = float(condition["after_s"])
        else:
            raise BadCondition(f"{code}: a condition of type {kind!r} is not known; write level or silence")
        engine_rule(stored | {"after_s": stored.get("after_s", 1.0)}, version=1, points=(1,))
    except BadCondition:
        raise
    except KeyError as error:
        raise BadCondition(f"{code}: the condition lacks {error.args[0]!r}") from error
    except (TypeError, ValueError, AttributeError) as error:
        raise BadCondition(f"{code}: {error}") from error
    return stored


def faults_of(body: Mapping[str, Any]) -> list[str]:
    """What is wrong with the body of an alarm rule, for the rulebook: none when the engine can take it."""
    if not (body.get("kind") or body.get("kinds")):
        return ["name the kind of points, or several under kinds"]
    try:
        conditions_of(body, code="condition")
    except BadCondition as wrong:
        return [str(wrong)]
    return []


def for_period(condition: Mapping[str, Any], period_s: int) -> dict[str, Any]:
    """The condition as it holds for a point sampled every `period_s` seconds: periods of silence become seconds."""
    settled = dict(condition)
    if "after_periods" in settled:
        settled["after_s"] = float(max(SHORTEST_SILENCE_S, settled.pop("after_periods") * period_s))
    return settled


def engine_rule(condition: Mapping[str, Any], *, version: int, points: Sequence[int]) -> Rule:
    """The rule as the engine takes it, seconds turned into milliseconds.

    Raises ValueError with words when steps, limits or times cannot be meant.
    """
    body: Level | Silence
    if condition["type"] == LEVEL:
        body = Level(
            steps=tuple(LevelStep(severity=s["severity"], limit=s["limit"]) for s in condition["steps"]),
            direction=condition["direction"],
            deadband=condition["deadband"],
            on_ms=_ms(condition["on_s"]),
            off_ms=_ms(condition["off_s"]),
        )
    else:
        body = Silence(after_ms=_ms(condition["after_s"]), severity=condition["severity"])
    rule = Rule(version=version, points=tuple(points), condition=body)
    rule.validate()
    return rule


def _ms(seconds: float) -> int:
    if not math.isfinite(seconds):
        raise ValueError(f"a time of {seconds} seconds cannot be meant")
    return round(seconds * 1000)


def canonical(condition: Mapping[str, Any]) -> str:
    """One text for one condition, so that equal conditions compare equal."""
    return json.dumps(condition, sort_keys=True, separators=(",", ":"))


def limit_of(condition: Mapping[str, Any], step: int) -> float | None:
    """The limit of one step of a level condition; None for other conditions and for a step that is not there."""
    steps = condition.get("steps", ())
    return float(steps[step]["limit"]) if 0 <= step < len(steps) else None


def number(value: float) -> str:
    """A limit as people write it: 25 rather than 25.0."""
    return f"{value:.6g}"


def in_words(condition: Mapping[str, Any], unit: str) -> list[str]:
    """The condition as sentences for a page, in the reader's language."""
    if condition["type"] == SILENCE:
        if "after_s" not in condition:
            return [_("no data for %(n)s sampling periods") % {"n": condition["after_periods"]}]
        return [_("no data for %(span)s") % {"span": span(condition["after_s"])}]
    sign = "≥" if condition["direction"] == "high" else "≤"
    words = [f"{sign} {number(step['limit'])} {unit}".rstrip() for step in condition["steps"]]
    if condition["on_s"]:
        words.append(_("held for %(span)s") % {"span": span(condition["on_s"])})
    if condition["deadband"]:
        words.append(_("clears with a deadband of %(value)s") % {"value": f"{number(condition['deadband'])} {unit}"})
    if condition["off_s"]:
        words.append(_("clears after %(span)s") % {"span": span(condition["off_s"])})
    return words
