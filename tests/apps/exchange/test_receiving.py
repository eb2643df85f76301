"""Data of another installation: the door believes nobody, a gap is seen, and a person decides what contradicts ours.

The sender is this installation itself, so that the lines are real ones; what it "sends" is then changed here.
"""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.db import connection
from exchange_world import FIELDS, lines_of, site, subscribed
from hypothesis import given, settings
from hypothesis import strategies as st
from small_county import NOW

from anlan.apps.exchange import keys
from anlan.apps.exchange.jobs import take_in
from anlan.apps.exchange.models import Arrival, Received, Source, Standing, Trouble
from anlan.apps.exchange.services import receiving, subscriptions, taking
from anlan.apps.exchange.services.addresses import Refused
from anlan.apps.sites.declarations import ENTERPRISES
from anlan.apps.sites.models import Enterprise
from anlan.formats import jws
from anlan.kernel.audit.models import Entry
from anlan.kernel.jobs.models import Job
from anlan.kernel.notices.models import Notice
from anlan.kernel.people.rights import NotAllowed
from anlan.kernel.registers import services as registers

pytestmark = pytest.mark.django_db
DOOR = "/api/v1/exchange/receive"


@pytest.fixture
def row(world):
    for n in range(3):
        site(world, f"企业{n}", code=f"OUT-{n}", keeper_phone=f"1900000485{n}")
    return subscribed(world)


@pytest.fixture
def source(world, row):
    return known(world, row)


def known(world, row, **more):
    text = jws.written(jws.public_bytes(keys.public_key()))
    return receiving.add_source(
        name="市应急管理局", sub=row.code, public_key=text, actor=world.keeper, now=NOW, **more
    )  # fmt: skip


def signed(said, key=None):
    """A line of our own making, in the name of the sender."""
    key = key or keys.private_key()
    header = jws.header_of(key.public_key(), keys.KIND)
    payload = json.dumps(said).encode()
    return jws.joined(header, payload, jws.signature_of(header, payload, key))


def post(client, body):
    return client.post(DOOR, body, content_type="application/x-ndjson")


def forget_ours():
    """Our own register is emptied behind its back, so that what arrives is new to it."""
    Enterprise.records.all().delete()


def test_lines_are_verified_kept_and_answered_with_how_far_one_is(client, row, source):
    lines = lines_of(row)
    answer = post(client, "\n".join(lines))
    assert answer.json() == {"acked": 2, "new": 2, "repeated": 0}
    source.refresh_from_db()
    assert (source.last_seq, source.last_digest) == (2, jws.digest(lines[-1]))
    assert source.schema["enterprise"]["fields"]["name"]["label"]
    assert Received.objects.count() == 3


def test_a_message_that_comes_again_counts_once(client, row, source):
    lines = lines_of(row)
    post(client, "\n".join(lines))
    again = post(client, "\n".join([*lines, *lines]))
    assert again.json() == {"acked": 2, "new": 0, "repeated": 4}
    assert Received.objects.count() == 3
    source.refresh_from_db()
    assert source.repeated == 4


def test_an_old_message_brings_no_old_state_back(client, world, row, source):
    lines = lines_of(row)
    post(client, "\n".join(lines))
    registers.change(ENTERPRISES, Enterprise.records.get(code="OUT-0"), {"name": "改名"}, actor=world.hand, now=NOW)
    post(client, lines_of(row, 2)[0])
    post(client, lines[1])
    assert Received.objects.get(code="OUT-0").name == "改名"


def test_any_changed_byte_is_refused_and_nothing_is_kept(client, row, source):
    line = lines_of(row)[0]
    for at in [*range(0, len(line), 29), *range(len(line) - 12, len(line))]:
        other = "A" if line[at] != "A" else "B"
        answer = post(client, line[:at] + other + line[at + 1 :])
        assert answer.status_code in (401, 422), at
    source.refresh_from_db()
    assert (source.last_seq, source.schema) == (0, {})


