"""A flood of alarms: one cause, a hundred and sixty points over their limits at once."""

from __future__ import annotations

import numpy as np

from anlan.demo.county.model import Point
from anlan.demo.county.noise import even
from anlan.demo.scenarios.script import Floats, Scenario

#: What an instrument shows while its loop carries four fifths of full current, by kind: well over the second level.
SHIFTED = {"combustible_gas": 62.0, "toxic_gas": 18.0, "tank_temperature": 47.5, "tank_pressure": 1.68}

#: The supply is found and changed over after so long, seconds; the loops settle within RAMP_S.
MENDED_S, RAMP_S = 300.0, 20.0


def _flood(point: Point, s: Floats, normal: Floats) -> Floats:
    # Each loop follows a little later than the last, as its own filter lets it.
    late = 12.0 * float(even(29, point.number))
    up = np.clip((s - late) / RAMP_S, 0.0, 1.0)
    down = np.clip((s - MENDED_S - late) / RAMP_S, 0.0, 1.0)
    target = SHIFTED[point.kind] * (1 + 0.04 * float(even(31, point.number)))
    return normal + (target - normal) * up * (1 - down)


FLOOD = Scenario(
    name="flood",
    title="Flood of alarms: a supply fault",
    title_zh="报警洪泛：供电故障致大面积误报",
    text="A surge on the common supply of the telemetry shifts 160 current loops at once: all gas detectors, tank "
    "temperatures and four pressures of the county read far over their limits, and none of it is real.",
    text_zh="遥测公共电源浪涌使 160 路电流信号同时偏移：全县气体探测器、罐温和四处压力"
    "一齐越过二级限值，其实都不是险情。",
    expect="160 alarms in half a minute, all listed; the desk groups them and rings a few times, not 160. What counts "
    "is to see one cause. Ends by itself: the supply is changed over after five minutes and all readings return.",
    expect_zh="半分钟内 160 条报警全部在列，值班台按组归并，只响几次而不是 160 次；要看出同一个原因。"
    "五分钟后电源切换，读数全部恢复。",
    duration_s=600,
    fades_s=900,
    touches=("PT-A11", "PT-A12", "PT-A21", "PT-A22"),
    kinds=("combustible_gas", "toxic_gas", "tank_temperature"),
    effect=_flood,
)
