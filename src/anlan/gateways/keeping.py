"""Bring batches to disk for a gateway, however long the store refuses."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence

from anlan.kernel.sensing.store import Busy, Full, NewBatch, Store

log = logging.getLogger("anlan.gateways")

#: Seconds until the store is asked again after it refused: the first, and the longest.
FIRST_WAIT_S, LONGEST_WAIT_S = 0.1, 5.0


def keep(store: Store, batches: Sequence[NewBatch], stopping: threading.Event) -> bool:
    """Write all of them in one transaction, however long the store is busy or full.

    Returns False when we are to stop before that. Raises what the store raises for a batch that it cannot take.
    """
    wait = FIRST_WAIT_S
    while True:
        try:
            store.append_batches(batches)
            return True
        except (Busy, Full) as error:
            log.warning("the store refuses, trying again in %.1f s: %s", wait, error)
        if stopping.wait(wait):
            return False
        wait = min(wait * 2, LONGEST_WAIT_S)
