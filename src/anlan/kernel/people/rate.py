"""How often a token may ask: one limit for all web processes, at the cost of one short write for many requests.

A process takes requests from the database in small lots and spends them by itself. A lot ends with its slot of time,
and what was taken counts until a whole window has passed. So no window holds more than the limit, however many
processes there are. A token that asks seldom takes lots of one, so that it wastes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from threading import Lock

from django.db import transaction
from django.db.models import F, Sum

from anlan.kernel.people.models import ApiToken, TokenUse

#: Slots of a window.
SLOTS = 6
#: The largest lot is this part of the limit: what a process took and did not spend is lost to the others.
PARTS = 30
#: Tokens whose lots a process remembers.
MOST_TOKENS = 4_096


@dataclass(slots=True)
class _Lot:
    slot: int
    left: int
    size: int
    spent: bool = False  # nothing comes back before the slot is over: the database is not asked again


class Shared:
    """The lots of one process."""

    def __init__(self) -> None:
        self._lots: dict[tuple[str, str], _Lot] = {}
        self._lock = Lock()

    def take(
        self, token: ApiToken, *, door: str, limit: int, window_s: float, now_s: float, first: int = 1
    ) -> bool:  # fmt: skip
        """Whether the token may ask once more at `now_s`, seconds since the epoch.

        door   each has a limit and a window of its own
        first  so many are drawn at once at the beginning of a slot: each drawing waits for the disk
        """
        slot = int(now_s * SLOTS // window_s)
        with self._lock:
            lot = self._lots.get((token.mark, door))
            if lot is None or lot.slot != slot:
                if len(self._lots) >= MOST_TOKENS:
                    self._lots.clear()
                lot = self._lots[token.mark, door] = _Lot(slot, 0, first)
            if lot.left == 0 and not lot.spent:
                lot.left = drawn(token, lot.size, door=door, limit=limit, slot=slot)
                lot.spent = lot.left == 0
                lot.size = min(lot.size * 2, max(1, limit // PARTS))
            if lot.left == 0:
                return False
            lot.left -= 1
            return True

    def forget(self) -> None:
        """As after a start."""
        with self._lock:
            self._lots.clear()


def drawn(token: ApiToken, wanted: int, *, door: str, limit: int, slot: int) -> int:
    """Take up to `wanted` requests of a token for one slot; what all processes take in a window is at most `limit`."""
    with transaction.atomic():
        # Two processes come one after the other (SQLite lets only one write anyway).
        list(ApiToken.objects.select_for_update().filter(pk=token.pk).values_list("pk"))
        uses = TokenUse.objects.filter(token_id=token.pk, door=door)
        taken = uses.filter(slot__gte=slot - SLOTS).aggregate(n=Sum("taken"))["n"] or 0
        got = max(0, min(wanted, limit - taken))
        if got and not uses.filter(slot=slot).update(taken=F("taken") + got):
            uses.filter(slot__lt=slot - SLOTS).delete()
            TokenUse.objects.create(token_id=token.pk, door=door, slot=slot, taken=got)
        return got


def wait_s(*, window_s: float, now_s: float) -> float:
    """Seconds until the next slot, at which something may be free again."""
    step = window_s / SLOTS
    return step - now_s % step


#: The lots of this process.
SHARED = Shared()
