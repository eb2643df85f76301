"""The points of ten kinds, each with what its signal depends on, and those that are computed from them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import shapely

from anlan.demo.county.model import KM_PER_LAT, KM_PER_LON, Derived, Gateway, Place, Point, River, Site, to_km
from anlan.demo.county.noise import even
from anlan.demo.county.sites import LEAK_FIRM, SLIDE_SLOPE


@dataclass(frozen=True, slots=True)
class Kind:
    """What all points of a kind share: instrument, unit, range, decimals, sampling and archive spacing in seconds."""

    word: str
    unit: str
    low: float
    high: float
    digits: int
    period_s: int
    archive_s: int
    count: int


KINDS: Mapping[str, Kind] = {
    "combustible_gas": Kind("可燃气体", "%LEL", 0, 100, 1, 15, 120, 84),
    "toxic_gas": Kind("硫化氢", "ppm", 0, 100, 1, 30, 120, 24),
    "tank_level": Kind("液位", "m", 0, 12, 2, 60, 300, 48),
    "tank_temperature": Kind("罐温", "℃", -20, 80, 1, 60, 300, 48),
    "tank_pressure": Kind("罐压", "MPa", 0, 2.5, 3, 60, 300, 22),
    "rain": Kind("雨强", "mm/h", 0, 240, 1, 120, 300, 30),
    "river_stage": Kind("水位", "m", 0, 15, 2, 300, 600, 16),
    "displacement": Kind("累计位移", "mm", -50, 500, 1, 300, 600, 28),
    "hotspot": Kind("热像最高温", "℃", -20, 600, 1, 60, 300, 6),
    "seismic_intensity": Kind("地震烈度", "", 1, 12, 1, 60, 600, 6),
}

#: Tank V-203 of the leak: its four detectors and how far they stand from the pump seal, m, and from the wind axis, deg.
LEAK_DETECTORS = {"GT-2031": (6.0, 5.0), "GT-2032": (14.0, 38.0), "GT-2033": (24.0, 10.0), "GT-2034": (9.0, 170.0)}

#: The three stations on the slope of the slide, and the gauge beside it.
SLIDE_STATIONS = ("GNSS-01", "GNSS-02", "GNSS-03")
SLIDE_GAUGE = "Y-101"

#: The gauges on what runs out of the county into the reservoir of Wangchao below it.
INFLOWS = ("Z-03", "Z-07", "Z-08")

#: Towns whose forests a camera looks over, and towns whose school has an intensity meter.
FOREST_TOWNS = ("104", "201", "202", "203", "105", "103")
METER_TOWNS = ("101", "102", "103", "106", "201", "203")


class Fitter:
    """Mounts points on sites."""

    def __init__(self, seed: int, towns: Sequence[Place]) -> None:
        self.seed = seed
        self.towns = {town.code: town for town in towns}
        self.points: list[Point] = []
        self.order: Counter[str] = Counter()

    def mount(
        self, kind: str, code: str, name: str, site: Site, *, metres: float = 0.0, bearing: float = 0.0, **traits: float
    ) -> Point:
        """Add a point `metres` from the site's place towards `bearing` (degrees clockwise from north)."""
        what = KINDS[kind]
        turn = np.radians(bearing)
        lon = site.lon + metres / 1000 * np.sin(turn) / KM_PER_LON
        lat = site.lat + metres / 1000 * np.cos(turn) / KM_PER_LAT
        # The gateway of a firm is its own control room; everything in the open hangs on the town's telemetry.
        firm = site.kind in {"chemical", "ammonia", "warehouse", "filling", "other", "mine"}
        x, y = to_km(lon, lat)
        point = Point(
            number=len(self.points) + 1,
            code=code,
            name=f"{name}{what.word}",
            kind=kind,
            unit=what.unit,
            digits=what.digits,
            site=site.code,
            town=site.town,
            gateway=f"QY-{site.code}" if firm else f"YC-{site.town[6:9]}",
            lon=round(float(lon), 6),
            lat=round(float(lat), 6),
            period_s=what.period_s,
            archive_s=what.archive_s,
            low=what.low,
            high=what.high,
            order=self.order[kind],
            peers=what.count,
            traits={"x": float(x), "y": float(y), **traits},
        )
        self.order[kind] += 1
        self.points.append(point)
        return point

    def draw(self, *keys: int) -> float:
        """An even number for the next point."""
        return float(even(self.seed, 701, len(self.points), *keys))

    def between(self, low: float, high: float, *keys: int) -> float:
        """An even number between two."""
        return low + (high - low) * self.draw(*keys)


