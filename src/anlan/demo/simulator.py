"""Keeps the demo county alive: sends what its instruments say through the real door, as their gateways would.

First the owners' archives of thirty days go through the door's backfill lane, then live readings as they fall due.
A scenario that somebody started changes the values of its points and makes them sample faster; nothing else knows
that it is a scenario.
"""

from __future__ import annotations

import json
import logging
import math
import threading
import time
import zlib
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import numpy as np
from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion

from anlan.demo.county.keep import keep_private
from anlan.demo.county.model import Point
from anlan.demo.scenarios import FAST_PERIOD_S, scenario
from anlan.demo.signals import history, sample_times, signal
from anlan.gateways.topics import topic_of

log = logging.getLogger("anlan.simulate")

DAY_MS = 86_400_000
#: How far back the archives reach, and how much of them one post carries.
HISTORY_DAYS = 30
SLICE_HOURS = 24
#: After a pause the live stream starts again at most this far back; what lies before comes as archive.
CATCH_UP_MS = 600_000

Columns = tuple[list[str], list[int], list[float]]  # point codes, epoch ms, values


class DoorClosed(Exception):
    """The door did not take a batch for a reason that sending it again does not mend; the text is its answer."""


class Stopped(Exception):
    """The simulator was asked to end while it waited for the door; the batch is sent again after the next start."""


def body_of(batch_id: str, columns: Columns, **more: Any) -> bytes:
    """A post of columns; `more` are further fields, such as the lane or the charge of a battery."""
    point, t, value = columns
    return json.dumps({"batch_id": batch_id, "columns": {"point": point, "t": t, "value": value}, **more}).encode()


@dataclass(slots=True)
class Door:
    """Posts batches until they are answered; a batch keeps its id, so a repeat is stored once.

    pause  waits so many seconds; answers True when the process was asked to end
    """

    address: str
    keys: Mapping[str, str]
    pause: Callable[[float], bool | None] = time.sleep
    client: httpx.Client = field(default_factory=lambda: httpx.Client(timeout=30, trust_env=False))

    def send(self, gateway: str, batch_id: str, columns: Columns, **more: Any) -> None:
        """Returns when the batch is on disk. Raises DoorClosed when it is refused as a whole, Stopped at the end."""
        headers = {"Authorization": f"Bearer {gateway}:{self.keys[gateway]}", "Content-Type": "application/json"}
        content = body_of(batch_id, columns, **more)
        wait = 0.5
        while True:
            try:
                answer = self.client.post(self.address, content=content, headers=headers)
            except httpx.TransportError:
                self._wait(wait)
                wait = min(wait * 2, 10.0)
                continue
            if answer.status_code == 200:
                return
            if answer.status_code not in (429, 500, 503, 507):
                raise DoorClosed(f"{gateway} {batch_id}: {answer.status_code} {answer.text[:200]}")
            self._wait(float(answer.headers.get("Retry-After", wait)))
            wait = min(wait * 2, 10.0)

    def _wait(self, seconds: float) -> None:
        if self.pause(seconds):
            raise Stopped


def speaks_mqtt(gateway: str) -> bool:
    """Whether a gateway of the county publishes by MQTT: the towns' telemetry does, firms post."""
    return gateway.startswith("YC-")


def charge_of(gateway: str, now_ms: int) -> float:
    """The charge of a telemetry station's battery, percent: each at its own height, fuller when the sun was up."""
    hour = now_ms % DAY_MS / 3_600_000 + 8  # in China
    return round(58 + zlib.crc32(gateway.encode()) % 34 + 6 * math.sin((hour - 12) / 12 * math.pi), 1)


class Telemetry:
    """Publishes to the demo's broker, a connection for each gateway, made when it first has something to say."""

    #: How long a broker may take to say that it has a message, seconds.
    PATIENCE_S = 5.0

    def __init__(self, host: str, port: int, keys: Mapping[str, str]) -> None:
        self.host, self.port, self.keys = host, port, keys
        self._clients: dict[str, paho.Client] = {}

    def send(self, gateway: str, batch_id: str, columns: Columns, **more: Any) -> bool:
        """Whether the broker has it; a gateway that has no connection yet, or no answer in time, posts instead."""
        client = self._clients.get(gateway) or self._call(gateway)
        if not client.is_connected():
            return False
        message = client.publish(topic_of(gateway), body_of(batch_id, columns, **more), qos=1)
        message.wait_for_publish(self.PATIENCE_S)
        return message.is_published()

    def _call(self, gateway: str) -> paho.Client:
        client = paho.Client(CallbackAPIVersion.VERSION2, gateway)
        client.username_pw_set(gateway, self.keys[gateway])
        client.reconnect_delay_set(1, 30)
        client.connect_async(self.host, self.port)
        client.loop_start()
        self._clients[gateway] = client
        return client

    def close(self) -> None:
        """Leave the broker."""
        for client in self._clients.values():
            client.disconnect()
            client.loop_stop()
        self._clients.clear()


