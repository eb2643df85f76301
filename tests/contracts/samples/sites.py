"""Samples of the app `sites`: enterprises and what hangs on them."""

ENTERPRISE = {
    "name": "沙头精细化工有限公司",
    "kind": "chemical",
    "credit_code": "91990123MA00000158",
    "industry": "2614",
    "state": "running",
    "risk": 2,
    "park": "沧浦化工园区",
    "staff": 86,
    "safety_staff": 3,
    "region": "990123101201",
    "address": "经二路6号",
    "lon": 104.1,
    "lat": 31.6,
    "outline": '{"type":"Polygon","coordinates":[[[104.09,31.59],[104.11,31.59],[104.11,31.61],[104.09,31.59]]]}',
    "standardisation": "level-3",
    "standardised_until": "2028-05-01",
    "legal_person": "温砚秋",
    "legal_phone": "19000004811",
    "keeper": "窦长微",
    "keeper_phone": "19000004855",
}


def owner(world):
    """The enterprise of which a record is a part, and where it stands."""
    return {"enterprise": world.record("enterprise").code, "region": "990123101201"}


def place(world):
    """A part with a place of its own."""
    return {**owner(world), "lon": 104.101, "lat": 31.601, "risk": 3}


SAMPLES = {
    "enterprise": lambda world: ENTERPRISE,
    "licence": lambda world: {
        **owner(world),
        "name": "安全生产许可证",
        "kind": "LIC-PRODUCTION",
        "number": "（岚）WH安许证字〔2025〕0012",
        "issuer": "岚省应急管理厅",
        "since": "2025-03-01",
        "until": "2028-02-29",
    },
    "contact": lambda world: {
        **owner(world), "name": "窦长微", "role": "safety", "post": "安全总监", "phone": "19000004855",
        "at_night": True,
    },
    "unit": lambda world: {
        **owner(world),
        "name": "V-203 甲醇储罐",
        "kind": "tank",
        "medium": "甲醇",
        "built_on": "2015-06-01",
        "volume": 500,
        "design_pressure": 0.1,
        "working_pressure": 0.02,
        "has_gas_alarm": True,
        "lon": 104.101,
        "lat": 31.601,
    },
    "chemical": lambda world: {
        **owner(world),
        "name": "甲醇",
        "cas": "67-56-1",
        "unit": world.record("unit").code,
        "classes": ["W5.3"],
        "design_max": 395,
        "inventory": 210,
        "inventory_at": "2026-11-20 08:00",
    },
    "major-hazard": lambda world: {
        **owner(world),
        "name": "甲醇罐区",
        "kind": "storage",
        "surveyed_people": 12,
        "surveyed_on": "2026-05-01",
        "filed_level": 4,
        "principal": "温砚秋",
        "principal_phone": "19000004811",
        "lon": 104.101,
        "lat": 31.601,
    },
    "mine": lambda world: {
        **place(world), "name": "沙头石灰岩矿", "kind": "quarry", "mining": "open", "mineral": "石灰岩", "capacity": 60,
        "head": "翁千野", "head_phone": "19000004822",
    },
    "tailings-pond": lambda world: {
        **place(world), "name": "丹崖铜矿一号尾矿库", "volume": 420, "stored": 260, "height": 48, "method": "upstream",
        "nearest_m": 640, "downstream_people": 138, "head": "翁千野", "head_phone": "19000004822",
    },
    "fireworks-shop": lambda world: {
        **place(world), "name": "柳湾烟花爆竹零售店", "kind": "retail", "area": 24, "stock_boxes": 60,
        "only_shop": True,
        "licence_until": "2027-12-31", "head": "翁千野", "head_phone": "19000004822",
    },
    "filling-station": lambda world: {
        **place(world), "name": "丹崖加油站", "fuels": ["petrol", "diesel"], "grade": "3", "tanks": 4,
        "tank_volume": 120,
        "double_walled": True, "head": "翁千野", "head_phone": "19000004822",
    },
    "dust-site": lambda world: {
        **place(world), "name": "打磨车间", "dust": "metal", "process": "铝件打磨", "workers": 12, "collection": "wet",
        "relief": True,
    },
    "confined-space": lambda world: {
        **place(world), "name": "污水调节池", "kind": "underground", "number": 2, "dangers": ["h2s", "oxygen"],
        "entries_a_year": 4, "signed": True, "has_detector": True,
    },
    "ammonia-system": lambda world: {
        **place(world), "name": "一号冷库制冷系统", "use": "cold_store", "charge": 8.5, "built_on": "2016-04-01",
        "workers": 6, "detectors": 14,
    },
    "metal-furnace": lambda world: {
        **place(world), "name": "一号熔铝炉", "kind": "aluminium", "metal": "铝", "capacity": 15, "workers": 8,
        "water_alarm": True,
    },
}  # fmt: skip
