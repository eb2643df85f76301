"""The records as a door inside Django sees them; a process without Django has `anlan.gateways.records`."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from django.db import DatabaseError, close_old_connections, connection
from django.db.models import Count, F, Max, Q, Sum

from anlan.kernel.sensing.door.directory import Away
from anlan.kernel.sensing.models import Device, Point


class ModelRecords:
    """Devices and points through the models."""

    def devices(self) -> Iterable[tuple[int, str, str, str]]:
        with _away():
            close_old_connections()
            return list(Device.records.filter(enabled=True).values_list("id", "code", "key_hash", "lane"))

    def stamp(self) -> Any:
        with _away():
            return Point.records.aggregate(
                n=Count("id"),
                last=Max("id"),
                owners=Sum(F("device_id") * F("id")),
                on=Sum(F("id"), filter=Q(enabled=True)),
            )

    def points(self) -> Iterator[tuple[int, str, int]]:
        with _away():
            rows = Point.records.filter(enabled=True).values_list("id", "code", "device_id")
            yield from rows.iterator(chunk_size=2_000)

    def note_seen(self, codes: Collection[str], now: datetime) -> None:
        with _away():
            Device.records.filter(code__in=codes).update(last_seen=now)

    def note_battery(self, charge: Mapping[str, float], now: datetime) -> None:
        with _away():
            for code, percent in charge.items():
                Device.records.filter(code=code).update(battery=percent, battery_at=now)

    def close(self) -> None:
        connection.close()


@contextmanager
def _away() -> Iterator[None]:
    try:
        yield
    except DatabaseError as error:
        raise Away(str(error)) from error
