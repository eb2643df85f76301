"""What the instruments of the demo county say: the value of a point at any moment, from the moment alone.

Nothing is stored and nothing runs along: noise is a hash of time, weather a hash of its slot, the level of a tank a
function of the hour. So history, the live stream and a replay agree to the last digit however they are cut.

Times are epoch milliseconds UTC. NaN means that the instrument gave nothing and nothing is to be sent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
from numpy.typing import ArrayLike, NDArray

from anlan.demo.county.model import Point
from anlan.demo.county.noise import bell, even, scramble
from anlan.demo.weather import DAY_MS, HOUR_MS, MEMORY_MS, storms

Floats = NDArray[np.float64]
Times = NDArray[np.int64]

#: Local noon of the county in ms after 00:00 UTC (Asia/Shanghai); its days turn the daily cycles.
_NOON_MS = 4 * HOUR_MS


@dataclass(frozen=True, slots=True)
class Upset:
    """A fault that visits one point of a kind in each slot: the value is drawn to `target`, stays and comes back.

    slot_ms    length of a slot; `chance` of them have the upset
    ramp_ms    how long it takes to come and to go
    hold_ms    how long it stays; up to twice that
    target     lowest and highest value it may reach
    """

    slot_ms: int
    chance: float
    ramp_ms: int
    hold_ms: int
    target: tuple[float, float]


#: Honest exceedances: vapour at a truck, a valve opened late, a sun-baked tank. About eight in thirty days.
UPSETS: Mapping[str, Upset] = {
    "combustible_gas": Upset(10 * DAY_MS, 1.0, 6 * 60_000, 9 * 60_000, (28.0, 44.0)),
    "toxic_gas": Upset(20 * DAY_MS, 1.0, 8 * 60_000, 10 * 60_000, (8.4, 12.0)),
    "tank_level": Upset(20 * DAY_MS, 1.0, 90 * 60_000, 35 * 60_000, (10.92, 11.1)),
    "tank_temperature": Upset(30 * DAY_MS, 0.8, 120 * 60_000, 60 * 60_000, (41.4, 43.0)),
    "tank_pressure": Upset(30 * DAY_MS, 0.8, 20 * 60_000, 25 * 60_000, (1.45, 1.53)),
}

#: One point of the county falls silent in each such slot, for 40 to 100 minutes.
OUTAGE_SLOT_MS = 2 * DAY_MS

#: Share of samples that are lost on the way.
LOST = 0.0015


def signal(point: Point, t_ms: ArrayLike, seed: int, *, gaps: bool = True) -> Floats:
    """Values of a point at any moments, in its unit, rounded as its instrument rounds.

    t_ms     int64, epoch ms UTC, any order
    gaps     False gives a value even where the instrument was silent
    returns  float64 of the same shape, within the instrument's range; NaN in outages and for lost samples
    """
    t = np.asarray(t_ms, np.int64)
    value = _MODELS[point.kind](point, t, seed)
    value = np.asarray(np.round(np.clip(value, point.low, point.high), point.digits) + 0.0, np.float64)  # no −0.0
    if gaps:
        lost = even(seed, point.number, 70, t) < LOST
        value = np.where(lost | _out(point, t, seed), np.nan, value)
    return value


def sample_times(point: Point, start_ms: int, end_ms: int, every_s: int | None = None) -> Times:
    """The moments in [start_ms, end_ms) at which a point samples; each point has a phase of its own.

    every_s  spacing instead of the point's own
    """
    step = (every_s or point.period_s) * 1000
    phase = int(scramble(point.number, 71)) % step
    first = -(-(start_ms - phase) // step)
    last = -(-(end_ms - phase) // step)
    return np.arange(first, last, dtype=np.int64) * step + phase


@dataclass(frozen=True, slots=True)
class Readings:
    """Columns in order of time: row of the point in the sequence given, epoch ms, value."""

    point: NDArray[np.int32]
    t_ms: Times
    value: Floats


def history(points: Sequence[Point], start_ms: int, end_ms: int, seed: int, hours: int = 24) -> Iterator[Readings]:
    """What the owners' archives hold from start to end, `hours` at a time; rows of silence are left out.

    Thirty days of the county are 3.8 million rows and about fifteen seconds; short batches cost more.
    """
    at = start_ms
    while at < end_ms:
        to = min(at + hours * HOUR_MS, end_ms)
        yield _slice(points, at, to, seed)
        at = to


def _slice(points: Sequence[Point], start_ms: int, end_ms: int, seed: int) -> Readings:
    columns = []
    for row, point in enumerate(points):
        t = sample_times(point, start_ms, end_ms, point.archive_s)
        columns.append((np.full(t.size, row, np.int32), t, signal(point, t, seed)))
    rows, moments, values = (np.concatenate(column) for column in zip(*columns, strict=True))
    order = np.lexsort((rows, moments))
    order = order[~np.isnan(values[order])]
    return Readings(rows[order], moments[order], values[order])


# --- noise and cycles ---------------------------------------------------------------------------------------------


def drift(point: Point, t: Times, seed: int, salt: int, step_ms: int) -> Floats:
    """Noise that wanders with a memory of `step_ms`: bell numbers at the steps, smoothly joined."""
    step = t // step_ms
    share = (t - step * step_ms) / step_ms
    ease = share * share * (3 - 2 * share)
    before, after = bell(seed, point.number, salt, step), bell(seed, point.number, salt, step + 1)
    return np.asarray(before + (after - before) * ease)


def _daily(t: Times, peak_h: float) -> Floats:
    """−1 … 1, highest at `peak_h` o'clock in the county."""
    return np.cos(2 * np.pi * (t - _NOON_MS - (peak_h - 12.0) * HOUR_MS) / DAY_MS)


