"""Chains: open, link cause and effect, raise the level, close, merge.

A chain is opened and closed by verbs of the rooms above, which have checked the right of whoever acts; these functions
check none themselves, but for merging, which is an act of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from anlan.kernel.audit import services as audit
from anlan.kernel.chains.models import Chain, Link
from anlan.kernel.chains.numbers import next_number
from anlan.kernel.chains.queries import chain_of, final, refs_of
from anlan.kernel.clocks.models import Clock
from anlan.kernel.people.models import User
from anlan.kernel.people.rights import require
from anlan.kernel.people.services import system_user
from anlan.kernel.regions.models import Region
from anlan.kernel.web.events import publish
from anlan.kernel.web.refs import ref_of

__all__ = [
    "ChainError",
    "chain_of",
    "close",
    "close_if_done",
    "link",
    "merge",
    "next_number",
    "open_chain",
    "raise_level",
    "refs_of",
    "register_open_part",
]


class ChainError(Exception):
    """What was asked of a chain cannot be done; the text is for the person who asked."""


#: What open pages hear after each change.
EVENTS = {
    "chain.open": "chain.opened",
    "chain.level": "chain.level",
    "chain.close": "chain.closed",
    "chain.merge": "chain.merged",
}

#: (chain) -> True while something of that room is still going on in it.
OpenPart = Callable[[Chain], bool]

_open_parts: dict[str, OpenPart] = {}


def register_open_part(name: str, is_open: OpenPart) -> None:
    """Let a room keep chains from being closed by themselves while its part goes on (open cases, open alarms)."""
    _open_parts[name] = is_open


@transaction.atomic
def open_chain(
    kind: str,
    *,
    title: str,
    region: Region,
    now: datetime,
    actor: User,
    level: int | None = None,
    exercise: bool = False,
    lon: float | None = None,
    lat: float | None = None,
    prefix: str = "AL",
) -> Chain:
    """Open a chain with the next number of the day, at the first act.

    kind      "alarm", "replay" …
    level     1 red … 4 blue
    lon, lat  degrees WGS-84, where it happens
    prefix    of the number; exercises have number ranges of their own ("EX")
    """
    chain = Chain.records.create(
        number=next_number(prefix, now),
        title=title[:200],
        kind=kind,
        region=region,
        level=level,
        exercise=exercise,
        lon=lon,
        lat=lat,
        opened_at=now,
    )
    after = {"number": chain.number, "title": chain.title, "kind": kind, "level": level}
    _leave(chain, "chain.open", actor, now, after=after)
    return chain


@transaction.atomic
def link(chain: Chain, cause: str, effect: str, *, now: datetime) -> Link:
    """Note that `cause` led to `effect` (refs; an empty cause begins the chain). The same link again changes nothing.

    Clocks that the effect brought with it (an alarm's answer, begun before there was a chain) join the chain.
    """
    if not effect or cause == effect:
        raise ValueError(f"a link leads from a cause to another row, not from {cause!r} to {effect!r}")
    joined, _new = Link.objects.get_or_create(chain=chain, cause=cause, effect=effect, defaults={"at": now})
    Clock.objects.filter(ref=effect, chain_id=None).update(chain_id=chain.pk)
    return joined


@transaction.atomic
def raise_level(chain: Chain, level: int, *, now: datetime, actor: User | None = None) -> bool:
    """Note the highest level that the chain reached; a lower one changes nothing. Returns whether it rose.

    actor  who judged; the engine when not given
    """
    row = _locked(chain)
    if row.level is not None and row.level <= level:
        return False
    before, row.level = row.level, level
    row.save(update_fields=("level",))
    chain.level = level
    _leave(row, "chain.level", actor or system_user("engine"), now, before={"level": before}, after={"level": level})
    return True


@transaction.atomic
def close(chain: Chain, *, now: datetime, actor: User) -> Chain:
    """Close the chain; closing it again changes nothing."""
    row = _locked(chain)
    if row.closed_at is None:
        row.closed_at = now
        row.save(update_fields=("closed_at",))
        _leave(row, "chain.close", actor, now, after={"closed_at": now.isoformat()})
    chain.closed_at = row.closed_at
    return row


def is_done(chain: Chain) -> bool:
    """Nothing goes on in it any more, as far as any room knows."""
    return not any(is_open(chain) for is_open in _open_parts.values())


def close_if_done(chain: Chain, *, now: datetime, actor: User) -> bool:
    """Close the chain when nothing goes on in it any more; returns whether it is closed.

    For the acts that may end the last part of it: a case closed, an alarm cleared after its case.
    """
    chain = final(chain)
    if chain.closed_at is None and is_done(chain):
        close(chain, now=now, actor=actor)
    return chain.closed_at is not None


@transaction.atomic
def merge(src: Chain, into: Chain, *, now: datetime, actor: User) -> Chain:
    """Make one chain of two: everything of `src` moves, its number stays and leads to `into`.

    Raises NotAllowed without the right to open cases in both places; ChainError for a chain and itself, for one that
    was merged before, and for an exercise with the real thing.
    """
    require(actor, "case.open", src.region)
    require(actor, "case.open", into.region)
    # Always in the same order, so that two people who merge the same pair do not wait for each other for ever.
    rows = {chain.pk: _locked(chain) for chain in sorted((src, into), key=lambda chain: chain.pk)}
    source, target = rows[src.pk], rows[into.pk]
    if source.pk == target.pk:
        raise ChainError(_("A chain cannot be merged with itself."))
    for row in (source, target):
        if row.merged_into_id is not None:
            raise ChainError(_("%(number)s has been merged before.") % {"number": row.number})
    if source.exercise != target.exercise:
        raise ChainError(_("An exercise is never merged with a real chain."))
    _move(source, target)
    source.merged_into = target
    source.closed_at = source.closed_at or now
    source.save(update_fields=("merged_into", "closed_at"))
    if target.closed_at is not None and not is_done(target):
        target.closed_at = None
        target.save(update_fields=("closed_at",))
    _leave(source, "chain.merge", actor, now, after={"into": target.number})
    _leave(target, "chain.merge", actor, now, after={"from": source.number})
    if source.level is not None:
        raise_level(target, source.level, now=now, actor=actor)
    target.refresh_from_db()
    return target


def _move(source: Chain, target: Chain) -> None:
    """Hang every row of `source` on `target`: links, clocks, and whatever any room hangs on a chain."""
    have = set(Link.objects.filter(chain=target).values_list("cause", "effect"))
    for joined in Link.objects.filter(chain=source):
        if (joined.cause, joined.effect) in have:
            joined.delete()
        else:
            joined.chain = target
            joined.save(update_fields=("chain",))
    Clock.objects.filter(chain_id=source.pk).update(chain_id=target.pk)
    for relation in Chain._meta.related_objects:
        model, field = relation.related_model, relation.field
        if model not in (Chain, Link) and not isinstance(model, str):
            model._base_manager.filter(**{field.name: source}).update(**{field.name: target})
    # Numbers that led to the source lead on to the target.
    Chain.records.filter(merged_into=source).update(merged_into=target)


def _locked(chain: Chain) -> Chain:
    """The row as it is now, held until the transaction ends."""
    row: Chain = Chain.records.select_for_update(of=("self",)).select_related("region").get(pk=chain.pk)
    return row


def _leave(
    chain: Chain,
    verb: str,
    actor: User,
    now: datetime,
    *,
    before: Mapping[str, object] | None = None,
    after: Mapping[str, object] | None = None,
) -> None:
    """Audit line and event of one change."""
    audit.record(actor=actor, verb=verb, obj=chain, region=chain.region, before=before, after=after, now=now)
    publish(
        EVENTS[verb],
        ref=ref_of(chain),
        region=chain.region,
        verb="chain.see",
        at=now,
        data={"number": chain.number, "level": chain.level, "exercise": chain.exercise},
    )
