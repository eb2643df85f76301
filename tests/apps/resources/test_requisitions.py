from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from small_county import NOW, make_user, sign_in

from anlan.apps.resources.declarations import MACHINES, RESERVES
from anlan.apps.resources.models import Requisition, Stage
from anlan.apps.resources.services import requisitions
from anlan.apps.resources.services.refusing import Refused
from anlan.kernel.audit.models import Entry
from anlan.kernel.people.rights import NotAllowed
from anlan.kernel.registers import services as registers

pytestmark = pytest.mark.django_db


@pytest.fixture
def digger(world):
    raw = {"name": "挖掘机", "kind": "excavator", "owner": "恒川土石方", "region": "990123101201", "code": "M1"}
    return registers.create(MACHINES, raw, actor=world.actor, now=NOW)


@pytest.fixture
def water(world):
    raw = {"name": "瓶装水", "company": "澜源饮品", "supply": "bottled-water", "quantity": 1000, "unit": "L",
           "region": "990123101201", "code": "R1"}  # fmt: skip
    return registers.create(RESERVES, raw, actor=world.actor, now=NOW)


def test_from_the_order_to_the_payment(world, digger):
    who = {"actor": world.actor, "now": NOW}
    row = requisitions.order(digger, purpose="清障", **who)
    with pytest.raises(Refused):
        requisitions.order(digger, purpose="又一处", **who)
    with pytest.raises(Refused):
        requisitions.give_back(row, **who)
    requisitions.hand_over(row, handed_by="骆砚", phone="19000001234", condition="完好", **who)
    with pytest.raises(registers.Refused):
        registers.remove(MACHINES, digger, reason="报废", actor=world.actor, now=NOW)
    with pytest.raises(Refused):
        requisitions.cancel(row, reason="不用了", **who)
    requisitions.give_back(row, damage="铲斗齿断 2 个", **who)
    requisitions.order(digger, purpose="另一处", **who)  # it is home again
    requisitions.assess(row, amount=Decimal("5400"), reckoning="3 天 × 1800 元", **who)
    with pytest.raises(Refused):
        requisitions.pay(row, paid_on=date(2026, 1, 1), voucher="PZ-1", **who)
    paid = requisitions.pay(row, paid_on=(NOW + timedelta(days=9)).date(), voucher="PZ-1", **who)
    assert (paid.stage, paid.amount) == (Stage.PAID, Decimal("5400"))
    verbs = list(Entry.objects.filter(ref=f"requisition:{row.pk}").order_by("id").values_list("verb", flat=True))
    assert verbs == [
        "requisition.order", "requisition.hand_over", "requisition.return", "requisition.assess", "requisition.pay"
    ]  # fmt: skip


def test_a_reserve_is_requisitioned_up_to_what_it_has(world, water):
    requisitions.order(water, quantity=700, purpose="供水", actor=world.actor, now=NOW)
    assert requisitions.available(water) == 300
    with pytest.raises(Refused, match="300"):
        requisitions.order(water, quantity=301, purpose="供水", actor=world.actor, now=NOW)
    second = requisitions.order(water, quantity=300, purpose="供水", actor=world.actor, now=NOW)
    requisitions.cancel(second, reason="水厂恢复", actor=world.actor, now=NOW)
    assert requisitions.available(water) == 300


def test_only_who_may_order_orders(world, digger):
    officer = make_user("officer", "town_officer", region=world.county.county)
    with pytest.raises(NotAllowed):
        requisitions.order(digger, purpose="清障", actor=officer, now=NOW)


def test_through_the_pages_with_the_phone_masked(world, keeper, client, digger):
    sign_in(client, keeper)
    page = "/resources/requisitions/new/machine/M1/"
    assert client.get(page).status_code == 200
    assert client.post(page, {"purpose": ""}).status_code == 422
    sent = client.post(page, {"purpose": "清障", "place": "G3 K12", "until": "2026-12-01"})
    row = Requisition.records.get()
    assert sent.url == f"/resources/requisitions/{row.number}/"
    steps = [
        ("hand-over", {"handed_by": "骆砚", "phone": "19000001234", "condition": "完好"}),
        ("return", {"lost": "0", "damage": "无"}),
        ("assess", {"amount": "1,800.00", "reckoning": "1 天"}),
        ("pay", {"paid_on": "2026-12-09", "voucher": "PZ-7"}),
    ]
    assert client.post(f"{sent.url}do/assess/", {"amount": "1"}).status_code == 422
    for act, data in steps:
        assert client.post(f"{sent.url}do/{act}/", data).status_code in (302, 422), act
    row.refresh_from_db()
    assert row.amount == Decimal("1800.00")
    shown = client.get(sent.url).content.decode()
    assert "19000001234" not in shown
    assert "1800.00" in shown
    assert "19000001234" in client.post(f"{sent.url}do/unmask/").content.decode()
    assert Entry.objects.filter(verb="personal.unmask", ref=f"requisition:{row.pk}").count() == 1
    assert row.number in client.get("/resources/requisitions/?q=挖掘").content.decode()
    assert client.get("/resources/requisitions/?stage=open&q=x").status_code == 200
