"""API tokens: keys with which machines act for a person, never with more than the person holds.

A key is `anlan_MARK_SECRET`. Only the mark and a SHA-256 of the whole are kept: the secret has 256 random bits, so a
slow hash would protect nothing. A token is narrowed to verbs and a region (`rights.Narrowing`), ends on a day, and is
revoked by its owner or the security administrator; a closed account or a password to be replaced stops it too.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext as _

from anlan.kernel.people import rights, trail
from anlan.kernel.people.models import ApiToken, User
from anlan.kernel.people.services import Refused
from anlan.kernel.regions.models import Region

#: A token lasts at most this long, days; whoever needs it longer makes a new one.
MOST_DAYS = 366
#: Living tokens of one person.
MOST_TOKENS = 20
#: Last use is written at most this often, so that looking does not become writing.
NOTED_EVERY = timedelta(minutes=1)
_KEY = re.compile(r"anlan_([a-z0-9]{10})_[A-Za-z0-9_-]{43}")

#: Rooms with an API name the verbs that it asks for; a token holds no others.
Source = Callable[[], Iterable[str]]
_sources: list[Source] = []


def register_verbs(source: Source) -> None:
    """Let tokens hold the verbs that `source` gives."""
    _sources.append(source)


def verbs_for(person: User) -> list[str]:
    """Verbs that a token of this person may hold now, by code."""
    known = dict.fromkeys(verb for source in _sources for verb in source())
    return sorted(verb for verb in known if rights.holds(person, verb))


@transaction.atomic
def give(
    *, owner: User, name: str, verbs: Sequence[str], region: Region | None, days: int, now: datetime
) -> tuple[ApiToken, str]:
    """A new token of one's own, and its key, which is shown this once.

    Raises Refused without a name or a verb, for verbs or a region that the owner does not reach, and for days that
    are too many.
    """
    name = name.strip()[:60]
    chosen = sorted(set(verbs))
    if not name:
        raise Refused(_("Give the token a name: which machine uses it?"))
    if not chosen:
        raise Refused(_("Choose at least one thing that the token may do."))
    allowed = verbs_for(owner)
    for verb in chosen:
        if verb not in allowed:
            raise Refused(_("You cannot hand on what you may not do yourself: %(what)s") % {"what": verb})
        if region is not None and not rights.Narrowing(frozenset(chosen), region.path).of(
            verb, rights.reach(owner, verb)
        ):
            raise Refused(_("You hold this nowhere in %(place)s: %(what)s") % {"place": region.name, "what": verb})
    if not 1 <= days <= MOST_DAYS:
        raise Refused(_("A token lasts from 1 to %(most)d days.") % {"most": MOST_DAYS})
    if owner.tokens.filter(revoked_at=None, expires_at__gt=now).count() >= MOST_TOKENS:
        raise Refused(_("You have %(most)d tokens already; revoke one first.") % {"most": MOST_TOKENS})
    mark = "".join(secrets.choice("abcdefghjkmnpqrstuvwxyz23456789") for _sign in range(10))
    key = f"anlan_{mark}_{secrets.token_urlsafe(32)}"
    token = ApiToken.objects.create(
        owner=owner, name=name, mark=mark, digest=_digest(key), verbs=chosen, region=region, created_at=now,
        expires_at=now + timedelta(days=days),
    )  # fmt: skip
    after = {
        "given": name, "mark": mark, "verbs": chosen, "region": region.code if region else None,
        "expires_at": token.expires_at,
    }  # fmt: skip
    trail.record(actor=owner, verb="people.token", obj=token, region=region, after=after, now=now)
    return token, key


@transaction.atomic
def revoke(token: ApiToken, *, actor: User, now: datetime) -> None:
    """End a token at once: one's own, or anybody's with rights.manage. Raises NotAllowed."""
    if token.owner_id != actor.pk or actor.narrowing is not None:
        rights.require(actor, "rights.manage", None)
    row = ApiToken.objects.select_for_update().get(pk=token.pk)
    if row.revoked_at is None:
        row.revoked_at = now
        row.save(update_fields=["revoked_at"])
        before = {"name": row.name, "mark": row.mark, "owner": row.owner.username}
        trail.record(actor=actor, verb="people.token", obj=row, before=before, after={"revoked": row.mark}, now=now)


def holder_of(key: str, now: datetime) -> tuple[ApiToken, User] | None:
    """The token of a key and its owner, narrowed; None for a key that opens nothing."""
    found = _KEY.fullmatch(key)
    if found is None:
        return None
    rows = ApiToken.objects.filter(mark=found[1], revoked_at=None, expires_at__gt=now)
    token = rows.select_related("owner", "region").first()
    if token is None or not constant_time_compare(token.digest, _digest(key)):
        return None
    owner = token.owner
    if not owner.is_active or owner.is_system or owner.must_change_password:
        return None
    if token.seen_at is None or now - token.seen_at >= NOTED_EVERY:
        ApiToken.objects.filter(pk=token.pk).update(seen_at=now)
    path = token.region.path if token.region is not None else rights.EVERYWHERE
    owner.narrowing = rights.Narrowing(frozenset(token.verbs), path)
    return token, owner


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()
