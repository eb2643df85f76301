"""A slope that gives way after a cloudburst."""

from __future__ import annotations

import numpy as np

from anlan.demo.county.model import Point
from anlan.demo.county.noise import bell
from anlan.demo.county.points import SLIDE_GAUGE, SLIDE_STATIONS
from anlan.demo.scenarios.script import Floats, Scenario

#: First slip 24 s after the begin of the cloudburst, then creep that quickens until the mass finds a new rest.
SLIP_S, REST_S = 24.0, 620.0

#: Displacement of each station at rest, mm over what it was: upper, middle, lower.
REST_MM = dict(zip(SLIDE_STATIONS, (66.0, 82.0, 47.0), strict=True))

#: Share of it that the first slip takes.
SLIP_SHARE = 0.30

#: The stations are surveyed and set to zero again six hours later.
REZERO_S = 21_600.0


def _slide(point: Point, s: Floats, normal: Floats) -> Floats:
    code = point.code
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
    expect="A rain alarm first, then the three stations go yellow, orange, red. Velocity, tangent angle and, from the "
    "sixth minute, the time to failure follow as derived points with alarms of their own. Ends by itself: the mass "
    "rests after ten minutes, the alarms of displacement stay until the stations are surveyed six hours later.",
    expect_zh="先有雨强报警，三处位移站随后依次转黄、橙、红；位移速率、切线角以及约第六分钟起的失稳时间作为推算测点"
    "跟着报警。约十分钟后滑体停稳；位移报警保持到六小时后复测归零。",
    duration_s=1200,
    fades_s=int(REZERO_S),
    touches=(*SLIDE_STATIONS, SLIDE_GAUGE),
    effect=_slide,
)
