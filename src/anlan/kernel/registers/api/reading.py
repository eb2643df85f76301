"""Lists and single records for programs: the filters, search and order of the list page, but nothing passed over."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.http import Http404, HttpRequest, QueryDict
from django.utils.translation import gettext as _

from anlan.kernel.audit import services as audit
from anlan.kernel.people.models import User
from anlan.kernel.people.rights import holds, may, require
from anlan.kernel.registers import selecting
from anlan.kernel.registers.api.problems import Problem, refused
from anlan.kernel.registers.api.shapes import listed_fields, record_json
from anlan.kernel.registers.conditions import PLACE, Question, filterable
from anlan.kernel.registers.declarations import Fault, Register, declared, get, of_model
from anlan.kernel.registers.info import Kind

#: Records of one page.
MOST_ROWS = 200
#: What the address of a list may say beside filters.
PARAMETERS = ("q", "sort", "page", "size", "cols", "clear", "why")


def open_register(actor: Any, code: str) -> Register:
    """The register of this code; one that is not open to the asker looks like one that is not there."""
    register = get(code)
    if register is None or not holds(actor, register.see):
        raise Http404
    return register


def open_record(register: Register, actor: Any, code: str, *, former: bool = False) -> Any:
    """The record of this code; foreign and missing look the same. `former` looks among those out of use."""
    if former:
        rows = register.model.records.filter(code=code).exclude(removed_at=None).select_related("region")
        record = rows.order_by("-removed_at").first()
        if record is not None and not may(actor, register.see, record.region):
            record = None
    else:
        related = [name for name, info in register.infos().items() if info.kind in (Kind.RECORD, Kind.PERSON)]
        record = register.rows(actor).select_related("region", *related).filter(code=code).first()
    if record is None:
        raise Http404
    return record


def asked(register: Register, actor: Any, params: QueryDict, now: datetime, known: Iterable[str]) -> Question:
    """What the address asks. Raises Problem for a parameter that nobody knows or that cannot be meant."""
    filters = {*filterable(register), *((PLACE,) if register.located else ())}
    faults = [
        Fault(name, "unknown", _("There is no filter or parameter “%(name)s”.") % {"name": name})
        for name in params
        if name not in filters and name not in known
    ]
    question = selecting.question(register, actor, params.dict(), now)
    faults += [
        Fault(one.name, "filter", _("“%(text)s” cannot be meant here.") % {"text": one.text[:40]})
        for one in question.conditions
        if one.wrong
    ]
    named = {one.name for one in question.conditions}
    if PLACE in filters and params.get(PLACE) and PLACE not in named:
        faults.append(Fault(PLACE, "filter", _("“%(text)s” cannot be meant here.") % {"text": params[PLACE][:40]}))
    if faults:
        raise refused(faults)
    return question


def page(request: HttpRequest, register: Register, actor: User, now: datetime) -> dict[str, Any]:
    """One page of a list."""
    params = request.GET
    question = asked(register, actor, params, now, PARAMETERS)
    size = whole(params, "size", 50, most=MOST_ROWS)
    number = whole(params, "page", 1)
    names = _columns(register, params.get("cols", ""))
    clear = clear_fields(register, params.get("clear", ""))
    found = selecting.select(
        register, question, sort=sort_asked(register, params.get("sort", "")), start=(number - 1) * size, count=size
    )
    rows = selecting.records(register, found.pks, fields=[*names, "region"] if clear else names)
    if clear:
        note_clear(register, rows, clear, actor=actor, why=params.get("why", ""), now=now)
    pages = max(1, math.ceil(found.total / size))
    following = None
    if number < pages:
        more = params.copy()
        more["page"] = str(number + 1)
        following = request.build_absolute_uri(f"{request.path}?{more.urlencode()}")
    return {
        "total": found.total,
        "page": number,
        "size": size,
        "pages": pages,
        "next": following,
        "items": [record_json(register, row, names, clear=clear) for row in rows],
    }


def whole(params: QueryDict, name: str, otherwise: int, *, least: int = 1, most: int = 10**8) -> int:
    """A whole number of the address. Raises Problem for anything else."""
    text = params.get(name, "")
    if not text:
        return otherwise
    if not (text.isascii() and text.isdigit() and len(text) < 10 and least <= int(text) <= most):
        words = _("A whole number from %(least)d to %(most)d is expected.") % {"least": least, "most": most}
        raise refused([Fault(name, "number", words)])
    return int(text)


def sort_asked(register: Register, text: str) -> selecting.Sort:
    """The order that an address names. Raises Problem for a field that a list cannot be sorted by."""
    parts = [part for part in text.split(",") if part]
    wrong = [part for part in parts if part.removeprefix("-") not in selecting.sortable(register)]
    if wrong or len(parts) > 3:
        words = _("A list is sorted by at most three of its fields; not by: %(what)s")
        raise refused([Fault("sort", "unknown", words % {"what": _(", ").join(wrong or parts[3:])})])
    return selecting.sort_of(register, text)


def _columns(register: Register, text: str) -> list[str]:
    known = listed_fields(register)
    if not text:
        return known
    names = [name for name in text.split(",") if name]
    if wrong := [name for name in names if name not in known]:
        raise refused([Fault("cols", "unknown", _("No such field: %(what)s") % {"what": _(", ").join(wrong)})])
    return names


def clear_fields(register: Register, text: str) -> tuple[str, ...]:
    """Personal fields that are wanted in clear. Raises Problem for fields that are not masked."""
    names = tuple(dict.fromkeys(name for name in text.split(",") if name))
    if wrong := [name for name in names if name not in register.sensitive]:
        raise refused([Fault("clear", "unknown", _("Not a masked field: %(what)s") % {"what": _(", ").join(wrong)})])
    return names


@transaction.atomic
def note_clear(
    register: Register, rows: Sequence[Any], names: Sequence[str], *, actor: User, why: str, now: datetime
) -> None:
    """Write down who sees which personal values of whom, and why.

    Raises NotAllowed without personal.unmask in one of the regions, Problem without a reason.
    """
    for region in {row.region_id: row.region for row in rows}.values():
        require(actor, "personal.unmask", region)
    if len(why.strip()) < 2:
        raise Problem(422, "why", _("Say in “why” why you need to see it."))
    for row in rows:
        for name in names:
            if getattr(row, name):
                audit.record(
                    actor=actor, verb="personal.unmask", obj=row, region=row.region, after={"field": name}, note=why,
                    now=now,
                )  # fmt: skip


def _parent(register: Register) -> str | None:
    if not register.parent:
        return None
    owner = of_model(register.model._meta.get_field(register.parent).related_model)
    return owner.code if owner is not None else None


def registers_json(request: HttpRequest, actor: Any) -> list[dict[str, Any]]:
    """The registers that are open to the asker, with how many records they may see."""
    totals = selecting.totals(actor)
    return [
        {
            "code": one.code,
            "title": str(one.title),
            "group": str(one.group),
            "parent": _parent(one),
            "located": one.located,
            "records": totals[one.code],
            "may_change": holds(actor, one.edit),
            "links": {
                "records": request.build_absolute_uri(f"{one.code}/records"),
                "openapi": request.build_absolute_uri(f"{one.code}/openapi.json"),
            },
        }
        for one in declared()
        if one.code in totals
    ]
