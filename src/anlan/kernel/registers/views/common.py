"""What the views of a register begin with."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest
from django.utils.translation import gettext as _

from anlan.kernel.people.rights import holds, may
from anlan.kernel.registers.declarations import Fault, Register, get
from anlan.kernel.registers.services import Refused


def register_or_404(request: HttpRequest, code: str) -> Register:
    """The register of this code; one that is not open to the viewer looks like one that is not there."""
    register = get(code)
    if register is None or not holds(request.user, register.see):
        raise Http404
    return register


def record_or_404(register: Register, request: HttpRequest, code: str) -> Any:
    """The record of this code; foreign and missing look the same."""
    related = [name for name, info in register.infos().items() if info.kind in ("record", "person")]
    record = register.rows(request.user).select_related("region", "changed_by", *related).filter(code=code).first()
    if record is None:
        raise Http404
    return record


def former_record(register: Register, request: HttpRequest, code: str) -> Any:
    """A record that is out of use, where the viewer may see it; None when there is none."""
    rows = register.model.records.filter(code=code).exclude(removed_at=None).select_related("region", "changed_by")
    found = rows.order_by("-removed_at").first()
    return found if found is not None and may(request.user, register.see, found.region) else None


def words_of(refused: Refused) -> str:
    """All faults in one line, for a message."""
    return _("; ").join(fault.words for fault in refused.faults)


def grouped(faults: tuple[Fault, ...]) -> list[str]:
    """Faults that belong to no field of the form."""
    return [fault.words for fault in faults if not fault.field]
