"""Enter, change, remove, restore, and many of these as one act, by the verbs of the kernel."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import msgspec
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.http import Http404, HttpRequest
from django.utils.translation import gettext as _

from anlan.kernel.people.models import User
from anlan.kernel.registers import services
from anlan.kernel.registers.api import shapes
from anlan.kernel.registers.api.problems import Problem, as_problem, refused
from anlan.kernel.registers.api.reading import open_record
from anlan.kernel.registers.declarations import Fault, Register
from anlan.kernel.registers.services import Refused, Stale
from anlan.kernel.registers.services.batches import require_somewhere
from anlan.kernel.registers.values import Lookups

#: Items of one bulk: they are one transaction, which must not hold others up. Sheets come in by the import.
MOST_ITEMS = 100


def body_of(request: HttpRequest) -> dict[str, Any]:
    """The JSON object of a request. Raises Problem for anything else."""
    try:
        sent = msgspec.json.decode(request.body)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        sent = None
    if not isinstance(sent, dict):
        raise Problem(400, "json", _("The body must be a JSON object."))
    return sent


def create(register: Register, sent: Mapping[str, Any], *, actor: User, now: datetime, lookups: Lookups) -> Any:
    """A new record, and the warnings that did not stop it. Raises as services.create, and Refused for unknown names."""
    require_somewhere(register, actor)
    raw = shapes.sent_values(register, sent)
    _refuse_unknown(register, sent)
    warnings = services.clean(register, raw, lookups=lookups).warnings
    return services.create(register, raw, actor=actor, now=now, lookups=lookups), warnings


def change(
    register: Register, record: Any, sent: Mapping[str, Any], *, seen: int | None, actor: User, now: datetime,
    lookups: Lookups,
) -> Any:  # fmt: skip
    """A record with some values changed, and the warnings. Raises as services.change, and Problem without `seen`."""
    if seen is None:
        raise Problem(
            428, "revision", _("Say which revision you change: the header If-Match, or “revision” in the body.")
        )
    _refuse_unknown(register, sent)
    raw = shapes.sent_values(register, sent, record)
    warnings = services.clean(register, raw, record=record, lookups=lookups).warnings
    done = services.change(register, record, raw, actor=actor, now=now, seen=seen, lookups=lookups)
    return done, warnings


def _refuse_unknown(register: Register, sent: Mapping[str, Any]) -> None:
    if faults := shapes.unknown_faults(register, sent, _("This register has no field “%(name)s”.")):
        raise Refused(faults)


def seen_revision(request: HttpRequest, sent: Mapping[str, Any]) -> int | None:
    """The revision that the client looked at: from If-Match, or from the body; None when it says none."""
    said: Any = sent.get("revision")
    if header := request.headers.get("If-Match", "").strip():
        said = header.removeprefix("W/").strip('"')
    if isinstance(said, str) and said.isascii() and said.isdigit() and len(said) < 10:
        said = int(said)
    if said is None:
        return None
    if not isinstance(said, int) or isinstance(said, bool):
        raise refused([Fault("revision", "number", _("A revision is a whole number, as the record says it."))])
    return said


def refuse_stale(record: Any, seen: int | None) -> None:
    """Raise Stale when the client looked at another revision than this one."""
    if seen is not None and seen != record.revision:
        raise Stale(_("Somebody changed this record in the meantime. Look at the new values, then change it again."))


# --- many as one --------------------------------------------------------------------------------------------------
def bulk(register: Register, sent: Mapping[str, Any], *, actor: User, now: datetime) -> list[dict[str, Any]]:
    """All items, or none of them; what each came to, in their order.

    Raises Problem naming every fault of every item; then nothing was changed.
    """
    items = sent.get("items")
    if not isinstance(items, list) or not items:
        raise refused([Fault("items", "missing", _("“items” is a list of at least one act."))])
    if len(items) > MOST_ITEMS:
        words = _("At most %(most)d items at once; these are %(have)d. Send them in parts, or import a sheet.")
        raise refused([Fault("items", "many", words % {"most": MOST_ITEMS, "have": len(items)})])
    require_somewhere(register, actor)
    lookups = Lookups()
    done: list[dict[str, Any]] = []
    wrong: list[dict[str, Any]] = []
    with transaction.atomic():
        for at, item in enumerate(items):
            try:
                with transaction.atomic():
                    done.append(_one(register, item, actor=actor, now=now, lookups=lookups))
            except (Problem, Refused, Stale, PermissionDenied, Http404, IntegrityError) as error:
                wrong += _faults_of(at, as_problem(error))
        if wrong:
            transaction.set_rollback(True)
    if wrong:
        raise Problem(
            422, "bulk", _("Nothing was changed: %(n)d faults, each with its item.") % {"n": len(wrong)}, wrong
        )
    return done


def _faults_of(at: int, problem: Problem) -> list[dict[str, Any]]:
    rows = problem.faults or ({"field": "", "code": problem.code, "words": problem.detail, "blocks": True},)
    return [{"item": at, **row} for row in rows]


def _one(register: Register, item: Any, *, actor: User, now: datetime, lookups: Lookups) -> dict[str, Any]:
    if not isinstance(item, dict) or item.get("do") not in _ACTS:
        words = _("An item says what to do: %(acts)s") % {"acts": ", ".join(_ACTS)}
        raise refused([Fault("do", "choice", words)])
    values = item.get("values", {})
    if not isinstance(values, dict):
        raise refused([Fault("values", "type", _("“values” is a JSON object."))])
    record = _ACTS[item["do"]](register, item, values, actor, now, lookups)
    return {"do": item["do"], "code": record.code, "revision": record.revision}


def _create(
    register: Register, item: Mapping[str, Any], values: Mapping[str, Any], actor: User, now: datetime, lookups: Lookups
) -> Any:
    return create(register, values, actor=actor, now=now, lookups=lookups)[0]


def _change(
    register: Register, item: Mapping[str, Any], values: Mapping[str, Any], actor: User, now: datetime, lookups: Lookups
) -> Any:
    record = open_record(register, actor, str(item.get("code", "")))
    seen = item.get("revision")
    if seen is not None and (not isinstance(seen, int) or isinstance(seen, bool)):
        raise refused([Fault("revision", "number", _("A revision is a whole number, as the record says it."))])
    return change(register, record, values, seen=seen, actor=actor, now=now, lookups=lookups)[0]


def _remove(
    register: Register, item: Mapping[str, Any], values: Mapping[str, Any], actor: User, now: datetime, lookups: Lookups
) -> Any:
    record = open_record(register, actor, str(item.get("code", "")))
    return services.remove(register, record, reason=str(item.get("why", "")), actor=actor, now=now)


def _restore(
    register: Register, item: Mapping[str, Any], values: Mapping[str, Any], actor: User, now: datetime, lookups: Lookups
) -> Any:
    record = open_record(register, actor, str(item.get("code", "")), former=True)
    return services.restore(register, record, actor=actor, now=now, note=str(item.get("why", "")))


_Act = Callable[[Register, Mapping[str, Any], Mapping[str, Any], User, datetime, Lookups], Any]
_ACTS: Mapping[str, _Act] = {"create": _create, "change": _change, "remove": _remove, "restore": _restore}
