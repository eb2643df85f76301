"""What goes into the reading store and what comes out of it: plain frozen rows, times in epoch milliseconds UTC."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

#: Lane of what happens now: alarms ring.
LIVE = "live"
#: Lane of old data through the same door: history and retrospective alarms, virtual time, no siren.
BACKFILL = "backfill"

#: Kinds of a log row.
BATCH, TICK, ENFORCE, RETIRE, DECLARE, END = "batch", "tick", "enforce", "retire", "declare", "end"


@dataclass(frozen=True, slots=True)
class Refused:
    """One row that was not taken, as it is told to its sender and kept for a person.

    row     place in the batch, from 0; -1 for the batch as a whole
    field   "point", "t", "value", "quality", "batch_id", "lane", "body"
    code    stable word for programs, such as "unknown_point"
    why     a sentence for people
    """

    row: int
    field: str
    code: str
    why: str
    point: str = ""
    t: int | None = None
    value: float | None = None
    raw: str = ""


@dataclass(frozen=True, slots=True)
class NewBatch:
    """A batch that wants into the log. `sender` and `batch_id` together are its key for ever.

    payload   `engine.encode_batch` bytes of the accepted rows; empty with n = 0
    digest    of the content as sent, to tell a repetition from another content under the same key
    arrival   None: the store's clock at the commit; a number only for lanes with virtual time
    answer    what the sender is told, stored so that a repetition gets the same
    excerpt   the beginning of the post as sent, kept when its key was used for another content
    """

    sender: str
    batch_id: str
    lane: str
    n: int
    payload: bytes
    digest: bytes
    answer: bytes = b""
    arrival: int | None = None
    refused: tuple[Refused, ...] = ()
    kind: str = BATCH
    excerpt: str = ""


@dataclass(frozen=True, slots=True)
class Appended:
    """What became of a batch: new, `repeated` (same key, same content) or in `conflict` (same key, other content)."""

    seq: int
    answer: bytes
    repeated: bool = False
    conflict: bool = False


@dataclass(frozen=True, slots=True)
class LogRow:
    """One record of the log as it lies in the database; `payload` by kind."""

    seq: int
    arrival: int
    lane: str
    kind: str
    n: int
    payload: bytes
    sender: str = ""
    batch_id: str = ""


@dataclass(frozen=True, slots=True)
class StoredTransition:
    """A transition of the engine as the alarms room takes it in.

    tseq    order of taking in, gap-free in commit order
    id      stable: the same after any replay
    lane    "live", or "retro" for what late rows and backfills would have changed
    stream  lane of the log it came from: "live", "backfill" or an exercise's lane
    t       event time; value that started the run, None for silence
    """

    tseq: int
    id: str
    seq: int
    stream: str
    lane: str
    t: int
    rule: int
    point: int
    step: int
    severity: int
    on: bool
    value: float | None


@dataclass(frozen=True, slots=True)
class SetAside:
    """A reading that waits for a person: refused at the door, in conflict, or from the future.

    reason  stable word: "unknown_point", "future", "conflict", "other_content", …
    state   "open", "replayed" or "dropped"
    """

    id: int
    arrival: int
    sender: str
    batch_id: str
    lane: str
    row: int
    field: str
    point: str
    t: int | None
    value: float | None
    reason: str
    why: str
    raw: str
    state: str
    resolved_at: int | None
    resolved_by: str


@dataclass(frozen=True, slots=True)
class Columns:
    """Readings as columns of one length: point int (any width), t int64 ms, value float64, quality uint8."""

    point: NDArray[np.integer]
    t: NDArray[np.int64]
    value: NDArray[np.float64]
    quality: NDArray[np.uint8]

    def __len__(self) -> int:
        return int(self.t.size)


@dataclass(frozen=True, slots=True)
class Latest:
    """The newest reading of each point asked for and found, columns of one length, ordered by point.

    t, arrival   ms; quality 0 good, 1 uncertain, 2 and more bad
    """

    point: NDArray[np.int64]
    t: NDArray[np.int64]
    arrival: NDArray[np.int64]
    value: NDArray[np.float64]
    quality: NDArray[np.uint8]

    def as_dict(self) -> dict[int, tuple[int, float, int]]:
        """Point id → (t ms, value, quality)."""
        columns = zip(self.point.tolist(), self.t.tolist(), self.value.tolist(), self.quality.tolist(), strict=True)
        return {point: (t, value, quality) for point, t, value, quality in columns}


@dataclass(frozen=True, slots=True)
class Curve:
    """A point over a span, thinned to what a screen can show; columns of one length in order of time.

    t        ms; of the reading, or of the last reading of a thinned step
    value    of that reading; NaN where the instrument said that it has none
    low, high  least and greatest good value of the step; equal to value where nothing was thinned
    quality  worst of the step
    thinned  whether a column stands for several readings
    """

    t: NDArray[np.int64]
    value: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    quality: NDArray[np.uint8]
    thinned: bool


@dataclass(frozen=True, slots=True)
class LooseInfo:
    """A loose block of history: its group of points, how many readings, and the time of the earliest, ms."""

    group: int
    rows: int
    first_ms: int


@dataclass(frozen=True, slots=True)
class Lag:
    """How far the engine is behind the log.

    behind       records not yet evaluated
    oldest       arrival ms of the oldest live one of them, None when there is none
    alive        ms at which the engine last said that it runs, 0 never
    """

    behind: int
    oldest: int | None
    alive: int