@dataclass(frozen=True, slots=True)
class Playing:
    """A scenario that runs, or ran and still shows: its code, when it began and was stopped by hand, epoch ms."""

    code: str
    started_ms: int
    stopped_ms: int | None = None

    def is_over(self, now_ms: int) -> bool:
        """Played to its end, so that it is no longer called running."""
        return now_ms >= self.started_ms + scenario(self.code).duration_s * 1000

    def samples_fast(self, now_ms: int) -> bool:
        return self.stopped_ms is None and not self.is_over(now_ms)


class Simulator:
    """The gateways of the county. `data` keeps how far archives and the live stream have been sent."""

    def __init__(
        self, points: Sequence[Point], door: Door, data: Path, seed: int, telemetry: Telemetry | None = None
    ) -> None:
        self.points, self.door, self.data, self.seed = list(points), door, data, seed
        self.telemetry = telemetry
        self.state_file = data / "demo-sent.json"
        self.state: dict[str, int] = {}
        if self.state_file.exists():
            self.state = json.loads(self.state_file.read_text(encoding="utf-8"))
        # What the live stream had reached when this process began: it runs beside the archives from now on.
        self._was_live = self.state.get("live", 0)
        self._lock = threading.Lock()

    # --- archives -------------------------------------------------------------------------------------------------

    def archive_until(self, now_ms: int) -> Iterator[int]:
        """Send the archives that are not sent yet, a slice at a time; yields the day reached, epoch ms.

        The first time they reach thirty days back, after a pause as far as the stream was away. Runs beside `live`.
        """
        end = now_ms - now_ms % 60_000
        at = self.state.get("archive", end - HISTORY_DAYS * DAY_MS)
        if self.state.get("archived", 0):
            at = max(at, self._was_live)
        if end - at < CATCH_UP_MS:
            return
        for readings in history(self.points, at, end, self.seed, SLICE_HOURS):
            to = min(at + SLICE_HOURS * 3_600_000, end)
            gateway_of = np.array([point.gateway for point in self.points])[readings.point]
            for gateway in np.unique(gateway_of).tolist():
                rows = np.flatnonzero(gateway_of == gateway)
                codes = [self.points[row].code for row in readings.point[rows].tolist()]
                columns = (codes, readings.t_ms[rows].tolist(), readings.value[rows].tolist())
                self.door.send(gateway, f"archive-{at}-{to}", columns, lane="backfill")
            at = to
            self._remember(archive=at)
            yield at
        self._remember(archived=1)

    # --- live -----------------------------------------------------------------------------------------------------

    def live(self, now_ms: int, playing: Sequence[Playing] = ()) -> int:
        """Send every sample that fell due since the last call; returns how many."""
        since = max(self.state.get("live", now_ms - 60_000), now_ms - CATCH_UP_MS)
        until = now_ms + 1
        by_gateway: dict[str, Columns] = defaultdict(lambda: ([], [], []))
        sent = 0
        for point in self.points:
            shaping = [play for play in playing if scenario(play.code).changes(point)]
            fast = any(play.samples_fast(now_ms) for play in shaping)
            t = sample_times(point, since, until, FAST_PERIOD_S if fast else None)
            if not t.size:
                continue
            value = signal(point, t, self.seed, gaps=not shaping)
            for play in shaping:
                value = scenario(play.code).apply(point, t, value, play.started_ms, play.stopped_ms)
            here = ~np.isnan(value)
            codes, times, values = by_gateway[point.gateway]
            codes += [point.code] * int(here.sum())
            times += t[here].tolist()
            values += value[here].tolist()
        for gateway, columns in by_gateway.items():
            if columns[0]:
                self._deliver(gateway, f"live-{since}-{until}", columns, now_ms)
                sent += len(columns[0])
        self._remember(live=until)
        return sent

    def _deliver(self, gateway: str, batch_id: str, columns: Columns, now_ms: int) -> None:
        """By MQTT where a gateway speaks it and the broker answers, else by HTTP: under one id it is stored once."""
        if not speaks_mqtt(gateway):
            self.door.send(gateway, batch_id, columns)
            return
        charge = charge_of(gateway, now_ms)
        if self.telemetry is None or not self.telemetry.send(gateway, batch_id, columns, battery=charge):
            self.door.send(gateway, batch_id, columns, battery=charge)

    def _remember(self, **reached: int) -> None:
        with self._lock:
            self.state |= reached
            keep_private(self.state_file, json.dumps(self.state))
