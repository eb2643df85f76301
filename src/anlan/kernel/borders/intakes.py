"""Files for regions: read, reported, then put in force or dropped by a person who has seen the report."""

from __future__ import annotations

import hashlib
from datetime import date, datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from anlan.formats.coordinates import SYSTEMS
from anlan.kernel.audit import services as audit
from anlan.kernel.borders import boundaries, tables
from anlan.kernel.borders.models import Intake, Kind, State
from anlan.kernel.borders.services import Refused
from anlan.kernel.people.models import User
from anlan.kernel.people.rights import NotAllowed, holds
from anlan.kernel.regions import queries

#: A file as it is taken at all.
MOST_BYTES = 20 << 20


def receive(*, kind: str, name: str, content: bytes, system: str, actor: User, now: datetime) -> Intake:
    """Read a file and keep it with its report; nothing of it is in force.

    Raises NotAllowed, Refused in words.
    """
    _require(actor)
    if len(content) > MOST_BYTES:
        raise Refused(_("The file is too large."))
    if kind == Kind.BOUNDARIES:
        if system not in SYSTEMS:
            raise Refused(_("Choose the coordinate system of the file."))
        report = boundaries.read(content, name, system, actor=actor).report()
    elif kind == Kind.TABLE:
        report, system = tables.read(content, name).report(), ""
    else:
        raise Refused(_("Choose what the file holds."))
    digest = hashlib.sha256(content).hexdigest()
    with transaction.atomic():
        intake = Intake.objects.create(
            kind=kind, name=name[:120], content=content, digest=digest, system=system, report=report, by=actor, at=now
        )
        after = {"file": name, "digest": digest, "counts": report["counts"]}
        audit.record(actor=actor, verb="region.read", obj=intake, region=queries.root(), after=after, now=now)
    return intake


def put_in_force(intake: Intake, *, on: date | None, actor: User, now: datetime) -> int:
    """Let a file count; returns how many places changed. Once only: what happened since is not written over.

    on  the day of the codes in a table; today when not given

    Raises NotAllowed, Refused.
    """
    _require(actor)
    day = on or timezone.localdate(now)
    if day > timezone.localdate(now):
        raise Refused(_("The day lies ahead. Enter the change when it has come into force."))
    # Read before the transaction begins, so that nobody waits for a large file.
    shapes = table = None
    if intake.kind == Kind.BOUNDARIES:
        shapes = boundaries.read(bytes(intake.content), intake.name, intake.system, actor=actor)
    else:
        table = tables.read(bytes(intake.content), intake.name)
    with transaction.atomic():
        return _put_in_force(intake, shapes, table, day, actor, now)


def _put_in_force(
    intake: Intake,
    shapes: boundaries.Reading | None,
    table: tables.Reading | None,
    on: date,
    actor: User,
    now: datetime,
) -> int:
    kept = Intake.objects.select_for_update().get(pk=intake.pk)
    if kept.state != State.READ:
        raise Refused(_("Somebody has decided about this file already."))
    done = 0
    if shapes is not None:
        done = boundaries.put_in_force(shapes, name=kept.name, digest=kept.digest, actor=actor, now=now)
    elif table is not None:
        done = tables.put_in_force(table, on=on, actor=actor, now=now, note=kept.name)
    kept.state, kept.applied_at = State.APPLIED, now
    kept.save(update_fields=["state", "applied_at"])
    audit.record(
        actor=actor, verb="region.apply", obj=kept, region=queries.root(), now=now,
        after={"file": kept.name, "digest": kept.digest, "places": done},
    )  # fmt: skip
    return done


@transaction.atomic
def drop(intake: Intake, *, actor: User, now: datetime) -> None:
    """Leave a file aside; its report stays, its content goes. Raises NotAllowed, Refused when it is in force."""
    _require(actor)
    kept = Intake.objects.select_for_update().get(pk=intake.pk)
    if kept.state != State.READ:
        raise Refused(_("Somebody has decided about this file already."))
    kept.state, kept.content = State.DROPPED, b""
    kept.save(update_fields=["state", "content"])
    audit.record(actor=actor, verb="region.drop", obj=kept, region=queries.root(), after={"file": kept.name}, now=now)


def _require(actor: User) -> None:
    """Whoever may change a part of the tree may send a file; each place is asked for its own."""
    if not holds(actor, "region.manage"):
        raise NotAllowed("region.manage")
