from __future__ import annotations

import contextlib
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from resources_world import FIRST, make_world
from small_county import NOW, make_user

from anlan.apps.resources.declarations import STORES
from anlan.apps.resources.models import Account, Balance, Document, Line, Posting, Sort
from anlan.apps.resources.queries import stock
from anlan.apps.resources.services import documents
from anlan.apps.resources.services.documents import Arrival, Count, Said, Want
from anlan.apps.resources.services.items import add_item, end_item, lot_of
from anlan.apps.resources.services.ledger import Short, balance
from anlan.apps.resources.services.refusing import Refused
from anlan.kernel.audit.models import Entry
from anlan.kernel.people.rights import NotAllowed
from anlan.kernel.registers import services as registers

pytestmark = pytest.mark.django_db
FOR = Said("沙头村", "转移安置")


def do(verb, world, *args, said=FOR, **more):
    return verb(*args, said=said, key=more.pop("key", None) or world.key(), actor=world.actor, now=NOW, **more)


def free(store, lot):
    return balance(store, Account.STOCK, lot)


def test_a_movement_is_two_postings_that_sum_to_zero(world):
    made = do(documents.issue, world, world.a, [Want(world.first, 5_000)])
    sides = list(Posting.objects.filter(line__document=made).order_by("milli").values_list("account", "milli"))
    assert sides == [("stock", -5_000), ("use", 5_000)]
    assert free(world.a, world.first) == 35_000
    assert stock.wrong_balances() == []


def test_an_item_is_taken_from_the_batch_that_ends_first(world):
    made = do(documents.issue, world, world.a, [Want(world.tent, 45_000)])
    assert dict(made.lines.values_list("lot__number", "milli")) == {"T-1": 40_000, "T-2": 5_000}


def test_more_than_there_is_is_refused_in_words_and_nothing_is_kept(world):
    before = Document.records.count()
    with pytest.raises(Short, match=r"40 顶|40 \S+ of"):
        do(documents.issue, world, world.a, [Want(world.later, 1_000), Want(world.first, 40_001)])
    with pytest.raises(Short):
        do(documents.issue, world, world.a, [Want(world.tent, 100_001)])
    assert Document.records.count() == before
    assert free(world.a, world.later) == 60_000
    assert Entry.objects.filter(verb="stock.issue").count() == 0


def test_the_same_key_is_the_same_document_and_another_content_is_refused(world):
    one = do(documents.issue, world, world.a, [Want(world.first, 1_000)], key="k")
    again = do(documents.issue, world, world.a, [Want(world.first, 1_000)], key="k")
    assert one == again
    assert free(world.a, world.first) == 39_000
    with pytest.raises(Refused, match=one.number):
        do(documents.issue, world, world.a, [Want(world.first, 2_000)], key="k")


def test_a_transfer_leaves_one_store_and_comes_into_the_other(world):
    do(documents.transfer, world, world.a, world.b, [Want(world.tent, 50_000)])
    assert (free(world.a, world.first), free(world.b, world.first)) == (0, 40_000)
    assert (free(world.a, world.later), free(world.b, world.later)) == (50_000, 10_000)


def test_reserved_goods_cannot_be_taken_by_others_until_they_are_released(world):
    kept = do(documents.reserve, world, world.a, [Want(world.first, 30_000)])
    with pytest.raises(Short, match="30"):
        do(documents.issue, world, world.a, [Want(world.first, 20_000)])
    line = kept.lines.get()
    drawn = do(documents.draw, world, kept, {line.pk: 12_000}, said=Said())
    assert (drawn.sort, drawn.party, drawn.draws_on) == (Sort.ISSUE, "沙头村", kept)
    with pytest.raises(Refused, match="18"):
        do(documents.draw, world, kept, {line.pk: 18_001})
    do(documents.release, world, kept, said=Said())
    line.refresh_from_db()
    assert line.left == 0
    assert free(world.a, world.first) == 28_000
    assert balance(world.a, Account.HELD, world.first) == 0
    assert list(stock.reservations(world.actor)) == []


