"""A forest fire between two towers."""

from __future__ import annotations

import numpy as np

from anlan.demo.county.model import Point
from anlan.demo.county.noise import bell
from anlan.demo.scenarios.script import Floats, Scenario, ebb, swell

#: Where it breaks out, km east and north of the county's middle.
FIRE_AT = (-20.5, 8.5)

#: The cameras that look over the county's forests, and the gauge beside the fire whose mast loses its power.
TOWERS = ("LH-01", "LH-02", "LH-03", "LH-04", "LH-05", "LH-06")
BURNT_GAUGE = "Y-101"

#: Apparent temperature of the flames in the picture of a camera beside them, ℃ over its surroundings, and how it falls
#: off with the distance, km: a pixel far away holds more forest than fire.
FLAMES, REACH_KM = 560.0, 8.0

#: The line around it is closed after so long, seconds; the gauge's mast falls earlier and is mended later.
HELD_S, MAST_S, MENDED_S = 900.0, 420.0, 1_500.0


def _fire(point: Point, s: Floats, normal: Floats) -> Floats:
    if point.code == BURNT_GAUGE:
        return np.where((s >= MAST_S) & (s < MENDED_S), np.nan, normal)
    far = float(np.hypot(point.traits["x"] - FIRE_AT[0], point.traits["y"] - FIRE_AT[1]))
    # It creeps at first, then runs upslope: half of its height in the first half minute, the rest in minutes.
    grown = 0.6 * swell(s, 15.0) + 0.4 * np.clip(s / 600.0, 0.0, 1.0)
    flicker = 1 + 0.05 * bell(point.number, (s // 10).astype(np.int64))
    return normal + FLAMES * np.exp(-far / REACH_KM) * grown * flicker * ebb(s, HELD_S, 120.0)


FIRE = Scenario(
    name="fire",
    title="Forest fire",
    title_zh="森林火灾",
    text="A forest fire breaks out between the watch cameras and runs upslope. The nearest cameras see it within half "
    "a minute, others as it grows; after seven minutes the rain gauge beside it loses its mast.",
    text_zh="林区起火并向坡上蔓延。最近的红外热像半分钟内发现，随火势增大更多点位看到；七分钟后火场旁雨量站杆塔断电。",
    expect="Hotspot alarms of the cameras by their distance, rising in level; then the silence of a rain gauge, which "
    "here means damage. Ends by itself: the line is closed after fifteen minutes, the gauge speaks again ten later.",
    expect_zh="各热像点按远近先后报警、逐级升高；随后一处雨量站失联，此时意味着损毁。十五分钟后火线合围、温度回落，"
    "再过十分钟雨量站恢复。",
    duration_s=1_620,
    fades_s=2_400,
    touches=(*TOWERS, BURNT_GAUGE),
    effect=_fire,
)
