from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from django.utils.encoding import iri_to_uri
from sensing_world import (  # noqa: F401
    clocks,
    county,
    device,
    engineer,
    entry,
    foreigner,
    fresh_rights,
    hands,
    other_town,
    person,
    points_of,
    readings,
    town,
)

from anlan.engine import encode_batch
from anlan.kernel.people import tokens
from anlan.kernel.people.models import User
from anlan.kernel.regions.models import Region
from anlan.kernel.sensing.models import Device, Point
from anlan.kernel.sensing.store import NewBatch, Store

#: 2026-11-22 03:25:00 UTC.
BEGIN = 1_795_317_900_000
ROOT = "/sta/v1.1"

SENSOR = {"name": "HC-1", "description": "radar", "encodingType": "text/html", "metadata": "https://example.org/hc1"}
STREAM = {
    "name": "河道水位",
    "description": "水位计",
    "observationType": "http://www.opengis.net/def/observationType/OGC-OM/2.0/OM_Measurement",
    "unitOfMeasurement": {"name": "metre", "symbol": "m", "definition": "ucum:m"},
    "ObservedProperty": {"name": "stage", "definition": "urn:anlan:point-kind:river_stage", "description": "-"},
    "Sensor": SENSOR,
    "properties": {"anlanCode": "RS-1", "maker": "x"},
}
THING = {
    "name": "沧浦水位站",
    "description": "老桥下",
    "properties": {"region": "990123101", "anlanCode": "st-1", "bridge": 7},
    "Locations": [{
        "name": "桥", "description": "-", "encodingType": "application/geo+json",
        "location": {"type": "Point", "coordinates": [104.6, 31.9]},
    }],
    "Datastreams": [STREAM, {**STREAM, "name": "流速", "properties": {}, "ObservedProperty": {"@iot.id": "flow"}}],
}  # fmt: skip


@pytest.fixture
def sender(county: Region) -> User:  # noqa: F811
    return person("sender", "程砚舟", county, ["region.see", "point.see", "device.manage", "reading.send"])


def key_of(user: User) -> str:
    verbs = tokens.verbs_for(user)
    return tokens.give(owner=user, name="client", verbs=verbs, region=None, days=1, now=timezone.now())[1]


def client_of(user: User) -> Client:
    """A program with a token of this person."""
    return Client(HTTP_AUTHORIZATION=f"Bearer {key_of(user)}", HTTP_ACCEPT_LANGUAGE="en")


@dataclass(frozen=True)
class World:
    """Three points of one gateway with ten readings each, a minute apart: 0, 1, 2 … of the first, ten times of the
    second, and the same of the third, whose last one says that the instrument has no value."""

    points: list[Point]
    store: Store


@pytest.fixture
def world(entry: Any, clocks: None, device: Device, town: Region, hands: User, readings: Store) -> World:  # noqa: F811
    points = points_of(device, town, hands, 3)
    log(readings, device, points)
    return World(points, readings)


def log(store: Store, device: Device, points: list[Point]) -> None:  # noqa: F811
    rows = [
        (point.pk, BEGIN + 60_000 * step, float(step * (1 if n == 0 else 10)), 2 if (n, step) == (2, 9) else 0)
        for step in range(10)
        for n, point in enumerate(points)
    ]
    payload = encode_batch(*(list(column) for column in zip(*rows, strict=True)))
    store.append_batches([NewBatch(device.code, "b1", "live", len(rows), payload, b"1")])


@pytest.fixture
def get(sender: User) -> Callable[..., Any]:
    """Ask below the root as a program of the county; the answer as JSON."""
    client = client_of(sender)

    def _get(path: str, status: int = 200) -> Any:
        answer = client.get(iri_to_uri(f"{ROOT}{path}"))
        assert answer.status_code == status, (answer.status_code, answer.content[:500])
        return answer.json() if answer.content else None

    return _get


def http(method: str, path: str, body: Any = None, content_id: str = "") -> str:
    head = "Content-Type: application/http\r\n" + (f"Content-ID: {content_id}\r\n" if content_id else "")
    more = "" if body is None else f"Content-Type: application/json\r\n\r\n{json.dumps(body)}"
    return f"{head}\r\n{method} {path} HTTP/1.1\r\n{more or chr(13) + chr(10)}\r\n"


def joined(mark: str, *parts: str) -> str:
    return "".join(f"--{mark}\r\n{part}" for part in parts) + f"--{mark}--\r\n"


def together(*parts: str) -> str:
    return "Content-Type: multipart/mixed; boundary=c\r\n\r\n" + joined("c", *parts)


def statuses(answer: str) -> list[int]:
    return [int(line.split()[1]) for line in answer.split("\r\n") if line.startswith("HTTP/1.1 ")]
