"""What a step does beside moving its case, by name: declarations name effects, services of the apps register them.

An effect is called as `func(case, actor=…, now=…, step=…, note=…, data=…)` in the transaction of the step, after the
case has moved. What it raises takes the step back.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Effect = Callable[..., Any]

_effects: dict[str, Effect] = {}


def register(name: str, effect: Effect) -> None:
    """Give a name its function. Raises ValueError when another function has it."""
    known = _effects.setdefault(name, effect)
    if known is not effect:
        raise ValueError(f"two effects are called {name!r}")


def is_registered(name: str) -> bool:
    return name in _effects


def run(name: str, case: Any, **context: Any) -> None:
    _effects[name](case, **context)