def _yearly(t: Times) -> Floats:
    """−1 in late January … 1 in late July."""
    return -np.cos(2 * np.pi * (t / DAY_MS - 20.0) / 365.2425)


def _upset(point: Point, value: Floats, t: Times, seed: int) -> Floats:
    """The value with the faults that visit this point; only a point of 12 m tanks, pressed vessels … of its kind."""
    upset = UPSETS[point.kind]
    salt = 72 + sorted(UPSETS).index(point.kind)
    for slot in np.unique(t // upset.slot_ms).tolist():
        draw = even(seed, salt, slot, np.arange(5)).tolist()
        if draw[0] >= upset.chance or int(draw[1] * point.peers) != point.order:
            continue
        hold = int(upset.hold_ms * (1 + draw[2]))
        whole = hold + 2 * upset.ramp_ms
        begin = slot * upset.slot_ms + int(draw[3] * (upset.slot_ms - whole))
        u = np.clip(np.minimum(t - begin, begin + whole - t) / upset.ramp_ms, 0.0, 1.0)
        weight = u * u * (3 - 2 * u)
        target = upset.target[0] + draw[4] * (upset.target[1] - upset.target[0])
        value = value + weight * (target - value) * (1 + 0.015 * bell(seed, point.number, 80, t // 20_000))
    return value


def _out(point: Point, t: Times, seed: int) -> NDArray[np.bool_]:
    """Where a point is silent."""
    silent = np.zeros(t.shape, bool)
    for slot in np.unique(t // OUTAGE_SLOT_MS).tolist():
        draw = even(seed, 81, slot, np.arange(3)).tolist()
        if 1 + int(draw[0] * OUTAGE_POINTS) == point.number:
            length = int((40 + 60 * draw[1]) * 60_000)
            begin = slot * OUTAGE_SLOT_MS + int(draw[2] * (OUTAGE_SLOT_MS - length))
            silent |= (t >= begin) & (t < begin + length)
    return silent


#: Outages are drawn among the first so many points; cameras and intensity meters after them have none.
OUTAGE_POINTS = 300

# --- the kinds ----------------------------------------------------------------------------------------------


def _combustible(point: Point, t: Times, seed: int) -> Floats:
    value = point.traits["base"] + 0.5 * _daily(t, 14.5) + 0.45 * drift(point, t, seed, 1, 40 * 60_000)
    value = value + 0.3 * drift(point, t, seed, 2, 5 * 60_000) + 0.18 * bell(seed, point.number, 3, t)
    # Now and then a whiff: a lorry, a drain, a hose taken off. It stays far below the limit.
    block = t // 600_000
    whiff = np.where(even(seed, point.number, 4, block) < 1 / 700, 3.0 + 7.0 * even(seed, point.number, 5, block), 0.0)
    middle = block * 600_000 + 120_000 + 360_000 * even(seed, point.number, 6, block)
    value = value + whiff * np.exp(-(((t - middle) / 40_000.0) ** 2))
    return _upset(point, value, t, seed)


def _toxic(point: Point, t: Times, seed: int) -> Floats:
    value = point.traits["base"] * (1 + 0.2 * _daily(t, 15)) + 0.12 * drift(point, t, seed, 1, 30 * 60_000)
    return _upset(point, value + 0.07 * bell(seed, point.number, 3, t), t, seed)


def _level(point: Point, t: Times, seed: int) -> Floats:
    """Drawn down slowly, filled by lorry or pipe in a tenth of the cycle."""
    traits = point.traits
    cycle = traits["cycle_h"] * HOUR_MS
    u = np.mod(t / cycle + traits["phase"], 1.0)
    fall = np.clip(1 - u / 0.9, 0.0, 1.0)
    rise = np.clip((u - 0.9) / 0.1, 0.0, 1.0)
    share = np.where(u < 0.9, fall, rise * rise * (3 - 2 * rise))
    value = traits["low_m"] + (traits["full_m"] - traits["low_m"]) * share
    return _upset(point, value + 0.012 * drift(point, t, seed, 1, 20 * 60_000), t, seed)


def _temperature(point: Point, t: Times, seed: int) -> Floats:
    value = point.traits["base"] + 9.0 * _yearly(t) + point.traits["swing"] * _daily(t, 16.5)
    value = value + 1.6 * drift(point, t, seed, 1, 3 * DAY_MS) + 0.15 * drift(point, t, seed, 2, 30 * 60_000)
    return _upset(point, value + 0.05 * bell(seed, point.number, 3, t), t, seed)


def _pressure(point: Point, t: Times, seed: int) -> Floats:
    value = point.traits["base"] + 0.03 * _yearly(t) + point.traits["swing"] * _daily(t, 15.5)
    value = value + 0.02 * drift(point, t, seed, 1, 6 * HOUR_MS) + 0.003 * bell(seed, point.number, 3, t)
    return _upset(point, value, t, seed)


def _rain(point: Point, t: Times, seed: int) -> Floats:
    """Storms, ragged as a gauge sees them; a tipping bucket shows nothing below half a millimetre an hour."""
    if not t.size:
        return np.zeros(t.shape)
    x, y = point.traits["x"], point.traits["y"]
    value = np.zeros(t.shape)
    for storm in storms(int(t.min()) - DAY_MS, int(t.max()) + 1, seed):
        value = value + storm.intensity(t, x, y)
    ragged = 1 + 0.16 * drift(point, t, seed, 1, 12 * 60_000) + 0.05 * bell(seed, point.number, 2, t // 120_000)
    value = value * np.clip(ragged, 0.55, 1.45)
    return np.where(value < 0.5, 0.0, value)


def _stage(point: Point, t: Times, seed: int) -> Floats:
    """Base flow and the floods that storms above the gauge send down after a while."""
    traits = point.traits
    value = traits["base"] + 0.28 * _yearly(t) + 0.06 * drift(point, t, seed, 1, 2 * DAY_MS)
    value = value + 0.012 * drift(point, t, seed, 2, 30 * 60_000)
    if not t.size:
        return value
    for storm in storms(int(t.min()) - MEMORY_MS, int(t.max()) + 1, seed):
        depth = storm.depth_mm(traits["rain_x"], traits["rain_y"])
        if depth > 0.2:
            since = (t - storm.start_ms) / HOUR_MS - traits["lag_h"]
            u = np.clip(since / traits["fall_h"], 0.0, None)
            value = value + traits["gain"] * depth * u * np.exp(1 - u)
    return value


def _displacement(point: Point, t: Times, seed: int) -> Floats:
    """Slow creep since the yearly zero, breathing with the day, a little give after rain that comes back in weeks."""
    traits = point.traits
    value = traits["creep_mm"] * year_share(t) + 0.25 * _daily(t, 15) + 0.18 * drift(point, t, seed, 1, 2 * HOUR_MS)
    value = value + 0.12 * bell(seed, point.number, 3, t)
    if not t.size:
        return value
    for storm in storms(int(t.min()) - MEMORY_MS, int(t.max()) + 1, seed):
        depth = storm.depth_mm(traits["x"], traits["y"])
        if depth > 2.0:
            days = np.clip((t - storm.start_ms) / DAY_MS, 0.0, None)
            # Gone to nothing at the end of the memory, so that no step is left behind.
            fade = np.clip(1 - days * DAY_MS / MEMORY_MS, 0.0, 1.0) ** 2
            value = value + 0.012 * depth * (1 - np.exp(-days / 0.4)) * fade
    return value


def _hotspot(point: Point, t: Times, seed: int) -> Floats:
    """The hottest spot in the picture of a camera over forest: sun on rock, a chimney, never a fire."""
    value = point.traits["base"] + 9.0 * _yearly(t) + 8.0 * _daily(t, 14.5) + 1.5 * drift(point, t, seed, 1, DAY_MS)
    return value + 0.5 * drift(point, t, seed, 2, 20 * 60_000) + 0.25 * bell(seed, point.number, 3, t)


def _intensity(point: Point, t: Times, seed: int) -> Floats:
    """Rest, and now and then a lorry or a blast in a quarry; the scale begins at 1."""
    block = t // 60_000
    shaken = even(seed, point.number, 1, block) < 0.01
    return np.where(shaken, 1.0 + 0.9 * even(seed, point.number, 2, block), 1.0)


def year_share(t: Times) -> Floats:
    """Part of the county's calendar year that has passed, 0 … 1; instruments are set to zero on 1 January."""
    local = t + 8 * HOUR_MS
    years = local.astype("datetime64[ms]").astype("datetime64[Y]")
    begin = years.astype("datetime64[ms]").astype(np.int64)
    length = (years + 1).astype("datetime64[ms]").astype(np.int64) - begin
    return np.asarray((local - begin) / length)


_MODELS: Mapping[str, Callable[[Point, Times, int], Floats]] = {
    "combustible_gas": _combustible,
    "toxic_gas": _toxic,
    "tank_level": _level,
    "tank_temperature": _temperature,
    "tank_pressure": _pressure,
    "rain": _rain,
    "river_stage": _stage,
    "displacement": _displacement,
    "hotspot": _hotspot,
    "seismic_intensity": _intensity,
}


def ms(moment: datetime) -> int:
    """Epoch ms of an aware moment."""
    return int(moment.astimezone(UTC).timestamp() * 1000)
