"""One tail of the event table for all open streams of this process: read once, hand to each who may hear.

Ids are given before a commit, so on PostgreSQL a lower id may appear after a higher one. The tail therefore keeps a
mark below which everything has been handed out, and remembers the ids above it. A hole (an insert that was rolled
back, or one not yet committed) holds the mark for `PATIENCE_S`. Streams carry the mark as their id: who comes back
with it may get an event twice, never not at all; browsers drop the double by the event's own id.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import close_old_connections, connection
from django.db.models import Max, Min
from django.utils import timezone

from anlan.kernel.web import gate
from anlan.kernel.web.models import Event

log = logging.getLogger(__name__)

POLL_S = 0.2
#: How long a hole below a newer id is waited for. No transaction of ours lasts longer.
PATIENCE_S = 10.0
#: Rights and sessions of open streams are looked at again this often (S2: revoked rights end within 5 s).
RECHECK_S = 2.5
REPLAY_AGE = timedelta(minutes=10)
REPLAY_MAX = 5000
KEEP = timedelta(days=2)
TRIM_EVERY_S = 3600.0
_BATCH = 1000


@dataclass(frozen=True, slots=True)
class Said:
    """One event as it goes to a browser; `mark` is where a stream that breaks here has to go on."""

    id: int
    mark: int
    kind: str
    ref: str
    at: datetime
    data: dict[str, Any]


@dataclass(eq=False, slots=True)
class Subscriber:
    """One open stream. `push` takes events, `end` closes it; both are called from the tail's thread."""

    session_key: str
    viewer: gate.Viewer
    push: Callable[[list[Said]], None]
    end: Callable[[str], None]
    checked: float = 0.0


@dataclass(slots=True)
class Tail:
    """The tail itself: `poll` does one round, `run` loops in a thread until `stop`."""

    mark: int | None = None
    above: set[int] = field(default_factory=set)
    hole_since: float | None = None
    subscribers: set[Subscriber] = field(default_factory=set)
    lock: threading.Lock = field(default_factory=threading.Lock)
    wake: threading.Event = field(default_factory=threading.Event)
    stopping: bool = False
    thread: threading.Thread | None = None
    trimmed: float | None = None

    def join(self, subscriber: Subscriber, since: int | None, now: datetime) -> tuple[list[Said], int, bool]:
        """Add a stream and give it what it missed: (events, mark, whether the page must be loaded anew).

        `since` is the mark that the browser had, None for a page that starts at now. Runs in any thread that may
        use the database; events that come while it runs are pushed as well, so none is lost between.
        """
        with self.lock:
            if self.mark is None:
                self.mark = newest_event()
            mark = self.mark
            self.subscribers.add(subscriber)
        if since is None:
            return [], mark, False
        missed, reset = replay(subscriber.viewer, since, mark, now)
        return missed, mark, reset

    def leave(self, subscriber: Subscriber) -> None:
        """Take a stream off; unknown streams are ignored."""
        with self.lock:
            self.subscribers.discard(subscriber)

    def poll(self, monotonic: float) -> list[Said]:
        """One round: read what is new, hand it out, move the mark. Returns what was read, for tests."""
        if self.mark is None:
            with self.lock:
                self.mark = newest_event()
        rows = [
            row for row in Event.objects.filter(id__gt=self.mark).order_by("id")[:_BATCH] if row.id not in self.above
        ]
        self.above.update(row.id for row in rows)
        self._move(monotonic)
        if not rows:
            return []
        # In order of id: a stream that breaks inside the batch goes on at the last event that it got.
        said = [say(row, min(row.id, self.mark)) for row in rows]
        with self.lock:
            audience = list(self.subscribers)
        hearing = Hearing()
        for subscriber in audience:
            heard = [one for row, one in zip(rows, said, strict=True) if hearing.may(subscriber.viewer, row)]
            if heard:
                subscriber.push(heard)
        return said

    def _move(self, monotonic: float) -> None:
        """Move the mark over ids without a hole; over a hole only after waiting for it."""
        assert self.mark is not None
        moved = False
        while self.above:
            if self.mark + 1 in self.above:
                self.mark += 1
                self.above.discard(self.mark)
                moved = True
            elif self.hole_since is None or moved:
                self.hole_since, moved = monotonic, False
                break
            elif monotonic - self.hole_since >= PATIENCE_S:
                self.mark = min(self.above) - 1
                self.hole_since = None
            else:
                break
        if not self.above:
            self.hole_since = None

    def recheck(self, monotonic: float) -> int:
        """End the streams whose session or account has ended; returns how many."""
        with self.lock:
            due = [one for one in self.subscribers if monotonic - one.checked >= RECHECK_S]
        ended = 0
        for subscriber in due:
            viewer = gate.viewer_of(subscriber.session_key)
            if viewer is None or viewer.pk != subscriber.viewer.pk:
                self.leave(subscriber)
                subscriber.end("signed-out")
                ended += 1
            else:
                subscriber.viewer = viewer
                subscriber.checked = monotonic
        return ended

    def start(self) -> None:
        """Start the thread when it is not running."""
        with self.lock:
            if self.thread and self.thread.is_alive():
                return
            self.stopping = False
            self.wake.clear()
            self.thread = threading.Thread(target=self.run, name="event-tail", daemon=True)
            self.thread.start()

    def stop(self) -> None:
        """End every stream and the thread; a browser comes back by itself."""
        self.stopping = True
        self.wake.set()
        with self.lock:
            leaving, self.subscribers = self.subscribers, set()
        for subscriber in leaving:
            subscriber.end("restart")

    def run(self) -> None:
        """Poll until stopped; a database that is away for a while is waited for."""
        while not self.stopping:
            pause = POLL_S
            try:
                self.poll(time.monotonic())
                self.recheck(time.monotonic())
                self._trim(time.monotonic())
            except Exception:
                log.exception("event tail: a round failed, trying again in a second")
                close_old_connections()
                pause = 1.0
            self.wake.wait(pause)
        connection.close()

    def _trim(self, monotonic: float) -> None:
        if self.trimmed is None or monotonic - self.trimmed >= TRIM_EVERY_S:
            self.trimmed = monotonic
            trim(timezone.now())


