"""What reads a sheet column by column says the same as what reads one row, and what sorts names out loses no double."""

from __future__ import annotations

import random
from datetime import date, datetime

import numpy as np
import pytest
from importing_world import ENTERPRISES
from small_county import NOW

from anlan.apps.sites.declarations import LICENCES
from anlan.apps.sites.models import Enterprise
from anlan.kernel.people.services import system_user
from anlan.kernel.registers import doubles
from anlan.kernel.registers import services as registers
from anlan.kernel.registers.importing.likeness import Sample, likely
from anlan.kernel.registers.services.cleaning import clean, clean_many
from anlan.kernel.registers.values import Lookups

#: What stands in cells, right and wrong, for any field.
WRITINGS = (
    None, "", "  ", "甲厂", "甲厂", "  全角ＡＢＣ １２ ", "化工", "chemical", "Ⅱ", "红", 2, 2.0, 2.5, -1, "1,200", "９",
    True, False, "是", "2026-11-30", "2026年1月2日", "20261130", date(2026, 1, 2), datetime(2026, 1, 2, 3, 4), "飞船",
    "x" * 400, "丹崖镇", "丹崖镇/云台村", "990123101201", "无此镇", 104.1, 31.6, "104.6", 999,
    "91990123MA00000011", "S-1", 1e300,
    "甲厂\n乙厂", "\u200b", ["a"], [],
)  # fmt: skip


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("register", [ENTERPRISES, LICENCES], ids=lambda one: one.code)
def test_many_rows_are_read_as_each_of_them_is(sites, register, seed):
    chance = random.Random(seed)
    known = list(register.model.present.select_related("region")) or [None]
    rows, records = [], []
    for _ in range(60):
        record = chance.choice([None, None, *known])
        names = chance.sample(register.fields, chance.randrange(len(register.fields)))
        row = {name: chance.choice(WRITINGS) for name in names}
        if chance.random() < 0.7:
            row |= {"name": "乙厂", "region": "丹崖镇", "kind": "other"}
        rows.append(row)
        records.append(record)
    many = clean_many(register, rows, records=records, lookups=Lookups())
    lookups = Lookups()
    for row, record, found in zip(rows, records, many, strict=True):
        one = clean(register, row, record=record, lookups=lookups)
        assert dict(found.values) == dict(one.values), row
        assert list(found.values) == list(one.values)
        assert found.faults == one.faults, row


def test_no_two_records_share_a_list(county):
    rows = [{"name": "甲", "region": "丹崖镇"}] * 2
    one, other = clean_many(ENTERPRISES, rows, records=[None, None], lookups=Lookups())
    for name, value in one.values.items():
        assert not isinstance(value, list) or value is not other.values[name]


@pytest.mark.parametrize("seed", range(4))
def test_likely_doubles_are_those_of_the_plain_definition(county, seed):
    chance = random.Random(seed)
    parts = ("恒泽", "润丰", "嘉和", "沐川", "化工", "木业", "面粉", "冷链", "甲", "A1", "有限公司", "厂", "𠮷")

    def name() -> str:
        return "".join(chance.choice(parts) for _ in range(chance.randrange(1, 6)))

    def place() -> tuple[float, float]:
        spot = chance.randrange(4)
        return 104.1 + spot / 100 + chance.random() / 400, 31.6 + chance.random() / 400

    regions = [county.canglang, county.danya]
    for at in range(40):
        lon, lat = place() if chance.random() < 0.7 else (None, None)
        raw = {"name": name() or "丙", "kind": "other", "region": chance.choice(regions), "lon": lon, "lat": lat}
        registers.create(ENTERPRISES, {**raw, "code": f"X-{at}"}, actor=system_user("tests"), now=NOW)
    places = [place() if chance.random() < 0.7 else (np.nan, np.nan) for _ in range(120)]
    names = [name() for _ in places]
    homes = [chance.choice(regions).pk for _ in places]
    lon, lat = (np.array([one[side] for one in places]) for side in (0, 1))
    found = likely(ENTERPRISES, Sample(names, lon, lat, np.array(homes)))
    known = [
        (one.pk, one.name, np.nan if one.lon is None else one.lon, np.nan if one.lat is None else one.lat,
         one.region_id, -1)
        for one in Enterprise.present.order_by("pk")
    ]  # fmt: skip
    rows = [(0, names[at], lon[at], lat[at], homes[at], at) for at in range(len(names))]
    for at, mine in enumerate(rows):
        wanted = [
            (other[0], other[5])
            for other in [*known, *rows[:at]]
            if doubles.alike(mine[1], other[1]) >= doubles.ALIKE and _near(mine, other)
        ]
        said = [(one.pk, one.row) for one in found.get(at, [])]
        assert set(said) <= set(wanted)
        assert len(said) == min(len(wanted), 5), (mine, wanted, said)


def _near(mine, other) -> bool:
    """Within 300 m; where one of them has no place, in the same region with names that begin alike."""
    if not np.isnan(mine[2]) and not np.isnan(other[2]):
        dy = (other[3] - mine[3]) * doubles.DEGREE_M
        dx = (other[2] - mine[2]) * doubles.DEGREE_M * np.cos(np.radians(mine[3]))
        return bool(dx * dx + dy * dy <= doubles.NEAR_M**2)
    begins = doubles.core(mine[1])[:2] == doubles.core(other[1])[:2]
    return mine[4] == other[4] and begins
