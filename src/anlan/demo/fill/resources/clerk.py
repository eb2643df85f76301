"""Writes rows of registers with made-up people and places of the county."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from anlan.demo.county import model
from anlan.demo.county.model import County, Place
from anlan.demo.county.names import firm_words, person_name, phone
from anlan.demo.county.noise import even, scramble
from anlan.kernel.people.models import User
from anlan.kernel.registers import services
from anlan.kernel.registers.declarations import Register
from anlan.kernel.registers.values import Lookups


class Clerk:
    """Hands out numbers, people and places, and enters rows as batches."""

    def __init__(self, county: County, actor: User, now: datetime) -> None:
        self.county, self.actor, self.now = county, actor, now
        self.lookups = Lookups()
        self.words = firm_words(county.seed + 7)
        self._serial = 0

    def number(self, most: int, *keys: int) -> int:
        """A whole number below `most` that belongs to these keys."""
        return int(scramble(self.county.seed, 880, *keys)) % most

    def person(self) -> tuple[str, str]:
        """Name and phone of the next person."""
        self._serial += 1
        return person_name(self.county.seed, 60_000 + self._serial), phone(self.county.seed, 60_000 + self._serial)

    def near(self, place: Place, spread_km: float = 1.0) -> dict[str, Any]:
        """A place near the seat of a town or village, inside it, with its region."""
        self._serial += 1
        east, north = (float(even(self.county.seed, 881, self._serial, k)) * 2 - 1 for k in (1, 2))
        lon = place.lon + east * spread_km / model.KM_PER_LON
        lat = place.lat + north * spread_km / model.KM_PER_LAT
        return {"region": place.code, "lon": round(lon, 6), "lat": round(lat, 6), "address": f"安澜县{place.name}"}

    def day(self, most: int, *keys: int, least: int = 0) -> str:
        """A day in the past, between `least` and `most` days ago."""
        return str(timezone.localdate(self.now) - timedelta(days=least + self.number(most - least, 3, *keys)))

    def ahead(self, most: int, *keys: int) -> str:
        """A day to come, within `most` days."""
        return str(timezone.localdate(self.now) + timedelta(days=10 + self.number(most, 4, *keys)))

    def enter(self, register: Register, rows: Iterable[Mapping[str, Any]], title: str) -> list[Any]:
        """Enter rows as one batch; gives the records in the order of the rows."""
        values = []
        for row in rows:
            cleaned = services.clean(register, row, lookups=self.lookups)
            if cleaned.blocking:
                raise services.Refused(cleaned.blocking)
            values.append(cleaned.values)
        batch = services.start_batch(register, title=title, actor=self.actor, now=self.now)
        made = services.stage(batch, new=values, actor=self.actor, now=self.now)
        services.publish(batch, actor=self.actor, now=self.now)
        found = register.model.present.select_related("region").in_bulk(made)
        return [found[pk] for pk in made]
