"""The two hundred sites: firms, stations, public houses and hazard points, each on land that suits it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import shapely
from shapely.geometry import LineString

from anlan.demo.county.ids import credit_code
from anlan.demo.county.model import COUNTY, Lake, Place, River, Road, Site, to_km, to_lonlat
from anlan.demo.county.names import firm_words, person_name, phone
from anlan.demo.county.noise import even, scramble
from anlan.demo.county.relief import Land

#: How many of each kind; 200 together.
COUNTS = {
    "chemical": 12, "tailings": 2, "mine": 8, "filling": 20, "fireworks": 14, "dust": 10, "ammonia": 6,
    "warehouse": 10, "school": 18, "hospital": 12, "shelter": 16, "slope": 28, "hydro": 16, "rain": 24, "other": 4,
}  # fmt: skip

#: First letters of the site codes.
PREFIX = {
    "chemical": "CHE", "tailings": "TSF", "mine": "MIN", "filling": "FIL", "fireworks": "FWK", "dust": "DST",
    "ammonia": "NH3", "warehouse": "WHS", "school": "SCH", "hospital": "HSP", "shelter": "SHL", "slope": "SLP",
    "hydro": "HYD", "rain": "RNG", "other": "OTH",
}  # fmt: skip

#: The firm of the leak, the slope of the slide: known by place in their kind.
LEAK_FIRM = "CHE-002"
SLIDE_SLOPE = "SLP-001"

_FIRMS = {"chemical", "tailings", "mine", "filling", "dust", "ammonia", "warehouse", "other"}
_PUBLIC = {"school", "hospital"}


class Surveyor:
    """Finds land: dry, inside a town, near what it should be near."""

    def __init__(
        self, land: Land, towns: Sequence[Place], villages: Sequence[Place], lakes: Sequence[Lake], seed: int
    ) -> None:
        self.land, self.seed = land, seed
        self.towns = {town.code[6:9]: town for town in towns}
        self.villages = list(villages)
        self.water = shapely.union_all([lake.shape for lake in lakes])
        self.tree = shapely.STRtree([village.boundary for village in villages])
        self.slope = land.slope()
        self._serial = 0

    def near(
        self, town: str, lon: float, lat: float, reach_km: float, wish: Callable[[float, float], float]
    ) -> tuple[float, float]:
        """The best of forty places within `reach_km` inside a town; `wish(x_km, y_km)` is the lower the better."""
        self._serial += 1
        x, y = to_km(lon, lat)
        turn = even(self.seed, 601, self._serial, np.arange(40)) * 2 * np.pi
        far = reach_km * np.sqrt(even(self.seed, 602, self._serial, np.arange(40)))
        best: tuple[float, float, float] | None = None
        shape = self.towns[town].boundary
        for a, r in zip(turn.tolist(), far.tolist(), strict=True):
            there = float(x + r * np.cos(a)), float(y + r * np.sin(a))
            place = shapely.Point(*to_lonlat(*there))
            if shape.contains(place) and not self.water.contains(place):
                cost = wish(*there)
                if best is None or cost < best[0]:
                    best = (cost, place.x, place.y)
        if best is None:
            raise ValueError(f"no dry land within {reach_km} km of {lon:.4f}, {lat:.4f} in town {town}")
        return round(best[1], 6), round(best[2], 6)

    def gentle(self, x: float, y: float) -> float:
        """A wish for flat land, not in a river bed; a whim keeps firms from standing in a row."""
        cell = self.land.cell(x, y)
        whim = float(even(self.seed, 609, round(x * 1000), round(y * 1000)))
        return float(self.slope[cell]) + 0.5 * float(self.land.area_km2[cell] > 40) + 0.16 * whim

    def steep(self, x: float, y: float) -> float:
        """A wish for a slope of about 35 degrees."""
        return abs(float(self.slope[self.land.cell(x, y)]) - 0.7)

    def anywhere(self, x: float, y: float) -> float:
        """No wish: the first place that is dry."""
        return 0.0

    def village_at(self, lon: float, lat: float) -> Place:
        """The village whose land it is."""
        return self.villages[int(self.tree.query(shapely.Point(lon, lat), predicate="intersects")[0])]

    def villages_of(self, town: str) -> list[Place]:
        """Villages of a town, its seat first."""
        return [village for village in self.villages if village.code[6:9] == town]


class Clerk:
    """Writes the register: numbers, codes, keepers."""

    def __init__(self, surveyor: Surveyor) -> None:
        self.surveyor, self.seed = surveyor, surveyor.seed
        self.sites: list[Site] = []
        self.count: Counter[str] = Counter()

    def enter(
        self, kind: str, name: str, town: str, place: tuple[float, float], risk: int, address: str = "", **facts: str
    ) -> Site:
        """Add one site; without an address it is the village and a number."""
        self.count[kind] += 1
        serial = len(self.sites) + 1
        lon, lat = place
        village = self.surveyor.village_at(lon, lat)
        home = self.surveyor.towns[town]
        code = ""
        if kind in _FIRMS or kind in _PUBLIC or kind == "fireworks":
            sort = "12" if kind in _PUBLIC else "92" if kind == "fireworks" else "91"
            code = credit_code(sort, COUNTY, int(scramble(self.seed, 603, serial)) % 100_000_000)
        number = int(scramble(self.seed, 604, serial)) % 180 + 1
        site = Site(
            code=f"{PREFIX[kind]}-{self.count[kind]:03d}",
            name=name,
            kind=kind,
            town=home.code,
            village=village.code,
            address=address or f"安澜县{home.name}{village.name}{number}号",
            credit_code=code,
            risk=risk,
            keeper=person_name(self.seed, 9000 + serial),
            keeper_phone=phone(self.seed, 9000 + serial),
            lon=lon,
            lat=lat,
            facts=tuple(facts.items()),
        )
        self.sites.append(site)
        return site


def build_sites(surveyor: Surveyor, roads: Sequence[Road], rivers: Sequence[River]) -> list[Site]:
    """All sites in the order of `COUNTS`."""
    clerk, words = Clerk(surveyor), firm_words(surveyor.seed)
    _industry(clerk, words)
    _filling(clerk, roads)
    _trade(clerk, words)
    _public(clerk)
    _nature(clerk, rivers)
    order = list(COUNTS)
    return sorted(clerk.sites, key=lambda site: (order.index(site.kind), site.code))


def _industry(clerk: Clerk, words: Iterator[str]) -> None:
    s = clerk.surveyor
    seat = s.towns["102"]
    park = s.near("102", seat.lon + 2.0 / 94.6, seat.lat - 1.2 / 110.9, 1.2, s.gentle)
    kinds = ("化工有限公司", "新材料有限公司", "精细化工有限公司", "涂料有限公司", "化学品储运有限公司", "树脂有限公司")
    for k in range(COUNTS["chemical"]):
        if k == 1:
            name = "澜润化工仓储有限公司"
        else:
            name = f"安澜{next(words)}{kinds[k % len(kinds)]}"
        if k < 10:
            place = park if k == 1 else s.near("102", *park, 1.5, s.gentle)
            street = "经" if k % 2 else "纬"
            number = 6 if k == 1 else 3 + k * 4
            address = f"安澜县沧浦镇沧浦化工园区{street}{'一二三'[k % 3]}路{number}号"
            clerk.enter("chemical", name, "102", place, (2, 2, 1, 3, 2, 3, 3, 2, 3, 3)[k], address, park="沧浦化工园区")
        else:
            town = ("107", "101")[k - 10]
            home = s.towns[town]
            clerk.enter("chemical", name, town, s.near(town, home.lon, home.lat, 4.5, s.gentle), 3)
    home = s.towns["103"]
    for k in range(COUNTS["tailings"]):
        place = s.near("103", home.lon - 0.03 + 0.05 * k, home.lat - 0.02 - 0.012 * k, 2.5, s.steep)
        words_of = "一二"[k]
        clerk.enter("tailings", f"丹崖铜矿{words_of}号尾矿库", "103", place, (1, 2)[k], grade="四等库", method="上游法")
    ores = ("铜矿", "石灰岩矿", "页岩矿", "石英岩矿", "砂石矿")
    for k, town in enumerate(("103", "103", "105", "105", "203", "201", "104", "108")):
        home = s.villages_of(town)[2 + k % 4]
        place = s.near(town, home.lon, home.lat, 3.0, s.steep)
        name = "丹崖铜矿有限公司" if k == 0 else f"{_word(home)}{ores[1 + k % 4]}"
        clerk.enter("mine", name, town, place, (2, 3, 2, 3, 3, 3, 4, 4)[k])


def _filling(clerk: Clerk, roads: Sequence[Road]) -> None:
    """Stations stand at the roadside, two in a busy town."""
    s = clerk.surveyor
    lines: dict[str, list[LineString]] = {town: [] for town in s.towns}
    for road in roads:
        if road.rank <= 3:
            for town, home in s.towns.items():
                inside = shapely.intersection(road.line, home.boundary)
                lines[town] += [
                    p for p in shapely.get_parts(inside) if p.geom_type == "LineString" and p.length > 0.004
                ]
    plan = (
        ("101",) * 4
        + ("102",) * 3
        + ("103", "103", "106", "106", "108", "108")
        + tuple(town for town in s.towns if town not in {"101", "102", "103", "106", "108"})
    )
    used: set[str] = set()
    for k in range(COUNTS["filling"]):
        town = plan[k]
        # A few metres off the road, on dry land, each by another village.
        for attempt in range(40):
            street = lines[town][(k + attempt) % len(lines[town])]
            place = street.interpolate(float(even(s.seed, 605, k, attempt)), normalized=True)
            lon, lat = s.near(town, place.x, place.y, 0.15, s.anywhere)
            name = f"{_word(s.village_at(lon, lat))}加油站"
            if name not in used:
                break
        else:
            raise ValueError(f"no village left for a filling station in town {town}")
        used.add(name)
        clerk.enter("filling", name, town, (lon, lat), 3 if k % 3 else 4)


def _trade(clerk: Clerk, words: Iterator[str]) -> None:
    s = clerk.surveyor
    towns = list(s.towns)
    for k in range(COUNTS["fireworks"]):
        town = towns[k % len(towns)]
        home = s.villages_of(town)[1 + k // len(towns) * 3 + k % 3]
        place = s.near(town, home.lon, home.lat, 0.5, s.gentle)
        clerk.enter("fireworks", f"{_word(home)}烟花爆竹零售店", town, place, 4 if k % 4 else 3)
    trades = ("木业有限公司", "面粉有限公司", "铝制品有限公司", "家具有限公司", "饲料有限公司")
    for k in range(COUNTS["dust"]):
        town = ("101", "102", "108", "109", "106", "105", "101", "102", "107", "108")[k]
        home = s.towns[town]
        place = s.near(town, home.lon, home.lat, 3.0, s.gentle)
        clerk.enter("dust", f"安澜{next(words)}{trades[k % 5]}", town, place, 3 if k % 3 else 2)
    for k in range(COUNTS["ammonia"]):
        town = ("101", "102", "106", "108", "109", "107")[k]
        home = s.towns[town]
        place = s.near(town, home.lon, home.lat, 2.5, s.gentle)
        trade = ("冷链物流有限公司", "食品有限公司")[k % 2]
        clerk.enter("ammonia", f"安澜{next(words)}{trade}", town, place, 2 if k == 1 else 3)
    for k in range(COUNTS["warehouse"]):
        town = ("102", "102", "101", "101", "106", "108", "109", "103", "105", "107")[k]
        home = s.towns[town]
        place = s.near(town, home.lon, home.lat, 3.5, s.gentle)
        trade = "危险品仓储有限公司" if k < 2 else "物流仓储有限公司"
        clerk.enter("warehouse", f"安澜{next(words)}{trade}", town, place, 2 if k < 2 else 4)


def _public(clerk: Clerk) -> None:
    s = clerk.surveyor
    towns = list(s.towns)
    schools = [(town, f"{s.towns[town].name}中心学校") for town in towns]
    schools += [("101", "安澜县第一中学"), ("101", "安澜县第二中学"), ("101", "澜城镇临江小学"),
                ("102", "沧浦镇第二中学"), ("106", "鹤屿镇第二小学"), ("108", "麦坪镇第二小学")]  # fmt: skip
    for town, name in schools:
        home = s.towns[town]
        clerk.enter("school", name, town, s.near(town, home.lon, home.lat, 1.3, s.gentle), 4)
    for town in towns:
        home = s.towns[town]
        name = "安澜县人民医院" if town == "101" else f"{home.name}中心卫生院"
        clerk.enter("hospital", name, town, s.near(town, home.lon, home.lat, 0.9, s.gentle), 4)
    for k in range(COUNTS["shelter"]):
        town = towns[k % len(towns)]
        home = s.villages_of(town)[k // len(towns)]
        place = s.near(town, home.lon, home.lat, 0.8, s.gentle)
        room = 200 + int(scramble(s.seed, 606, k)) % 18 * 100
        clerk.enter("shelter", f"{_word(home)}应急避难场所", town, place, 4, capacity=f"{room} 人")
    for k, town in enumerate(("101", "102", "106", "108")):
        home = s.towns[town]
        name = f"{home.name}污水处理厂"
        clerk.enter("other", name, town, s.near(town, home.lon, home.lat, 2.2, s.gentle), 3 + k % 2)


def _nature(clerk: Clerk, rivers: Sequence[River]) -> None:
    s = clerk.surveyor
    plan = (
        ("201",) * 5 + ("104",) * 4 + ("202",) * 4 + ("105",) * 4 + ("203",) * 4 + ("103",) * 4 + ("106", "108", "109")
    )
    sorts = ("滑坡", "不稳定斜坡", "滑坡", "崩塌")
    seen: Counter[str] = Counter()
    for k, town in enumerate(plan):
        seen[town] += 1
        home = s.villages_of(town)[seen[town] % len(s.villages_of(town))]
        place = s.near(town, home.lon, home.lat, 2.2, s.steep)
        threatened = 12 + int(scramble(s.seed, 607, k)) % 140
        risk = 2 if k == 0 else (2, 3, 3, 4)[int(scramble(s.seed, 608, k)) % 4]
        sort = sorts[k % 4]
        name = f"{_word(home)}{sort}隐患点"
        clerk.enter("slope", name, town, place, risk, threatened=f"{threatened} 人", sort=sort)
    _hydro(clerk, rivers)
    towns = list(s.towns)
    for k in range(COUNTS["rain"]):
        town = towns[k % len(towns)]
        homes = s.villages_of(town)
        home = homes[0] if k < len(towns) else homes[len(homes) - 1 - k % 3]
        place = s.near(town, home.lon, home.lat, 0.8, s.gentle)
        clerk.enter("rain", f"{_word(home)}雨量站", town, place, 4)


def _hydro(clerk: Clerk, rivers: Sequence[River]) -> None:
    """Gauges at the banks of the named rivers, where a town's land meets the longest stretch first."""
    s = clerk.surveyor
    reaches = []
    for river in rivers:
        if not river.name:
            continue
        for town, home in s.towns.items():
            reaches += [
                (part.length, town, river.name, part)
                for part in shapely.get_parts(shapely.intersection(river.line, home.boundary))
                if part.geom_type == "LineString" and part.length > 0.02
            ]
    reaches.sort(key=lambda reach: -reach[0])
    used: set[str] = set()
    entered = 0
    for share in (0.5, 0.2, 0.8, 0.35, 0.65):
        for _, town, water, part in reaches:
            if entered == COUNTS["hydro"]:
                return
            bank = part.interpolate(share, normalized=True)
            if s.water.distance(bank) < 0.006:
                continue
            village = s.village_at(bank.x, bank.y)
            name = f"{water}{_word(village)}水文站"
            if name in used or not s.towns[town].boundary.contains(bank):
                continue
            used.add(name)
            entered += 1
            clerk.enter("hydro", name, town, (round(bank.x, 6), round(bank.y, 6)), 4, river=water)


def _word(village: Place) -> str:
    """柳湾 of 柳湾村 or 柳湾社区."""
    return village.name.removesuffix("村").removesuffix("社区")
