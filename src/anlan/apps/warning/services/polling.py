"""Ask the sources whose time has come: a feed, and of its entries the files that were not fetched before.

An entry that cannot be fetched holds up no other; it is tried at the next look and given up after the third, which the
page of the source tells (K6). A file is never fetched from a host that is not listed, whoever names it.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from urllib.parse import urljoin

from django.db.models import F, Q

from anlan.apps.warning import outside
from anlan.apps.warning.models import Seen, Source
from anlan.apps.warning.outside import Answer, NoAnswer
from anlan.apps.warning.services import receiving
from anlan.apps.warning.services.errors import Overrun
from anlan.formats import atom
from anlan.formats.atom import Entry
from anlan.formats.cap.checking import BOUNDS
from anlan.formats.faults import Refused
from anlan.kernel.jobs import services as jobs
from anlan.kernel.jobs.models import Job, State

#: Tries of an entry; entries of one look, and seconds after which the rest waits for the next.
TRIES, MOST_FILES, MOST_S = 3, 1_000, 240.0
#: Seconds of waiting after failures in a row, as long as they are longer than the source's own period.
BACK_OFF_S = (30, 60, 120, 300)
#: How long an entry is remembered after it was last listed.
REMEMBER = timedelta(days=30)

Get = Callable[..., Answer]


def drive(now: datetime) -> int:
    """Put a job into the queue for each source that is due and has none waiting; returns how many."""
    put = 0
    due = Source.objects.filter(Q(next_poll=None) | Q(next_poll__lte=now), enabled=True).exclude(url="")
    for pk in due.values_list("pk", flat=True):
        args = {"source": pk}
        if not Job.objects.filter(name="warning.poll", args=args, state=State.WAITING).exists():
            jobs.enqueue("warning.poll", args, now=now)
            put += 1
    return put


def poll(source: Source, *, now: datetime, get: Get = outside.get) -> bool:
    """Ask a source and take in what is new there; False when that failed, wholly or in part, and is tried again.

    get  (address, etag, last_modified, most) to what came back; raises NoAnswer
    """
    try:
        answer = get(source.url, etag=source.etag, last_modified=source.last_modified, most=atom.BOUNDS.bytes)
        failed = _take(source, answer, now, get) if answer.status != 304 else 0
    except NoAnswer as error:
        return _failed(source, f"{error.code}: {error}", now)
    except (Refused, Overrun) as error:
        return _failed(source, f"{'feed' if isinstance(error, Refused) else 'large'}: {error}", now)
    said: dict[str, object] = {"failures": 0, "last_error": "", "heard_at": now}
    if failed:
        # Without these the same answer comes again, and with it what could not be fetched.
        said |= {"etag": "", "last_modified": "", "last_error": f"entries: {failed}"}
    elif answer.status != 304:
        said |= {"etag": answer.etag, "last_modified": answer.last_modified}
    Source.objects.filter(pk=source.pk).update(next_poll=now + timedelta(seconds=source.period_s), **said)
    return not failed


def _take(source: Source, answer: Answer, now: datetime, get: Get) -> int:
    """Work through an answer; returns how many entries wait for another look. Raises Refused, Overrun."""
    kind = atom.kind_of(answer.body)
    if kind == "alert":
        receiving.receive(answer.body, source=source, now=now)
        return 0
    entries = atom.entries_of(answer.body)
    marks = {_mark(entry): entry for entry in reversed(entries)}  # the oldest first: feeds list the newest on top
    known = {row.mark: row for row in Seen.objects.filter(source=source, mark__in=list(marks))}
    until, waiting, fetched = time.monotonic() + MOST_S, 0, 0
    for mark, entry in marks.items():
        row = known.get(mark)
        if row is not None and (row.done or row.tries >= TRIES):
            continue
        if fetched >= MOST_FILES or time.monotonic() > until:
            waiting += 1
            continue
        fetched += 1
        try:
            waiting += not _fetch(source, row or Seen(source=source, mark=mark), entry, now, get)
        except Overrun:
            fetched, waiting = MOST_FILES, waiting + 1  # the rest comes at the next look
    Seen.objects.filter(source=source, mark__in=list(known)).update(at=now)
    Seen.objects.filter(source=source, at__lt=now - REMEMBER).delete()
    return waiting


def _fetch(source: Source, row: Seen, entry: Entry, now: datetime, get: Get) -> bool:
    """Fetch and take in the file of one entry; whether nothing is left to do for it. Raises Overrun."""
    row.address, row.at = urljoin(source.url, entry.address)[:500], now
    try:
        answer = get(row.address, most=BOUNDS.bytes)
        receiving.receive(answer.body, source=source, now=now)
        row.done, row.error = True, ""
    except NoAnswer as error:
        row.error, row.tries = f"{error.code}: {error}"[:300], row.tries + 1
    row.save()
    return row.done or row.tries >= TRIES


def _mark(entry: Entry) -> str:
    return hashlib.sha256("\n".join((entry.id, entry.address, entry.updated)).encode()).hexdigest()


def _failed(source: Source, words: str, now: datetime) -> bool:
    wait = max(source.period_s, BACK_OFF_S[min(source.failures, len(BACK_OFF_S) - 1)])
    Source.objects.filter(pk=source.pk).update(
        failures=F("failures") + 1, last_error=words[:300], next_poll=now + timedelta(seconds=wait)
    )
    return False
