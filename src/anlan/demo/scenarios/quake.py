"""An earthquake of magnitude 5.5 under the county: many instruments at once, by distance."""

from __future__ import annotations

import numpy as np

from anlan.demo.county.model import Point
from anlan.demo.county.noise import even
from anlan.demo.scenarios.script import Floats, Scenario, ebb

#: Epicentre, km east and north of the county's middle; magnitude; depth, km; speed of the strong waves, km/s.
EPICENTRE = (-9.0, 4.0)
MAGNITUDE, DEPTH_KM, WAVES_KM_S = 5.5, 10.0, 3.5

#: The aftershock: when, seconds, and its magnitude.
AFTERSHOCK_S, AFTERSHOCK = 480.0, 4.4

#: Power and data links come back after so long, seconds; leaks are closed.
POWER_S = 900.0

#: Stations on slopes are surveyed and set to zero again six hours later.
REZERO_S = 21_600.0

#: From this intensity on links fail, slopes give way here and there, and flanges leak.
CUT_FROM, SLIP_FROM, LEAK_FROM = 5.8, 5.8, 5.9


def intensity(magnitude: float, km: float) -> float:
    """Intensity at a distance: long axis for the west of China, Wang Suyun et al. (2000)."""
    return 5.253 + 1.398 * magnitude - 4.164 * float(np.log10(km + 26.0))


def _away(point: Point) -> float:
    return float(np.hypot(point.traits["x"] - EPICENTRE[0], point.traits["y"] - EPICENTRE[1]))


def _arrival(point: Point) -> float:
    return float(np.hypot(_away(point), DEPTH_KM)) / WAVES_KM_S


def _shaking(point: Point, s: Floats, normal: Floats) -> Floats:
    """An intensity meter tells the highest of the last minute."""
    told = normal
    for began, magnitude in ((0.0, MAGNITUDE), (AFTERSHOCK_S, AFTERSHOCK)):
        since = s - began - _arrival(point)
        rise = np.clip(since / 6.0, 0.0, 1.0)
        top = normal + max(intensity(magnitude, _away(point)) - 1.0, 0.0) * rise * ebb(since, 60.0, 25.0)
        told = np.maximum(told, np.where(since >= 0, top, normal))
    return told


def _quake(point: Point, s: Floats, normal: Floats) -> Floats:
    felt, luck = intensity(MAGNITUDE, _away(point)), float(even(37, point.number))
    since = s - _arrival(point)
    shaken = since >= 0
    if point.kind == "seismic_intensity":
        return _shaking(point, s, normal)
    if point.kind == "displacement":
        # Loose ground settles by millimetres; one slope in six gives way and creeps on for some minutes.
        jump = 0.8 * max(felt - 4.0, 0.0) * (0.5 + luck)
        if felt >= SLIP_FROM and luck < 1 / 6:
            jump = jump + 24.0 + 150.0 * luck * (1 - np.exp(-np.clip(since, 0.0, None) / 240.0))
        return normal + np.where(shaken, jump, 0.0) * np.clip((REZERO_S - s) / 1_800.0, 0.0, 1.0)
    if point.kind == "tank_level":
        slosh = 0.12 * max(felt - 4.5, 0.0) * np.sin(2 * np.pi * since / 17.0) * np.exp(-np.clip(since, 0, None) / 70.0)
        return normal + np.where(shaken, slosh, 0.0)
    if felt >= CUT_FROM and luck < 0.45:  # a detector whose line is cut
        return np.where(shaken & (s < POWER_S), np.nan, normal)
    if felt >= LEAK_FROM and luck > 0.88:  # a flange that opened
        cloud = 46.0 * (1 - np.exp(-np.clip(since - 8.0, 0.0, None) / 20.0)) * ebb(s, POWER_S - 300.0, 100.0)
        return normal + cloud
    return normal


QUAKE = Scenario(
    name="quake",
    title="Earthquake of magnitude 5.5",
    title_zh="5.5 级地震",
    text="An earthquake of magnitude 5.5 strikes under the county. Intensity meters tell it within seconds; slopes "
    "settle and some give way, tanks slosh, lines of gas detectors are cut, flanges leak; an aftershock follows after "
    "eight minutes.",
    text_zh="县域发生 5.5 级地震。烈度仪数秒内报出；坡体下沉、个别失稳，储罐液面晃荡，部分气体探测器断线，"
    "少数法兰泄漏；八分钟后有余震。",
    expect="Many devices at once, nearest first: shaking, then silence of detectors (a cut line says nothing of the "
    "gas), some real gas and slope alarms among them. Ends by itself: power returns after fifteen minutes; displaced "
    "stations stay over their limits until they are surveyed six hours later.",
    expect_zh="由近及远许多设备同时报警：先是烈度，再是探测器失联（断线不等于没有气体），其中夹着真实的气体和边坡报警。"
    "十五分钟后供电恢复；位移报警保持到六小时后复测归零。",
    duration_s=1_200,
    fades_s=int(REZERO_S),
    kinds=("seismic_intensity", "displacement", "tank_level", "combustible_gas"),
    effect=_quake,
)