def test_a_stranger_a_closed_source_and_a_foreign_code_are_refused(client, world, row, source):
    line = lines_of(row)[0]
    stranger = Ed25519PrivateKey.generate()
    assert post(client, signed({"v": 1, "sub": row.code, "seq": 1, "kind": "begin"}, stranger)).status_code == 401
    assert post(client, signed({"v": 1, "sub": "EXC-7777", "seq": 1, "kind": "begin"})).status_code == 401
    receiving.change_source(source, name="市局", automatic=False, enabled=False, actor=world.keeper, now=NOW)
    assert post(client, line).status_code == 401
    receiving.change_source(source, name="市局", automatic=False, enabled=True, actor=world.keeper, now=NOW)
    assert post(client, line).status_code == 200


def test_a_missing_number_is_seen_asked_for_and_closed_when_it_comes(client, world, row, source):
    lines = lines_of(row)
    for n in range(3):
        site(world, f"后来{n}", code=f"LATE-{n}")
        lines += lines_of(row, len(lines))
    post(client, lines[0])
    answer = post(client, "\n".join(lines[2:]))
    assert answer.status_code == 409
    assert (answer.json()["acked"], answer.json()["error"]["code"]) == (1, "gap")
    assert Received.objects.count() == 0
    gap = Trouble.objects.get()
    assert (gap.kind, gap.seq_from, gap.seq_to, gap.closed_at) == ("missing", 2, 2, None)
    assert gap.asked_at is not None
    post(client, lines[4])
    assert Trouble.objects.get().seq_to == 4
    assert Notice.objects.filter(to=world.keeper).count() == 1
    assert post(client, "\n".join(lines[1:])).json()["acked"] == 5
    assert Trouble.objects.get().closed_at is not None
    assert Received.objects.count() == 6


def test_a_message_that_names_another_one_before_it_breaks_the_chain(client, row, source):
    lines = lines_of(row)
    post(client, lines[0])
    forged = signed(
        {"v": 1, "sub": row.code, "seq": 2, "prev": "0" * 64, "kind": "changes", "register": "enterprise", "rows": []}
    )
    answer = post(client, forged)
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "chain")
    assert Trouble.objects.get().kind == "broken"
    assert post(client, lines[1]).status_code == 200
    assert Trouble.objects.get().closed_at is not None


def test_a_new_beginning_needs_nothing_before_it_and_what_it_does_not_name_is_gone(client, world, row, source):
    post(client, "\n".join(lines_of(row)))
    registers.remove(ENTERPRISES, Enterprise.records.get(code="OUT-1"), reason="关停", actor=world.hand, now=NOW)
    lines_of(row, 2)  # made and lost
    subscriptions.begin_again(row, actor=world.keeper, now=NOW)
    row.refresh_from_db()
    assert post(client, "\n".join(lines_of(row, row.first_seq - 1))).status_code == 200
    assert set(Received.objects.filter(gone=True).values_list("code", flat=True)) == {"OUT-1"}


BAD = [
    {}, {"v": 2}, {"v": 1, "seq": 1}, {"v": 1, "seq": True}, {"v": 1, "seq": 0}, {"v": 1, "seq": 2**63}, [], "x", None,
    {"v": 1, "seq": 1, "kind": "begin", "registers": []},
    {"v": 1, "seq": 1, "kind": "drop"},
    {"v": 1, "seq": 1, "kind": "changes", "register": "enterprise", "rows": [{"id": "1", "code": "x", "record": {}}]},
    {"v": 1, "seq": 1, "kind": "changes", "register": "enterprise", "rows": [{"id": 1, "code": "x" * 81, "record": {}}]},  # noqa: E501
    {"v": 1, "seq": 1, "kind": "changes", "register": "enterprise", "rows": [{"id": 1, "code": "x\u0000", "record": {}}]},  # noqa: E501
    {"v": 1, "seq": 1, "kind": "changes", "register": "enterprise", "rows": [{"id": 1, "code": "x"}]},
    {"v": 1, "seq": 1, "kind": "changes", "register": "x" * 41, "rows": []},
    {"v": 1, "seq": 1, "kind": "changes", "register": "enterprise", "rows": {"id": 1}},
    {"v": 1, "seq": 1, "kind": "changes", "register": "enterprise", "rows": [{"id": -1, "code": "x", "gone": True}]},
]  # fmt: skip


