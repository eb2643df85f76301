"""What the demo county holds beside land, people and points: one module an app, each entering its records by its verbs.

A module has `ORDER`, a whole number by which modules follow each other (up to 199 they come before devices and points),
and `fill(county, *, actor, now)`. All of it
comes from the seed of the county (`anlan.demo.county.noise`), so that two machines show the same county.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from datetime import datetime
from typing import Protocol

from anlan.demo.county.model import County
from anlan.kernel.people.models import User


class Filler(Protocol):
    """A module of this package."""

    __name__: str
    ORDER: int

    def fill(self, county: County, *, actor: User, now: datetime) -> None:
        """Enter the records of one app."""


def fillers() -> Iterator[Filler]:
    """Every module of this package, in order."""
    modules = [importlib.import_module(f"{__name__}.{found.name}") for found in pkgutil.iter_modules(__path__)]
    yield from sorted(modules, key=lambda module: (module.ORDER, module.__name__))