def fit_points(
    seed: int, sites: Sequence[Site], towns: Sequence[Place], rivers: Sequence[River]
) -> tuple[list[Gateway], list[Point]]:
    """All points, gateways first."""
    fitter = Fitter(seed, towns)
    by_kind: dict[str, list[Site]] = defaultdict(list)
    for site in sites:
        by_kind[site.kind].append(site)
    _chemical(fitter, by_kind["chemical"])
    _other_gas(fitter, by_kind)
    _pressure(fitter, by_kind)
    _open_air(fitter, by_kind, rivers)
    _watch(fitter, by_kind)
    points = [replace(point, peers=fitter.order[point.kind]) for point in fitter.points]
    names = {site.code: site.name for site in sites}
    gateways: dict[str, Gateway] = {}
    for point in points:
        town = fitter.towns[point.town]
        name = f"{names[point.site]}控制室" if point.gateway.startswith("QY") else f"{town.name}遥测终端"
        gateways.setdefault(point.gateway, Gateway(point.gateway, name, point.town))
    return [gateways[code] for code in sorted(gateways)], points


def _chemical(fitter: Fitter, firms: Sequence[Site]) -> None:
    """Four tanks a firm with level, temperature and a detector; the leaking tank has four detectors."""
    for k, firm in enumerate(firms, 1):
        for j in range(1, 5):
            tank = f"V-{k}{j:02d}"
            where = {"metres": 60.0 + 25 * j, "bearing": 70.0 * j + 20 * k}
            if firm.code == LEAK_FIRM and j == 3:
                for code, (metres, off) in LEAK_DETECTORS.items():
                    spot = {"metres": 100 + 2 * metres, "bearing": 130 + off}
                    base = fitter.between(2.6, 4.2)
                    fitter.mount("combustible_gas", code, f"{tank} 罐区", firm, **spot, base=base)
                level = {"low_m": 5.9, "full_m": 7.1}
            else:
                detectors = 2 if j == 1 and firm.code != LEAK_FIRM else 1
                for d in range(1, detectors + 1):
                    fitter.mount("combustible_gas", f"GT-{k}{j:02d}{d}", f"{tank} 罐区", firm,
                                 metres=where["metres"] + 12 * d, bearing=where["bearing"],
                                 base=fitter.between(1.2, 4.8))  # fmt: skip
                level = {"low_m": fitter.between(2.4, 4.8), "full_m": fitter.between(7.4, 9.6, 2)}
            fitter.mount("tank_level", f"LT-{k}{j:02d}1", tank, firm, **where, **level,
                         cycle_h=fitter.between(60, 190, 3), phase=fitter.draw(4))  # fmt: skip
            fitter.mount("tank_temperature", f"TT-{k}{j:02d}1", tank, firm, **where,
                         base=fitter.between(15, 18), swing=fitter.between(1.0, 2.6, 2))  # fmt: skip
        fitter.mount("toxic_gas", f"HT-{k}01", "装卸区", firm, metres=45, bearing=33 * k, base=fitter.between(0.2, 0.7))


def _other_gas(fitter: Fitter, by_kind: Mapping[str, Sequence[Site]]) -> None:
    for k, site in enumerate(by_kind["filling"], 1):
        fitter.mount("combustible_gas", f"GT-J{k:02d}", "卸油口", site, metres=15, bearing=40 * k,
                     base=fitter.between(1.0, 3.6))  # fmt: skip
    for k, site in enumerate(by_kind["warehouse"][:2], 1):
        fitter.mount("combustible_gas", f"GT-W{k:02d}", "甲类库", site, metres=30, bearing=80 * k,
                     base=fitter.between(1.0, 3.0))  # fmt: skip
    for k, site in enumerate(by_kind["other"], 1):
        for d, where in enumerate(("格栅间", "污泥间"), 1):
            fitter.mount("toxic_gas", f"HT-S{k}{d}", where, site, metres=35, bearing=150 * d,
                         base=fitter.between(0.6, 1.5))  # fmt: skip
    for k, site in enumerate(by_kind["mine"][:4], 1):
        fitter.mount("toxic_gas", f"HT-K{k}1", "回风巷", site, metres=80, bearing=70 * k, base=fitter.between(0.2, 0.9))


def _pressure(fitter: Fitter, by_kind: Mapping[str, Sequence[Site]]) -> None:
    for k, site in enumerate(by_kind["ammonia"], 1):
        for d, name in enumerate(("贮氨器", "低压循环桶"), 1):
            base = fitter.between(1.02, 1.16) if d == 1 else fitter.between(0.30, 0.45)
            fitter.mount("tank_pressure", f"PT-A{k}{d}", name, site, metres=20, bearing=90 * d, base=base, swing=0.03)
    for k, site in enumerate(by_kind["chemical"][:10], 1):
        fitter.mount("tank_pressure", f"PT-{k}501", f"V-{k}05 球罐", site, metres=150, bearing=36 * k,
                     base=fitter.between(0.62, 0.98), swing=0.05)  # fmt: skip


