"""Readings that were set aside: sent again after their mapping was mended, or dropped, by a person."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from anlan.engine import encode_batch
from anlan.kernel.audit import services as audit
from anlan.kernel.people.models import User
from anlan.kernel.people.rights import NotAllowed, require
from anlan.kernel.regions.models import Region
from anlan.kernel.sensing.models import Device, Point
from anlan.kernel.sensing.services.devices import Refused
from anlan.kernel.sensing.store import LIVE, NewBatch, SetAside, Store
from anlan.kernel.web.events import publish

#: As far as a device's clock may be ahead (reliability K8).
AHEAD = timedelta(minutes=5)

#: The reason of a row whose time already has another value; sending it again would set it aside again.
CONFLICT = "conflict"


def region_of(row: SetAside) -> Region | None:
    """Where a set-aside row belongs: its device's region; None when the sender is not known."""
    device = Device.records.filter(code=row.sender).select_related("region").first()
    return device.region if device else None


def point_of(row: SetAside) -> Point | None:
    """The point that a row names, by code or by number; None when there is none of that name."""
    points = Point.records.select_related("device", "region")
    found = points.filter(code=row.point).first()
    if found is None and re.fullmatch(r"[0-9]{1,9}", row.point):
        found = points.filter(pk=int(row.point)).first()
    return found


def replay_row(row: SetAside, *, point: Point | None = None, store: Store, actor: User, now: datetime) -> int:
    """Send one set-aside reading again, as a batch of its own, after its mapping was mended.

    point    where it belongs; the point that the row names when not given
    returns  its number in the log; the same row again gives the same number and stores nothing twice

    Raises NotAllowed without `setaside.replay` where the sender stands; Refused, with the reason, for a row that cannot
    be a reading, names no point of its device, contradicts a stored reading, or is still in the future.
    """
    require(actor, "setaside.replay", region_of(row))
    point = point or point_of(row)
    if row.state != "open":
        raise Refused(_("This row was dealt with already"))
    if row.reason == CONFLICT:
        raise Refused(_("Another value for this time is stored and holds; this one can only be dropped"))
    if row.t is None or row.value is None:
        raise Refused(_("The row has no time or no value that can be read; it can only be dropped"))
    if point is None:
        raise Refused(_("There is no point “%(code)s”: choose the one it belongs to") % {"code": row.point})
    if row.sender != "history" and point.device.code != row.sender:
        raise Refused(
            _("%(point)s belongs to the device %(device)s, not to %(sender)s")
            % {"point": point.code, "device": point.device.code, "sender": row.sender}
        )
    if row.t > _ms(now + AHEAD):
        raise Refused(_("Its time still lies in the future"))
    payload = encode_batch([point.pk], [row.t], [row.value], [0])
    batch = NewBatch(
        sender="set-aside",
        batch_id=f"row:{row.id}",
        lane=row.lane or LIVE,
        n=1,
        payload=payload,
        digest=hashlib.sha256(payload).digest(),
    )
    answer = store.append_batches([batch])[0]
    if answer.conflict:
        raise Refused(_("This row was sent before to another point"))
    # The log first: after a crash in between the row is still open, and sending it again stores nothing twice.
    store.resolve_set_aside([row.id], state="replayed", by=actor.username)
    _told(row, "setaside.replay", actor, now, {"point": point.code, "seq": answer.seq})
    return answer.seq


def drop_rows(rows: Sequence[SetAside], *, store: Store, actor: User, now: datetime, note: str) -> int:
    """Say that these rows are no readings; they are kept, marked as dropped. Returns how many were still open.

    Raises NotAllowed, Refused without a reason; nothing is dropped then.
    """
    if not note.strip():
        raise Refused(_("Write why they are dropped"))
    for row in rows:
        require(actor, "setaside.replay", region_of(row))
    dropped = store.resolve_set_aside([row.id for row in rows], state="dropped", by=actor.username)
    for row in rows:
        _told(row, "setaside.drop", actor, now, {"note": note.strip()[:200]})
    return dropped


def may_replay(row: SetAside, actor: User) -> bool:
    """May this person send the row again?"""
    try:
        require(actor, "setaside.replay", region_of(row))
    except NotAllowed:
        return False
    return True


@transaction.atomic
def _told(row: SetAside, verb: str, actor: User, now: datetime, after: dict[str, object]) -> None:
    region = region_of(row)
    audit.record(
        actor=actor,
        verb=verb,
        obj=f"setaside:{row.id}",
        region=region,
        before={"sender": row.sender, "batch": row.batch_id, "row": row.row, "reason": row.reason},
        after=after,
        now=now,
    )
    publish("setaside.changed", region=region, verb="setaside.see", at=now)


def _ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)