def test_a_stocktake_brings_the_books_to_what_was_counted(world):
    counts = [Count(world.first, 38_000, 40_000), Count(world.later, 60_000, 60_000)]
    made = do(documents.stocktake, world, world.a, counts)
    assert list(made.lines.order_by("lot__number").values_list("booked", "milli")) == [(40_000, -2_000), (60_000, 0)]
    assert free(world.a, world.first) == 38_000
    with pytest.raises(Refused, match="40"):  # the sheet is older than the books
        do(documents.stocktake, world, world.a, [Count(world.first, 39_000, 40_000)])


def test_less_than_is_reserved_is_not_counted(world):
    do(documents.reserve, world, world.a, [Want(world.first, 30_000)])
    with pytest.raises(Refused, match="30"):
        do(documents.stocktake, world, world.a, [Count(world.first, 29_000)])


def test_a_document_is_corrected_by_its_mirror_image_once(world):
    made = do(documents.issue, world, world.a, [Want(world.first, 5_000)])
    mirror = documents.reverse(made, reason="领错", key=world.key(), actor=world.actor, now=NOW)
    assert free(world.a, world.first) == 40_000
    with pytest.raises(Refused, match=made.number):
        documents.reverse(made, reason="领错", key=world.key(), actor=world.actor, now=NOW)
    with pytest.raises(Refused):
        documents.reverse(mirror, reason="再错", key=world.key(), actor=world.actor, now=NOW)
    assert stock.wrong_balances() == []


def test_a_receipt_is_not_reversed_once_its_goods_have_left(world):
    receipt = Document.records.get(sort=Sort.RECEIPT)
    do(documents.issue, world, world.a, [Want(world.first, 1_000)])
    with pytest.raises(Short):
        documents.reverse(receipt, reason="录错", key=world.key(), actor=world.actor, now=NOW)
    with pytest.raises(Refused):
        documents.reverse(receipt, reason="", key=world.key(), actor=world.actor, now=NOW)


def test_reversing_what_was_drawn_gives_it_back_to_the_reservation(world):
    kept = do(documents.reserve, world, world.a, [Want(world.first, 30_000)])
    line = kept.lines.get()
    drawn = do(documents.draw, world, kept, {line.pk: 10_000})
    with pytest.raises(Refused):
        documents.reverse(kept, reason="取消", key=world.key(), actor=world.actor, now=NOW)
    documents.reverse(drawn, reason="未领", key=world.key(), actor=world.actor, now=NOW)
    line.refresh_from_db()
    assert line.left == 30_000
    documents.reverse(kept, reason="取消", key=world.key(), actor=world.actor, now=NOW)
    assert free(world.a, world.first) == 40_000
    assert stock.wrong_balances() == []


def test_a_batch_number_has_one_end(world):
    with pytest.raises(Refused, match="T-1"):
        do(documents.receive, world, world.a, [Arrival(world.tent, 1_000, "T-1", None, FIRST + timedelta(days=1))])
    assert world.water.lots.get().expires_on.isoformat() == "2027-10-01"
    assert lot_of(world.tent, "", None, FIRST).number == FIRST.isoformat()


def test_who_may_move_stock_may_not_take_stock_and_nobody_elsewhere_may_do_either(world):
    mover = make_user("mover", "duty_officer", region=world.county.county)
    with pytest.raises(NotAllowed):
        documents.issue(world.a, [Want(world.first, 1)], said=FOR, key="n", actor=mover, now=NOW)
    town = make_user("town", "resource_keeper", region=world.county.canglang)
    documents.issue(world.a, [Want(world.first, 1_000)], said=FOR, key="t", actor=town, now=NOW)
    with pytest.raises(NotAllowed):
        documents.transfer(world.a, world.b, [Want(world.first, 1)], said=FOR, key="t2", actor=town, now=NOW)


def test_every_document_leaves_one_line_in_the_trail(world):
    made = do(documents.issue, world, world.a, [Want(world.first, 5_000)])
    entry = Entry.objects.get(verb="stock.issue")
    assert entry.ref == f"stock-document:{made.pk}"
    assert entry.after["lines"] == [{"item": world.tent.code, "lot": "T-1", "quantity": 5.0}]


