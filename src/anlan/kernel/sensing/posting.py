"""Sending a recording through the running door, as any gateway would: over HTTP, in batches, until it is answered."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import httpx
import msgspec
import numpy as np

from anlan.kernel.sensing.recordings import Recording

#: Readings of one post, and how often a paced replay posts, seconds.
A_POST, EVERY_S = 4_000, 0.2
#: How long a door that does not answer, or does not know the device yet, is asked again, seconds.
PATIENCE_S = 30.0


class NotAnswered(Exception):
    """The door did not take a batch; says what it answered and what to do."""


@dataclass(slots=True)
class Sender:
    """A device at the door. `wait` and `clock` are the machine's unless a test gives others."""

    url: str
    code: str
    key: str
    client: httpx.Client
    wait: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic
    refused: int = 0
    _sent: int = field(default=0)

    def post(self, body: dict[str, object]) -> int:
        """Post one batch until it is answered; returns how many readings were accepted. Raises NotAnswered."""
        content = msgspec.json.encode(body)
        headers = {"authorization": f"Bearer {self.code}:{self.key}", "content-type": "application/json"}
        until = self.clock() + PATIENCE_S
        said = ""
        while self.clock() < until:
            try:
                answer = self.client.post(self.url, content=content, headers=headers)
            except httpx.TransportError as error:
                said = f"no connection to {self.url}: {error}"
                self.wait(0.5)
                continue
            if answer.status_code == 200:
                told = answer.json()
                self.refused += told["refused_total"]
                return int(told["accepted"])
            said = f"{self.url} answered {answer.status_code}: {answer.text[:300]}"
            # 401: a device that was made a moment ago is known at the door within two seconds.
            if answer.status_code not in (401, 429, 503, 507):
                raise NotAnswered(said)
            self.wait(float(answer.headers.get("retry-after", 0.5)))
        raise NotAnswered(f"{said}. Is the ingest process running?")

    def send(
        self, recording: Recording, codes: list[str], *, speed: float, progress: Callable[[int], None]
    ) -> tuple[int, int]:
        """Send all readings in order of their rows; returns (sent, accepted).

        speed     how many recorded seconds pass in one; 0: as fast as the door answers
        progress  is told after each post how many readings were sent
        """
        accepted = sent = 0
        for some in self._portions(recording, speed):
            t = recording.t[some]
            columns = {
                "point": [codes[point] for point in recording.point[some].tolist()],
                "t": t.tolist(),
                "value": recording.value[some].tolist(),
            }
            self._sent += 1
            accepted += self.post({"batch_id": f"part-{self._sent}", "clock": int(t.max()), "columns": columns})
            sent += int(t.size)
            progress(sent)
        return sent, accepted

    def tick(self, clock_ms: int) -> None:
        """Let the virtual clock run on to `clock_ms`, so that delays which began with the last readings end."""
        self._sent += 1
        self.post({"batch_id": f"part-{self._sent}", "clock": clock_ms, "readings": []})

    def _portions(self, recording: Recording, speed: float) -> Iterator[slice]:
        size = recording.t.size
        if not size:
            return
        reached = np.maximum.accumulate(recording.t)
        begun, first, at = self.clock(), int(reached[0]), 0
        while at < size:
            end = size
            if speed > 0:
                now = first + (self.clock() - begun) * speed * 1000
                end = int(np.searchsorted(reached, now, side="right"))
                if end == at:
                    self.wait(EVERY_S)
                    continue
            end = min(end, at + A_POST)
            yield slice(at, end)
            at = end
