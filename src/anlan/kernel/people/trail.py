"""Where people's own changes are told to: the audit room stands higher and registers its `record` here."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

#: Address of the request being answered, or the name of the process; "" outside both.
origin: ContextVar[str] = ContextVar("origin", default="")

_recorder: list[Callable[..., Any]] = []


def register_recorder(recorder: Callable[..., Any]) -> None:
    """Name the function that keeps the trail; called once, by the audit room, at start."""
    _recorder[:] = [recorder]


def record(**fields: Any) -> None:
    """Leave one audit entry (see `audit.services.record`). Without a recorder nothing may change: RuntimeError."""
    if not _recorder:
        raise RuntimeError("no audit room registered a recorder, so rights and people cannot be changed")
    _recorder[0](**fields)
