"""A leak at a tank of the chemical park."""

from __future__ import annotations

import numpy as np

from anlan.demo.county.model import Point
from anlan.demo.county.noise import bell
from anlan.demo.county.points import LEAK_DETECTORS
from anlan.demo.scenarios.script import Floats, Scenario

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


def _leak(point: Point, s: Floats, normal: Floats) -> Floats:
    code = point.code
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
    expect="Three detectors of one tank go yellow, then orange, one after the other by their distance; the one upwind "
    "stays below its limit. Ends by itself: the vapour clears about three minutes after the valves are closed.",
    expect_zh="同一储罐的三只探测器按距离先后转黄、转橙，上风向一只不超限。关阀后约三分钟气体散尽，报警自行恢复。",
    duration_s=1500,
    fades_s=int(REFILL_FROM_S + REFILL_S),
    touches=(*LEAK_DETECTORS, "LT-2031", "TT-2031"),
    effect=_leak,
)
