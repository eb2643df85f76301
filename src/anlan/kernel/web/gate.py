"""Who is looking, and where they hold which right: handed in by the rooms above, asked by the frame and the stream.

Everything fails closed: without a registered answer nobody is signed in and no right is held.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Viewer:
    """A signed-in person behind an open stream. `user` is the account; only `pk` is read here."""

    user: Any

    @property
    def pk(self) -> int:
        return int(self.user.pk)


#: session key -> the viewer, or None when the session has ended, is idle too long or its account is off.
WhoIs = Callable[[str], Viewer | None]
#: (user, verb) -> path prefixes of the regions in which the user holds the verb; "/" is everywhere.
Reach = Callable[[Any, str], Sequence[str]]


class _Gate:
    who_is: WhoIs | None = None
    reach: Reach | None = None


_gate = _Gate()


def register_gate(*, who_is: WhoIs | None = None, reach: Reach | None = None) -> None:
    """Name the functions that know sessions and rights; called once at start. None leaves the other as it is."""
    _gate.who_is = who_is or _gate.who_is
    _gate.reach = reach or _gate.reach


def viewer_of(session_key: str) -> Viewer | None:
    """The person whose live session this is, or None."""
    return _gate.who_is(session_key) if _gate.who_is and session_key else None


def reach(user: Any, verb: str) -> Sequence[str]:
    """Path prefixes in which `user` holds `verb`; empty when unknown."""
    return _gate.reach(user, verb) if _gate.reach else ()


def holds(user: Any, verb: str) -> bool:
    """True when `user` is signed in and holds `verb` in some region; a blank verb asks for a signed-in user only."""
    if not getattr(user, "is_authenticated", False):
        return False
    return not verb or bool(reach(user, verb))
