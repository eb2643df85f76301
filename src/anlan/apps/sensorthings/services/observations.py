"""Taking observations: checked, into the reading log, and only then answered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from anlan.apps.sensorthings.queries.scope import Log
from anlan.kernel.people.models import User
from anlan.kernel.people.rights import may
from anlan.kernel.sensing.models import DERIVED_SENDER, Device, Point
from anlan.kernel.sensing.observed.arriving import Arrived
from anlan.kernel.sensing.observed.batches import Part, batch_of_observations
from anlan.kernel.sensing.store import LIVE, Appended, NewBatch, Store

#: When a device was heard is written at most this often.
NOTED_EVERY = timedelta(seconds=30)


class HeldLog:
    """Holds the batches of a change set back until all of it is known to be good."""

    def __init__(self) -> None:
        self._batches: list[NewBatch] = []

    def append_batches(self, batches: Sequence[NewBatch]) -> Sequence[Appended]:
        """Keep them for `write`."""
        self._batches += batches
        return ()

    def write(self, store: Store) -> None:
        """Append all of them in one transaction. Raises Busy or Full, with nothing stored."""
        if self._batches:
            store.append_batches(self._batches)


def takes(point: Point, actor: User) -> bool:
    """Whether the actor may send readings of this point, and somebody's are taken."""
    device = point.device
    if not point.enabled or not device.enabled or device.lane != LIVE or device.code == DERIVED_SENDER:
        return False
    return may(actor, "reading.send", point.region)


def send(
    arrays: Sequence[Arrived], points: Mapping[object, Point], *, actor: User, log: Log, now: datetime
) -> list[tuple[Point | None, Arrived]]:
    """Append what can be taken to the log in one transaction; when this returns it is on disk.

    points   by id of datastream, those that the actor may see
    returns  each array with the point that took it, None where its datastream takes nothing from this actor

    Readings that come twice are stored once. Rows that are refused wait in set-aside. Raises Busy or Full, with
    nothing stored.
    """
    found = [(_taking(points, one, actor), one) for one in arrays]
    by_device: dict[int, list[tuple[Point, Arrived]]] = {}
    for point, one in found:
        if point is not None and one.why:
            by_device.setdefault(point.device_id, []).append((point, one))
    if by_device:
        log.append_batches([_batch(parts) for parts in by_device.values()])
        heard = Device.records.filter(pk__in=by_device)
        (heard.filter(last_seen=None) | heard.filter(last_seen__lt=now - NOTED_EVERY)).update(last_seen=now)
    return found


def _taking(points: Mapping[object, Point], one: Arrived, actor: User) -> Point | None:
    if isinstance(one.datastream, bool) or not isinstance(one.datastream, int | str):
        return None
    point = points.get(one.datastream)
    return point if point is not None and takes(point, actor) else None


def _batch(parts: Sequence[tuple[Point, Arrived]]) -> NewBatch:
    """The rows of one device."""
    device = parts[0][0].device
    return batch_of_observations(device.code, device.lane, [Part(point.pk, point.code, one) for point, one in parts])
