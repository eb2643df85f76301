"""The past of a derived point: computed from history and sent through the backfill lane, as archives are.

It fills only moments that have no reading yet, so it may be asked for again, after archives closed a gap, and never
contradicts what was computed live.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator
from datetime import datetime

import numpy as np

from anlan.kernel.jobs.registry import job
from anlan.kernel.sensing.derived.functions import named
from anlan.kernel.sensing.derived.run import HOUR_MS, Inputs, batch, limits_of, slots, values_at
from anlan.kernel.sensing.derived.services import PAST_JOB
from anlan.kernel.sensing.memory import give_back
from anlan.kernel.sensing.models import DerivedMode, DerivedPoint
from anlan.kernel.sensing.store import BACKFILL, Store, open_store

log = logging.getLogger("anlan.derived")

DAY_MS = 24 * HOUR_MS
#: A schedule's past is computed at least so many seconds apart: archives are coarser than live readings.
COARSEST_S = 600


def compute_past(made: DerivedPoint, store: Store, from_ms: int, to_ms: int) -> Iterator[int]:
    """Compute the moments of [from_ms, to_ms) that have no reading, a day of UTC at a time; yields how many each gave.

    Days that hold the same come to the same batch, so a repeated call stores nothing twice.
    """
    function = named(made.function)
    if function is None:
        return
    limits = limits_of([made])
    day = from_ms - from_ms % DAY_MS
    while day < to_ms:
        start, end = max(day, from_ms), min(day + DAY_MS, to_ms)
        inputs = Inputs(store, limits)
        if made.mode == DerivedMode.ARRIVAL:
            at = np.asarray(inputs.columns(made.inputs.all()[0].point_id, start, end - 1).t, np.int64)
        else:
            at = slots(made, start - 1, end - 1)
            at = at[at % (max(made.every_s, COARSEST_S) // made.every_s * made.every_s * 1000) == 0]
        at = at[~np.isin(at, store.readings(made.point_id, start, end - 1).t)]
        given = 0
        if at.size:
            at, value = values_at(made, function, at, inputs)
            if at.size:
                given = int(at.size)
                mark = hashlib.sha256(at.tobytes() + value.tobytes()).hexdigest()[:16]
                store.append_batches([batch(made, f"past:{start}:{mark}", at, value, BACKFILL)])
        yield given
        day += DAY_MS


@job(PAST_JOB, lease_s=600)
def past(*, now: datetime, derived: int, days: int) -> None:
    """Compute the past of a new derived point, once."""
    made = DerivedPoint.objects.select_related("point").prefetch_related("inputs").get(pk=derived)
    given = sum(compute_past(made, open_store(), made.from_ms - days * DAY_MS, made.from_ms + 1))
    log.info("%s: %d values of the past", made.point.code, given)
    give_back()
