"""What a POST makes and a PATCH changes: observations, Things with all that hangs on them, Datastreams."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpResponse
from django.utils.translation import gettext as _

from anlan.apps.sensorthings.answers import answer, one_row, resolved
from anlan.apps.sensorthings.queries import shapes
from anlan.apps.sensorthings.queries.scope import Scope
from anlan.apps.sensorthings.queries.shapes import Reading
from anlan.apps.sensorthings.services.observations import send
from anlan.apps.sensorthings.services.things import change_words, make_datastream, make_thing
from anlan.formats.sensorthings import Entity, Mode, Ref, read
from anlan.formats.sensorthings.addresses import Address, parse
from anlan.formats.sensorthings.entities import decoded
from anlan.kernel.registers.api.problems import Problem
from anlan.kernel.sensing.models import Device, Point
from anlan.kernel.sensing.observed.arriving import arrived
from anlan.kernel.sensing.observed.batches import why_not
from anlan.kernel.sensing.observed.single import datastream_of, linked, observation_of, row_of
from anlan.kernel.sensing.services import Refused

CREATE_OBSERVATIONS = "CreateObservations"
#: Datastreams that are looked up at once.
_PORTION = 500


def create(scope: Scope, rest: str, body: bytes) -> HttpResponse:
    """Make what a body says at this address. Raises Http404, Problem or BadMessage."""
    if rest == CREATE_OBSERVATIONS:
        return answer(_many(scope, decoded(body)), 201)
    address = parse(rest)
    if address is None or not address.last.is_set or address.ref:
        raise Http404
    if address.last.kind.name == "Observation":
        return _one(scope, address, body)
    return _thing_or_stream(scope, address, body)


def _thing_or_stream(scope: Scope, address: Address, body: bytes) -> HttpResponse:
    """A Thing with what hangs on it, or a Datastream of one."""
    kind, parent = address.last.kind.name, address.steps[-2].kind.name if len(address.steps) > 1 else ""
    if kind not in ("Thing", "Datastream") or (kind, parent) not in (
        ("Thing", ""),
        ("Datastream", ""),
        ("Datastream", "Thing"),
    ):
        raise Problem(
            405, "method", _("Only Things, Datastreams and Observations are made here; what hangs on them comes along.")
        )
    entity = read(kind, linked(kind, body), given=("Thing",) if parent else ())
    try:
        if kind == "Thing":
            made = make_thing(entity, actor=scope.actor, now=scope.now)
            row: Any = one_row(scope, scope.one_of(scope.all_of("Thing"), made.device.pk))
            content = shapes.as_json(scope.root, kind, row, (), {}) | {"anlan.deviceKey": made.key}
        else:
            device = _device(scope, address, entity)
            point = make_datastream(entity, device, actor=scope.actor, now=scope.now)
            row = one_row(scope, scope.one_of(scope.all_of("Datastream"), point.pk))
            content = shapes.as_json(scope.root, kind, row, (), {})
    except Refused as refused:
        raise Problem(400, "refused", str(refused)) from refused
    return answer(content, 201, Location=shapes.self_link(scope.root, kind, row))


def _device(scope: Scope, address: Address, entity: Entity) -> Device:
    if len(address.steps) > 1:
        before = Address(address.steps[:-1])
        found: Device = one_row(scope, resolved(scope, before))
        return found
    link = entity.links.get("Thing")
    if not isinstance(link, Ref):
        raise Problem(
            400, "refused", _("Name a Thing that is there by its @iot.id, or send the Datastream with its Thing.")
        )
    named: Device = one_row(scope, scope.one_of(scope.all_of("Thing"), link.id))
    return named


def change(scope: Scope, address: Address, body: bytes) -> HttpResponse:
    """A PATCH of the words of a Thing or a Datastream."""
    kind = address.last.kind.name
    if address.last.is_set or address.named or address.ref or kind not in ("Thing", "Datastream"):
        raise Problem(405, "method", _("Only Things and Datastreams can be changed here."))
    row = one_row(scope, resolved(scope, address))
    try:
        change_words(row, read(kind, body, mode=Mode.CHANGE), actor=scope.actor, now=scope.now)
    except Refused as refused:
        raise Problem(400, "refused", str(refused)) from refused
    row = one_row(scope, resolved(scope, address))
    return answer(shapes.as_json(scope.root, kind, row, (), {}))


def _many(scope: Scope, content: Any) -> list[str]:
    """Take data arrays; for each row in turn its address, or "error"."""
    arrays = arrived(content, round(scope.now.timestamp() * 1000))
    points = _points(scope, [one.datastream for one in arrays])
    root, told = scope.root, []
    for point, one in send(arrays, points, actor=scope.actor, log=scope.log, now=scope.now):
        if point is None:
            told += ["error"] * len(one.why)
            continue
        head = f"{root}/Observations('{point.pk}-"
        rows = zip(one.t.tolist(), one.why, strict=True)
        told += ["error" if why else f"{head}{t}')" for t, why in rows]
    return told


def _points(scope: Scope, ids: list[Any]) -> dict[object, Point]:
    """Those of the datastreams that may be seen, by id."""
    wanted = sorted({one for one in ids if isinstance(one, int) and not isinstance(one, bool) and 0 < one < 2**63})
    found: dict[object, Point] = {}
    for start in range(0, len(wanted), _PORTION):
        rows = scope.points().filter(pk__in=wanted[start : start + _PORTION])
        found |= {point.pk: point for point in rows}
    return found


def _one(scope: Scope, address: Address, body: bytes) -> HttpResponse:
    """One observation, of the datastream that the address or the body names."""
    given = ("Datastream",) if len(address.steps) > 1 else ()
    entity = observation_of(body, given=bool(given))
    if given:
        point = next(iter(resolved(scope, address).rows), None)
        if address.steps[-2].kind.name != "Datastream" or point is None:
            raise Http404
    else:
        named = datastream_of(entity)
        if named is None:
            raise Problem(400, "refused", _("Name a Datastream that is there by its @iot.id."))
        point = one_row(scope, scope.one_of(scope.all_of("Datastream"), named))
    row = row_of(entity, point.pk, round(scope.now.timestamp() * 1000))
    taken, _row_again = send([row], {point.pk: point}, actor=scope.actor, log=scope.log, now=scope.now)[0]
    if taken is None or row.why[0]:
        code = row.why[0] or "Datastream"
        raise Problem(400 if taken is not None else 403, "refused", f"{code}: {why_not(code)}")
    made = Reading(point, int(row.t[0]), float(row.value[0]), int(row.quality[0]))
    link = shapes.self_link(scope.root, "Observation", made)
    return answer(shapes.as_json(scope.root, "Observation", made, (), {}), 201, Location=link)
