"""Observations as a batch for the reading log, with what was refused beside it; the same by HTTP and by MQTT."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from anlan.engine import encode_batch
from anlan.kernel.sensing.door.bodies import KEPT
from anlan.kernel.sensing.observed.arriving import Arrived
from anlan.kernel.sensing.store import NewBatch, Refused

_WORDS: Mapping[str, str] = {
    "row": "This row has another number of values than there are components.",
    "phenomenonTime": "A time is one instant of ISO 8601 with its zone, from 1990 to 2088.",
    "result": "A result is a number, or null where the instrument has none.",
    "resultQuality": "A quality is good, uncertain or bad, or a whole number from 0 to 255.",
    "id": "Ids are given by this service.",
    "validTime": "A time of validity is not kept.",
    "parameters": "Parameters are not kept.",
    "FeatureOfInterest": "The place of an observation is that of its datastream.",
    "Datastream": "There is no such datastream, it takes no readings, or this sender may not send them.",
}
#: What is wrong with rows of which neither time nor value can be told.
_UNREAD = ("row", "result")


@dataclass(frozen=True, slots=True)
class Part:
    """Observations of one point: its number, its code, the rows."""

    point: int
    code: str
    rows: Arrived


def why_not(code: str) -> str:
    """The sentence for what is wrong with a row."""
    return _WORDS[code]


def batch_of_observations(device: str, lane: str, parts: Sequence[Part]) -> NewBatch:
    """The rows of one device as a batch whose key is its content, so that a repetition is known."""
    goods = [one.rows.good for one in parts]
    number = np.repeat([one.point for one in parts], [int(good.sum()) for good in goods])
    t, value, quality = (
        np.concatenate([getattr(one.rows, name)[good] for one, good in zip(parts, goods, strict=True)])
        for name in ("t", "value", "quality")
    )
    payload = encode_batch(number, t, value, quality)
    starts = itertools.accumulate((len(one.rows.why) for one in parts), initial=0)
    refused = tuple(one for part, start in zip(parts, starts, strict=False) for one in _refused(part, start))[:KEPT]
    told = repr([(one.row, one.code, one.point, one.raw) for one in refused]).encode() if refused else b""
    digest = hashlib.sha256(payload + told).digest()[:16]
    n = int(number.size)
    return NewBatch(device, f"sta:{digest.hex()}", lane, n, payload if n else b"", digest, refused=refused)


def _refused(part: Part, start: int) -> list[Refused]:
    """The rows that cannot be taken: time and value as far as they can be told, and what was sent.

    start  place of the first row in the batch, so that rows of two points are not taken for one
    """
    rows, found = part.rows, []
    for row, why in enumerate(rows.why):
        if not why:
            continue
        t = int(rows.t[row]) if why != "row" and rows.t[row] > 0 else None
        value = float(rows.value[row]) if why not in _UNREAD and rows.quality[row] < 2 else None
        found.append(Refused(start + row, why, why, why_not(why), part.code, t, value, rows.raw.get(row, "")))
    return found
