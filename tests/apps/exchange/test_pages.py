"""The pages of the exchange: who may open which, what a form keeps, what is shown once and never again."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from exchange_world import agreement, site
from small_county import NOW, make_user, sign_in

from anlan.apps.exchange import keys
from anlan.apps.exchange.models import Address, Received, Source, Subscription, Trouble
from anlan.apps.exchange.services import addresses, delivery, receiving, subscriptions
from anlan.apps.sites.models import Enterprise
from anlan.formats import jws
from anlan.kernel.audit.models import Entry

pytestmark = pytest.mark.django_db
PAGES = ("", "subscriptions/", "subscriptions/new/", "taken/", "interruptions/", "addresses/", "received/", "sources/")


@pytest.fixture
def filled(world):
    """A subscription with something taken, a source with something received and a gap."""
    site(world, keeper_phone="19000004855")
    row, _key = subscriptions.subscribe(agreement(world), actor=world.keeper, now=NOW)
    lines = delivery.fetch(row, after=0, most=20, origin="10.1.2.3", now=NOW)
    source = receiving.add_source(
        name="市局", sub=row.code, public_key=jws.written(jws.public_bytes(_public())), actor=world.keeper, now=NOW
    )
    Enterprise.records.all().delete()
    receiving.receive(lines, now=NOW)
    Trouble.objects.create(kind="missing", source=source, seq_from=3, seq_to=4, words="gap: x", opened_at=NOW)
    Trouble.objects.create(
        kind="undelivered", subscription=row, seq_from=1, seq_to=1, words="connect: x", opened_at=NOW, closed_at=NOW
    )
    return row


def _public():
    return keys.public_key()


def form(**more):
    until = timezone.localdate() + timedelta(days=30)
    return {
        "name": "县民政局", "purpose": "救助", "region": "990123", "mode": "pull", "valid_until": until.isoformat(),
        "fields.enterprise": ["name", "region"], **more,
    }  # fmt: skip


def test_every_page_opens_for_the_record_keeper_empty_and_filled(world, client, request):
    sign_in(client, world.keeper)
    for page in PAGES:
        assert client.get(f"/exchange/{page}").status_code == 200, page
    row = request.getfixturevalue("filled")
    one = Received.objects.get()
    source = Source.objects.get()
    more = (
        f"subscriptions/{row.code}/",
        f"subscriptions/{row.code}/edit/",
        f"received/{one.pk}/",
        f"sources/{source.pk}/",
    )
    for page in (*PAGES, *more):
        assert client.get(f"/exchange/{page}").status_code == 200, page
    assert "缺号" in client.get("/exchange/interruptions/").content.decode()


def test_S1_who_holds_nothing_opens_nothing(world, filled, client):
    nobody = make_user("nobody")
    sign_in(client, nobody)
    one, source = Received.objects.get(), Source.objects.get()
    posts = (
        *(f"subscriptions/{filled.code}/{act}/" for act in ("do/end", "key", "withdraw")),
        *(f"received/{one.pk}/{act}/" for act in ("take", "leave")),
        *(f"registers/site/{act}/" for act in ("measure", "confirm", "describe")),
        f"sources/{source.pk}/change/",
        "addresses/1/end/",
    )
    for page in (*PAGES, f"subscriptions/{filled.code}/", f"received/{one.pk}/", f"sources/{source.pk}/"):
        assert client.get(f"/exchange/{page}").status_code == 403, page
    for page in posts:
        assert client.post(f"/exchange/{page}").status_code == 403, page
    client.logout()
    assert client.get("/exchange/").status_code == 302


def test_who_only_looks_changes_nothing(world, filled, client):
    sign_in(client, world.leader)
    assert client.get(f"/exchange/subscriptions/{filled.code}/").status_code == 200
    for act in ("pause", "end", "again"):
        assert client.post(f"/exchange/subscriptions/{filled.code}/do/{act}/").status_code == 403
    assert client.post(f"/exchange/subscriptions/{filled.code}/key/").status_code == 403
    assert client.get("/exchange/subscriptions/new/").status_code == 403
    filled.refresh_from_db()
    assert filled.state == "active"


def test_a_subscription_of_another_region_looks_like_none(world, filled, client):
    neighbour = make_user("neighbour", "record_keeper", region=world.danya)
    sign_in(client, neighbour)
    assert filled.name not in client.get("/exchange/subscriptions/").content.decode()
    assert client.get(f"/exchange/subscriptions/{filled.code}/").status_code == 404
    assert filled.code not in client.get("/exchange/taken/").content.decode()
    assert client.get("/exchange/taken/?as=csv").content.decode().count("\n") == 1


def test_S7_a_key_is_shown_once_and_kept_nowhere(world, client):
    sign_in(client, world.keeper)
    answer = client.post("/exchange/subscriptions/new/", form())
    assert answer.status_code == 200
    assert "no-store" in answer["Cache-Control"]
    row = Subscription.records.get()
    content = answer.content.decode()
    key = content.split(f"Bearer {row.code}:")[1].split("<")[0]
    assert delivery.subscriber(f"Bearer {row.code}:{key}", timezone.now()) == (row, "")
    for page in (f"/exchange/subscriptions/{row.code}/", "/exchange/subscriptions/", "/exchange/taken/"):
        assert key not in client.get(page).content.decode()
    assert key not in str(list(Subscription.records.values())) + str(list(Entry.objects.values()))


def test_a_form_that_lacks_something_says_what_and_keeps_what_was_typed(world, client):
    sign_in(client, world.keeper)
    for wrong in (
        {"name": ""}, {"purpose": ""}, {"fields.enterprise": []}, {"fields.enterprise": ["password"]},
        {"valid_until": "gestern"},
        {"mode": "push"}, {"region": "999999"}, {"valid_until": "2020-01-01"},
    ):  # fmt: skip
        answer = client.post("/exchange/subscriptions/new/", form(**wrong))
        assert answer.status_code == 422, wrong
        if wrong != {"name": ""}:
            assert "县民政局" in answer.content.decode()
    assert not Subscription.records.exists()


def test_personal_fields_wait_for_the_leader_who_approves_on_the_page(world, client):
    sign_in(client, world.keeper)
    client.post(
        "/exchange/subscriptions/new/",
        form(**{"fields.enterprise": ["name", "keeper_phone"], "personal_reason": "联络"}),
    )
    row = Subscription.records.get()
    assert row.state == "waiting"
    address = f"/exchange/subscriptions/{row.code}/"
    client.post(address + "do/approve/")
    row.refresh_from_db()
    assert row.state == "waiting"
    sign_in(client, world.leader)
    assert "do/approve/" in client.get(address).content.decode()
    client.post(address + "do/approve/")
    row.refresh_from_db()
    assert (row.state, row.approved_by) == ("active", world.leader)
    client.post(address + "withdraw/", {"reason": ""})
    row.refresh_from_db()
    assert row.approved_by is not None
    client.post(address + "withdraw/", {"reason": "用途结束"})
    row.refresh_from_db()
    assert (row.state, row.approved_by) == ("waiting", None)


def test_a_subscription_is_changed_paused_resumed_and_ended_on_its_page(world, filled, client):
    sign_in(client, world.keeper)
    address = f"/exchange/subscriptions/{filled.code}/"
    assert client.post(address + "edit/", form(contact_phone="19000007001")).status_code == 302
    assert "19000007001" not in client.get(address + "edit/").content.decode()
    assert "19000007001" not in client.get(address).content.decode()
    assert client.post(address + "edit/", form(name="改了名")).status_code == 302
    acts = (("pause", "paused"), ("resume", "active"), ("resume", "active"), ("end", "ended"), ("end", "ended"))
    for act, state in acts:
        client.post(f"{address}do/{act}/")
        filled.refresh_from_db()
        assert filled.state == state
    assert filled.name == "改了名"
    assert filled.contact_phone == "19000007001"
    assert client.post(address + "edit/", form()).status_code == 422
    assert client.post(address + "do/explode/").status_code == 302


def test_an_address_is_listed_by_the_system_administrator_only(world, client):
    sign_in(client, world.keeper)
    data = {"kind": "http", "place": "https://data.example.org/in", "note": "市局"}
    assert client.post("/exchange/addresses/", data).status_code == 403
    sign_in(client, world.admin)
    assert client.post("/exchange/addresses/", {**data, "place": "ftp://x"}).status_code == 422
    assert client.post("/exchange/addresses/", data).status_code == 302
    assert client.post("/exchange/addresses/", data).status_code == 422
    address = Address.objects.get()
    client.post(f"/exchange/addresses/{address.pk}/end/")
    address.refresh_from_db()
    assert address.ended_at is not None


def test_who_took_what_is_narrowed_and_downloaded(world, filled, client):
    sign_in(client, world.keeper)
    day = timezone.localtime(NOW).date().isoformat()
    for query, there in (
        ("", True), (f"subscription={filled.code}", True), ("subscription=EXC-9", False), ("register=enterprise", True),
        ("personal=1", False), ("personal=0", True), (f"since={day}&until={day}", True), ("since=2031-01-01", False),
        ("since=x&register=nothing&personal=7", True),
    ):  # fmt: skip
        page = client.get(f"/exchange/taken/?{query}")
        assert page.status_code == 200
        assert ("10.1.2.3" in page.content.decode()) is there, query
    sheet = client.get("/exchange/taken/?as=csv").content.decode("utf-8-sig")
    assert "10.1.2.3" in sheet
    assert filled.code in sheet


def test_a_received_record_is_taken_over_on_its_page(world, filled, client):
    sign_in(client, world.keeper)
    one = Received.objects.get()
    assert client.post(f"/exchange/received/{one.pk}/take/").status_code == 302
    assert Enterprise.present.get().name == "沙头化工厂"
    assert client.get(f"/exchange/received/{one.pk}/").status_code == 200
    one.refresh_from_db()
    assert one.standing == "same"
    assert client.post(f"/exchange/received/{one.pk}/take/", {"into": "NOBODY"}).status_code == 404
    assert client.get("/exchange/received/?standing=same&q=沙头&source=x&register=enterprise").status_code == 200


def test_a_source_is_opened_and_closed_on_its_page(world, client):
    sign_in(client, world.keeper)
    key = jws.written(jws.public_bytes(_public()))
    data = {"name": "市局", "sub": "EXC-0001", "public_key": key, "door": "http", "automatic": "on"}
    assert client.post("/exchange/sources/", {**data, "public_key": "nonsense"}).status_code == 422
    assert client.post("/exchange/sources/", data).status_code == 302
    source = Source.objects.get()
    assert source.automatic
    client.post(f"/exchange/sources/{source.pk}/change/", {"name": "市应急局"})
    source.refresh_from_db()
    assert (source.name, source.automatic, source.enabled) == ("市应急局", False, False)


def test_pages_ask_no_more_questions_with_more_rows(world, filled, client, django_assert_max_num_queries):
    sign_in(client, world.keeper)
    for n in range(5):
        subscriptions.subscribe(agreement(world, name=f"单位{n}"), actor=world.keeper, now=NOW)
        addresses.add_address(kind="http", place=f"https://x{n}.example.org/", note="谁", actor=world.admin, now=NOW)
    for page in PAGES:
        client.get(f"/exchange/{page}")
        with django_assert_max_num_queries(32):
            assert client.get(f"/exchange/{page}").status_code == 200


def test_the_keeper_finds_the_pages_below_the_registers_and_the_administrator_on_the_system_desk(world, client):
    site(world)
    sign_in(client, world.keeper)
    assert 'href="/exchange/"' in client.get("/registers/enterprise/").content.decode()
    sign_in(client, world.admin)
    system = client.get("/system/").content.decode()
    assert 'href="/exchange/addresses/"' in system
    assert 'href="/exchange/"' in system