def _open_air(fitter: Fitter, by_kind: Mapping[str, Sequence[Site]], rivers: Sequence[River]) -> None:
    """Slopes first: the slide's own gauge is the first of the rain gauges."""
    slide = next(site for site in by_kind["slope"] if site.code == SLIDE_SLOPE)
    slopes = [site for site in by_kind["slope"] if site is not slide]
    for k, code in enumerate(SLIDE_STATIONS):
        fitter.mount("displacement", code, f"{_short(slide)}{'上中下'[k]}部", slide, metres=70 * (k - 1), bearing=200,
                     creep_mm=5.5 - k)  # fmt: skip
    for k, site in enumerate(slopes[:19], 4):
        fitter.mount("displacement", f"GNSS-{k:02d}", _short(site), site, creep_mm=fitter.between(1.5, 8.5))
    for k, site in enumerate(by_kind["tailings"], 1):
        for d, where in enumerate(("坝顶", "坝坡", "坝肩"), 1):
            fitter.mount("displacement", f"WY-{k}{d}", f"{site.name}{where}", site, metres=90, bearing=120 * d,
                         creep_mm=fitter.between(1.0, 4.0))  # fmt: skip
    fitter.mount("rain", SLIDE_GAUGE, _short(slide), slide, metres=60, bearing=90)
    gauged = [*slopes[:3], *by_kind["tailings"], *by_kind["rain"]]
    for k, site in enumerate(gauged, 102):
        name = site.name.removesuffix("雨量站") if site.kind == "rain" else _short(site)
        fitter.mount("rain", f"Y-{k}", name, site, metres=40, bearing=270)
    for k, site in enumerate(by_kind["hydro"], 1):
        water = dict(site.facts)["river"]
        width, head = _upstream(rivers, water, site)
        x, y = head
        # Great rivers answer late and to rain far up; small ones within the hour.
        fitter.mount("river_stage", f"Z-{k:02d}", site.name.removesuffix("水文站"), site,
                     base=fitter.between(1.5, 2.3), rain_x=x, rain_y=y, gain=0.023 if width < 4 else 0.016,
                     lag_h=0.6 * width, fall_h=1.6 + 1.1 * width)  # fmt: skip


def _watch(fitter: Fitter, by_kind: Mapping[str, Sequence[Site]]) -> None:
    """Cameras on the masts of rain gauges in the forest towns, intensity meters in the cellars of schools."""
    for k, town in enumerate(FOREST_TOWNS, 1):
        mast = next(site for site in by_kind["rain"] if site.town[6:9] == town)
        fitter.mount("hotspot", f"LH-{k:02d}", f"{mast.name.removesuffix('雨量站')}林区", mast, metres=40, bearing=180,
                     base=fitter.between(20, 25))  # fmt: skip
    for k, town in enumerate(METER_TOWNS, 1):
        school = next(site for site in by_kind["school"] if site.town[6:9] == town)
        fitter.mount("seismic_intensity", f"LD-{k:02d}", school.name, school, metres=30, bearing=90)


def fit_derived(points: Sequence[Point]) -> list[Derived]:
    """Points that are computed from others: the slide's movement, the ground's wetness, what runs into a reservoir.

    The steady rate of the slope and the ratings of the gauges are made up, as all of the county is.
    """
    names = {point.code: point.name.removesuffix(KINDS[point.kind].word) for point in points}
    made = []
    for k, code in enumerate(SLIDE_STATIONS, 1):
        made.append(Derived(f"SL-{k:02d}", f"{names[code]}位移速率", "velocity", (code,), {"window_h": 6.0}))
        made.append(Derived(f"QX-{k:02d}", f"{names[code]}切线角", "tangent_angle", (code,),
                            {"v0": 6.0, "window_h": 6.0}))  # fmt: skip
        made.append(Derived(f"SW-{k:02d}", f"{names[code]}失稳时间", "failure_time", (code,),
                            {"window_h": 1 / 12, "onset": 500.0}))  # fmt: skip
    for code in (SLIDE_GAUGE, "Y-102", "Y-103", "Y-104"):
        made.append(Derived(f"YX-{code[2:]}", f"{names[code]}有效雨量", "effective_rain", (code,),
                            {"k": 0.84, "days": 15.0}))  # fmt: skip
    rated = {point.code: point.traits["base"] for point in points if point.code in INFLOWS}
    for code, base in rated.items():
        rating = {"a": 14.0, "zero": round(base - 1.0, 2), "b": 1.8, "low": round(base - 0.9, 2), "high": 6.0}
        made.append(Derived(f"LL-{code[2:]}", f"{names[code]}流量", "discharge", (code,), rating))
    inflow = tuple(f"LL-{code[2:]}" for code in rated)
    return [*made, Derived("RK-01", "望潮水库入库流量", "sum", inflow, {})]


def _short(site: Site) -> str:
    """柳湾滑坡 of 柳湾滑坡隐患点."""
    return site.name.removesuffix("隐患点")


def _upstream(rivers: Sequence[River], name: str, site: Site) -> tuple[int, tuple[float, float]]:
    """Width class of a river at a gauge, and the middle of the catchment, km: eight kilometres up the named river."""
    here = shapely.Point(site.lon, site.lat)
    own = [river for river in rivers if river.name == name]
    at = min(own, key=lambda river: river.line.distance(here))
    along = at.line.project(here)
    head = at.line.interpolate(max(along - 8.0 / 100, 0.0))
    x, y = to_km(head.x, head.y)
    return at.width, (float(x), float(y))
