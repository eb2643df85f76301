"""One sample record a register: values as a form or a sheet would hold them. A new register brings its own."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any

from small_county import NOW, plant_county

from anlan.kernel.people.services import system_user
from anlan.kernel.registers import services
from anlan.kernel.registers.declarations import Register, get

#: world -> values by field; a part asks the world for the record that it is a part of.
Sample = Callable[["World"], Mapping[str, Any]]


class World:
    """The small county, and records made from samples as they are needed."""

    def __init__(self) -> None:
        self.county: SimpleNamespace = plant_county()
        self.actor = system_user("tests")
        self._made: dict[str, Any] = {}

    def record(self, register: str) -> Any:
        """The one record of a register that stands for any."""
        if register not in self._made:
            self._made[register] = self.make(register)
        return self._made[register]

    def make(self, register: str, **other: Any) -> Any:
        """A further record of a register, made from its sample with some values changed."""
        declared = get(register)
        assert isinstance(declared, Register)
        return services.create(declared, {**self.values(register), **other}, actor=self.actor, now=NOW)

    def values(self, register: str) -> dict[str, Any]:
        """The sample of a register."""
        return dict(samples()[register](self))


def samples() -> dict[str, Sample]:
    """Every sample by register, from all modules of this folder."""
    found: dict[str, Sample] = {}
    for module in pkgutil.iter_modules(__path__):
        found |= importlib.import_module(f"samples.{module.name}").SAMPLES
    return found
