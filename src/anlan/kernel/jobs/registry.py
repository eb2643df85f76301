"""Names of jobs, and the times at which some of them come by themselves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from croniter import croniter

#: A job is called with `now` and the arguments it was enqueued with, by name. It may be called more than once.
Func = Callable[..., Any]
F = TypeVar("F", bound=Func)

#: How long a worker may be busy with one job before another may take it, unless the job says otherwise.
LEASE_S = 60


@dataclass(frozen=True, slots=True)
class Declared:
    """A job. `apart`: in a process of its own, so that it holds up no other; `mebibytes` bound that one's memory."""

    name: str
    func: Func
    lease_s: int = LEASE_S
    apart: bool = False
    mebibytes: int = 0


@dataclass(frozen=True, slots=True)
class Timetable:
    """A job that comes by itself: five fields of cron, read in the bureau's zone."""

    expr: str
    name: str
    args: dict[str, Any] = field(default_factory=dict)


_jobs: dict[str, Declared] = {}
_timetables: dict[str, Timetable] = {}


def job(
    name: str, *, lease_s: int = LEASE_S, apart: bool = False, mebibytes: int = 0
) -> Callable[[F], F]:  # fmt: skip
    """Declare a function as the job `name`: `func(*, now, **args)`, called at least once, so it must bear a repeat.

    lease_s    the longest it may take; a worker that is silent for longer is taken for dead
    apart      in a process of its own, beside the other jobs
    mebibytes  memory that this process may take beyond what it starts with; 0 is not bounded
    """

    def declare(func: F) -> F:
        known = _jobs.get(name)
        if known is not None and known.func is not func:
            raise ValueError(f"two jobs are called {name!r}")
        _jobs[name] = Declared(name, func, lease_s, apart, mebibytes)
        return func

    return declare


def cron(expr: str, name: str, **args: Any) -> None:
    """Let the job `name` come by itself at the times of `expr` (minute hour day month weekday, the bureau's zone).

    Raises ValueError for an expression that is none.
    """
    if len(expr.split()) != 5 or not croniter.is_valid(expr):
        raise ValueError(f"{name}: {expr!r} is not a time of cron with five fields")
    _timetables[name] = Timetable(expr, name, args)


def declared(name: str) -> Declared | None:
    return _jobs.get(name)


def apart_names() -> frozenset[str]:
    """Jobs that run in a process of their own."""
    return frozenset(name for name, one in _jobs.items() if one.apart)


def timetables() -> list[Timetable]:
    return list(_timetables.values())


def last_slot(expr: str, now: datetime, zone: ZoneInfo) -> datetime:
    """The newest moment of `expr` that is not after `now`, UTC."""
    local = now.astimezone(zone)
    if croniter.match(expr, local):
        return local.replace(second=0, microsecond=0).astimezone(UTC)
    slot: datetime = croniter(expr, local).get_prev(datetime)
    return slot.astimezone(UTC)
