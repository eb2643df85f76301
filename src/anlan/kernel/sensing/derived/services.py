"""Verbs on derived points: make one, end one."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import numpy as np
from django.db import transaction
from django.utils.translation import gettext as _

from anlan.kernel.audit import services as audit
from anlan.kernel.jobs.services import enqueue
from anlan.kernel.people.models import User
from anlan.kernel.people.rights import require
from anlan.kernel.people.services import system_user
from anlan.kernel.regions import queries as regions
from anlan.kernel.regions.models import Region
from anlan.kernel.sensing.derived.functions import Function, Series, functions, named
from anlan.kernel.sensing.models import (
    DERIVED_SENDER,
    DerivedInput,
    DerivedMode,
    DerivedPoint,
    Device,
    Point,
    PointKind,
)
from anlan.kernel.sensing.sealed import sees
from anlan.kernel.sensing.services.devices import Refused, add_points, register_device

#: The job that computes the past of a new derived point.
PAST_JOB = "sensing.derived_past"

#: How often at least and at most a schedule computes, seconds, and how long a moment may settle.
SHORTEST_S, LONGEST_S, MOST_SETTLE_S = 5, 86_400, 3_600

#: How far back the past of a new derived point may be computed, days.
MOST_PAST_DAYS = 400

CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,59}")


def faults_of(
    *,
    code: str,
    name: str,
    function: str,
    inputs: Sequence[Point],
    parameters: Mapping[str, Any],
    every_s: int,
    settle_s: int,
    past_days: int = 0,
) -> list[str]:
    """Everything that stands against such a derived point, in words; nothing when it can be made."""
    faults = []
    if not CODE.fullmatch(code):
        faults.append(_("“%(code)s”: a code has letters, digits, dot, dash and underscore only") % {"code": code})
    elif Point.records.filter(code=code).exists():
        faults.append(_("The point code %(code)s is used already") % {"code": code})
    if not name.strip():
        faults.append(_("Write a name"))
    if not SHORTEST_S <= every_s <= LONGEST_S:
        faults.append(_("It is computed every %(low)s to %(high)s seconds") % {"low": SHORTEST_S, "high": LONGEST_S})
    if not 0 <= settle_s <= MOST_SETTLE_S:
        faults.append(_("A moment settles for 0 to %(high)s seconds") % {"high": MOST_SETTLE_S})
    if not 0 <= past_days <= MOST_PAST_DAYS:
        faults.append(_("The past reaches back 0 to %(high)s days") % {"high": MOST_PAST_DAYS})
    known = named(function)
    if known is None:
        names = ", ".join(one.code for one in functions())
        faults.append(_("“%(name)s” is not a function; there are %(names)s") % {"name": function, "names": names})
        return faults
    return [*faults, *_input_faults(known, inputs), *_parameter_faults(known, parameters, len(inputs))]


def _input_faults(function: Function, inputs: Sequence[Point]) -> list[str]:
    faults = []
    if not inputs:
        faults.append(_("Choose the points that it is computed from"))
    if len(inputs) > function.most:
        faults.append(_("It takes at most %(n)s points") % {"n": function.most})
    if len({point.pk for point in inputs}) < len(inputs):
        faults.append(_("A point stands among the inputs twice"))
    for point in inputs:
        if point.exercise or not point.enabled or point.kind == PointKind.GROUP:
            faults.append(_("%(code)s gives no readings that count") % {"code": point.code})
        elif function.kinds and point.kind not in function.kinds:
            wanted = ", ".join(str(PointKind(kind).label) for kind in function.kinds)
            faults.append(
                _("%(code)s is of the kind “%(kind)s”, not “%(wanted)s”")
                % {"code": point.code, "kind": point.get_kind_display(), "wanted": wanted}
            )
    units = {point.unit for point in inputs}
    if not function.kinds and len(units) > 1:
        faults.append(_("Inputs have different units: %(units)s") % {"units": ", ".join(sorted(units))})
    return faults


def _parameter_faults(function: Function, parameters: Mapping[str, Any], inputs: int) -> list[str]:
    faults = []
    for one in function.parameters:
        value = parameters.get(one.name)
        if not isinstance(value, int | float) or not one.low <= value <= one.high:
            faults.append(
                _("%(label)s: a number from %(low)s to %(high)s %(unit)s")
                % {"label": one.label, "low": f"{one.low:g}", "high": f"{one.high:g}", "unit": one.unit}
            )
    if not faults and inputs:
        nothing = Series(np.empty(0, np.int64), np.empty(0), 60.0)
        try:
            function.compute([nothing] * inputs, np.empty(0, np.int64), parameters)
        except ValueError as refused:
            faults.append(str(refused))
    return faults


@dataclass(frozen=True, slots=True)
class Wanted:
    """A derived point that somebody wants.

    mode       "schedule" or "arrival" (of a reading of the first input); the function's own way when empty
    every_s    of a schedule; the function's own when not given
    settle_s   how long after a moment it is computed, so that what travels slowly counts; when not given 5 s, and
               not less than the inputs' devices may deliver out of order
    past_days  so much of the past is computed too, by a job, as archives are: alarms from it are retrospective
    """

    code: str
    name: str
    function: str
    inputs: Sequence[Point]
    parameters: Mapping[str, Any]
    mode: str = ""
    every_s: int | None = None
    settle_s: int | None = None
    past_days: int = 0


def add_derived(*, actor: User, now: datetime, **wanted: Any) -> DerivedPoint:
    """Make one point that is computed from others; `wanted` are the fields of `Wanted`, the rest as `add_several`."""
    return add_several([Wanted(**wanted)], actor=actor, now=now)[0]


@transaction.atomic
def add_several(wanted: Sequence[Wanted], *, actor: User, now: datetime) -> list[DerivedPoint]:
    """Make points that are computed from others, all or none, from `now` on; each stands where its first input stands.

    Raises NotAllowed without `device.manage` where one will stand; Refused with every fault, in words, line by line.
    """
    settled = [_settled(one) for one in wanted]
    faults = [fault for one in settled for fault in _all_faults(one)]
    if faults:
        raise Refused("\n".join(faults))
    for one in settled:
        require(actor, "device.manage", one.inputs[0].region)
        for point in one.inputs:
            if not sees(actor, point):
                raise Refused(_("There is no point “%(code)s” that you may see") % {"code": point.code})
    home = device(regions.root() or settled[0].inputs[0].region, now)
    points = add_points([_row(one, home) for one in settled], actor=actor, now=now)
    return [_make(one, point, actor, now) for one, point in zip(settled, points, strict=True)]


def _settled(one: Wanted) -> Wanted:
    """With everything that was left to the function."""
    known = named(one.function)
    if known is None:
        return one
    out_of_order_s = max((-(-point.device.hold_ms // 1000) for point in one.inputs), default=0)
    return replace(
        one,
        parameters={p.name: one.parameters.get(p.name, p.default) for p in known.parameters},
        mode=one.mode or (DerivedMode.ARRIVAL if known.arrives else DerivedMode.SCHEDULE),
        every_s=one.every_s or known.every_s,
        settle_s=max(5, out_of_order_s) if one.settle_s is None else one.settle_s,
    )


def _all_faults(one: Wanted) -> list[str]:
    faults = faults_of(
        code=one.code, name=one.name, function=one.function, inputs=one.inputs, parameters=one.parameters,
        every_s=one.every_s or SHORTEST_S, settle_s=one.settle_s or 0, past_days=one.past_days,
    )  # fmt: skip
    if one.mode and one.mode not in DerivedMode.values:
        faults.append(_("It is computed on schedule or on arrival"))
    return faults


def _row(one: Wanted, home: Device) -> dict[str, Any]:
    """The point of a derived point, as `add_points` takes it."""
    known, first = named(one.function), one.inputs[0]
    assert known is not None  # its faults were looked for
    return {
        "code": one.code,
        "name": one.name.strip(),
        "kind": known.kind or first.kind,
        "unit": known.unit or first.unit,
        "digits": known.digits,
        "region": first.region,
        "device": home,
        "site_ref": first.site_ref,
        "site_name": first.site_name,
        "lon": first.lon,
        "lat": first.lat,
        "period_s": one.every_s if one.mode == DerivedMode.SCHEDULE else first.period_s,
    }


def _make(one: Wanted, point: Point, actor: User, now: datetime) -> DerivedPoint:
    assert one.every_s is not None and one.settle_s is not None  # it was settled
    from_ms = round(now.timestamp() * 1000)
    made = DerivedPoint.objects.create(
        point=point, function=one.function, parameters=dict(one.parameters), mode=one.mode, every_s=one.every_s,
        settle_s=one.settle_s, from_ms=from_ms, computed_ms=from_ms, made_by=actor, made_at=now,
    )  # fmt: skip
    DerivedInput.objects.bulk_create(
        DerivedInput(derived=made, place=place, point=given) for place, given in enumerate(one.inputs)
    )
    audit.record(
        actor=actor,
        verb="derived.add",
        obj=point,
        region=point.region,
        after={
            "function": one.function,
            "inputs": [given.code for given in one.inputs],
            "parameters": dict(one.parameters),
            "mode": str(one.mode),
        },
        now=now,
    )
    if one.past_days:
        enqueue(PAST_JOB, {"derived": made.pk, "days": one.past_days}, now=now)
    return made


@transaction.atomic
def end_derived(made: DerivedPoint, *, actor: User, now: datetime) -> None:
    """Compute it no more; what was computed stays. Its rules end with it. Raises NotAllowed; Refused while another
    derived point is computed from it."""
    require(actor, "device.manage", made.point.region)
    if made.ended_at is not None:
        return
    above = DerivedInput.objects.filter(point=made.point, derived__ended_at=None).select_related("derived__point")
    if above:
        codes = ", ".join(one.derived.point.code for one in above)
        raise Refused(_("%(codes)s is computed from it: end that one first") % {"codes": codes})
    made.ended_at = now
    made.save(update_fields=("ended_at",))
    Point.records.filter(pk=made.point_id).update(enabled=False)
    audit.record(actor=actor, verb="derived.end", obj=made.point, region=made.point.region, now=now)


def device(home: Region, now: datetime) -> Device:
    """The device that derived points hang on; made when it is first asked for, refused at the door."""
    found = Device.records.filter(code=DERIVED_SENDER).first()
    if found is None:
        found, _key = register_device(
            code=DERIVED_SENDER, name=_("Computed by Anlan"), region=home, actor=system_user("derived"), now=now
        )
        found.enabled = False
        found.save(update_fields=("enabled",))
    return found
