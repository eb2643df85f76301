"""Two stores with tents and water, and a shelter, in the small county."""

from __future__ import annotations

from datetime import date
from itertools import count
from types import SimpleNamespace

from small_county import NOW, plant_county

from anlan.apps.resources.declarations import SHELTERS, STORES
from anlan.apps.resources.services import documents, items
from anlan.apps.resources.services.documents import Arrival, Said
from anlan.kernel.people.services import system_user
from anlan.kernel.registers import services as registers

FIRST, LATER = date(2027, 1, 31), date(2028, 6, 30)


def make_world() -> SimpleNamespace:
    """Stores A (100 tents in two batches, 50 l of water) in Canglang and B (empty) in Danya, and a shelter of 1,200."""
    county = plant_county()
    actor = system_user("tests")
    keys = count(1)

    def key() -> str:
        return f"key-{next(keys)}"

    a = registers.create(
        STORES, {"name": "沧浪库", "code": "A", "kind": "warehouse", "rank": "county", "region": "990123101"},
        actor=actor, now=NOW,
    )  # fmt: skip
    b = registers.create(
        STORES, {"name": "丹崖点", "code": "B", "kind": "town_point", "rank": "town", "region": "990123102"},
        actor=actor, now=NOW,
    )  # fmt: skip
    shelter = registers.create(
        SHELTERS, {"name": "沙头中学避难场所", "kind": "short", "usable_m2": 2400, "region": "990123101201"},
        actor=actor, now=NOW,
    )  # fmt: skip
    tent = items.add_item(name="12㎡ 单帐篷", supply="tent", actor=actor, now=NOW)
    water = items.add_item(name="桶装水", supply="bottled-water", shelf_days=365, actor=actor, now=NOW)
    documents.receive(
        a,
        [
            Arrival(tent, 60_000, "T-2", None, LATER),
            Arrival(tent, 40_000, "T-1", None, FIRST),
            Arrival(water, 50_500, "W-1", date(2026, 10, 1)),
        ],
        said=Said("省储备库"), key=key(), actor=actor, now=NOW,
    )  # fmt: skip
    return SimpleNamespace(
        county=county, actor=actor, a=a, b=b, tent=tent, water=water, shelter=shelter, key=key,
        first=tent.lots.get(number="T-1"), later=tent.lots.get(number="T-2"),
    )  # fmt: skip