@pytest.mark.parametrize("said", BAD)
def test_signed_nonsense_is_refused_and_nothing_is_kept(client, row, source, said):
    if isinstance(said, dict):
        said = {"sub": row.code, "prev": "", **said}
    answer = post(client, signed(said))
    assert 400 <= answer.status_code < 500, answer.content
    source.refresh_from_db()
    assert (source.last_seq, Received.objects.count()) == (0, 0)


@pytest.mark.parametrize(
    "body",
    ["", " ", "a.b.c", "\u00e9", "x" * 9_000_000, "\n".join(["a.b.c"] * 201), "[" * 100_000, "a" * 5_000_000],
)
def test_a_body_that_is_no_list_of_lines_is_refused(client, source, body):
    assert 400 <= post(client, body).status_code < 500


def test_packed_lines_are_refused(client, source):
    answer = client.post(DOOR, b"x", content_type="application/x-ndjson", headers={"Content-Encoding": "gzip"})
    assert answer.status_code == 415


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=200))
def test_text_that_is_no_line_is_never_taken(text):
    with pytest.raises(jws.BadLine):
        jws.opened(text, {}, keys.KIND)


def test_strange_values_of_a_record_are_kept_and_shown_and_break_nothing(client, world, row, source):
    begin = {
        "v": 1,
        "sub": row.code,
        "seq": 1,
        "prev": "",
        "kind": "begin",
        "registers": {"enterprise": "?", "ufo": {}},
    }
    line = signed(begin)
    post(client, line)
    strange = [None, {}, [], True, 1e308, "x\u0000y", "长" * 5000, {"a": [1]}, -1]
    rows = [
        {"id": n + 1, "code": f"Q-{n}", "record": dict.fromkeys((*FIELDS, "keeper_phone", "nothing"), value)}
        for n, value in enumerate(strange)
    ]
    more = {"v": 1, "sub": row.code, "seq": 2, "prev": jws.digest(line), "kind": "changes"}
    second = signed({**more, "register": "enterprise", "rows": rows})
    assert post(client, second).status_code == 200
    third = {**more, "seq": 3, "prev": jws.digest(second), "register": "ufo", "rows": rows[:1]}
    assert post(client, signed(third)).status_code == 200
    for one in Received.objects.filter(register="enterprise"):
        taking.compared(one, ENTERPRISES, None)
        with pytest.raises((registers.Refused, Refused)):
            taking.take(one, actor=world.hand, now=NOW)
    assert Received.objects.get(register="ufo").standing == Standing.FOREIGN


def test_personal_values_are_kept_sealed(client, world, row, source):
    agreed = {"name": "x", "fields": {"enterprise": ("name", "keeper_phone")}}
    personal = subscribed(world, **agreed, personal_reason="联络")
    subscriptions.approve(personal, actor=world.leader, now=NOW)
    receiving.add_source(
        name="市局联络", sub=personal.code, public_key=source.public_key, actor=world.keeper, now=NOW
    )  # fmt: skip
    assert post(client, "\n".join(lines_of(personal))).status_code == 200
    with connection.cursor() as cursor:
        cursor.execute("select * from exchange_received")
        assert "19000004850" not in str(cursor.fetchall())
    one = Received.objects.get(code="OUT-0", source__name="市局联络")
    (phone,) = [side for side in taking.compared(one, ENTERPRISES, None) if side.name == "keeper_phone"]
    assert phone.theirs == "190****4850"


