"""List and archive of any declared register."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from anlan.kernel.audit import services as audit
from anlan.kernel.people import masks
from anlan.kernel.people.rights import may, require
from anlan.kernel.registers import queries
from anlan.kernel.registers.declarations import Register, declared, get, panels


@dataclass(frozen=True, slots=True)
class Cell:
    name: str
    label: str
    text: str
    level: int | None = None
    sensitive: bool = False


def _register(code: str, request: HttpRequest) -> Register:
    register = get(code)
    if register is None:
        raise Http404
    return register


def _cell(register: Register, record: Any, name: str, *, clear: bool = False) -> Cell:
    field = record._meta.get_field(name)
    value = getattr(record, name)
    label = str(field.verbose_name)
    if name == register.colour_by:
        return Cell(name, label, "", level=value)
    if field.choices:
        text = str(getattr(record, f"get_{name}_display")())
    elif isinstance(value, float):
        text = f"{value:.5f}"
    else:
        text = "" if value is None else str(value)
    if name in register.sensitive and not clear:
        return Cell(name, label, masks.phone(text), sensitive=bool(text))
    return Cell(name, label, text)


def index(request: HttpRequest) -> HttpResponse:
    first = next(iter(declared()), None)
    if first is None:
        raise Http404
    return redirect("registers:list", code=first.code)


def record_list(request: HttpRequest, code: str) -> HttpResponse:
    register = _register(code, request)
    page = queries.page(register, request.user, request.GET)
    rows = [(record, [_cell(register, record, name) for name in register.columns]) for record in page]
    heads = []
    sort = request.GET.get("sort", "code")
    for name in register.columns:
        field: Any = register.model._meta.get_field(name)
        state = "up" if sort == name else "down" if sort == f"-{name}" else ""
        params = request.GET.copy()
        params["sort"] = f"-{name}" if state == "up" else name
        params.pop("page", None)
        heads.append((str(field.verbose_name), params.urlencode(), state))
    params = request.GET.copy()
    params.pop("page", None)
    context = {
        "register": register,
        "registers": declared(),
        "page": page,
        "rows": rows,
        "heads": heads,
        "filters": queries.filter_fields(register, request.GET),
        "q": request.GET.get("q", ""),
        "query": params.urlencode(),
        "filtered": any(request.GET.get(name) for name in ("q", *register.filters)),
    }
    return render(request, "registers/list.html", context)


def _record(register: Register, request: HttpRequest, record_code: str) -> Any:
    record = register.rows(request.user).filter(code=record_code).first()
    if record is None:  # foreign and missing look the same
        raise Http404
    return record


def archive(request: HttpRequest, code: str, record_code: str) -> HttpResponse:
    register = _register(code, request)
    record = _record(register, request, record_code)
    context = {
        "register": register,
        "record": record,
        "level": getattr(record, register.colour_by) if register.colour_by else None,
        "facts": [_cell(register, record, name) for name in register.facts],
        "panels": panels(register, record, request.user),
        "may_unmask": may(request.user, "personal.unmask", record.region),
    }
    return render(request, "registers/archive.html", context)


@require_POST
def unmask(request: HttpRequest, code: str, record_code: str, name: str) -> HttpResponse:
    """Show one personal value to someone with the right, and write down that they looked."""
    register = _register(code, request)
    record = _record(register, request, record_code)
    if name not in register.sensitive:
        raise Http404
    require(request.user, "personal.unmask", record.region)
    audit.record(
        actor=request.user,
        verb="personal.unmask",
        obj=record,
        region=record.region,
        after={"field": name},
        now=timezone.now(),
        source=request.META.get("REMOTE_ADDR", ""),
    )
    return render(request, "registers/_value.html", {"cell": _cell(register, record, name, clear=True)})
