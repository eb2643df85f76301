"""Who may do what where. Denied unless a grant in force says otherwise; there is no superuser.

A grant gives a role inside a region and everything below it. Rights are kept in memory for `FRESH_S`, so a right taken
away in another process ends at most that much later; a change in this process counts at once.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db.models.signals import post_delete, post_save
from django.utils import timezone
from django.utils.translation import gettext as _

from anlan.kernel.people import verbs
from anlan.kernel.people.models import Grant, Role, User
from anlan.kernel.regions import queries as regions
from anlan.kernel.regions.models import Region

FRESH_S = 2.0

#: What stands for the whole installation in a reach.
EVERYWHERE = "/"


class NotAllowed(PermissionDenied):
    """The actor does not hold `verb` in `region` (None: the whole installation); reads as a sentence for them."""

    def __init__(self, verb: str, region: Region | None = None) -> None:
        super().__init__(verb, region)
        self.verb = verb
        self.region = region

    def __str__(self) -> str:
        words = {"act": verbs.label_of(self.verb), "place": self.region.name if self.region else ""}
        if self.region is None:
            return _("Your posts do not include: %(act)s") % words
        return _("Your posts do not include in %(place)s: %(act)s") % words


@dataclass(frozen=True, slots=True)
class _Held:
    verbs: frozenset[str]
    path: str
    valid_from: datetime | None
    valid_to: datetime | None

    def is_in_force(self, at: datetime) -> bool:
        return (self.valid_from is None or self.valid_from <= at) and (self.valid_to is None or at < self.valid_to)


@dataclass(frozen=True, slots=True)
class _Rights:
    read_at: float  # monotonic seconds
    is_system: bool
    held: tuple[_Held, ...]


@dataclass(frozen=True, slots=True)
class Narrowing:
    """What is left of an account's rights when it acts through a token: some verbs, below one path of regions."""

    verbs: frozenset[str]
    path: str = EVERYWHERE

    def of(self, verb: str, paths: tuple[str, ...]) -> tuple[str, ...]:
        """The part of a reach that is left."""
        if verb not in self.verbs:
            return ()
        if self.path == EVERYWHERE:
            return paths
        left = (
            path if path.startswith(self.path) else self.path if self.path.startswith(path) else "" for path in paths
        )
        return tuple(dict.fromkeys(path for path in left if path))


_NOTHING = _Rights(0.0, False, ())
_lock = threading.Lock()
_kept: dict[int, _Rights] = {}


def forget(**_signal: Any) -> None:
    """Drop what this process remembers of anybody's rights."""
    with _lock:
        _kept.clear()


for _model in (Grant, Role, User, Region):
    post_save.connect(forget, sender=_model, dispatch_uid=f"rights.forget.save.{_model.__name__}")
    post_delete.connect(forget, sender=_model, dispatch_uid=f"rights.forget.delete.{_model.__name__}")


def _rights_of(actor: Any) -> _Rights:
    """From the database and not from `actor` itself: a row held by a long stream may be out of date."""
    pk = getattr(actor, "pk", None)
    if pk is None or not isinstance(actor, User):
        return _NOTHING
    with _lock:
        kept = _kept.get(pk)
    if kept is not None and time.monotonic() - kept.read_at < FRESH_S:
        return kept
    read_at = time.monotonic()
    row = User.objects.filter(pk=pk, is_active=True).values_list("is_system", flat=True).first()
    held: tuple[_Held, ...] = ()
    if row is False:
        grants = Grant.objects.filter(user_id=pk).values_list("role__verbs", "region__path", "valid_from", "valid_to")
        held = tuple(_Held(frozenset(names), path, start, end) for names, path, start, end in grants)
    rights = _Rights(read_at, bool(row), held)
    with _lock:
        if len(_kept) > 10_000:
            _kept.clear()
        _kept[pk] = rights
    return rights


def reach(actor: Any, verb: str, *, at: datetime | None = None) -> tuple[str, ...]:
    """Path prefixes of the regions in which `actor` holds `verb`, none inside another; ("/",) is everywhere.

    at  the moment asked about; now when not given. Grants outside their days do not count.
    """
    held = _held(actor, verb, at)
    narrowing = getattr(actor, "narrowing", None)
    return held if narrowing is None else narrowing.of(verb, held)


def _held(actor: Any, verb: str, at: datetime | None) -> tuple[str, ...]:
    rights = _rights_of(actor)
    if rights.is_system:
        return (EVERYWHERE,)
    at = at or timezone.now()
    paths = sorted({h.path for h in rights.held if verb in h.verbs and h.is_in_force(at)})
    if not paths:
        return ()
    root = regions.tree().root()
    found: list[str] = []
    for path in paths:
        if root is not None and root.path.startswith(path):
            return (EVERYWHERE,)
        if not found or not path.startswith(found[-1]):
            found.append(path)
    return tuple(found)


def may(actor: Any, verb: str, region: Region | None, *, at: datetime | None = None) -> bool:
    """Does `actor` hold `verb` in `region`? None asks for the whole installation."""
    path = region.path if region is not None else EVERYWHERE
    return any(path.startswith(prefix) for prefix in reach(actor, verb, at=at))


def holds(actor: Any, verb: str) -> bool:
    """Does `actor` hold `verb` anywhere at all? For showing a desk, never for allowing an act."""
    return bool(reach(actor, verb))


def require(actor: Any, verb: str, region: Region | None) -> None:
    """Raise NotAllowed unless `actor` holds `verb` in `region` (None: in the whole installation)."""
    if not may(actor, verb, region):
        raise NotAllowed(verb, region)
