"""Values of a record that no form changes: what a check or a patrol found, what the rulebook derives."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from anlan.kernel.audit import services as audit
from anlan.kernel.people.models import User
from anlan.kernel.registers import values as reading
from anlan.kernel.registers.declarations import Register
from anlan.kernel.registers.models import Act
from anlan.kernel.registers.services.records import next_change, remember, stamp
from anlan.kernel.web.events import publish


@transaction.atomic
def note_state(
    register: Register, record: Any, values: Mapping[str, Any], *, verb: str, actor: User, now: datetime, note: str = ""
) -> Any:
    """Write values with history and audit, by a verb that has asked for its own right; returns the record."""
    number = next_change(register)
    row = register.model.records.select_for_update(of=("self",)).select_related("region").get(pk=record.pk)
    before = {name: reading.as_json(register.info(name), getattr(row, name)) for name in values}
    after = {name: reading.as_json(register.info(name), value) for name, value in values.items()}
    if before == after:
        return row
    for name, value in values.items():
        setattr(row, name, value)
    stamp(register, row, actor, now)
    row.save()
    remember(register, row, Act.CHANGE, number=number, before=before, after=after, actor=actor, now=now, note=note)
    audit.record(actor=actor, verb=verb, obj=row, region=row.region, before=before, after=after, note=note, now=now)
    publish("record.changed", region=row.region, verb=register.see, at=now, data={"register": register.code})
    return row
