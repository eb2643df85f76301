"""Requisitions at every stage, a shelter that is open and others that were."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.utils import timezone

from anlan.apps.resources.services import requisitions as taking
from anlan.apps.resources.services import shelters as sheltering
from anlan.apps.resources.services.shelters import Named
from anlan.demo.fill.resources.clerk import Clerk
from anlan.kernel.people.models import Grant, User

BASIS = "《中华人民共和国突发事件应对法》"


def _holder(clerk: Clerk, role: str) -> User:
    grant = Grant.objects.filter(role__code=role).select_related("user").order_by("pk").first()
    return grant.user if grant is not None else clerk.actor


def requisitions(clerk: Clerk, machines: Sequence[Any], reserves: Sequence[Any]) -> None:
    """One in use, one ordered, one to be reckoned, one fixed, one paid, one cancelled."""
    leader, keeper = _holder(clerk, "leader"), _holder(clerk, "resource_keeper")

    def order(thing: Any, days: float, purpose: str, place: str, quantity: int = 1) -> Any:
        at = clerk.now - timedelta(days=days)
        until = timezone.localdate(at) + timedelta(days=3)
        return taking.order(
            thing, quantity=quantity, purpose=purpose, place=place, basis=BASIS, until=until, actor=leader, now=at
        )

    def hand_over(row: Any, days: float, condition: str) -> Any:
        name, number = clerk.person()
        at = clerk.now - timedelta(days=days)
        return taking.hand_over(row, handed_by=name, phone=number, condition=condition, actor=leader, now=at)

    def give_back(row: Any, days: float, lost: int, damage: str) -> Any:
        at = clerk.now - timedelta(days=days)
        return taking.give_back(row, lost=lost, damage=damage, actor=keeper, now=at)

    towns = clerk.county.towns
    hand_over(
        order(machines[0], 1.5, "清理塌方，抢通县道", f"{towns[4].name}县道 X103 线 12 公里处"),
        1.3,
        "工作小时 3,214，机况完好",
    )
    order(machines[5], 0.2, "内涝排水", f"{towns[0].name}下穿通道")
    back = hand_over(order(machines[3], 26, "吊装抢险钢桥", f"{towns[5].name}汀溪桥"), 25.8, "完好")
    give_back(back, 22, 0, "吊钩钢丝绳磨损")
    fixed = hand_over(order(machines[1], 60, "灾后清淤", f"{towns[3].name}沿河村组"), 59.8, "完好，油箱半满")
    give_back(fixed, 55, 0, "铲斗刃板变形")
    taking.assess(
        fixed, amount=Decimal("8300"), reckoning="协议价 1,300 元/天 × 5 天 + 维修 1,800 元", actor=keeper,
        now=clerk.now - timedelta(days=48),
    )  # fmt: skip
    paid = hand_over(order(reserves[0], 130, "停水应急供水", f"{towns[0].name}城区", 4_800), 129.9, "整箱未拆")
    give_back(paid, 126, 4_550, "余 250 L 退回")
    assessed = clerk.now - timedelta(days=118)
    taking.assess(paid, amount=Decimal("5460"), reckoning="4,550 L × 1.2 元", actor=keeper, now=assessed)
    day = timezone.localdate(clerk.now - timedelta(days=101))
    taking.pay(paid, paid_on=day, voucher="PZ-2026-0731", actor=keeper, now=clerk.now - timedelta(days=101))
    dropped = order(machines[4], 88, "转运石料", f"{towns[2].name}")
    taking.cancel(dropped, reason="险情解除，不再需要", actor=leader, now=clerk.now - timedelta(days=87.9))


#: Special needs of those who gave a name, in turn.
_NEEDS = ("", "", "elderly", "child", "", "patient", "", "elderly", "pregnant", "", "disabled", "")


def openings(clerk: Clerk, shelters: Sequence[Any]) -> None:
    """Two openings that are over, and one that runs with names and counts."""
    officer = _holder(clerk, "duty_officer")
    villages = clerk.county.villages
    for n, (shelter, days, people, reason) in enumerate(
        ((shelters[3], 141, 210, "“6·29”暴雨转移安置"), (shelters[1], 74, 96, "滑坡隐患点避险转移"))
    ):
        begun = clerk.now - timedelta(days=days)
        opened = sheltering.open_shelter(shelter, reason=reason, actor=officer, now=begun)
        head = {"actor": officer, "origin": villages[n * 9].name}
        came = begun + timedelta(hours=2)
        sheltering.admit(opened, people, key=f"demo-{n}-in", now=came, **head)
        sheltering.let_go(opened, people, key=f"demo-{n}-out", now=begun + timedelta(days=3), **head)
        sheltering.close_shelter(
            opened, note="险情解除，群众返家", actor=officer, now=begun + timedelta(days=3, hours=1)
        )
    begun = clerk.now - timedelta(hours=19)
    opened = sheltering.open_shelter(shelters[2], reason="山洪红色预警转移安置", actor=officer, now=begun)
    for n, (hours, count) in enumerate(((1.0, 46), (1.8, 72), (3.5, 58), (9.0, 21))):
        named = []
        for k in range(6 if n < 3 else 3):
            name, number = clerk.person()
            birth = f"19{40 + clerk.number(60, 70, n, k):02d}0{1 + k}15"
            identity = f"{clerk.county.towns[n].code[:6]}{birth}{clerk.number(9000, 71, n, k) + 1000}"
            named.append(Named(name, identity, number, _NEEDS[(n * 5 + k) % len(_NEEDS)]))
        sheltering.admit(
            opened, count, named=named, origin=villages[n * 5 + 2].name, key=f"demo-open-{n}", actor=officer,
            now=begun + timedelta(hours=hours),
        )  # fmt: skip
    sheltering.let_go(
        opened, 17, origin="投亲靠友", key="demo-open-out", actor=officer, now=begun + timedelta(hours=13)
    )  # fmt: skip