# --- taking over ------------------------------------------------------------------------------------------------------
def test_new_records_are_taken_over_with_their_code_and_later_changes_follow(client, world, row, source):
    lines = lines_of(row)
    forget_ours()
    post(client, "\n".join(lines))
    one = Received.objects.get(code="OUT-0")
    assert one.standing == Standing.NEW
    mine = taking.take(one, actor=world.keeper, now=NOW)
    assert (mine.code, mine.name, mine.kind) == ("OUT-0", "企业0", "chemical")
    assert Received.objects.get(code="OUT-0").standing == Standing.SAME
    assert Entry.objects.filter(verb="exchange.take_in").count() == 1
    receive_change(client, source, one.remote, "OUT-0", {**said(one), "address": "新址 1 号"})
    one.refresh_from_db()
    assert one.standing == Standing.UPDATE
    taking.take(one, actor=world.keeper, now=NOW)
    assert Enterprise.records.get(code="OUT-0").address == "新址 1 号"


def said(one):
    return taking.said_of(Received.objects.get(pk=one.pk))


def receive_change(client, source, remote, code, record, **more):
    source.refresh_from_db()
    content = {"gone": True} if more.get("gone") else {"record": record}
    line = signed(
        {"v": 1, "sub": source.sub, "seq": source.last_seq + 1, "prev": source.last_digest, "kind": "changes",
         "register": "enterprise", "rows": [{"n": 99, "act": "change", "id": remote, "code": code, **content}]}
    )  # fmt: skip
    answer = post(client, line)
    assert answer.status_code == 200, answer.content


def test_a_field_changed_on_both_sides_waits_for_a_person_who_sees_both(client, world, row, source):
    lines = lines_of(row)
    forget_ours()
    post(client, "\n".join(lines))
    one = Received.objects.get(code="OUT-0")
    mine = taking.take(one, actor=world.keeper, now=NOW)
    registers.change(ENTERPRISES, mine, {"address": "我们的地址", "keeper": "窦长微"}, actor=world.keeper, now=NOW)
    receive_change(client, source, one.remote, "OUT-0", {**said(one), "address": "他们的地址", "risk": 1})
    one.refresh_from_db()
    assert one.standing == Standing.CONFLICT
    sides = {side.name: side for side in taking.compared(one, ENTERPRISES, Enterprise.records.get(code="OUT-0"))}
    assert (sides["address"].ours, sides["address"].theirs, sides["address"].conflict) == (
        "我们的地址",
        "他们的地址",
        True,
    )
    assert (sides["risk"].news, sides["risk"].conflict) == (True, False)
    assert not sides["keeper"].news  # only we changed it: ours stays without being asked about
    taking.take(one, chosen=["risk"], actor=world.keeper, now=NOW)
    mine.refresh_from_db()
    assert (mine.address, mine.risk, mine.keeper) == ("我们的地址", 1, "窦长微")
    # Decided once: the same values there raise no conflict again, another change does.
    receive_change(client, source, one.remote, "OUT-0", said(one))
    one.refresh_from_db()
    assert one.standing == Standing.SAME
    receive_change(client, source, one.remote, "OUT-0", {**said(one), "address": "第三个地址"})
    one.refresh_from_db()
    assert one.standing == Standing.CONFLICT


def test_a_record_that_we_have_under_another_code_is_called_a_likely_double(client, world, row, source):
    lines = lines_of(row)
    forget_ours()
    mine = site(world, "企业0", code="OURS-1")
    post(client, "\n".join(lines))
    one = Received.objects.get(code="OUT-0")
    assert one.standing == Standing.DOUBLE
    assert [row.pk for row in taking.candidates(one, ENTERPRISES)][:1] == [mine.pk]
    taking.take(one, chosen=["address"], into=mine, actor=world.keeper, now=NOW)
    assert Enterprise.present.filter(name="企业0").count() == 1
    one.refresh_from_db()
    assert (one.record, one.standing) == (mine.pk, Standing.SAME)
    receive_change(client, source, one.remote, "OUT-0", {**said(one), "risk": 2})
    assert Received.objects.get(pk=one.pk).record == mine.pk


