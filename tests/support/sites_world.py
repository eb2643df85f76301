"""One enterprise in the small county, with the rulebook, and a short way to enter what hangs on it."""

from __future__ import annotations

from typing import Any

from small_county import NOW, make_user, plant_county

from anlan.apps.sites.declarations import CHEMICALS, ENTERPRISES, MAJOR_HAZARDS, UNITS
from anlan.kernel.people.services import system_user
from anlan.kernel.registers import services
from anlan.kernel.registers.declarations import Register

__all__ = ["NOW", "SitesWorld"]


class SitesWorld:
    """The county, someone who keeps its registers, and one firm."""

    def __init__(self) -> None:
        self.county = plant_county()
        self.actor = system_user("tests")
        self.keeper = make_user("keeper", "record_keeper", region=self.county.county)
        self.firm = self.enterprise(name="沙头精细化工有限公司", kind="chemical", lon=104.05, lat=31.55)

    def enterprise(self, **values: Any) -> Any:
        return self._enter(ENTERPRISES, {"kind": "light", "region": "990123101201", **values})

    def part(self, register: Register, **values: Any) -> Any:
        """A part of the firm."""
        return self._enter(register, {"enterprise": self.firm.code, "region": "990123101201", **values})

    def unit(self, **values: Any) -> Any:
        return self.part(UNITS, **{"name": "V-1 储罐", "kind": "tank", **values})

    def hazard(self, **values: Any) -> Any:
        return self.part(MAJOR_HAZARDS, **{"name": "罐区", "kind": "storage", **values})

    def chemical(self, unit: Any, name: str, tonnes: float | None, **values: Any) -> Any:
        return self.part(CHEMICALS, name=name, unit=unit.code, design_max=tonnes, **values)

    def change(self, register: Register, record: Any, **values: Any) -> Any:
        return services.change(register, record, values, actor=self.actor, now=NOW)

    def _enter(self, register: Register, values: dict[str, Any]) -> Any:
        return services.create(register, values, actor=self.actor, now=NOW)
