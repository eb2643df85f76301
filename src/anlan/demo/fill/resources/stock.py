"""A year of the stock ledger: items, receipts, what went out to towns and into use, counts, and what is reserved."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from django.utils import timezone

from anlan.apps.resources.models import Document, Item
from anlan.apps.resources.queries.stock import of_store
from anlan.apps.resources.services import documents, items
from anlan.apps.resources.services.documents import Arrival, Count, Said, Want
from anlan.demo.fill.resources.clerk import Clerk
from anlan.kernel.people.models import Grant, User

#: Items: name, class, specification, shelf life in days, how many a town keeps.
ITEMS: tuple[tuple[str, str, str, int | None, int], ...] = (
    ("救灾单帐篷", "tent", "12㎡", 3650, 30), ("救灾棉帐篷", "tent", "12㎡ 加厚", 3650, 12),
    ("折叠床", "folding-bed", "190×65 cm", None, 180), ("棉被", "quilt", "2 kg", 2920, 420),
    ("毛巾被", "blanket", "150×200 cm", 2920, 150), ("棉大衣", "coat", "成人", 2920, 160),
    ("睡袋", "sleeping-bag", "-5 ℃", 2920, 60), ("家庭应急包", "family-kit", "12 件套", 1095, 80),
    ("桶装饮用水", "bottled-water", "18.9 L", 365, 1500), ("瓶装饮用水", "bottled-water", "550 mL", 365, 900),
    ("自热米饭", "ready-food", "360 g", 365, 800), ("压缩饼干", "ready-food", "200 g", 730, 1000),
    ("大米", "grain-oil", "25 kg 袋", 365, 900), ("婴儿奶粉", "infant-food", "800 g", 540, 24),
    ("移动厕所", "mobile-toilet", "单座", None, 4), ("编织袋", "woven-bag", "70×110 cm", 1825, 3000),
    ("土工布", "geotextile", "300 g/㎡", 3650, 800), ("铅丝笼", "wire-cage", "2×1×1 m", None, 60),
    ("块石", "riprap", "20—40 cm", None, 120), ("砂石料", "sand", "中粗砂", None, 160),
    ("潜水排污泵", "pump", "7.5 kW", None, 4), ("救生衣", "life-jacket", "工作型", 2555, 60),
    ("橡皮艇", "rescue-boat", "4 m", 3650, 2), ("救援绳索", "rescue-rope", "12 mm", 1825, 600),
    ("柴油发电机", "generator", "8 kW", None, 3), ("移动照明灯", "light-tower", "4×500 W", None, 2),
    ("强光手电", "torch", "充电式", None, 60), ("手持扩音器", "loudhailer", "25 W", None, 20),
    ("数字对讲机", "two-way-radio", "PDT", None, 16), ("卫星电话", "satellite-phone", "天通", None, 1),
    ("急救包", "first-aid-kit", "甲类", 1095, 40), ("担架", "stretcher", "折叠式", None, 8),
    ("消毒片", "disinfectant", "含氯", 730, 120), ("风力灭火机", "blower", "6MF-26", None, 8),
    ("三号工具", "fire-beater", "灭火拍", None, 60), ("安全头盔", "helmet", "抢险型", 912, 60),
    ("泡沫灭火剂", "foam", "抗溶 6%", 2920, 2), ("吸附棉", "absorbent", "化学品型", 1825, 150),
    ("堵漏器材", "leak-kit", "捆扎式", None, 1), ("正压式空气呼吸器", "breathing-set", "6.8 L", 5475, 4),
)  # fmt: skip
#: What only the county's chemical store and central warehouse keep.
SPECIAL = ("foam", "absorbent", "leak-kit", "breathing-set")
ISSUES = (
    ("防汛物资调用", "汀溪河超警巡堤", "woven-bag"), ("转移安置群众", "暴雨转移安置点", "quilt"),
    ("森林防火值守", "清明防火检查站", "fire-beater"), ("停水应急供水", "主管爆裂临时供水", "bottled-water"),
    ("抗旱保供", "高地村组送水", "bottled-water"), ("寒潮慰问困难户", "低温雨雪救助", "coat"),
    ("地灾避险转移", "滑坡隐患点撤离", "torch"), ("应急演练", "年度综合演练", "first-aid-kit"),
)  # fmt: skip


class Keeper:
    """Enters documents as the keeper of supplies: first planned, then entered in the order of their days."""

    def __init__(self, clerk: Clerk) -> None:
        self.clerk = clerk
        grant = Grant.objects.filter(role__code="resource_keeper").select_related("user").order_by("pk").first()
        self.user: User = grant.user if grant is not None else clerk.actor
        self._planned: list[tuple[float, Callable[[float], object]]] = []
        self._serial = 0

    def plan(self, days_ago: float, act: Callable[[float], object]) -> None:
        """Do `act(days_ago)` when its turn comes."""
        self._planned.append((days_ago, act))

    def enter(self) -> None:
        """Do everything that was planned, the longest ago first."""
        for days_ago, act in sorted(self._planned, key=lambda one: -one[0]):
            act(days_ago)

    def head(self, days_ago: float, said: Said) -> dict[str, Any]:
        """What every verb of documents asks for beside its lines."""
        self._serial += 1
        at: datetime = self.clerk.now - timedelta(days=days_ago) + timedelta(minutes=3 * (self._serial % 20))
        return {"said": said, "key": f"demo-{self._serial}", "actor": self.user, "now": at}


def fill(clerk: Clerk, stores: Sequence[Any]) -> None:
    """Everything into the central warehouse, from there to the towns, then what happened to it."""
    keeper = Keeper(clerk)
    known = _items(clerk, keeper)
    central, chemical, front, *points = stores
    for salt, days in enumerate((352, 171, 44)):
        keeper.plan(days, _receipt(keeper, central, known, salt, 3))
    keeper.plan(330, _receipt(keeper, chemical, [one for one in known if one.supply in SPECIAL], 7, 6))
    kinds = ("woven-bag", "sand", "riprap", "pump")
    keeper.plan(300, _receipt(keeper, front, [one for one in known if one.supply in kinds], 8, 2))
    plain = [one for one in known if one.supply not in SPECIAL]
    for n, point in enumerate(points):
        some = [one for k, one in enumerate(plain) if (k + n) % 8 != 7 or one.supply in ("quilt", "woven-bag")]
        keeper.plan(290 - 9 * n, _receipt(keeper, point, some, 20 + n, 1))
        keeper.plan(140 - 6 * n, _transfer(keeper, central, point, some[n % 5 :: 6]))
    _use(keeper, [central, front, *points])
    for n, store in enumerate([central, *points[::3]]):
        keeper.plan(36 - 2 * n, _count(keeper, store, n))
    for store in [central, *points][::2]:
        keeper.plan(6, _scrapping(keeper, store))
    _reserve(keeper, central, points)
    keeper.enter()


def _items(clerk: Clerk, keeper: Keeper) -> list[Item]:
    at = clerk.now - timedelta(days=360)
    return [
        items.add_item(
            name=name, supply=supply, specification=specification, shelf_days=shelf,
            warn_days=60 if shelf and shelf < 800 else 180, actor=keeper.user, now=at,
        )
        for name, supply, specification, shelf, _most in ITEMS
    ]  # fmt: skip


def _size(item: Item) -> int:
    return next(
        most for name, _supply, words, _shelf, most in ITEMS if (name, words) == (item.name, item.specification)
    )


def _free(store: Any) -> dict[int, int]:
    """Thousandths that are free of each item."""
    found: dict[int, int] = {}
    for row in of_store(store):
        found[row.lot.item_id] = found.get(row.lot.item_id, 0) + row.free
    return found


def _receipt(keeper: Keeper, store: Any, some: Sequence[Item], salt: int, times: int) -> Callable[[float], object]:
    """A receipt of every item, made a while before it came."""
    clerk = keeper.clerk
    party = ("岚省救灾物资储备中心", "县政府采购中心", "澄江市应急管理局调拨")[salt % 3]

    def act(days_ago: float) -> None:
        on = timezone.localdate(clerk.now) - timedelta(days=days_ago)
        arrivals = []
        for n, item in enumerate(some):
            made: date = on - timedelta(days=10 + clerk.number(70, 50, salt, n))
            amount = max(1, _size(item) * times * (50 + clerk.number(70, 51, salt, n)) // 100)
            arrivals.append(Arrival(item, 1_000 * amount, f"{made:%y%m%d}", made))
        documents.receive(store, arrivals, **keeper.head(days_ago, Said(party, "年度储备采购")))

    return act


def _transfer(keeper: Keeper, store: Any, to_store: Any, some: Sequence[Item]) -> Callable[[float], object]:
    """A twelfth of what a town keeps, of what the store has."""

    def act(days_ago: float) -> None:
        free = _free(store)
        wants = [(one, 1_000 * max(1, _size(one) // 12)) for one in some]
        lines = [Want(one, milli) for one, milli in wants if free.get(one.pk, 0) >= milli]
        if lines:
            documents.transfer(store, to_store, lines, **keeper.head(days_ago, Said("", "补充乡镇储备")))

    return act


def _use(keeper: Keeper, stores: Sequence[Any]) -> None:
    """Goods that went out over the year, the last of them by mistake and reversed."""
    clerk = keeper.clerk
    made: list[Document] = []

    def issuing(n: int) -> Callable[[float], object]:
        purpose, where, supply = ISSUES[n % len(ISSUES)]
        store, town = stores[(n * 5) % len(stores)], clerk.county.towns[n % len(clerk.county.towns)]

        def act(days_ago: float) -> None:
            lying = of_store(store)
            rows = [row for row in lying if row.lot.item.supply == supply and row.free >= 20_000]
            others = [row for row in lying if row.lot.item.supply != supply and row.free >= 40_000]
            rows += others[n % 4 : n % 4 + 2]
            wants = [Want(row.lot, 1_000 * (3 + clerk.number(max(1, row.free // 8_000), 53, n))) for row in rows]
            if wants:
                said = Said(f"{town.name}应急办", f"{purpose}（{where}）")
                made.append(documents.issue(store, wants, **keeper.head(days_ago, said)))

        return act

    def undo(days_ago: float) -> None:
        at = clerk.now - timedelta(days=days_ago)
        documents.reverse(made[-1], reason="出库单位填错，冲销后重开", key="demo-reversal", actor=keeper.user, now=at)

    for n in range(3 * len(ISSUES)):
        keeper.plan(128 - 5 * n, issuing(n))
    keeper.plan(128 - 5 * (3 * len(ISSUES) - 1) - 0.2, undo)


def _count(keeper: Keeper, store: Any, n: int) -> Callable[[float], object]:
    """A stocktake: most of it right, a little missing."""

    def act(days_ago: float) -> None:
        counts = []
        for k, row in enumerate(of_store(store)):
            missing = 1_000 if (k + n) % 9 == 4 and row.free > 5_000 else 0
            counts.append(Count(row.lot, row.there - missing, row.there))
        documents.stocktake(store, counts, **keeper.head(days_ago, Said("", "季度盘点")))

    return act


def _scrapping(keeper: Keeper, store: Any) -> Callable[[float], object]:
    """What is past its end is scrapped; the rest waits on the list."""

    def act(days_ago: float) -> None:
        day = timezone.localdate(keeper.clerk.now - timedelta(days=days_ago))
        wants = [Want(row.lot, row.free) for row in of_store(store) if row.state(day) == "past" and row.free]
        if wants:
            documents.scrap(store, wants, **keeper.head(days_ago, Said("", "过期报废")))

    return act


def _reserve(keeper: Keeper, central: Any, points: Sequence[Any]) -> None:
    """Three reservations: one partly issued, one running, one overdue."""
    today = timezone.localdate(keeper.clerk.now)
    plan = (
        (central, ("tent", "quilt", "folding-bed"), "澜城镇转移安置点", "汛期前置预留", 20, 12.0, True),
        (central, ("woven-bag", "geotextile"), "县防汛抢险队", "汛期前置预留", 45, 9.0, False),
        (points[0], ("torch", "loudhailer"), "森林防火督查组", "防火期预留", -3, 25.0, False),
    )

    def reserving(store: Any, kinds: Sequence[str], said: Said, drawn: bool) -> Callable[[float], object]:
        def act(days_ago: float) -> None:
            rows = {row.lot.item.supply: row for row in of_store(store) if row.free >= 1_000}
            wants = [Want(rows[kind].lot, max(1, rows[kind].free // 4_000) * 1_000) for kind in kinds if kind in rows]
            if not wants:
                return
            kept = documents.reserve(store, wants, **keeper.head(days_ago, said))
            line = kept.lines.order_by("pk").first()
            if drawn and line is not None:
                half = {line.pk: max(1, line.milli // 2_000) * 1_000}
                documents.draw(kept, half, **keeper.head(days_ago - 0.5, Said("", "首批领用")))

        return act

    for store, kinds, party, purpose, until, days, drawn in plan:
        said = Said(party, purpose, today + timedelta(days=until))
        keeper.plan(days, reserving(store, kinds, said, drawn))
