"""What `evaluate` hands back: transitions, rows for history, rows set aside, counts."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Literal, overload

import numpy as np

from .arrays import B1, F8, I8, U1

LIVE: Literal["live"] = "live"
RETRO: Literal["retro"] = "retro"

_IDENTITY = struct.Struct("<qqqbqb")


@dataclass(frozen=True, slots=True)
class Transition:
    """A channel went on or off.

    id        the same however the log is cut, repeated, partitioned or replayed; 32 hex digits
    t         when, epoch ms UTC of the point's own clock: start of the run plus the delay
    seq       record that emitted it; arrival its arrival time. t far behind arrival is old news, also in the live lane
    rule      rule version
    point     point number
    step      step of the rule's ladder, from 0; 0 for silence
    severity  1 (most severe) .. 4
    value     the signal that started the run; NaN where there is none: silence, a value grown too old, a window of a
              schedule that ends, an inhibitor
    lane      "live", or "retro" for what late readings would have changed
    """

    id: str
    t: int
    seq: int
    arrival: int
    rule: int
    point: int
    step: int
    severity: int
    on: bool
    value: float
    lane: Literal["live", "retro"]


def transition_id(*, rule: int, point: int, step: int, lane: str, t: int, on: bool) -> str:
    """The stable id of a transition."""
    return blake2b(_IDENTITY.pack(rule, point, step, lane == RETRO, t, on), digest_size=16).hexdigest()


class Transitions(Sequence[Transition]):
    """Transitions in columns, in log order and, within a record, in order of t; a `Transition` is made when asked for.

    t, seq, arrival, rule, point, step, severity, on, value, retro  one array each
    """

    COLUMNS = ("t", "seq", "arrival", "rule", "point", "step", "severity", "on", "value", "retro")

    def __init__(self, columns: dict[str, np.ndarray]) -> None:
        self.t: I8 = columns["t"]
        self.seq: I8 = columns["seq"]
        self.arrival: I8 = columns["arrival"]
        self.rule: I8 = columns["rule"]
        self.point: I8 = columns["point"]
        self.step: I8 = columns["step"]
        self.severity: I8 = columns["severity"]
        self.on: B1 = columns["on"]
        self.value: F8 = columns["value"]
        self.retro: B1 = columns["retro"]

    def __len__(self) -> int:
        return int(self.t.size)

    @overload
    def __getitem__(self, at: int) -> Transition: ...
    @overload
    def __getitem__(self, at: slice) -> Transitions: ...
    def __getitem__(self, at: int | slice) -> Transition | Transitions:
        if isinstance(at, slice):
            return Transitions({name: getattr(self, name)[at] for name in self.COLUMNS})
        return _transition(*(getattr(self, name)[at].item() for name in self.COLUMNS))

    def __iter__(self) -> Iterator[Transition]:
        return map(_transition, *(getattr(self, name).tolist() for name in self.COLUMNS))


def _transition(
    t: int, seq: int, arrival: int, rule: int, point: int, step: int, severity: int, on: bool, value: float, retro: bool
) -> Transition:
    lane: Literal["live", "retro"] = RETRO if retro else LIVE
    name = transition_id(rule=rule, point=point, step=step, lane=lane, t=t, on=on)
    return Transition(name, t, seq, arrival, rule, point, step, severity, on, value, lane)


@dataclass(frozen=True, slots=True)
class SetAside:
    """A row that was not evaluated and does not belong into history as it is.

    seq, row  record in which it came, and its place there
    reason    "future": t more than 5 min ahead of its arrival. "conflict": another value for a reading that is
              there already. "before 1970": t below 0. "point": a number outside 0 .. POINT_LIMIT - 1
    """

    seq: int
    row: int
    point: int
    t: int
    value: float
    quality: int
    reason: str


@dataclass(frozen=True, slots=True)
class Kept:
    """Rows that history should keep: everything but repeats and rows set aside. One array each.

    seq, point, t, value, quality  as they came; seq of the record in which the row came
    late                           the row was older than its point's highest

    Rows of held points appear when they are taken. Order within a record is not promised.
    """

    seq: I8
    point: I8
    t: I8
    value: F8
    quality: U1
    late: B1


_KEPT = {"seq": np.int64, "point": np.int64, "t": np.int64, "value": np.float64, "quality": np.uint8, "late": np.bool_}
_TOLD = {
    "t": np.int64, "seq": np.int64, "arrival": np.int64, "rule": np.int64, "point": np.int64, "step": np.int64,
    "severity": np.int64, "on": np.bool_, "value": np.float64, "retro": np.bool_,
}  # fmt: skip


@dataclass(slots=True)
class Output:
    """What a call of `evaluate` found.

    set_aside   rows for a person to look at
    rows        readings seen, of points of this partition
    late        accepted rows older than their point's highest
    duplicates  repeats of a reading, dropped
    """

    set_aside: list[SetAside] = field(default_factory=list)
    rows: int = 0
    late: int = 0
    duplicates: int = 0
    _told: list[dict[str, np.ndarray]] = field(default_factory=list)
    _kept: list[dict[str, np.ndarray]] = field(default_factory=list)

    @property
    def transitions(self) -> Transitions:
        """All transitions of the call."""
        self._told = [_joined(self._told, _TOLD)]
        return Transitions(self._told[0])

    @property
    def kept(self) -> Kept:
        """All rows of the call that history should keep."""
        self._kept = [_joined(self._kept, _KEPT)]
        return Kept(**self._kept[0])

    def tell(self, chunks: list[dict[str, np.ndarray]], *, seq: int | I8, arrival: int | I8) -> None:
        """Add the transitions of one record, or of several: `seq` and `arrival` then have one number a transition."""
        if not chunks:
            return
        size = sum(chunk["t"].size for chunk in chunks)
        stamp = {"seq": np.full(size, seq), "arrival": np.full(size, arrival)}
        told = stamp | {name: np.concatenate([chunk[name] for chunk in chunks]) for name in _TOLD if name not in stamp}
        order = np.lexsort((told["step"], told["rule"], told["point"], told["t"], told["seq"]))
        self._told.append({name: column[order] for name, column in told.items()})

    def keep(self, **columns: np.ndarray) -> None:
        """Add rows for history; all columns of `Kept` are given."""
        self._kept.append(columns)


def _joined(chunks: list[dict[str, np.ndarray]], kinds: dict[str, type]) -> dict[str, np.ndarray]:
    return {
        name: np.concatenate([np.empty(0, kind), *(chunk[name] for chunk in chunks)]).astype(kind, copy=False)
        for name, kind in kinds.items()
    }
