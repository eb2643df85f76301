"""A heavy storm over the county, told twelve times faster than it would pass.

Values are those of a real storm of four hours: intensities as gauges tell them, stages by the same answer of each
river as in `signals`, slopes that give after the rain that fell on them. Only the hours pass in minutes.
"""

from __future__ import annotations

import numpy as np

from anlan.demo.county.model import Point
from anlan.demo.county.noise import bell, even
from anlan.demo.scenarios.script import Floats, Scenario, swell
from anlan.demo.weather import HOUR_MS, Storm

#: One second of the scenario stands for so many.
FASTER = 12.0

#: It has rained for a while when the scenario begins: hours of the storm that are over by then.
BEGUN_H = 0.3

#: Two cells, the second an hour and a half behind and further east: km, hours, mm/h.
CELLS = (
    Storm(0, 4 * HOUR_MS, -10.0, 4.0, 15.0, 88.0),
    Storm(round(1.5 * HOUR_MS), 4 * HOUR_MS, 12.0, -3.0, 14.0, 76.0),
)

#: Of the slopes that got more than this, mm, one in three gives way; the others swell a little.
WET_MM, GIVES = 80.0, 1 / 3

#: Rivers are back and stations surveyed so long after the begin, seconds; from FALLING_S on what is left fades out.
FALLING_S, OVER_S = 7_200.0, 10_800.0


def _hours(s: Floats) -> Floats:
    """Hours of the storm at each second of the scenario."""
    return np.asarray(BEGUN_H + s * FASTER / 3600.0, np.float64)


def _depth(point: Point, hours: Floats, x: float, y: float) -> Floats:
    """Rain that has fallen at a place up to each hour, mm."""
    steps = np.linspace(0.0, 6.0, 241)
    rate = sum(cell.intensity((steps * HOUR_MS).astype(np.int64), x, y) for cell in CELLS)
    fallen = np.concatenate(([0.0], np.cumsum((rate[1:] + rate[:-1]) / 2 * np.diff(steps))))
    return np.asarray(np.interp(hours, steps, fallen), np.float64)


def _storm(point: Point, s: Floats, normal: Floats) -> Floats:
    hours, x, y = _hours(s), point.traits["x"], point.traits["y"]
    if point.kind == "rain":
        rate = sum(cell.intensity((hours * HOUR_MS).astype(np.int64), x, y) for cell in CELLS)
        rate = rate * swell(s, 8.0) * (1 + 0.06 * bell(point.number, (s // 20).astype(np.int64)))
        return normal + np.where(rate < 0.5, 0.0, rate)
    left = np.clip((OVER_S - s) / (OVER_S - FALLING_S), 0.0, 1.0)
    if point.kind == "river_stage":
        rise = np.zeros(s.shape)
        for cell in CELLS:
            since = hours - cell.start_ms / HOUR_MS - point.traits["lag_h"]
            u = np.clip(since / point.traits["fall_h"], 0.0, None)
            depth = cell.depth_mm(point.traits["rain_x"], point.traits["rain_y"])
            rise = rise + point.traits["gain"] * depth * u * np.exp(1 - u)
        return normal + rise * swell(s, 30.0) * left
    fallen = _depth(point, hours, x, y)
    give = 0.02 * fallen
    luck = float(even(41, point.number))
    if luck < GIVES:
        # Past its threshold a slope moves by what it got beyond it, 14 mm to 60 mm in all, fastest at the start.
        beyond = np.clip(fallen - WET_MM, 0.0, None)
        give = give + (40.0 + 60.0 * luck) * (1 - np.exp(-beyond / 40.0))
    return normal + give * swell(s, 30.0) * left


STORM = Scenario(
    name="storm",
    title="Heavy storm over the county",
    title_zh="全县暴雨",
    text="Two heavy cells cross the county. Gauges go over their limits in the west first, rivers answer one after the "
    "other, small ones soon and great ones late, and slopes in several towns begin to move. Six hours pass in half an "
    "hour; the values are those of a real storm.",
    text_zh="两个强降雨云团先后过境。西部雨量站先超限，各条河流小的先涨、大的后涨，多个乡镇的坡体开始变形。"
    "六个小时压缩在半小时内播放，读数量级与真实暴雨一致。",
    expect="Rain alarms by the dozen within minutes, then stages over warning level, then slopes: one cause, three "
    "waves, several towns. Ends by itself: the rain stops after about twenty-five minutes, rivers fall and stations "
    "are surveyed within three hours.",
    expect_zh="几分钟内十余处雨强报警，接着河道超警，随后边坡位移：同一原因、三拨报警、多个乡镇。"
    "约二十五分钟雨停，三小时内水位回落、位移站复测归零。",
    duration_s=1_800,
    fades_s=int(OVER_S),
    kinds=("rain", "river_stage", "displacement"),
    effect=_storm,
)
