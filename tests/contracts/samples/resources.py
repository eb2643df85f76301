"""Samples of the app `resources`."""

PLACE = {"region": "990123101201", "lon": 104.1, "lat": 31.6}

SAMPLES = {
    "team": lambda world: {
        **PLACE, "name": "沧浪镇综合应急救援队", "kind": "general", "rank": "town", "members": 36, "full_time": 6,
        "skills": ["search", "dyke"], "readiness": "ready", "minutes": 15, "unit": "沧浪镇人民政府",
        "founded_on": "2021-05-12", "drilled_on": "2026-10-08", "leader": "顾知远", "leader_phone": "19000004101",
        "deputy": "沈清和", "deputy_phone": "19000004102", "address": "镇政府院内",
    },
    "team-vehicle": lambda world: {
        "name": "抢险救援车", "team": world.record("team"), "kind": "rescue", "plate": "岚A·J0119", "seats": 6,
        "load_t": 3.5, "condition": "fit", "inspected_until": "2027-03-31", "driver": "叶朗川",
        "driver_phone": "19000004103",
    },
    "team-equipment": lambda world: {
        "name": "正压式空气呼吸器", "team": world.record("team"), "supply": "breathing-set", "model": "RHZK6.8",
        "quantity": 12, "condition": "fit", "bought_on": "2024-04-02", "checked_on": "2026-09-15",
    },
    "expert": lambda world: {
        **PLACE, "name": "祝怀谷", "fields": ["chemical", "fire"], "title": "高级工程师", "employer": "澄江市化工协会",
        "phone": "19000004104", "appointed_until": "2028-12-31", "busy": False, "address": "学府路3号",
    },
    "fire-station": lambda world: {
        **PLACE, "name": "沧浪消防救援站", "kind": "second", "firefighters": 24, "engines": 4, "area_km2": 3.6,
        "built_on": "2015-06-01", "duty_phone": "19000004105", "leader": "卓立行", "address": "滨江路119号",
    },
    "volunteer-group": lambda world: {
        **PLACE, "name": "安澜蓝帆救援队", "kind": "rescue", "members": 60, "trained": 42, "skills": ["water", "rope"],
        "registered_at": "县民政局", "agreement_until": "2027-06-30", "insured": True, "contact": "程野",
        "contact_phone": "19000004106", "address": "文化站二楼",
    },
    "store": lambda world: {
        **PLACE, "name": "沧浪镇应急物资储备点", "kind": "town_point", "rank": "town", "area_m2": 180, "volume_m3": 540,
        "unit": "沧浪镇应急办", "open_all_hours": True, "truck_access": True, "checked_on": "2026-10-20",
        "keeper": "苏若汀", "keeper_phone": "19000004107", "address": "镇政府后院",
    },
    "machine": lambda world: {
        **PLACE, "name": "履带式挖掘机", "kind": "excavator", "model": "ZX200", "capacity": "1.0 m³", "plate": "挖-07",
        "condition": "fit", "owner": "恒川土石方有限公司", "owner_phone": "19000004108", "driver": "骆砚",
        "driver_phone": "19000004109", "day_rate": "1800", "agreement_until": "2027-12-31", "address": "石桥堆场",
    },
    "reserve": lambda world: {
        **PLACE, "name": "瓶装水协议储备", "company": "澜源饮品有限公司", "supply": "bottled-water", "quantity": 20000,
        "unit": "L", "ready_hours": 2, "unit_price": "1.5", "agreement": "XY-2026-03", "agreement_until": "2027-03-31",
        "contact": "温禾", "contact_phone": "19000004110", "address": "工业二路9号",
    },
    "shelter": lambda world: {
        **PLACE, "name": "沙头中学避难场所", "kind": "short", "setting": "mixed", "usable_m2": 2400,
        "stated_places": 1100, "facilities": ["water", "toilets"], "hazards": ["earthquake", "flood"], "toilets": 24,
        "taps": 12, "owner": "沙头中学", "built_on": "2018-09-01", "checked_on": "2026-05-12", "keeper": "傅听桥",
        "keeper_phone": "19000004111", "address": "沙头村中学路1号",
    },
    "landing-place": lambda world: {
        **PLACE, "name": "沙头河滩起降点", "surface": "gravel", "length_m": 60, "width_m": 45, "altitude_m": 412,
        "aircraft": ["light", "medium"], "lights": False, "water": True, "obstacles": "东侧 120 m 有 10 kV 线路",
        "surveyed_on": "2026-03-08", "keeper": "晏遥", "keeper_phone": "19000004112", "address": "沙头村河滩",
    },
}  # fmt: skip
