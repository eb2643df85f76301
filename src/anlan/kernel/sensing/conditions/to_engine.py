"""A stored condition as the engine takes it: seconds become milliseconds, codes become point numbers."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from anlan import engine


def engine_rule(
    condition: Mapping[str, Any],
    *,
    version: int,
    points: Sequence[int],
    numbers: Mapping[str, int] | None = None,
    inhibits: Iterable[tuple[int, int, int]] = (),
) -> engine.Rule:
    """The rule as the engine takes it, seconds turned into milliseconds.

    condition  settled by `for_period`
    points     numbers of the points, or of the anchor of a condition about several
    numbers    number of each point that the condition names by its code
    inhibits   (rule version, point, severity) of each alarm that holds this one down

    Raises ValueError with words when steps, limits, times or codes cannot be meant.
    """
    schedule = condition.get("schedule")
    rule = engine.Rule(
        version=version,
        points=tuple(points),
        condition=_engine_condition(condition, numbers or {}),
        schedule=None if schedule is None else _engine_schedule(schedule),
        inhibits=tuple(engine.Inhibit(version=v, point=point, severity=severity) for v, point, severity in inhibits),
    )
    rule.validate()
    return rule


def _engine_condition(condition: Mapping[str, Any], numbers: Mapping[str, int]) -> engine.Condition:
    match condition["type"]:
        case "level":
            return engine.Level(**_engine_ladder(condition))
        case "rate":
            return engine.Rate(
                **_engine_ladder(condition), window_ms=_ms(condition["window_s"]), per_ms=_ms(condition["per_s"])
            )
        case "window":
            terms = tuple(
                engine.Term(
                    span_ms=_ms(term["span_s"]),
                    pane_ms=_ms(term["pane_s"]),
                    lag_ms=_ms(term["lag_s"]),
                    of=term["of"],
                    weight=term["weight"],
                )
                for term in condition["terms"]
            )
            return engine.Window(**_engine_ladder(condition), terms=terms)
        case "deviation":
            return _engine_deviation(condition, numbers)
        case "silence":
            return engine.Silence(after_ms=_ms(condition["after_s"]), severity=condition["severity"])
        case "stuck":
            return engine.Stuck(
                after_ms=_ms(condition["after_s"]),
                severity=condition["severity"],
                within=condition["within"],
                floor=condition["floor"],
            )
        case "implausible":
            return engine.Implausible(
                severity=condition["severity"],
                low=condition["low"],
                high=condition["high"],
                jump=condition["jump"],
                **_engine_delays(condition),
            )
        case "crossings":
            return engine.Crossings(
                limit=condition["limit"],
                span_ms=_ms(condition["span_s"]),
                count=condition["count"],
                severity=condition["severity"],
                deadband=condition["deadband"],
            )
        case "together":
            members = tuple(
                engine.Member(
                    point=_number_of(member["point"], numbers),
                    limit=member["limit"],
                    direction=member["direction"],
                    deadband=member["deadband"],
                    stale_ms=_ms(member["stale_s"]),
                )
                for member in condition["members"]
            )
            return engine.Together(
                members=members, need=condition["need"], severity=condition["severity"], **_engine_delays(condition)
            )
        case "vote":
            return engine.Vote(
                members=tuple(_number_of(code, numbers) for code in condition["members"]),
                rungs=tuple(engine.Rung(**rung) for rung in condition["rungs"]),
                **_engine_delays(condition),
            )
    raise ValueError(f"a condition of type {condition['type']!r} is not known")


def _engine_ladder(condition: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "steps": tuple(engine.LevelStep(severity=s["severity"], limit=s["limit"]) for s in condition["steps"]),
        "direction": condition["direction"],
        "deadband": condition["deadband"],
        **_engine_delays(condition),
    }


def _engine_delays(condition: Mapping[str, Any]) -> dict[str, Any]:
    return {"on_ms": _ms(condition["on_s"]), "off_ms": _ms(condition["off_s"])}


def _engine_deviation(condition: Mapping[str, Any], numbers: Mapping[str, int]) -> engine.Deviation:
    ladder = _engine_ladder(condition)
    if "other" in condition:
        other = _number_of(condition["other"], numbers)
        return engine.Deviation(**ladder, other=other, stale_ms=_ms(condition["stale_s"]))
    curve = tuple(engine.YearPoint(month=at["month"], day=at["day"], value=at["value"]) for at in condition["curve"])
    return engine.Deviation(**ladder, curve=curve, linear=condition["linear"], zone_ms=_ms(condition["zone_s"]))


def _engine_schedule(schedule: Mapping[str, Any]) -> engine.Schedule:
    return engine.Schedule(
        days=tuple(schedule["days"]),
        begin=_minute(schedule["begin"]),
        end=_minute(schedule["end"]),
        zone_ms=_ms(schedule["zone_s"]),
    )


def _minute(text: str) -> int:
    hours, minutes = text.split(":")
    return int(hours) * 60 + int(minutes)


def _number_of(code: str, numbers: Mapping[str, int]) -> int:
    if code not in numbers:
        raise ValueError(f"there is no point {code}")
    return numbers[code]


def _ms(seconds: float) -> int:
    if not math.isfinite(seconds):
        raise ValueError(f"a time of {seconds} seconds cannot be meant")
    return round(seconds * 1000)
