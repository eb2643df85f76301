from __future__ import annotations

import pytest
from small_county import NOW, make_user, sign_in

from anlan.apps.resources.models import Document, Item, Sort
from anlan.apps.resources.queries import stock
from anlan.apps.resources.services import documents
from anlan.apps.resources.services.documents import Said, Want

pytestmark = pytest.mark.django_db


@pytest.fixture
def signed(client, keeper):
    return sign_in(client, keeper)


def post(signed, sort, store="A", **data):
    return signed.post(f"/resources/stores/{store}/new/{sort}/", {"key": f"k-{sort}", **data})


def test_every_page_opens_with_goods_and_without(signed, world):
    documents.reserve(
        world.a, [Want(world.first, 1_000)], said=Said("沙头村"), key="r", actor=world.actor, now=NOW
    )  # fmt: skip
    number = Document.records.get(sort=Sort.RESERVATION).number
    pages = [
        "stores/", "stores/?q=none", "stores/A/", "stores/B/", "items/", "items/?q=zp", "items/?class=living",
        "items/new/", f"items/{world.tent.code}/", f"items/{world.tent.code}/?store=A",
        f"items/{world.tent.code}/edit/",
        "ending/", "ending/?days=365", "reservations/", "reservations/?all=1", "documents/", f"documents/{number}/",
        "documents/?q=帐篷&sort=receipt&store=A&since=2026-01-01&until=2026-12-31", "documents/?since=never",
        "requisitions/", "shelters/", "coverage/", "gaps/",
        *(f"stores/A/new/{sort}/" for sort in ("receipt", "issue", "transfer", "stocktake", "scrap", "reservation")),
        "stores/B/new/issue/",
    ]  # fmt: skip
    for page in pages:
        assert signed.get(f"/resources/{page}").status_code == 200, page
    assert signed.get("/resources/stores/A/new/release/").status_code == 404
    for page in ("store/A/", "store/A/?tab=stock", "shelter/SHT-000001/?tab=openings"):
        assert signed.get(f"/registers/{page}").status_code == 200, page
    assert "帐篷" in signed.get("/resources/items/?as=csv").content.decode()
    for page in ("stores/A/?as=csv", f"items/{world.tent.code}/?as=csv", "ending/?days=900&as=csv"):
        assert "沧浪库" in signed.get(f"/resources/{page}").content.decode(), page


def test_a_receipt_is_entered_by_the_form_and_a_bad_line_is_marked(signed, world):
    lines = {"item-0": world.tent.code, "number-0": "T-9", "end-0": "2030-01-01", "quantity-0": "12"}
    bad = post(signed, "receipt", **lines, **{"item-1": world.water.code, "quantity-1": "much"})
    assert bad.status_code == 422
    assert "much" in bad.content.decode()
    assert Document.records.count() == 1
    sent = post(signed, "receipt", party="省库", **lines)
    made = Document.records.get(party="省库")
    assert sent.url == f"/resources/documents/{made.number}/"
    assert "T-9" in signed.get(sent.url).content.decode()


def test_goods_are_issued_moved_counted_and_scrapped_by_forms(signed, world):
    first = world.first.pk
    assert post(signed, "issue", **{f"q-{first}": "5"}).status_code == 422  # nobody receives it
    assert post(signed, "issue", party="沙头村", **{f"q-{first}": "500"}).status_code == 422
    assert post(signed, "issue", party="沙头村").status_code == 422
    assert post(signed, "issue", party="沙头村", **{f"q-{first}": "5"}).status_code == 302
    assert post(signed, "transfer", **{f"q-{first}": "5"}).status_code == 422
    assert post(signed, "transfer", to_store="B", **{f"q-{first}": "5"}).status_code == 302
    assert post(signed, "stocktake", **{f"c-{first}": "29", f"s-{first}": "30000"}).status_code == 302
    assert post(signed, "scrap", **{f"q-{first}": "1"}).status_code == 422  # no reason
    assert post(signed, "scrap", purpose="破损", **{f"q-{first}": "1"}).status_code == 302
    assert post(signed, "reservation", party="丹崖镇", until="2026-12-31", **{f"q-{first}": "8"}).status_code == 302
    rows = {row.lot.number: (row.free, row.held) for row in stock.of_store(world.a)}
    assert rows["T-1"] == (20_000, 8_000)
    kept = Document.records.get(sort=Sort.RESERVATION)
    line = kept.lines.get()
    page = f"/resources/documents/{kept.number}/"
    assert signed.post(f"{page}draw/", {"key": "d", f"l-{line.pk}": "9"}).status_code == 422
    assert signed.post(f"{page}draw/", {"key": "d", f"l-{line.pk}": "3"}).status_code == 302
    assert signed.post(f"{page}release/", {"key": "e", f"l-{line.pk}": "5"}).status_code == 302
    issue = Document.records.filter(sort=Sort.ISSUE).earliest("id")
    assert signed.post(f"/resources/documents/{issue.number}/reverse/", {"key": "x"}).status_code == 422
    sent = signed.post(f"/resources/documents/{issue.number}/reverse/", {"key": "x", "reason": "领错"})
    assert sent.status_code == 302
    assert stock.wrong_balances() == []


def test_sending_a_form_twice_enters_one_document(signed, world):
    data = {"party": "沙头村", f"q-{world.first.pk}": "5"}
    assert post(signed, "issue", **data).url == post(signed, "issue", **data).url
    assert Document.records.filter(sort=Sort.ISSUE).count() == 1


def test_an_item_is_listed_changed_and_taken_off(signed, world):
    data = {"name": "棉被 2kg", "supply": "quilt", "specification": "150×200", "warn_days": "30"}
    sent = signed.post("/resources/items/new/", data)
    made = Item.objects.get(name="棉被 2kg")
    assert sent.url == f"/resources/items/{made.code}/"
    assert made.unit == "床"
    assert signed.post("/resources/items/new/", data).status_code == 422
    assert signed.post(f"{sent.url}edit/", {**data, "shelf_days": "3650"}).status_code == 302
    signed.post(f"{sent.url}end/")
    made.refresh_from_db()
    assert (made.shelf_days, made.ended_at is not None) == (3650, True)


def test_S2_who_holds_nothing_here_sees_and_does_nothing(client, world):
    neighbour = make_user("neighbour", "resource_keeper", region=world.county.danya)
    sign_in(client, neighbour)
    number = Document.records.get().number
    assert client.get("/resources/stores/A/").status_code == 404
    assert client.get(f"/resources/documents/{number}/").status_code == 404
    assert client.post("/resources/stores/A/new/issue/", {}).status_code == 404
    assert "沧浪库" not in client.get("/resources/stores/").content.decode()
    assert "沧浪库" not in client.get(f"/resources/items/{world.tent.code}/").content.decode()
    sign_in(client, make_user("nobody"))
    for page in ("stores/", "items/", "documents/", "gaps/", "shelters/", "requisitions/", "coverage/", "ending/"):
        assert client.get(f"/resources/{page}").status_code == 403, page
    sign_in(client, make_user("officer", "duty_officer", region=world.county.county))
    assert client.get("/resources/stores/A/").status_code == 200
    assert client.get("/resources/stores/A/new/issue/").status_code == 403
