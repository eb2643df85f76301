"""What fillers share: numbers drawn from the county's seed, the village of a place, and entering rows as one batch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, TypeVar

import shapely

from anlan.demo.county.model import County, Place
from anlan.demo.county.names import person_name, phone
from anlan.demo.county.noise import even
from anlan.kernel.people.models import User
from anlan.kernel.regions.models import Region
from anlan.kernel.registers import services as registers
from anlan.kernel.registers.declarations import Register

T = TypeVar("T")


class Dice:
    """Draws that follow from the county's seed, a key of the room, and the order of asking."""

    def __init__(self, county: County, room: int) -> None:
        self.seed, self.room, self._asked = county.seed, room, 0

    def even(self) -> float:
        """In [0, 1)."""
        self._asked += 1
        return float(even(self.seed, self.room, self._asked))

    def whole(self, low: int, high: int) -> int:
        """From `low` to `high`, both in it."""
        return low + int(self.even() * (high - low + 1))

    def number(self, low: float, high: float, digits: int = 1) -> float:
        return round(low + self.even() * (high - low), digits)

    def one(self, of: Sequence[T]) -> T:
        return of[int(self.even() * len(of))]

    def chance(self, share: float) -> bool:
        return self.even() < share

    def person(self) -> str:
        return person_name(self.seed, self.room * 10_000 + self.whole(0, 9_999))

    def phone(self) -> str:
        return phone(self.seed, self.room * 10_000 + self.whole(0, 9_999))

    def line(self) -> str:
        """A fixed line of the county's made-up exchange."""
        return f"0900-612{self.whole(1000, 9999)}"

    def past(self, now: datetime, low: int, high: int) -> date:
        """A day so many days ago."""
        return (now - timedelta(days=self.whole(low, high))).date()


class Ground:
    """Which village a place lies in, and its region."""

    def __init__(self, county: County) -> None:
        self.villages = county.villages
        self.towns = {town.code: town for town in county.towns}
        self._tree = shapely.STRtree([village.boundary for village in county.villages])
        self._regions = {region.code: region for region in Region.objects.defer("boundary")}

    def village(self, lon: float, lat: float) -> Place | None:
        found = self._tree.query(shapely.Point(lon, lat), predicate="intersects")
        return self.villages[int(found[0])] if len(found) else None

    def region(self, code: str) -> Region:
        return self._regions[code]

    def at(self, lon: float, lat: float) -> dict[str, Any]:
        """Region, place and address of a record; {} outside of the county."""
        village = self.village(lon, lat)
        if village is None:
            return {}
        town = self.towns[village.parent]
        return {
            "region": self._regions[village.code],
            "lon": round(lon, 6),
            "lat": round(lat, 6),
            "address": f"安澜县{town.name}{village.name}",
        }

    def near(self, place: Place, dice: Dice, reach_deg: float = 0.008) -> dict[str, Any]:
        """Somewhere near the middle of a village or town, inside it."""
        for _try in range(12):
            lon = place.lon + (dice.even() - 0.5) * 2 * reach_deg
            lat = place.lat + (dice.even() - 0.5) * 2 * reach_deg
            if place.boundary.contains(shapely.Point(lon, lat)):
                return self.at(lon, lat)
        return self.at(place.lon, place.lat)


def word(place: Place) -> str:
    """柳湾 of 柳湾村 or 柳湾社区."""
    return place.name.removesuffix("村").removesuffix("社区")


def enter(
    register: Register, rows: Sequence[Mapping[str, Any]], *, title: str, actor: User, now: datetime
) -> list[int]:
    """Take rows in as one batch; returns the numbers of the records in their order."""
    batch = registers.start_batch(register, title=title, actor=actor, now=now)
    made = registers.stage(batch, new=rows, actor=actor, now=now)
    registers.publish(batch, actor=actor, now=now)
    return made
