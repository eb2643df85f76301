"""Gives each committed entry its place and hash. One sealer at a time; the jobs process calls it every second."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from django.db import connection, transaction

from anlan.kernel.audit import chain
from anlan.kernel.audit.models import Anchor, Entry

log = logging.getLogger(__name__)

#: How often the head is added to the anchor log while entries come in.
ANCHOR_EVERY = timedelta(hours=1)

#: Entries sealed in one transaction: on SQLite nobody else can write meanwhile, so it stays well under 200 ms.
SLICE = 1000

_ADVISORY = 0x616E6C61  # "anla": one sealer over all processes on PostgreSQL; SQLite has one writer anyway


class ChainBroken(RuntimeError):
    """The table does not reach the head that was marked outside: entries are missing, sealing on would hide it."""


def seal(now: datetime, limit: int = 5000) -> int:
    """Seal up to `limit` entries in the order in which they were committed; returns how many.

    An entry that commits later than one with a higher number simply comes later in the chain. When the table is behind
    the head marked outside, nothing is sealed and an error is logged, until a person has looked (`audit verify`).
    """
    count, newest = 0, None
    try:
        while count < limit:
            sealed, head = _seal(min(SLICE, limit - count))
            count += sealed
            newest = head or newest
            if sealed < SLICE:
                break
    except ChainBroken as broken:
        log.error("%s", broken)  # without the stack, which each second would bury the words
    if newest is not None:
        _anchor_when_due(now, newest)
    return count


@transaction.atomic
def _seal(limit: int) -> tuple[int, chain.Head | None]:
    table = Entry._meta.db_table
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [_ADVISORY])
            if not cursor.fetchone()[0]:
                return 0, None
        columns = ", ".join(f'"{name}"' for name in chain.COLUMNS[1:])
        cursor.execute(f'SELECT id, {columns} FROM "{table}" WHERE seq IS NULL ORDER BY id LIMIT %s', [limit])  # noqa: S608
        rows = cursor.fetchall()
        if not rows:
            return 0, None
        cursor.execute(f'SELECT seq, hash FROM "{table}" WHERE seq IS NOT NULL ORDER BY seq DESC LIMIT 1')  # noqa: S608
        head = chain.Head(*(cursor.fetchone() or (0, chain.GENESIS)))
        _refuse_to_hide(head)
        sealed = []
        for pk, *fields in rows:
            seq = head.seq + 1
            head = chain.Head(seq, chain.hash_of(head.hash, (seq, *fields)))
            sealed.append((head.seq, head.hash, pk))
        cursor.executemany(f'UPDATE "{table}" SET seq = %s, hash = %s WHERE id = %s', sealed)  # noqa: S608
    transaction.on_commit(lambda: chain.write_head(head))
    return len(rows), head


def _refuse_to_hide(head: chain.Head) -> None:
    marked = chain.read_head()
    if marked is None or marked.seq < head.seq:
        return
    if marked != head:
        raise ChainBroken(
            f"the audit table ends at entry {head.seq}, but entry {marked.seq} was sealed: run ./anlan audit verify; "
            "nothing is sealed until a person has looked"
        )


def _anchor_when_due(now: datetime, head: chain.Head) -> None:
    last = Anchor.objects.order_by("-at").values_list("at", flat=True).first()
    if last is None or now - last >= ANCHOR_EVERY:
        _anchor(now, head)


def anchor(now: datetime) -> chain.Head | None:
    """Mark the head of the chain inside and outside the database; None when nothing is sealed yet."""
    last = Entry.objects.exclude(seq=None).order_by("-seq").values_list("seq", "hash").first()
    if last is None or last[0] is None:
        return None
    head = chain.Head(last[0], last[1])
    _anchor(now, head)
    return head


def _anchor(now: datetime, head: chain.Head) -> None:
    with transaction.atomic():
        Anchor.objects.create(at=now, seq=head.seq, hash=head.hash)
        transaction.on_commit(lambda: chain.append_anchor(now, head))
