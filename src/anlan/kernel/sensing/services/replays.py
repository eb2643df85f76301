"""A replay: a recording of elsewhere or of another time, run through the real door as an exercise.

It has a device, points, rules and a lane of the log to itself and a chain of kind "replay", so that nothing of it
shows in real lists and figures.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from anlan.kernel.chains import services as chains
from anlan.kernel.chains.models import Chain
from anlan.kernel.people.models import User
from anlan.kernel.people.rights import require
from anlan.kernel.regions.models import Region
from anlan.kernel.regions.pinyin import pinyin_key
from anlan.kernel.rulebook.models import Entry, Origin
from anlan.kernel.sensing import anchors
from anlan.kernel.sensing.conditions import SEVERAL, codes_of, conditions_of, with_codes
from anlan.kernel.sensing.models import Device, Point, PointKind, RuleVersion
from anlan.kernel.sensing.rules import put_in_force, standing_of
from anlan.kernel.sensing.services.devices import Refused, register_device

#: Rulebook entries of a replay have a kind of their own: they never reach real points.
RULE_KIND = "replay"


@dataclass(frozen=True, slots=True)
class Replay:
    """What a replay needs to send: its lane, the device and its key, and the points by the code in the recording."""

    name: str
    lane: str
    device: Device
    key: str
    chain: Chain
    points: dict[str, Point]
    rules: dict[str, list[RuleVersion]]


@transaction.atomic
def open_replay(
    *,
    name: str,
    title: str,
    region: Region,
    points: Sequence[Mapping[str, Any]],
    rules: Sequence[Mapping[str, Any]],
    actor: User,
    now: datetime,
) -> Replay:
    """Make everything that a recording needs to run as an exercise.

    name    short name, letters, digits, dash; a second run of the same name gets "-2", "-3" …
    points  code, name, kind, unit, and as known digits, period_s, low, high, lon, lat
    rules   code, title, title_zh, points (codes; all when absent), condition or conditions of any type (see
            `sensing.conditions`; what they name are codes of the recording), standard, clause, verified, note

    Raises NotAllowed without `device.manage` in `region`; Refused or BadCondition, naming the row that is wrong.
    """
    require(actor, "device.manage", region)
    run = _free(name)
    lane = f"exercise:{run}"
    device, key = register_device(code=f"replay-{run}", name=title, region=region, actor=actor, now=now, lane=lane)
    made = _points(run, device, region, points)
    chain = chains.open_chain("replay", title=title, region=region, now=now, actor=actor, exercise=True, prefix="EX")
    chains.link(chain, "", f"device:{device.pk}", now=now)
    versions: dict[str, list[RuleVersion]] = {}
    for rule in _in_order(rules):
        versions[str(rule["code"])] = _rule(run, device, rule, made, versions, now)
    return Replay(run, lane, device, key, chain, made, versions)


@transaction.atomic
def close_replay(replay: Replay, *, actor: User, now: datetime) -> None:
    """End the rules of a replay, refuse its device and close its chain; what it raised stays to be read."""
    require(actor, "device.manage", replay.device.region)
    RuleVersion.objects.filter(lane=replay.lane, to_at=None).update(to_at=now)
    Device.records.filter(pk=replay.device.pk).update(enabled=False)
    chains.close(replay.chain, now=now, actor=actor)


def _free(name: str) -> str:
    """The name of this run: `name`, or with the next number when a replay of that name was run before."""
    run, n = name, 1
    while Device.records.filter(code=f"replay-{run}").exists():
        n += 1
        run = f"{name}-{n}"
    return run


def _points(run: str, device: Device, region: Region, rows: Sequence[Mapping[str, Any]]) -> dict[str, Point]:
    made: dict[str, Point] = {}
    for row in rows:
        kind = row.get("kind", PointKind.OTHER)
        if kind not in PointKind.values:
            raise Refused(_("%(code)s: “%(kind)s” is not a kind of point") % {"code": row["code"], "kind": kind})
        if row["code"] in made:
            raise Refused(_("The point code %(code)s is used already") % {"code": row["code"]})
        made[row["code"]] = Point.records.create(
            code=f"{run}/{row['code']}",
            name=row["name"],
            pinyin=pinyin_key(row["name"])[:200],
            kind=kind,
            unit=row.get("unit", ""),
            digits=row.get("digits", 2),
            period_s=row.get("period_s", 60),
            low=row.get("low"),
            high=row.get("high"),
            lon=row.get("lon"),
            lat=row.get("lat"),
            device=device,
            region=region,
            exercise=True,
        )
    return made


def _in_order(rules: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The rules, each after those that hold it down. Raises Refused for rules that hold each other down."""
    rest, done = list(rules), list[Mapping[str, Any]]()
    while rest:
        waiting = {str(rule["code"]) for rule in rest}
        ready = [rule for rule in rest if not _inhibitors(rule) & waiting]
        if not ready:
            raise Refused(_("The rules %(codes)s hold each other down") % {"codes": ", ".join(sorted(waiting))})
        done += ready
        rest = [rule for rule in rest if rule not in ready]
    return done


def _inhibitors(rule: Mapping[str, Any]) -> set[str]:
    conditions = rule.get("conditions") or [rule.get("condition") or {}]
    return {str(inhibit["rule"]) for condition in conditions for inhibit in condition.get("inhibits", ())}


def _rule(
    run: str,
    device: Device,
    rule: Mapping[str, Any],
    points: Mapping[str, Point],
    before: Mapping[str, Sequence[RuleVersion]],
    now: datetime,
) -> list[RuleVersion]:
    """Put one rule of a replay in force; `before` are those that may hold it down."""
    code = str(rule["code"])
    conditions = conditions_of(rule, code=code)
    over = rule.get("points") or list(points)
    named = [*over, *(one for condition in conditions for one in codes_of(condition))]
    unknown = [point for point in named if point not in points]
    if unknown:
        raise Refused(_("%(code)s names the point %(point)s, which the map does not have") % {
            "code": code, "point": unknown[0],
        })  # fmt: skip
    called = {name: point.code for name, point in points.items()}
    forms = [with_codes(condition, called) for condition in conditions]
    chosen = [points[point] for point in over]
    entry = Entry.objects.create(
        kind=RULE_KIND,
        code=f"{run}/{code}",
        version=1,
        origin=Origin.BUREAU,
        title=rule["title"],
        title_zh=rule.get("title_zh", ""),
        body={"kind": chosen[0].kind, "unit": chosen[0].unit, "conditions": forms},
        standard=rule.get("standard", ""),
        clause=rule.get("clause", ""),
        verified=bool(rule.get("verified", False)),
        note=rule.get("note", ""),
        valid_from=now,
        digest="",
    )
    standing = {name: standing_of(versions) for name, versions in before.items()}
    made: list[RuleVersion] = []
    for condition, form in zip(conditions, forms, strict=True):
        at = chosen
        if condition["type"] in SEVERAL:
            members = [points[one] for one in codes_of(condition)]
            at = [anchors.place(entry, members, code=f"{run}/rule:{code}", device=device)]
        made += put_in_force(entry, form, at, lane=device.lane, now=now, standing=standing)
    return made