def test_the_ledger_of_an_item_runs_up_to_what_lies_there(world):
    do(documents.issue, world, world.a, [Want(world.tent, 45_000)])
    do(documents.reserve, world, world.a, [Want(world.tent, 5_000)])
    lines = stock.ledger(world.tent, [world.a.pk])
    assert [(one.posting.milli, one.after) for one in lines] == [
        (-5_000, 55_000), (-40_000, 60_000), (40_000, 100_000), (60_000, 60_000)
    ]  # fmt: skip


def test_what_ends_soon_is_found_by_what_its_item_says(world):
    assert [row.lot.number for row in stock.ending(world.actor, FIRST - timedelta(days=30))] == ["T-1"]
    assert stock.ending(world.actor, FIRST - timedelta(days=300)) == []
    (row, *_more) = stock.ending(world.actor, FIRST + timedelta(days=1))
    assert row.state(FIRST + timedelta(days=1)) == "past"


def test_a_store_with_goods_stays_in_use_and_an_item_in_stock_stays_listed(world):
    with pytest.raises(registers.Refused, match="沧浪库"):
        registers.remove(STORES, world.a, reason="撤库", actor=world.actor, now=NOW)
    registers.remove(STORES, world.b, reason="撤库", actor=world.actor, now=NOW)
    with pytest.raises(Refused, match="丹崖点"):
        do(documents.transfer, world, world.a, world.b, [Want(world.first, 1)])
    with pytest.raises(Refused):
        end_item(world.tent, actor=world.actor, now=NOW)
    with pytest.raises(Refused):
        add_item(name="12㎡ 单帐篷", supply="tent", actor=world.actor, now=NOW)


def test_the_books_of_two_stores_that_are_merged_become_one(world):
    do(documents.transfer, world, world.a, world.b, [Want(world.first, 10_000)])
    registers.merge(STORES, world.a, world.b, taken={}, actor=world.actor, now=NOW)
    assert free(world.a, world.first) == 40_000
    assert not Balance.objects.filter(store=world.b).exists()
    assert stock.wrong_balances() == []


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["receive", "issue", "transfer", "back", "scrap", "reserve", "draw", "release", "count",
                         "reverse"]),
        st.integers(0, 2), st.integers(1, 70_000), st.integers(0, 10),
    ),
    min_size=1, max_size=25,
)  # fmt: skip


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_in_any_order_of_documents_sums_stay_zero_and_nothing_falls_below_zero(steps):
    from django.db import transaction

    with transaction.atomic():
        world = make_world()
        lots = [world.first, world.later, world.water.lots.get()]
        for verb, which, milli, pick in steps:
            with contextlib.suppress(Refused):
                step(world, verb, lots[which], milli, pick)
            assert stock.wrong_balances() == []
        transaction.set_rollback(True)
    from anlan.kernel.people import rights
    from anlan.kernel.regions import queries

    rights.forget()
    queries.forget()


def step(world, verb, lot, milli, pick):
    made = list(Document.records.order_by("id"))
    kept = [one for one in made if one.sort == Sort.RESERVATION]
    if verb == "receive":
        do(documents.receive, world, world.a, [Arrival(lot.item, milli, lot.number)])
    elif verb == "issue":
        do(documents.issue, world, world.a, [Want(lot.item if pick % 2 else lot, milli)])
    elif verb == "scrap":
        do(documents.scrap, world, world.b, [Want(lot, milli)])
    elif verb in ("transfer", "back"):
        ends = (world.a, world.b) if verb == "transfer" else (world.b, world.a)
        do(documents.transfer, world, *ends, [Want(lot, milli)])
    elif verb == "reserve":
        do(documents.reserve, world, world.a, [Want(lot, milli), Want(lot.item, milli)])
    elif verb in ("draw", "release") and kept:
        chosen = kept[pick % len(kept)]
        do(getattr(documents, verb), world, chosen, {line.pk: milli for line in chosen.lines.all()[:1]})
    elif verb == "count":
        do(documents.stocktake, world, world.a, [Count(lot, milli)])
    elif verb == "reverse":
        documents.reverse(made[pick % len(made)], reason="冲销", key=world.key(), actor=world.actor, now=NOW)
    assert not Line.objects.filter(left__lt=0).exists()