class Hearing:
    """Who may hear an event; rights are asked once a round for each person and verb."""

    def __init__(self) -> None:
        self._reach: dict[tuple[int, str], tuple[str, ...]] = {}

    def may(self, viewer: gate.Viewer, event: Event) -> bool:
        """The named person only; else who holds the verb where it happened; a blank verb: everyone signed in."""
        if event.user_id is not None:
            return event.user_id == viewer.pk
        if not event.verb:
            return True
        key = (viewer.pk, event.verb)
        if key not in self._reach:
            self._reach[key] = tuple(gate.reach(viewer.user, event.verb))
        prefixes = self._reach[key]
        if not event.region_path:
            return bool(prefixes)
        return any(prefix == "/" or event.region_path.startswith(prefix) for prefix in prefixes)


def newest_event() -> int:
    """Id of the newest event, 0 when there is none."""
    return Event.objects.aggregate(last=Max("id"))["last"] or 0


def say(row: Event, mark: int) -> Said:
    """The row as browsers get it."""
    return Said(row.id, mark, row.kind, row.ref, row.at, row.data)


def replay(viewer: gate.Viewer, since: int, upto: int, now: datetime) -> tuple[list[Said], bool]:
    """What `viewer` missed after the mark `since`, and True instead when too much, too old or from another database.

    Reads beyond `upto` too: what the tail reads at the same time may come twice and is dropped by its id.
    """
    if since > newest_event():
        return [], True
    missing = Event.objects.filter(id__gt=since).order_by("id")
    rows = list(missing[: REPLAY_MAX + 1])
    if len(rows) > REPLAY_MAX or (rows and rows[0].at < now - REPLAY_AGE):
        return [], True
    hearing = Hearing()
    return [say(row, min(row.id, upto)) for row in rows if hearing.may(viewer, row)], False


def trim(now: datetime) -> int:
    """Drop events that no stream can ask for any more; at most 5,000 in one go so that no writer waits."""
    edge = Event.objects.filter(at__lt=now - KEEP).aggregate(first=Min("id"), last=Max("id"))
    if edge["last"] is None:
        return 0
    # The newest event stays: SQLite would otherwise give its id again and a waiting browser would miss an event.
    stop = min(edge["last"], edge["first"] + 5000, newest_event() - 1)
    return Event.objects.filter(id__gte=edge["first"], id__lte=stop, at__lt=now - KEEP).delete()[0]


def since_of(texts: Iterable[str]) -> int | None:
    """The first text that is a mark (`Last-Event-ID`, then `?since=`), or None."""
    for text in texts:
        if text.isascii() and text.isdigit() and len(text) < 19:
            return int(text)
    return None
