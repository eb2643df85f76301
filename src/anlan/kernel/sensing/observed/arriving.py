"""Observations as they arrive, in data arrays or one by one, as columns that can be logged.

A row that cannot be taken does not spoil the others. What a reading of ours cannot hold is refused and not dropped
quietly: an interval as its time, a time of validity, parameters, a result that is no number, an id of the sender's
choice. `resultTime` is read and not kept: the log knows when a reading came. Source: OGC 18-088, clause 14.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from anlan.formats.findings import BadMessage, found
from anlan.formats.sensorthings.arrays import COMPONENTS, MOST_ARRAYS, MOST_ROWS
from anlan.formats.sensorthings.times import instant_of
from anlan.kernel.sensing.door.bodies import EARLIEST_MS, KEPT, LATEST_MS
from anlan.kernel.sensing.door.taking import excerpt_of
from anlan.kernel.sensing.observed.shapes import QUALITIES

#: What is kept of a result that is none.
_NO_VALUE, _BAD = 0.0, 2
#: Lengths of the times that machines write, to the second and to the millisecond, with Z.
_USUAL = (20, 24)


@dataclass(frozen=True, slots=True)
class Arrived:
    """Observations of one datastream: columns of one length; `why` is "" for those that can be taken.

    raw  row → what was sent, of those that cannot, the first `KEPT` of them
    """

    datastream: Any
    t: NDArray[np.int64]
    value: NDArray[np.float64]
    quality: NDArray[np.uint8]
    why: Sequence[str]
    raw: Mapping[int, str] = field(default_factory=dict)

    @property
    def good(self) -> NDArray[np.bool_]:
        """Which rows can be taken."""
        return np.fromiter((not one for one in self.why), np.bool_, len(self.why))


def arrived(content: Any, now_ms: int) -> list[Arrived]:
    """The data arrays of a decoded body, a list of them or one. Raises BadMessage for one that cannot be used at all.

    now_ms  the time of what does not say its own
    """
    if isinstance(content, dict) and isinstance(content.get("value"), list):
        content = content["value"]
    all_ = content if isinstance(content, list) else [content]
    rows = sum(
        len(one["dataArray"]) for one in all_ if isinstance(one, dict) and isinstance(one.get("dataArray"), list)
    )
    if rows > MOST_ROWS or len(all_) > MOST_ARRAYS:
        raise BadMessage(found("too_many", name="rows", found=rows, limit=MOST_ROWS))
    return [_array(one, f"[{number}]", now_ms) for number, one in enumerate(all_, 1)]


def _array(content: Any, where: str, now_ms: int) -> Arrived:
    if not isinstance(content, dict):
        raise BadMessage(found("not_an_object", where, found=type(content).__name__))
    names, rows, stream = content.get("components"), content.get("dataArray"), content.get("Datastream")
    if not isinstance(names, list) or not isinstance(rows, list) or not isinstance(stream, dict):
        missing = "components" if not isinstance(names, list) else "dataArray"
        missing = missing if not isinstance(names, list) or not isinstance(rows, list) else "Datastream"
        raise BadMessage(found("missing_property", where, name=missing))
    wrong = [found("unknown_component", where, name=str(one)[:80]) for one in names if one not in COMPONENTS]
    if len(set(map(str, names))) < len(names):
        wrong.append(found("repeated_component", where, name="components"))
    if "result" not in names:
        wrong.append(found("missing_property", f"{where}/components", name="result"))
    if wrong:
        raise BadMessage(*wrong)
    return columns(stream.get("@iot.id", stream.get("id")), names, rows, now_ms)


def columns(datastream: Any, names: Sequence[str], rows: Sequence[Any], now_ms: int) -> Arrived:
    """Rows of values in the order of `names` as columns."""
    n, width, sent = len(rows), len(names), rows
    why = [""] * n
    even = all(type(one) is list and len(one) == width for one in rows)
    if not even:
        why = ["" if type(one) is list and len(one) == width else "row" for one in rows]
        rows = [one if not said else [None] * width for one, said in zip(rows, why, strict=True)]
    by_name = dict(zip(names, zip(*rows, strict=True), strict=True)) if n else {}
    nothing: Sequence[Any] = (None,) * n
    t = _times(by_name.get("phenomenonTime", nothing), now_ms, why)
    value, quality = _results(by_name.get("result", nothing), by_name.get("resultQuality"), why)
    for name in ("id", "validTime", "parameters"):
        _empty(name, by_name.get(name), why)
    _places(datastream, by_name.get("FeatureOfInterest/id"), why)
    refused = [row for row, said in enumerate(why) if said][:KEPT] if any(why) else ()
    return Arrived(datastream, t, value, quality, why, {row: _raw(names, sent[row]) for row in refused})


def _raw(names: Sequence[str], row: Any) -> str:
    """A row as it was sent, its values by name where they can be told apart."""
    fits = type(row) is list and len(row) == len(names)
    return excerpt_of(msgspec.json.encode(dict(zip(names, row, strict=True)) if fits else row))


def _times(said: Sequence[Any], now_ms: int, why: list[str]) -> NDArray[np.int64]:
    found_ = _alike(said)
    if found_ is None:
        found_ = np.fromiter((_time(one, now_ms) for one in said), np.int64, len(said))
    for row in np.flatnonzero((found_ < EARLIEST_MS) | (found_ >= LATEST_MS)).tolist():
        why[row] = why[row] or "phenomenonTime"
    return found_


def _alike(said: Sequence[Any]) -> NDArray[np.int64] | None:
    """Times that are all written alike, read at once; None for others."""
    if not said or type(said[0]) is not str or len(said[0]) not in _USUAL:
        return None
    size = len(said[0])
    if not all(type(one) is str and len(one) == size and one[-1] == "Z" and one[10] == "T" for one in said):
        return None
    try:
        return np.array([one[:-1] for one in said], "datetime64[ms]").astype(np.int64)
    except ValueError:
        return None


def _time(said: Any, now_ms: int) -> int:
    """Epoch ms; -1 for no instant. What is not said is now."""
    if said is None:
        return now_ms
    try:
        return round(instant_of(said).timestamp() * 1000) if isinstance(said, str) else -1
    except (ValueError, OverflowError):
        return -1


def _results(
    said: Sequence[Any], qualities: Sequence[Any] | None, why: list[str]
) -> tuple[NDArray[np.float64], NDArray[np.uint8]]:
    quality = np.zeros(len(said), np.uint8)
    if set(map(type, said)) <= {float}:
        value = np.array(said, np.float64)
    else:
        value = np.zeros(len(said))
        for row, one in enumerate(said):
            if one is None:
                value[row], quality[row] = _NO_VALUE, _BAD
            elif isinstance(one, bool) or not isinstance(one, int | float) or not abs(one) < 1e300:
                why[row] = why[row] or "result"
            else:
                value[row] = one
    for row in np.flatnonzero(~np.isfinite(value)).tolist():
        why[row] = why[row] or "result"
    for row, one in enumerate(qualities or ()):
        grade = QUALITIES.index(one) if isinstance(one, str) and one in QUALITIES else one
        if isinstance(grade, int) and not isinstance(grade, bool) and 0 <= grade <= 255:
            quality[row] = max(int(quality[row]), grade)
        elif one is not None:
            why[row] = why[row] or "resultQuality"
    return value, quality


def _empty(name: str, said: Sequence[Any] | None, why: list[str]) -> None:
    for row, one in enumerate(said or ()):
        if one not in (None, {}, ""):
            why[row] = why[row] or name


def _places(datastream: Any, said: Sequence[Any] | None, why: list[str]) -> None:
    """A place that is named must be that of the point, which has the datastream's own number."""
    for row, one in enumerate(said or ()):
        if one is not None and one != datastream:
            why[row] = why[row] or "FeatureOfInterest"
