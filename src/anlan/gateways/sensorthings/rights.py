"""Who may subscribe to our own broker: whoever has an API token with the verb to see points, in the regions of it.

The same answer as `kernel.people` gives to the API, by statements of its own; a test holds the two together. Fails
closed: what is not found, over, revoked or narrowed away sees nothing.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from anlan.gateways.records import PlainRecords

SEE = "point.see"
#: Last use of a token is written at most this often.
NOTED_EVERY = timedelta(minutes=1)
_KEY = re.compile(r"anlan_([a-z0-9]{10})_[A-Za-z0-9_-]{43}")

HELD_BY = """
SELECT t.id, t.digest, t.verbs, t.expires_at, t.seen_at, r.path, t.region_id, t.owner_id
FROM people_apitoken t JOIN people_user u ON u.id = t.owner_id LEFT JOIN regions_region r ON r.id = t.region_id
WHERE t.mark = ? AND t.revoked_at IS NULL AND u.is_active AND NOT u.is_system AND NOT u.must_change_password
"""
GRANTS = """
SELECT o.verbs, r.path, g.valid_from, g.valid_to FROM people_grant g
JOIN people_role o ON o.id = g.role_id JOIN regions_region r ON r.id = g.region_id WHERE g.user_id = ?
"""
SEEN = "UPDATE people_apitoken SET seen_at = ? WHERE id = ?"


@dataclass(frozen=True, slots=True)
class Reach:
    """Paths of the regions whose points are seen."""

    paths: tuple[str, ...]

    def sees(self, path: str) -> bool:
        """Whether a region lies in it."""
        return path.startswith(self.paths) if self.paths else False


def is_key(text: str) -> bool:
    """Whether a password has the form of an API token. No device has such a key."""
    return _KEY.fullmatch(text) is not None


class RightsRecords(PlainRecords):
    """What tokens and grants say; raises Away when the database cannot be reached."""

    def reach_of(self, key: str, now: datetime) -> Reach | None:
        """What the owner of a token sees through it at a moment; None for a key that opens nothing."""
        found = _KEY.fullmatch(key)
        rows = self._rows(HELD_BY, (found[1],)) if found else []
        if not rows:
            return None
        pk, digest, verbs, expires, seen, path, region, owner = rows[0]
        own = hashlib.sha256(key.encode()).hexdigest()
        if not hmac.compare_digest(digest, own) or _moment(expires) <= now or SEE not in _list(verbs):
            return None
        held = [
            grant
            for names, grant, start, end in self._rows(GRANTS, (owner,))
            if SEE in _list(names) and _in_force(start, end, now)
        ]
        paths = held if region is None else _within(path, held)
        if not paths:
            return None
        if seen is None or now - _moment(seen) >= NOTED_EVERY:
            self._write(SEEN, (self._at(now), pk))
        return Reach(tuple(dict.fromkeys(paths)))


def _within(path: str | None, held: Sequence[str]) -> list[str]:
    """The part of what is held that lies below a path."""
    if not path:
        return []
    return [one if one.startswith(path) else path for one in held if one.startswith(path) or path.startswith(one)]


def _in_force(start: Any, end: Any, now: datetime) -> bool:
    return (start is None or _moment(start) <= now) and (end is None or now < _moment(end))


def _moment(kept: Any) -> datetime:
    """A moment as the databases keep it: SQLite as a text in UTC."""
    found = datetime.fromisoformat(kept) if isinstance(kept, str) else kept
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _list(kept: Any) -> list[str]:
    """SQLite keeps JSON as text; PostgreSQL's driver has read it already."""
    found = msgspec.json.decode(kept) if isinstance(kept, str | bytes) else kept
    return [str(one) for one in found]
