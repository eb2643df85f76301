"""Fences: which the actor may see, their ground, and whether one holds at a moment."""

from __future__ import annotations

import threading
import time as clock
from collections.abc import Mapping
from datetime import datetime, time, tzinfo
from typing import Any

import numpy as np
import shapely
from django.db.models import Count, Q, QuerySet
from django.utils import timezone
from numpy.typing import NDArray

from anlan.apps.tracks.models import Fence
from anlan.apps.tracks.queries.carriers import SEE
from anlan.apps.tracks.rules import Rules, rules
from anlan.kernel.regions.scope import reach, within
from anlan.science.areas import circle
from anlan.science.tracks import Ground, ground, round_ground

#: A fence is read anew after so many seconds; its ground never changes, but it may be ended.
FRESH_S = 5.0


def fences_for(actor: Any) -> QuerySet[Fence]:
    """Fences in force that the actor may see, with the number of carriers they hold."""
    rows = Fence.records.filter(within(reach(actor, SEE)), ended_at=None).select_related("region")
    held = Count("watches", filter=Q(watches__ended_at=None))
    return rows.defer("region__boundary").annotate(held=held).order_by("name", "pk")


def fence_of(actor: Any, pk: int) -> Fence | None:
    """One fence; foreign, ended and missing look the same."""
    return fences_for(actor).filter(pk=pk).first()


def ground_of(fence: Fence) -> Ground:
    """Where it stands. Raises ValueError for a row that was damaged."""
    if fence.radius_m is not None:
        return round_ground(fence.lon, fence.lat, fence.radius_m)
    return ground(shapely.from_wkb(bytes(fence.shape or b"")))


def drawn(fence: Fence) -> Mapping[str, Any]:
    """Its ground as GeoJSON geometry, thinned to what a screen can tell."""
    if fence.radius_m is not None:
        shape = circle(fence.lon, fence.lat, fence.radius_m).shape.simplify(0.00001)
    else:
        shape = shapely.from_wkb(bytes(fence.shape or b"")).simplify(0.00005)
    found: Mapping[str, Any] = shapely.geometry.mapping(shapely.set_precision(shape, 1e-6))
    return found


def holds(begins: time | None, ends: time | None, at: datetime, zone: tzinfo) -> bool:
    """Whether a fence asks anything at a moment: its hours are of the bureau's day, the first in, the last out of it.

    Without hours it always holds; with `ends` before `begins` it holds over midnight.
    """
    if begins is None or ends is None:
        return True
    now = at.astimezone(zone).time()
    return begins <= now < ends if begins < ends else now >= begins or now < ends


class Kept:
    """Fences with their ground, kept in memory because every position of every carrier asks for them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._held: dict[int, tuple[float, Fence, Ground, Rules]] = {}

    def get(self, pk: int) -> tuple[Fence, Ground, Rules]:
        """A fence, its ground and the rules of now. Raises ValueError for a fence that is not there."""
        with self._lock:
            found = self._held.get(pk)
        if found is not None and clock.monotonic() - found[0] < FRESH_S:
            return found[1:]
        fence = Fence.records.filter(pk=pk).first()
        if fence is None:
            raise ValueError(f"there is no fence {pk}")
        here = found[2] if found is not None else ground_of(fence)
        held = rules(timezone.now())
        with self._lock:
            self._held[pk] = (clock.monotonic(), fence, here, held)
        return fence, here, held

    def forget(self) -> None:
        """Read everything anew."""
        with self._lock:
            self._held.clear()


kept = Kept()


def holding(fence: Fence, at_ms: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Whether the fence asks anything at each moment, epoch ms."""
    if fence.begins is None or fence.ends is None:
        return np.ones(at_ms.size, np.bool_)
    zone = timezone.get_default_timezone()
    moments = (datetime.fromtimestamp(t / 1000, zone) for t in at_ms.tolist())
    return np.fromiter((holds(fence.begins, fence.ends, one, zone) for one in moments), np.bool_, at_ms.size)
