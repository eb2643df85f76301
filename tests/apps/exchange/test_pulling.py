"""Data fetched over HTTP: the key, the numbers, what is kept no longer, and the line that says who had what."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from exchange_world import FIELDS, Mirror, agreement, site, visible
from small_county import NOW, make_user, sign_in

from anlan.apps.exchange import feed
from anlan.apps.exchange.models import Message, Subscription, Taken
from anlan.apps.exchange.services import delivery, subscriptions
from anlan.apps.sites.declarations import ENTERPRISES
from anlan.formats import jws
from anlan.kernel.audit.models import Entry
from anlan.kernel.people.rights import NotAllowed
from anlan.kernel.people.services import give_role
from anlan.kernel.registers import services as registers

pytestmark = pytest.mark.django_db
DOOR = "/api/v1/exchange/"


@pytest.fixture
def row_and_key(world, monkeypatch):
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)
    return subscriptions.subscribe(agreement(world), actor=world.keeper, now=NOW)


@pytest.fixture
def ask(client, row_and_key):
    row, key = row_and_key

    def asked(path="messages", *, key=key, code=row.code, body=None, **params):
        headers = {"Authorization": f"Bearer {code}:{key}"}
        if body is None and path in ("", "messages"):
            return client.get(DOOR + path, params, headers=headers)
        return client.post(DOOR + path, body, content_type="application/json", headers=headers)

    return asked


def lines(answer):
    assert answer.status_code == 200, answer.content
    return answer.content.decode().split()


def test_a_subscriber_fetches_acknowledges_and_is_up_to_date(world, ask, row_and_key):
    site(world, "一号")
    mirror = Mirror()
    mirror.take(lines(ask(after=0)))
    assert ask("ack", body={"seq": mirror.seq}).json() == {"acked": mirror.seq}
    site(world, "二号")
    mirror.take(lines(ask()))  # without a number: what is not acknowledged
    assert mirror.tables["enterprise"] == visible(ENTERPRISES, world.county.path, FIELDS)
    assert lines(ask(after=mirror.seq)) == []
    known = ask("").json()
    assert (known["last"], known["acked"], known["first"]) == (mirror.seq, mirror.seq - 1, 1)


def test_what_is_not_acknowledged_comes_again_letter_for_letter(world, ask):
    site(world)
    first = lines(ask(after=0))
    assert lines(ask(after=0)) == first
    assert lines(ask(after=1)) == first[1:]
    assert lines(ask(after=0, limit=1)) == first[:1]


def test_a_subscriber_killed_at_any_moment_has_every_row_once(world, ask, row_and_key, monkeypatch):
    monkeypatch.setattr(feed, "PAGE", 1)
    mirror = Mirror()
    for n in range(12):
        site(world, f"企业{n}")
        got = lines(ask(after=mirror.seq, limit=3))
        mirror.take(got[: n % 4])  # it died after so many, some of them before it could say so
        if n % 3:
            ask("ack", body={"seq": mirror.seq})
        mirror.take(got[: n % 2])  # and went over some of them twice
    while got := lines(ask(after=mirror.seq)):
        mirror.take(got)
    assert mirror.tables["enterprise"] == visible(ENTERPRISES, world.county.path, FIELDS)


def test_the_wrong_key_an_unknown_name_and_a_former_key_open_nothing(world, ask, row_and_key, client):
    row, key = row_and_key
    assert ask(key=key + "x").status_code == 401
    assert ask(code="EXC-9999").status_code == 401
    assert ask(key="").status_code == 401
    assert client.get(DOOR + "messages").status_code == 401
    assert client.get(DOOR + "messages", headers={"Authorization": "Basic x"}).status_code == 401
    fresh = subscriptions.new_key(row, actor=world.keeper, now=NOW)
    assert ask(key=key).status_code == 401  # at once, far within the 5 s of S2
    assert ask(key=fresh).status_code == 200
    subscriptions.end(row, actor=world.keeper, now=NOW)
    assert ask(key=fresh).status_code == 401
    assert not Subscription.records.filter(key_hash__in=[key, fresh]).exists()
    assert key not in json.dumps(list(Entry.objects.values("before", "after", "note")))


def test_a_paused_or_expired_subscription_gives_nothing(world, ask, row_and_key, monkeypatch):
    row, _key = row_and_key
    subscriptions.pause(row, actor=world.keeper, now=NOW)
    assert (ask().status_code, ask().json()["error"]["code"]) == (403, "paused")
    subscriptions.resume(row, actor=world.keeper, now=NOW)
    assert ask().status_code == 200
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW + timedelta(days=366))
    assert (ask().status_code, ask().json()["error"]["code"]) == (403, "expired")


def test_messages_that_are_kept_no_longer_are_refused_with_the_way_on(world, ask):
    site(world)
    mirror = Mirror()
    mirror.take(lines(ask(after=0)))
    ask("ack", body={"seq": mirror.seq})
    assert delivery.forget(now=NOW + timedelta(days=29)) == 0
    assert delivery.forget(now=NOW + timedelta(days=31)) == mirror.seq
    gone = ask(after=0)
    assert (gone.status_code, gone.json()["error"]["code"], gone.json()["first"]) == (410, "gone", mirror.seq + 1)
    assert lines(ask(after=mirror.seq)) == []
    ask("restart")
    again = Mirror()
    again.take(lines(ask(after=mirror.seq)))
    assert again.said[0]["kind"] == "begin"
    assert again.tables["enterprise"] == visible(ENTERPRISES, world.county.path, FIELDS)


def test_what_nobody_fetched_for_as_long_begins_anew(world, ask, row_and_key):
    row, _key = row_and_key
    site(world)
    ask(after=0)
    delivery.forget(now=NOW + timedelta(days=31))
    row.refresh_from_db()
    assert row.begins
    assert not Message.objects.filter(subscription=row).exists()
    assert json.loads(jws.read(lines(ask(after=2))[0].split(".")[1]))["kind"] == "begin"


@pytest.mark.parametrize("after", ["-1", "x", "1.5", "9" * 19, "", "１", "0x1"])
def test_a_number_that_is_none_is_refused(ask, after):
    assert ask(after=after).status_code == 422


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b'{"seq":"1"}', b'{"seq":true}', b'{"seq":-1}', b'{"seq":1e9}', b'{"seq":99999999999999999999}',
     b"[" * 1000, b"\xff", b'{"seq":null}', b'{"seq":1.5}', b"NaN", b'{"seq":5}'],
)  # fmt: skip
def test_an_acknowledgement_that_cannot_be_meant_is_refused(ask, body, row_and_key):
    answer = ask("ack", body=body)
    assert answer.status_code == 422, answer.content
    row_and_key[0].refresh_from_db()
    assert row_and_key[0].acked_seq == 0


def test_an_acknowledgement_never_goes_back(world, ask, row_and_key):
    site(world)
    ask(after=0)
    assert ask("ack", body={"seq": 2}).json() == {"acked": 2}
    assert ask("ack", body={"seq": 1}).json() == {"acked": 2}


def test_S5_every_handing_over_leaves_who_had_what_and_an_audit_row(world, ask, row_and_key):
    row, _key = row_and_key
    site(world, "一号")
    ask(after=0)
    ask(after=0)
    ask(after=2)  # nothing new: nothing left
    first, second = Taken.objects.order_by("id")
    assert (first.seq_from, first.seq_to, first.rows, first.registers) == (1, 2, 1, {"enterprise": 1})
    assert (first.origin, first.personal, first.outcome) == ("127.0.0.1", False, "given")
    assert second.seq_to == 2
    entries = Entry.objects.filter(verb="exchange.take", ref=f"subscription:{row.pk}")
    assert entries.count() == 2
    assert entries[0].after["rows"] == {"enterprise": 1}


def test_the_public_key_is_there_for_everyone(client, db):
    (known,) = client.get(DOOR + "keys").json()["keys"]
    pem = client.get(DOOR + "keys?as=pem").content.decode()
    assert jws.thumbprint(jws.key_of(pem)) == known["kid"] == jws.thumbprint(jws.key_of(known["x"]))


def test_no_session_and_no_right_of_a_person_opens_the_door(world, client, row_and_key):
    sign_in(client, world.keeper)
    assert client.get(DOOR + "messages").status_code == 401
    assert client.get(DOOR).status_code == 401


def test_methods_that_are_not_meant_are_refused(ask, client, row_and_key):
    row, key = row_and_key
    headers = {"Authorization": f"Bearer {row.code}:{key}"}
    assert client.post(DOOR + "messages", headers=headers).status_code == 405
    assert client.get(DOOR + "ack", headers=headers).status_code == 405
    assert client.get(DOOR + "receive").status_code == 405


def test_personal_fields_leave_only_once_a_second_person_approved_exactly_them(world):
    site(world, keeper_phone="19000004855")
    wanted = {"fields": {"enterprise": (*FIELDS, "keeper_phone")}}

    def rows(row):
        mirror = Mirror()
        mirror.take(delivery.fetch(row, after=row.last_seq, most=20, origin="x", now=NOW))
        return [record for said in mirror.said for record in said.get("rows", ())]

    # Named, but without a reason: they stay here.
    plain, _key = subscriptions.subscribe(agreement(world, **wanted), actor=world.keeper, now=NOW)
    assert "keeper_phone" not in rows(plain)[0]["record"]
    # With a reason it waits, and gives nothing at all.
    row, key = subscriptions.subscribe(
        agreement(world, **wanted, personal_reason="应急联络"), actor=world.keeper, now=NOW
    )
    assert row.state == "waiting"
    assert delivery.subscriber(f"Bearer {row.code}:{key}", NOW)[1] == "state"
    assert rows(row) == []
    with pytest.raises(subscriptions.Refused, match=r"第二|second person"):
        subscriptions.approve(row, actor=both(world, row), now=NOW)
    row = subscriptions.approve(row, actor=world.leader, now=NOW)
    assert rows(row)[0]["record"]["keeper_phone"] == "19000004855"
    assert Taken.objects.filter(subscription=row, personal=True).exists()
    # Taken back: not even the messages that are made already.
    row = subscriptions.withdraw(row, reason="用途结束", actor=world.leader, now=NOW)
    assert rows(row) == []
    with pytest.raises(delivery.NotHad):
        delivery.fetch(row, after=0, most=20, origin="x", now=NOW)


def both(world, row):
    """Whoever asked for it, with the right to approve too."""
    give_role(user=row.by, role="leader", region=world.county, actor=world.hand, now=NOW)
    return row.by


def test_an_approval_is_void_once_anything_it_was_about_changes(world):
    site(world, keeper_phone="19000004855")
    fields = {"enterprise": (*FIELDS, "keeper_phone")}
    agreed = agreement(world, fields=fields, personal_reason="应急联络")
    row, _key = subscriptions.subscribe(agreed, actor=world.keeper, now=NOW)
    row = subscriptions.approve(row, actor=world.leader, now=NOW)
    for change in ({"valid_until": agreed.valid_until + timedelta(days=1)}, {"personal_reason": "别的用途"}):
        other = agreement(world, **{"fields": fields, "personal_reason": "应急联络", **change})
        row = subscriptions.change_subscription(row, other, actor=world.keeper, now=NOW)
        assert row.state == "waiting"
        assert not feed.may_send_personal(row)
        row = subscriptions.approve(row, actor=world.leader, now=NOW)
    # Behind the verbs' back it does not hold either.
    row.allowed.update(fields=["code", "name", "keeper_phone", "remark"])
    assert feed.may_send_personal(row)
    Subscription.records.filter(pk=row.pk).update(region=world.danya)
    assert not feed.may_send_personal(Subscription.records.get(pk=row.pk))


def test_a_smaller_change_of_an_agreement_goes_on_where_it_was(world):
    site(world)
    row, _key = subscriptions.subscribe(agreement(world), actor=world.keeper, now=NOW)
    mirror = Mirror()
    mirror.take(delivery.fetch(row, after=0, most=20, origin="x", now=NOW))
    row = subscriptions.change_subscription(row, agreement(world, purpose="另一种说法"), actor=world.keeper, now=NOW)
    assert not row.begins
    more = agreement(world, fields={"enterprise": (*FIELDS, "remark")})
    row = subscriptions.change_subscription(row, more, actor=world.keeper, now=NOW)
    assert row.begins
    mirror.take(delivery.fetch(row, after=mirror.seq, most=20, origin="x", now=NOW))
    assert "remark" in next(iter(mirror.tables["enterprise"].values()))


@pytest.mark.parametrize(
    "change",
    [
        {"name": " "},
        {"purpose": ""},
        {"fields": {}},
        {"fields": {"nothing": ("name",)}},
        {"fields": {"enterprise": ("password",)}},
        {"mode": "fax"},
        {"mode": "push"},
        {"valid_until": NOW.date() - timedelta(days=2)},
        {"valid_until": NOW.date() + timedelta(days=4000)},
    ],
)
def test_an_agreement_that_cannot_be_is_refused(world, change):
    with pytest.raises(subscriptions.Refused):
        subscriptions.subscribe(agreement(world, **change), actor=world.keeper, now=NOW)
    assert not Subscription.records.exists()


def test_who_may_not_agree_may_not(world):
    neighbour = make_user("neighbour", "record_keeper", region=world.danya)
    for actor in (world.leader, world.admin, neighbour):
        with pytest.raises(NotAllowed):
            subscriptions.subscribe(agreement(world), actor=actor, now=NOW)
    row, _key = subscriptions.subscribe(agreement(world, region=world.danya), actor=neighbour, now=NOW)
    with pytest.raises(NotAllowed):
        subscriptions.change_subscription(row, agreement(world), actor=neighbour, now=NOW)
    with pytest.raises(NotAllowed):
        subscriptions.approve(row, actor=world.keeper, now=NOW)


def test_huge_registers_are_handed_over_page_by_page_in_bounded_answers(world, ask, row_and_key):
    batch = registers.start_batch(ENTERPRISES, title="普查", actor=world.hand, now=NOW)
    new = [{"name": f"企业{n}", "kind": "mine", "region": world.shatou} for n in range(1_234)]
    registers.stage(batch, new=new, actor=world.hand, now=NOW)
    registers.publish(batch, actor=world.hand, now=NOW)
    mirror = Mirror()
    answers = 0
    while got := lines(ask(after=mirror.seq, limit=4)):
        assert len(got) <= 4
        mirror.take(got)
        ask("ack", body={"seq": mirror.seq})
        answers += 1
    assert len(mirror.tables["enterprise"]) == 1_234
    assert answers == 2  # the beginning and 7 pages