def test_gone_there_is_proposed_here_and_never_done_by_itself(client, world, row):
    source = known(world, row, automatic=True)
    lines = lines_of(row)
    forget_ours()
    post(client, "\n".join(lines))
    take_in(now=NOW, source=source.pk)
    one = Received.objects.get(code="OUT-0")
    receive_change(client, source, one.remote, "OUT-0", {}, gone=True)
    take_in(now=NOW, source=source.pk)
    one.refresh_from_db()
    assert one.standing == Standing.GONE
    assert Enterprise.present.filter(code="OUT-0").exists()
    taking.take(one, actor=world.keeper, now=NOW)
    assert not Enterprise.present.filter(code="OUT-0").exists()


def test_what_contradicts_nothing_goes_in_by_itself_where_that_was_agreed(client, world, row):
    source = known(world, row, automatic=True)
    lines = lines_of(row)
    forget_ours()
    site(world, "别的", code="OUT-1", address="我们写的")
    post(client, "\n".join(lines))
    assert Job.objects.get(name="exchange.take_in").args == {"source": source.pk}
    take_in(now=NOW, source=source.pk)
    assert set(Enterprise.present.values_list("code", flat=True)) == {"OUT-0", "OUT-1", "OUT-2"}
    assert Enterprise.records.get(code="OUT-1").name == "别的"
    assert Received.objects.get(code="OUT-1").standing == Standing.CONFLICT
    assert Enterprise.records.get(code="OUT-0").changed_by.is_system
    take_in(now=NOW, source=source.pk)
    assert Enterprise.present.count() == 3


def test_left_aside_it_comes_back_when_it_changes_there(client, world, row, source):
    lines = lines_of(row)
    forget_ours()
    post(client, "\n".join(lines))
    one = Received.objects.get(code="OUT-0")
    with pytest.raises(Refused):
        taking.leave(one, reason=" ", actor=world.keeper, now=NOW)
    taking.leave(one, reason="不属于我县", actor=world.keeper, now=NOW)
    receive_change(client, source, one.remote, "OUT-0", {**said(one), "risk": 3})
    assert Received.objects.get(pk=one.pk).standing == Standing.NEW


def test_who_may_not_take_in_may_not(client, world, row, source):
    lines = lines_of(row)
    forget_ours()
    post(client, "\n".join(lines))
    one = Received.objects.first()
    for act in (
        lambda: taking.take(one, actor=world.leader, now=NOW),
        lambda: taking.leave(one, reason="不要", actor=world.leader, now=NOW),
        lambda: receiving.change_source(source, name="x", automatic=True, enabled=True, actor=world.leader, now=NOW),
        lambda: known(world, row),
    ):
        with pytest.raises((NotAllowed, Refused)):
            act()
    assert not Enterprise.present.exists()


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": ""}, {"sub": ""}, {"sub": "a b"}, {"sub": "x" * 41}, {"public_key": "abc"}, {"public_key": ""},
        {"door": "nats"}, {"door": "nats", "subject": "anlan.exchange.>"}, {"subject": "anlan.exchange.city"},
        {"door": "fax"}, {"public_key": "-----BEGIN PUBLIC KEY-----\nMCow\n-----END PUBLIC KEY-----"},
    ],
)  # fmt: skip
def test_a_source_that_cannot_be_is_refused(world, wrong):
    good = {"name": "市局", "sub": "EXC-0001", "public_key": jws.written(jws.public_bytes(keys.public_key()))}
    with pytest.raises(Refused):
        receiving.add_source(**{**good, **wrong}, actor=world.keeper, now=NOW)
    assert not Source.objects.exists()


def test_lines_that_a_broker_brought_are_taken_in_and_bad_ones_counted(world, row, source):
    lines = lines_of(row)
    site(world, "后来", code="LATE")
    lines += lines_of(row, 2)
    for line in ("nonsense", lines[0], lines[2], lines[1]):
        Arrival.objects.create(source=source, line=line, digest=jws.digest(line), at=NOW)
    assert receiving.take_arrivals(now=NOW + timedelta(seconds=5)) == 4
    assert not Arrival.objects.exists()
    source.refresh_from_db()
    # The third came too early: it is dropped, and asked for again.
    assert (source.last_seq, source.refused) == (2, 2)
    assert Trouble.objects.get().closed_at is not None
