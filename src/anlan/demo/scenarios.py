"""Scripts that make the demo county have an emergency: a leak at a tank, a slope that gives way.

A scenario changes what the instruments of a few points say, as a function of the time since it began and of what they
would have said. The changed readings take the same way as all others, through the door and the engine; nothing here
knows a rule, an alarm or a case. Times are epoch ms UTC.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from anlan.demo.county.model import Point
from anlan.demo.county.noise import bell
from anlan.demo.county.points import LEAK_DETECTORS, SLIDE_GAUGE, SLIDE_STATIONS

Floats = NDArray[np.float64]

#: Sampling period of the points of a running scenario, seconds.
FAST_PERIOD_S = 5

#: After a scenario is stopped by hand its effects die away with this time constant, seconds.
CALM_S = 60.0


@dataclass(frozen=True, slots=True)
class Scenario:
    """A script.

    duration_s  how long it is called running; its points sample every FAST_PERIOD_S
    fades_s     how long after its begin it still shows in the readings (a tank not yet refilled); ≥ duration_s
    touches     codes of the points that it changes
    effect      (code, seconds since begin, normal value) → value, arrays in and out, for seconds ≥ 0
    """

    name: str
    title: str
    title_zh: str
    text: str
    text_zh: str
    duration_s: int
    fades_s: int
    touches: tuple[str, ...]
    effect: Callable[[str, Floats, Floats], Floats]

    def points(self, points: Iterable[Point]) -> list[Point]:
        """Those of `points` that the scenario changes."""
        return [point for point in points if point.code in self.touches]

    def apply(
        self, point: Point, t_ms: ArrayLike, value: ArrayLike, started_ms: int, stopped_ms: int | None = None
    ) -> Floats:
        """What the instrument says at `t_ms` where it would have said `value`.

        started_ms  when the scenario began; before it and after `fades_s` the value is untouched
        stopped_ms  when somebody stopped it: from then on its effect dies away within minutes
        returns     float64, rounded and bounded as the instrument does; NaN stays NaN
        """
        t, normal = np.broadcast_arrays(np.asarray(t_ms, np.int64), np.asarray(value, np.float64))
        if point.code not in self.touches:
            return np.array(normal, np.float64)
        since = (t - started_ms) / 1000.0
        changed = self.effect(point.code, np.clip(since, 0.0, None), np.asarray(normal))
        if stopped_ms is not None:
            left = np.exp(-np.clip((t - stopped_ms) / 1000.0, 0.0, None) / CALM_S)
            changed = normal + (changed - normal) * np.where(left < 1e-3, 0.0, left)
        changed = np.where((since >= 0) & (since < self.fades_s), changed, normal)
        return np.asarray(np.round(np.clip(changed, point.low, point.high), point.digits) + 0.0, np.float64)


# --- leak ---------------------------------------------------------------------------------------------------------

#: The valves are closed twelve minutes after the seal failed.
VALVES_CLOSED_S = 720.0

#: Outflow of the failed seal as fall of the level, m in a second: 24 cm until the valves are closed.
LEVEL_FALL_M_S = 0.24 / VALVES_CLOSED_S

#: The tank is filled up again over two hours, beginning two hours after the leak.
REFILL_FROM_S, REFILL_S = 7200.0, 7200.0

#: Vapour in the open clears from a detector with this time constant once nothing flows, seconds.
CLEARING_S = 100.0

#: Wind at the park, m/s.
WIND_M_S = 1.2


def _leak(code: str, s: Floats, normal: Floats) -> Floats:
    if code == "LT-2031":
        lost = LEVEL_FALL_M_S * np.minimum(s, VALVES_CLOSED_S)
        return normal - lost * np.clip(1 - (s - REFILL_FROM_S) / REFILL_S, 0.0, 1.0)
    if code == "TT-2031":  # evaporation cools the wall a little
        return normal - 0.8 * (1 - np.exp(-s / 300.0)) * np.exp(-np.clip(s - VALVES_CLOSED_S, 0.0, None) / 900.0)
    metres, off_deg = LEAK_DETECTORS[code]
    # Downwind detectors see the cloud soon and strongly; one upwind sees a breath of it late.
    along = np.cos(np.radians(off_deg) / 2) ** 2
    arrives = metres / (WIND_M_S * max(along, 0.25))
    top = 84.0 * along * np.exp(-metres / 90.0) if off_deg < 90 else 11.0
    grow = 32.0 + 1.2 * metres
    u = np.clip(s - arrives, 0.0, None)
    cloud = top * (1 - np.exp(-u / grow))
    closed = np.clip(s - VALVES_CLOSED_S - arrives, 0.0, None)
    cloud = cloud * np.exp(-closed / CLEARING_S)
    # Gusts: a tenth of what is there, new every ten seconds.
    gust = 1 + 0.045 * bell(sum(map(ord, code)), (s // 10).astype(np.int64))
    return normal + cloud * gust


LEAK = Scenario(
    name="leak",
    title="Methanol leak at V-203",
    title_zh="澜润化工 V-203 甲醇泄漏",
    text="A pump seal at tank V-203 in the chemical park of Cangpu fails. The detectors downwind rise through both "
    "levels within a minute, the tank level falls; after twelve minutes the valves are closed.",
    text_zh="沧浦化工园区澜润化工 V-203 罐泵机械密封失效，下风向探测器一分钟内越过"
    "一、二级报警，液位下降；12 分钟后关阀。",
    duration_s=1500,
    fades_s=int(REFILL_FROM_S + REFILL_S),
    touches=(*LEAK_DETECTORS, "LT-2031", "TT-2031"),
    effect=_leak,
)

# --- slide --------------------------------------------------------------------------------------------------------

#: First slip 24 s after the begin of the cloudburst, then creep that quickens until the mass finds a new rest.
SLIP_S, REST_S = 24.0, 620.0

#: Displacement of each station at rest, mm over what it was: upper, middle, lower.
REST_MM = dict(zip(SLIDE_STATIONS, (66.0, 82.0, 47.0), strict=True))

#: Share of it that the first slip takes.
SLIP_SHARE = 0.30

#: The stations are surveyed and set to zero again six hours later.
REZERO_S = 21_600.0


def _slide(code: str, s: Floats, normal: Floats) -> Floats:
    if code == SLIDE_GAUGE:
        rise = 1 - np.exp(-s / 22.0)
        burst = 41.0 * rise * np.exp(-np.clip(s - 420.0, 0.0, None) / 260.0)
        gust = 1 + 0.05 * bell(17, (s // 30).astype(np.int64))
        return normal + np.where(burst * gust < 0.5, 0.0, burst * gust)
    rest = REST_MM[code]
    slip = SLIP_SHARE * rest * (1 - np.exp(-np.clip(s - SLIP_S, 0.0, None) / 7.0))
    # Tertiary creep: 1/v falls straight to the failure time (Fukuzono 1985), here 40 s after the mass is held.
    u = np.clip(s - SLIP_S, 0.0, REST_S - SLIP_S)
    span = REST_S - SLIP_S
    quicken = np.log(1 - u / (span + 40.0)) / np.log(1 - span / (span + 40.0))
    return normal + slip + (1 - SLIP_SHARE) * rest * quicken


SLIDE = Scenario(
    name="slide",
    title="Slope failure in Yunzhan",
    title_zh="云栈乡边坡失稳",
    text="A cloudburst hits a slope in Yunzhan. It slips at once, then creeps faster and faster through all levels in "
    "ten minutes and comes to rest.",
    text_zh="短时强降雨触发云栈乡一处边坡：先有一次滑动，随后约十分钟内加速变形，依次越过黄、橙、红，最后趋稳。",
    duration_s=1200,
    fades_s=int(REZERO_S),
    touches=(*SLIDE_STATIONS, SLIDE_GAUGE),
    effect=_slide,
)

SCENARIOS: Sequence[Scenario] = (LEAK, SLIDE)


def scenario(name: str) -> Scenario:
    """A scenario by name.

    Raises KeyError that lists the names there are.
    """
    for known in SCENARIOS:
        if known.name == name:
            return known
    raise KeyError(f"no scenario {name!r}; there are {', '.join(s.name for s in SCENARIOS)}")
